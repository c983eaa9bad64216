"""Means of the sigmoid of a normal log-odds for many rows, from a table over its mean and variance.

The table is of what `mean_sigmoid` computes, number of nodes for number of nodes: a polynomial in both for each cell of
1/16 in the mean and 0.02 in the variance. It differs from it by less than 1e-13, and by less than 3e-13 of a small
risk (a test compares them everywhere); only a variance within a rounding of where the number of nodes changes may be
counted to the other side, where both are within 1e-11. A polynomial takes a third of the time of the nodes. Like the
nodes, it has a compiled twin with the same bits.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from relapse_model.arrays import Floats, Positions
from relapse_model.classifiers.prior.mean_sigmoid import NODES, Fill, mean_sigmoid, pairs_of_nodes

PER_LOG_ODDS = 16  # cells
REACH = 12.0  # log-odds
MOST_VARIANCE = 0.9604  # 0.98 ** 2: above, 32 nodes are needed, and the steps of a table would have to be finer
PER_VARIANCE = 50  # cells, and one more for each that a limit of `NODES` cuts in two: a polynomial on either side
EDGES = tuple(most**2 for _, most in NODES[:-2])
# Powers of the mean kept beside each power of the variance: a second derivative in the one is like half a first in the
# other (the heat equation), so that high powers of both together are nothing.
DEGREES = (6, 5, 4, 2, 1)
_WIDE, _WIDE_MEANS = 8, 12  # cells, and nodes
_MEANS, _VARIANCES = DEGREES[0] + 1, len(DEGREES)
COEFFICIENTS = sum(degree + 1 for degree in DEGREES)
_ROW = 24  # numbers of a cell: three lines of the processor's cache
_AT_ONCE = 4_000  # numbers whose arrays stay in the processor's nearest cache


FillByTable = Callable[..., Positions]


def mean_sigmoid_by_table(
    mean: Floats, variance: Floats, fill: FillByTable | None = None, fill_rest: Fill | None = None
) -> tuple[Floats, Floats]:
    """Return E[sigmoid(-eta)] and E[sigmoid(eta)] for eta ~ Normal(mean, variance); both arrays are written over.

    Parameters
    ----------
    mean, variance : ndarray of shape (n, B), contiguous
        A variance below 0, by rounding, counts as 0.
    fill, fill_rest : callable, optional
        The compiled loops, `fill_by_table` and `fill_by_pairs`; the result is the same to the last bit.

    Returns
    -------
    below, above : ndarray of shape (n, B)
        In the memory of ``variance`` and ``mean``.

    Examples
    --------
    >>> below, above = mean_sigmoid_by_table(np.array([[0.0, 2.0]]), np.array([[1.0, 0.0]]))
    >>> above.round(6).tolist()
    [[0.5, 0.880797]]
    """
    flat_mean, flat_variance = mean.reshape(-1), variance.reshape(-1)
    if fill is None:
        fill = _fill_by_arrays
    rest = fill(flat_mean, flat_variance, sigmoid_table())
    if len(rest):
        sd = np.sqrt(np.maximum(flat_variance[rest], 0.0))
        flat_variance[rest], flat_mean[rest] = mean_sigmoid(flat_mean[rest], sd, fill_rest)
    return variance, mean


def _fill_by_arrays(mean: Floats, variance: Floats, table: Floats) -> Positions:
    inside = (np.abs(mean) < REACH) & (variance < MOST_VARIANCE)
    for start in range(0, len(mean), _AT_ONCE):
        own = start + np.flatnonzero(inside[start : start + _AT_ONCE])
        minor = _polynomials(np.abs(mean[own]), np.maximum(variance[own], 0.0), table)
        positive = mean[own] >= 0
        variance[own] = np.where(positive, minor, 1.0 - minor)
        mean[own] = np.where(positive, 1.0 - minor, minor)
    return np.flatnonzero(~inside)


def _polynomials(size: Floats, variance: Floats, table: Floats) -> Floats:
    x, y = size * PER_LOG_ODDS, variance * PER_VARIANCE
    column, row = x.astype(np.int64), y.astype(np.int64)
    x, y = (x - column) * 2.0 - 1.0, (y - row) * 2.0 - 1.0
    for edge in EDGES:
        row += variance > edge
    place = (row * table.shape[1] + column) * _ROW
    flat, at = table.reshape(-1), 0
    found = np.zeros(len(x))
    for degree in DEGREES[::-1]:
        one = flat[place + at]
        for power in range(1, degree + 1):
            one *= x
            one += flat[place + (at + power)]
        at += degree + 1
        found *= y
        found += one
    return found


@cache
def sigmoid_table() -> Floats:
    """Return the polynomials of the smaller of both means, made when they are first needed (10 to 20 ms).

    Returns
    -------
    ndarray of shape (54, 192, 24)
        By cell of the variance and of the mean; by the powers of the variance, highest first, and of the mean within,
        highest first; then a zero.
    """
    low = np.arange(np.ceil(MOST_VARIANCE * PER_VARIANCE)) / PER_VARIANCE
    above = np.searchsorted(EDGES, low, side="right")  # limits that are passed where the cell begins, and where it ends
    passed = np.searchsorted(EDGES, low + 1.0 / PER_VARIANCE, side="left")
    first = np.repeat(low, passed - above + 1)
    group = np.concatenate([np.arange(one, other + 1) for one, other in zip(above, passed, strict=True)])
    table = np.zeros((len(first), round(REACH * PER_LOG_ODDS), _ROW))
    for number, (count, _) in enumerate(NODES[:-1]):
        table[group == number, :, :COEFFICIENTS] = _cell_polynomials(first[group == number], count)
    return table


def _cell_polynomials(low: Floats, nodes: int) -> Floats:
    """Return the coefficients of each cell: the Chebyshev interpolant, without the products that are nothing.

    Along the mean it goes through the interpolant of 8 cells together, of degree 11, right to 1e-15: fewer values
    are to be computed.
    """
    in_mean, in_variance = _chebyshev_nodes(_WIDE_MEANS), _chebyshev_nodes(_VARIANCES)
    wide = np.arange(round(REACH * PER_LOG_ODDS) // _WIDE)
    mean = (wide[:, None] + 0.5 * (in_mean + 1.0)) * _WIDE / PER_LOG_ODDS
    variance = low[:, None] + 0.5 * (in_variance + 1.0) / PER_VARIANCE
    minor = _minor(mean.ravel(), np.sqrt(variance).ravel(), nodes)
    minor = minor.reshape(len(low), _VARIANCES, len(wide), _WIDE_MEANS) @ _from_wide(in_mean).T
    minor = minor.reshape(len(low), _VARIANCES, len(wide) * _WIDE, _MEANS).transpose(0, 2, 1, 3)
    by_chebyshev = _to_chebyshev(in_variance) @ minor
    for power, degree in enumerate(DEGREES):
        by_chebyshev[:, :, power, degree + 1 :] = 0.0
    by_power = _to_powers(_VARIANCES) @ by_chebyshev @ _to_powers(_MEANS).T
    chosen = [by_power[:, :, power, DEGREES[power] :: -1] for power in range(_VARIANCES - 1, -1, -1)]
    return np.concatenate(chosen, axis=2)


def _from_wide(in_mean: Floats) -> Floats:
    """Return the matrix from values at the nodes of a wide cell to Chebyshev coefficients of the cells in it."""
    nodes = _chebyshev_nodes(_MEANS)
    places = 2.0 * (np.arange(_WIDE)[:, None] + 0.5 * (nodes + 1.0)) / _WIDE - 1.0
    values = np.polynomial.chebyshev.chebvander(places, len(in_mean) - 1) @ _to_chebyshev(in_mean)
    return np.asarray((_to_chebyshev(nodes) @ values).reshape(-1, len(in_mean)))


def _minor(mean: Floats, sd: Floats, nodes: int) -> Floats:
    """Return the smaller mean of each sd with each mean (not below 0), as `mean_sigmoid` has it."""
    a = np.exp(-mean)
    base, found = 1.0 + a * a, np.zeros((len(sd), len(mean)))
    for place, weight in zip(*pairs_of_nodes(nodes), strict=True):
        h = np.exp(-(place * sd))[:, None]
        even = h * h + 1.0
        found += (weight * (even + 2.0 * a * h)) / (base * h + a * even)
    found *= a
    return found


def _chebyshev_nodes(count: int) -> Floats:
    return np.asarray(np.cos((np.arange(count) + 0.5) * np.pi / count))


def _to_chebyshev(nodes: Floats) -> Floats:
    """Return the matrix from values at the nodes to coefficients of the Chebyshev polynomials."""
    return np.asarray(np.linalg.inv(np.polynomial.chebyshev.chebvander(nodes, len(nodes) - 1)))


def _to_powers(count: int) -> Floats:
    """Return the matrix from coefficients of the Chebyshev polynomials to those of the powers."""
    columns = [np.polynomial.chebyshev.cheb2poly(row) for row in np.eye(count)]
    return np.column_stack([np.pad(column, (0, count - len(column))) for column in columns])
