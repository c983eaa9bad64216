"""Text files in UTF-8, with or without a byte-order mark; where one is not, the line and the byte are known."""

from __future__ import annotations

import codecs


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
