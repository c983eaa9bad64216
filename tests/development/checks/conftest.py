"""Small cohorts, built by hand, for the checks."""

from __future__ import annotations

import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.study.reader import parse_study

STUDY = """
[study]
protocol = 1
name = "small"

[analytes.hbsag]
label = "HBsAg"
unit = "IU/mL"

[analytes.anti_hbs]
label = "Anti-HBs"
unit = "mIU/mL"

[outcome]
analyte = "hbsag"
at_least = 0.05

[prediction]
landmark_weeks = [0, 12]
horizon_weeks = 48
visit_window_weeks = 4

[[predictors]]
name = "age"
label = "Age"
kind = "column"
column = "age_years"
"""
COURSES = {
    "relapse": [(0, "<0.05"), (8, "0.3")],
    "free": [(0, "<0.05"), (44, "<0.05")],
    "lost": [(0, "<0.05"), (24, "<0.05")],
}
# Positive at enrolment and never negative: relapsed at the landmark already.
COURSES["not_at_risk"] = [(0, "0.3")]
# Tested by an assay that cannot decide: its limit is above the threshold.
COURSES["nothing"] = [(0, "<0.5")]


@pytest.fixture
def study_with():
    """Return a study of HBsAg within 48 weeks, of which age is the only predictor, with what is added to it."""

    def make(added="", *, changed=()):
        text = STUDY + added
        for old, new in changed:
            assert old in text
            text = text.replace(old, new)
        return parse_study(text, "test")

    return make


@pytest.fixture
def cohort_of():
    """Return a cohort of patients with the given courses: rows (state, how many, columns of the patients table)."""

    def make(*groups, labs=(), treatments=None):
        """Rows of labs: (position of the patient, analyte, week, value); of treatments: (position, agent, start)."""
        patients, rows = [], []
        for state, number, columns in groups:
            for _ in range(number):
                name = f"PT-{len(patients):03d}"
                patients.append({"patient_id": name, "age_years": 40, "sex": "M"} | columns)
                rows += [(name, "hbsag", week, value, "IU/mL") for week, value in COURSES[state]]
        ids = [one["patient_id"] for one in patients]
        units = {"hbsag": "IU/mL", "anti_hbs": "mIU/mL"}
        rows += [(ids[position], analyte, week, value, units[analyte]) for position, analyte, week, value in labs]
        given = None
        if treatments is not None:
            given = pd.DataFrame(
                [(ids[position], *rest) for position, *rest in treatments],
                columns=["patient_id", "agent", "start_week"],
            )
        table = pd.DataFrame(rows, columns=["patient_id", "analyte", "week", "value", "unit"])
        return rm.make_cohort(pd.DataFrame(patients), table, given)

    return make


@pytest.fixture
def names_nobody():
    """Assert that a text holds no patient's identifier."""

    def check(text, cohort):
        assert text
        assert not any(identifier in text for identifier in cohort.patient_ids)

    return check
