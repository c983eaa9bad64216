"""RM113: tests per patient-week in each arm, counted by hand."""

from __future__ import annotations

import pytest

import relapse_model as rm
from relapse_model.development.checks.rm113_uneven_testing import CHECK as uneven_testing

CONTROL, HBIG = {"arm": "control"}, {"arm": "hbig"}


def two_patients(cohort_of, control, hbig):
    """Two patients, free in week 44, with negative tests in further weeks."""
    labs = [(0, "hbsag", week, "<0.05") for week in control] + [(1, "hbsag", week, "<0.05") for week in hbig]
    return cohort_of(("free", 1, CONTROL), ("free", 1, HBIG), labs=labs)


@pytest.mark.parametrize(
    ("hbig", "state"),
    [
        ([10, 20, 30, 40], "passed"),  # 5 tests in 44 weeks, as in the control arm
        ([5, 10, 20, 30, 40], "passed"),  # 6 against 5: 20 %, and no more
        ([5, 10, 15, 20, 30, 40], "found"),  # 7 against 5
        ([10, 20, 30], "found"),  # 4 against 5: 25 % more in the control arm
    ],
)
def test_twenty_per_cent_pass_and_more_do_not(hbig, state, study_with, cohort_of):
    assert uneven_testing.of(two_patients(cohort_of, [10, 20, 30, 40], hbig), study_with(), 0).state == state


def test_what_is_found_gives_the_rates_and_names_nobody(study_with, cohort_of, names_nobody):
    cohort = two_patients(cohort_of, [22], [11, 22, 33])
    result = uneven_testing.of(cohort, study_with(), 0)
    assert (result.code, result.severity) == ("RM113", "warning")
    # 2 and 4 tests in 44 weeks; the test at the landmark itself does not count.
    assert result.text.startswith("tests of HBsAg per patient-week up to the outcome: control 0.045, hbig 0.091. ")
    names_nobody(result.text, cohort)


def test_two_rows_of_one_week_are_one_test(study_with, cohort_of):
    labs = [(0, "hbsag", 22, "<0.05"), *((1, "hbsag", 22, value) for value in ("<0.05", "<0.04", "0.01"))]
    cohort = cohort_of(("free", 1, CONTROL), ("free", 1, HBIG), labs=labs)
    assert uneven_testing.of(cohort, study_with(), 0).state == "passed"


def test_tests_before_the_landmark_and_after_the_horizon_do_not_count(study_with, cohort_of):
    # From week 12: one test each in the 36 weeks up to 48. In week 44 both, in 2, 4 and 60 only one of them.
    cohort = two_patients(cohort_of, [48], [2, 4, 48, 60])
    assert uneven_testing.of(cohort, study_with(), 12).state == "passed"
    assert uneven_testing.of(cohort, study_with(), 0).state == "found"


def test_the_tests_that_confirm_a_relapse_do_not_count(study_with, cohort_of):
    # Positive in week 8, then four more tests: one test in 8 weeks up to the relapse in each arm.
    labs = [(1, "hbsag", week, "0.5") for week in (9, 10, 11, 12)]
    cohort = cohort_of(("relapse", 1, CONTROL), ("relapse", 1, HBIG), labs=labs)
    assert uneven_testing.of(cohort, study_with(), 0).state == "passed"


def test_tests_of_other_analytes_do_not_count(study_with, cohort_of):
    labs = [(1, "anti_hbs", week, "20") for week in range(1, 40)]
    cohort = cohort_of(("free", 1, CONTROL), ("free", 1, HBIG), labs=labs)
    assert uneven_testing.of(cohort, study_with(), 0).state == "passed"


def test_without_arms_it_does_not_apply(study_with, cohort_of):
    for cohort in (cohort_of(("free", 3, {})), cohort_of(("free", 3, HBIG))):
        result = uneven_testing.of(cohort, study_with(), 0)
        assert (result.state, "two or more arms" in result.text) == ("not applicable", True)


def test_of_an_adjudicated_outcome_no_test_decides(study_with, cohort_of):
    study = study_with(changed=[('analyte = "hbsag"\nat_least = 0.05', 'name = "death"\nadjudicated = true')])
    result = uneven_testing.of(cohort_of(("free", 1, CONTROL), ("free", 1, HBIG)), study, 0)
    assert (result.state, "adjudicated" in result.text) == ("not applicable", True)


def test_an_arm_without_follow_up_cannot_be_compared(study_with, cohort_of):
    # Whoever has only a test in the landmark's own week is at risk and not followed.
    cohort = cohort_of(("free", 1, CONTROL), ("lost", 1, HBIG))
    result = uneven_testing.of(cohort, study_with(), 24)
    assert (result.state, result.text) == ("not applicable", "an arm has no follow-up after week 24")


def test_in_simulated_trials_many_relapses_in_one_arm_raise_no_alarm(study):
    # Visits lie closer at the beginning, where those stay who relapse early: the arm with more relapses is tested a
    # little more often per week, well within 20 %.
    for seed in range(5):
        cohort = rm.simulate_cohort(132, seed=seed, control_risk=0.4, hbig_hazard_ratio=0.2)
        assert uneven_testing.of(cohort, study, 0).state == "passed"
