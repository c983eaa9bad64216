"""Means of the sigmoid of a normal log-odds for many rows, from a table over its mean and variance.

The mean solves the heat equation: a derivative in the variance is half a second one in the log-odds. In each cell of
1/8 in the mean and 1/64 in the variance it is therefore a sum of only eight heat polynomials about the middle of the
cell, H0 = 1, H1 = x, H(k+1) = x Hk + k y H(k-1), whose coefficients fill one line of the processor's cache. They are
fitted to what `mean_sigmoid` computes, and differ from it by less than 2e-11, and by less than 5e-11 of a small risk (a
test compares them everywhere).
"""

from __future__ import annotations

from functools import cache

import numpy as np

from relapse_model.arrays import Floats, Mask
from relapse_model.classifiers.prior.mean_sigmoid import NODES, pairs_of_nodes

PER_LOG_ODDS = 8  # cells; a power of two, so that a place in a cell is found without rounding
REACH = 12.0  # log-odds
PER_VARIANCE = 64  # cells; a power of two too
MOST_VARIANCE = 1.5  # above, the error of the 32 nodes of `mean_sigmoid` is seen, which obeys no heat equation
COEFFICIENTS = 8
_FIT_MEANS, _FIT_VARIANCES = 9, 5  # places of a cell at which it is fitted


def held(size: Floats, variance: Floats) -> Mask:
    """Tell which numbers the table holds, by the distance of their mean from 0 and their variance."""
    return np.asarray((size < REACH) & (variance < MOST_VARIANCE))


def smaller_means(size: Floats, variance: Floats, table: Floats) -> Floats:
    """Return E[sigmoid(-eta)] for eta ~ Normal(size, variance), of numbers that the table holds.

    Parameters
    ----------
    size, variance : ndarray of shape (n,)
        Neither below 0.
    table : ndarray
        What `sigmoid_table` returns.

    Examples
    --------
    >>> smaller_means(np.array([0.0, 2.0]), np.array([1.0, 0.0]), sigmoid_table()).round(6).tolist()
    [0.5, 0.119203]
    """
    x, y = size * PER_LOG_ODDS, variance * PER_VARIANCE
    column, row = x.astype(np.int32), y.astype(np.int32)
    x, y = (x - (column + 0.5)) * (1.0 / PER_LOG_ODDS), (y - (row + 0.5)) * (1.0 / PER_VARIANCE)
    cell = row * np.int32(table.shape[1]) + column
    flat = table.reshape(-1, COEFFICIENTS)
    one = flat[cell, COEFFICIENTS - 1]
    found = flat[cell, COEFFICIENTS - 2] + x * one
    for k in range(COEFFICIENTS - 3, -1, -1):  # Clenshaw's recurrence, as the compiled twin has it
        found, one = (flat[cell, k] + x * found) + (y * (k + 1.0)) * one, found
    return np.asarray(found)


@cache
def sigmoid_table() -> Floats:
    """Return the coefficients of the smaller of both means, made when they are first needed (25 ms).

    Returns
    -------
    ndarray of shape (96, 96, 8)
        By cell of the variance and of the mean; by heat polynomial.
    """
    x, y = 0.5 / PER_LOG_ODDS * _chebyshev_nodes(_FIT_MEANS), 0.5 / PER_VARIANCE * _chebyshev_nodes(_FIT_VARIANCES)
    fit = _fit(np.tile(x, len(y)), np.repeat(y, len(x)))
    mean = ((np.arange(round(REACH * PER_LOG_ODDS)) + 0.5)[:, None] / PER_LOG_ODDS + x).ravel()
    middle = (np.arange(round(MOST_VARIANCE * PER_VARIANCE)) + 0.5) / PER_VARIANCE
    group = np.searchsorted([most**2 for _, most in NODES], middle + 0.5 / PER_VARIANCE)
    table = empty_at_line((len(middle), len(mean) // len(x), COEFFICIENTS))
    for row in range(len(middle)):
        minor = _minor(mean, np.sqrt(middle[row] + y), NODES[group[row]][0])
        by_cell = minor.reshape(len(y), -1, len(x)).transpose(1, 0, 2)
        table[row] = by_cell.reshape(len(by_cell), -1) @ fit.T
    return table


def empty_at_line(shape: tuple[int, ...]) -> Floats:
    """Return an array that begins where a line of the processor's cache (64 bytes) does."""
    room = np.empty(int(np.prod(shape)) + 7)
    first = -(room.ctypes.data // 8) % 8
    return np.asarray(room[first : first + len(room) - 7]).reshape(shape)


def _fit(x: Floats, y: Floats) -> Floats:
    """Return the matrix from values at these places of a cell to the coefficients, by least squares."""
    basis = [np.ones(len(x)), x]
    for k in range(1, COEFFICIENTS - 1):
        basis.append(x * basis[-1] + k * y * basis[-2])
    scale = float(PER_LOG_ODDS) ** np.arange(COEFFICIENTS)
    return np.asarray(scale[:, None] * np.linalg.pinv(np.column_stack(basis) * scale))


def _minor(mean: Floats, sd: Floats, nodes: int) -> Floats:
    """Return the smaller mean of each sd with each mean (not below 0), as `mean_sigmoid` has it."""
    a = np.exp(-mean)
    base, found = 1.0 + a * a, np.zeros((len(sd), len(mean)))
    for place, weight in zip(*pairs_of_nodes(nodes), strict=True):
        h = np.exp(-(place * sd))[:, None]
        even = h * h + 1.0
        found += (weight * (even + 2.0 * a * h)) / (base * h + a * even)
    found *= a
    return np.asarray(found)


def _chebyshev_nodes(count: int) -> Floats:
    return np.asarray(np.cos((np.arange(count) + 0.5) * np.pi / count))
