"""What happens after enrolment: visits, HBsAg tests, own antibody, and who stays."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from relapse_model.arrays import Floats, Mask
from relapse_model.cohort.simulation.assays import (
    FALSE_POSITIVE,
    FALSE_POSITIVE_RANGE,
    HBSAG_BIAS,
    HBSAG_ERROR_LOG10,
)
from relapse_model.cohort.simulation.baseline import Baseline, IntArray, tenths
from relapse_model.cohort.simulation.relapse_times import reference_sample, solve_increasing
from relapse_model.cohort.simulation.scenario import TrialScenario
from relapse_model.cohort.simulation.settings import SimulationSettings

HBSAG_LIMIT = 0.05  # IU/mL; NCT07328711
VISITS = (0.0, 4.0, 8.0, 12.0, 24.0, 36.0, 48.0)  # [assumption]; every 12 weeks after that
JITTER_WEEKS = (1.0, 2.0)  # visits 4 and 12 weeks apart [assumption]
REPEAT_WEEKS = (1.0, 1.9)  # a positive test is repeated before the next visit [assumption]
LATEST_REPEAT = 3.0  # weeks after the planned end
VISITS_AFTER_CONFIRMATION = 2  # at most [assumption]

# After relapse HBsAg grows exponentially to its level before treatment: assumptions of the simulator.
ANTIGEN_GROWTH_LOG10_PER_WEEK, ANTIGEN_GROWTH_SIGMA, ANTIGEN_CEILING_AT_LEAST = 0.10, 0.4, 0.5

# Own antibody, change of the natural log per week; rising antigen consumes it some weeks before HBsAg shows,
# but never before enrolment, so that no test at landmark 0 predicts the relapse: assumptions of the
# simulator.
ANTIBODY_SLOPE, ANTIBODY_SLOPE_SD = -0.010, 0.010
ANTIBODY_CONSUMPTION, CONSUMPTION_LEAD_WEEKS = 0.15, 8.0

# Informative drop-out, log hazard ratios: controls of an open trial, the young, those with little antibody
# leave more often [assumption]; how much more of the first and the last is a setting of the scenario.
DROP_OUT_AGE = -0.02


@dataclass(frozen=True, slots=True)
class FollowUp:
    """The visits of every patient; all arrays have shape (patients, visits).

    Attributes
    ----------
    weeks, repeat_weeks : array of float
        Weeks since enrolment of the visit, and of the HBsAg test that repeats a positive one.
    attended, repeated : array of bool
        Whether they took place.
    unconfirmed : array of bool
        Whether, at the visit, no earlier relapse had been confirmed.
    hbsag, repeat_hbsag : array of float
        Measured HBsAg, IU/mL, before censoring at the assay's limits.
    """

    weeks: Floats
    repeat_weeks: Floats
    attended: Mask
    repeated: Mask
    unconfirmed: Mask
    hbsag: Floats
    repeat_hbsag: Floats


def visit_schedule(follow_up_weeks: float) -> Floats:
    """Return the planned weeks: 0, 4, 8, 12, 24, 36, 48, then every 12, and always the last one.

    Examples
    --------
    >>> visit_schedule(30.0).tolist()
    [0.0, 4.0, 8.0, 12.0, 24.0, 30.0]
    """
    planned = [*VISITS, *np.arange(60.0, follow_up_weeks, 12.0)]
    return np.array([week for week in planned if week <= follow_up_weeks - 4] + [follow_up_weeks])


def draw_visit_weeks(patients: int, schedule: Floats, rng: np.random.Generator) -> Floats:
    """Move every visit but the first by up to one week, or two where visits lie 8 weeks apart or more."""
    width = np.where(np.diff(schedule, prepend=0.0) < 8, *JITTER_WEEKS)
    width[0] = 0.0
    return tenths(schedule + width * rng.uniform(-1, 1, (patients, len(schedule))))


def own_antibody(baseline: Baseline, weeks: Floats, relapse_weeks: Floats, rng: np.random.Generator) -> Floats:
    """Return the endogenous anti-HBs (mIU/mL) at some weeks, shape (patients, weeks)."""
    slope = ANTIBODY_SLOPE + ANTIBODY_SLOPE_SD * rng.standard_normal(len(baseline))
    onset = np.maximum(relapse_weeks - CONSUMPTION_LEAD_WEEKS, 0.0)[:, None]
    consumed = ANTIBODY_CONSUMPTION * np.maximum(weeks - onset, 0.0)
    return np.asarray(baseline.anti_hbs[:, None] * np.exp(slope[:, None] * weeks - consumed))


def true_antigen(weeks: Floats, relapse_weeks: Floats, growth: Floats, ceiling: Floats) -> Floats:
    """Return the true HBsAg (IU/mL), which passes 0.05 at the week of relapse; shape (patients, weeks)."""
    exponent = growth[:, None] * (weeks - relapse_weeks[:, None])
    return HBSAG_LIMIT * 10.0 ** np.clip(exponent, -30.0, np.log10(ceiling / HBSAG_LIMIT)[:, None])


def follow(
    baseline: Baseline,
    relapse_weeks: Floats,
    settings: SimulationSettings,
    streams: dict[str, np.random.Generator],
) -> FollowUp:
    """Follow every patient until the end, drop-out, or a few visits after a confirmed relapse.

    Parameters
    ----------
    baseline : Baseline
        The patients.
    relapse_weeks : array of float
        When HBsAg truly passes 0.05 IU/mL.
    settings : SimulationSettings
        Its `follow_up_weeks` and `drop_out` are used.
    streams : dict of Generator
        ``visits``, ``drop_out`` and ``antigen``.

    Returns
    -------
    FollowUp
        Eligibility asks for a negative test at enrolment, so that visit is negative for all.
    """
    weeks, repeat_weeks = _visit_times(len(baseline), settings.follow_up_weeks, streams["visits"])
    hbsag, repeat_hbsag = _measured_antigen(baseline, (weeks, repeat_weeks), relapse_weeks, streams["antigen"])
    hbsag[:, 0] = 0.0
    lost = _drop_out_weeks(baseline, settings, streams["drop_out"])[:, None]
    repeated = (hbsag >= HBSAG_LIMIT) & (repeat_weeks < lost)
    confirmed = _first_true(repeated & (repeat_hbsag >= HBSAG_LIMIT))[:, None]
    further = streams["visits"].integers(0, VISITS_AFTER_CONFIRMATION + 1, (len(baseline), 1))
    visit = np.arange(weeks.shape[1])
    attended, unconfirmed = (weeks < lost) & (visit <= confirmed + further), visit <= confirmed
    return FollowUp(weeks, repeat_weeks, attended, repeated & unconfirmed, unconfirmed, hbsag, repeat_hbsag)


def _visit_times(patients: int, follow_up_weeks: float, rng: np.random.Generator) -> tuple[Floats, Floats]:
    weeks = draw_visit_weeks(patients, visit_schedule(follow_up_weeks), rng)
    repeat_weeks = tenths(weeks + rng.uniform(*REPEAT_WEEKS, weeks.shape))
    return weeks, np.minimum(repeat_weeks, follow_up_weeks + LATEST_REPEAT)


def _first_true(flags: Mask) -> IntArray:
    """Return the position of the first true flag in each row; the row's length if there is none."""
    return np.asarray(np.where(flags.any(axis=1), flags.argmax(axis=1), flags.shape[1]))


def _measured_antigen(
    baseline: Baseline,
    tests: tuple[Floats, Floats],
    relapse_weeks: Floats,
    rng: np.random.Generator,
) -> tuple[Floats, Floats]:
    normal = rng.standard_normal(len(baseline))
    growth = ANTIGEN_GROWTH_LOG10_PER_WEEK * np.exp(ANTIGEN_GROWTH_SIGMA * normal)
    ceiling = np.maximum(baseline.hbsag_before, ANTIGEN_CEILING_AT_LEAST)
    bias = np.array(HBSAG_BIAS)[baseline.centre % 2][:, None]
    first, second = (_with_error(bias * true_antigen(weeks, relapse_weeks, growth, ceiling), rng) for weeks in tests)
    return first, second


def _with_error(antigen: Floats, rng: np.random.Generator) -> Floats:
    measured = antigen * 10.0 ** (HBSAG_ERROR_LOG10 * rng.standard_normal(antigen.shape))
    false = (measured < HBSAG_LIMIT) & (rng.random(antigen.shape) < FALSE_POSITIVE)
    return np.where(false, rng.uniform(*FALSE_POSITIVE_RANGE, antigen.shape), measured)


def _drop_out_weeks(baseline: Baseline, settings: SimulationSettings, rng: np.random.Generator) -> Floats:
    waiting = rng.standard_exponential(len(baseline))
    if settings.drop_out == 0:
        return np.full(len(baseline), np.inf)
    course = settings.course
    sample = _drop_out_hazard(reference_sample(settings.centres), course)
    rate = solve_increasing(
        lambda log_rate: float(-np.expm1(-np.exp(log_rate) * sample).mean()), settings.drop_out, -50.0, 50.0
    )
    return np.asarray(settings.follow_up_weeks * waiting / (math.exp(rate) * _drop_out_hazard(baseline, course)))


def _drop_out_hazard(baseline: Baseline, course: TrialScenario) -> Floats:
    antibody = np.log10(baseline.anti_hbs + 1.0) - 1.4
    score = course.loss_control * ~baseline.hbig + DROP_OUT_AGE * (baseline.age_years - 39.0)
    return np.asarray(np.exp(score + course.loss_anti_hbs * antibody))
