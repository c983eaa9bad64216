"""What is seen of the courses of the second simulator, and the tables of the cohort folder that it fills."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mechanistic_course import DOSE_IU, Course
from mechanistic_patients import Bools, Floats, Measured, Rng, Unread

Texts = NDArray[np.object_]

HBSAG_LIMIT, GROWTH_PER_WEEK, PLATEAU = 0.05, 0.3, 2.5  # IU/mL; log10 per week after the limit; log10 above it
HBSAG_ERROR, FALSE_POSITIVE, CONFIRMED_AFTER_WEEKS = 0.05, 0.003, 4.0


@dataclass(frozen=True)
class Seen:
    """Tests of HBsAg: the visits and, after a positive one, a test to confirm it; (visits, patients)."""

    held: Bools
    hbsag: Floats  # IU/mL, as read; NaN below the limit
    confirming: Bools  # a test 4 weeks later was made
    confirming_hbsag: Floats
    weeks: Floats
    relapse: Bools
    outcome_week: Floats  # first of the two positive tests, or the last visit


def observe(course: Course, relapse_week: Floats, loss_week: Floats, rng: Rng) -> Seen:
    """See the latent relapse at visits: a positive test is repeated after 4 weeks, and two of them end follow-up."""
    weeks = course.visit_weeks.astype(float)
    held = course.seen & ((weeks <= loss_week) | (weeks == 0))
    hbsag, again = (read_hbsag(at, relapse_week, rng) for at in (weeks, weeks + CONFIRMED_AFTER_WEEKS))
    hbsag[0] = np.nan  # free of HBsAg to be enrolled
    confirming = held & ~np.isnan(hbsag) & (weeks + CONFIRMED_AFTER_WEEKS <= loss_week)
    confirmed = confirming & ~np.isnan(again)
    confirmed_before = np.vstack([np.zeros_like(held[:1]), np.logical_or.accumulate(confirmed)[:-1]])
    held, confirming = held & ~confirmed_before, confirming & ~confirmed_before
    relapse = confirmed.any(axis=0)
    # A positive test that ends follow-up unconfirmed counts.
    last = len(held) - 1 - held[::-1].argmax(axis=0)
    at_last = (last, np.arange(len(last)))
    relapse |= ~np.isnan(hbsag[at_last]) & ~confirming[at_last]
    first = np.where(confirmed.any(axis=0), confirmed.argmax(axis=0), last)
    outcome_week = weeks[first, np.arange(len(first))]
    return Seen(held, hbsag, confirming, again, weeks, relapse, outcome_week)


def read_hbsag(weeks: Floats, relapse_week: Floats, rng: Rng) -> Floats:
    """Rising from the limit after reactivation; one negative in 300 reads just above it."""
    since = np.maximum(weeks - relapse_week, 0)
    level = np.log10(HBSAG_LIMIT) + np.minimum(GROWTH_PER_WEEK * since, PLATEAU)
    value = 10 ** (level + HBSAG_ERROR * rng.normal(size=weeks.shape))
    false = (rng.random(weeks.shape) < FALSE_POSITIVE) & (weeks < relapse_week)
    value = np.where(weeks >= relapse_week, value, np.where(false, rng.uniform(0.05, 0.09, weeks.shape), 0.0))
    return np.where(value >= HBSAG_LIMIT, value, np.nan)


def outcomes_table(seen: Seen) -> pd.DataFrame:
    """What the simulator calls relapse, in the form of the outcomes table."""
    return pd.DataFrame(
        {"patient_id": names(len(seen.relapse)), "relapse": seen.relapse.astype(int), "week": seen.outcome_week}
    )


def tables(
    measured: Measured, unread: Unread, course: Course, seen: Seen, rng: Rng, *, later: bool
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Patients, labs and treatments; without `later`, up to week 0."""
    patient = names(len(measured.age))
    pegifn_weeks = np.round(measured.consolidation_weeks + 12 + rng.gamma(3.0, 10.0, len(patient)))
    stop_week = -np.round(rng.uniform(0.2, 4.0, len(patient)), 1)
    patients = pd.DataFrame(
        {
            "patient_id": patient,
            "centre": [f"centre-{number + 1}" for number in unread.centre],
            "arm": np.where(measured.hbig, "hbig", "control"),
            "sex": np.where(measured.male, "M", "F"),
            "age_years": measured.age.round(1),
            "bmi_kg_m2": unread.bmi.round(1),
            "weight_kg": unread.weight_kg.round(1),
            "hbv_genotype": np.where(unread.genotype_c, "C", "B"),
            "hbeag_positive_before_treatment": unread.hbeag_before.astype(int),
            "hbsag_before_treatment_iu_ml": [f"{10**value:.4g}" for value in measured.log10_hbsag_before],
            "pegifn_weeks": pegifn_weeks,
            "consolidation_weeks": measured.consolidation_weeks,
            "prior_nuc": measured.prior_nuc.astype(int),
        }
    )
    labs = laboratory(patient, measured, course, seen, stop_week)
    doses = dose_rows(patient, course, seen)
    if not later:
        labs, doses = labs[labs["week"] <= 0], doses[doses["start_week"] <= 0]
    courses = course_rows(patient, measured, pegifn_weeks, stop_week)
    return patients, labs, pd.concat([courses, doses], ignore_index=True)


def laboratory(patient: Texts, measured: Measured, course: Course, seen: Seen, stop_week: Floats) -> pd.DataFrame:
    before = stop_week - measured.consolidation_weeks
    start = np.zeros(len(patient))
    parts = [
        rows(patient, before - 8, "hbsag", printed(10**measured.log10_hbsag_before, HBSAG_LIMIT, np.inf), "IU/mL"),
        rows(patient, before - 0.1, "hbsag", np.full(len(patient), "<0.05", dtype=object), "IU/mL"),
        rows(patient, start, "hbcrag", printed(measured.core, 2.0, 7.0), "log10 U/mL"),
        rows(patient, start, "hbv_dna", np.full(len(patient), "<10", dtype=object), "IU/mL"),
    ]
    for visit, week in enumerate(seen.weeks):
        held, again = seen.held[visit], seen.confirming[visit]
        titre = printed(course.measured_titre[visit], 10, 1000)
        confirming = printed(seen.confirming_hbsag[visit], HBSAG_LIMIT, np.inf)
        parts += [
            rows(patient[held], week[held], "hbsag", printed(seen.hbsag[visit], HBSAG_LIMIT, np.inf)[held], "IU/mL"),
            rows(patient[held], week[held], "anti_hbs", titre[held], "mIU/mL"),
            rows(patient[again], week[again] + CONFIRMED_AFTER_WEEKS, "hbsag", confirming[again], "IU/mL"),
        ]
    table = pd.concat(parts, ignore_index=True)
    # A visit up to a week early may fall on the day of a test that confirms: it is that test.
    return table.drop_duplicates(["patient_id", "week", "analyte"], ignore_index=True)


def rows(patient: Texts, week: Floats, analyte: str, value: Texts, unit: str) -> pd.DataFrame:
    return pd.DataFrame({"patient_id": patient, "week": week, "analyte": analyte, "value": value, "unit": unit})


def dose_rows(patient: Texts, course: Course, seen: Seen) -> pd.DataFrame:
    visit, row = np.nonzero(course.dosed & seen.held)
    week = seen.weeks[visit, row]
    return pd.DataFrame(
        {
            "patient_id": patient[row], "agent": "hbig", "start_week": week, "end_week": week, "dose": DOSE_IU,
            "unit": "IU",
        }
    )  # fmt: skip


def course_rows(patient: Texts, measured: Measured, pegifn_weeks: Floats, stop_week: Floats) -> pd.DataFrame:
    pegifn = pd.DataFrame(
        {"patient_id": patient, "agent": "pegifn", "start_week": stop_week - pegifn_weeks, "end_week": stop_week}
    )
    earlier = pegifn[measured.prior_nuc].assign(agent="entecavir")
    return pd.concat([pegifn, earlier.assign(start_week=earlier["start_week"] - 100)], ignore_index=True)


def printed(value: Floats, low: float, high: float) -> Texts:
    """Results as a laboratory prints them; NaN is below the limit."""
    with np.errstate(invalid="ignore"):
        texts = np.array([f"{number:.4g}" for number in value], dtype=object)
        texts[np.isnan(value) | (value < low)] = f"<{low:g}"
        texts[value > high] = f">{high:g}"
    return texts


def names(n: int) -> Texts:
    return np.array([f"S{number + 1:05d}" for number in range(n)], dtype=object)
