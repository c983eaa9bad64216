"""Second simulator of cohorts, of a mechanism that no model of the library has, with the true risk of each patient.

Three scenarios: "mechanistic" (a hidden reservoir against antibody that changes with time, see `mechanistic_course`),
"linear" (the log hazard is linear in what is measured at week 0), "null" (the same hazard for all). Three true risks of
relapse by week 48, by Monte Carlo: `risk_known`, given all that the mechanism knows at week 0, the hidden
included; `risk_measured`, given what the study reads at week 0, which is the most that any model of the study can know;
`risk_at_centre`, given the centre too, for a study that reads it. They leave out loss to follow-up: they are the risks
of a patient who is followed.

Calibration: in each scenario and for each sign, one factor of the hazard makes the mean risk 15 % in 4,000 patients of
two arms of equal size (15 % were seen within 70 to 96 weeks in published cohorts). `baseline` and the factors of
centres come after it, so that with them the mean is another.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

import relapse_model as rm
from mechanistic_course import HORIZON, Course, LogHazard, constant, follow, mechanism, relapse_week
from mechanistic_patients import (
    CENTRE_SHARES,
    Bools,
    Floats,
    Hidden,
    Integers,
    Measured,
    Rng,
    Unread,
    draw_patients,
    hidden_given_measured,
)
from mechanistic_tables import observe, outcomes_table, tables

MEAN_RISK, CALIBRATION_PATIENTS, CALIBRATION_SEED = 0.15, 4000, 20_261_129
OUTLYING_CENTRE, OUTLYING_FACTOR = 2, 4.0
AT_ONCE = 400_000  # draws followed at a time
SCENARIOS = ("mechanistic", "linear", "null")


@dataclass(frozen=True)
class Setting:
    """How cohorts are made: the scenario and what is turned round, multiplied or biased in it."""

    scenario: str = "mechanistic"
    effect_signs: int = 1  # -1: every effect in the other direction
    baseline: float = 1.0  # factor of the hazard of all
    outlying_centre: bool = False  # the third centre has 4 times the hazard
    centre_log_factors: tuple[float, ...] = ()  # of the hazard, one for each centre; empty: none differs
    informative_loss: bool = False  # loss depends on arm and titre of week 0

    def __post_init__(self) -> None:
        if self.scenario not in SCENARIOS:
            raise ValueError(f"scenario {self.scenario!r}; expected one of {SCENARIOS}")
        if self.effect_signs not in (-1, 1) or self.baseline <= 0:
            raise ValueError("effect_signs is 1 or -1, baseline is above 0")
        if self.centre_log_factors and len(self.centre_log_factors) != len(CENTRE_SHARES):
            raise ValueError(f"centre_log_factors has one for each of {len(CENTRE_SHARES)} centres")


@dataclass(frozen=True)
class SimulatedCohort:
    """A cohort as the library reads it, with what it does not see."""

    cohort: rm.Cohort
    outcomes: pd.DataFrame  # as the simulator adjudicates what was seen
    risk_known: Floats
    risk_measured: Floats
    risk_at_centre: Floats
    relapse_week: Floats  # infinite: none by week 48
    course: Course
    hidden: Hidden


def simulate(
    n: int, seed: int, setting: Setting | None = None, *, draws: int = 400, later: bool = True
) -> SimulatedCohort:
    """Simulate a cohort; without `later`, its tables end at week 0, as those of patients to be scored."""
    setting = setting or Setting()
    factor = calibration_factor(Setting(setting.scenario, setting.effect_signs))
    rng, truth_rng = (np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(2))
    measured, unread, hidden = draw_patients(n, rng)
    course = follow(hidden, measured.hbig, log_hazard(setting, measured, hidden, 1), rng, measured.ln_titre)
    own_factor = factor * setting.baseline * centre_factors(setting)[unread.centre]
    week = relapse_week(own_factor * course.cumulative_hazard, rng)
    seen = observe(course, week, loss_weeks(setting, measured, rng), rng)
    patients, labs, treatments = tables(measured, unread, course, seen, rng, later=later)
    risks = true_risks(setting, factor, measured, unread, hidden, draws, truth_rng)
    cohort = rm.make_cohort(patients, labs, treatments, study=rm.load_study("hbsag-relapse"), synthetic=True)
    return SimulatedCohort(cohort, outcomes_table(seen), *risks, week, course, hidden)


def true_risks(
    setting: Setting, factor: float, measured: Measured, unread: Unread, hidden: Hidden, draws: int, rng: Rng
) -> tuple[Floats, Floats, Floats]:
    """Risk by week 48 given everything known to the mechanism, given what the study reads, and the centre too."""
    factors = factor * setting.baseline * centre_factors(setting)
    if setting.scenario != "mechanistic":
        draws = 1  # the hazard is then known at week 0
    known, given, at_centre = (np.zeros(len(measured.age)) for _ in range(3))
    for rows in np.array_split(np.arange(len(known)), -(-len(known) * draws // AT_ONCE)):
        part, of = take(measured, rows), Hidden(*(np.repeat(values[rows], draws) for values in vars(hidden).values()))
        alone = total_hazard(setting, part, of, draws, rng)
        known[rows] = -np.expm1(-factors[unread.centre[rows]][:, None] * alone).mean(axis=1)
        of = hidden_given_measured(part, draws, rng).flat()
        drawn = total_hazard(setting, part, of, draws, rng)
        by_centre = np.array([-np.expm1(-value * drawn).mean(axis=1) for value in factors])
        given[rows] = np.average(by_centre, axis=0, weights=CENTRE_SHARES)
        at_centre[rows] = by_centre[unread.centre[rows], np.arange(len(rows))]
    return known, given, at_centre


def total_hazard(setting: Setting, measured: Measured, hidden: Hidden, draws: int, rng: Rng) -> Floats:
    """Cumulative hazard by week 48, (n, draws), before calibration."""
    hbig, first = np.repeat(measured.hbig, draws), np.repeat(measured.ln_titre, draws)
    course = follow(hidden, hbig, log_hazard(setting, measured, hidden, draws), rng, first)
    total: Floats = course.cumulative_hazard[-1].reshape(len(measured.age), draws)
    return total


def log_hazard(setting: Setting, measured: Measured, hidden: Hidden, draws: int) -> LogHazard:
    """Per week, before calibration."""
    if setting.scenario == "mechanistic":
        return mechanism(hidden, setting.effect_signs)
    if setting.scenario == "linear":
        return constant(np.repeat(setting.effect_signs * linear_effects(measured), draws))
    return constant(np.zeros(draws * len(measured.age)))


def linear_effects(measured: Measured) -> Floats:
    """Log hazard by what the assays print; below a limit counts as half of it. Sizes were chosen."""
    titre = np.log10(np.where(measured.ln_titre < np.log(10), 5, np.minimum(np.exp(measured.ln_titre), 1000)))
    core = np.where(measured.core < 2, 1.7, np.minimum(measured.core, 7))
    return np.asarray(
        -0.9 * (titre - 1.5)
        - 0.04 * (measured.consolidation_weeks - 12)
        + 0.3 * (measured.log10_hbsag_before - 1.7)
        + 0.3 * (core - 2.2)
        - 0.4 * measured.hbig
        + 0.01 * (measured.age - 39)
        + 0.15 * measured.male
    )


def centre_factors(setting: Setting) -> Floats:
    factors: Floats = np.exp(np.array(setting.centre_log_factors or [0.0] * len(CENTRE_SHARES)))
    if setting.outlying_centre:
        factors[OUTLYING_CENTRE] = OUTLYING_FACTOR
    return factors


def loss_weeks(setting: Setting, measured: Measured, rng: Rng) -> Floats:
    """Week of loss: 8 % by week 48; where it depends on arm and titre, 12 % on average, from 8 to 19 %."""
    rate = np.full(len(measured.age), -np.log(1 - 0.08) / HORIZON)
    if setting.informative_loss:
        low: Bools = measured.ln_titre < np.log(100)
        rate *= np.where(measured.hbig, 1.0, 1.6) * np.where(low, 1.6, 1.0)
    return np.asarray(rng.exponential(1 / rate))


@lru_cache
def calibration_factor(setting: Setting) -> float:
    """Factor of the hazard with which the mean risk is 15 %."""
    rng = np.random.default_rng(CALIBRATION_SEED)
    measured, _, hidden = draw_patients(CALIBRATION_PATIENTS, rng)
    total = total_hazard(setting, measured, hidden, 1, rng)
    low, high = -20.0, 5.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if -np.expm1(-np.exp(middle) * total).mean() < MEAN_RISK else (low, middle)
    return float(np.exp((low + high) / 2))


def take(measured: Measured, rows: Integers) -> Measured:
    return Measured(*(values[rows] for values in vars(measured).values()))
