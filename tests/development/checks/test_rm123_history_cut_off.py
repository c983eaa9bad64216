"""RM123: an export without the tests from before the loss."""

from __future__ import annotations

import numpy as np
import pytest

import relapse_model as rm
from relapse_model.development.checks.rm123_history_cut_off import CHECK as history_cut_off

AFTER = """
[[predictors]]
name = "consolidation"
label = "Consolidation"
kind = "weeks_on_agent_after_first_negative"
agents = ["pegifn"]
analyte = "hbsag"
below = 0.05
column = "consolidation_weeks"
"""
SINCE = """
[[predictors]]
name = "since"
label = "Free for"
kind = "weeks_since_first_below"
analyte = "hbsag"
below = 0.05
"""


def cut(number, seen, cohort_of, **columns):
    """Patients free of HBsAg at week 0, `number` of them; the first `seen` with a positive test before."""
    labs = [(place, "hbsag", -20, "5") for place in range(seen)]
    courses = [(place, "pegifn", -60) for place in range(number)]
    return cohort_of(("free", number, columns), labs=labs, treatments=courses)


@pytest.mark.parametrize(("seen", "state"), [(0, "found"), (4, "found"), (5, "passed"), (10, "passed")])
def test_more_than_half_are_most(seen, state, study_with, cohort_of):
    result = history_cut_off.of(cut(10, seen, cohort_of), study_with(AFTER), 0)
    assert (result.code, result.state) == ("RM123", state)


def test_the_shares_and_the_column_are_told(study_with, cohort_of, names_nobody):
    cohort = cut(10, 2, cohort_of)
    result = history_cut_off.of(cohort, study_with(AFTER), 0)
    assert result.severity == "warning"
    expected = "HBsAg is negative from the first test on record in 80%, and Consolidation unknown for it in 80%. "
    assert expected in result.text
    assert "or state the weeks in column 'consolidation_weeks'" in result.text
    names_nobody(result.text, cohort)


def test_weeks_that_a_column_states_leave_a_note(study_with, cohort_of):
    result = history_cut_off.of(cut(10, 0, cohort_of, consolidation_weeks=12), study_with(AFTER), 0)
    assert (result.state, result.severity) == ("found", "note")


def test_weeks_since_the_first_below(study_with, cohort_of):
    assert "Free for unknown for it in 100%" in history_cut_off.of(cut(10, 0, cohort_of), study_with(SINCE), 0).text


def test_of_studies_that_count_from_no_loss_it_says_nothing(study_with, cohort_of):
    assert history_cut_off.of(cut(10, 0, cohort_of), study_with(), 0).state == "not applicable"


def test_without_patients_at_risk_it_does_not_apply(study_with, cohort_of):
    assert history_cut_off.of(cohort_of(("not_at_risk", 5, {})), study_with(AFTER), 0).state == "not applicable"


def test_an_export_without_the_history_gives_no_zero_and_no_silence(study):
    """132 patients after HBsAg loss; only the tests from enrolment on, and no column: 0 weeks for all, once."""
    tables = {name: table.copy() for name, table in rm.simulate_cohort(132, seed=7).tables().items()}
    truth = tables["patients"].pop("consolidation_weeks")
    tables["labs"] = tables["labs"][tables["labs"]["week"] >= 0]
    cohort = rm.make_cohort(**tables, study=study)
    found = rm.derive_features(cohort, study)["consolidation_weeks"]
    assert truth.median() > 0
    assert found.isna().all()
    assert np.isnan(rm.derive_outcome(cohort, study)["clearance_week"]).all()
    assert history_cut_off.of(cohort, study, 0).severity == "warning"


def test_derived_from_the_whole_history_it_is_what_the_column_says(study):
    tables = {name: table.copy() for name, table in rm.simulate_cohort(132, seed=7).tables().items()}
    truth = tables["patients"].pop("consolidation_weeks").to_numpy()
    cohort = rm.make_cohort(**tables, study=study)
    np.testing.assert_allclose(rm.derive_features(cohort, study)["consolidation_weeks"], truth, atol=0.11)
    assert history_cut_off.of(cohort, study, 0).state == "passed"
