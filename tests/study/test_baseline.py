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


def test_a_baseline_of_a_few_weeks_that_leaves_nobody_free_is_refused(tmp_path):
    """Half within the first week: 1 - 0.5 ** 48 by the horizon, and every risk would have come out as 100 %."""
    with pytest.raises(StudyError, match=r"by_week': 50 % by week 1, which is more than 99.9 % in the 48 weeks"):
        study(tmp_path, STATED.replace("0.12", "0.5").replace("48", "1"))
    almost = study(tmp_path, STATED.replace("0.12", "0.5").replace("48", "5"))  # 1 - 0.5 ** 9.6 = 99.87 %
    assert design(almost).baseline[0] == pytest.approx(np.log(2**9.6 - 1))


@pytest.mark.parametrize(("value", "instead"), [("0.12", "1e-300"), ("0.5", "1e-300"), ("0.5", "0.001")])
def test_nobody_knows_a_mean_risk_so_well(tmp_path, value, instead):
    with pytest.raises(StudyError, match=r"expected a number of at least 0\.0"):
        study(tmp_path, STATED.replace(value, instead))


def test_another_outcome_takes_over_no_baseline(tmp_path):
    """Of ALT flares nothing is known from a paper on HBsAg relapse."""
    base, own = tmp_path / "base.toml", tmp_path / "own.toml"
    base.write_text(STUDY % (STATED, "[0]"), encoding="utf-8")
    text = 'extends = "base.toml"\n[study]\nprotocol = 1\nname = "own"\n[outcome]\nat_least = 5\n'
    own.write_text(text, encoding="utf-8")
    assert rm.load_study(base).outcome.baseline is not None
    assert rm.load_study(own).outcome.baseline is None


def test_a_spread_that_is_wide_already_is_taken_as_it_stands(tmp_path):
    """Else it is tried three times as wide too, and every prior of the effects once with each."""
    stated = STATED.replace(", source", ", as_stated = true, source")
    assert design(study(tmp_path)).baseline_widths == (1.0, 3.0)
    assert design(study(tmp_path, stated)).baseline_widths == (1.0,)


def test_it_is_one_statement_and_is_taken_over_whole(tmp_path):
    """A tight baseline of one's own would else be taken as it stands, since the wide one of the other study is."""
    (tmp_path / "base.toml").write_text(STUDY % (STATED.replace("0.5", "0.9, as_stated = true"), "[0]"), "utf-8")
    own = tmp_path / "own.toml"
    head = 'extends = "base.toml"\n[study]\nprotocol = 1\nname = "own"\n[outcome]\n'
    own.write_text(head + STATED.replace("0.12", "0.3"), encoding="utf-8")
    assert rm.load_study(own).outcome.baseline == Baseline(0.3, 0.5, 48.0, "a cohort")
    own.write_text(head + 'baseline = { risk = 0.3, source = "another" }', encoding="utf-8")
    with pytest.raises(StudyError, match="sd_logit"):
        rm.load_study(own)


def test_another_horizon_takes_over_no_baseline(tmp_path):
    """Within five years 27.6 % relapsed; 11 % by week 48 at a constant hazard would say 47 %."""
    (tmp_path / "base.toml").write_text(STUDY % (STATED, "[0]"), encoding="utf-8")
    own = tmp_path / "own.toml"
    head = 'extends = "base.toml"\n[study]\nprotocol = 1\nname = "own"\n'
    own.write_text(f"{head}[prediction]\nhorizon_weeks = 260\n", encoding="utf-8")
    assert rm.load_study(own).outcome.baseline is None
    own.write_text(f"{head}[prediction]\nhorizon_weeks = 260\n[outcome]\n{STATED}\n", encoding="utf-8")
    assert rm.load_study(own).outcome.baseline == Baseline(0.12, 0.5, 48.0, "a cohort")


def test_the_built_in_study_says_what_published_cohorts_do():
    """11 % by week 48; at 1.645 standard deviations it leaves room for 8 to 25 %, and for a trial that enrols late."""
    found = rm.load_study("hbsag-relapse")
    known = found.outcome.baseline
    # Cumulative hazard 0.123 t^0.6 (t in years): a Weibull curve through the published risks at 70, 84 and 96 weeks and
    # 5 years.
    assert known.risk == pytest.approx(1 - np.exp(-0.123 * (48 / 52.18) ** 0.6), abs=0.002)
    assert all(named in known.source for named in ("Lu 2024", "Chang 2025", "Pan 2021", "Jiang 2023"))
    mean, sd = design(found).baseline
    low, high = (1 / (1 + np.exp(-(mean + z * sd))) for z in (-1.645, 1.645))
    assert low < 0.0585  # enrolled 48 weeks after the others
    assert high > 0.25
    assert design(found).baseline_widths == (1.0,)
