"""The course of patients of the second simulator: titres, doses of HBIG by what is measured, hazard of relapse.

One step is a week. Antibody from HBIG has one compartment and first-order absorption; the patient's own moves at a
rate that fades over half a year. Each dose follows a measured titre: a visit that is missed brings no dose, and an
error of the assay changes what is given. In the mechanism, the hazard of reactivation is the reservoir times the share
of virus that total antibody leaves free; the reservoir decays. No step of it uses a predictor. Half-life, volume and
absorption of HBIG lie among those on labels (HepaGam B, Nabi-HB); the curve of neutralisation, the decay of the
reservoir and the share of missed visits were chosen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mechanistic_patients import ABSORPTION_PER_DAY, ASSAY_ERROR, Bools, Floats, Hidden, Integers, Rng

HORIZON = 48
PLANNED_WEEKS = np.array([0, 4, 8, 12, 24, 36, 48])
MISSED = 0.04  # of each visit after week 0
DOSE_IU, DOSE_BELOW = 400.0, 100.0
OWN_FADES_WEEKS, RESERVOIR_HALF_LIFE_WEEKS = 26.0, 60.0
HALF_NEUTRALISED, STEEPNESS, NEVER_NEUTRALISED = 30.0, 2.0, 0.08  # mIU/mL, Hill coefficient, share left at any titre

LogHazard = Callable[[int, Floats], Floats]  # of a week and the total titre in its middle


@dataclass(frozen=True)
class Course:
    """What happens to each patient while free of relapse."""

    cumulative_hazard: Floats  # at weeks 0 to 48 (weeks, patients), before the factor that calibrates it
    visit_weeks: Integers  # (visits, patients)
    seen: Bools
    total_titre: Floats  # mIU/mL
    measured_titre: Floats  # mIU/mL, as the assay reads it, without its limits
    dosed: Bools


def follow(
    hidden: Hidden, hbig: Bools, log_hazard: LogHazard, rng: Rng, first_ln_titre: Floats | None = None
) -> Course:
    """Follow patients week by week; `first_ln_titre` is the reading of week 0, if it is known."""
    n, visits = len(hbig), len(PLANNED_WEEKS)
    weeks, seen = planned_visits(n, rng)
    total, measured = np.zeros((visits, n)), np.zeros((visits, n))
    dosed = np.zeros((visits, n), dtype=bool)
    hazard = np.zeros((HORIZON + 1, n))
    depot, passive = np.zeros(n), np.zeros(n)
    errors = ASSAY_ERROR * rng.normal(size=(visits, n))
    for week in range(HORIZON + 1):
        for visit in np.flatnonzero((weeks == week).any(axis=1)):
            now = weeks[visit] == week
            titre = own_titre(hidden, week) + passive
            reading = titre * np.exp(errors[visit])
            if visit == 0 and first_ln_titre is not None:
                reading = np.exp(first_ln_titre)
            total[visit], measured[visit] = (
                np.where(now, new, old[visit]) for new, old in ((titre, total), (reading, measured))
            )
            due = now & seen[visit] & hbig & ((visit == 0) | (reading < DOSE_BELOW))
            dosed[visit] |= due
            depot = depot + np.where(due, 1.0, 0.0) * DOSE_IU / hidden.litres
        if week < HORIZON:
            middle = own_titre(hidden, week + 0.5) + absorb(depot, passive, hidden.half_life_days, 3.5)[1]
            hazard[week + 1] = hazard[week] + np.exp(log_hazard(week, middle))
            depot, passive = absorb(depot, passive, hidden.half_life_days, 7.0)
    return Course(hazard, weeks, seen, total, measured, dosed)


def planned_visits(n: int, rng: Rng) -> tuple[Integers, Bools]:
    """Visits of weeks 0 and 48 are held in their week, others up to a week early or late."""
    shift = rng.integers(-1, 2, (len(PLANNED_WEEKS), n))
    shift[[0, -1]] = 0
    seen = rng.random(shift.shape) >= MISSED
    seen[0] = True
    return PLANNED_WEEKS[:, None] + shift, seen


def absorb(depot: Floats, passive: Floats, half_life_days: Floats, days: float) -> tuple[Floats, Floats]:
    """Depot and titre (IU/L, which is mIU/mL) after some days without a dose."""
    rate = np.log(2) / half_life_days
    kept, left = np.exp(-rate * days), np.exp(-ABSORPTION_PER_DAY * days)
    into = depot * ABSORPTION_PER_DAY / (ABSORPTION_PER_DAY - rate) * (kept - left)
    return depot * left, passive * kept + into


def own_titre(hidden: Hidden, week: float) -> Floats:
    moved = OWN_FADES_WEEKS * (1 - np.exp(-week / OWN_FADES_WEEKS))
    return np.asarray(np.exp(hidden.ln_own + hidden.own_slope * moved))


def free_share(titre: Floats) -> Floats:
    """Share of virus that antibody leaves free: nearly all well below 30 mIU/mL, 8 % well above."""
    neutralised = 1 / (1 + (HALF_NEUTRALISED / titre) ** STEEPNESS)
    return np.asarray(1 - (1 - NEVER_NEUTRALISED) * neutralised)


def mechanism(hidden: Hidden, sign: int) -> LogHazard:
    def log_hazard(week: int, titre: Floats) -> Floats:
        decayed = np.log(2) * (week + 0.5) / RESERVOIR_HALF_LIFE_WEEKS
        return np.asarray(sign * (hidden.reservoir + np.log(free_share(titre))) - decayed)

    return log_hazard


def constant(log_hazard: Floats) -> LogHazard:
    return lambda week, titre: log_hazard


def relapse_week(cumulative_hazard: Floats, rng: Rng) -> Floats:
    """Week in which HBsAg passes the limit, by inversion; infinite beyond the horizon."""
    target: Floats = np.asarray(rng.exponential(size=cumulative_hazard.shape[1]))
    before = np.minimum((cumulative_hazard <= target).sum(axis=0) - 1, HORIZON - 1)
    rows = np.arange(len(target))
    start, end = cumulative_hazard[before, rows], cumulative_hazard[before + 1, rows]
    week = before + (target - start) / np.maximum(end - start, 1e-300)
    return np.where(target < cumulative_hazard[-1], week, np.inf)
