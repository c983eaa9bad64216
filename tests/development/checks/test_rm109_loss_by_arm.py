"""RM109: loss by arm, with p-values of the log-rank and of Fisher's exact test worked out by hand."""

from __future__ import annotations

import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.development.checks.rm109_loss_by_arm import CHECK as loss_by_arm

A, B, C = ({"arm": name} for name in ("control", "hbig", "vaccine"))


def arms(cohort_of, *counts):
    """Patients of each arm, as (columns, lost, free)."""
    return cohort_of(
        *(group for columns, lost, free in counts for group in (("lost", lost, columns), ("free", free, columns)))
    )


def test_five_of_five_against_none_of_five_are_found(study_with, cohort_of, names_nobody):
    # p = 2 / C(10, 5) = 2 / 252 = 0.0079: the arms are small, and the difference is not.
    cohort = arms(cohort_of, (A, 5, 0), (B, 0, 5))
    result = loss_by_arm.of(cohort, study_with(), 0)
    assert (result.code, result.state, result.severity) == ("RM109", "found", "warning")
    assert "lost before week 48: control 5 of 5, hbig 0 of 5 (Fisher's exact test, p = 0.0079)" in result.text
    assert 'censoring_by = "arm"' in result.text
    names_nobody(result.text, cohort)


def test_three_of_three_against_none_of_three_may_be_chance(study_with, cohort_of):
    # p = 2 / C(6, 3) = 0.1, and in arms of 3 a difference in points says nothing.
    assert loss_by_arm.of(arms(cohort_of, (A, 3, 0), (B, 0, 3)), study_with(), 0).state == "passed"


@pytest.mark.parametrize(
    ("one", "other", "state"),
    [
        ((2, 18), (0, 20), "found"),  # 10 points of 20 and 20
        ((2, 17), (0, 20), "passed"),  # 10.5 points, but 19 patients
        ((3, 27), (0, 31), "found"),  # 10 points
        ((3, 28), (0, 31), "passed"),  # 9.7 points
    ],
)
def test_ten_points_are_a_note_in_arms_of_twenty(one, other, state, study_with, cohort_of):
    result = loss_by_arm.of(arms(cohort_of, (A, *one), (B, *other)), study_with(), 0)
    assert result.state == state
    if state == "found":
        assert result.severity == "note"
        assert "(Fisher's exact test, p = 0." in result.text
        assert "; not significant, which in small arms says little)" in result.text


def test_of_three_arms_each_pair_is_tested_and_the_pairs_are_counted(study_with, cohort_of):
    # 5 of 5 against none of 5: 0.0079, of three pairs 0.024. 4 of 4 against none of 4: 2 / 70 = 0.029, of three 0.086.
    found = loss_by_arm.of(arms(cohort_of, (A, 5, 0), (B, 0, 5), (C, 2, 3)), study_with(), 0)
    assert (found.state, "p = 0.024" in found.text) == ("found", True)
    assert "vaccine 2 of 5" in found.text
    assert loss_by_arm.of(arms(cohort_of, (A, 4, 0), (B, 0, 4), (C, 2, 2)), study_with(), 0).state == "passed"
    assert loss_by_arm.of(arms(cohort_of, (A, 4, 0), (B, 0, 4)), study_with(), 0).state == "found"


def test_weights_that_are_made_by_arm_are_not_advised_again(study_with, cohort_of):
    study = study_with(changed=[("at_least = 0.05", 'at_least = 0.05\ncensoring_by = "arm"')])
    result = loss_by_arm.of(arms(cohort_of, (A, 5, 0), (B, 0, 5)), study, 0)
    assert "within each arm already" in result.text


def test_those_not_at_risk_and_those_without_an_arm_do_not_count(study_with, cohort_of):
    cohort = cohort_of(
        ("lost", 5, A), ("free", 5, B), ("not_at_risk", 9, A), ("lost", 7, {"arm": None}), ("relapse", 2, B)
    )  # fmt: skip
    assert "control 5 of 5, hbig 0 of 7 " in loss_by_arm.of(cohort, study_with(), 0).text


def followed(study, *groups):
    """Patients as (arm, number, relapse, week of the outcome or of the last contact)."""
    each = [(arm, relapse, week) for arm, number, relapse, week in groups for _ in range(number)]
    table = pd.DataFrame(each, columns=["arm", "relapse", "week"])
    table.insert(0, "patient_id", [f"P{number}" for number in range(len(table))])
    outcomes = table[["patient_id", "relapse", "week"]]
    patients = table[["patient_id", "arm"]].assign(sex="F", age_years=50)
    return rm.make_cohort(patients, None, outcomes=outcomes, study=study)


@pytest.fixture
def adjudicated(study_with):
    return study_with(changed=[('analyte = "hbsag"\nat_least = 0.05', "adjudicated = true")])


@pytest.mark.parametrize("outcome_week", [4, 20])  # on the day of the loss as well: who has it cannot be lost
def test_who_has_the_outcome_can_no_longer_be_lost(adjudicated, outcome_week):
    # 10 of 20 are lost in both arms; but of the 30 still free in week 20, all 10 of A and 10 of the 20 of B. Expected
    # of A 20 * 10 / 30 = 6.67, variance 20 * 1/3 * 2/3 * 10/29 = 1.533; z = 3.33 / 1.238 = 2.69, p = 0.0071.
    cohort = followed(adjudicated, ("A", 10, 1, outcome_week), ("A", 10, 0, 20), ("B", 10, 0, 20), ("B", 10, 0, 48))
    result = loss_by_arm.of(cohort, adjudicated, 0)
    assert (result.state, result.severity) == ("found", "warning")
    assert "A 10 of 20, B 10 of 20 (log-rank test of the time to loss, p = 0.0071)." in result.text


def test_shares_that_differ_by_the_outcome_only_are_no_warning(adjudicated):
    # Half of those still free are lost in both arms: 5 of 10, and 10 of 20.
    cohort = followed(
        adjudicated, ("A", 10, 1, 4), ("A", 5, 0, 20), ("A", 5, 0, 48), ("B", 10, 0, 20), ("B", 10, 0, 48)
    )  # fmt: skip
    result = loss_by_arm.of(cohort, adjudicated, 0)
    assert result.severity == "note"
    assert "A 5 of 20, B 10 of 20 (log-rank test of the time to loss, p = 1; not significant" in result.text


def test_all_lost_on_one_day_differ_in_nothing(adjudicated):
    cohort = followed(adjudicated, ("A", 20, 0, 20), ("B", 20, 0, 20))
    assert loss_by_arm.of(cohort, adjudicated, 0).state == "passed"


@pytest.mark.parametrize("groups", [[("lost", 30, {})], [("lost", 30, A)], [("lost", 30, A), ("not_at_risk", 30, B)]])
def test_without_two_arms_it_does_not_apply(groups, study_with, cohort_of):
    result = loss_by_arm.of(cohort_of(*groups), study_with(), 0)
    assert (result.state, "two or more arms" in result.text) == ("not applicable", True)
