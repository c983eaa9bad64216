"""Sums, firsts, lasts and extremes over rows that are sorted by patient. Arrays only, no loop over patients."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Floats

# Measured: loading the compiled kernels takes 0.6 s in each process (compiling them, once a machine, takes longer).
# They order a million shuffled rows in 0.03 s and arrays in 0.2 s; 3.3 million in 0.13 s and 0.54 s, 10 million in 0.5
# and 2.7 s. Ordering alone pays for the loading from about five million rows; with the summaries of the same table, of
# eight analytes, from about two million. The number for summaries is the rows of one analyte of such a table. Set by
# size alone, so that the same table gives the same numbers to the last digit, whatever was computed before.
ROWS_TO_ORDER, ROWS_TO_SUMMARISE = 2_000_000, 250_000


@dataclass(frozen=True, slots=True)
class Groups:
    """Where the rows of each patient begin and end, for patients who have rows.

    Attributes
    ----------
    owner : array of int
        The patient of each group.
    start, end : array of int
        Its first row, and one past its last.
    patients : int
        Number of all patients, with rows or without.
    """

    owner: NDArray[np.intp]
    start: NDArray[np.intp]
    end: NDArray[np.intp]
    patients: int


def kernels(rows: int, worth: int) -> ModuleType | None:
    """Return the compiled kernels, or ``None`` where there are fewer rows than they are worth, or no Numba."""
    return _loaded() if rows >= worth else None


@cache
def _loaded() -> ModuleType | None:
    try:
        from relapse_model.cohort import compiled_loops as module
    except ImportError:
        return None
    return module


def ordered(
    group: NDArray[np.signedinteger[Any]], week: Floats | None, groups: int
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Order rows by group, then week, then their order in the table; leave out those of a negative group.

    Parameters
    ----------
    group : array of int
        From 0 to `groups` less one, or negative.
    week : array of float or None
        None: the rows of each group stand in order of their weeks.
    groups : int

    Returns
    -------
    row : array of int32
        The rows in order.
    start : array of int, shape (groups + 1,)
        Where each group begins in `row`; last, where the last group ends.

    Examples
    --------
    >>> import numpy as np
    >>> ordered(np.array([1, 0, -1, 1]), np.array([8.0, 0.0, 0.0, 4.0]), 2)
    (array([1, 3, 0], dtype=int32), array([0, 1, 3]))
    """
    compiled = None if week is None else kernels(len(group), ROWS_TO_ORDER)
    if compiled is not None:
        row, start = compiled.order(group, week, groups)
        return row, start
    place = np.maximum(group, -1) + 1  # those that are left out come first
    rows = np.bincount(place, minlength=groups + 1)
    order = order_of(place) if week is None else order_of(_rank(week), place)
    return order[rows[0] :].astype(np.int32), np.append(0, np.cumsum(rows[1:]))


def order_of(*keys: NDArray[np.signedinteger[Any]]) -> NDArray[np.intp]:
    """Return what `np.lexsort(keys)` returns, in a third of its time: numbers of 16 bits are counted, not compared.

    Parameters
    ----------
    *keys : array of int
        None negative; the last one counts most.

    Examples
    --------
    >>> order_of(np.array([2, 1, 1]), np.array([0, 70000, 0])).tolist()
    [2, 0, 1]
    """
    order = np.arange(len(keys[-1]))
    for key in keys:
        for shift in range(0, int(key.max(initial=0)).bit_length(), 16):
            digit = (key >> shift).astype(np.uint16)
            order = order[np.argsort(digit[order], kind="stable")]
    return order


def in_time(patient: NDArray[np.signedinteger[Any]], week: Floats) -> bool:
    """Tell whether rows stand in order of patient and week."""
    same = patient[1:] == patient[:-1]
    return bool(np.all((patient[1:] > patient[:-1]) | (same & (week[1:] >= week[:-1]))))


def _rank(week: Floats) -> NDArray[np.intp]:
    """Return the rank of each week among the different ones, which are few."""
    code, weeks = pd.factorize(week, use_na_sentinel=False)
    rank = np.empty(len(weeks), dtype=np.intp)
    rank[np.argsort(weeks)] = np.arange(len(weeks))
    return rank[code]


def groups(patient: NDArray[np.intp], patients: int) -> Groups:
    """Find the groups of rows in a sorted array of patients."""
    if not len(patient):
        empty = np.zeros(0, dtype=np.intp)
        return Groups(empty, empty, empty, patients)
    start = np.append(0, np.flatnonzero(patient[1:] != patient[:-1]) + 1)
    return Groups(patient[start], start, np.append(start[1:], len(patient)), patients)


def spread(result: Floats, to: Groups, without_rows: float = np.nan) -> Floats:
    """Lay a result per group out over all patients."""
    full = np.full(to.patients, without_rows)
    full[to.owner] = result
    return full


def total(values: Floats, of: Groups) -> Floats:
    """Sum within groups."""
    return np.add.reduceat(values, of.start) if len(of.start) else np.zeros(0)


def size(of: Groups) -> Floats:
    """Count the rows of each group."""
    return (of.end - of.start).astype(float)
