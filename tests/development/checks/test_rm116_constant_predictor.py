"""RM116: predictors that are the same in nearly all patients at risk."""

from __future__ import annotations

import pytest

from relapse_model.development.checks.rm116_constant_predictor import CHECK as constant_predictor

MALE = '\n[[predictors]]\nname = "male"\nlabel = "Male sex"\nkind = "column"\ncolumn = "sex"\nequals = "M"\n'


def ages(*groups):
    """Patients free of relapse of the given ages: (age, how many)."""
    return [("free", number, {"age_years": age}) for age, number in groups]


@pytest.mark.parametrize(
    ("groups", "said"),
    [
        (ages((40, 100)), "Age has one value in all in whom it is known"),
        (ages((40, 96), (50, 4)), "Age differs in fewer than 5"),
        (ages((40, 95), (50, 5)), None),  # five of a hundred are 5 %
        (ages((40, 790), (50, 7)), "Age differs in fewer than 1%"),
        (ages((40, 30), (None, 91), (50, 20)), None),  # what matters is those in whom it is known
        (ages((40, 9), (None, 91)), None),  # known in fewer than 10: another check tells
        (ages((40, 10), (None, 91)), "Age has one value in all in whom it is known"),
        (ages((None, 100)), None),
    ],
)
def test_what_hardly_varies_is_named(groups, said, study_with, cohort_of, names_nobody):
    cohort = cohort_of(*groups)
    result = constant_predictor.of(cohort, study_with(), 0)
    if said is None:
        assert result.state == "passed"
        return
    assert (result.code, result.state, result.severity) == ("RM116", "found", "warning")
    assert f"patients at risk at week 0: {said}. " in result.text
    names_nobody(result.text, cohort)


@pytest.mark.parametrize(("women", "state"), [(0, "found"), (4, "passed"), (7, "passed")])
def test_a_yes_or_no_that_all_answer_alike(women, state, study_with, cohort_of):
    # Of 4 women RM117 tells; 7 of 107 are enough.
    cohort = cohort_of(("free", 50, {"age_years": 30}), ("free", 50, {}), ("free", women, {"sex": "F"}))
    assert constant_predictor.of(cohort, study_with(MALE), 0).state == state


def test_those_not_at_risk_do_not_count(study_with, cohort_of):
    cohort = cohort_of(*ages((40, 50)), ("not_at_risk", 50, {"age_years": 60}))
    assert constant_predictor.of(cohort, study_with(), 0).state == "found"


def test_without_patients_at_risk_it_does_not_apply(study_with, cohort_of):
    result = constant_predictor.of(cohort_of(("not_at_risk", 5, {})), study_with(), 0)
    assert (result.state, "no patient is at risk" in result.text) == ("not applicable", True)
