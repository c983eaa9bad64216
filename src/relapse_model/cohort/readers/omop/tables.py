"""The tables of an OMOP source, wherever they are: names in any case, rows in chunks, every cell a text."""

from __future__ import annotations

import datetime
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

import numpy as np
import pandas as pd

CHUNK = 100_000  # rows


@dataclass(frozen=True, slots=True)
class Query:
    """Rows of one table.

    Attributes
    ----------
    table : str
        In lower case.
    columns : tuple of str
        In lower case; every one is there.
    among : mapping of str to tuple of str
        Only rows in which these columns have one of these values.
    cohort : int or None
        Only rows of persons of this cohort definition.
    """

    table: str
    columns: tuple[str, ...]
    among: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    cohort: int | None = None


class Tables(Protocol):
    """A source of tables of the Common Data Model; nothing is ever written to it."""

    def columns(self, table: str) -> tuple[str, ...]:
        """Return the columns of a table in lower case; none where there is no such table."""

    def chunks(self, query: Query) -> Iterator[pd.DataFrame]:
        """Yield rows as texts, empty where there is nothing."""

    def counts(self, table: str, column: str, cohort: int | None) -> Counter[str]:
        """Return how many rows have each value of a column."""

    def counts_of(self, table: str, columns: tuple[str, ...]) -> Counter[tuple[str, ...]]:
        """Return how many rows have each combination of values of some columns."""

    def close(self) -> None:
        """Let the source go."""


def rows_of(tables: Tables, query: Query) -> pd.DataFrame:
    """Return all rows of a query in one table; for tables that are small."""
    found = list(tables.chunks(query))
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=list(query.columns), dtype=object)


def text_table(rows: Sequence[Sequence[object]], columns: Sequence[str]) -> pd.DataFrame:
    """Return rows of a database as texts, each different value printed once.

    Parameters
    ----------
    rows : sequence of tuples
    columns : sequence of str

    Examples
    --------
    >>> text_table([(1, Decimal("5.50"), None, datetime.date(2024, 3, 2))], ["a", "b", "c", "d"]).iloc[0].tolist()
    ['1', '5.5', '', '2024-03-02']
    """
    found = {}
    for place, column in enumerate(columns):
        values = np.empty(len(rows), dtype=object)
        values[:] = [row[place] for row in rows]
        codes, distinct = pd.factorize(values)
        texts = np.array([*(_text(value) for value in distinct), ""], dtype=object)
        found[column] = texts[codes]
    return pd.DataFrame(found, dtype=object)


def _text(value: object) -> str:
    if isinstance(value, float | np.floating):
        number = float(value)
        return "" if math.isnan(number) else number_text(number)
    if isinstance(value, Decimal):
        return "" if value.is_nan() else number_text(float(value)) if value.is_finite() else str(value)
    if isinstance(value, datetime.datetime):
        return value.isoformat(" ")
    return str(value).strip()


def number_text(number: float) -> str:
    """Return a number as short as it can be without a change; whole ones without a point.

    Examples
    --------
    >>> number_text(5.0), number_text(0.05), number_text(1e-7)
    ('5', '0.05', '1e-07')
    """
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)
