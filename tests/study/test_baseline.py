"""What a study states beforehand of the mean risk."""

from __future__ import annotations

import numpy as np
import pytest

import relapse_model as rm
from relapse_model.errors import StudyError
from relapse_model.features.design import design
from relapse_model.study.prediction import Baseline

STUDY = """
[study]
protocol = 1
name = "small"
[analytes.hbsag]
unit = "IU/mL"
[outcome]
analyte = "hbsag"
at_least = 0.05
%s
[prediction]
landmark_weeks = %s
horizon_weeks = 48
[[predictors]]
name = "age"
kind = "column"
column = "age_years"
"""
STATED = 'baseline = { risk = 0.12, sd_logit = 0.5, by_week = 48, source = "a cohort" }'


def study(tmp_path, baseline=STATED, landmarks="[0]"):
    file = tmp_path / "study.toml"
    file.write_text(STUDY % (baseline, landmarks), encoding="utf-8")
    return rm.load_study(file)


def test_it_becomes_log_odds(tmp_path):
    found = study(tmp_path)
    assert found.outcome.baseline == Baseline(0.12, 0.5, 48.0, "a cohort")
    mean, sd = design(found).baseline
    assert mean == pytest.approx(np.log(0.12 / 0.88))
    assert sd == 0.5


def test_from_a_later_landmark_the_hazard_is_constant(tmp_path):
    """Half of the weeks: 1 - sqrt(0.88) = 6.2 %."""
    mean, _ = design(study(tmp_path, landmarks="[24]")).baseline
    risk = 1 - np.sqrt(0.88)
    assert mean == pytest.approx(np.log(risk / (1 - risk)))


def test_several_landmarks_have_none(tmp_path):
    assert design(study(tmp_path, landmarks="[0, 12]")).baseline is None


@pytest.mark.parametrize(
    ("stated", "match"),
    [
        ("baseline = { risk = 0.12, sd_logit = 0.5, by_week = 48 }", "source"),
        ('baseline = { risk = 12, sd_logit = 0.5, by_week = 48, source = "x" }', "risk"),
        ('baseline = { risk = 0.12, sd_logit = 0, by_week = 48, source = "x" }', "sd_logit"),
        ("baseline = 0.12", "baseline"),
    ],
)
def test_what_is_none_is_refused_by_name(tmp_path, stated, match):
    with pytest.raises(StudyError, match=match):
        study(tmp_path, stated)


def test_another_outcome_takes_over_no_baseline(tmp_path):
    """Of ALT flares nothing is known from a paper on HBsAg relapse."""
    base, own = tmp_path / "base.toml", tmp_path / "own.toml"
    base.write_text(STUDY % (STATED, "[0]"), encoding="utf-8")
    text = 'extends = "base.toml"\n[study]\nprotocol = 1\nname = "own"\n[outcome]\nat_least = 5\n'
    own.write_text(text, encoding="utf-8")
    assert rm.load_study(base).outcome.baseline is not None
    assert rm.load_study(own).outcome.baseline is None
