"""Compiled loops over large tables: codes of texts, order within groups, features of each group in one pass.

The first import costs about a second, so that `relapse_model.features.grouped` imports this module only for large
tables, and does without it where Numba is not installed. Nothing here knows of patients; the same is computed by
arrays elsewhere, and the tests compare the two.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit  # type: ignore[import-untyped]
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_Function = TypeVar("_Function", bound=Callable[..., Any])

ONE_PASS = ("last", "first", "maximum", "minimum", "mean", "count", "slope")  # rows of what `one_pass` returns
_LONG_GROUP = 64  # rows from which sorting by insertion loses to merging


def _compiled(function: _Function) -> _Function:
    return cast(_Function, njit(cache=True, nogil=True)(function))


@_compiled
def _same(data: NDArray[np.uint8], begin: int, end: int, other: int, other_end: int) -> bool:
    if end - begin != other_end - other:
        return False
    for step in range(end - begin):  # noqa: SIM110  (a loop of bytes is what compiles well)
        if data[begin + step] != data[other + step]:
            return False
    return True


@_compiled
def _key(data: NDArray[np.uint8], begin: int, end: int) -> tuple[np.uint64, np.uint64]:
    """Return two words of a text: up to 15 bytes with their number, so that no hash is needed; else a hash."""
    low = high = np.uint64(0)
    size = end - begin
    if size > 15:
        low = np.uint64(14695981039346656037)
        for place in range(begin, end):  # FNV-1a
            low = (low ^ np.uint64(data[place])) * np.uint64(1099511628211)
        return low, np.uint64(255) << np.uint64(56)
    for place in range(min(size, 8)):
        low |= np.uint64(data[begin + place]) << np.uint64(8 * place)
    for place in range(8, size):
        high |= np.uint64(data[begin + place]) << np.uint64(8 * place - 64)
    return low, high | np.uint64(size) << np.uint64(56)


@_compiled
def _slot(low: np.uint64, high: np.uint64, size: int) -> np.uint64:
    """Return where a key would stand in a table whose size is a power of two."""
    mixed = (low ^ (high * np.uint64(0x9E3779B97F4A7C15))) * np.uint64(0xD6E8FEB86659FD93)
    mixed = (mixed ^ (mixed >> np.uint64(32))) * np.uint64(0xD6E8FEB86659FD93)
    return (mixed ^ (mixed >> np.uint64(32))) & np.uint64(size - 1)


@_compiled
def _larger(table: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return a hash table of four times the size, with the same entries."""
    new = np.zeros((4 * len(table), 3), dtype=np.uint64)
    mask = np.uint64(len(new) - 1)
    for old in range(len(table)):
        if table[old, 2]:
            slot = _slot(table[old, 0], table[old, 1], len(new))
            while new[slot, 2]:
                slot = (slot + np.uint64(1)) & mask
            new[slot, 0], new[slot, 1], new[slot, 2] = table[old, 0], table[old, 1], table[old, 2]
    return new


@_compiled
def _find(
    table: NDArray[np.uint64], low: np.uint64, high: np.uint64,
    data: NDArray[np.uint8], offset: NDArray[np.int64], first: NDArray[np.int64], row: int,
) -> np.uint64:  # fmt: skip
    """Return the slot of a text: that which holds it, or the empty one where it belongs."""
    mask = np.uint64(len(table) - 1)
    slot = _slot(low, high, len(table))
    while table[slot, 2]:
        if table[slot, 0] == low and table[slot, 1] == high:
            other = first[np.int64(table[slot, 2]) - 1]
            long = offset[row + 1] - offset[row] > 15
            if not long or _same(data, offset[row], offset[row + 1], offset[other], offset[other + 1]):
                return slot
        slot = (slot + np.uint64(1)) & mask
    return slot


@_compiled
def text_codes(data: NDArray[np.uint8], offset: NDArray[np.int64]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Number texts in the order in which they first appear.

    Parameters
    ----------
    data : array of uint8
        The bytes of all texts, one after the other.
    offset : array of int
        Where each text begins; one more, where the last ends.

    Returns
    -------
    codes : array of int32
        Equal for equal texts.
    first : array of int
        The row on which each code appeared first.
    """
    rows = len(offset) - 1
    codes = np.empty(rows, dtype=np.int32)
    table = np.zeros((1024, 3), dtype=np.uint64)  # two words of the text, and its code plus 1
    first = np.empty(512, dtype=np.int64)
    known = 0
    before_low = before_high = np.uint64(0)
    for row in range(rows):
        low, high = _key(data, offset[row], offset[row + 1])
        again = row > 0 and low == before_low and high == before_high and offset[row + 1] - offset[row] <= 15
        before_low, before_high = low, high
        if again:  # rows of one patient often stand together
            codes[row] = codes[row - 1]
            continue
        slot = _find(table, low, high, data, offset, first, row)
        if not table[slot, 2]:
            table[slot, 0], table[slot, 1], table[slot, 2] = low, high, np.uint64(known + 1)
            first[known] = row
            known += 1
        codes[row] = np.int64(table[slot, 2]) - 1
        if known == len(first):
            table = _larger(table)
            first = np.concatenate((first, np.empty(len(table) // 2 - known, dtype=np.int64)))
    return codes, first[:known].copy()


@_compiled
def _sort_by_week(row: NDArray[np.int32], week: Floats) -> None:
    """Sort the rows of one group in place; equal weeks keep their order."""
    if len(row) > _LONG_GROUP:
        row[:] = row[np.argsort(week, kind="mergesort")]
        return
    for place in range(1, len(row)):
        this, moved = week[place], row[place]
        at = place
        while at > 0 and week[at - 1] > this:
            week[at], row[at] = week[at - 1], row[at - 1]
            at -= 1
        week[at], row[at] = this, moved


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
        `relapse_model.features.laboratory.slope`.
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
