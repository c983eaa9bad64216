"""Files written in one step, so that a crash leaves the old one or the new one."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from relapse_model.errors import RelapseModelError
from relapse_model.files.places import require_file

_WRITTEN: ContextVar[list[Path] | None] = ContextVar("_WRITTEN", default=None)
_MOST_NAMED = 5


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
    with naming_full_disk(path, len(content)):
        path.parent.mkdir(parents=True, exist_ok=True)
    write_into(content, path, private=private)


def write_new(content: bytes, path: Path) -> None:
    """Write a file that must not exist yet, for its owner alone; what cannot be written whole is taken away again.

    Parameters
    ----------
    content : bytes
    path : Path

    Raises
    ------
    FileExistsError
        Whoever else may have made it meanwhile.
    RelapseModelError
        If the disk has no room.
    """
    with naming_full_disk(path, len(content)):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    try:
        with naming_full_disk(path, len(content)), os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        os.unlink(path)
        raise
    _note(path)


def write_into(content: bytes, path: Path, *, private: bool) -> None:
    """Write a file as `write_bytes` does, into a folder that must be there.

    Parameters
    ----------
    content : bytes
    path : Path
    private : bool
        As `write_bytes` takes it.

    Raises
    ------
    RelapseModelError
    """
    target = Path(os.path.realpath(path))
    require_file(target)
    temporary = target.parent / f".{target.name}.{secrets.token_hex(4)}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with naming_full_disk(path, len(content)):  # of files, too, a disk has room for so many only
        handle = os.open(temporary, flags, 0o600 if private or target.exists() else 0o666)  # less the user's mask
    try:
        with naming_full_disk(path, len(content)):
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            put_in_place(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)  # interrupted when it had its place already
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
        if not is_full_disk(error):
            raise
        raise RelapseModelError(no_room(error, path, f"{size:,} bytes")) from None


def is_full_disk(error: OSError) -> bool:
    """Tell whether a disk had no room, for bytes or for one file more.

    Parameters
    ----------
    error : OSError
    """
    return error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def no_room(error: OSError, path: Path | str, what: str) -> str:
    """Say that a disk had no room, and what was written before it.

    Parameters
    ----------
    error : OSError
    path : Path or str
        What was to be written.
    what : str
        How much of it.
    """
    return (
        f"{path}: no room for {what} ({error.strerror}); expected a disk with room. What was there before is "
        f"unchanged. Make room, or choose another place.{_before_it()}"
    )


@contextmanager
def naming_standard_output() -> Iterator[None]:
    """Give the error of what cannot be written to standard output its name, which the system's error lacks.

    Raises
    ------
    OSError
    """
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = "standard output"
        raise


@contextmanager
def noting_written() -> Iterator[list[Path]]:
    """Give a list to which every file is added that is put in place meanwhile, so that it can be said after a break.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, noting_written() as written:
    ...     write_text("a", Path(folder) / "a.txt")
    ...     [path.name for path in written]
    ['a.txt']
    """
    written: list[Path] = []
    before = _WRITTEN.set(written)
    try:
        yield written
    finally:
        _WRITTEN.reset(before)


def names_of_written(written: list[Path]) -> str:
    """Return the names of what was written and is there; what a run keeps for the next one (``.NAME``) is no output.

    Parameters
    ----------
    written : list of Path
        As `noting_written` gives it.

    Examples
    --------
    >>> names_of_written([])
    ''
    """
    kept = [path for path in dict.fromkeys(written) if not _is_hidden(path) and path.exists()]
    more = f" and {len(kept) - _MOST_NAMED:,} more" if len(kept) > _MOST_NAMED else ""
    return ", ".join(map(str, kept[:_MOST_NAMED])) + more


def _is_hidden(path: Path) -> bool:
    """Tell whether a file, or the folder or the one above in which it lies, is named as work is."""
    return any(part.startswith(".") and part not in (".", "..") for part in path.parts[-3:])


def _before_it() -> str:
    names = names_of_written(_WRITTEN.get() or [])
    return f" Written before it: {names}." if names else ""


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
    _note(target)


def _note(path: Path) -> None:
    written = _WRITTEN.get()
    if written is not None:
        written.append(path)
