"""Where a key stands in a TOML file. The standard parser does not say, and a message without a line is a search."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache

Place = tuple[str | int, ...]

_NAME = r"""(?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+)"""
_NAMES = rf"{_NAME}(?:\s*\.\s*{_NAME})*"
_HEADER = re.compile(rf"^\s*(\[\[?)\s*({_NAMES})\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(rf"^\s*({_NAMES})\s*=")
_LONG_TEXT = re.compile(r'"""|' + "'''")


def line_of(text: str, path: Place) -> int | None:
    r"""Return the line (from 1) of a key, or of the closest table around it that has a line.

    Parameters
    ----------
    text : str
        The file.
    path : tuple
        Keys, with positions (from 0) in arrays of tables: ``("predictors", 2, "prior", "sd")``.

    Examples
    --------
    >>> line_of("[a]\nb = 1\n[[c]]\n[[c]]\nd = { e = 2 }", ("c", 1, "d", "e"))
    5
    """
    known = _read(text)
    for end in range(len(path), 0, -1):
        found = known.places.get(path[:end]) or _inside(known, path[:end])
        if found is not None:
            return found
    return None


class _Known:
    """The lines of a text, and where its tables and keys begin; read once for all that is asked of it."""

    def __init__(self, text: str):
        self.lines = text.split("\n")
        self.places: dict[Place, int] = {}
        for place, line in _places(self.lines):
            self.places.setdefault(place, line)
        self.begins = sorted(set(self.places.values()))


@lru_cache(maxsize=4)
def _read(text: str) -> _Known:
    return _Known(text)


def _inside(known: _Known, path: Place) -> int | None:
    """Find the key of an inline table: on the lines from its owner to the next key."""
    owner = known.places.get(path[:-1])
    if owner is None or isinstance(path[-1], int):
        return None
    after = bisect_right(known.begins, owner)
    lines = known.lines[owner - 1 : (known.begins[after] - 1 if after < len(known.begins) else None)]
    word = re.compile(rf"""(?:^|[\s{{,])["']?{re.escape(path[-1])}["']?\s*=""")
    return next((owner + offset for offset, line in enumerate(lines) if word.search(line)), None)


def _places(lines: list[str]) -> Iterator[tuple[Place, int]]:
    """Yield every table and every key that begins a line, with its line; text over several lines is passed over."""
    table: Place = ()
    last: dict[Place, int] = {}  # of each array of tables, the position of its latest table
    inside = False
    for line, content in enumerate(lines, start=1):
        if not inside:
            header, key = _HEADER.match(content), _KEY.match(content)
            if header:
                table = _owner(_parts(header[2]), last)
                yield from ((table[:end], line) for end in range(1, len(table) + 1))
                if header[1] == "[[":
                    last[table] = last.get(table, -1) + 1
                    table = (*table, last[table])
                    yield table, line
            elif key:
                parts = _parts(key[1])
                yield from (((*table, *parts[:end]), line) for end in range(1, len(parts) + 1))
        inside ^= len(_LONG_TEXT.findall(content)) % 2 == 1


def _parts(names: str) -> list[str]:
    return [part.strip("\"'") for part in re.findall(_NAME, names)]


def _owner(parts: list[str], last: dict[Place, int]) -> Place:
    """Return the table of a header; below an array of tables it belongs to the latest of them."""
    place: Place = ()
    for part in parts[:-1]:
        place = (*place, part)
        place = (*place, last[place]) if place in last else place
    return (*place, parts[-1])
