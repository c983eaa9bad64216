"""How far one column tells the outcome by itself: AUC and rank correlation, with intervals for small numbers."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.validation.discrimination import auc
from relapse_model.validation.estimate import (
    Estimate,
    check_predictions,
    normal_quantile,
    refuse_other_order,
    require_both_outcomes,
)

FEWEST_PAIRS = 5  # of a rank correlation: below it no interval says anything


def auc_score(relapse: ArrayLike, score: ArrayLike, level: float = 0.9) -> Estimate:
    """Return the AUC of a column with its score interval: the true values that the observed one does not refute.

    Assumes independent patients whose outcome is known. The width depends on the AUC and on the number of patients with
    and without the outcome alone, so that few patients in perfect order do not look certain, as by DeLong's variance.

    Parameters
    ----------
    relapse : array-like of shape (n,)
        1 or 0.
    score : array-like of shape (n,)
        Any number that may tell them apart.
    level : float
        Confidence level.

    Returns
    -------
    Estimate

    Raises
    ------
    InsufficientDataError
        If nobody has the outcome, or everybody.

    Notes
    -----
    Newcombe 2006, Stat Med 25:559, method 5; the variance is that of Hanley and McNeil 1982, Radiology 143:29.

    Examples
    --------
    >>> print(auc_score([0] * 100 + [1] * 20, range(120)))
    1.00 (0.96 to 1.00)
    >>> print(auc_score([0] * 20 + [1] * 5, range(25)))
    1.00 (0.82 to 1.00)
    """
    y, x, _ = check_predictions(relapse, score, probability=False)
    require_both_outcomes(y, "AUC")
    value, events, free = auc(y, x), int((y == 1).sum()), int((y == 0).sum())
    reach, half = normal_quantile(level) ** 2 / (events * free), (events + free) / 2 - 1

    def refuted(true: float) -> bool:
        spread = 1 + half * ((1 - true) / (2 - true) + true / (1 + true))
        return (value - true) ** 2 > reach * true * (1 - true) * spread

    limits = []
    for end in (0.0, 1.0):
        outside, inside = end, value
        for _ in range(60):
            middle = (outside + inside) / 2
            outside, inside = (middle, inside) if refuted(middle) else (outside, middle)
        limits.append(inside)
    return Estimate(value, limits[0], limits[1], level, "score interval (Newcombe)")


def rank_correlation(first: ArrayLike, second: ArrayLike, level: float = 0.9) -> Estimate:
    """Return Spearman's rank correlation of two columns, with an interval that stays open where they are few.

    Assumes independent patients. Equal values share their rank. A correlation of 1 or -1 counts, for its interval, as
    if one pair of neighbours stood the other way round: else a few patients in order would be certain.

    Parameters
    ----------
    first, second : array-like of shape (n,)
        Numbers, none of them missing.
    level : float
        Confidence level.

    Returns
    -------
    Estimate

    Raises
    ------
    InsufficientDataError
        With fewer than 5 patients, or where a column has one value only.
    RelapseModelError
        If the arrays do not fit each other.

    Notes
    -----
    Fisher's z with the variance of Bonett and Wright 2000, Psychometrika 65:23.

    Examples
    --------
    >>> print(rank_correlation(range(20), range(20)))
    1.00 (1.00 to 1.00)
    >>> print(rank_correlation(range(6), range(6)))
    1.00 (0.55 to 1.00)
    """
    from scipy.stats import rankdata

    refuse_other_order(first, second)
    one, other = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if one.ndim != 1 or one.shape != other.shape or not (np.isfinite(one).all() and np.isfinite(other).all()):
        raise RelapseModelError(
            f"Rank correlation: columns of shape {one.shape} and {other.shape}; expected two of one length, "
            "without missing values."
        )
    n = one.size
    if n < FEWEST_PAIRS or one.min() == one.max() or other.min() == other.max():
        raise InsufficientDataError(
            f"Rank correlation: {n} patients; expected {FEWEST_PAIRS} or more, and two values or more in each column."
        )
    value = float(np.corrcoef(rankdata(one), rankdata(other))[0, 1])
    value = max(-1.0, min(1.0, value))
    most = 1 - 12 / (n * (n * n - 1))  # of n ranks with one pair of neighbours turned round
    bounded = max(-most, min(most, value))
    reach = normal_quantile(level) * math.sqrt((1 + bounded**2 / 2) / (n - 3))
    lower, upper = math.tanh(math.atanh(bounded) - reach), math.tanh(math.atanh(bounded) + reach)
    return Estimate(value, min(lower, value), max(upper, value), level, "Fisher's z (Bonett and Wright)")
