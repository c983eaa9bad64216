"""RM108: how many are followed to the horizon less the visit window."""

from __future__ import annotations

import pytest

from relapse_model.development.checks.rm108_horizon_beyond_follow_up import CHECK as horizon_beyond_follow_up


@pytest.mark.parametrize(("free", "state"), [(9, "found"), (10, "passed")])
def test_ten_patients_at_the_horizon_are_enough(free, state, study_with, cohort_of):
    # Seen free in week 44, the first of the visit window of week 48.
    cohort = cohort_of(("free", free, {}), ("lost", 1, {}), ("relapse", 5, {}))
    assert horizon_beyond_follow_up.of(cohort, study_with(), 0).state == state


def test_what_is_found_says_how_many_and_names_nobody(study_with, cohort_of, names_nobody):
    cohort = cohort_of(("free", 3, {}), ("lost", 20, {}), ("relapse", 5, {}), ("not_at_risk", 4, {}))
    result = horizon_beyond_follow_up.of(cohort, study_with(), 0)
    assert (result.code, result.severity) == ("RM108", "warning")
    assert result.text.startswith(
        "3 of 28 patients at risk are seen free of the outcome in week 44 or later (the horizon "
    )
    assert "20 are lost before it; expected 10 or more" in result.text
    names_nobody(result.text, cohort)


def test_nobody_followed_so_far_is_said_as_none(study_with, cohort_of):
    result = horizon_beyond_follow_up.of(cohort_of(("lost", 30, {})), study_with(), 0)
    assert result.text.startswith("none of 30 patients at risk")


def test_the_visit_window_decides_who_is_seen_at_the_horizon(study_with, cohort_of):
    cohort = cohort_of(("free", 12, {}))  # last seen in week 44
    narrow = study_with(changed=[("visit_window_weeks = 4", "visit_window_weeks = 3.9")])
    assert horizon_beyond_follow_up.of(cohort, study_with(), 0).state == "passed"
    assert horizon_beyond_follow_up.of(cohort, narrow, 0).state == "found"


def test_where_nobody_is_lost_few_are_enough(study_with, cohort_of):
    # All relapsed, or are seen at the horizon: everything is known.
    assert (
        horizon_beyond_follow_up.of(cohort_of(("free", 2, {}), ("relapse", 30, {})), study_with(), 0).state == "passed"
    )


def test_without_patients_at_risk_it_does_not_apply(study_with, cohort_of):
    result = horizon_beyond_follow_up.of(cohort_of(("not_at_risk", 5, {})), study_with(), 0)
    assert (result.state, "no patient is at risk at week 0" in result.text) == ("not applicable", True)
