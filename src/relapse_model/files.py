"""Files: written in one step, so that a crash leaves the old one or the new one; JSON read strictly."""

from __future__ import annotations

import csv
import errno
import json
import os
import re
import secrets
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from relapse_model.errors import ModelFileError, RelapseModelError

if TYPE_CHECKING:
    import pandas as pd


_PLAIN_BYTES = 4 * 2**20  # of JSON; a larger one holds numbers and names, and nothing else


_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet takes for the start of a formula
_ESCAPE = "'"
_ESCAPED_STARTS = frozenset((*_FORMULA, _ESCAPE))
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


def escaped(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula: an apostrophe before it, which `unescaped` takes off.

    Parameters
    ----------
    text : str

    Examples
    --------
    >>> escaped("=1+1"), escaped("-1.5"), escaped("'=x"), escaped("P001")
    ("'=1+1", '-1.5', "''=x", 'P001')
    >>> unescaped(escaped("'=x"))
    "'=x"
    """
    bare = text.lstrip(_ESCAPE)
    return _ESCAPE + text if bare.startswith(_FORMULA) and not _NUMBER.fullmatch(text) else text


def unescaped(text: str) -> str:
    """Return a text as it was before `escaped`.

    Parameters
    ----------
    text : str
    """
    own = text.startswith(_ESCAPE) and text.lstrip(_ESCAPE).startswith(_FORMULA)
    return text[1:] if own else text


def _for_people(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table of results with every text, and every name of a column, escaped."""
    texts = [place for place in range(table.shape[1]) if table.dtypes.iloc[place].kind not in "biufcmM"]
    columns = [escaped(name) if isinstance(name, str) else name for name in table.columns]
    found = table.set_axis(columns, axis=1)
    for place in texts:
        column = table.iloc[:, place]
        if not any(isinstance(value, str) and value[:1] in _ESCAPED_STARTS for value in column):
            continue
        changed = column.map(lambda value: escaped(value) if isinstance(value, str) else value)
        if not changed.equals(column):
            found = found.copy()
            found.isetitem(place, changed.to_numpy())
    return found


def _csv(table: pd.DataFrame) -> str:
    text = table.to_csv(index=False, lineterminator="\n")
    if "\r" not in text:
        return text
    # Before 3.13 Python does not quote a carriage return on its own, and a reader would end the row there.
    return table.to_csv(index=False, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)


def write_csv(table: pd.DataFrame, path: Path, *, private: bool = False, exact: bool = False) -> None:
    """Write a table of results as UTF-8 CSV, as `write_bytes` does; texts that look like formulas are `escaped`.

    Parameters
    ----------
    table : DataFrame
    path : Path
    private : bool
        As `write_bytes` takes it.
    exact : bool
        Whether a program reads it: then every text stays as it is.
    """
    write_text(_csv(table if exact else _for_people(table)), path, private=private)


def write_private_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table as `write_csv` does, for its owner alone, and into a folder that must be there."""
    _write_into(_csv(_for_people(table)).encode("utf-8"), path, private=True)


def write_text(text: str, path: Path, *, private: bool = False) -> None:
    """Write text as UTF-8, as `write_bytes` does."""
    write_bytes(text.encode("utf-8"), path, private=private)


def write_bytes(content: bytes, path: Path, *, private: bool = False) -> None:
    """Write a file in one step that a crash cannot leave half done; missing folders are made.

    The bytes are flushed to disk beside the file, and renamed into place. A link stays a link: what it leads to is
    written. A file that is there keeps its permissions. A new one has those of the user's mask, or is for its owner
    alone.

    Parameters
    ----------
    content : bytes
    path : Path
    private : bool
        Whether it tells of single patients: then a new file is for its owner alone.

    Raises
    ------
    RelapseModelError
        If there is something else than a file of this name, or a file that may not be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _write_into(content, path, private=private)


def _write_into(content: bytes, path: Path, *, private: bool) -> None:
    target = Path(os.path.realpath(path))
    require_file(target)
    temporary = target.parent / f".{target.name}.{secrets.token_hex(4)}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    handle = os.open(temporary, flags, 0o600 if private or target.exists() else 0o666)  # less the user's mask
    try:
        with naming_full_disk(path, len(content)):
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            put_in_place(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise


@contextmanager
def naming_full_disk(path: Path, size: int) -> Iterator[None]:
    """Refuse by name what a disk has no room for; the system's own message names neither file nor size.

    Parameters
    ----------
    path : Path
        What is written.
    size : int
        Bytes.

    Raises
    ------
    RelapseModelError
    """
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise
        raise RelapseModelError(
            f"{path}: no room for {size:,} bytes ({error.strerror}); expected a disk with room. What was "
            "there before is unchanged. Make room, or choose another place."
        ) from None


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Refuse to go on while another process writes the same output; a process that ends, however it ends, gives way.

    A file ``.NAME.lock`` beside the output is locked meanwhile, where the system knows such locks.

    Parameters
    ----------
    path : Path
        The output.

    Raises
    ------
    RelapseModelError
    """
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    lock = path.parent / f".{path.name}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not os.path.samestat(os.fstat(handle), os.stat(lock)):  # the one before took it away just now
                raise FileNotFoundError
        except OSError:
            raise RelapseModelError(
                f"{path}: another run is writing it; expected one at a time. Wait for its end, or choose another name."
            ) from None
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)
    finally:
        os.close(handle)


def put_in_place(temporary: Path, target: Path) -> None:
    """Rename a finished file to its place, in one step; a file that is there hands on its permissions.

    Parameters
    ----------
    temporary, target : Path
        In one file system.
    """
    if target.exists():
        os.chmod(temporary, stat.S_IMODE(target.stat().st_mode))
    os.replace(temporary, target)


def require_file(path: Path) -> None:
    """Refuse a path that cannot become a file: a folder, a device, a file that is protected, no folder to be in.

    Parameters
    ----------
    path : Path

    Raises
    ------
    RelapseModelError
    """
    if path.is_symlink() and not path.exists() and _is_loop(path):
        raise RelapseModelError(f"{path}: it is a link that leads to itself; expected a file to write. Choose another.")
    if path.exists():
        if not path.is_file():
            what = "a folder" if path.is_dir() else "no ordinary file"
            raise RelapseModelError(f"{path}: it is {what}; expected the name of a file to write. Choose another.")
        if not os.access(path, os.W_OK):
            raise RelapseModelError(f"{path}: the file may not be written; expected another name, or the permission.")
    require_folder(path.parent)


def _is_loop(path: Path) -> bool:
    try:
        path.stat()
    except OSError as error:
        return error.errno == errno.ELOOP
    return False


def what_is_no_file(path: Path) -> str:
    """Say what stands under a name that is no ordinary file; empty where it is one, or where nothing stands there.

    Parameters
    ----------
    path : Path
    """
    if not os.path.lexists(path) or path.is_file():
        return ""
    if path.is_symlink() and not path.exists():
        return "a link that leads to itself" if _is_loop(path) else "a link to a file that is not there"
    mode = path.stat().st_mode
    kinds = {"a folder": stat.S_ISDIR, "a named pipe": stat.S_ISFIFO, "a socket": stat.S_ISSOCK}
    return next((what for what, holds in kinds.items() if holds(mode)), "a device")


def read_bounded(path: Path, most: int) -> bytes:
    """Return the first bytes of a file, so many at most; refuse what is no ordinary file, which may never end.

    Parameters
    ----------
    path : Path
    most : int

    Raises
    ------
    OSError
        As opening a file does, and for a folder, pipe or device.
    """
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(0, "no ordinary file", str(path))
        return file.read(most)


_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """Return a text as a terminal may be given it: characters that steer it are shown by their codes instead.

    Parameters
    ----------
    text : str

    Examples
    --------
    >>> printable("P1" + chr(27)) == "P1" + chr(92) + "x1b"
    True
    """
    return _UNPRINTABLE.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def require_folder(path: Path) -> None:
    """Refuse a path that cannot become a folder to write into.

    Parameters
    ----------
    path : Path

    Raises
    ------
    RelapseModelError
    """
    there = next(one for one in (path, *path.resolve().parents) if one.exists())
    if not there.is_dir():
        raise RelapseModelError(f"{path}: {there.name} is no folder; expected one to write into. Choose another.")
    if not os.access(there, os.W_OK | os.X_OK):
        raise RelapseModelError(f"{path}: the folder may not be written into; expected another, or the permission.")


def require_no_replacement(outputs: Iterable[Path], inputs: Iterable[Path]) -> None:
    """Refuse outputs that would replace an input, whatever the name or the link they come by.

    Parameters
    ----------
    outputs : iterable of Path
        Files to be written; they need not exist.
    inputs : iterable of Path
        Files that are read; those that do not exist are reserved names.

    Raises
    ------
    RelapseModelError
        With all of them.
    """
    read = list(inputs)
    replaced = [f"{out} ({one.name})" for out in outputs for one in read if same_file(out, one)]
    if replaced:
        raise RelapseModelError(
            f"would replace what is read, or would be read, as an input: {', '.join(replaced)}; expected other names. "
            "Nothing was read or written. Choose another output."
        )


def same_file(one: Path, other: Path) -> bool:
    """Return whether two paths are one file, or would be.

    Parameters
    ----------
    one, other : Path
    """
    if one.exists() and other.exists():
        return one.samefile(other)
    return os.path.normcase(os.path.realpath(one)) == os.path.normcase(os.path.realpath(other))


def strict_json(data: bytes, name: str, *, finite: bool = False) -> object:
    """Return the value of a JSON text, or refuse it.

    Parameters
    ----------
    data : bytes
        UTF-8.
    name : str
        Name of the part, for messages.
    finite : bool
        Refuse numbers too large for 64 bits too, which Python reads as infinity. Slower.

    Raises
    ------
    ModelFileError

    Examples
    --------
    >>> strict_json(b'{"risk": 0.1}', "example")
    {'risk': 0.1}
    """
    if len(data) > _PLAIN_BYTES and not (data.isascii() and b"\\" not in data):
        # One letter beyond Latin makes each letter of a text take four bytes.
        raise ModelFileError(f"{name}: over {_PLAIN_BYTES >> 20} MiB, with letters beyond ASCII; expected numbers.")
    try:
        return json.loads(
            data.decode(),
            parse_constant=_no_constant,
            object_pairs_hook=_no_repeats,
            parse_float=_finite if finite else None,
        )
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{name}: not strict JSON ({error}); expected a part written by this library.") from error


def _finite(text: str) -> float:
    if not isfinite(float(text)):
        raise ValueError("a number too large")
    return float(text)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _no_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is given twice")
    return found
