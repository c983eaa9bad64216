"""Risks of relapse by a week in two arms that lost patients: Kaplan-Meier, difference and ratio."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import exp, log, sqrt

import numpy as np
from numpy.typing import ArrayLike

from relapse_model.arrays import Floats
from relapse_model.errors import InsufficientDataError
from relapse_model.trial.statistics.contrast import RISK_DIFFERENCE, RISK_RATIO, Contrast
from relapse_model.trial.statistics.inputs import check_arms, require_one_of
from relapse_model.trial.statistics.kaplan_meier import require_follow_up, risk_table
from relapse_model.trial.statistics.mover import score_bounds
from relapse_model.trial.statistics.proportions import score_contrast
from relapse_model.trial.statistics.score_interval import Tables
from relapse_model.validation.estimate import normal_quantile
from relapse_model.validation.ipcw import check_follow_up

_GREENWOOD, _SCORE = "greenwood", "score"


@dataclass(frozen=True, slots=True)
class ArmRisk:
    """One arm by a week.

    Parameters
    ----------
    patients, events, lost, followed : int
        Patients of the arm; with the event by the week; lost before it; known free of it at the week. The last three
        add up to the first.
    risk, standard_error : float
        Kaplan-Meier risk by the week; Greenwood's standard error, 0 if nobody (or everybody) had the event.
    lower, upper : float
        Limits of the risk.
    effective : float
        The number of patients without losses that would give the same standard error; those followed to the week, if
        nobody, or everybody, had the event.
    """

    patients: int
    events: int
    lost: int
    followed: int
    risk: float
    standard_error: float
    lower: float
    upper: float
    effective: float


@dataclass(frozen=True, slots=True)
class SurvivalContrast:
    """Two arms by a week, and their contrast.

    Parameters
    ----------
    week : float
        The week.
    treatment, control : ArmRisk
        The arms.
    contrast : Contrast
        Treatment against control.
    """

    week: float
    treatment: ArmRisk
    control: ArmRisk
    contrast: Contrast


def survival_contrast(
    time: ArrayLike,
    event: ArrayLike,
    arm: ArrayLike,
    week: float,
    *,
    measure: str = "risk_difference",
    interval: str = "score",
    level: float = 0.95,
) -> SurvivalContrast:
    """Compare the risk of relapse by a week between arms of which patients were lost, by Kaplan-Meier.

    Assumes that within an arm loss has nothing to do with the coming relapse, and that patients are independent. An
    event at the very week counts, and so does a patient last seen free of it at that week as followed.

    Parameters
    ----------
    time : array-like of shape (n,)
        Weeks to the event, or to the last time known free of it.
    event : array-like of shape (n,)
        1 for an event at that time, 0 otherwise.
    arm : array-like of shape (n,)
        1 treatment, 0 control.
    week : float
        The week by which relapse is counted.
    measure : str
        ``"risk_difference"``, or ``"risk_ratio"``.
    interval : str
        ``"score"``: Miettinen-Nurminen's at the effective numbers of patients; exists always, and is just that interval
        if nobody is lost; Wilson intervals of the arms. ``"greenwood"``: normal interval from Greenwood's variances
        (ratio on the log scale), log-log intervals of the arms; does not exist if an arm has no event, which happens
        in 3 of 10 trials with 66 patients in each arm and risks of 2 % and 5 %.
    level : float
        Confidence level.

    Returns
    -------
    SurvivalContrast

    Raises
    ------
    CensoringError
        If the week is beyond the follow-up of an arm.
    InsufficientDataError
        If nobody, or everybody, of an arm had the event by the week and the interval is Greenwood's, which would have
        no width; or if there is one arm only.
    RelapseModelError
        If the arrays do not fit each other, or an arm is unknown.

    Notes
    -----
    The risk equals the mean of the outcomes weighted by the inverse of each arm's chance of being followed
    (`relapse_model.validation.ipcw.censoring_weights` with the arm as group). Effective number:
    Rothman 1978, J Chronic Dis 31:557; score limits: Miettinen and Nurminen 1985, Stat Med 4:213.

    Examples
    --------
    >>> weeks, events, arms = [10, 48, 48, 48, 20, 30, 40, 48], [1, 0, 0, 0, 1, 0, 1, 0], [1, 1, 1, 1, 0, 0, 0, 0]
    >>> found = survival_contrast(weeks, events, arms, 48)
    >>> found.treatment.risk, found.control.risk, found.control.lost  # 1/4; 1 - 3/4 x 1/2
    (0.25, 0.625, 1)
    >>> print(found.contrast)
    -0.37 (-0.83 to 0.37)
    """
    require_one_of(measure, (RISK_DIFFERENCE, RISK_RATIO), "Measure")
    require_one_of(interval, (_SCORE, _GREENWOOD), "Interval")
    times, events = check_follow_up(time, event)
    treated = check_arms(arm, times.size)
    z = normal_quantile(level)
    one = _arm_risk(times[treated], events[treated], week, "treatment", interval, z)
    nought = _arm_risk(times[~treated], events[~treated], week, "control", interval, z)
    return SurvivalContrast(float(week), one, nought, _contrast(one, nought, measure, interval, level))


def _contrast(one: ArmRisk, nought: ArmRisk, measure: str, interval: str, level: float) -> Contrast:
    if interval == _SCORE:
        words = "Kaplan-Meier, Miettinen-Nurminen score interval with patient numbers reduced to allow for losses"
        return contrast_of_risks(one, nought, measure, level, words)
    if measure == RISK_DIFFERENCE:
        error = sqrt(one.standard_error**2 + nought.standard_error**2)
        return Contrast.wald(measure, one.risk - nought.risk, error, level, "Kaplan-Meier, Greenwood", "Wald test")
    error = sqrt((one.standard_error / one.risk) ** 2 + (nought.standard_error / nought.risk) ** 2)
    words = "Kaplan-Meier, Greenwood, log scale"
    return Contrast.log_wald(measure, log(one.risk / nought.risk), error, level, words, "Wald test on the log scale")


def contrast_of_risks(one: ArmRisk, nought: ArmRisk, measure: str, level: float, words: str) -> Contrast:
    """Return the contrast of two risks with the score interval at their effective numbers of patients.

    Parameters
    ----------
    one, nought : ArmRisk
    measure : str
    level : float
    words : str
        What the method is called.
    """
    counts = one.risk * one.effective, one.effective, nought.risk * nought.effective, nought.effective
    x1, n1, x0, n0 = (np.array([count]) for count in counts)
    table = Tables(x1, n1, x0, n0)
    return score_contrast(measure, table, level, words, "score test with patient numbers reduced to allow for losses")


def _arm_risk(time: Floats, event: Floats, week: float, name: str, interval: str, z: float) -> ArmRisk:
    """Return the risk of one arm by the week."""
    table = risk_table(time, event)
    require_follow_up(table, week, name, "Kaplan-Meier")
    by = table.times <= week
    survival = float(table.survival[by][-1]) if by.any() else 1.0
    error = survival * sqrt(float(table.greenwood[by].sum()))
    made = arm_risk(time, event, week, survival, error, z)
    if interval == _SCORE:
        return made
    if error == 0:
        happened = made.events
        raise InsufficientDataError(
            f"Kaplan-Meier at week {week:g}: {happened} of {time.size} patients of the {name} arm had the event"
            f"{' and nobody is known free of it' if happened else ''}, so Greenwood's variance is 0 and the interval "
            "would have no width; expected events in both arms, and patients free of them. "
            "Take interval='score', which has a width then too; it should be named before the data are seen."
        )
    reach = exp(z * error / (survival * abs(log(survival))))
    return replace(made, lower=1 - survival ** (1 / reach), upper=1 - survival**reach)


def arm_risk(time: Floats, event: Floats, week: float, survival: float, error: float, z: float) -> ArmRisk:
    """Return the result of one arm: counts, and the risk with Wilson's interval at the effective number.

    Parameters
    ----------
    time, event : ndarray of shape (n,)
        Checked follow-up.
    week : float
    survival, error : float
        The chance of being free of the event at the week, with its standard error.
    z : float
        Normal quantile of the level.
    """
    happened = int(((event == 1) & (time <= week)).sum())
    lost = int(((event == 0) & (time < week)).sum())
    followed = time.size - happened - lost
    risk = 1 - survival
    effective = risk * survival / error**2 if error > 0 else float(followed if survival == 1 else happened)
    lower, upper = score_bounds(risk, effective, z)
    return ArmRisk(time.size, happened, lost, followed, risk, error, lower, upper, effective)


def kaplan_meier_risk(time: ArrayLike, event: ArrayLike, weeks: ArrayLike) -> Floats:
    """Return the Kaplan-Meier risk of one group by each of several weeks, for a curve.

    Assumes that loss has nothing to do with the coming relapse.

    Parameters
    ----------
    time, event : array-like of shape (n,)
        As in `survival_contrast`.
    weeks : array-like of shape (k,)
        Above 0.

    Returns
    -------
    ndarray of shape (k,)

    Raises
    ------
    CensoringError
        If a week is beyond the follow-up.

    Examples
    --------
    >>> kaplan_meier_risk([20, 30, 40, 48], [1, 0, 1, 0], [10, 20, 48]).tolist()
    [0.0, 0.25, 0.625]
    """
    table = risk_table(*check_follow_up(time, event))
    wanted = np.atleast_1d(np.asarray(weeks, dtype=float))
    for week in wanted:
        require_follow_up(table, float(week), "only", "Kaplan-Meier")
    steps = np.concatenate(([1.0], table.survival))
    risk: Floats = 1 - steps[np.searchsorted(table.times, wanted, side="right")]
    return risk
