"""How many patients a model of the time to relapse needs: Riley's criteria."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, exp, log, sqrt

from relapse_model.errors import RelapseModelError
from relapse_model.validation.estimate import Estimate

_OPTIMISM = 0.05  # largest difference of apparent and adjusted Nagelkerke R2 (criterion 2)
_Z = 1.96  # rounded as in the published criteria
_NOTIONAL = 10_000  # patients in whom the published criteria count the events for the largest R2


@dataclass(frozen=True)
class SurvivalSampleSize:
    """The number of patients that Riley's criteria for a time to an event ask for.

    Parameters
    ----------
    shrinkage : int
        For predictor effects shrunk by no more than the target says (criterion 1).
    optimism : int
        For an apparent R2 that is too high by 0.05 at most (criterion 2).
    overall_risk : Estimate
        The overall risk by the time point, and how precisely that many patients would show it (criterion 3):
        for judgement, since no width is prescribed.
    events_per_parameter : float
        Events per candidate parameter at the larger of the two.
    """

    shrinkage: int
    optimism: int
    overall_risk: Estimate
    events_per_parameter: float

    @property
    def patients(self) -> int:
        """Return the number that satisfies criteria 1 and 2."""
        return max(self.shrinkage, self.optimism)


def survival_sample_size(
    parameters: int, r2: float, rate: float, mean_follow_up: float, time_point: float, shrinkage: float = 0.9
) -> SurvivalSampleSize:
    """Return how many patients the development of a model of the time to an event needs.

    Assumes a constant rate for the overall risk, and a model fitted by (partial) maximum likelihood without a
    penalty or prior. Rate, follow-up and time point are in the same unit of time.

    Parameters
    ----------
    parameters : int
        Candidate parameters: all that are looked at, not only those kept.
    r2 : float
        Cox-Snell R2 expected in new patients.
    rate : float
        Events per unit of follow-up.
    mean_follow_up : float
        Mean follow-up, with all patients counted.
    time_point : float
        Time by which risks are to be predicted.
    shrinkage : float
        Target for the shrinkage of effects.

    Returns
    -------
    SurvivalSampleSize

    Raises
    ------
    RelapseModelError
        If a figure is outside its range, or r2 above what the rate allows.

    Notes
    -----
    Riley et al. 2019, Stat Med 38:1276; Riley et al. 2020, BMJ 368:m441. Nothing is rounded on the way, as in
    the R package pmsampsize 1.1.3; earlier versions of it round the largest R2 and the shrinkage of criterion 2.

    Examples
    --------
    >>> size = survival_sample_size(25, 0.051, rate=0.065, mean_follow_up=2.07, time_point=2)
    >>> size.shrinkage, size.optimism, size.patients, str(size.overall_risk)
    (4286, 866, 4286, '0.12 (0.11 to 0.13)')
    """
    if parameters < 1:
        raise RelapseModelError(f"Sample size: {parameters} parameters; expected 1 or more.")
    highest = maximum_survival_r2(rate, mean_follow_up)
    if not time_point > 0 or not 0 < shrinkage < 1:
        raise RelapseModelError(
            f"Sample size: time point {time_point}, shrinkage {shrinkage}; expected a time above 0, and a "
            "shrinkage above 0 and below 1."
        )
    if not 0 < r2 < min(highest, shrinkage):
        raise RelapseModelError(
            f"Sample size: r2 {r2}; expected above 0 and below {min(highest, shrinkage):.3g} (the most that this "
            "rate, follow-up and shrinkage allow). Is it Nagelkerke's R2? Cox-Snell's is meant."
        )
    targets = (shrinkage, r2 / (r2 + _OPTIMISM * highest))
    needs = [ceil(parameters / ((target - 1) * log(1 - r2 / target))) for target in targets]
    patients = max(needs)
    return SurvivalSampleSize(
        shrinkage=needs[0],
        optimism=needs[1],
        overall_risk=_overall_risk(rate, patients * mean_follow_up, time_point),
        events_per_parameter=patients * rate * mean_follow_up / parameters,
    )


def maximum_survival_r2(rate: float, mean_follow_up: float) -> float:
    """Return the largest Cox-Snell R2 that a rate of events and a follow-up allow.

    Parameters
    ----------
    rate : float
        Events per unit of follow-up.
    mean_follow_up : float
        Mean follow-up, in the same unit.

    Returns
    -------
    float

    Raises
    ------
    RelapseModelError
        If they are not above 0, or give more than one event per patient.

    Notes
    -----
    From the log-likelihood of a constant rate in 10 000 patients (Riley et al. 2019, Stat Med 38:1276), their
    events rounded up as published.

    Examples
    --------
    >>> round(maximum_survival_r2(0.065, 2.07), 3)
    0.555
    """
    if not (rate > 0 and mean_follow_up > 0 and rate * mean_follow_up <= 1):
        raise RelapseModelError(
            f"Sample size: rate {rate}, mean follow-up {mean_follow_up}; expected both above 0, and at most one "
            "event per patient. Are they in the same unit of time?"
        )
    events = ceil(rate * mean_follow_up * _NOTIONAL)
    null = events * log(events / _NOTIONAL) - events
    return 1 - exp(2 * null / _NOTIONAL)


def _overall_risk(rate: float, follow_up: float, time_point: float) -> Estimate:
    """Return the risk by the time point with the interval that a total follow-up gives."""
    reach = _Z * sqrt(rate / follow_up)
    value, lower, upper = (1 - exp(-max(0.0, at) * time_point) for at in (rate, rate - reach, rate + reach))
    return Estimate(value, lower, upper, 0.95, "Wald on the rate, constant rate")
