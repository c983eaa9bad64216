"""The log-rank test with the noise taken out that baseline columns explain."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import exp, sqrt

import numpy as np
from numpy.typing import ArrayLike

from relapse_model.arrays import Floats, Mask
from relapse_model.errors import InsufficientDataError
from relapse_model.trial.statistics.contrast import HAZARD_RATIO, Contrast, SignificanceTest, two_sided_p
from relapse_model.trial.statistics.inputs import check_arms, check_covariates
from relapse_model.validation.arm_counts import ArmCounts, arm_counts
from relapse_model.validation.ipcw import check_follow_up

_FAR = 20.0  # a log hazard ratio beyond any that data of a trial can show


@dataclass(frozen=True, slots=True)
class AdjustedLogRank:
    """The covariate-adjusted log-rank test, and the hazard ratio that belongs to it.

    Parameters
    ----------
    test : SignificanceTest
        The statistic is normal; below 0 if the treatment arm has fewer events than expected.
    contrast : Contrast
        Hazard ratio, treatment over control, not conditional on the covariates; its own Wald test.
    """

    test: SignificanceTest
    contrast: Contrast


def adjusted_log_rank(
    time: ArrayLike,
    event: ArrayLike,
    arm: ArrayLike,
    covariates: ArrayLike,
    *,
    names: Sequence[str] | None = None,
    level: float = 0.95,
) -> AdjustedLogRank:
    """Test whether the arms differ in the time to the event, adjusted for baseline columns.

    Assumes simple randomisation and loss that has nothing to do with the coming event within an arm; no model of the
    covariates need hold. Tests what the log-rank test tests, with more power the more the covariates explain.

    Parameters
    ----------
    time, event : array-like of shape (n,)
        Weeks to the event or to the last time known free of it; 1 for an event, 0 otherwise.
    arm : array-like of shape (n,)
        1 treatment, 0 control.
    covariates : array-like of shape (n,) or (n, k)
        Known before randomisation, none missing.
    names : sequence of str, optional
        Of the covariates.
    level : float
        Confidence level.

    Returns
    -------
    AdjustedLogRank

    Raises
    ------
    InsufficientDataError
        If an arm has no event, or the columns say the same.
    RelapseModelError
        If the arrays do not fit each other, an arm is unknown or a covariate missing.

    Notes
    -----
    Ye, Shao and Yi 2024, Biometrika 111:691. The share of patients in the treatment arm is taken as observed.

    Examples
    --------
    >>> x = [2, 0, 1, 3, 1, 0, 2, 1]
    >>> found = adjusted_log_rank([1, 2, 3, 4, 5, 6, 7, 8], [1, 1, 0, 1, 1, 0, 1, 0], [0, 1, 0, 1, 0, 1, 0, 1], x)
    >>> found.test.statistic < 0
    True
    """
    times, events = check_follow_up(time, event)
    treated = check_arms(arm, times.size)
    columns, known = check_covariates(covariates, names, times.size)
    for who, name in ((treated, "treatment"), (~treated, "control")):
        if not events[who].any():
            raise InsufficientDataError(
                f"Adjusted log-rank test: none of {int(who.sum())} patients of the {name} arm had an event; expected "
                "events in both arms."
            )
    counts = arm_counts(times, events, treated)
    fraction, centred = float(treated.mean()), columns - columns.mean(axis=0)
    spread = np.atleast_2d(np.cov(columns.T))

    def adjustment(log_ratio: float) -> tuple[float, float]:
        """Return what the covariates explain of the score and of its variance, at a log hazard ratio."""
        outcome = _derived_outcome(times, events, treated, counts, log_ratio)
        slope1, slope0 = (_slope(columns[who], outcome[who], known) for who in (treated, ~treated))
        explained = float((centred[treated] @ slope1).sum() - (centred[~treated] @ slope0).sum())
        both = slope1 + slope0
        return explained, times.size * fraction * (1 - fraction) * float(both @ spread @ both)

    explained, gain = adjustment(0.0)
    score, variance = _score(events, treated, counts, 0.0, ties=True)
    z = (score - explained) / sqrt(variance - gain)
    words = f"log-rank test adjusted for {', '.join(known)}"
    log_ratio, error = _log_hazard_ratio(events, treated, counts, adjustment)
    contrast = Contrast.log_wald(
        HAZARD_RATIO, log_ratio, error, level, f"adjusted log-rank score equation ({', '.join(known)})",
        "Wald test on the log scale",
    )  # fmt: skip
    return AdjustedLogRank(SignificanceTest(z, None, two_sided_p(z), words), contrast)


def _log_hazard_ratio(
    event: Floats, treated: Mask, counts: ArmCounts, adjustment: Callable[[float], tuple[float, float]]
) -> tuple[float, float]:
    """Return the root of the adjusted score and its standard error."""
    from scipy.optimize import brentq

    def score(log_ratio: float) -> float:
        return _score(event, treated, counts, log_ratio, ties=False)[0]

    if score(-_FAR) <= 0 or score(_FAR) >= 0:
        raise _no_ratio()
    explained, gain = adjustment(float(brentq(score, -_FAR, _FAR, xtol=1e-12)))
    if score(-_FAR) <= explained or score(_FAR) >= explained:
        raise _no_ratio()
    root = float(brentq(lambda log_ratio: score(log_ratio) - explained, -_FAR, _FAR, xtol=1e-12))
    variance = _score(event, treated, counts, root, ties=False)[1]
    if variance <= gain:
        raise _no_ratio()
    return root, sqrt(variance - gain) / variance


def _no_ratio() -> InsufficientDataError:
    return InsufficientDataError(
        "Adjusted log-rank test: the adjusted score equation has no finite hazard ratio; expected events in both arms "
        "while both were at risk, and fewer covariates than patients. Compare risks instead."
    )


def _score(event: Floats, treated: Mask, counts: ArmCounts, log_ratio: float, *, ties: bool) -> tuple[float, float]:
    """Return observed minus expected events of the treatment arm at a log hazard ratio, and the variance."""
    share = _share(counts, log_ratio)
    single = counts.at_risk == 1
    factor = np.where(single, 1.0, (counts.at_risk - counts.events) / np.where(single, 1, counts.at_risk - 1))
    variance = counts.events * share * (1 - share) * (factor if ties else 1.0)
    return float(event[treated].sum() - (counts.events * share).sum()), float(variance.sum())


def _share(counts: ArmCounts, log_ratio: float) -> Floats:
    """Return the share of the hazard at each time that is the treatment arm's."""
    ratio = exp(log_ratio)
    share: Floats = ratio * counts.at_risk1 / (ratio * counts.at_risk1 + counts.at_risk - counts.at_risk1)
    return share


def _derived_outcome(time: Floats, event: Floats, treated: Mask, counts: ArmCounts, log_ratio: float) -> Floats:
    """Return what each patient adds to the score: the martingale weighted by the other arm's share."""
    share, ratio = _share(counts, log_ratio), exp(log_ratio)
    hazard = counts.events / (ratio * counts.at_risk1 + counts.at_risk - counts.at_risk1)
    place = np.searchsorted(counts.times, time, side="right")  # times of events up to one's own
    own = np.minimum(np.searchsorted(counts.times, time), counts.times.size - 1)
    values = []
    for weight, relative in ((1 - share, ratio), (share, 1.0)):
        passed = np.concatenate(([0.0], np.cumsum(weight * hazard)))[place]
        values.append(np.where(event == 1, weight[own], 0.0) - relative * passed)
    outcome: Floats = np.where(treated, values[0], values[1])
    return outcome


def _slope(columns: Floats, outcome: Floats, names: Sequence[str]) -> Floats:
    """Return the least-squares slopes of one arm's derived outcomes on the columns."""
    centred = columns - columns.mean(axis=0)
    if np.linalg.matrix_rank(centred) < centred.shape[1]:
        raise InsufficientDataError(
            f"Adjusted log-rank test: within an arm the columns {', '.join(map(repr, names))} say the same, or one is "
            "constant; leave one out."
        )
    slope: Floats = np.linalg.lstsq(centred, outcome, rcond=None)[0]
    return slope
