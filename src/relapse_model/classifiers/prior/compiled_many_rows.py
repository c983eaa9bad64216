"""The compiled twin of `many_rows`: a few rows at a time, whose numbers never leave the processor's nearest cache."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from relapse_model.arrays import Floats, Mask, Positions
from relapse_model.classifiers.prior.compiled_mean_sigmoid import compiled, fill_by_pairs
from relapse_model.classifiers.prior.compiled_vectors import (
    LANES,
    TILE_MEMBERS,
    TILE_ROWS,
    add_row_means,
    eight_heat_sums,
    tile_of_sums,
)
from relapse_model.classifiers.prior.sigmoid_table import MOST_VARIANCE, PER_LOG_ODDS, PER_VARIANCE, REACH

_ROWS = 16  # at a time
_WIDTH, _HEIGHT = 1.0 / PER_LOG_ODDS, 1.0 / PER_VARIANCE


@compiled
def add_means(
    design: Floats, missing: Mask, first: Positions, second: Positions, coef: Floats, covariance: Floats,
    used: Positions, spread: Floats, weight: Floats, table: Floats, pairs: NDArray[np.int64], places: Floats,
    weights: Floats, most: Floats, below: Floats, above: Floats, beyond: Mask,
) -> None:  # fmt: skip
    """Add the weighted means of one form to those of each row.

    Parameters
    ----------
    design : array of shape (1 + columns, n)
    missing : array of shape (columns, n)
    first, second, coef, covariance, used, spread, weight
        As `many_rows.PaddedForm` has them.
    table
        As `sigmoid_table` returns it.
    pairs, places, weights, most
        As `node_table` returns them.
    below, above : array of shape (n,)
        Added to.
    beyond : array of shape (n,)
        Becomes true where an sd is too large for pairs of nodes: the row is to be done otherwise.
    """
    members = len(weight)
    size = _ROWS * members
    products = np.zeros(len(first) * _ROWS)
    mean, variance, minor, x, y = _at_line(size), _at_line(size), _at_line(size), _at_line(size), _at_line(size)
    cell, columns = np.empty(size, dtype=np.int32), np.int32(table.shape[1])
    flat, flat_coef, flat_covariance = table.reshape(-1), coef.reshape(-1), covariance.reshape(-1)
    for start in range(0, design.shape[1], _ROWS):
        rows = min(_ROWS, design.shape[1] - start)
        for pair in range(len(first)):
            for row in range(rows):
                products[pair * _ROWS + row] = design[first[pair], start + row] * design[second[pair], start + row]
        _moments(products, flat_coef, len(coef), members, mean)
        _moments(products, flat_covariance, len(first), members, variance)
        _add_missing(missing[:, start : start + rows], used, spread, variance)
        outside = _cells(mean, variance, x, y, cell, columns)
        for at in range(0, size, LANES):
            eight_heat_sums(flat, cell, x, y, at, minor)
        if outside:
            _fill_outside(mean, variance, outside, minor, pairs, places, weights, most, beyond, start, rows, members)
        for row in range(rows):
            add_row_means(mean, minor, row * members, weight, members, below, above, start + row)


@compiled
def _at_line(size: int) -> Floats:
    """Return an array that begins where a line of the processor's cache does."""
    room = np.empty(size + 7)
    first = (-np.int64(room.ctypes.data) // 8) % 8
    return room[first : first + size]


@compiled
def _moments(products: Floats, coef: Floats, terms: int, members: int, found: Floats) -> None:
    for row in range(0, _ROWS, TILE_ROWS):
        for member in range(0, members, TILE_MEMBERS):
            tile_of_sums(products, _ROWS, row, coef, members, member, terms, found)


@compiled
def _add_missing(missing: Mask, used: Positions, spread: Floats, variance: Floats) -> None:
    members = spread.shape[1]
    for row in range(missing.shape[1]):
        for number in range(len(used)):
            if missing[used[number], row]:
                for member in range(members):
                    variance[row * members + member] += spread[number, member]


@compiled
def _cells(
    mean: Floats, variance: Floats, x: Floats, y: Floats, cell: NDArray[np.int32], columns: np.int32
) -> np.int64:
    """Write the cell of each number, 0 where there is none, and where it lies in it; return how many there are not."""
    outside = np.int64(0)
    for at in range(len(mean)):
        size, spread = abs(mean[at]), _not_below_0(variance[at])
        inside = _is_held(size, spread)
        size, spread = size if inside else 0.0, spread if inside else 0.0
        a, b = size * PER_LOG_ODDS, spread * PER_VARIANCE
        column, row = np.int32(a), np.int32(b)
        x[at] = (a - (np.float64(column) + 0.5)) * _WIDTH
        y[at] = (b - (np.float64(row) + 0.5)) * _HEIGHT
        cell[at] = np.int32(row * columns + column)
        outside += np.int64(not inside)
    return outside


@compiled
def _not_below_0(variance: float) -> float:
    return 0.0 if variance < 0.0 else variance  # NaN stays


@compiled
def _is_held(size: float, variance: float) -> bool:
    return (size < REACH) & (variance < MOST_VARIANCE)


@compiled
def _fill_outside(
    mean: Floats, variance: Floats, outside: np.int64, minor: Floats, pairs: NDArray[np.int64], places: Floats,
    weights: Floats, most: Floats, beyond: Mask, start: int, rows: int, members: int,
) -> None:  # fmt: skip
    """Write by nodes what the table does not hold."""
    at, count = np.empty(outside, dtype=np.int64), 0
    for number in range(len(mean)):
        if not _is_held(abs(mean[number]), _not_below_0(variance[number])):
            at[count] = number
            count += 1
    own, sd = mean[at], np.sqrt(np.maximum(variance[at], 0.0))
    below, above = np.zeros(count), np.zeros(count)
    for left in fill_by_pairs(own, sd, below, above, pairs, places, weights, most):
        if at[left] < rows * members:
            beyond[start + at[left] // members] = True
    for number in range(count):
        minor[at[number]] = below[number] if own[number] >= 0 else above[number]
