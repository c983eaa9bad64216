"""Is it better to act on the risks than to treat everybody, or nobody: decision curves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from relapse_model.arrays import Floats
from relapse_model.errors import CensoringError, RelapseModelError
from relapse_model.validation.estimate import check_predictions, refuse_other_order, require_both_outcomes
from relapse_model.validation.ipcw import censoring_weights


@dataclass(frozen=True, eq=False)
class NetBenefit:
    """The decision curve of a model; treating nobody has a net benefit of 0 at every threshold.

    Parameters
    ----------
    thresholds : ndarray of shape (k,)
        Risk from which on a patient would be treated.
    model : ndarray of shape (k,)
        Net benefit of treating those at or above the threshold, in relapses caught per patient.
    treat_all : ndarray of shape (k,)
        Net benefit of treating everybody.
    interventions_avoided : ndarray of shape (k,)
        Treatments spared per patient, against treating everybody, with no relapse missed on balance.
    """

    thresholds: Floats
    model: Floats
    treat_all: Floats
    interventions_avoided: Floats


def net_benefit(
    relapse: ArrayLike,
    risk: ArrayLike,
    thresholds: ArrayLike,
    weight: ArrayLike | None = None,
    *,
    prevalence: float | None = None,
) -> NetBenefit:
    """Return the net benefit of acting on the risks, at each threshold.

    A threshold is the risk at which the harm of treating and that of not treating balance: it comes from the
    clinic, not from the data, and the action has to be named. Patients at the threshold are treated.

    Parameters
    ----------
    relapse : array-like of shape (n,)
        1 or 0; NaN where the weight is 0.
    risk : array-like of shape (n,)
        Predicted risk, 0 to 1.
    thresholds : array-like of shape (k,)
        Above 0 and below 1.
    weight : array-like of shape (n,), optional
        Such as censoring weights; shares are taken of their sum.
    prevalence : float, optional
        Share of relapses in the population, for case-control data, where the share among the patients was
        chosen by the study. Sensitivity and specificity are taken from the patients; the risks must be those of
        the population already.

    Returns
    -------
    NetBenefit

    Raises
    ------
    InsufficientDataError
        If a prevalence is given, and nobody relapses or everybody does.
    RelapseModelError
        If a threshold or the prevalence is not above 0 and below 1, or there is no threshold.

    Notes
    -----
    With odds ``o = t / (1 - t)`` of the threshold: ``NB = TP/n - o FP/n``; treating all gives
    ``phi - o (1 - phi)``; interventions avoided are ``(NB - NB_all) / o``. Vickers and Elkin 2006,
    Med Decis Making 26:565.

    Examples
    --------
    >>> curve = net_benefit([1, 0, 0, 0], [0.6, 0.4, 0.1, 0.1], [0.2])
    >>> curve.model.tolist(), curve.interventions_avoided.tolist()
    ([0.1875], [0.5])
    """
    y, p, w = check_predictions(relapse, risk, weight)
    cuts = _check_thresholds(thresholds)
    if prevalence is not None:
        w = _to_prevalence(y, w, prevalence)
    order = np.argsort(p)
    treated_from = np.searchsorted(p[order], cuts, side="left")
    true_positive = _from(w * y, order)[treated_from]
    false_positive = _from(w * (1 - y), order)[treated_from]
    share = float(np.average(y, weights=w))
    return _curve(cuts, true_positive / w.sum(), false_positive / w.sum(), share)


def net_benefit_survival(
    time: ArrayLike, event: ArrayLike, risk: ArrayLike, thresholds: ArrayLike, horizon: float
) -> NetBenefit:
    """Return the net benefit of acting on risks of relapse by a horizon that not everybody reached.

    Assumes that within those at or above a threshold, loss to follow-up has nothing to do with the coming
    relapse: their share of relapses by the horizon is the Kaplan-Meier estimate among them alone. Where loss
    depends on the arm, use `net_benefit` with censoring weights by arm.

    Parameters
    ----------
    time : array-like of shape (n,)
        Weeks to the event, or to the last time known free of it.
    event : array-like of shape (n,)
        1 or 0.
    risk : array-like of shape (n,)
        Predicted risk of an event by the horizon, 0 to 1.
    thresholds : array-like of shape (k,)
        Above 0 and below 1.
    horizon : float
        Weeks; events at the horizon itself count.

    Returns
    -------
    NetBenefit

    Raises
    ------
    CensoringError
        If those at or above a threshold, or all patients, are followed less far than the horizon.
    RelapseModelError
        If the arrays do not fit each other, or a threshold is not above 0 and below 1, or there is none.

    Notes
    -----
    With F the Kaplan-Meier risk among the share q treated, ``TP/n = F q`` and ``FP/n = (1 - F) q``. Vickers et
    al. 2008, BMC Med Inform Decis Mak 8:53. F is computed as the mean of the inversely weighted events, with
    the censoring distribution of the same patients: the two are equal.

    Examples
    --------
    >>> curve = net_benefit_survival([10, 20, 30, 40], [1, 0, 1, 0], [0.4, 0.1, 0.3, 0.2], [0.2], horizon=40)
    >>> curve.model.round(4).tolist()
    [0.4375]
    """
    refuse_other_order(time, event, risk)
    y, p, _ = check_predictions(event, risk)
    weeks = np.asarray(time, dtype=float)
    cuts = _check_thresholds(thresholds)
    overall = _risk_by(weeks, y, horizon, "all patients")
    treated = [p >= cut for cut in cuts]
    relapsing = [
        _risk_by(weeks[who], y[who], horizon, f"those at or above {cut:g}") if who.any() else 0.0
        for cut, who in zip(cuts, treated, strict=True)
    ]
    share, within = np.array([who.mean() for who in treated]), np.array(relapsing)
    return _curve(cuts, share * within, share * (1 - within), overall)


def _risk_by(time: Floats, event: Floats, horizon: float, of_whom: str) -> float:
    """Return the Kaplan-Meier risk by the horizon."""
    try:
        weight = censoring_weights(time, event, horizon)
    except CensoringError as error:
        raise CensoringError(f"Net benefit, {of_whom}: {error} A lower threshold takes in more patients.") from error
    return float(np.mean(weight * ((event == 1) & (time <= horizon))))


def _curve(cuts: Floats, true_positive: Floats, false_positive: Floats, share: float) -> NetBenefit:
    """Return net benefits from the shares of true and false positives, and of relapses."""
    odds = cuts / (1 - cuts)
    model = true_positive - odds * false_positive
    treat_all = share - odds * (1 - share)
    return NetBenefit(cuts, model, treat_all, (model - treat_all) / odds)


def _check_thresholds(thresholds: ArrayLike) -> Floats:
    cuts = np.atleast_1d(np.asarray(thresholds, dtype=float))
    wrong = ~((cuts > 0) & (cuts < 1))
    if cuts.ndim != 1 or cuts.size == 0 or wrong.any():
        raise RelapseModelError(
            f"Net benefit: {int(wrong.sum())} of {cuts.size} thresholds are not above 0 "
            "and below 1; expected at least one risk at which somebody would act."
        )
    return cuts


def _to_prevalence(y: Floats, w: Floats, prevalence: float) -> Floats:
    """Return weights with which the share of relapses is the prevalence."""
    if not 0 < prevalence < 1:
        raise RelapseModelError(f"Net benefit: prevalence is {prevalence}; expected above 0 and below 1.")
    require_both_outcomes(y, "Net benefit at a given prevalence")
    share = float(np.average(y, weights=w))
    return w * np.where(y == 1, prevalence / share, (1 - prevalence) / (1 - share))


def _from(amounts: Floats, order: np.ndarray[tuple[int], np.dtype[np.intp]]) -> Floats:
    """Return the sum of amounts from each rank upward, and 0 beyond the last."""
    return np.append(np.cumsum(amounts[order][::-1])[::-1], 0.0)
