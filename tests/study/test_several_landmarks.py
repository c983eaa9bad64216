"""The study of several landmarks: its text stays as it was, and the prior of the week is arithmetic."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

import relapse_model as rm
from relapse_model.errors import RelapseModelError
from relapse_model.study.reader import parse_study
from relapse_model.study.several_landmarks import check_landmarks, landmarks_beside_text, stacked_study

TEXT = """\
# landmark_weeks = [3] in a comment is left alone.
[study]
protocol = 1
name = "weeks"
title = "landmark_weeks = [4] in a title is left alone"

[outcome]
adjudicated = true

[prediction]
landmark_weeks = [0]  # at enrolment
horizon_weeks = 48

[[predictors]]
name = "age"
kind = "column"
column = "age_years"
prior = { log_odds = 0.1, sd = 0.2, per = 10, source = "Somebody" }

[[terms]]
name = "age_to_40"
factors = [{ predictor = "age", cap = 40 }]
"""
OWN = """
[[predictors]]
name = "week"
kind = "landmark_week"
prior = { log_odds = 0.5, sd = 2, per = "unit", source = "Somebody" }
"""


def small(text=TEXT):
    return parse_study(text, "test")


def test_the_text_stays_as_it_was_and_the_weeks_stand_beside_it():
    study = small()
    stacked = stacked_study(study, (0, 12, 24))
    assert stacked.prediction.landmark_weeks == (0.0, 12.0, 24.0)
    assert stacked.text == TEXT
    assert landmarks_beside_text(stacked) == (0.0, 12.0, 24.0)
    assert stacked_study(parse_study(stacked.text, "again"), landmarks_beside_text(stacked)) == stacked
    assert landmarks_beside_text(study) is None


def test_all_else_stays_as_it_was():
    study = small()
    stacked = stacked_study(study, (0, 12))
    assert stacked.predictors[:-1] == study.predictors
    assert (stacked.terms, stacked.outcome, stacked.name) == (study.terms, study.outcome, study.name)
    assert stacked.title == "landmark_weeks = [4] in a title is left alone"
    assert study.text == stacked.text == TEXT


def test_the_built_in_study_keeps_all_it_says():
    study = rm.load_study("hbsag-relapse")
    stacked = stacked_study(study, (0, 12, 24))
    added = stacked.predictors[-1]
    prediction = replace(study.prediction, landmark_weeks=(0.0, 12.0, 24.0))
    assert stacked == replace(study, prediction=prediction, predictors=(*study.predictors, added))
    assert added.kind == "landmark_week"


def test_weeks_are_put_in_order():
    assert stacked_study(small(), [24, 0.5, 12]).prediction.landmark_weeks == (0.5, 12.0, 24.0)
    assert stacked_study(small(), np.array([12, -4])).prediction.landmark_weeks == (-4.0, 12.0)


@pytest.mark.parametrize(
    ("weeks", "mean"),
    [
        ((0, 12, 24), -0.0288811),  # 24 of 48 weeks are left: log(1/2) = -0.693147, over 24 weeks
        ((0, 36), -0.0385082),  # 12 of 48: log(1/4) = -1.386294, over 36
        ((-4, 8), -0.0218637),  # 40 of 52: log(10/13) = -0.262364, over 12
        ((12, 24, 36), -0.0457755),  # 12 of 36: log(1/3) = -1.098612, over 24
    ],
)
def test_the_prior_of_the_week_by_hand(weeks, mean):
    week = stacked_study(small(), weeks).predictors[-1]
    assert (week.name, week.kind, week.label) == ("landmark_week", "landmark_week", "Week of the landmark")
    assert (week.direction, week.unit) == ("down", "weeks")
    assert week.prior.per == "unit"
    assert week.prior.log_odds == pytest.approx(mean, abs=5e-7)
    assert week.prior.sd == pytest.approx(-mean / 2, abs=5e-7)


def test_the_prior_says_that_it_is_arithmetic_and_of_which_weeks():
    source = stacked_study(small(), (0, 12, 24)).predictors[-1].prior.source
    assert source.startswith("arithmetic, no finding")
    assert "week 48" in source
    assert "week 24" in source
    assert "week 0" in source


def test_the_prior_is_what_a_constant_hazard_gives_for_small_risks():
    # Hazard 0.0005 a week: the difference of the true log-odds from week 0 to week 24, over 24 weeks.
    def log_odds(left):
        risk = 1 - math.exp(-0.0005 * left)
        return math.log(risk / (1 - risk))

    slope = (log_odds(24) - log_odds(48)) / 24
    assert stacked_study(small(), (0, 24)).predictors[-1].prior.log_odds == pytest.approx(slope, rel=0.03)


def test_a_declared_predictor_of_the_week_is_used_as_it_is():
    study = small(TEXT + OWN)
    stacked = stacked_study(study, (0, 12))
    assert stacked.predictors == study.predictors
    assert [predictor.name for predictor in stacked.predictors] == ["age", "week"]
    assert stacked.predictors[1].prior.log_odds == 0.5
    assert stacked.text == study.text
    assert landmarks_beside_text(stacked) == (0.0, 12.0)


def test_a_predictor_that_was_added_for_other_weeks_is_replaced():
    """Its prior is arithmetic of the weeks; a model file could not keep one of weeks that it does not hold."""
    first = stacked_study(small(), (0, 12))
    second = stacked_study(first, (0, 12, 24))
    assert second == stacked_study(small(), (0, 12, 24))
    assert second.predictors[-1].prior != first.predictors[-1].prior
    assert landmarks_beside_text(second) == (0.0, 12.0, 24.0)


EARLIER = (
    TEXT.replace("landmark_weeks = [0] ", "landmark_weeks = [0, 12, 24] ")
    + """
[[predictors]]
name = "landmark_week"
label = "Week of the landmark"
kind = "landmark_week"
direction = "down"
prior = { log_odds = -0.0288811, sd = 0.0144406, per = "unit", source = "arithmetic, no finding: of the weeks to the \
horizon (week 48), the share left at week 24 of those left at week 0, at constant hazard; log, per week; sd \
half of it" }
"""
)


def test_a_text_that_an_earlier_version_wrote_means_the_same_study():
    """Model files of then have the weeks and their predictor in the study's text."""
    study = small(EARLIER)
    assert landmarks_beside_text(study) is None
    assert replace(stacked_study(small(), (0, 12, 24)), text=study.text) == study
    other = stacked_study(study, (0, 12))
    assert other.predictors == stacked_study(small(), (0, 12)).predictors
    assert landmarks_beside_text(other) == (0.0, 12.0)


@pytest.mark.parametrize(
    "more",
    [
        '\n[[predictors]]\nname = "landmark_week"\nkind = "column"\ncolumn = "week"\n',
        '\n[[terms]]\nname = "landmark_week"\nfactors = [{ predictor = "age", cap = 60 }]\n',
    ],
)
def test_another_predictor_or_term_by_that_name_is_refused(more):
    with pytest.raises(RelapseModelError, match=r"'weeks' at several landmarks: 'landmark_week' is.*Rename it"):
        stacked_study(small(TEXT + more), (0, 12))


def test_a_study_that_was_changed_after_it_was_read_is_no_stacked_one():
    """A model file carries the text; whatever else was changed would be lost."""
    study = small()
    changed = replace(study, outcome=replace(study.outcome, name="flare"))
    other_weeks = replace(study, prediction=replace(study.prediction, landmark_weeks=(0.0, 9.0)))
    for one in (changed, stacked_study(changed, (0, 12)), other_weeks):
        with pytest.raises(RelapseModelError, match=r"'weeks' was changed after it was read.*load_study"):
            landmarks_beside_text(one)


@pytest.mark.parametrize(
    ("weeks", "message"),
    [
        ((), r"landmark_week is \[\]; expected two or more weeks, each once"),
        ((12,), r"landmark_week is \[12\].*Give a single one as a number"),
        ((0, 12, 12), r"landmark_week is \[0, 12, 12\]; expected two or more weeks, each once"),
        ((48, 0), r"landmark_week is \[0, 48\]; expected weeks before the horizon of study 'weeks' \(48\)"),
        ((0, 60), r"\[0, 60\].*before the horizon"),
        ((0, math.nan), "landmark_week is nan; expected one week"),
        ((-math.inf, 0), "landmark_week is -inf; expected one week"),
    ],
)
def test_weeks_that_cannot_be_landmarks_are_refused(weeks, message):
    for use in (lambda: check_landmarks(weeks, small()), lambda: stacked_study(small(), weeks)):
        with pytest.raises(RelapseModelError, match=message):
            use()


def test_weeks_that_can_are_returned_in_order_as_numbers():
    assert check_landmarks([24, 0, 12], small()) == (0.0, 12.0, 24.0)
