"""RM102: doses as a predictor."""

from __future__ import annotations

import pytest

from relapse_model.development.checks.rm102_dose_as_predictor import CHECK as dose_as_predictor

DOSES = """
[[predictors]]
name = "doses"
label = "HBIG doses"
kind = "{kind}"
agents = ["hbig"]
"""


@pytest.mark.parametrize("kind", ["dose_count", "dose_total"])
@pytest.mark.parametrize("landmark", [0, 12])
def test_doses_are_found_by_their_label_at_any_landmark(kind, landmark, study_with, cohort_of, names_nobody):
    cohort = cohort_of(("free", 3, {}))
    result = dose_as_predictor.of(cohort, study_with(DOSES.format(kind=kind)), landmark)
    assert (result.code, result.state, result.severity) == ("RM102", "found", "warning")
    assert result.text.startswith("HBIG doses: ")
    assert "Use the randomised arm" in result.text
    names_nobody(result.text, cohort)


def test_having_been_treated_at_all_is_no_dose(study_with, cohort_of):
    # Whether an agent was given is a history, not an answer to a titre.
    result = dose_as_predictor.of(cohort_of(("free", 3, {})), study_with(DOSES.format(kind="ever_on_agent")), 0)
    assert (result.state, result.text, result.finding) == ("passed", "", None)


def test_no_predictor_of_treatment_passes(study_with, cohort_of):
    assert dose_as_predictor.of(cohort_of(("free", 3, {})), study_with(), 0).state == "passed"
