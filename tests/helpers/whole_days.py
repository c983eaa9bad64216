"""A simulated cohort as a hospital could have recorded it: by the day, with dates."""

from __future__ import annotations

import pandas as pd

import relapse_model as rm

ENROLLED = pd.Timestamp("2020-03-02")
LABS = ["patient_id", "week", "analyte", "value", "unit", "assay", "lower_limit", "upper_limit"]
TREATMENTS = ["patient_id", "agent", "start_week", "end_week", "dose", "unit"]


def whole_days(patients: int = 40, seed: int = 3) -> rm.Cohort:
    """Return a simulated cohort in which every week is a whole number of days; the first result of a day is kept."""
    tables = dict(rm.simulate_cohort(patients, seed).tables())
    for name in ("labs", "treatments"):
        weeks = {column: (tables[name][column] * 7).round() / 7 for column in tables[name] if "week" in column}
        tables[name] = tables[name].assign(**weeks)
    tables["labs"] = tables["labs"].drop_duplicates(["patient_id", "week", "analyte"]).reset_index(drop=True)
    return rm.make_cohort(**tables, study=rm.load_study("hbsag-relapse"))


def day(week: float) -> str:
    """Return the date of a week."""
    return (ENROLLED + pd.Timedelta(days=round(week * 7))).strftime("%Y-%m-%d")


def assert_same(read: rm.Cohort, original: rm.Cohort) -> None:
    """Compare the tables of two cohorts in the columns of the contract, and their scores."""
    came, expected = read.tables(), original.tables()
    columns = [name for name in expected["patients"] if name != "enrolment_date"]
    printed = "hbsag_before_treatment_iu_ml"  # a number, or what the laboratory printed
    came = {**came, "patients": came["patients"].assign(**{printed: came["patients"][printed].astype(float)})}
    pd.testing.assert_frame_equal(came["patients"][columns], expected["patients"][columns], check_dtype=False)
    for name, contract in (("labs", LABS), ("treatments", TREATMENTS)):
        pd.testing.assert_frame_equal(
            came[name][contract], expected[name][contract], check_dtype=False, rtol=1e-12, atol=1e-12
        )
