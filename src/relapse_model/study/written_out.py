"""A study written out as TOML, so that a model file can carry it whole."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

HEAD = "# Written out in full: without extends, shorthands and the library of analytes.\n"
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_INLINE = 2  # tables of this depth and deeper stand in one line


def written_out(raw: Mapping[str, Any]) -> str:
    """Return a study as TOML text; reading it gives the same tables.

    Parameters
    ----------
    raw : mapping
        As `tomllib` reads it: tables, lists, texts, numbers, truth values and dates.

    Examples
    --------
    >>> print(written_out({"study": {"name": "x"}, "predictors": [{"name": "alt", "prior": {"sd": 0.5}}]}))
    [study]
    name = "x"
    <BLANKLINE>
    [[predictors]]
    name = "alt"
    prior = { sd = 0.5 }
    <BLANKLINE>
    """
    return "\n".join("\n".join(lines) + "\n" for lines in _blocks((), raw, root=True))


def _blocks(path: tuple[str, ...], table: Mapping[str, Any], *, root: bool = False) -> Iterator[list[str]]:
    """Yield a table as lines, then each table below it that has a header of its own."""
    below = {key: value for key, value in table.items() if _has_header(value, len(path))}
    own = [f"{_key(key)} = {_value(value)}" for key, value in table.items() if key not in below]
    if own or not (below or root):
        yield [f"[{_header(path)}]", *own] if path else own
    for key, value in below.items():
        place = (*path, key)
        if isinstance(value, Mapping):
            yield from _blocks(place, value)
        else:
            yield from ([f"[[{_header(place)}]]", *_lines(entry)] for entry in value)


def _has_header(value: Any, depth: int) -> bool:
    if depth >= _INLINE:
        return False
    return isinstance(value, Mapping) or _is_tables(value)


def _is_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(entry, Mapping) for entry in value)


def _lines(table: Mapping[str, Any]) -> list[str]:
    return [f"{_key(key)} = {_value(value)}" for key, value in table.items()]


def _header(path: tuple[str, ...]) -> str:
    return ".".join(map(_key, path))


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _text(name)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int | float):
        return repr(value)  # also inf and nan, which TOML writes alike
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, Mapping):
        return f"{{ {', '.join(_lines(value))} }}" if value else "{}"
    return f"[{', '.join(map(_value, value))}]"


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
