"""A strict reader of the UBJSON that xgboost writes: a booster is judged before xgboost sees it."""

from __future__ import annotations

from struct import Struct
from typing import NoReturn

import numpy as np

from relapse_model.errors import ModelFileError

# Markers (as bytes have them) of numbers: how one is read, and how many are. Big-endian.
_SCALARS = {ord(marker): Struct(f">{code}") for marker, code in zip("iUIlLdD", "bBhiqfd", strict=True)}
_ARRAYS = {ord(marker): f">{code}" for marker, code in zip("iUIlLdD", "bBhiqfd", strict=True)}
_LENGTHS = frozenset(b"iUIlL")
_CONSTANTS: dict[int, object] = {ord("T"): True, ord("F"): False, ord("Z"): None}
_DEEPEST = 32


def read_ubjson(data: bytes, name: str) -> object:
    """Return the value that ``data`` holds: dict, list, str, int, float, bool, None or a typed ndarray.

    Accepts what xgboost writes and nothing else: objects, arrays with a count (typed or not), strings and
    numbers.

    Parameters
    ----------
    data : bytes
        The whole document.
    name : str
        Name of the part, for messages.

    Returns
    -------
    object
        The value.

    Raises
    ------
    ModelFileError
        If the document is not whole, goes too deep, names a key twice, or uses another marker.

    Examples
    --------
    >>> read_ubjson(b"{U" + bytes([4]) + b"riskU" + bytes([7]) + b"}", "example")
    {'risk': 7}
    """
    reader = _Reader(bytes(data), name)
    value = reader.value(reader.marker(), 0)
    if reader.place != len(reader.data):
        reader.refuse("bytes after its end")
    return value


class _Reader:
    """A place in the bytes; every method reads one thing and moves behind it."""

    def __init__(self, data: bytes, name: str):
        self.data = data
        self.name = name
        self.place = 0

    def refuse(self, what: str) -> NoReturn:
        raise ModelFileError(
            f"{self.name}, byte {self.place}: {what}; expected the UBJSON of an xgboost model. The file is "
            "damaged or was changed: save the model again, or get it from its source."
        )

    def take(self, count: int) -> bytes:
        start = self.place
        if count < 0 or count > len(self.data) - start:
            self.refuse("a length that does not fit")
        self.place = start + count
        return self.data[start : self.place]

    def marker(self) -> int:
        return self.take(1)[0]

    def number(self, marker: int) -> int | float:
        kind = _SCALARS.get(marker)
        if kind is None:
            self.refuse(f"marker {chr(marker)!r}")
        found: int | float = kind.unpack(self.take(kind.size))[0]
        return found

    def length(self) -> int:
        marker = self.marker()
        if marker not in _LENGTHS:
            self.refuse(f"marker {chr(marker)!r} for a length")
        return int(self.number(marker))

    def string(self) -> str:
        try:
            return self.take(self.length()).decode()
        except UnicodeDecodeError:
            self.refuse("text that is not UTF-8")

    def value(self, marker: int, depth: int) -> object:
        if depth > _DEEPEST:
            self.refuse("too many levels")
        if marker == ord("{"):
            return self.mapping(depth)
        if marker == ord("["):
            return self.array(depth)
        if marker == ord("S"):
            return self.string()
        if marker in _CONSTANTS:
            return _CONSTANTS[marker]
        return self.number(marker)

    def mapping(self, depth: int) -> dict[str, object]:
        found: dict[str, object] = {}
        while self.data[self.place : self.place + 1] != b"}":
            key = self.string()
            if key in found:
                self.refuse(f"the key {key!r} twice")
            found[key] = self.value(self.marker(), depth + 1)
        self.place += 1
        return found

    def array(self, depth: int) -> object:
        marker = self.marker()
        if marker == ord("$"):
            return self.typed_array()
        if marker != ord("#"):
            self.refuse("an array without a count")
        count = self.length()
        if not 0 <= count <= len(self.data) - self.place:  # each item takes a byte or more
            self.refuse("a count that does not fit")
        return [self.value(self.marker(), depth + 1) for _ in range(count)]

    def typed_array(self) -> object:
        kind = _ARRAYS.get(self.marker())
        if kind is None or self.marker() != ord("#"):
            self.refuse("a typed array of no known kind")
        size = np.dtype(kind).itemsize
        return np.frombuffer(self.take(self.length() * size), dtype=kind)
