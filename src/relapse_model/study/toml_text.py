"""TOML from whoever wrote it: read within limits that no study or mapping comes near, refused by name beyond them."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from relapse_model.errors import Problem

MOST_LETTERS = 512 * 1024  # of a file; the study of this library has 25,000
MOST_KEYS = 10_000  # and values in lists
_LONGEST_LINE = 20_000  # letters
_MOST_PARTS = 32  # of a name with dots
_DEEPEST = 32
_TOKEN = re.compile(r'''"""[\s\S]*?"""|\'\'\'[\s\S]*?\'\'\'|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|#[^\n]*|[\[{]|[\]}]''')
_DOTTED = re.compile(r"""(?:(?:"[^"\n]*"|'[^'\n]*'|[A-Za-z0-9_-]+)[ \t]*\.[ \t]*)""" + f"{{{_MOST_PARTS}}}")


def read_toml(text: str, source: str, what: str) -> dict[str, Any] | Problem:
    """Return what a TOML text holds, or the problem of the whole: no TOML, too long, too many keys, nested too deep.

    Parameters
    ----------
    text : str
    source : str
        What to call it in messages.
    what : str
        What it should be, such as ``"a study file"``.

    Examples
    --------
    >>> read_toml("a = 1", "example.toml", "a study file")
    {'a': 1}
    >>> print(read_toml("a = " + "[" * 99, "example.toml", "a study file").found)
    more than 32 brackets inside one another
    """
    found = _beyond(text)
    if not found:
        try:
            raw = tomllib.loads(text)
        except (ValueError, RecursionError) as error:  # also numbers too long to read
            asked = [str(number) for number, line in enumerate(text.split("\n"), start=1) if _ASKED.search(line)]
            advice = f"Put what is asked in place of each ? (line {', '.join(asked[:_SHOWN])})" if asked else ""
            return Problem(source, None, None, f"not TOML: {error}", "a TOML file", advice)
        found = "" if _count(raw) <= MOST_KEYS else f"more than {MOST_KEYS:,} keys and values"
    return Problem(source, None, None, found, f"{what}, which is shorter and simpler") if found else raw


_ASKED = re.compile(r"=[ \t]*\?[ \t]*(?:[,}]|$)")  # of a proposed mapping, still to be answered
_SHOWN = 8


def _beyond(text: str) -> str:
    """Say which limit a text goes beyond; nothing where it does not. Read before the parser, which has none."""
    if len(text) > MOST_LETTERS:
        return f"{len(text):,} letters, more than {MOST_LETTERS:,}"
    if text.count("=") + text.count(",") > 4 * MOST_KEYS:
        return f"more than {MOST_KEYS:,} keys and values"
    for number, line in enumerate(text.split("\n"), start=1):
        if len(line) > _LONGEST_LINE:
            return f"line {number} of more than {_LONGEST_LINE:,} letters"
        if line.count(".") >= _MOST_PARTS and _DOTTED.search(line):
            return f"a name of more than {_MOST_PARTS} parts in line {number}"
    return f"more than {_DEEPEST} brackets inside one another" if _deepest(text) > _DEEPEST else ""


def _deepest(text: str) -> int:
    """Return how deep brackets stand inside one another; those in texts and comments are none."""
    depth = deepest = 0
    for found in _TOKEN.finditer(text):
        if found[0] in ("[", "{"):
            depth += 1
            deepest = max(deepest, depth)
        elif found[0] in ("]", "}"):
            depth -= 1
    return deepest


def _count(value: object) -> int:
    """Return the number of keys and values, at any depth."""
    count, waiting = 0, [value]
    while waiting:
        one = waiting.pop()
        inside = list(one.values()) if isinstance(one, dict) else one if isinstance(one, list) else []
        count += len(inside)
        waiting += inside
    return count
