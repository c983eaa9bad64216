"""RM129: a mean risk unlike the baseline of the study."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import relapse_model as rm
from relapse_model.development.checks.rm129_baseline_contradicted import CHECK as contradicted
from relapse_model.study.prediction import Baseline


def expecting(study, risk, sd=0.5):
    known = Baseline(risk, sd, study.prediction.horizon_weeks, "assumed")
    prediction = replace(study.prediction, landmark_weeks=(0.0,))
    return replace(study, outcome=replace(study.outcome, baseline=known), prediction=prediction)


@pytest.mark.parametrize(
    ("expected", "state"),
    [
        (0.25, "passed"),  # as seen
        (
            0.10,
            "passed",
        ),  # 1.10 apart, of sqrt(0.5 ** 2 + 1 / (40 * 0.1875)) = 0.62: 1.8 standard deviations
        (0.05, "found"),  # 1.85 apart: 3.0 standard deviations
    ],
)
def test_two_standard_deviations_are_let_pass(expected, state, study_with, cohort_of, names_nobody):
    """10 relapses in 40 patients, nobody lost: 25 %."""
    cohort = cohort_of(("relapse", 10, {}), ("free", 30, {}))
    result = contradicted.of(cohort, expecting(study_with(), expected), 0)
    assert (result.code, result.state) == ("RM129", state)
    if state == "found":
        assert result.severity == "warning"
        assert "the mean risk is 25.0 %; the study expects 5.0 %" in result.text
        names_nobody(result.text, cohort)


def test_without_a_baseline_nothing_is_contradicted(study_with, cohort_of):
    cohort = cohort_of(("relapse", 10, {}), ("free", 30, {}))
    assert contradicted.of(cohort, study_with(), 0).state == "passed"


def test_the_built_in_baseline_agrees_with_the_bundled_cohort():
    """16.9 % against 11 %: 0.50 apart, of sqrt(0.75 ** 2 + 1 / (119 * 0.14)) = 0.79: 0.6 standard deviations."""
    cohort = rm.read_cohort(Path(__file__).parents[3] / "examples" / "cohort")
    assert contradicted.of(cohort, rm.load_study("hbsag-relapse"), 0).state == "passed"
