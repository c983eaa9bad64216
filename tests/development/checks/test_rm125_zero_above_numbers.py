"""RM125: a 0 that stands for half the study's limit, above numbers that others printed."""

from __future__ import annotations

import pytest

from relapse_model.development.checks.rm125_zero_above_numbers import CHECK as zero_above_numbers

TITRE = '\n[[predictors]]\nname = "titre"\nlabel = "Titre"\nkind = "last"\nanalyte = "anti_hbs"\n'
LIMIT = [('unit = "mIU/mL"', 'unit = "mIU/mL"\nlower_limit = 10.0')]
FLOOR = [('unit = "mIU/mL"', 'unit = "mIU/mL"\nlower_limit = 10.0\nfloor = true')]


def printed(cohort_of, *values):
    return cohort_of(("free", len(values), {}), labs=[(place, "anti_hbs", 0, one) for place, one in enumerate(values)])


@pytest.mark.parametrize(
    ("values", "state"),
    [
        (("0", "0.2"), "found"),
        (("阴性", "<2.5"), "found"),
        (("0", "7"), "passed"),  # 7 is above 5
        (("<10", "0.2"), "passed"),  # no 0: the laboratory says what it means
        (("0", "<10"), "passed"),
    ],
)
def test_a_zero_beside_smaller_numbers(values, state, study_with, cohort_of, names_nobody):
    cohort = printed(cohort_of, *values)
    result = zero_above_numbers.of(cohort, study_with(TITRE, changed=LIMIT), 0)
    assert (result.code, result.state) == ("RM125", state)
    if state == "found":
        assert "Anti-HBs (5 mIU/mL)" in result.text
        names_nobody(result.text, cohort)


def test_a_floor_answers_it(study_with, cohort_of):
    assert zero_above_numbers.of(printed(cohort_of, "0", "0.2"), study_with(TITRE, changed=FLOOR), 0).state == "passed"


def test_later_results_are_not_looked_at(study_with, cohort_of):
    cohort = cohort_of(("free", 1, {}), labs=[(0, "anti_hbs", 0, "0"), (0, "anti_hbs", 4, "0.2")])
    found = {week: zero_above_numbers.of(cohort, study_with(TITRE, changed=LIMIT), week).state for week in (0, 4)}
    assert found == {0: "passed", 4: "found"}


def test_without_a_limit_or_a_predictor_of_it_there_is_nothing_to_look_at(study_with, cohort_of):
    cohort = printed(cohort_of, "0", "0.2")
    assert zero_above_numbers.of(cohort, study_with(TITRE), 0).state == "not applicable"
    assert zero_above_numbers.of(cohort, study_with(changed=LIMIT), 0).state == "not applicable"
