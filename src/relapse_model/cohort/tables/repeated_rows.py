"""Which rows of a table stand twice: a cheap number of each row tells which could, and only those are compared."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Mask, Positions

_ROWS_WORTH = 1000
_ODD = np.uint64(0x9E3779B97F4A7C15)  # of the golden ratio: multiplied by it, near numbers lie far apart
_BITS = np.uint64(29)
_HALF = np.uint64(32)  # bits
_CHUNK = 1 << 16  # rows


def repeated(table: pd.DataFrame, columns: list[str], among: Positions | None = None) -> Mask:
    """Return the rows that are the same as an earlier one; gaps are the same as gaps.

    Parameters
    ----------
    table : DataFrame
    columns : list of str
        That are compared.
    among : array of int, optional
        Rows, in order, outside which none is the same as another.

    Examples
    --------
    >>> repeated(pd.DataFrame({"a": ["x", "y", "x"], "b": [1.0, None, 1.0]}), ["a", "b"]).tolist()
    [False, False, True]
    """
    found = np.zeros(len(table), dtype=bool)
    if among is not None:
        found[among] = repeated(table.iloc[among], columns)
        return found
    candidates = _candidates(table[columns])
    if candidates is None:
        return _duplicated(table[columns])
    if len(candidates):
        found[candidates] = _duplicated(table[columns].iloc[candidates])
    return found


def duplicates(number: NDArray[np.int64] | NDArray[np.uint64], *, nearly_in_order: bool = False) -> Mask:
    """Return where a number stands that stands more than once.

    Parameters
    ----------
    number : array of int
    nearly_in_order : bool
        Whether each number stands near its place in order: a stable sort takes a third of the time then, else twice it.

    Examples
    --------
    >>> duplicates(np.array([7, 3, 7])).tolist()
    [True, False, True]
    """
    ordered = np.sort(number, kind="stable" if nearly_in_order else None)
    twice = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    return np.isin(number, twice) if len(twice) else np.zeros(len(number), dtype=bool)


def _duplicated(table: pd.DataFrame) -> Mask:
    try:
        return table.duplicated().to_numpy()
    except TypeError:  # lists in a column, as Parquet may have
        return table.astype(str).duplicated().to_numpy()


def _candidates(table: pd.DataFrame) -> NDArray[np.intp] | None:
    """Return the rows that could be the same as another; None where that gains nothing.

    Rows that are the same have the same number, made of the columns that are numbers or categories; the converse need
    not hold.
    """
    if len(table) < _ROWS_WORTH or "object" in map(str, table.dtypes):
        return None
    columns = [_numbers_of(table.iloc[:, place]) for place in range(table.shape[1])]
    row = np.zeros(len(table), dtype=np.uint64)
    for begin in range(0, len(row), _CHUNK):  # by parts that the processor keeps
        part = slice(begin, begin + _CHUNK)
        for column in columns:
            if column is not None:
                row[part] = (row[part] ^ _number_of(column[part])) * _ODD
                row[part] ^= row[part] >> _BITS
    # Rows in the order of the first column, as those of patients mostly are, are sorted within its values only.
    first = columns[0]
    in_order = (
        first is not None and first.dtype != np.float64 and bool(np.all(first[1:] >= first[:-1]) and first[0] >= 0)
    )
    if first is not None and in_order:
        row >>= _HALF
        row |= first.astype(np.uint64) << _HALF
    return np.flatnonzero(duplicates(row, nearly_in_order=in_order))


def _numbers_of(column: pd.Series) -> NDArray[Any] | None:
    """Return the codes of a categorical, or numbers; None of anything else."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        codes: NDArray[Any] = column.array.codes
        return codes
    return column.to_numpy() if column.dtype == np.float64 else None


def _number_of(values: NDArray[Any]) -> NDArray[np.uint64]:
    if values.dtype != np.float64:
        return values.astype(np.int64).view(np.uint64)
    values = values + 0.0  # no minus before zero
    return np.where(np.isnan(values), np.nan, values).view(np.uint64)
