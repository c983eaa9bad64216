"""Boosted trees grown by a compiled loop: the trees that xgboost's ``hist`` grows, without its cost per tree.

On the few rows of a fold, xgboost spends nearly all of its time around its arithmetic, and the tuning of boosted trees
grows three thousand trees in each fold. This is the same arithmetic, in the same order and the same precision
(gradients and gains in 32 bits, sums in 64), so that the same splits are chosen, ties among them. It knows what
`boosting.grow_trees` asks for and nothing more: logistic loss, depth-wise growth, a least hessian of 1, no limit on
gains, and monotone directions. What a model keeps is always grown by xgboost itself.

The first import costs about half a second, so that `boosting` imports this module only where trees are tuned.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

from relapse_model.arrays import Floats

_Function = TypeVar("_Function", bound=Callable[..., Any])
_LEAST_HESSIAN, _LEAST_GAIN = 1.0, np.float32(1e-6)
_TWO = np.float32(2.0)
_SLACK = 1.0 - 1e-5  # more than the rounding of a gain in 32 bits
_FAR = np.float32(np.finfo(np.float32).max)
Singles = NDArray[np.float32]


def _compiled(function: _Function) -> _Function:
    return cast(_Function, njit(cache=True, nogil=True, error_model="numpy")(function))


@_compiled
def _weight(g: float, h: float, l2: float, low: np.float32, high: np.float32) -> np.float32:
    """Return the best weight of a leaf within its bounds."""
    weight = np.float32(-g / (h + l2)) if h >= _LEAST_HESSIAN else np.float32(0.0)
    return min(max(weight, low), high)


@_compiled
def _gain(g: float, h: float, l2: float, weight: np.float32, bounded: bool) -> np.float32:
    """Return by how much a leaf of this weight lowers the loss."""
    if h <= 0.0:
        return np.float32(0.0)
    if not bounded:
        return np.float32(g * g / (h + l2))
    return -(_TWO * np.float32(g) * weight + (np.float32(h) + np.float32(l2)) * (weight * weight))


@_compiled
def _gradients(margin: Singles, event: Singles, weight: Singles, first: Singles, second: Singles) -> None:
    for row in range(len(margin)):  # apart from the rest, which is done for several rows at once
        first[row] = np.exp(min(-margin[row], np.float32(88.7)))
    for row in range(len(margin)):
        one = np.float32(1.0)
        risk = one / (first[row] + one + np.float32(1e-16))
        first[row] = (risk - event[row]) * weight[row]
        second[row] = max(risk * (one - risk), np.float32(1e-16)) * weight[row]


@_compiled
def _fill(hist: Floats, bins: NDArray[np.uint32], at: NDArray[np.int32], node: int, first: Singles,
          second: Singles) -> None:  # fmt: skip
    """Add up the gradients of a node's rows by column and bin; missing values have a bin behind all others."""
    hist[:] = 0.0
    for row in range(len(at)):
        if at[row] == node:
            g, h = np.float64(first[row]), np.float64(second[row])
            for column in range(bins.shape[1]):
                place = bins[row, column]
                hist[place, 0] += g
                hist[place, 1] += h


@_compiled
def _scan(hist: Floats, begin: int, end: int, total: Floats, start: np.float32, l2: float, sign: int, low: np.float32,
          high: np.float32, bounded: bool, backward: bool, best: Floats) -> bool:  # fmt: skip
    """Look at the splits of one column; write the best into `best` if it is better; tell whether values are missing.

    `best` has the gain, column, last code on the left, whether the missing go left, and the sums of the left side.
    """
    g, h, found = 0.0, 0.0, np.float32(0.0)
    top, at, kept_g, kept_h = found, -1, 0.0, 0.0
    worth = _SLACK * (best[0] + start)
    for step in range(end - begin):
        place = end - 1 - step if backward else begin + step
        g += hist[place, 0]
        h += hist[place, 1]
        other_g, other_h = total[0] - g, total[1] - h
        if h < _LEAST_HESSIAN or other_h < _LEAST_HESSIAN:
            continue
        # What two leaves without bounds would gain is the most: compared without divisions, which cost the most.
        one, two = h + l2, other_h + l2
        if g * g * two + other_g * other_g * one < worth * one * two:
            continue
        own = _weight(g, h, l2, low, high)
        other = _weight(other_g, other_h, l2, low, high)
        rise = own - other if backward else other - own
        if (sign > 0 and rise < 0) or (sign < 0 and rise > 0):
            continue
        if backward:
            found = _gain(other_g, other_h, l2, other, bounded) + _gain(g, h, l2, own, bounded)
        else:
            found = _gain(g, h, l2, own, bounded) + _gain(other_g, other_h, l2, other, bounded)
        found = found - start
        if found > top:
            top, at = found, place - begin + (0 if backward else 1)
            worth = max(worth, _SLACK * (found + start))
            kept_g, kept_h = (other_g, other_h) if backward else (g, h)
    if top > best[0]:
        best[0], best[2], best[3], best[4], best[5] = top, at, backward, kept_g, kept_h
        best[1] = -1.0  # the caller names the column
    return bool(g != total[0] or h != total[1])


@_compiled
def _best_split(hist: Floats, offset: NDArray[np.int32], total: Floats, start: np.float32, l2: float,
                signs: NDArray[np.int32], low: np.float32, high: np.float32, bounded: bool,
                best: Floats) -> None:  # fmt: skip
    best[:] = 0.0
    for column in range(len(signs)):
        begin, end, sign = offset[column], offset[column + 1], signs[column]
        if _scan(hist, begin, end, total, start, l2, sign, low, high, bounded, False, best):
            _scan(hist, begin, end, total, start, l2, sign, low, high, bounded, True, best)
        if best[1] < 0.0:
            best[1] = column


@_compiled
def _move(at: NDArray[np.int32], code: NDArray[np.int32], node: int, best: Floats) -> None:
    """Send the rows of a node to its children, 2 node + 1 and 2 node + 2."""
    column, last = int(best[1]), int(best[2])
    for row in range(len(at)):
        if at[row] == node:
            value = code[row, column]
            left = best[3] > 0.0 if value < 0 else value <= last
            at[row] = 2 * node + (1 if left else 2)


@_compiled
def _split_node(node: int, best: Floats, l2: float, sums: Floats, starts: Singles, leaf: Singles, low: Singles,
                high: Singles, signs: NDArray[np.int32], bounded: bool) -> None:  # fmt: skip
    """Give two children their sums, weights and bounds."""
    left, right = 2 * node + 1, 2 * node + 2
    sums[left, 0], sums[left, 1] = best[4], best[5]
    sums[right, 0], sums[right, 1] = sums[node, 0] - best[4], sums[node, 1] - best[5]
    for child in (left, right):
        leaf[child] = _weight(sums[child, 0], sums[child, 1], l2, low[node], high[node])
        starts[child] = _gain(sums[child, 0], sums[child, 1], l2, leaf[child], bounded)
        low[child], high[child] = low[node], high[node]
    middle = (leaf[left] + leaf[right]) / _TWO
    sign = signs[int(best[1])]
    if sign < 0:
        low[left], high[right] = middle, middle
    elif sign > 0:
        high[left], low[right] = middle, middle


@_compiled
def _root(hist: Floats, offset: NDArray[np.int32], dense: bool, first: Singles, second: Singles, sums: Floats) -> None:
    """Sum the gradients: of the bins of the first column where no value is missing anywhere, else of the rows."""
    g, h = 0.0, 0.0
    if dense:
        for place in range(offset[0], offset[1]):
            g += hist[place, 0]
            h += hist[place, 1]
    else:
        for row in range(len(first)):
            g += first[row]
            h += second[row]
    sums[0, 0], sums[0, 1] = g, h


@_compiled
def _grow(code: NDArray[np.int32], bins: NDArray[np.uint32], new: NDArray[np.int32], offset: NDArray[np.int32],
          first: Singles, second: Singles, depth: int, l2: float, signs: NDArray[np.int32], bounded: bool, dense: bool,
          hist: Floats, sums: Floats, starts: Singles, leaf: Singles, low: Singles, high: Singles,
          at: NDArray[np.int32], at_new: NDArray[np.int32], open_node: NDArray[np.bool_],
          best: Floats) -> None:  # fmt: skip
    """Grow one tree; leave the leaf of each row and of each new row in `at` and `at_new`, and weights in `leaf`."""
    at[:], at_new[:], open_node[:] = 0, 0, False
    open_node[0] = True
    _fill(hist[0], bins, at, 0, first, second)
    _root(hist[0], offset, dense, first, second, sums)
    low[0], high[0] = -_FAR, _FAR
    leaf[0] = _weight(sums[0, 0], sums[0, 1], l2, low[0], high[0])
    starts[0] = _gain(sums[0, 0], sums[0, 1], l2, leaf[0], bounded)
    for node in range(2**depth - 1):
        if not open_node[node]:
            continue
        _best_split(hist[node], offset, sums[node], starts[node], l2, signs, low[node], high[node], bounded, best)
        if np.float32(best[0]) <= _LEAST_GAIN:
            continue
        _split_node(node, best, l2, sums, starts, leaf, low, high, signs, bounded)
        _move(at, code, node, best)
        _move(at_new, new, node, best)
        left, right = 2 * node + 1, 2 * node + 2
        if right < 2**depth - 1:
            open_node[left], open_node[right] = True, True
            built, rest = (right, left) if sums[right, 1] < sums[left, 1] else (left, right)
            _fill(hist[built], bins, at, built, first, second)
            for place in range(hist.shape[1]):
                hist[rest, place, 0] = hist[node, place, 0] - hist[built, place, 0]
                hist[rest, place, 1] = hist[node, place, 1] - hist[built, place, 1]


@_compiled
def places(values: Singles, new: Singles) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Return the place of each value among the different ones of its column, and where the bins of columns begin.

    Between two different values, the boundary is the upper one; below the lowest and above the highest it is as far
    off as that value is large, as xgboost has it.

    Parameters
    ----------
    values, new : array of float32 of shape (n, p), (m, p)
        NaN is missing.

    Returns
    -------
    code : array of int32 of shape (n, p)
        From 1; -1 is missing.
    new_code : array of int32 of shape (m, p)
        How many boundaries are at or below each new value, from 0; -1 is missing.
    offset : array of int32 of shape (p + 1,)
        Column j has the bins from ``offset[j]`` to ``offset[j + 1]``.
    """
    code, new_code = np.full(values.shape, -1, dtype=np.int32), np.full(new.shape, -1, dtype=np.int32)
    offset = np.zeros(values.shape[1] + 1, dtype=np.int32)
    for column in range(values.shape[1]):
        known = np.unique(values[:, column][~np.isnan(values[:, column])])
        offset[column + 1] = offset[column] + len(known)
        bounds = np.empty(len(known) + 1, dtype=np.float32)
        if len(known):
            bounds[:-1] = known
            bounds[0] = known[0] - (abs(known[0]) + np.float32(1e-5))
            bounds[-1] = known[-1] + (abs(known[-1]) + np.float32(1e-5))
            for row in range(len(values)):
                if not np.isnan(values[row, column]):
                    code[row, column] = np.searchsorted(bounds, values[row, column], side="right")
        for row in range(len(new)):
            if not np.isnan(new[row, column]):
                new_code[row, column] = np.searchsorted(bounds, new[row, column], side="right") if len(known) else 0
    return code, new_code, offset


@_compiled
def grown_margins(
    code: NDArray[np.int32], new: NDArray[np.int32], offset: NDArray[np.int32], event: Singles, weight: Singles,
    margin: Singles, new_margin: Singles, counts: NDArray[np.int64], depth: int, l2: float, rate: np.float32,
    signs: NDArray[np.int32],
) -> Singles:  # fmt: skip
    """Return the log-odds of new rows after each number of trees, shape (counts, new rows).

    Parameters
    ----------
    code, new, offset
        As `places` returns them.
    event, weight, margin : array of float32 of shape (n,)
        `margin` is where the trees start, and is changed.
    new_margin : array of float32 of shape (m,)
    counts : array of int
        Numbers of trees, ascending.
    depth, l2, rate, signs
        As `boosting.grow_trees` names them; signs for each column.
    """
    nodes, bounded, dense = 2 ** (depth + 1) - 1, bool(np.any(signs != 0)), bool(np.all(code > 0))
    hist, sums = np.zeros((nodes, offset[-1] + 1, 2)), np.zeros((nodes, 2))
    bins = np.where(code > 0, offset[:-1] + code - 1, offset[-1]).astype(np.uint32)
    starts, leaf, low, high = np.zeros((4, nodes), dtype=np.float32)
    at, at_new = np.zeros(len(code), dtype=np.int32), np.zeros(len(new), dtype=np.int32)
    open_node, best = np.zeros(nodes, dtype=np.bool_), np.zeros(6)
    first, second = np.empty(len(code), dtype=np.float32), np.empty(len(code), dtype=np.float32)
    found, place, total = np.empty((len(counts), len(new)), dtype=np.float32), 0, new_margin.copy()
    for done in range(counts[-1] + 1):
        if done == counts[place]:
            found[place] = total
            place += 1
        if place == len(counts):
            break
        _gradients(margin, event, weight, first, second)
        _grow(code, bins, new, offset, first, second, depth, l2, signs, bounded, dense, hist, sums, starts, leaf, low,
              high, at, at_new, open_node, best)  # fmt: skip
        for row in range(len(margin)):
            margin[row] += leaf[at[row]] * rate
        for row in range(len(total)):
            total[row] += leaf[at_new[row]] * rate
    return found
