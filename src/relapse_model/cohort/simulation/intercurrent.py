"""Intercurrent events of a scenario: HBIG in the control arm, analogues started again, and what they do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relapse_model.arrays import Floats, Mask
from relapse_model.cohort.simulation.baseline import Baseline, tenths
from relapse_model.cohort.simulation.scenario import TrialScenario
from relapse_model.cohort.simulation.settings import SimulationSettings

ANTIVIRAL_HAZARD_RATIO = 0.3  # [assumption]
AGENTS = ("entecavir", "tenofovir")
_CROSSOVER_WEEKS, _ANTIVIRAL_WEEKS = (4.0, 24.0), (8.0, 40.0)  # [assumption]
_WEEKS_PER_YEAR = 365.25 / 7


@dataclass(frozen=True, slots=True)
class Intercurrent:
    """When something happens to each patient beside the plan, weeks since enrolment; infinite for never.

    Attributes
    ----------
    hbig_visit : array of int
        The planned visit from which a control is given HBIG; as many as there are visits for never.
    hbig_week, antiviral_week : array of float
    agent : array of str
        The analogue.
    """

    hbig_visit: NDArray[np.int64]
    hbig_week: Floats
    antiviral_week: Floats
    agent: NDArray[Any]


def draw_intercurrent(
    baseline: Baseline, schedule: Floats, scenario: TrialScenario, rng: np.random.Generator
) -> Intercurrent:
    """Draw who of the controls is given HBIG, who starts an analogue again, and when.

    Parameters
    ----------
    baseline : Baseline
    schedule : array of float
        Planned weeks of the visits.
    scenario : TrialScenario
    rng : Generator
    """
    patients = len(baseline)
    crosses = ~baseline.hbig & (rng.random(patients) < scenario.control_hbig)
    between = np.flatnonzero((schedule >= _CROSSOVER_WEEKS[0]) & (schedule <= _CROSSOVER_WEEKS[1]))
    between = between if len(between) else np.array([len(schedule) - 1])
    visit = np.where(crosses, rng.choice(between, patients), len(schedule))
    restarts = rng.random(patients) < scenario.antivirals
    week = tenths(rng.uniform(*_ANTIVIRAL_WEEKS, patients))
    agent = np.array(AGENTS, dtype=object)[rng.integers(0, len(AGENTS), patients)]
    planned = np.append(schedule, np.inf)[visit]
    return Intercurrent(visit.astype(np.int64), planned, np.where(restarts, week, np.inf), agent)


def relapse_after(
    relapse_weeks: Floats, events: Intercurrent, baseline: Baseline, settings: SimulationSettings
) -> Floats:
    """Return when patients relapse, given what happened before: the hazard changes from the event on.

    Parameters
    ----------
    relapse_weeks : array of float
        Without any event.
    events : Intercurrent
    baseline : Baseline
    settings : SimulationSettings
    """
    hbig_first = events.hbig_week <= events.antiviral_week
    hbig, antiviral = settings.hbig_hazard_ratio, ANTIVIRAL_HAZARD_RATIO
    # The earlier first: what then lies behind the later one is stretched again.
    for is_hbig in (hbig_first, ~hbig_first):
        week = np.where(is_hbig, events.hbig_week, events.antiviral_week)
        ratio = np.where(is_hbig, hbig, antiviral)
        relapse_weeks = _stretched(relapse_weeks, week, ratio, baseline.weeks_since_pegifn, settings.weibull_shape)
    return relapse_weeks


def _stretched(relapse: Floats, week: Floats, ratio: Floats, since: Floats, shape: float) -> Floats:
    """Return the week of relapse where the hazard is multiplied by a ratio from a week on; Weibull since the stop."""
    after = relapse > week
    years, at = since / _WEEKS_PER_YEAR, np.where(np.isfinite(week), week, 0.0)
    with np.errstate(over="ignore", invalid="ignore"):
        begin = (years + at / _WEEKS_PER_YEAR) ** shape
        left = (years + relapse / _WEEKS_PER_YEAR) ** shape - begin
        later = ((begin + left / ratio) ** (1.0 / shape) - years) * _WEEKS_PER_YEAR
    return np.where(after, np.maximum(later, week), relapse)


def visits_with_hbig(events: Intercurrent, visits: int) -> tuple[Mask, Mask]:
    """Return at which visits a control is in the hands of the dosing rule, and at which the first dose is given."""
    number = np.arange(visits)
    return number >= events.hbig_visit[:, None], number == events.hbig_visit[:, None]
