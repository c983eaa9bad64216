"""Risks in two arms where follow-up was ended by events that depend on baseline columns: inverse weights, by arm."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike

from relapse_model.arrays import Floats, Mask
from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.trial.statistics.contrast import RISK_DIFFERENCE, RISK_RATIO
from relapse_model.trial.statistics.inputs import check_arms, check_covariates, require_one_of
from relapse_model.trial.statistics.kaplan_meier import require_follow_up, risk_table
from relapse_model.trial.statistics.loss_weights import ENDED_PER_COLUMN, ending_hazards
from relapse_model.trial.statistics.survival_contrast import SurvivalContrast, arm_risk, contrast_of_risks
from relapse_model.validation.estimate import normal_quantile
from relapse_model.validation.ipcw import check_follow_up

METHOD = "weighted Kaplan-Meier, Miettinen-Nurminen score interval with patient numbers reduced to allow for losses"


@dataclass(frozen=True, slots=True)
class WeightedContrast:
    """Two arms by a week, patients weighted for those whose follow-up was ended.

    Parameters
    ----------
    survival : SurvivalContrast
        Arms and contrast; standard errors are robust, with the weights taken as known.
    ended : tuple of int
        Whose follow-up was ended before the week, of the treatment and the control arm.
    weighted : tuple of bool
        Whether the columns entered the weights of the arm; where too few were ended they did not, and the risk is
        Kaplan-Meier's.
    largest : float
        The largest weight, relative to the mean of those still followed at that time.
    """

    survival: SurvivalContrast
    ended: tuple[int, int]
    weighted: tuple[bool, bool]
    largest: float


def weighted_contrast(
    time: ArrayLike,
    event: ArrayLike,
    ended: ArrayLike,
    arm: ArrayLike,
    columns: ArrayLike,
    week: float,
    *,
    measure: str = "risk_difference",
    level: float = 0.95,
) -> WeightedContrast:
    """Compare the risk of relapse by a week as it would be if no follow-up had been ended.

    Patients still followed stand for those like them whose follow-up was ended: each is weighted by the inverse of the
    chance of not having been ended so far, from a Cox model of the ending on the columns, in each arm of its own.
    Assumes that at given columns, within an arm, the ending has nothing to do with the coming relapse, and neither has
    other loss within an arm. An arm in which fewer than 5 patients for each column were ended is not weighted by them.

    Parameters
    ----------
    time : array-like of shape (n,)
        Weeks to the event, to the ending, or to the last time known free of it.
    event : array-like of shape (n,)
        1 for an event at that time, 0 otherwise.
    ended : array-like of shape (n,)
        1 where follow-up was ended at that time, 0 otherwise. An event at the time of an ending came first.
    arm : array-like of shape (n,)
        1 treatment, 0 control.
    columns : array-like of shape (n,) or (n, k)
        Known before randomisation, none missing.
    week : float
        The week by which relapse is counted.
    measure : str
        ``"risk_difference"``, or ``"risk_ratio"``.
    level : float
        Confidence level.

    Returns
    -------
    WeightedContrast

    Raises
    ------
    CensoringError
        If the week is beyond the follow-up of an arm.
    InsufficientDataError
        If there is one arm only, or the columns predict the ending perfectly.
    RelapseModelError
        If the arrays do not fit each other, or somebody has both an event and an ending.

    Notes
    -----
    Robins and Finkelstein 2000, Biometrics 56:779. With equal weights the robust variance is Greenwood's.

    Examples
    --------
    Nobody was ended: Kaplan-Meier.

    >>> weeks, events, arms = [10, 48, 48, 48, 20, 30, 40, 48], [1, 0, 0, 0, 1, 0, 1, 0], [1, 1, 1, 1, 0, 0, 0, 0]
    >>> found = weighted_contrast(weeks, events, [0] * 8, arms, [1, 2, 3, 4, 1, 2, 3, 4], 48)
    >>> found.survival.treatment.risk, found.survival.control.risk
    (0.25, 0.625)
    """
    require_one_of(measure, (RISK_DIFFERENCE, RISK_RATIO), "Measure")
    times, events = check_follow_up(time, event)
    treated = check_arms(arm, times.size)
    matrix, _ = check_covariates(columns, None, times.size)
    stopped = np.asarray(ended) == 1
    if stopped.shape != times.shape or (stopped & (events == 1)).any():
        raise RelapseModelError("Endings: expected one entry for each patient, and none of a patient with an event.")
    z, found, counted, used, largest = normal_quantile(level), [], [], [], 1.0
    for who, name in ((treated, "treatment"), (~treated, "control")):
        require_follow_up(risk_table(times[who], events[who]), week, name, "Weighted Kaplan-Meier")
        before = stopped[who] & (times[who] < week)
        enough = int(before.sum()) >= ENDED_PER_COLUMN * matrix.shape[1]
        weight = _weights(times[who], events[who], before, matrix[who]) if enough else None
        survival, error, most = _risk(times[who], events[who], week, weight)
        found.append(arm_risk(times[who], events[who], week, survival, error, z))
        counted.append(int(before.sum()))
        used.append(enough)
        largest = max(largest, most)
    made = contrast_of_risks(found[0], found[1], measure, level, METHOD)
    return WeightedContrast(
        SurvivalContrast(float(week), found[0], found[1], made), (counted[0], counted[1]), (used[0], used[1]), largest
    )


def _weights(time: Floats, event: Floats, ended: Mask, columns: Floats) -> tuple[Floats, Floats]:
    try:
        return ending_hazards(time, event, ended, columns)
    except InsufficientDataError as error:
        raise InsufficientDataError(f"Weights of an ended follow-up: {error}") from None


def _risk(time: Floats, event: Floats, week: float, weight: tuple[Floats, Floats] | None) -> tuple[float, float, float]:
    """Return survival to the week, its robust standard error, and the largest weight relative to the mean."""
    survival, influence, largest = 1.0, np.zeros(time.size), 1.0
    for at in np.unique(time[(event == 1) & (time <= week)]):
        followed = time >= at
        w = followed.astype(np.float64)
        if weight is not None:
            passed = int(np.searchsorted(weight[0], at, side="left"))  # endings before: an event came first
            w *= np.exp(weight[1][passed - 1]) if passed else 1.0
            largest = max(largest, float(w.max() / w[followed].mean()))
        failing = w * ((event == 1) & (time == at))
        hazard = float(failing.sum() / w.sum())
        if hazard >= 1:
            return 0.0, 0.0, largest
        influence += (failing - w * hazard) / (w.sum() * (1 - hazard))
        survival *= 1 - hazard
    return survival, survival * sqrt(float((influence**2).sum())), largest
