"""Posterior risks of a weighted mixture of logistic regressions: numpy only, so that scoring stays light."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from numpy.typing import ArrayLike

from relapse_model.arrays import Floats
from relapse_model.classifiers.prior.mean_sigmoid import mean_sigmoid
from relapse_model.classifiers.prior.mixture_forms import Form, LogisticMixture, design_of, forms
from relapse_model.classifiers.prior.mixture_quantile import LEAST_SD, mixture_quantile
from relapse_model.classifiers.shared.risks import sigmoid, tail_levels

_BLOCK_NUMBERS = 60_000  # small enough for the processor's cache
_MANY = 1_500_000  # numbers: fewer take less time than Numba takes to be imported
_FEW = 1_000  # once it is there
_MET = [0]  # numbers in this process so far: a large cohort comes in blocks
# Numbers: fewer take less time by nodes than the table takes to be made. Which way it is depends on nothing but how
# many there are, as the last digits do.
_WORTH_A_TABLE = 30_000


def log_odds_moments(
    mixture: LogisticMixture, X: ArrayLike, by_form: list[Form] | None = None
) -> tuple[Floats, Floats]:
    """Return mean and standard deviation of the log-odds of each row under each component.

    A missing value is not known better than any patient's: it has the training median, and the training
    variance on top of the posterior's, so that the risk is less certain. It counts as independent of the others.

    Parameters
    ----------
    mixture : LogisticMixture
        The posterior.
    X : array-like of shape (n, p)
        Predictors; NaN is missing.
    by_form : list, optional
        What `forms` returns, where it was made before.

    Returns
    -------
    mean, sd : ndarray of shape (n, B)
        Moments of the log-odds.
    """
    mean, variance = _mean_and_variance(mixture, np.asarray(X, dtype=np.float64), by_form or forms(mixture))
    np.maximum(variance, 0.0, out=variance)
    return mean, np.sqrt(variance, out=variance)


def _mean_and_variance(mixture: LogisticMixture, X: Floats, by_form: list[Form]) -> tuple[Floats, Floats]:
    """Return the moments of the log-odds; rounding may leave a variance a little below 0."""
    design, missing = design_of(mixture, X)
    gaps = np.flatnonzero(missing.any(axis=0))
    uncertain = missing.T[gaps] * mixture.scale**2
    mean, variance = np.empty((2, len(X), len(mixture.weight)))
    for form in by_form:
        own = design[np.append(0, 1 + form.used)]
        mean[:, form.members] = own.T @ form.coef
        variance[:, form.members] = (own[form.first] * own[form.second]).T @ form.covariance
        if len(gaps):
            # Of coefficient times value, both uncertain and independent: E[coef ** 2] times the value's variance.
            own_gaps = gaps if isinstance(form.members, slice) else gaps[:, None]
            variance[own_gaps, form.members] += uncertain[:, form.used] @ form.squared
    return mean, variance


def mixture_risk(mixture: LogisticMixture, X: ArrayLike) -> Floats:
    """Return the posterior mean risk: the average of sigmoid(log-odds) over the whole posterior.

    It assumes that the log-odds of a row are Gaussian within a component (Laplace), and is less extreme
    than the risk at the posterior mode. Each integral is right to 1e-11 up to a standard deviation of 0.98 of the
    log-odds, to 1e-6 up to 2.2; of many rows it is taken from a table, 2e-11 from the one of few.

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
    by_form, numbers = forms(mixture), len(X) * len(mixture.weight)
    if numbers >= _WORTH_A_TABLE:
        from relapse_model.classifiers.prior.many_rows import risks_of_many

        return risks_of_many(mixture, X, by_form, compiled_pays(numbers))
    fill = None
    if compiled_pays(numbers):
        from relapse_model.classifiers.prior.compiled_mean_sigmoid import fill_by_pairs

        fill = fill_by_pairs
    for rows in _blocks(len(X), len(mixture.weight)):
        mean, variance = _mean_and_variance(mixture, X[rows], by_form)
        below, above = mean_sigmoid(mean, np.sqrt(np.maximum(variance, 0.0)), fill)
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
    by_form, numbers = forms(mixture), len(X) * len(mixture.weight)
    sums = _sums_of_many(numbers, mixture.weight) if numbers >= _WORTH_A_TABLE else None
    for rows in _blocks(len(X), len(mixture.weight)):
        mean, sd = log_odds_moments(mixture, X[rows], by_form)
        own = None if sums is None else partial(sums, mean=mean, per_sd=1.0 / np.maximum(sd, LEAST_SD))
        interval[rows, 0] = sigmoid(mixture_quantile(mean, sd, mixture.weight, lower, own))
        interval[rows, 1] = sigmoid(mixture_quantile(mean, sd, mixture.weight, upper, own))
    return interval


def _sums_of_many(numbers: int, weight: Floats) -> Callable[..., tuple[Floats, Floats, Floats]]:
    from relapse_model.classifiers.prior import mixture_sums

    if not compiled_pays(numbers):
        return partial(mixture_sums.mixture_sums, weight=weight)
    from relapse_model.classifiers.prior import compiled_mixture_sums

    return partial(compiled_mixture_sums.mixture_sums, weight=weight)


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


def compiled_pays(numbers: int) -> bool:
    """Tell whether so many numbers, with those asked about before, are worth the compiled loop, and it is there."""
    _MET[0] += numbers
    if numbers < _FEW or ("numba" not in sys.modules and _MET[0] < _MANY):
        return False
    from relapse_model.classifiers.shared.compiled import can_be_compiled

    return can_be_compiled(_load_loops)


def _load_loops() -> None:
    import relapse_model.classifiers.prior.compiled_many_rows
    import relapse_model.classifiers.prior.compiled_mixture_sums  # noqa: F401


def _blocks(rows: int, numbers_per_row: int) -> Iterator[slice]:
    size = max(1, _BLOCK_NUMBERS // numbers_per_row)
    for start in range(0, rows, size):
        yield slice(start, start + size)
