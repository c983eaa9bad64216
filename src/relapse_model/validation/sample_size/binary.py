"""How many patients a model of a binary outcome needs, and how many parameters a cohort allows."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, exp, log, sqrt
from statistics import NormalDist

import numpy as np

from relapse_model.errors import InsufficientDataError, RelapseModelError

_OPTIMISM = 0.05  # largest difference of apparent and adjusted Nagelkerke R2 (criterion 2)
_MARGIN = 0.05  # half-width of the interval of the overall risk (criterion 3)
_Z = 1.96  # rounded as in the published criteria

ANTICIPATED_C = 0.75  # what a good model may reach, before any is fitted; an assumption, and shown as one


@dataclass(frozen=True)
class SampleSize:
    """The number of patients that each of Riley's criteria asks for.

    Parameters
    ----------
    shrinkage : int
        For predictor effects shrunk by no more than the target says (criterion 1).
    optimism : int
        For an apparent R2 that is too high by 0.05 at most (criterion 2).
    overall_risk : int
        For an overall risk known to within 0.05 (criterion 3).
    events_per_parameter : float
        Events per candidate parameter at the largest of the three.
    """

    shrinkage: int
    optimism: int
    overall_risk: int
    events_per_parameter: float

    @property
    def patients(self) -> int:
        """Return the number that satisfies all three criteria."""
        return max(self.shrinkage, self.optimism, self.overall_risk)


def riley_sample_size(parameters: int, r2: float, prevalence: float, shrinkage: float = 0.9) -> SampleSize:
    """Return how many patients the development of a model of a binary outcome needs.

    Assumes a model fitted by maximum likelihood without a penalty or prior; a penalty does not lift the need
    for data to tune it with.

    Parameters
    ----------
    parameters : int
        Candidate parameters: all that are looked at, not only those kept. The arm is one.
    r2 : float
        Cox-Snell R2 expected in new patients; from a published C by `cox_snell_r2`.
    prevalence : float
        Expected share of relapses by the horizon.
    shrinkage : float
        Target for the shrinkage of effects.

    Returns
    -------
    SampleSize

    Raises
    ------
    RelapseModelError
        If a figure is outside its range, or r2 above what the prevalence allows.

    Notes
    -----
    Riley et al. 2019, Stat Med 38:1276; Riley et al. 2020, BMJ 368:m441.

    Examples
    --------
    >>> size = riley_sample_size(24, 0.288, 0.174)
    >>> size.shrinkage, size.optimism, size.overall_risk, size.patients
    (623, 662, 221, 662)
    """
    if parameters < 1:
        raise RelapseModelError(f"Sample size: {parameters} parameters; expected 1 or more.")
    _check(r2, prevalence, shrinkage)
    needs = [
        ceil(parameters * _patients_per_parameter(r2, s)) for s in (shrinkage, _optimism_shrinkage(r2, prevalence))
    ]
    overall = ceil((_Z / _MARGIN) ** 2 * prevalence * (1 - prevalence))
    events = max(*needs, overall) * prevalence
    return SampleSize(needs[0], needs[1], overall, events / parameters)


def maximum_parameters(n: int, prevalence: float, r2: float, shrinkage: float = 0.9) -> float:
    """Return how many candidate parameters a cohort allows: the smaller answer of Riley's criteria 1 and 2.

    Criterion 3 asks for a number of patients whatever the parameters; see `riley_sample_size`.

    Parameters
    ----------
    n : int
        Patients.
    prevalence : float
        Share of relapses by the horizon.
    r2 : float
        Cox-Snell R2 expected in new patients.
    shrinkage : float
        Target for the shrinkage of effects.

    Returns
    -------
    float
        Not rounded: below 1 the cohort does not carry a single parameter.

    Raises
    ------
    RelapseModelError
        As `riley_sample_size`.

    Examples
    --------
    >>> round(maximum_parameters(132, 0.15, 0.151), 1)
    2.4
    """
    _check_patients(n)
    _check(r2, prevalence, shrinkage)
    targets = (shrinkage, _optimism_shrinkage(r2, prevalence))
    return n / max(_patients_per_parameter(r2, target) for target in targets)


def expected_shrinkage(n: int, parameters: int, r2: float) -> float:
    """Return the shrinkage of effects to expect: Riley's criterion 1 solved for it.

    Parameters
    ----------
    n : int
        Patients.
    parameters : int
        Candidate parameters.
    r2 : float
        Cox-Snell R2 expected in new patients.

    Returns
    -------
    float
        Between r2 and 1; below 0.9 is too little data by the usual standard.

    Raises
    ------
    RelapseModelError
        If a figure is outside its range.

    Examples
    --------
    >>> round(expected_shrinkage(132, 5, 0.151), 2)
    0.82
    """
    _check_patients(n)
    if parameters < 1 or not 0 < r2 < 1:
        raise RelapseModelError(
            f"Shrinkage: {parameters} parameters and r2 {r2}; expected 1 or more, and r2 above 0 and below 1."
        )
    low, high = r2, 1.0
    for _ in range(60):  # the patients needed grow from 0 at shrinkage r2 without bound towards 1
        middle = (low + high) / 2
        enough = middle > r2 and middle < 1 and parameters * _patients_per_parameter(r2, middle) <= n
        low, high = (middle, high) if enough else (low, middle)
    return (low + high) / 2


def heuristic_shrinkage(chi_squared: float, parameters: int) -> float:
    """Return the shrinkage factor of a fitted model from its likelihood ratio statistic.

    Effects times the factor (with the intercept fitted again) should have a calibration slope near 1.

    Parameters
    ----------
    chi_squared : float
        Likelihood ratio statistic against the model without predictors.
    parameters : int
        Candidate parameters.

    Returns
    -------
    float
        0 or less: the model says no more than noise would; predict the mean risk.

    Raises
    ------
    InsufficientDataError
        If the statistic is not above 0: nothing was explained.

    Notes
    -----
    Van Houwelingen and Le Cessie 1990, Stat Med 9:1303: ``(chi2 - P) / chi2``.

    Examples
    --------
    >>> heuristic_shrinkage(20.0, 5)
    0.75
    """
    if not chi_squared > 0:
        raise InsufficientDataError(
            f"Shrinkage: likelihood ratio statistic {chi_squared}; expected above 0. The model explains "
            "nothing: predict the mean risk."
        )
    return (chi_squared - parameters) / chi_squared


def cox_snell_r2(c_statistic: float, prevalence: float) -> float:
    """Convert a published C statistic to Cox-Snell R2.

    Assumes linear predictors that are normal with equal variance among those who relapse and those who do
    not; their means then lie ``sqrt(2) * Phi^-1(C)`` standard deviations apart.

    Parameters
    ----------
    c_statistic : float
        C statistic (AUC), 0.5 to below 1.
    prevalence : float
        Share of relapses.

    Returns
    -------
    float

    Raises
    ------
    RelapseModelError
        If a figure is outside its range.

    Notes
    -----
    The likelihood ratio statistic per patient tends to twice the mutual information of outcome and linear
    predictor, integrated here on a grid: what Riley, Van Calster and Collins 2021, Stat Med 40:859, obtain
    by simulation.

    Examples
    --------
    >>> round(cox_snell_r2(0.81, 0.77), 4)
    0.2121
    """
    if not (0.5 <= c_statistic < 1 and 0 < prevalence < 1):
        raise RelapseModelError(
            f"C to R2: C {c_statistic}, prevalence {prevalence}; expected C from 0.5 to below 1 and a "
            "prevalence above 0 and below 1."
        )
    distance = sqrt(2) * NormalDist().inv_cdf(c_statistic)
    x = np.linspace(-12, 12 + distance, 6001)
    free = np.exp(-(x**2) / 2) / sqrt(2 * np.pi)
    relapsed = np.exp(-((x - distance) ** 2) / 2) / sqrt(2 * np.pi)
    mixture = prevalence * relapsed + (1 - prevalence) * free
    gained = prevalence * relapsed * np.log(relapsed / mixture) + (1 - prevalence) * free * np.log(free / mixture)
    information = float(gained.sum() * (x[1] - x[0]))  # the integrand vanishes at both ends
    return 1 - exp(-2 * information)


def maximum_r2(prevalence: float) -> float:
    """Return the largest Cox-Snell R2 that a binary outcome allows.

    Parameters
    ----------
    prevalence : float
        Share of relapses, above 0 and below 1.

    Returns
    -------
    float

    Examples
    --------
    >>> maximum_r2(0.5)
    0.75
    """
    return 1 - exp(2 * (prevalence * log(prevalence) + (1 - prevalence) * log(1 - prevalence)))


def _patients_per_parameter(r2: float, shrinkage: float) -> float:
    return 1 / ((shrinkage - 1) * log(1 - r2 / shrinkage))


def _optimism_shrinkage(r2: float, prevalence: float) -> float:
    """Return the shrinkage that keeps the optimism of Nagelkerke's R2 at its limit."""
    return r2 / (r2 + _OPTIMISM * maximum_r2(prevalence))


def _check_patients(n: int) -> None:
    if n < 1:
        raise RelapseModelError(f"Sample size: {n} patients; expected 1 or more.")


def _check(r2: float, prevalence: float, shrinkage: float) -> None:
    if not (0 < prevalence < 1 and 0 < shrinkage < 1):
        raise RelapseModelError(
            f"Sample size: prevalence {prevalence}, shrinkage {shrinkage}; expected both above 0 and below 1."
        )
    highest = min(maximum_r2(prevalence), shrinkage)
    if not 0 < r2 < highest:
        raise RelapseModelError(
            f"Sample size: r2 {r2}; expected above 0 and below {highest:.3g} (the most that prevalence "
            f"{prevalence} and shrinkage {shrinkage} allow). Is it Nagelkerke's R2? Cox-Snell's is meant."
        )
