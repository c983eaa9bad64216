"""The compiled twin of `mean_sigmoid`: the same operations in the same order, without arrays in between.

The first import costs about half a second, so that `logistic_mixture` imports this module only for many rows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

from relapse_model.arrays import Floats
from relapse_model.classifiers.prior.mean_sigmoid import LOG2_E, LOG2_HIGH, LOG2_LOW, REACH, ROUNDING, TAYLOR

_Function = TypeVar("_Function", bound=Callable[..., Any])
_T0, _T1, _T2, _T3, _T4, _T5, _T6, _T7, _T8, _T9, _T10, _T11, _T12, _T13 = TAYLOR


def compiled(function: _Function) -> _Function:
    """Return the function compiled, as all loops here are: without the interpreter's lock, kept on disk."""
    return cast(_Function, njit(cache=True, nogil=True, error_model="numpy")(function))


@compiled
def exponentials(x: Floats, found: Floats, bits: NDArray[np.int64]) -> None:
    """Write exp(x), as `mean_sigmoid.exponential` has it; ``bits`` is room for as many whole numbers."""
    power = bits.view(np.float64)
    for at in range(len(x)):
        k = (x[at] * LOG2_E + ROUNDING) - ROUNDING
        r = (x[at] - k * LOG2_HIGH) - k * LOG2_LOW
        value = ((((((_T0 * r + _T1) * r + _T2) * r + _T3) * r + _T4) * r + _T5) * r + _T6) * r + _T7
        found[at] = (((((value * r + _T8) * r + _T9) * r + _T10) * r + _T11) * r + _T12) * r + _T13
        bits[at] = (np.int64(k) + 1023) << 52  # 2 ** k
    for at in range(len(x)):
        found[at] *= power[at]


@compiled
def fill_by_pairs(
    mean: Floats, sd: Floats, below: Floats, above: Floats, pairs: NDArray[np.int64], places: Floats,
    weights: Floats, most: Floats,
) -> NDArray[np.int64]:  # fmt: skip
    """Write both expectations of each number; return the positions of those whose sd is too large for pairs.

    Parameters
    ----------
    mean, sd, below, above : array of shape (n,)
    pairs, places, weights, most
        As `node_table` returns them.
    """
    count = len(mean)
    order, ends = np.empty(count, dtype=np.int64), np.zeros(len(most) + 2, dtype=np.int64)
    group = np.empty(count, dtype=np.int8)
    for at in range(count):
        own = 0
        for one in range(len(most)):
            own += most[one] < sd[at]
        group[at] = own
        ends[own + 1] += 1
    for one in range(len(most) + 1):
        ends[one + 1] += ends[one]
    place = ends[:-1].copy()
    for at in range(count):
        order[place[group[at]]] = at
        place[group[at]] += 1
    m, s, bits = np.empty(count), np.empty(count), np.empty(count, dtype=np.int64)
    x, a, h, alone, both = np.empty(count), np.empty(count), np.empty(count), np.empty(count), np.empty(count)
    for at in range(count):
        m[at], s[at] = mean[order[at]], sd[order[at]]
    for one in range(len(most)):
        begin, end = ends[one], ends[one + 1]
        if end > begin:
            size = end - begin
            _sum_pairs(m[begin:end], s[begin:end], order[begin:end], below, above, bits[:size],
                       places[one, : pairs[one]], weights[one], x[:size], a[:size], h[:size], alone[:size],
                       both[:size])  # fmt: skip
    return order[ends[-2] :]


@compiled
def _sum_pairs(mean: Floats, sd: Floats, order: NDArray[np.int64], below: Floats, above: Floats,
               bits: NDArray[np.int64], places: Floats, weights: Floats, x: Floats, a: Floats, h: Floats, alone: Floats,
               both: Floats) -> None:  # fmt: skip
    for at in range(len(mean)):
        x[at] = max(-abs(mean[at]), -REACH)
        alone[at], both[at] = 0.0, 0.0
    exponentials(x, a, bits)
    for node in range(len(places)):
        place, weight = places[node], weights[node]
        for at in range(len(mean)):
            x[at] = -(place * sd[at])
        exponentials(x, h, bits)
        for at in range(len(mean)):
            even = h[at] * h[at] + 1.0
            share = weight / ((1.0 + a[at] * a[at]) * h[at] + a[at] * even)
            alone[at] += h[at] * share
            both[at] += even * share
    for at in range(len(mean)):
        squared = a[at] * a[at]
        major = 0.5 + (1.0 - squared) * alone[at]
        minor = a[at] * both[at] + (2.0 * squared) * alone[at]
        if mean[at] >= 0:
            below[order[at]], above[order[at]] = minor, major
        else:
            below[order[at]], above[order[at]] = major, minor
