"""Where a key stands in a TOML file. The standard parser does not say, and a message without a line is a search."""

from __future__ import annotations

import re
from collections.abc import Iterator

_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(?:#.*)?$")


def line_of(text: str, path: tuple[str | int, ...]) -> int | None:
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
    places = dict(_places(text))
    for end in range(len(path), 0, -1):
        line = places.get(path[:end]) or _inside(text, places, path[:end])
        if line is not None:
            return line
    return None


def _inside(text: str, places: dict[tuple[str | int, ...], int], path: tuple[str | int, ...]) -> int | None:
    """Find the key of an inline table: on the lines from its owner to the next key."""
    owner = places.get(path[:-1])
    if owner is None or isinstance(path[-1], int):
        return None
    following = [line for line in places.values() if line > owner]
    lines = text.splitlines()[owner - 1 : (min(following) - 1 if following else None)]
    word = re.compile(rf"""(?:^|[\s{{,])["']?{re.escape(path[-1])}["']?\s*=""")
    return next((owner + offset for offset, line in enumerate(lines) if word.search(line)), None)


def _places(text: str) -> Iterator[tuple[tuple[str | int, ...], int]]:
    """Yield every table header and every key at the start of a line with its line."""
    table: tuple[str | int, ...] = ()
    counts: dict[str, int] = {}
    for line, content in enumerate(text.splitlines(), start=1):
        header = _HEADER.match(content)
        if header:
            name = header[2].strip()
            table = tuple(part.strip().strip("\"'") for part in name.split("."))
            if header[1] == "[[":
                counts[name] = counts.get(name, -1) + 1
                table = (*table, counts[name])
            yield table, line
            continue
        key = re.match(r"""^\s*["']?([A-Za-z0-9_\-./ ]+?)["']?\s*=""", content)
        if key:
            yield (*table, key[1]), line
