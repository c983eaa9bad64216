"""The compiled twin of `sigmoid_table`: the same operations in the same order, number by number."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from relapse_model.arrays import Floats
from relapse_model.classifiers.prior.compiled_mean_sigmoid import compiled
from relapse_model.classifiers.prior.sigmoid_table import (
    DEGREES,
    EDGES,
    MOST_VARIANCE,
    PER_LOG_ODDS,
    PER_VARIANCE,
    REACH,
)

assert DEGREES == (6, 5, 4, 2, 1)  # as they are written out below
_E0, _E1, _E2, _E3, _E4 = EDGES
_AT_ONCE = 512


@compiled
def fill_by_table(mean: Floats, variance: Floats, table: Floats) -> NDArray[np.int64]:
    """Write both expectations of each number over it; return the positions of those that the table does not hold.

    Parameters
    ----------
    mean, variance : array of shape (n,)
        Become the expectations of sigmoid(eta) and of sigmoid(-eta).
    table
        As `sigmoid_table` returns it.
    """
    rest, count = np.empty(len(mean), dtype=np.int64), 0
    x, y, place = np.empty(_AT_ONCE), np.empty(_AT_ONCE), np.empty(_AT_ONCE, dtype=np.int64)
    flat = table.reshape(-1)
    for start in range(0, len(mean), _AT_ONCE):
        m, v = mean[start : start + _AT_ONCE], variance[start : start + _AT_ONCE]
        _places(m, v, x, y, place, table.shape[1], table.shape[2])
        for at in range(len(m)):
            if place[at] < 0:
                rest[count] = start + at
                count += 1
                continue
            minor = _polynomial(flat, np.uint64(place[at]), x[at], y[at])
            major = 1.0 - minor
            positive = m[at] >= 0
            m[at], v[at] = major if positive else minor, minor if positive else major
    return rest[:count]


@compiled
def _places(m: Floats, v: Floats, x: Floats, y: Floats, place: NDArray[np.int64], columns: int, width: int) -> None:
    """Write the cell of each number, -1 where there is none, and where in it the number lies, from -1 to 1."""
    for at in range(len(m)):
        size, spread = abs(m[at]), max(v[at], 0.0)
        inside = (size < REACH) & (spread < MOST_VARIANCE)
        size, spread = size if inside else 0.0, spread if inside else 0.0
        a, b = size * PER_LOG_ODDS, spread * PER_VARIANCE
        column, row = np.int64(a), np.int64(b)
        x[at], y[at] = (a - column) * 2.0 - 1.0, (b - row) * 2.0 - 1.0
        row += np.int64(spread > _E0) + np.int64(spread > _E1) + np.int64(spread > _E2)
        row += np.int64(spread > _E3) + np.int64(spread > _E4)
        place[at] = (row * columns + column) * width if inside else -1


@compiled
def _polynomial(c: Floats, at: np.uint64, x: float, y: float) -> float:
    u = np.uint64  # not signed: no index counts from the end
    found = c[at] * x + c[at + u(1)]
    found = found * y + ((c[at + u(2)] * x + c[at + u(3)]) * x + c[at + u(4)])
    one = (((c[at + u(5)] * x + c[at + u(6)]) * x + c[at + u(7)]) * x + c[at + u(8)]) * x + c[at + u(9)]
    found = found * y + one
    one = ((c[at + u(10)] * x + c[at + u(11)]) * x + c[at + u(12)]) * x + c[at + u(13)]
    found = found * y + ((one * x + c[at + u(14)]) * x + c[at + u(15)])
    one = ((c[at + u(16)] * x + c[at + u(17)]) * x + c[at + u(18)]) * x + c[at + u(19)]
    found = found * y + (((one * x + c[at + u(20)]) * x + c[at + u(21)]) * x + c[at + u(22)])
    return float(found)
