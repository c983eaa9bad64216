"""What a mapping leaves as "...": an answer that nobody gave, refused before it is held against the data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from relapse_model.study.line_numbers import Place

_OPEN = frozenset({"...", "…", "……"})
_TEXTS_OF_DATA: tuple[Place, ...] = (("missing", "codes"), ("missing", "results"))


def not_filled_in(raw: Any, path: Place = ()) -> Iterator[Place]:
    """Yield the place of each value that was left as "...".

    A source may print "..." where it has no value: as a text of the data, it may stand under ``[missing]`` and on the
    left of a meaning.

    Parameters
    ----------
    raw : object
        A mapping file as read, or a part of it.
    path : tuple
        Where the part stands.

    Examples
    --------
    >>> list(not_filled_in({"labs": [{"unit": "...", "value": {"field": "v", "values": {"1": "...", "2": ""}}}]}))
    [('labs', 0, 'unit'), ('labs', 0, 'value', 'values', '1')]
    >>> list(not_filled_in({"missing": {"codes": ["..."]}}))
    []
    """
    if isinstance(raw, str):
        if raw.strip() in _OPEN:
            yield path
    elif isinstance(raw, dict) and path not in _TEXTS_OF_DATA:
        for key, value in raw.items():
            yield from not_filled_in(value, (*path, str(key)))
    elif isinstance(raw, list) and path not in _TEXTS_OF_DATA:
        tables = any(isinstance(one, dict) for one in raw)
        for position, value in enumerate(raw):  # a text in a list has the place of its list
            yield from not_filled_in(value, (*path, position) if tables else path)
