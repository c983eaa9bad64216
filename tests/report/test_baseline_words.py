"""What a report says of the prior of the mean risk."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import relapse_model as rm
from relapse_model.report.baseline_words import baseline_learned, baseline_parts, baseline_sentence
from relapse_model.report.model_card import model_card
from relapse_model.study.prediction import Baseline


@pytest.fixture(scope="module")
def study():
    return rm.load_study("hbsag-relapse")


@pytest.fixture(scope="module")
def model(study):
    return rm.train(rm.simulate_cohort(132, seed=7), study, candidates=("prior_logistic",))


def with_baseline(study, baseline):
    return replace(study, outcome=replace(study.outcome, baseline=baseline))


def test_it_says_what_the_study_states(study):
    """Half of cohorts like these above 50 %; 1.645 x 0.5 log-odds either way: 30.5 to 69.5 %."""
    stated = with_baseline(study, Baseline(0.5, 0.5, 24, "a cohort"))
    assert baseline_sentence(stated) == (
        "Prior of the mean risk: 50.0 % by week 24 (95 % of such cohorts between 27.3 and 72.7 %)."
    )
    assert baseline_sentence(with_baseline(study, None)) == ""


def test_it_is_silent_where_no_model_uses_it(study):
    assert baseline_parts(study, ("ridge_logistic", "prior_hazard"))["baseline_sentence"] == ""
    several = replace(study, prediction=replace(study.prediction, landmark_weeks=(0.0, 12.0)))
    assert baseline_sentence(several) == ""


def counted(study, variance, widths=(1.0,), **changed):
    """Return a model with two posteriors of its mean risk, at the study's baseline."""
    mean = np.log(0.11 / 0.89)
    values = {
        "baseline": (mean, 0.75), "baseline_widths": widths, "baseline_weight_": np.array([0.6, 0.4]), "centres_": None,
        "components_": SimpleNamespace(
            weight=np.array([0.6, 0.4]), covariance=np.array(variance)[:, None, None] * np.ones((2, 2, 2))
        ),
    } | changed  # fmt: skip
    return SimpleNamespace(classifier=SimpleNamespace(**values), study=study, landmark_week=0.0)


def test_the_share_of_the_prior_is_that_of_the_precision(study):
    """Posterior variances of a tenth and a fifth of the prior's: 0.6 x 10 % + 0.4 x 20 % = 14 %."""
    said = baseline_learned(counted(study, [0.05625, 0.1125]))
    assert said == (
        "In this model 14 % of the precision of the mean risk comes from the study's prior of it (11.0 % by week 48), "
        "and the rest from its patients."
    )


def test_a_wider_prior_has_its_own_variance_and_weight(study):
    """The second is three times as wide, so of 9 times the variance: 0.6 x 10 % + 0.4 x 2.2 % = 7 %."""
    said = baseline_learned(counted(study, [0.05625, 0.1125], widths=(1.0, 3.0)))
    assert "7 % of the precision" in said
    assert said.endswith("As it stands that prior has 60 % of the weight.")


def test_what_centres_differ_by_is_no_ignorance_of_the_mean(study):
    """A new centre's variance has the spread between centres in it: 0.3 of 0.35625."""
    centres = SimpleNamespace(spread=np.array([0.3, 0.3]))
    assert "10 % of the precision" in baseline_learned(counted(study, [0.35625, 0.35625], centres_=centres))


def test_an_earlier_model_is_named_as_such(study):
    said = baseline_learned(counted(study, [0.05625, 0.1125], baseline=(0.0, 0.75)))
    assert "from an earlier model (50.0 %, 95 % interval between 18.7 and 81.3 %)" in said


def test_a_later_landmark_says_how_the_weeks_were_converted(study):
    """1 - 0.89 ^ (36 / 48) = 8.4 %."""
    model = counted(study, [0.05625, 0.1125])
    model.landmark_week = 12.0
    model.classifier.baseline = (study.outcome.baseline.log_odds(36.0), 0.75)
    assert "the study's prior of it (8.4 % within 36 weeks, at a constant hazard)" in baseline_learned(model)


def test_the_card_states_prior_share_and_source(model, study):
    card = model_card(model)
    assert "Prior of the mean risk: 11.0 % by week 48" in card
    assert "of the precision of the mean risk comes from the study's prior of it (11.0 % by week 48)" in card
    assert "Lu 2024" in card
    assert "研究对平均风险的先验（截至第 48 周 11.0 %）" in model_card(model, language="zh")


def test_a_model_without_one_says_nothing(study):
    other = rm.train(
        rm.simulate_cohort(132, seed=7), with_baseline(study, None), candidates=("prior_logistic",)
    )  # fmt: skip
    assert baseline_learned(other) == ""
    assert "rior of the mean risk" not in model_card(other)
    ridge = rm.train(rm.simulate_cohort(132, seed=7), study, candidates=("ridge_logistic",))
    assert baseline_learned(ridge) == ""
