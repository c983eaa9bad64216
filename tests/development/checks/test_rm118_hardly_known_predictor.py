"""RM118: a predictor known in hardly anybody."""

from __future__ import annotations

import pytest

from relapse_model.development.checks.rm118_hardly_known_predictor import CHECK as hardly_known

TITRE = """
[[predictors]]
name = "titre"
label = "Titre"
kind = "last"
analyte = "anti_hbs"
"""
PRIOR = 'prior = { log_odds = -0.1, sd = 0.1, per = %s, source = "assumed" }\n'


def with_titre(cohort_of, count):
    return cohort_of(("free", 30, {}), labs=[(position, "anti_hbs", 0, "20") for position in range(count)])


@pytest.mark.parametrize(("count", "state"), [(0, "found"), (9, "found"), (10, "passed")])
def test_ten_patients_are_enough(count, state, study_with, cohort_of, names_nobody):
    cohort = with_titre(cohort_of, count)
    result = hardly_known.of(cohort, study_with(TITRE), 0)
    assert (result.code, result.state, result.severity) == ("RM118", state, "warning")
    if state == "found":
        assert "Titre" in result.text
        assert "Age" not in result.text
        names_nobody(result.text, cohort)


@pytest.mark.parametrize(
    ("more", "stands"),
    [
        ("typical = 20\n" + PRIOR % '"unit"', True),
        (PRIOR % '"unit"', False),  # nothing to count from
        ("typical = 20\n", False),  # small effects per SD, and nobody knows the SD
        ("typical = 20\n" + PRIOR % '"sd"', False),
    ],
)
def test_it_says_whether_the_prior_can_stand(more, stands, study_with, cohort_of):
    text = hardly_known.of(with_titre(cohort_of, 0), study_with(TITRE + more), 0).text
    assert ("uses the study's prior alone" in text) == stands
    assert ("left out of every model" in text) == (not stands)


def test_without_patients_at_risk_it_does_not_apply(study_with, cohort_of):
    assert hardly_known.of(cohort_of(("not_at_risk", 5, {})), study_with(), 0).state == "not applicable"
