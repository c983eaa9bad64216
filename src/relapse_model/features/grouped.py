"""Sums, firsts, lasts and extremes over rows that are sorted by patient. Arrays only, no loop over patients."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


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
