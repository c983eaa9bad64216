"""Only what is asked for is parsed: of a large export, resources of other types are looked at, and left as they are."""

from __future__ import annotations

import json
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np

from relapse_model.cohort.readers.fhir.resource_types import TELLING

# Measured: loading the compiled look takes about a second in each process, compiling it once a machine ten; parsing
# takes about half of its time with it, and reading a fifth to a third less, 2 s or more of a gigabyte.
BYTES_WORTH = 256 * 2**20
_CONTAINED = b'"contained"'
_ESCAPE = b"\\u"
_BUNDLE = b"Bundle"
_TELLING = frozenset(one.encode() for one in TELLING)
_TAKES_BACK = (b"ullif", b"ULLIF", b"elete", b"ELETE", b"estroy", b"ESTROY")
_NOT_COUNTED = frozenset({b"Patient", b"Medication", _BUNDLE})  # within another resource they are no result


@cache
def _loaded() -> ModuleType | None:
    try:
        from relapse_model.cohort.readers.fhir import compiled_scan as module
    except ImportError:
        return None
    return module


class AskedAlone:
    """Parses JSON of which a compiled look says that it is sound, and no key stands twice in it.

    Parameters
    ----------
    kinds : frozenset of str or None
        Types of the resources that are asked for; of others the type alone is returned, unless they hold resources
        within themselves. None: all are asked for.
    """

    def __init__(self, kinds: frozenset[str] | None):
        self.kinds = None if kinds is None else frozenset(one.encode() for one in kinds) | {_BUNDLE}
        self._quoted = [] if self.kinds is None else [b'"' + one + b'"' for one in sorted(self.kinds - _NOT_COUNTED)]
        scan = _loaded()
        self._scan = None if scan is None else scan.scan
        self._spans = np.empty((1 if scan is None else scan.RESOURCES + 1, 4), dtype=np.int64)

    def parsed(self, data: bytes) -> Any:
        """Return what a text holds, with decimals as texts; None where it is to be parsed with every check.

        Parameters
        ----------
        data : bytes
        """
        if self._scan is None or not _is_utf8(data):
            return None
        found = self._scan(np.frombuffer(data, np.uint8), self._spans)
        if found < 0:
            return None
        text = data
        if self.kinds is not None:
            begin, end, first, last = self._spans[-1].tolist()
            if not found and self._is_other(data, begin, end, kind := data[first:last] if first >= 0 else b""):
                return {"resourceType": kind.decode()}
            text = self._shorter(data, found)
        return json.loads(text, parse_float=str)

    def _shorter(self, data: bytes, found: int) -> bytes:
        """Return a bundle with the type alone of resources that nobody asks for."""
        pieces, at = [], 0
        for begin, end, first, last in self._spans[:found].tolist():
            kind = data[first:last] if first >= 0 else b""
            if self._is_other(data, begin, end, kind):
                pieces += [data[at:begin], b'{"resourceType":"', kind, b'"}']
                at = end
        return b"".join([*pieces, data[at:]]) if pieces else data

    def _is_other(self, data: bytes, begin: int, end: int, kind: bytes) -> bool:
        assert self.kinds is not None
        if not kind.isalpha() or kind in self.kinds or (kind in _TELLING and _tells(data, begin, end, kind)):
            return False
        if data.find(_CONTAINED, begin, end) < 0:
            return True
        # Resources within it are counted, if they are of a type that is asked for; its name may be written by escapes.
        return all(data.find(word, begin, end) < 0 for word in (*self._quoted, _ESCAPE))


def _tells(data: bytes, begin: int, end: int, kind: bytes) -> bool:
    """Tell whether a resource may say of others that they do not count: few of Provenance do, and any report may."""
    if kind != b"Provenance":
        return True
    return any(data.find(word, begin, end) >= 0 for word in (*_TAKES_BACK, _ESCAPE))


def _is_utf8(data: bytes) -> bool:
    if data.isascii():
        return True
    try:
        data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return False
    return True
