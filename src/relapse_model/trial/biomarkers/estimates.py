"""The odds ratio of each candidate beside the base, and what is left of it once it was chosen for being large."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from relapse_model.arrays import Floats
from relapse_model.development.screening.many_fits import ManyFits, fit_many
from relapse_model.development.screening.score_test import with_ones

_AT_ONCE = 4_000_000  # numbers held in memory
_AWAY = np.linspace(-8.0, 8.0, 1601)  # from the statistic seen, in standard errors


@dataclass(frozen=True, slots=True, eq=False)
class Estimates:
    """Of each of m candidates, one at a time beside the base: log odds ratio, standard error, log-likelihood.

    Attributes
    ----------
    log_odds, error : array, shape (m,)
        With Firth's penalty; NaN where the fit does not settle.
    log_likelihood : array, shape (m,)
        The largest, without penalty, for the likelihood ratio.
    """

    log_odds: Floats
    error: Floats
    log_likelihood: Floats


def estimates(
    columns: ArrayLike,
    relapse: ArrayLike,
    base: ArrayLike,
    weight: ArrayLike | None = None,
    offset: ArrayLike | None = None,
) -> Estimates:
    """Fit each candidate beside the base, among the patients who have it.

    Parameters
    ----------
    columns : array-like of shape (m, n)
    relapse : array-like of shape (n,)
    base : array-like of shape (n, k) or (m, n, k)
    weight, offset : array-like of shape (n,), optional
        As in `score_tests`.

    Examples
    --------
    >>> found = estimates([[0, 0, 0, 0, 1, 1, 1, 1]], [0, 0, 0, 1, 0, 1, 1, 1], np.empty((8, 0)))
    >>> round(float(found.log_odds[0]), 4)  # 1/2 to each cell of the table: 2 log(3.5 / 1.5)
    1.6946
    """
    x = np.atleast_2d(np.asarray(columns, dtype=float))
    y = np.nan_to_num(np.asarray(relapse, dtype=float))
    w = np.ones(y.size) if weight is None else np.asarray(weight, dtype=float)
    known = None if offset is None else np.asarray(offset, dtype=float)
    bases = with_ones(np.asarray(base, dtype=float), y.size)
    if not len(x):
        return Estimates(np.empty(0), np.empty(0), np.empty(0))
    block = max(1, _AT_ONCE // max(y.size * (bases.shape[2] + 1), 1))
    parts: list[tuple[ManyFits, ManyFits]] = []
    for start in range(0, len(x), block):
        rows = x[start : start + block]
        own = bases if len(bases) == 1 else bases[start : start + block]
        design = np.concatenate(
            [np.broadcast_to(own, (len(rows), *own.shape[1:])), np.nan_to_num(rows)[:, :, None]], axis=2
        )
        used = w * ~np.isnan(rows)
        parts.append((fit_many(design, y, used, known, firth=True), fit_many(design, y, used, known, firth=False)))
    sound = np.concatenate([firth.converged for firth, _ in parts])
    slope = np.concatenate([firth.coefficients[:, -1] for firth, _ in parts])
    variance = np.concatenate([firth.covariance[:, -1, -1] for firth, _ in parts])
    likelihood = np.concatenate([plain.log_likelihood for _, plain in parts])
    fitted = sound & (variance > 0)
    return Estimates(np.where(fitted, slope, np.nan), np.sqrt(np.where(fitted, variance, np.nan)), likelihood)


def after_selection(z: ArrayLike, critical: float) -> Floats:
    """Return what is left of an estimate, as a factor, once it was reported only because it is large.

    The mean of the normalised likelihood given ``|z| > critical`` (Zhong and Prentice 2008,
    doi:10.1093/biostatistics/kxn001). The maximum of that likelihood shrinks more, and is farther from the truth on
    average. Assumes that z is normal with variance 1.

    Parameters
    ----------
    z : array-like of shape (m,)
        Statistics of what was selected.
    critical : float
        What they had to pass.

    Returns
    -------
    array, shape (m,)

    Examples
    --------
    >>> after_selection([3.0, 8.0], critical=2.8).round(2).tolist()
    [0.54, 1.0]
    """
    from scipy.special import log_ndtr

    seen = np.abs(np.asarray(z, dtype=float))[:, None]
    mean = seen + _AWAY
    passed = np.logaddexp(log_ndtr(mean - critical), log_ndtr(-mean - critical))
    logarithm = -0.5 * (seen - mean) ** 2 - passed
    share = np.exp(logarithm - logarithm.max(axis=1, keepdims=True))
    return np.asarray((share * mean).sum(axis=1) / share.sum(axis=1) / seen[:, 0])
