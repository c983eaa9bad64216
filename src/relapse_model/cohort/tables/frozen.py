"""Tables of a cohort, which nobody edits in place: what was read from a cell would not follow."""

from __future__ import annotations

from functools import wraps
from typing import Any, NoReturn

import pandas as pd

from relapse_model.errors import RelapseModelError


class FrozenTable(pd.DataFrame):
    """A data frame that refuses every edit in place; whatever is made from it is an ordinary data frame.

    The gate reads numbers from texts, finds each row's patient and keeps what it derives; a cell edited afterwards
    would be shown and not counted. No data are copied. ``copy()`` gives a table to edit, and `make_cohort` takes it.

    Examples
    --------
    >>> table = FrozenTable({"week": [0.0, 4.0]})
    >>> table.loc[0, "week"] = 2.0  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    relapse_model.cohort.tables.frozen.EditedCohortError: tables of a cohort are not edited in place: what was read ...
    >>> type(table.copy()).__name__, type(table[table.week > 0]).__name__
    ('DataFrame', 'DataFrame')
    """

    @property
    def _constructor(self) -> Any:
        return pd.DataFrame

    @property
    def loc(self) -> Any:
        """Return the indexer by label, for reading."""
        return _for_reading(super().loc)

    @property
    def iloc(self) -> Any:
        """Return the indexer by position, for reading."""
        return _for_reading(super().iloc)

    @property
    def at(self) -> Any:
        """Return the indexer of one cell by label, for reading."""
        return _for_reading(super().at)

    @property
    def iat(self) -> Any:
        """Return the indexer of one cell by position, for reading."""
        return _for_reading(super().iat)

    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith("_") and name not in ("attrs", "flags"):
            _refuse()
        super().__setattr__(name, value)


class EditedCohortError(RelapseModelError):
    """A table of a cohort was to be edited in place."""


def frozen(table: pd.DataFrame) -> FrozenTable:
    """Return a table that refuses edits in place; its cells are shared until somebody writes to the one that was given.

    Parameters
    ----------
    table : DataFrame
    """
    return table if isinstance(table, FrozenTable) else FrozenTable(table)


def _refuse(*_: Any, **__: Any) -> NoReturn:
    raise EditedCohortError(
        "tables of a cohort are not edited in place: what was read from their cells would not follow. Take "
        "tables = cohort.tables(), edit these, and make another cohort: make_cohort(**tables)."
    )


def _for_reading(indexer: Any) -> Any:
    """Return an indexer of pandas that gets and does not set."""
    kind = type(indexer)
    return type(kind.__name__, (kind,), {"__setitem__": _refuse})(indexer.name, indexer.obj)


def _unless_in_place(name: str) -> Any:
    """Return the method of a data frame, refused before it does anything with ``inplace=True``."""
    method = getattr(pd.DataFrame, name)

    @wraps(method)
    def read(self: pd.DataFrame, *args: Any, **named: Any) -> Any:
        return _refuse() if named.get("inplace") else method(self, *args, **named)

    return read


# What pandas edits a frame with: columns set, inserted and taken out, and methods called with ``inplace=True``.
_EDITS = ("__setitem__", "__delitem__", "insert", "isetitem", "pop", "update", "_update_inplace", "_set_value")
_IN_PLACE = (
    "backfill", "bfill", "clip", "drop", "drop_duplicates", "dropna", "eval", "ffill", "fillna", "interpolate",
    "mask", "pad", "query", "rename", "rename_axis", "replace", "reset_index", "set_index", "sort_index", "sort_values",
    "where",
)  # fmt: skip
for _name in _EDITS:
    if hasattr(pd.DataFrame, _name):
        setattr(FrozenTable, _name, _refuse)
for _name in _IN_PLACE:
    if hasattr(pd.DataFrame, _name):
        setattr(FrozenTable, _name, _unless_in_place(_name))
