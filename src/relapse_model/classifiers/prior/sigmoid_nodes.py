"""The numbers by which means of the sigmoid are summed, and exponentials computed, by arrays and by a compiled loop."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from relapse_model.arrays import Floats

# Gauss-Hermite nodes, and the largest sd of the log-odds for which so many differ from 32 by less than 1e-11 in any
# risk, and by less than 1e-10 of it. The error of 32 is below 1e-10 for an sd of 1, 2e-7 for 2, 2e-5 for 3.
NODES = ((6, 0.23), (8, 0.36), (10, 0.47), (12, 0.56), (16, 0.73), (24, 0.98), (32, 60.0))
# exp(x) = 2 ** k exp(r), |r| <= log(2) / 2; log(2) in two parts, the first exact when multiplied by k
LOG2_E, LOG2_HIGH, LOG2_LOW = 1.4426950408889634, 0.6931471803691238, 1.9082149292705877e-10
ROUNDING = 6755399441055744.0  # 1.5 * 2 ** 52: added and taken away again, it leaves the nearest whole number
REACH = 708.0  # log-odds: beyond, a risk is nothing in 64 bits
TAYLOR = tuple(float(1.0 / np.prod(np.arange(1.0, k + 1.0))) for k in range(13, -1, -1))  # highest power first


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
