"""Do patients who relapse get higher risks than those who do not: AUC, DeLong's intervals, Harrell's C."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from relapse_model.arrays import Floats
from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.validation.estimate import (
    Estimate,
    check_predictions,
    normal_quantile,
    refuse_other_order,
    require_both_outcomes,
)
from relapse_model.validation.pairs_in_time import concordant_pairs


@dataclass(frozen=True)
class AucComparison:
    """The difference of two AUCs in the same patients.

    Parameters
    ----------
    difference : Estimate
        AUC of the first model minus that of the second, with its interval.
    p_value : float
        Two-sided, of the hypothesis that the two are equal.
    """

    difference: Estimate
    p_value: float


def auc(relapse: ArrayLike, risk: ArrayLike, weight: ArrayLike | None = None) -> float:
    """Return the chance that a patient who relapses has a higher risk than one who does not.

    Equal risks count one half. With the weights of `censoring_weights` it is the
    cumulative/dynamic AUC at the horizon (Uno et al. 2007, JASA 102:527). It says nothing of calibration.

    Parameters
    ----------
    relapse : array-like of shape (n,)
        1 or 0; NaN where the weight is 0.
    risk : array-like of shape (n,)
        Predicted risk, or any score that grows with it.
    weight : array-like of shape (n,), optional
        Weights of the patients.

    Returns
    -------
    float
        0.5 for no discrimination, 1 for a perfect order.

    Raises
    ------
    InsufficientDataError
        If nobody relapses, or everybody does.

    Examples
    --------
    >>> auc([0, 1, 0, 1], [0.1, 0.4, 0.4, 0.9])
    0.875
    """
    y, score, w = check_predictions(relapse, risk, weight, probability=False)
    require_both_outcomes(y, "AUC")
    events, free = y == 1, y == 0
    below = shares_below(score[events], score[free], w[free])
    return float(np.average(below, weights=w[events]))


def shares_below(score: Floats, others: Floats, weight: Floats) -> Floats:
    """Return for each score the weighted share of others below it, equal ones counted one half.

    Parameters
    ----------
    score : ndarray of shape (m,)
        Scores to place.
    others : ndarray of shape (n,)
        Scores among which they are placed.
    weight : ndarray of shape (n,)
        Weights of the others, with a positive sum.

    Returns
    -------
    ndarray of shape (m,)

    Examples
    --------
    >>> shares_below(np.array([2.0]), np.array([1.0, 2.0]), np.ones(2)).tolist()
    [0.75]
    """
    order = np.argsort(others, kind="stable")
    ranked = others[order]
    reached = np.concatenate(([0.0], np.cumsum(weight[order])))
    lower = reached[np.searchsorted(ranked, score, side="left")]
    upper = reached[np.searchsorted(ranked, score, side="right")]
    shares: Floats = (lower + upper) / (2 * reached[-1])
    return shares


def delong_covariance(relapse: ArrayLike, risks: Sequence[ArrayLike]) -> tuple[Floats, Floats]:
    """Return the AUCs of several models in the same patients, and DeLong's covariance of them.

    Assumes independent patients, one row each, and models that were not fitted to these very patients.

    Parameters
    ----------
    relapse : array-like of shape (n,)
        1 or 0.
    risks : sequence of k arrays of shape (n,)
        One per model.

    Returns
    -------
    aucs : ndarray of shape (k,)
    covariance : ndarray of shape (k, k)

    Raises
    ------
    InsufficientDataError
        If there are fewer than two patients with, or two without a relapse.

    Notes
    -----
    DeLong, DeLong and Clarke-Pearson 1988, Biometrics 44:837.

    Examples
    --------
    >>> values, covariance = delong_covariance([0, 0, 1, 1], [[0.1, 0.4, 0.3, 0.9]])
    >>> values.tolist(), covariance.tolist()
    ([0.75], [[0.125]])
    """
    refuse_other_order(relapse, *risks)
    checked = [check_predictions(relapse, risk, probability=False) for risk in risks]
    y, scores = checked[0][0], np.array([score for _, score, _ in checked])
    require_both_outcomes(y, "DeLong's variance", at_least=2)
    events, free = scores[:, y == 1], scores[:, y == 0]
    # How each event is placed among the others, and each of the others among the events.
    of_events = np.array([shares_below(e, f, np.ones(f.size)) for e, f in zip(events, free, strict=True)])
    of_free = np.array([1 - shares_below(f, e, np.ones(e.size)) for e, f in zip(events, free, strict=True)])
    covariance = np.atleast_2d(np.cov(of_events)) / events.shape[1] + np.atleast_2d(np.cov(of_free)) / free.shape[1]
    return of_events.mean(axis=1), covariance


def auc_delong(
    relapse: ArrayLike,
    risk: ArrayLike,
    level: float = 0.95,
    *,
    scale: Literal["logit", "probability"] = "logit",
) -> Estimate:
    """Return the AUC with DeLong's interval.

    Assumes independent patients whose outcome is known, and risks that were not fitted to them. With 20
    events the interval on the logit scale keeps its level better and cannot leave 0 to 1. Where the order is
    perfect (AUC 0 or 1) DeLong's variance is 0, which would claim certainty; Newcombe's score interval is
    given instead, and said so in ``method``.

    Parameters
    ----------
    relapse : array-like of shape (n,)
        1 or 0.
    risk : array-like of shape (n,)
        Predicted risk, or any score that grows with it.
    level : float
        Confidence level.
    scale : {"logit", "probability"}
        Scale on which the interval is symmetric; the one on the probability scale is clipped to 0 to 1.

    Returns
    -------
    Estimate

    Raises
    ------
    InsufficientDataError
        If there are fewer than two patients with, or two without a relapse.

    Notes
    -----
    DeLong et al. 1988, Biometrics 44:837; Newcombe 2006, Stat Med 25:559 (method 5) for AUC 0 or 1.

    Examples
    --------
    >>> print(auc_delong([0, 0, 1, 1, 0, 1], [0.1, 0.4, 0.3, 0.9, 0.2, 0.5]))
    0.89 (0.26 to 0.99)
    """
    if scale not in ("logit", "probability"):
        raise RelapseModelError(f"DeLong's interval: scale is {scale!r}; expected 'logit' or 'probability'.")
    aucs, covariance = delong_covariance(relapse, [risk])
    value, error = float(aucs[0]), math.sqrt(covariance[0, 0])
    if value in (0.0, 1.0):
        events = int((np.asarray(relapse, dtype=float) == 1).sum())
        return _newcombe(value, events, np.size(risk) - events, level)
    if scale == "probability":
        plain = Estimate.wald(value, error, level, "DeLong")
        return Estimate(value, max(0.0, plain.lower), min(1.0, plain.upper), level, plain.method)
    logit = math.log(value / (1 - value))
    reach = normal_quantile(level) * error / (value * (1 - value))
    lower, upper = (1 / (1 + math.exp(-limit)) for limit in (logit - reach, logit + reach))
    return Estimate(value, lower, upper, level, "DeLong, logit scale")


def compare_auc_delong(relapse: ArrayLike, risk_a: ArrayLike, risk_b: ArrayLike, level: float = 0.95) -> AucComparison:
    """Compare the AUCs of two models in the same patients.

    Assumes that both models were fixed before: for nested models fitted to these patients the test is
    invalid.

    Parameters
    ----------
    relapse : array-like of shape (n,)
        1 or 0.
    risk_a, risk_b : array-like of shape (n,)
        Risks, or scores that grow with them, by the two models.
    level : float
        Confidence level.

    Returns
    -------
    AucComparison

    Raises
    ------
    InsufficientDataError
        If there are fewer than two patients with, or two without a relapse, or the AUCs differ and their
        difference has no variance (both orders are perfect, in opposite directions).

    Notes
    -----
    DeLong et al. 1988, Biometrics 44:837.

    Examples
    --------
    >>> result = compare_auc_delong([0, 0, 1, 1], [0.1, 0.4, 0.3, 0.9], [0.2, 0.5, 0.4, 0.6])
    >>> print(result.difference, result.p_value)
    0.00 (0.00 to 0.00) 1.0
    """
    aucs, covariance = delong_covariance(relapse, [risk_a, risk_b])
    difference = float(aucs[0] - aucs[1])
    # Rounding may leave a variance of -1e-19 where the two orders agree.
    variance = max(0.0, float(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]))
    estimate = Estimate.wald(difference, math.sqrt(variance), level, "DeLong, paired")
    if abs(difference) < 1e-12:
        return AucComparison(estimate, 1.0)
    if variance < 1e-15:
        raise InsufficientDataError(
            f"Comparison of AUCs: {aucs[0]:.3g} against {aucs[1]:.3g} with no variance in these patients; "
            "expected overlapping risks. Their difference cannot be tested; add patients."
        )
    return AucComparison(estimate, math.erfc(abs(difference) / math.sqrt(2 * variance)))


def harrell_c(
    time: ArrayLike,
    event: ArrayLike,
    risk: ArrayLike,
    fold: ArrayLike | None = None,
    competing: ArrayLike | None = None,
) -> float:
    """Return Harrell's C: among pairs whose order in time is known, the share that the risk orders rightly.

    A pair is usable if its shorter time is an event. At equal times an event counts as shorter than a
    censoring; two events at the same time are not usable. Equal risks count one half. Depends on the
    censoring distribution: for a fixed horizon prefer `auc` with censoring weights.

    Parameters
    ----------
    time : array-like of shape (n,)
        Weeks to the event, or to the last time known free of it.
    event : array-like of shape (n,)
        1 or 0.
    risk : array-like of shape (n,)
        Predicted risk, or any score that grows with it (higher = earlier relapse).
    fold : array-like of shape (n,), optional
        Of out-of-fold risks: pairs of one fold only are compared, for the reason that
        `relapse_model.validation.within_folds.auc_within_folds` gives.
    competing : array-like of shape (n,), optional
        1 for a competing event at that time: such a patient is later than every event, as it will never come (Wolbers
        et al. 2009, Epidemiology 20:555).

    Returns
    -------
    float

    Raises
    ------
    InsufficientDataError
        If there is no event or no usable pair.

    Notes
    -----
    Harrell, Lee and Mark 1996, Stat Med 15:361. All pairs are compared, in blocks.

    Examples
    --------
    >>> harrell_c([5, 8, 12], [1, 0, 0], [0.9, 0.5, 0.9])
    0.75
    """
    refuse_other_order(time, event, risk, fold, competing)
    y, score, _ = check_predictions(event, risk, probability=False)
    weeks = np.asarray(time, dtype=float)
    if weeks.shape != y.shape or not np.isfinite(weeks).all():
        raise RelapseModelError(
            f"Harrell's C: time has shape {weeks.shape}; expected a number for each of {y.size} patients."
        )
    events = np.flatnonzero(y == 1)
    if competing is not None:
        weeks = np.where((np.asarray(competing, dtype=float) == 1) & (y == 0), np.inf, weeks)
    later, concordant = concordant_pairs(weeks, y, score, events, fold)
    if later.sum() == 0:
        raise InsufficientDataError(
            f"Harrell's C: {events.size} events in {y.size} patients, no pair whose order in time is known; "
            "expected an event with somebody followed longer. Add follow-up."
        )
    return float(concordant.sum() / later.sum())


def _newcombe(value: float, events: int, free: int, level: float) -> Estimate:
    """Return the score interval of an AUC of 0 or 1: the true values not refuted by a perfect order."""
    z, half = normal_quantile(level), (events + free) / 2 - 1

    def refuted(true: float) -> bool:
        spread = 1 + half * ((1 - true) / (2 - true) + true / (1 + true))
        return (1 - true) ** 2 > z**2 * true * (1 - true) * spread / (events * free)

    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if refuted(middle) else (low, middle)
    method = "Newcombe score, perfect order"
    return Estimate(value, low, 1.0, level, method) if value else Estimate(value, 0.0, 1 - low, level, method)
