"""Patients put together for a figure: whatever it draws, a mark stands for five of them at least."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from relapse_model.arrays import Floats
from relapse_model.small_counts import SMALL

FEWEST_QUARTILES = 10  # patients of whom quartiles are drawn: of fewer, each is nearly a patient's own value


def neighbours(values: Floats, most: int) -> list[NDArray[np.intp]]:
    """Return groups of patients with neighbouring values, in order: at least 5 in each, equal values together.

    Parameters
    ----------
    values : array of shape (n,)
        Known values.
    most : int
        Groups, at most.

    Returns
    -------
    list of array of int
        Positions; none for fewer than 5 patients.

    Examples
    --------
    >>> [rows.tolist() for rows in neighbours(np.array([7.0, 1, 2, 2, 1, 9, 8, 6, 5, 4, 3]), 2)]
    [[1, 4, 2, 3, 10, 9], [8, 7, 0, 6, 5]]
    """
    order = np.argsort(values, kind="stable")
    size = max(SMALL, int(np.ceil(len(values) / most)))
    groups, start = [], 0
    for place in range(1, len(order) + 1):
        end = place == len(order)
        if place - start >= size and (end or values[order[place]] != values[order[place - 1]]):
            groups.append(order[start:place])
            start = place
    rest = order[start:]
    if len(rest) >= SMALL:
        groups.append(rest)
    elif len(rest) and groups:
        groups[-1] = np.concatenate([groups[-1], rest])
    return groups


def outcome_groups(risk: Floats, outcome: Floats, most: int) -> list[NDArray[np.intp]]:
    """Return groups of patients with neighbouring risks, each with at least 5 patients with the outcome and 5 without.

    Parameters
    ----------
    risk, outcome : array of shape (n,)
        The outcome is 1 or 0.
    most : int
        Groups, at most.

    Returns
    -------
    list of array of int
        Positions, equal risks together; none where one group cannot have as many.

    Examples
    --------
    >>> risk = np.arange(24) / 100
    >>> [len(rows) for rows in outcome_groups(risk, np.tile([0.0, 1.0], 12), 5)]
    [10, 14]
    """
    order = np.argsort(risk, kind="stable")
    size = int(np.ceil(len(risk) / max(most, 1)))
    groups, start = [], 0
    for place in range(1, len(order) + 1):
        rows = order[start:place]
        with_it = int(outcome[rows].sum())
        last_of_equal = place == len(order) or risk[order[place]] != risk[order[place - 1]]
        if last_of_equal and len(rows) >= size and min(with_it, len(rows) - with_it) >= SMALL:
            groups.append(rows)
            start = place
    if groups and start < len(order):
        groups[-1] = np.concatenate([groups[-1], order[start:]])
    return groups


def wide_bins(values: Floats, edges: Floats) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """Return bins with at least 5 patients each, made of neighbouring ones: lower and upper edges, and counts.

    Empty bins at both ends are left out. Fewer than 5 patients have no bin.

    Parameters
    ----------
    values : array of shape (n,)
        Within the edges.
    edges : array of shape (k + 1,)

    Examples
    --------
    >>> low, high, counts = wide_bins(np.array([1.5] * 3 + [2.5] * 4 + [4.5] * 6 + [5.5]), np.arange(8.0))
    >>> low.tolist(), high.tolist(), counts.tolist()
    ([1.0, 3.0], [3.0, 6.0], [7, 7])
    """
    count, _ = np.histogram(values, edges)
    filled = np.flatnonzero(count)
    ends: list[int] = []
    start = int(filled[0]) if len(filled) else 0
    first = start
    for place in range(first, int(filled[-1]) + 1 if len(filled) else 0):
        if count[start : place + 1].sum() >= SMALL:
            ends.append(place + 1)
            start = place + 1
    if ends:
        ends[-1] = int(filled[-1]) + 1  # what is left over joins the last bin
    bounds = np.array([first, *ends], dtype=np.intp)
    inside = np.add.reduceat(count[: bounds[-1]], bounds[:-1]) if ends else np.zeros(0, dtype=np.intp)
    return edges[bounds[:-1]], edges[bounds[1:]], np.asarray(inside, dtype=np.intp)


def two_figures(values: Floats) -> Floats:
    """Return values with two significant figures: a quartile of few is then no laboratory result to the digit.

    Parameters
    ----------
    values : array

    Examples
    --------
    >>> two_figures(np.array([0.0, 0.04567, 1234.5])).tolist()
    [0.0, 0.046, 1200.0]
    """
    return np.array([float(f"{value:.2g}") for value in values])
