"""Compiled loops over large tables: order within groups, and features of each group in one pass.

The first import costs about a second, so that `relapse_model.cohort.rows_by_patient` imports this module only for large
tables, and does without it where Numba is not installed. Nothing here knows of patients; the same is computed by
arrays elsewhere, and the tests compare the two.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

from relapse_model.arrays import Floats

_Function = TypeVar("_Function", bound=Callable[..., Any])

ONE_PASS = ("last", "first", "maximum", "minimum", "mean", "count", "slope")  # rows of what `one_pass` returns


def _compiled(function: _Function) -> _Function:
    return cast(_Function, njit(cache=True, nogil=True)(function))


@_compiled
def _sort_by_week(row: NDArray[np.int32], week: Floats) -> None:
    """Sort the rows of one group in place by week, then row (Shell's sort: most groups are short, or in order)."""
    gap = 1
    while 3 * gap + 1 < len(row) // 3:
        gap = 3 * gap + 1
    while gap > 0:
        for place in range(gap, len(row)):
            this, moved = week[place], row[place]
            at = place
            while at >= gap and (week[at - gap] > this or (week[at - gap] == this and row[at - gap] > moved)):
                week[at], row[at] = week[at - gap], row[at - gap]
                at -= gap
            week[at], row[at] = this, moved
        gap //= 3


@_compiled
def order(group: NDArray[np.int32], week: Floats, groups: int) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Order rows by group, then week, then row; those of a negative group are left out.

    Parameters
    ----------
    group, week : array
    groups : int
        Groups are numbered from 0 to one less.

    Returns
    -------
    row : array of int32
        The rows in order.
    start : array of int, shape (groups + 1,)
        Where each group begins in it; last, where the last group ends.
    """
    start = np.zeros(groups + 1, dtype=np.int64)
    for one in group:
        if one >= 0:
            start[one + 1] += 1
    for one in range(groups):
        start[one + 1] += start[one]
    place = start[:-1].copy()
    row = np.empty(start[-1], dtype=np.int32)
    ordered = np.empty(start[-1], dtype=np.float64)
    for at in range(len(group)):
        one = group[at]
        if one >= 0:
            row[place[one]], ordered[place[one]] = at, week[at]
            place[one] += 1
    for one in range(groups):
        begin, end = start[one], start[one + 1]
        if end - begin > 1:
            _sort_by_week(row[begin:end], ordered[begin:end])
    return row, start


@_compiled
def one_pass(value: Floats, week: Floats, start: NDArray[np.int64], end: NDArray[np.int64]) -> Floats:
    """Compute the features of `ONE_PASS` for groups of rows that are sorted by week.

    Parameters
    ----------
    value, week : array of float
        Without NaN.
    start, end : array of int
        The first row of each group, and one past its last.

    Returns
    -------
    array of float, shape (7, groups)
        NaN for a group without rows, 0 for its count; the slope is that of
        `relapse_model.features.summaries.slope`.
    """
    found = np.full((7, len(start)), np.nan)
    for group in range(len(start)):
        begin, rows = start[group], end[group] - start[group]
        found[5, group] = rows
        if not rows:
            continue
        highest = lowest = value[begin]
        total = weeks = 0.0
        for row in range(begin, begin + rows):
            highest, lowest = max(highest, value[row]), min(lowest, value[row])
            total += value[row]
            weeks += week[row]
        found[0, group], found[1, group] = value[begin + rows - 1], value[begin]
        found[2, group], found[3, group], found[4, group] = highest, lowest, total / rows
        # Centred in a second pass: sums of squares of weeks far from 0 would swallow the slope.
        middle = weeks / rows
        square = rise = 0.0
        for row in range(begin, begin + rows):
            square += (week[row] - middle) ** 2
            rise += (week[row] - middle) * value[row]
        if square > 1e-9:
            found[6, group] = 4.0 * rise / square
    return found
