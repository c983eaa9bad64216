"""Patients with an unknown endpoint, imputed many times by arm, as likely to relapse as others or more so."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np

from relapse_model.arrays import Floats, generator
from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.trial.statistics.contrast import RISK_DIFFERENCE, Contrast
from relapse_model.trial.statistics.inputs import check_counts
from relapse_model.trial.statistics.missing_endpoint import ArmCount
from relapse_model.validation.estimate import normal_quantile
from relapse_model.validation.logistic_fit import log_odds, risk_of


@dataclass(frozen=True, slots=True)
class ImputedContrast:
    """A risk difference by multiple imputation.

    Parameters
    ----------
    contrast : Contrast
        Treatment minus control.
    delta : tuple of float
        What was added to the log-odds of relapse of unknown patients, treatment and control.
    within, between : float
        Variance within imputations (mean) and between them.
    degrees_of_freedom : float
        Of the t distribution of interval and test.
    missing_information : float
        Share of the variance that comes from what is not known.
    """

    contrast: Contrast
    delta: tuple[float, float]
    within: float
    between: float
    degrees_of_freedom: float
    missing_information: float


def imputed_risk_difference(
    treatment: ArmCount,
    control: ArmCount,
    delta: tuple[float, float] = (0.0, 0.0),
    *,
    imputations: int = 50,
    seed: int | np.random.Generator = 0,
    level: float = 0.95,
) -> ImputedContrast:
    """Compare two arms after imputing unknown endpoints within each arm.

    Assumes that unknown patients relapse like the known ones of their arm, except that their log-odds is larger by
    ``delta``: 0 is missing at random within the arm; 1, 2, 3 make them ever more likely to have relapsed. The endpoint
    alone is used, not how long they were followed.

    Parameters
    ----------
    treatment, control : ArmCount
        The arms.
    delta : tuple of float
        For the treatment and the control arm.
    imputations : int
        2 or more.
    seed : int or numpy.random.Generator
        Same seed, same answer.
    level : float
        Confidence level.

    Returns
    -------
    ImputedContrast
        Combined by Rubin's rules, with the degrees of freedom of Barnard and Rubin.

    Raises
    ------
    InsufficientDataError
        If nobody's endpoint is known in an arm, or no event was seen or imputed, so that the variance is 0.
    RelapseModelError
        If the counts are not such, or an argument is out of range.

    Notes
    -----
    The risk of each arm is drawn from its posterior under Jeffreys' prior, Beta(events + 1/2, others + 1/2).
    Rubin 1987, Multiple Imputation for Nonresponse in Surveys; Barnard and Rubin 1999, Biometrika 86:948.

    Examples
    --------
    >>> found = imputed_risk_difference(ArmCount(7, 62, 4), ArmCount(14, 62, 4))
    >>> found.contrast.lower < -0.11 < found.contrast.upper
    True
    """
    from scipy import stats

    _check(treatment, control, delta, imputations)
    normal_quantile(level)  # checks it
    rng = generator(seed)
    (risk1, var1), (risk0, var0) = (
        _imputed(one, more, imputations, rng) for one, more in zip((treatment, control), delta, strict=True)
    )
    difference, within = risk1 - risk0, float((var1 + var0).mean())
    between = float(difference.var(ddof=1)) if np.ptp(difference) > 1e-12 else 0.0  # not 1e-34 where all are equal
    extra = (1 + 1 / imputations) * between
    total = within + extra
    if total == 0:
        raise InsufficientDataError(
            "Multiple imputation: nobody, or everybody, had the event in each arm and imputation, so the variance is "
            "0; expected events. Take the extreme bounds and the tipping grid, which have intervals then too."
        )
    lost = extra / total
    freedom = _degrees_of_freedom(lost, imputations, treatment, control)
    value, error = float(difference.mean()), sqrt(total)
    reach, statistic = float(stats.t.ppf((1 + level) / 2, freedom)) * error, value / error
    contrast = Contrast(
        RISK_DIFFERENCE, value, value - reach, value + reach, level, error, statistic,
        2 * float(stats.t.sf(abs(statistic), freedom)),
        f"multiple imputation by arm, {imputations} imputations, delta {delta[0]:g} and {delta[1]:g}, Rubin's rules",
        f"t test with {freedom:.1f} degrees of freedom",
    )  # fmt: skip
    return ImputedContrast(contrast, (float(delta[0]), float(delta[1])), within, between, freedom, lost)


def _check(treatment: ArmCount, control: ArmCount, delta: tuple[float, float], imputations: int) -> None:
    check_counts(treatment.events, treatment.known, control.events, control.known)
    check_counts(0, treatment.missing, 0, control.missing, may_be_empty=True)
    if imputations < 2 or not np.isfinite(delta).all() or len(delta) != 2:
        raise RelapseModelError(
            f"Multiple imputation: {imputations} imputations, delta {delta}; expected 2 or more, and a number for the "
            "treatment and one for the control arm."
        )


def _imputed(arm: ArmCount, delta: float, imputations: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return the risk of one arm in each imputation, and its variance."""
    drawn = rng.beta(arm.events + 0.5, arm.known - arm.events + 0.5, imputations)
    events = arm.events + rng.binomial(arm.missing, risk_of(log_odds(np.clip(drawn, 1e-12, 1 - 1e-12)) + delta))
    patients = arm.known + arm.missing
    risk = events / patients
    return risk, risk * (1 - risk) / patients


def _degrees_of_freedom(lost: float, imputations: int, treatment: ArmCount, control: ArmCount) -> float:
    """Return those of Barnard and Rubin: never more than the complete data have."""
    complete = treatment.known + treatment.missing + control.known + control.missing - 2
    observed = (complete + 1) / (complete + 3) * complete * (1 - lost)
    if lost == 0:
        return observed
    return 1 / (lost**2 / (imputations - 1) + 1 / observed)
