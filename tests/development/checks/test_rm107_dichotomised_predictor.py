"""RM107: what is cut in two, and what only looks so."""

from __future__ import annotations

import pytest

from relapse_model.development.checks.rm107_dichotomised_predictor import CHECK as dichotomised_predictor

DETECTED = """
[[predictors]]
name = "detected"
label = "Anti-HBs detected"
kind = "ever_detected"
analyte = "anti_hbs"
"""
EQUALS = """
[[predictors]]
name = "stage"
label = "Stage 4"
kind = "column"
column = "stage"
equals = "4"
"""
TERM = """
[[terms]]
name = "old"
label = "Older"
factors = [{{ predictor = "age", {shape} = 50 }}]
"""


def test_detected_or_not_of_an_analyte_in_numbers_is_found(study_with, cohort_of, names_nobody):
    cohort = cohort_of(("free", 2, {}), labs=[(0, "anti_hbs", 0, "118"), (1, "anti_hbs", 0, "negative")])
    result = dichotomised_predictor.of(cohort, study_with(DETECTED), 0)
    assert (result.code, result.state, result.severity) == ("RM107", "found", "warning")
    assert result.text.startswith("Anti-HBs detected: a continuous value is cut in two")
    names_nobody(result.text, cohort)


def test_detected_or_not_of_an_analyte_in_words_passes(study_with, cohort_of):
    cohort = cohort_of(("free", 2, {}), labs=[(0, "anti_hbs", 0, "positive"), (1, "anti_hbs", 0, "negative")])
    assert dichotomised_predictor.of(cohort, study_with(DETECTED), 0).state == "passed"


@pytest.mark.parametrize(("numbers", "state"), [(10, "passed"), (11, "found")])
def test_a_column_of_ten_numbers_holds_codes_and_of_eleven_values(numbers, state, study_with, cohort_of):
    cohort = cohort_of(*(("free", 1, {"stage": code}) for code in range(numbers)))
    assert dichotomised_predictor.of(cohort, study_with(EQUALS), 0).state == state


def test_a_column_of_words_is_no_cut(study_with, cohort_of):
    cohort = cohort_of(*(("free", 1, {"stage": f"stage {code}"}) for code in range(20)))
    assert dichotomised_predictor.of(cohort, study_with(EQUALS), 0).state == "passed"


@pytest.mark.parametrize(
    ("shape", "state"), [("below", "found"), ("at_least", "found"), ("cap", "passed"), ("saturating", "passed")]
)
def test_a_term_that_cuts_is_a_note(shape, state, study_with, cohort_of):
    result = dichotomised_predictor.of(cohort_of(("free", 2, {})), study_with(TERM.format(shape=shape)), 0)
    assert result.state == state
    if state == "found":
        assert (result.severity, result.finding.severity) == ("note", "note")
        assert result.text.startswith("terms cut at a limit stated beforehand: Older. ")


def test_a_cut_predictor_beside_a_term_is_a_warning_of_both(study_with, cohort_of):
    cohort = cohort_of(("free", 2, {}), labs=[(0, "anti_hbs", 0, "118")])
    result = dichotomised_predictor.of(cohort, study_with(DETECTED + TERM.format(shape="below")), 0)
    assert result.severity == "warning"
    assert "Anti-HBs detected" in result.text
    assert "Older" in result.text


def test_the_built_in_study_cuts_nothing(study, cohort):
    assert dichotomised_predictor.of(cohort, study, 0).state == "passed"
