"""Restricted mean survival time: weeks free of relapse up to a horizon, compared between arms."""

from __future__ import annotations

from dataclasses import dataclass
from math import log, sqrt

import numpy as np
from numpy.typing import ArrayLike

from relapse_model.arrays import Floats
from relapse_model.errors import InsufficientDataError
from relapse_model.trial.statistics.contrast import RMST_DIFFERENCE, RMST_RATIO, Contrast
from relapse_model.trial.statistics.inputs import check_arms, require_one_of
from relapse_model.trial.statistics.kaplan_meier import require_follow_up, risk_table
from relapse_model.validation.estimate import Estimate
from relapse_model.validation.ipcw import check_follow_up


@dataclass(frozen=True, slots=True)
class RmstContrast:
    """Mean weeks free of the event up to the horizon in two arms, and their contrast.

    Parameters
    ----------
    horizon : float
        The horizon.
    treatment, control : Estimate
        Mean weeks free of the event.
    contrast : Contrast
        Treatment against control: above 0 (or 1), the treatment arm is free for longer.
    """

    horizon: float
    treatment: Estimate
    control: Estimate
    contrast: Contrast


def rmst_contrast(
    time: ArrayLike,
    event: ArrayLike,
    arm: ArrayLike,
    horizon: float,
    *,
    measure: str = "rmst_difference",
    level: float = 0.95,
) -> RmstContrast:
    """Compare the mean time free of the event up to a horizon between arms.

    Assumes that within an arm loss has nothing to do with the coming event; nothing about hazards.

    Parameters
    ----------
    time, event : array-like of shape (n,)
        Weeks to the event or to the last time known free of it; 1 for an event, 0 otherwise.
    arm : array-like of shape (n,)
        1 treatment, 0 control.
    horizon : float
        In the unit of the times.
    measure : str
        ``"rmst_difference"`` or ``"rmst_ratio"``.
    level : float
        Confidence level.

    Returns
    -------
    RmstContrast

    Raises
    ------
    CensoringError
        If the horizon is beyond the follow-up of an arm.
    InsufficientDataError
        If an arm has no event by the horizon: the variance would be 0.
    RelapseModelError
        If the arrays do not fit each other, or an arm is unknown.

    Notes
    -----
    The area under each Kaplan-Meier curve, with Greenwood's variance. Uno et al. 2014, J Clin Oncol 32:2380.

    Examples
    --------
    >>> found = rmst_contrast([10, 48, 48, 48, 24, 24, 48, 48], [1, 0, 0, 0, 1, 1, 0, 0], [1] * 4 + [0] * 4, 48)
    >>> found.treatment.value, found.control.value  # (10 + 3 x 48) / 4; (2 x 24 + 2 x 48) / 4
    (38.5, 36.0)
    """
    require_one_of(measure, (RMST_DIFFERENCE, RMST_RATIO), "Measure")
    times, events = check_follow_up(time, event)
    treated = check_arms(arm, times.size)
    (mean1, error1), (mean0, error0) = (
        _mean_time(times[who], events[who], horizon, name)
        for who, name in ((treated, "treatment"), (~treated, "control"))
    )
    one, nought = (Estimate.wald(m, e, level, "Greenwood") for m, e in ((mean1, error1), (mean0, error0)))
    if measure == RMST_DIFFERENCE:
        error = sqrt(error1**2 + error0**2)
        contrast = Contrast.wald(measure, mean1 - mean0, error, level, "RMST, Greenwood", "Wald test")
    else:
        error, words = sqrt((error1 / mean1) ** 2 + (error0 / mean0) ** 2), "RMST, Greenwood, log scale"
        contrast = Contrast.log_wald(measure, log(mean1 / mean0), error, level, words, "Wald test on the log scale")
    return RmstContrast(float(horizon), one, nought, contrast)


def _mean_time(time: Floats, event: Floats, horizon: float, name: str) -> tuple[float, float]:
    """Return the mean of one arm and its standard error."""
    table = risk_table(time, event)
    require_follow_up(table, horizon, name, "Restricted mean survival time")
    by = table.times < horizon  # an event at the horizon costs no time
    survival = np.concatenate(([1.0], table.survival[by]))
    area = survival * np.diff(np.concatenate(([0.0], table.times[by], [horizon])))
    after = area[::-1].cumsum()[::-1][1:]  # the area beyond each time of an event
    variance = float((after**2 * table.greenwood[by]).sum())
    if variance == 0:
        raise InsufficientDataError(
            f"Restricted mean survival time to {horizon:g}: nobody of {time.size} patients of the {name} arm had the "
            "event before it, or all had it at one time, so the variance would be 0; expected events in both arms, and "
            "patients free of them. Compare risks instead."
        )
    return float(area.sum()), sqrt(variance)
