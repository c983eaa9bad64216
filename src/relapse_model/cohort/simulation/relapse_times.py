"""The truth: when HBsAg comes back, and each patient's risk of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from relapse_model.arrays import Floats
from relapse_model.cohort.simulation.baseline import Baseline, draw_baseline
from relapse_model.cohort.simulation.biomarkers import reference_extra
from relapse_model.cohort.simulation.settings import SimulationSettings

WEEKS_PER_YEAR = 365.25 / 7
CALIBRATION_WEEK = 48.0  # the week of `control_risk`
_SAMPLE, _SAMPLE_SEED = 50_000, 20_260_101  # mean risk known to about 0.0006

# Centring values [assumption]; those of the small terms are their means. They only move the
# intercept.
_CENTRES = {"anti_hbs": 1.4, "consolidation_weeks": 12.0, "hbsag_before_treatment": 1.5, "age_years": 39.0}
_CENTRES |= {"male": 0.7, "hbcrag": 2.36, "short_consolidation_no_antibody": 0.0}


def log_relative_hazard(baseline: Baseline, settings: SimulationSettings) -> Floats:
    """Return the log hazard relative to the centring values, without the arm.

    Examples
    --------
    >>> patients = draw_baseline(5, 1, np.random.default_rng(0))
    >>> log_relative_hazard(patients, SimulationSettings()).shape
    (5,)
    """
    terms = _terms(baseline, settings.non_linear)
    total = np.zeros(len(baseline))
    for name, coefficient in settings.coefficients:
        total += coefficient * (terms[name] - _CENTRES[name])
    return total


def relapse_risk(
    baseline: Baseline, settings: SimulationSettings, weeks: float | None = None, extra: Floats | None = None
) -> Floats:
    """Return each patient's true risk of latent relapse by a week, given all that is true at landmark 0.

    A Weibull hazard in time since the end of peginterferon, given that the patient enrolled free of relapse
    (left truncation). HBIG multiplies the hazard from enrolment on. The covariates are the true ones, not the
    measured ones, so this is the best that any model could do.

    Parameters
    ----------
    baseline : Baseline
        The patients.
    settings : SimulationSettings
        Its `control_risk` fixes the intercept.
    weeks : float, optional
        Weeks since enrolment; the end of follow-up unless given.
    extra : array of float, optional
        What the scenario adds to each patient's log hazard.

    Returns
    -------
    array of float
        Risk between 0 and 1.

    Examples
    --------
    >>> patients = draw_baseline(5, 1, np.random.default_rng(0))
    >>> bool((relapse_risk(patients, SimulationSettings()) < 1).all())
    True
    """
    until = settings.follow_up_weeks if weeks is None else weeks
    return _risk(_rate(baseline, settings, extra), _exposure(baseline, until, settings.weibull_shape))


def draw_relapse_weeks(
    baseline: Baseline, settings: SimulationSettings, rng: np.random.Generator, extra: Floats | None = None
) -> Floats:
    """Draw the week since enrolment at which HBsAg truly passes 0.05 IU/mL, by inversion; always above 0."""
    years = baseline.weeks_since_pegifn / WEEKS_PER_YEAR
    shape = settings.weibull_shape
    waiting = rng.standard_exponential(len(baseline))
    with np.errstate(over="ignore"):  # a hazard of next to nothing: never, which is infinity
        powered = years**shape + waiting / _rate(baseline, settings, extra)
        weeks = (powered ** (1 / shape) - years) * WEEKS_PER_YEAR
    return np.asarray(np.maximum(weeks, 1e-6))


def solve_increasing(function: Callable[[float], float], target: float, low: float, high: float) -> float:
    """Find by bisection where an increasing function reaches a target."""
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if function(middle) < target else (low, middle)
    return (low + high) / 2


@lru_cache(maxsize=8)
def reference_sample(centres: int) -> Baseline:
    """Return the fixed large sample on which intercepts are calibrated; no user's seed enters it."""
    return draw_baseline(_SAMPLE, centres, np.random.default_rng(_SAMPLE_SEED))


@lru_cache(maxsize=256)
def intercept(settings: SimulationSettings) -> float:
    """Return the intercept at which the control arm's mean risk at week 48 is `control_risk`."""
    sample = reference_sample(settings.centres)
    relative = np.exp(log_relative_hazard(sample, settings))
    if settings.scenario is not None:
        relative = relative * np.exp(reference_extra(sample, settings.scenario))
    exposed = relative * _exposure(sample, CALIBRATION_WEEK, settings.weibull_shape)
    return solve_increasing(
        lambda log_rate: float(_risk(np.exp(log_rate), exposed).mean()), settings.control_risk, -50.0, 50.0
    )


def _terms(baseline: Baseline, non_linear: bool) -> dict[str, Floats]:
    antibody, consolidation = baseline.anti_hbs, baseline.consolidation_weeks.astype(float)
    short = ((antibody < 10.0) & (consolidation < 12.0)).astype(float)
    return {
        "anti_hbs": 3.0 * antibody / (antibody + 100.0) if non_linear else np.log10(antibody + 1.0),
        "consolidation_weeks": np.minimum(consolidation, 24.0) if non_linear else consolidation,
        "hbsag_before_treatment": np.log10(baseline.hbsag_before),
        "age_years": baseline.age_years,
        "male": baseline.male.astype(float),
        "hbcrag": baseline.hbcrag,
        "short_consolidation_no_antibody": short,
    }


def _rate(baseline: Baseline, settings: SimulationSettings, extra: Floats | None = None) -> Floats:
    arm = np.where(baseline.hbig, settings.hbig_hazard_ratio, 1.0)
    rate = np.asarray(arm * np.exp(intercept(settings) + log_relative_hazard(baseline, settings)))
    return rate if extra is None else rate * np.exp(extra)


def _exposure(baseline: Baseline, weeks: float, shape: float) -> Floats:
    start = baseline.weeks_since_pegifn / WEEKS_PER_YEAR
    return np.asarray((start + weeks / WEEKS_PER_YEAR) ** shape - start**shape)


def _risk(rate: float | Floats, exposure: Floats) -> Floats:
    return np.asarray(-np.expm1(-rate * exposure))
