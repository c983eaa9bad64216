"""RM103: stated and derived treatment history, in weeks counted by hand."""

from __future__ import annotations

import pytest

from relapse_model.development.checks.rm103_mixed_history import CHECK as stated_against_derived

WEEKS = """
[[predictors]]
name = "pegifn"
label = "Weeks of PegIFN"
kind = "weeks_on_agent"
agents = ["pegifn"]
column = "pegifn_weeks"
"""
EVER = """
[[predictors]]
name = "nuc"
label = "Prior analogue"
kind = "ever_on_agent"
agents = ["nuc"]
column = "prior_nuc"
"""
# On peginterferon since week -20, still at enrolment: 20 weeks by the treatments table.
COURSE = [(0, "pegifn", -20), (1, "pegifn", -20), (2, "pegifn", -20)]


def stated(cohort_of, weeks):
    return cohort_of(*(("free", 1, {"pegifn_weeks": one}) for one in weeks), treatments=COURSE)


@pytest.mark.parametrize("weeks", [24, 16, 20])
def test_four_weeks_apart_pass(weeks, study_with, cohort_of):
    assert stated_against_derived.of(stated(cohort_of, [weeks, 20, 20]), study_with(WEEKS), 0).state == "passed"


def test_more_than_four_weeks_are_found_and_name_nobody(study_with, cohort_of, names_nobody):
    cohort = stated(cohort_of, [24.1, 15.9, 20])
    result = stated_against_derived.of(cohort, study_with(WEEKS), 0)
    assert (result.code, result.state, result.severity) == ("RM103", "found", "warning")
    assert "Weeks of PegIFN: 2 of 3 patients" in result.text
    names_nobody(result.text, cohort)


def test_at_a_later_landmark_the_course_is_longer(study_with, cohort_of):
    # Still on treatment at week 12: 32 weeks derived, 24 stated.
    result = stated_against_derived.of(stated(cohort_of, [24, 24, 24]), study_with(WEEKS), 12)
    assert "3 of 3 patients" in result.text


def test_an_empty_cell_differs_from_nothing(study_with, cohort_of):
    assert stated_against_derived.of(stated(cohort_of, [None, 20, 20]), study_with(WEEKS), 0).state == "passed"


@pytest.mark.parametrize(("given", "state"), [(0, "found"), (1, "passed")])
def test_of_yes_and_no_any_difference_is_found(given, state, study_with, cohort_of):
    cohort = cohort_of(("free", 1, {"prior_nuc": given}), ("free", 1, {"prior_nuc": 0}), treatments=[(0, "nuc", -90)])
    assert stated_against_derived.of(cohort, study_with(EVER), 0).state == state


def test_where_only_one_of_the_two_is_there_it_does_not_apply(study_with, cohort_of):
    no_table = cohort_of(("free", 2, {"pegifn_weeks": 48}))
    no_column = cohort_of(("free", 3, {}), treatments=COURSE)
    for cohort, study in ((no_table, study_with(WEEKS)), (no_column, study_with(WEEKS)), (no_column, study_with())):
        result = stated_against_derived.of(cohort, study, 0)
        assert (result.state, "both as a column" in result.text) == ("not applicable", True)
