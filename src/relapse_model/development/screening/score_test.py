"""The score test of many columns, each beside the same base: one fit of the base, and none of the columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from relapse_model.arrays import Floats, Mask, Positions
from relapse_model.development.screening.many_fits import fit_many
from relapse_model.errors import RelapseModelError

_NOTHING_LEFT = 1e-9  # of a column's spread: what the base does not explain of it
_RIDGE = 1e-13


@dataclass(frozen=True, slots=True, eq=False)
class ScoreTests:
    """Rao's score test of each of m columns.

    Attributes
    ----------
    z : array, shape (m,)
        Signed root of the chi-squared of 1 degree of freedom; NaN where the base explains the column wholly.
    p : array, shape (m,)
        Two-sided, by the normal distribution.
    influence : array, shape (m, n)
        What a residual of each patient adds to the score: the weight times what the base leaves of the column.
    naive_variance, variance : array, shape (m,)
        Of the score as if weights were counts, and with the weights taken as known.
    log_likelihood : array, shape (m,)
        Of the base, among the patients who have the column.
    """

    z: Floats
    p: Floats
    influence: Floats
    naive_variance: Floats
    variance: Floats
    log_likelihood: Floats


def score_tests(
    columns: ArrayLike,
    relapse: ArrayLike,
    base: ArrayLike,
    weight: ArrayLike | None = None,
    offset: ArrayLike | None = None,
    *,
    firth: bool = False,
    one_base: bool = False,
) -> ScoreTests:
    """Test each column beside the base, by the slope of the likelihood where the column has no effect yet.

    Assumes independent patients and a base model that is right. A column with missing values is tested among the
    patients who have it, with the base fitted to them. Censoring weights are taken as known.

    Parameters
    ----------
    columns : array-like of shape (m, n)
        One row per candidate; NaN is missing.
    relapse : array-like of shape (n,)
        1 or 0; NaN where the weight is 0.
    base : array-like of shape (n, k) or (m, n, k)
        Columns of the base model, without the ones of the intercept; or another base for each candidate.
    weight : array-like of shape (n,), optional
    offset : array-like of shape (n,), optional
        Known part of the log-odds.
    firth : bool
        Whether the base is fitted with Firth's penalty, where there are too few events for the likelihood alone.
    one_base : bool
        Whether the base is fitted once, to all patients, also for columns with missing values: faster, and as good for
        a ranking.

    Returns
    -------
    ScoreTests

    Notes
    -----
    With the base fitted, ``U = sum w (y - p) x`` and ``V = sum w^2 p (1 - p) r^2``, r being x less its projection on
    the base with weights ``w p (1 - p)``. Without weights this is Rao's test.

    Examples
    --------
    >>> x = [1, 2, 3, 4, 5, 6, 7, 8.0]
    >>> found = score_tests([x], [0, 0, 0, 1, 0, 1, 1, 1], np.empty((8, 0)))
    >>> round(float(found.z[0] ** 2), 4)  # n r^2
    4.6667
    """
    x = np.atleast_2d(np.asarray(columns, dtype=float))
    y = np.asarray(relapse, dtype=float)
    w = np.ones(y.size) if weight is None else np.asarray(weight, dtype=float)
    if np.isnan(y[w > 0]).any():
        raise RelapseModelError("score_tests: relapse is missing where the weight is not 0; expected 0 or 1.")
    design = with_ones(np.asarray(base, dtype=float), y.size)
    known = ~np.isnan(x)
    fitted_to, which = _patterns(known, shared=len(design) == 1, all_known=one_base or bool(known.all()))
    fits = fit_many(
        design, np.nan_to_num(y), w * fitted_to, None if offset is None else np.asarray(offset), firth=firth
    )
    risk, used = fits.risk[which], w * known
    omega = used * risk * (1 - risk)
    left = project_out(np.where(known, x, 0.0), design, omega)
    influence = used * left
    score = (influence * (np.nan_to_num(y) - risk)).sum(axis=1)
    variance = (influence**2 * risk * (1 - risk)).sum(axis=1)
    spread = (omega * np.where(known, x, 0.0) ** 2).sum(axis=1)
    naive = (omega * left**2).sum(axis=1)
    empty = naive <= _NOTHING_LEFT * np.maximum(spread, 1e-300)
    z = np.where(empty, np.nan, score / np.sqrt(np.where(empty, 1.0, variance)))
    return ScoreTests(z, two_sided(z), influence, naive, variance, fits.log_likelihood[which])


def with_ones(base: Floats, patients: int) -> Floats:
    """Return the base with the column of ones, as (1, n, k) or (m, n, k)."""
    stacked = base[None] if base.ndim == 2 else base
    return np.concatenate([np.ones((len(stacked), patients, 1)), stacked], axis=2)


def project_out(x: Floats, design: Floats, omega: Floats) -> Floats:
    """Return what the columns of a design leave of each row of x, with weights of its own for each."""
    gram = (design.transpose(0, 2, 1) * omega[:, None, :]) @ design
    pull = (omega * x)[:, None, :] @ design
    # Collinear columns share what either explains: a trace of a ridge lets the equations be solved.
    size = gram.shape[1]
    ridge = _RIDGE * np.trace(gram, axis1=1, axis2=2)[:, None, None] * np.eye(size) + np.finfo(float).tiny * np.eye(
        size
    )
    share = np.linalg.solve(gram + ridge, pull.transpose(0, 2, 1))
    return np.asarray(x - (design @ share)[:, :, 0])


def two_sided(z: Floats) -> Floats:
    """Return the two-sided p-values of normal deviates."""
    from scipy.special import ndtr

    return np.asarray(2 * ndtr(-np.abs(z)))


def _patterns(known: Mask, *, shared: bool, all_known: bool) -> tuple[Mask, Positions]:
    """Return each pattern of missing values, and the pattern of each row: each base is fitted once."""
    if not shared:
        return known, np.arange(len(known))
    if all_known:
        return np.ones((1, known.shape[1]), dtype=bool), np.zeros(len(known), dtype=np.intp)
    patterns, which = np.unique(known, axis=0, return_inverse=True)
    return patterns, which.reshape(-1)
