"""RM130: competing events counted as loss, since the study asks for it."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

import relapse_model as rm
from relapse_model.development.checks.rm130_competing_as_censoring import CHECK as called


def with_deaths(cohort_of, names):
    """Patients PT-000, ...: 10 relapse, 20 stay free, and some of the free die at 20."""
    made = cohort_of(("relapse", 10, {}), ("free", 20, {}))
    rows = [(f"PT-{10 + place:03d}", "competing", 20, name) for place, name in enumerate(names)]
    outcomes = pd.DataFrame(rows, columns=["patient_id", "event", "week", "competing_event"])
    labs = made.labs[["patient_id", "week", "analyte", "value", "unit"]]
    labs = labs[(labs["week"] <= 20) | ~labs["patient_id"].isin(outcomes["patient_id"])]  # nothing follows a death
    return rm.make_cohort(made.patients, labs, outcomes=outcomes)


def calling(study, *names):
    return replace(study, outcome=replace(study.outcome, competing_as_censoring=names))


def test_it_is_found_by_name_and_by_number(study_with, cohort_of, names_nobody):
    cohort = with_deaths(cohort_of, ["death"] * 6 + ["transplant"])
    result = called.of(cohort, calling(study_with(), "death"), 0)
    assert (result.code, result.state, result.severity) == ("RM130", "found", "warning")
    assert result.text.startswith("6 competing events before week 48 count as loss to follow-up (death;")
    names_nobody(result.text, cohort)


def test_competing_events_that_compete_pass(study_with, cohort_of):
    cohort = with_deaths(cohort_of, ["death"] * 6)
    assert called.of(cohort, study_with(), 0).state == "passed"
    assert called.of(cohort, calling(study_with(), "transplant"), 0).state == "passed"
    assert called.of(cohort_of(("relapse", 10, {}), ("free", 20, {})), study_with(), 0).state == "passed"
