"""Posterior risks of a weighted mixture of logistic regressions: numpy only, so that scoring stays light."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike

from relapse_model.arrays import Floats
from relapse_model.classifiers.prior.mixture_quantile import mixture_quantile
from relapse_model.classifiers.prior.terms import Term, term_columns
from relapse_model.classifiers.shared.risks import sigmoid, tail_levels

# Gauss-Hermite nodes, and the largest sd of the log-odds for which so many differ from 32 by less than 1e-11 in any
# risk, and by less than 1e-10 of it. The error of 32 is below 1e-10 for an sd of 1, 2e-7 for 2, 2e-5 for 3.
_NODES = ((6, 0.23), (8, 0.36), (10, 0.47), (12, 0.56), (16, 0.73), (24, 0.98), (32, 60.0))
_MOST_NODES = 32
_BLOCK_NUMBERS = 60_000  # small enough for the processor's cache: twice as fast as large blocks


@dataclass(frozen=True, slots=True)
class LogisticMixture:
    """B Gaussian posteriors of one logistic regression, and what a new row needs to meet them.

    Attributes
    ----------
    coef : ndarray of shape (B, q)
        Posterior mean coefficients, log-odds per unit of the column: the p predictors, then the terms, then
        the indicators. Exactly 0 where a component leaves the column out.
    intercept : ndarray of shape (B,)
        Log-odds at ``center`` (not at 0).
    covariance : ndarray of shape (B, q + 1, q + 1)
        Of (intercept at ``center``, coefficients).
    weight : ndarray of shape (B,)
        Posterior weights of the components; they sum to 1.
    impute, center, scale : ndarray of shape (q,)
        Training median (for missing values), mean and standard deviation of each column.
    terms : tuple of Term
        Computed from the predictors.
    indicators : tuple of int
        Predictors of which it counts whether they are missing.
    """

    coef: Floats
    intercept: Floats
    covariance: Floats
    weight: Floats
    impute: Floats
    center: Floats
    scale: Floats
    terms: tuple[Term, ...] = ()
    indicators: tuple[int, ...] = ()

    @property
    def columns(self) -> int:
        """Return the number of predictors."""
        return len(self.scale) - len(self.terms) - len(self.indicators)


def expand_columns(X: Floats, terms: tuple[Term, ...], indicators: tuple[int, ...]) -> Floats:
    """Return the predictors, the terms and the indicators (1 where the predictor is missing), side by side."""
    return np.column_stack([X, term_columns(X, terms), np.isnan(X[:, list(indicators)]).astype(np.float64)])


def log_odds_moments(mixture: LogisticMixture, X: ArrayLike) -> tuple[Floats, Floats]:
    """Return mean and standard deviation of the log-odds of each row under each component.

    A missing value is not known better than any patient's: it has the training median, and the training
    variance on top of the posterior's, so that the risk is less certain. It counts as independent of the others.

    Parameters
    ----------
    mixture : LogisticMixture
        The posterior.
    X : array-like of shape (n, p)
        Predictors; NaN is missing.

    Returns
    -------
    mean, sd : ndarray of shape (n, B)
        Moments of the log-odds.
    """
    expanded = expand_columns(np.asarray(X, dtype=np.float64), mixture.terms, mixture.indicators)
    missing = np.isnan(expanded)
    distance = np.where(missing, mixture.impute, expanded) - mixture.center
    design = np.column_stack([np.ones(len(distance)), distance])
    mean = distance @ mixture.coef.T + mixture.intercept
    first, second = np.triu_indices(design.shape[1])  # each product of two columns once: one product of matrices
    twice = np.where(first == second, 1.0, 2.0)
    variance = (design[:, first] * design[:, second]) @ (mixture.covariance[:, first, second] * twice).T
    if missing.any():
        # Of coefficient times value, both uncertain and independent: E[coef ** 2] times the value's variance.
        squared = mixture.coef**2 + np.diagonal(mixture.covariance, axis1=1, axis2=2)[:, 1:]
        variance += (missing * mixture.scale**2) @ squared.T
    return mean, np.sqrt(np.maximum(variance, 0.0))


def mixture_risk(mixture: LogisticMixture, X: ArrayLike) -> Floats:
    """Return the posterior mean risk: the average of sigmoid(log-odds) over the whole posterior.

    It assumes that the log-odds of a row are Gaussian within a component (Laplace), and is less extreme
    than the risk at the posterior mode.

    Parameters
    ----------
    mixture : LogisticMixture
        The posterior.
    X : array-like of shape (n, p)
        Predictors; NaN is missing.

    Returns
    -------
    ndarray of shape (n, 2)
        Probability of no event and of an event; both are accurate where they are small.

    Examples
    --------
    >>> one = LogisticMixture(np.zeros((1, 1)), np.zeros(1), np.eye(2)[None], np.ones(1), *np.ones((3, 1)))
    >>> mixture_risk(one, [[1.0], [2.0]]).round(3).tolist()
    [[0.5, 0.5], [0.5, 0.5]]
    """
    X = np.asarray(X, dtype=np.float64)
    risk = np.empty((len(X), 2))
    for rows in _blocks(len(X), 4 * len(mixture.weight)):
        mean, sd = log_odds_moments(mixture, X[rows])
        below, above = _mean_sigmoid(mean, sd)
        risk[rows, 0], risk[rows, 1] = below @ mixture.weight, above @ mixture.weight
    return risk


def mixture_interval(mixture: LogisticMixture, X: ArrayLike, level: float = 0.9) -> Floats:
    """Return the central credible interval of each row's risk.

    It says how well the risk is known, given the model; it is not a range for the outcome.

    Parameters
    ----------
    mixture : LogisticMixture
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
    lower, upper = tail_levels(level)
    X = np.asarray(X, dtype=np.float64)
    interval = np.empty((len(X), 2))
    for rows in _blocks(len(X), len(mixture.weight)):
        mean, sd = log_odds_moments(mixture, X[rows])
        interval[rows, 0] = sigmoid(mixture_quantile(mean, sd, mixture.weight, lower))
        interval[rows, 1] = sigmoid(mixture_quantile(mean, sd, mixture.weight, upper))
    return interval


def coefficient_moments(mixture: LogisticMixture) -> tuple[Floats, Floats]:
    """Return posterior mean and standard deviation of each coefficient, per unit, over the components that have it."""
    variance = np.diagonal(mixture.covariance, axis1=1, axis2=2)[:, 1:]
    return moments_where_used(mixture.weight, mixture.coef, variance)


def moments_where_used(weight: Floats, coef: Floats, variance: Floats) -> tuple[Floats, Floats]:
    """Return mean and standard deviation of each coefficient over the components that use its column; 0 if none does.

    Parameters
    ----------
    weight : ndarray of shape (B,)
    coef, variance : ndarray of shape (B, q)
        A variance of 0 says that the component leaves the column out.
    """
    used = weight[:, None] * (variance > 0)
    used = used / np.maximum(used.sum(axis=0), np.finfo(np.float64).tiny)
    mean = (used * coef).sum(axis=0)
    return mean, np.sqrt((used * (variance + (coef - mean) ** 2)).sum(axis=0))


@cache
def _nodes(count: int) -> tuple[Floats, Floats]:
    place, weight = np.polynomial.hermite_e.hermegauss(count)
    return place, weight / weight.sum()


def _mean_sigmoid(mean: Floats, sd: Floats) -> tuple[Floats, Floats]:
    """Return E[sigmoid(-eta)] and E[sigmoid(eta)] for eta ~ Normal(mean, sd ** 2), with as many nodes as it takes."""
    flat_mean, flat_sd = mean.ravel(), sd.ravel()
    below, above = np.empty(flat_mean.shape), np.empty(flat_mean.shape)
    group = np.searchsorted([most for _, most in _NODES], flat_sd).astype(np.int8)
    order = np.argsort(group, kind="stable")
    ends = np.cumsum(np.bincount(group, minlength=len(_NODES) + 1))
    for number, members in enumerate(np.split(order, ends[:-1])):
        count = _NODES[number][0] if number < len(_NODES) else _MOST_NODES
        function = _by_pairs if number < len(_NODES) else _by_nodes
        for part in _blocks(len(members), count):
            chosen = members[part]
            below[chosen], above[chosen] = function(flat_mean[chosen], flat_sd[chosen], count)
    return below.reshape(mean.shape), above.reshape(mean.shape)


def _by_pairs(mean: Floats, sd: Floats, nodes: int) -> tuple[Floats, Floats]:
    """Sum over the nodes two by two: they lie at equal distances d on both sides of the mean.

    With a = exp(-|mean|), c = 2 cosh(d) and s = 1 / (1 + a c + a ** 2), the larger of the two expectations is 1 / 2 +
    (1 - a ** 2) sum(w s), the smaller a sum(w c s) + 2 a ** 2 sum(w s): no difference in which digits could be lost.
    """
    place, weight = _nodes(nodes)
    half = nodes // 2
    a = np.exp(-np.abs(mean))
    grown = np.exp(place[half:, None] * sd)  # a node in one piece: the sums below run along the rows
    c = np.reciprocal(grown)
    c += grown
    s = np.multiply(c, a, out=grown)
    s += 1.0 + a * a
    np.reciprocal(s, out=s)
    alone = weight[half:] @ s
    c *= s
    major = 0.5 + (1.0 - a * a) * alone
    minor = a * (weight[half:] @ c) + 2.0 * a * a * alone
    positive = mean >= 0
    return np.where(positive, minor, major), np.where(positive, major, minor)


def _by_nodes(mean: Floats, sd: Floats, nodes: int) -> tuple[Floats, Floats]:
    """Sum over the nodes one by one: for an sd so large that the cosh of their distance would overflow."""
    place, weight = _nodes(nodes)
    eta = mean[:, None] + sd[:, None] * place
    return sigmoid(-eta) @ weight, sigmoid(eta) @ weight


def _blocks(rows: int, numbers_per_row: int) -> Iterator[slice]:
    size = max(1, _BLOCK_NUMBERS // numbers_per_row)
    for start in range(0, rows, size):
        yield slice(start, start + size)
