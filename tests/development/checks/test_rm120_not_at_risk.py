"""RM120: who is not at risk at the landmark is counted by the reason, small counts aside."""

from __future__ import annotations

import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.development.checks.rm120_not_at_risk import CHECK as not_at_risk


def test_a_cohort_of_patients_at_risk_passes(study_with, cohort_of):
    assert (
        not_at_risk.of(cohort_of(("free", 5, {}), ("lost", 5, {}), ("relapse", 5, {})), study_with(), 0).state
        == "passed"
    )


def test_an_outcome_without_tests_has_everybody_at_risk(study_with, cohort_of):
    adjudicated = study_with(changed=[('analyte = "hbsag"\nat_least = 0.05', "adjudicated = true")])
    assert not_at_risk.of(cohort_of(("free", 5, {}), ("not_at_risk", 5, {})), adjudicated, 0).state == "passed"


@pytest.mark.parametrize(
    ("positive", "undecided", "said"),
    [
        (6, 0, "6 patients are left out at week 0: 6 with a positive last test."),
        (6, 7, "13 patients are left out at week 0: 6 with a positive last test, 7 not known to be free of it."),
        (3, 0, "<5 patients are left out at week 0: <5 with a positive last test."),
        # Of 3 and 9 the sum would tell the 3: the 9 is hidden.
        (3, 9, "12 patients are left out at week 0: <5 with a positive last test, hidden not known to be free of it."),
    ],
)
def test_who_is_left_out_is_counted_by_the_reason(study_with, cohort_of, names_nobody, positive, undecided, said):
    cohort = cohort_of(
        ("free", 20, {}),
        ("not_at_risk", positive, {}),
        ("nothing", undecided, {}),
    )
    result = not_at_risk.of(cohort, study_with(), 0)
    assert result.text.startswith(said)
    names_nobody(result.text, cohort)


def test_who_relapsed_before_a_later_landmark_is_no_longer_at_risk(study_with, cohort_of):
    text = not_at_risk.of(cohort_of(("free", 5, {}), ("relapse", 9, {})), study_with(), 12).text
    assert text.startswith("9 patients are left out at week 12: 9 with a positive last test.")


def test_an_adjudicated_outcome_is_not_explained_by_tests(study_with, cohort_of):
    adjudicated = study_with(changed=[('analyte = "hbsag"\nat_least = 0.05', "adjudicated = true")])
    cohort = cohort_of(("free", 26, {}))
    names = cohort.patients["patient_id"]
    outcomes = pd.DataFrame({"patient_id": names, "relapse": [1] * 6 + [0] * 20, "week": [8.0] * 6 + [48.0] * 20})
    cohort = rm.make_cohort(patients=cohort.patients, labs=None, outcomes=outcomes, study=adjudicated)
    text = not_at_risk.of(cohort, adjudicated, 12).text
    assert text.startswith(
        "6 patients are left out at week 12: 6 with the outcome at or before the landmark. A patient who had the "
    )
    assert "test" not in text


def test_who_left_before_the_landmark_is_counted_apart(study_with, cohort_of):
    adjudicated = study_with(changed=[('analyte = "hbsag"\nat_least = 0.05', "adjudicated = true")])
    cohort = cohort_of(("free", 26, {}))
    weeks = [8.0] * 7 + [12.0] * 9 + [48.0] * 10
    outcomes = pd.DataFrame({"patient_id": cohort.patients["patient_id"], "relapse": 0, "week": weeks})
    cohort = rm.make_cohort(patients=cohort.patients, labs=None, outcomes=outcomes, study=adjudicated)
    assert not_at_risk.of(cohort, adjudicated, 0).state == "passed"
    text = not_at_risk.of(cohort, adjudicated, 12).text
    assert text.startswith("7 patients are left out at week 12: 7 whose follow-up ended before the landmark. Who was ")
    assert "cannot have it later" not in text
