"""Posterior risks of a weighted mixture of discrete-time hazard models: numpy only, so that scoring stays light."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from relapse_model.arrays import Floats
from relapse_model.classifiers.prior.logistic_mixture import moments_where_used
from relapse_model.classifiers.prior.mixture_forms import expand_columns
from relapse_model.classifiers.prior.person_periods import interval_shares
from relapse_model.classifiers.prior.terms import Term
from relapse_model.classifiers.shared.columns import fill_missing
from relapse_model.classifiers.shared.risks import tail_levels
from relapse_model.comparisons import at_or_before
from relapse_model.errors import RelapseModelError

DRAWS_PER_DIMENSION = 4  # fewer, and the draws could not be given the posterior's covariance
_SEED = 0  # of the draws: the same posterior gives the same draws
_BLOCK_NUMBERS = 60_000  # small enough for the processor's cache
_LARGEST_EXPONENT = 690.0  # exp of it is finite
_LARGEST_ODDS = 1e300  # certainty; its product with what follows is cut back to it
_ROUNDING = 1e-12  # added to variances, relative, before a matrix is factorised


@dataclass(frozen=True, slots=True)
class HazardMixture:
    """B Gaussian posteriors of one hazard model, draws from all of them, and what a new row needs to meet them.

    Attributes
    ----------
    level : ndarray of shape (B, K)
        Log-odds of the hazard of each interval at ``center``.
    coef : ndarray of shape (B, q)
        Posterior mean coefficients, log-odds of the hazard per unit of the column: the p predictors, then the terms.
        Exactly 0 where a component leaves the column out.
    covariance : ndarray of shape (B, K + q, K + q)
        Of (level, coef).
    weight : ndarray of shape (B,)
        Posterior weights of the components; they sum to 1.
    draws : ndarray of shape (M, K + q + 1)
        Equally likely values of (level, coef), and a standard normal for what a missing value adds.
    ends : ndarray of shape (K,)
        Ends of the intervals, weeks from the landmark.
    impute, center, scale : ndarray of shape (q,)
        Training median (for missing values), mean and standard deviation of each column.
    terms : tuple of Term
        Computed from the predictors.
    """

    level: Floats
    coef: Floats
    covariance: Floats
    weight: Floats
    draws: Floats
    ends: Floats
    impute: Floats
    center: Floats
    scale: Floats
    terms: tuple[Term, ...] = ()

    @property
    def columns(self) -> int:
        """Return the number of predictors."""
        return len(self.scale) - len(self.terms)


def draw_posterior(mean: Floats, covariance: Floats, weight: Floats, draws: int) -> Floats:
    """Return equally likely draws from a mixture of Gaussians, with a standard normal beside each.

    Components have draws in proportion to their weights, as far as whole pairs allow. Draws come in pairs on either
    side of the component's mean, and the standard normals behind them have exactly unit covariance: means and
    variances of linear functions are right, and a risk's error is a small fraction of that of independent draws.

    Parameters
    ----------
    mean : ndarray of shape (B, d)
    covariance : ndarray of shape (B, d, d)
    weight : ndarray of shape (B,)
        They sum to 1.
    draws : int
        Even, and at least 4 for each of the d + 1 dimensions.

    Returns
    -------
    ndarray of shape (draws, d + 1)

    Raises
    ------
    RelapseModelError
        If the number of draws is odd or too small.

    Examples
    --------
    >>> found = draw_posterior(np.array([[1.0], [3.0]]), np.ones((2, 1, 1)), np.array([0.25, 0.75]), 400)
    >>> found.shape, found.mean(axis=0).round(6).tolist()
    ((400, 2), [2.5, 0.0])
    """
    size = mean.shape[1]
    least = DRAWS_PER_DIMENSION * (size + 1)
    if not isinstance(draws, int | np.integer) or draws % 2 or draws < least:
        raise RelapseModelError(
            f"draws is {draws!r}; expected an even number of at least {least}: {DRAWS_PER_DIMENSION} for each interval "
            "and column, and for missing values."
        )
    pairs = draws // 2
    normal = np.random.default_rng(_SEED).standard_normal((pairs, size + 1))
    normal = np.linalg.solve(np.linalg.cholesky(normal.T @ normal / pairs), normal.T).T
    component = np.searchsorted(np.cumsum(weight)[:-1], (np.arange(pairs) + 0.5) / pairs)
    distance = np.einsum("mij,mj->mi", _factors(covariance)[component], normal[:, :size])
    found = np.empty((pairs, 2, size + 1))
    for side, sign in enumerate((1.0, -1.0)):
        found[:, side, :size] = mean[component] + sign * distance
        found[:, side, size] = sign * normal[:, size]
    return found.reshape(draws, size + 1)


def hazard_risk(mixture: HazardMixture, X: ArrayLike, weeks: ArrayLike) -> tuple[Floats, Floats]:
    """Return the posterior mean chances of no event, and of an event, by each week.

    With hazards h, the chance of no event by the end of interval k is (1 - h_1) ... (1 - h_k); within an interval
    the hazard is constant, so that a share f of it is survived with chance (1 - h) ** f. The mean is over the whole
    posterior, not at its mode.

    Parameters
    ----------
    mixture : HazardMixture
        The posterior.
    X : array-like of shape (n, p)
        Predictors; NaN is missing: it has the training median, and the training variance, which makes the risk less
        certain.
    weeks : array-like of shape (W,)
        Weeks from the landmark, above 0 and up to the horizon, in any order.

    Returns
    -------
    free, risk : ndarray of shape (n, W)
        Both are accurate where they are small.

    Raises
    ------
    RelapseModelError
        If a week is not one of those.

    Examples
    --------
    A hazard of one half in each of two intervals, known for certain:

    >>> zeros = np.zeros((1, 1))
    >>> one = HazardMixture(
    ...     np.zeros((1, 2)), zeros, np.zeros((1, 3, 3)), np.ones(1), np.zeros((2, 4)), np.array([12.0, 24.0]),
    ...     *np.ones((3, 1)),
    ... )
    >>> hazard_risk(one, [[1.0]], [6.0, 12.0, 24.0])[1].round(3).tolist()
    [[0.293, 0.5, 0.75]]
    """
    X, asked = np.asarray(X, dtype=np.float64), _check_weeks(weeks, mixture.ends)
    order = np.argsort(asked, kind="stable")
    shares = interval_shares(asked[order], mixture.ends)
    free, risk = np.empty((len(X), asked.size)), np.empty((len(X), asked.size))
    for rows in _blocks(len(X), len(mixture.draws)):
        for place, odds in zip(order, _event_odds(mixture, X[rows], shares), strict=True):
            free[rows, place] = (1.0 / (1.0 + odds)).mean(axis=1)
            risk[rows, place] = (odds / (1.0 + odds)).mean(axis=1)
    return free, risk


def hazard_interval(mixture: HazardMixture, X: ArrayLike, level: float = 0.9) -> Floats:
    """Return the central credible interval of each row's risk by the horizon, from the quantiles of the draws.

    It says how well the risk is known, given the model; it is not a range for the outcome.

    Parameters
    ----------
    mixture : HazardMixture
        The posterior.
    X : array-like of shape (n, p)
        Predictors; NaN is missing.
    level : float, default=0.9
        Probability inside the interval, between 0 and 1.

    Returns
    -------
    ndarray of shape (n, 2)
        Lower and upper risk.

    Raises
    ------
    RelapseModelError
        If ``level`` is not between 0 and 1.
    """
    levels = tail_levels(level)
    X = np.asarray(X, dtype=np.float64)
    interval = np.empty((len(X), 2))
    for rows in _blocks(len(X), len(mixture.draws)):
        (odds,) = _event_odds(mixture, X[rows], np.ones((1, len(mixture.ends))))
        interval[rows] = np.quantile(odds / (1.0 + odds), levels, axis=1).T
    return interval


def event_log_odds(mixture: HazardMixture, X: Floats) -> Floats:
    """Return the log-odds of an event by the horizon in each draw, shape (n, draws).

    Parameters
    ----------
    mixture : HazardMixture
    X : ndarray of shape (n, p)
        Predictors; NaN is missing.
    """
    (odds,) = _event_odds(mixture, X, np.ones((1, len(mixture.ends))))
    return np.asarray(np.log(odds))


def hazard_moments(mixture: HazardMixture) -> tuple[Floats, Floats]:
    """Return posterior mean and standard deviation of each coefficient, per unit, over the components that have it."""
    variance = np.diagonal(mixture.covariance, axis1=1, axis2=2)[:, len(mixture.ends) :]
    return moments_where_used(mixture.weight, mixture.coef, variance)


def _event_odds(mixture: HazardMixture, X: Floats, shares: Floats) -> Iterator[Floats]:
    """Yield the odds of an event, shape (n, M), for each row of `shares`, which ascend.

    The odds by the end of an interval are o + g + o g, with the odds o before it and g within it: sums of positive
    numbers, which lose no digits where risks are small.
    """
    last = len(mixture.ends) - 1
    hazard = np.exp(np.clip(mixture.draws[:, : last + 1], -_LARGEST_EXPONENT, _LARGEST_EXPONENT))
    factor = np.exp(np.clip(_log_odds(mixture, X), -_LARGEST_EXPONENT, _LARGEST_EXPONENT))
    odds, passed = np.zeros_like(factor), 0
    for share in shares:
        while passed < last and share[passed] == 1.0:
            odds = _add_interval(odds, hazard[:, passed], factor, 1.0)
            passed += 1
        yield _add_interval(odds, hazard[:, passed], factor, float(share[passed]))


def _add_interval(odds: Floats, hazard: Floats, factor: Floats, share: float) -> Floats:
    with np.errstate(over="ignore"):  # cut back to the largest odds
        within = np.minimum(hazard * factor, _LARGEST_ODDS)
        if share < 1.0:
            within = np.expm1(share * np.log1p(within))
        joined: Floats = np.minimum(odds + within * (1.0 + odds), _LARGEST_ODDS)
    return joined


def _log_odds(mixture: HazardMixture, X: Floats) -> Floats:
    """Return what the columns add to the log-odds of every hazard, in each draw; shape (n, M)."""
    coef, normal = mixture.draws[:, len(mixture.ends) : -1], mixture.draws[:, -1]
    expanded = expand_columns(X, mixture.terms, ())
    missing = np.isnan(expanded)
    log_odds: Floats = (fill_missing(expanded, mixture.impute) - mixture.center) @ coef.T
    if missing.any():
        # Missing values count as independent: their effects add up to one normal, of this variance in each draw.
        log_odds += np.sqrt((missing * mixture.scale**2) @ (coef**2).T) * normal
    return log_odds


def _check_weeks(weeks: ArrayLike, ends: Floats) -> Floats:
    asked = np.asarray(weeks, dtype=np.float64)
    if asked.ndim != 1 or not asked.size or not ((asked > 0) & at_or_before(asked, ends[-1])).all():
        raise RelapseModelError(
            f"weeks {weeks!r}: expected one or more weeks from the landmark, above 0 and at most {ends[-1]:g}, the "
            "horizon of this model: nothing was learned beyond it."
        )
    return asked


def _factors(covariance: Floats) -> Floats:
    """Return triangular factors of covariance matrices, taken in units of the standard deviations."""
    sd = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
    unit = np.where(sd > 0, sd, 1.0)  # 0 of a column that is left out
    correlation = covariance / unit[:, :, None] / unit[:, None, :]
    factors = np.linalg.cholesky(correlation + _ROUNDING * np.eye(sd.shape[1]))
    return np.asarray(factors * sd[:, :, None], dtype=np.float64)


def _blocks(rows: int, numbers_per_row: int) -> Iterator[slice]:
    size = max(1, _BLOCK_NUMBERS // numbers_per_row)
    for start in range(0, rows, size):
        yield slice(start, start + size)
