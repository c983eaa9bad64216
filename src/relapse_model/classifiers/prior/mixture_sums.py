"""Sums over the components of a mixture of normal distributions at one point of each of many rows.

They are those of `mixture_quantile`, with an exponential and an order of additions that are written out, so that the
compiled twin gives the same bits.
"""

from __future__ import annotations

import numpy as np

from relapse_model.arrays import Floats, Positions
from relapse_model.classifiers.prior.mean_sigmoid import exponential
from relapse_model.classifiers.prior.mixture_quantile import HART_ABOVE, HART_BELOW

REACH = 37.0  # standard deviations: the density is less than 1e-297, and the exponential still right
_ROWS_AT_ONCE = 32  # whose arrays stay in the processor's nearest cache


def mixture_sums(
    at: Floats, rows: Positions, mean: Floats, per_sd: Floats, weight: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return, at a point of each row, the share of its mixture that lies below; the density and its slope.

    The last two are without the factor 1 / sqrt(2 pi).

    Parameters
    ----------
    at : ndarray of shape (m,)
    rows : array of int of shape (m,)
        Of ``mean`` and ``per_sd``.
    mean, per_sd : ndarray of shape (n, B)
        Means, and 1 by the standard deviations.
    weight : ndarray of shape (B,)

    Returns
    -------
    below, density, bend : ndarray of shape (m,)

    Examples
    --------
    >>> mean, per_sd, weight = np.zeros((1, 2)), np.ones((1, 2)), np.array([0.5, 0.5])
    >>> below, density, bend = mixture_sums(np.zeros(1), np.array([0]), mean, per_sd, weight)
    >>> below.tolist(), density.tolist()
    ([0.5], [1.0])
    """
    found = np.empty((3, len(at)))
    for start in range(0, len(at), _ROWS_AT_ONCE):
        some = slice(start, start + _ROWS_AT_ONCE)
        per = per_sd[rows[some]]
        z = (at[some, None] - mean[rows[some]]) * per
        away = np.minimum(np.abs(z), REACH)
        bell = exponential(-0.5 * away * away)
        tail = _polynomial(away, HART_ABOVE) / _polynomial(away, HART_BELOW) * bell
        height = bell * per
        parts = np.where(z > 0, 1.0 - tail, tail), height, -(z * height) * per
        for number, part in enumerate(parts):
            found[number, some] = np.add.accumulate(part * weight, axis=1)[:, -1]  # one after the other
    return found[0], found[1], found[2]


def _polynomial(x: Floats, coefficients: tuple[float, ...]) -> Floats:
    found = np.full(x.shape, coefficients[0])
    for coefficient in coefficients[1:]:
        found *= x
        found += coefficient
    return found
