"""Which rows of a table stand twice: a cheap number of each row tells which could, and only those are compared."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Mask

_ROWS_WORTH = 1000
_ODD = np.uint64(0x9E3779B97F4A7C15)  # of the golden ratio: multiplied by it, near numbers lie far apart
_BITS = np.uint64(29)


def repeated(table: pd.DataFrame, columns: list[str]) -> Mask:
    """Return the rows that are the same as an earlier one; gaps are the same as gaps.

    Parameters
    ----------
    table : DataFrame
    columns : list of str
        That are compared.

    Examples
    --------
    >>> repeated(pd.DataFrame({"a": ["x", "y", "x"], "b": [1.0, None, 1.0]}), ["a", "b"]).tolist()
    [False, False, True]
    """
    found = np.zeros(len(table), dtype=bool)
    candidates = _candidates(table[columns])
    if candidates is None:
        return _duplicated(table[columns])
    if len(candidates):
        found[candidates] = _duplicated(table[columns].iloc[candidates])
    return found


def duplicates(number: NDArray[np.int64] | NDArray[np.uint64]) -> Mask:
    """Return where a number stands that stands more than once."""
    ordered = np.sort(number)
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
    row = np.zeros(len(table), dtype=np.uint64)
    for place in range(table.shape[1]):
        number = _number_of(table.iloc[:, place])
        if number is not None:
            row = (row ^ number) * _ODD
            row ^= row >> _BITS
    return np.flatnonzero(duplicates(row))


def _number_of(column: pd.Series) -> NDArray[np.uint64] | None:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.codes.to_numpy().astype(np.int64).view(np.uint64)
    if column.dtype == np.float64:
        values = column.to_numpy() + 0.0  # no minus before zero
        return np.where(np.isnan(values), np.nan, values).view(np.uint64)
    return None
