"""Means of the sigmoid of a normal log-odds: numpy for few rows, a compiled loop for many, with the same bits.

Both do the same additions, multiplications and divisions in the same order, the exponential among them, which is why it
is written out here: a patient's risk does not depend on how many others are scored with him.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

import numpy as np
from numpy.typing import NDArray

from relapse_model.arrays import Floats, Positions
from relapse_model.classifiers.shared.risks import sigmoid

# Gauss-Hermite nodes, and the largest sd of the log-odds for which so many differ from 32 by less than 1e-11 in any
# risk, and by less than 1e-10 of it. The error of 32 is below 1e-10 for an sd of 1, 2e-7 for 2, 2e-5 for 3.
NODES = ((6, 0.23), (8, 0.36), (10, 0.47), (12, 0.56), (16, 0.73), (24, 0.98), (32, 60.0))
# exp(x) = 2 ** k exp(r), |r| <= log(2) / 2; log(2) in two parts, the first exact when multiplied by k
LOG2_E, LOG2_HIGH, LOG2_LOW = 1.4426950408889634, 0.6931471803691238, 1.9082149292705877e-10
ROUNDING = 6755399441055744.0  # 1.5 * 2 ** 52: added and taken away again, it leaves the nearest whole number
REACH = 708.0  # log-odds: beyond, a risk is nothing in 64 bits
TAYLOR = tuple(float(1.0 / np.prod(np.arange(1.0, k + 1.0))) for k in range(13, -1, -1))  # highest power first
_MOST_NODES = NODES[-1][0]
_AT_ONCE = 2_000  # numbers whose arrays stay in the processor's nearest cache


Fill = Callable[..., Positions]


def mean_sigmoid(mean: Floats, sd: Floats, fill: Fill | None = None) -> tuple[Floats, Floats]:
    """Return E[sigmoid(-eta)] and E[sigmoid(eta)] for eta ~ Normal(mean, sd ** 2), with as many nodes as it takes.

    With a = exp(-|mean|), h = exp(-d) for nodes at distances d on both sides of the mean, and
    s = 1 / (1 + a (h + 1 / h) + a ** 2), the larger of the two expectations is 1 / 2 + (1 - a ** 2) sum(w s), and the
    smaller a sum(w (h + 1 / h) s) + 2 a ** 2 sum(w s): no difference in which digits could be lost.

    Parameters
    ----------
    mean, sd : ndarray of shape (n, B)
    fill : callable, optional
        The compiled loop, `fill_by_pairs`; the result is the same to the last bit.

    Returns
    -------
    below, above : ndarray of shape (n, B)

    Examples
    --------
    >>> below, above = mean_sigmoid(np.array([[0.0, 2.0]]), np.array([[1.0, 0.0]]))
    >>> above.round(6).tolist()
    [[0.5, 0.880797]]
    """
    flat_mean, flat_sd = np.ascontiguousarray(mean).ravel(), np.ascontiguousarray(sd).ravel()
    below, above = np.empty(flat_mean.shape), np.empty(flat_mean.shape)
    rest = np.arange(0)
    if fill is not None:
        rest = fill(flat_mean, flat_sd, below, above, *node_table())
    else:
        group = np.searchsorted([most for _, most in NODES], flat_sd).astype(np.int8)
        order = np.argsort(group, kind="stable")
        ends = np.cumsum(np.bincount(group, minlength=len(NODES) + 1))
        *by_group, rest = np.split(order, ends[:-1])
        for (count, _), members in zip(NODES, by_group, strict=True):
            for chosen in _parts(members):
                below[chosen], above[chosen] = _by_pairs(flat_mean[chosen], flat_sd[chosen], count)
    for chosen in _parts(rest):
        below[chosen], above[chosen] = _by_nodes(flat_mean[chosen], flat_sd[chosen], _MOST_NODES)
    return below.reshape(mean.shape), above.reshape(mean.shape)


def _parts(members: Positions) -> Iterator[Positions]:
    for start in range(0, len(members), _AT_ONCE):
        yield members[start : start + _AT_ONCE]


def exponential(x: Floats) -> Floats:
    """Return exp(x) for -708 <= x <= 708, to 64 bits but for the last."""
    k = (x * LOG2_E + ROUNDING) - ROUNDING
    r = (x - k * LOG2_HIGH) - k * LOG2_LOW
    found = np.full(r.shape, TAYLOR[0])
    for coefficient in TAYLOR[1:]:
        found *= r
        found += coefficient
    found *= ((k.astype(np.int64) + 1023) << 52).view(np.float64)  # 2 ** k
    return found


def _by_pairs(mean: Floats, sd: Floats, nodes: int) -> tuple[Floats, Floats]:
    """Sum over the nodes two by two: they lie at equal distances on both sides of the mean."""
    a = exponential(np.maximum(-np.abs(mean), -REACH))
    squared = a * a
    base, alone, both = 1.0 + squared, np.zeros_like(a), np.zeros_like(a)
    for place, weight in zip(*pairs_of_nodes(nodes), strict=True):
        h = exponential(-(place * sd))
        even = h * h + 1.0
        share = weight / (base * h + a * even)
        alone += h * share
        both += even * share
    major, minor = 0.5 + (1.0 - squared) * alone, a * both + (2.0 * squared) * alone
    positive = mean >= 0
    return np.where(positive, minor, major), np.where(positive, major, minor)


def _by_nodes(mean: Floats, sd: Floats, nodes: int) -> tuple[Floats, Floats]:
    """Sum over the nodes one by one: for an sd so large that the cosh of their distance would overflow."""
    place, weight = np.polynomial.hermite_e.hermegauss(nodes)
    below, above = np.zeros_like(mean), np.zeros_like(mean)
    for at, share in zip(place, weight / weight.sum(), strict=True):  # not @, whose last bit depends on the row's place
        eta = mean + sd * at
        below += share * sigmoid(-eta)
        above += share * sigmoid(eta)
    return below, above


@cache
def pairs_of_nodes(count: int) -> tuple[Floats, Floats]:
    """Return the distances and weights of the nodes on one side of the mean."""
    place, weight = np.polynomial.hermite_e.hermegauss(count)
    return place[count // 2 :], (weight / weight.sum())[count // 2 :]


@cache
def node_table() -> tuple[NDArray[np.int64], Floats, Floats, Floats]:
    """Return for each group of sds its pairs, and their places and weights; and the largest sd of each group."""
    pairs = np.array([count // 2 for count, _ in NODES])
    place, weight = np.zeros((len(NODES), pairs.max())), np.zeros((len(NODES), pairs.max()))
    for group, (count, _) in enumerate(NODES):
        place[group, : pairs[group]], weight[group, : pairs[group]] = pairs_of_nodes(count)
    return pairs, place, weight, np.array([most for _, most in NODES])
