"""RM127: a last result of long ago, read as if it were of now."""

from __future__ import annotations

import pytest

from relapse_model.development.checks.rm127_old_results import CHECK as old_results

TITRE = '\n[[predictors]]\nname = "titre"\nlabel = "Titre"\nkind = "last"\nanalyte = "anti_hbs"\n'


def with_titres(cohort_of, *weeks):
    return cohort_of(
        ("free", len(weeks), {}), labs=[(place, "anti_hbs", week, "20") for place, week in enumerate(weeks)]
    )


@pytest.mark.parametrize(
    ("weeks", "said"),
    [
        ((-26,) * 10, None),
        ((-26.5,) * 4 + (0,) * 6, "Titre in fewer than 5"),
        ((-26.5,) * 6 + (0,) * 4, "Titre in 6"),
    ],
)
def test_older_than_half_a_year(weeks, said, study_with, cohort_of, names_nobody):
    cohort = with_titres(cohort_of, *weeks)
    result = old_results.of(cohort, study_with(TITRE), 0)
    if said is None:
        assert result.state == "passed"
        return
    assert (result.code, result.state) == ("RM127", "found")
    assert f"in some of the 10 patients at risk: {said}. " in result.text
    names_nobody(result.text, cohort)


def test_a_window_answers_it(study_with, cohort_of):
    cohort = with_titres(cohort_of, *[-104] * 10)
    assert old_results.of(cohort, study_with(TITRE), 0).state == "found"
    assert old_results.of(cohort, study_with(TITRE + "window_weeks = 200\n"), 0).state == "passed"


def test_without_patients_at_risk_it_does_not_apply(study_with, cohort_of):
    assert old_results.of(cohort_of(("not_at_risk", 5, {})), study_with(TITRE), 0).state == "not applicable"
