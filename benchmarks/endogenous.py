"""Own antibody of simulated patients: what the estimate is worth beside bare subtraction and the raw titre.

The truth: 65 % of patients have antibody (lognormal, median 118 mIU/mL), the others none; 400 IU at enrolment and at
every visit below 100 mIU/mL; kinetics lognormal between patients. Truth and subtraction are floored at 1 mIU/mL.
These are simulated patients: they show what the method does under its assumptions and without them, no more.

Run: .venv/bin/python benchmarks/endogenous.py [--patients 2000] [--timed 66 10000]
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass, replace

import numpy as np

from relapse_model.cohort.courses import Courses
from relapse_model.cohort.measurements import Measurements
from relapse_model.cohort.simulation.hbig import DOSE_IU, Kinetics, follow_dosing_rule
from relapse_model.features.endogenous import endogenous_titre
from relapse_model.features.kinetics import passive_titre
from relapse_model.study.study import PassiveAntibody, Spread

WEEKS = np.array([0.0, 4.0, 8.0, 12.0, 24.0, 36.0, 48.0])
LIMITS = (10.0, 1000.0)
SEED = 2026


def drug(half_life=24.0, volume=7.5, absorption=0.6, error=0.12, cv=1.0):
    """Return kinetics with these medians; `cv` multiplies the spread between patients."""
    spreads = ((half_life, 0.25), (volume, 0.40), (absorption, 0.50))
    kinetics = (Spread(median, cv * variation, "assumption") for median, variation in spreads)
    return PassiveAntibody("anti_hbs", ("hbig",), *kinetics, error_sd_log10=error, error_source="assumption")


ASSUMED = drug()


@dataclass(frozen=True)
class Case:
    """The truth, the visits up to the last one, and what is known of it."""

    label: str
    truth: PassiveAntibody = ASSUMED
    last: float = 24.0
    before_dose: bool = True
    dosed: bool = True
    slope: tuple[float, float] = (-0.017, 0.03)  # log10 per 4 weeks, mean and SD
    potency: float = 1.0


@dataclass(frozen=True)
class Simulated:
    """What the laboratory and the ward know of the patients, and the own antibody in the last week."""

    results: Measurements
    doses: Courses
    own: np.ndarray
    measured: np.ndarray


def simulate(case: Case, patients: int, seed: int) -> Simulated:
    rng = np.random.default_rng(seed)
    weeks = np.broadcast_to(WEEKS[case.last >= WEEKS], (patients, (case.last >= WEEKS).sum()))
    half_life, volume, absorption = (
        spread.median * np.exp(np.sqrt(np.log1p(spread.cv**2)) * rng.standard_normal(patients))
        for spread in (case.truth.half_life_days, case.truth.volume_litres, case.truth.absorption_per_day)
    )
    level = np.log10(118.0) + 1.89 / np.log(10.0) * rng.standard_normal(patients)
    level = np.where(rng.random(patients) < 0.647, level, -9.0)
    slope = case.slope[0] + case.slope[1] * rng.standard_normal(patients)
    own = 10.0 ** (level[:, None] + slope[:, None] * weeks / 4.0)
    factor = 10.0 ** (case.truth.error_sd_log10 * rng.standard_normal(weeks.shape))
    kinetics = Kinetics(np.log(2.0) / half_life, absorption, volume, case.potency)
    measured, dosed = follow_dosing_rule(own, weeks, np.full(weeks.shape, case.dosed), factor, kinetics)
    first = 0 if case.before_dose else 1
    return Simulated(
        printed(measured[:, first:], weeks[:, first:]), doses_at(dosed, weeks), own[:, -1],
        np.where(measured[:, -1] < LIMITS[0], 0.5 * LIMITS[0], np.minimum(measured[:, -1], LIMITS[1])),
    )  # fmt: skip


def printed(measured: np.ndarray, weeks: np.ndarray) -> Measurements:
    """Censor titres at the limits of the assay."""
    below, above = measured < LIMITS[0], measured > LIMITS[1]
    value = np.where(below, 0.5 * LIMITS[0], np.where(above, LIMITS[1], measured))
    lower, upper = np.where(below, 0.0, value), np.where(below, LIMITS[0], np.where(above, np.inf, value))
    patient = np.repeat(np.arange(len(measured)), measured.shape[1])
    return Measurements(patient, weeks.ravel(), value.ravel(), lower.ravel(), upper.ravel())


def doses_at(dosed: np.ndarray, weeks: np.ndarray) -> Courses:
    patient, visit = np.nonzero(dosed)
    start = weeks[patient, visit]
    return Courses(patient, start, start, np.full(len(start), DOSE_IU), np.zeros(len(start), bool))


def subtracted(data: Simulated, known: PassiveAntibody, week: float) -> np.ndarray:
    """Return the last titre less what the doses would leave in the average patient, floored at 1."""
    average = [spread.median for spread in (known.half_life_days, known.volume_litres, known.absorption_per_day)]
    passive = passive_titre(7.0 * (week - data.doses.start), data.doses.dose, *average)
    return np.maximum(data.measured - np.bincount(data.doses.patient, passive, len(data.own)), 1.0)


def judge(case: Case, known: PassiveAntibody, patients: int, seed: int = SEED) -> dict[str, float]:
    """Return bias and RMSE of log10 for the three answers, and how often the 90 % interval holds the truth."""
    data = simulate(case, patients, seed)
    estimate = endogenous_titre(data.results, data.doses, known, patients, case.last)
    truth = np.log10(np.maximum(data.own, 1.0))
    answers = {"estimate": estimate.value, "subtraction": subtracted(data, known, case.last), "raw": data.measured}
    figures = {}
    for name, answer in answers.items():
        error = np.log10(answer) - truth
        figures |= {f"{name} bias": error.mean(), f"{name} rmse": np.sqrt((error**2).mean())}
    # An exact floor is held by an interval that begins there.
    tolerance = 1.0 + 1e-9
    covered = (estimate.lower <= tolerance * 10.0**truth) & (10.0**truth <= tolerance * estimate.upper)
    some = truth > 0
    figures |= {"coverage": covered.mean(), "coverage of some": covered[some].mean()}
    figures["not identifiable"] = (estimate.state == "not identifiable").mean()
    return figures


def cases() -> list[tuple[Case, PassiveAntibody]]:
    known = ASSUMED
    visits = [
        (Case(f"titres to week {last:.0f}, {'' if before else 'no '}pre-dose titre", last=last, before_dose=before),
         known)
        for last in (4.0, 12.0, 24.0, 48.0)
        for before in (True, False)
    ]  # fmt: skip
    products = {"Nabi-HB": (23.1, 11.2, 0.44), "HepaGam B": (23.5, 7.5, 0.75), "Hooman": (26.2, 4.72, 0.67)}
    other = [
        (Case(f"truth {name}, {'' if before else 'no '}pre-dose titre", truth=drug(*medians), before_dose=before),
         known)
        for name, medians in products.items()
        for before in (True, False)
    ]  # fmt: skip
    wrong = [
        (Case("own slope 0 +- 0.1", slope=(0.0, 0.1)), known),
        (Case("own slope -0.1 +- 0.1", slope=(-0.1, 0.1)), known),
        (Case("doses hold 20 % more than labelled", potency=1.2), known),
        (Case("error 0.20, assumed 0.12", truth=drug(error=0.20)), known),
        (Case("error 0.06, assumed 0.12", truth=drug(error=0.06)), known),
        (Case("kinetics assumed equal for all", before_dose=False), drug(cv=0.1)),
    ]
    return [*visits, *other, *wrong]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, default=2000, help="of each case")
    parser.add_argument("--timed", type=int, nargs="*", default=[66, 10_000], help="patients of one run each, timed")
    asked = parser.parse_args()
    print(f"{asked.patients} patients, all dosed; bias / RMSE of log10 own antibody; 90 % interval")
    heads = ("estimate", "subtraction", "raw titre", "coverage", "own>=1", "not ident.")
    print(f"{'':42s}" + "".join(f"{head:>14s}" for head in heads))
    for case, known in cases():
        figures = judge(case, known, asked.patients)
        pairs = (f"{figures[f'{name} bias']:+.2f} / {figures[f'{name} rmse']:.2f}" for name in
                 ("estimate", "subtraction", "raw"))  # fmt: skip
        shares = (f"{figures[name]:.3f}" for name in ("coverage", "coverage of some", "not identifiable"))
        print(f"{case.label:42s}" + "".join(f"{text:>14s}" for text in (*pairs, *shares)))
    for patients in asked.timed:
        half = simulate(replace(Case(""), last=48.0), patients, SEED)
        begin = time.perf_counter()
        endogenous_titre(half.results, half.doses, ASSUMED, patients, 48.0)
        print(f"{patients} patients, all dosed, 7 titres: {time.perf_counter() - begin:.1f} s")


if __name__ == "__main__":
    main()
