"""Rows that are the same in some columns, as groups: what holds for a group is looked at once, not by row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Positions

_FEW = 1 << 20  # combinations for which a table is kept
_CHUNK = 1 << 16  # rows, whose numbers stay in the processor's own memory


def row_groups(columns: Sequence[pd.Series]) -> tuple[NDArray[np.int32], Positions]:
    """Return the group of each row, and the first row of each group; groups are numbered by their first rows.

    Two rows are of one group if they have the same in every column; gaps are the same as gaps.

    Parameters
    ----------
    columns : sequence of Series
        Of one length and below two thousand million rows; fastest for categoricals and truth values.

    Examples
    --------
    >>> which, first = row_groups([pd.Series(["b", "a", "b", "b"]), pd.Series([True, True, True, False])])
    >>> which.tolist(), first.tolist()
    ([0, 1, 0, 2], [0, 1, 3])
    """
    key, size = np.zeros(len(columns[0]), dtype=np.int32), 1
    for column in columns:
        codes, different = _codes(column)
        if size * (different + 1) > _FEW:
            key, size = _renumbered(key.astype(np.int64) * (different + 1) + codes.astype(np.int64) + 1)
        else:
            key *= different + 1
            np.add(key, codes, out=key, casting="unsafe")
            key += 1
            size *= different + 1
    rank = np.full(size, -1, dtype=np.int32)
    first: list[int] = []
    for begin, chunk in _chunks(key):
        new = np.flatnonzero(rank[chunk] < 0)
        values, places = np.unique(chunk[new], return_index=True)
        order = np.argsort(places)
        rank[values[order]] = np.arange(len(first), len(first) + len(values))
        first += (begin + new[places[order]]).tolist()
    return rank[key], np.array(first, dtype=np.intp)


def _codes(column: pd.Series) -> tuple[NDArray[Any], int]:
    """Return a number for what stands in each row, -1 for nothing, and how many different ones there can be."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.array.codes, len(column.array.categories)
    if column.dtype == bool:
        return column.to_numpy().view(np.int8), 2
    codes, different = pd.factorize(column)
    return codes, len(different)


def _renumbered(key: NDArray[np.int64]) -> tuple[NDArray[np.int32], int]:
    which, found = pd.factorize(key)
    return which.astype(np.int32), len(found)


def _chunks(key: NDArray[np.int32]) -> Iterator[tuple[int, NDArray[np.int32]]]:
    for begin in range(0, len(key), _CHUNK):
        yield begin, key[begin : begin + _CHUNK]
