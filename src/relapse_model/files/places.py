"""What stands under a name: a file that may be read or written, a folder, something else, or text in UTF-8."""

from __future__ import annotations

import codecs
import errno
import os
import stat
from collections.abc import Iterable
from pathlib import Path

from relapse_model.errors import RelapseModelError


def require_file(path: Path) -> None:
    """Refuse a path that cannot become a file: a folder, a device, a file that is protected, no folder to be in.

    Parameters
    ----------
    path : Path

    Raises
    ------
    RelapseModelError
    """
    what = what_is_no_file(path)
    if what.startswith(("a link that leads to itself", "does not answer")):
        said = what if what.startswith("does") else f"is {what}"
        raise RelapseModelError(f"{path}: it {said}; expected a file to write. Choose another.")
    if path.exists():
        if what:
            what = what if path.is_dir() else "no ordinary file"
            raise RelapseModelError(f"{path}: it is {what}; expected the name of a file to write. Choose another.")
        if not os.access(path, os.W_OK):
            raise RelapseModelError(f"{path}: the file may not be written; expected another name, or the permission.")
    require_folder(path.parent)


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


def what_is_no_file(path: Path) -> str:
    """Say what stands under a name that is no ordinary file; empty where it is one, or where nothing stands there.

    Parameters
    ----------
    path : Path
    """
    link = False
    try:
        link = stat.S_ISLNK(os.lstat(path).st_mode)
        mode = os.stat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return "a link to a file that is not there" if link else ""
    except OSError as error:  # a dead mount, for one: what does not answer is not absent
        return "a link that leads to itself" if error.errno == errno.ELOOP else f"does not answer ({error.strerror})"
    kinds = {
        "": stat.S_ISREG, "a folder": stat.S_ISDIR, "a named pipe": stat.S_ISFIFO, "a socket": stat.S_ISSOCK,
    }  # fmt: skip
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


def utf8_text(content: bytes) -> str:
    """Return the text of a file, without a byte-order mark; an error has its place in the file, mark and all.

    Parameters
    ----------
    content : bytes

    Raises
    ------
    UnicodeDecodeError

    Examples
    --------
    >>> utf8_text(codecs.BOM_UTF8 + b"a = 1")
    'a = 1'
    """
    mark = len(codecs.BOM_UTF8) if content.startswith(codecs.BOM_UTF8) else 0
    try:
        return content[mark:].decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnicodeDecodeError("utf-8", content, mark + error.start, mark + error.end, error.reason) from None


def byte_and_line(error: UnicodeDecodeError) -> tuple[str, int]:
    r"""Return what a message says of a byte that is no text, and the line in which it stands.

    Examples
    --------
    >>> try:
    ...     utf8_text(codecs.BOM_UTF8 + b"a = 1\nb = \xff")
    ... except UnicodeDecodeError as error:
    ...     byte_and_line(error)
    ('byte 0xff is not UTF-8', 2)
    """
    found = f"byte 0x{error.object[error.start]:02x} is not UTF-8"
    return found, error.object.count(b"\n", 0, error.start) + 1
