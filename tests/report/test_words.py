from __future__ import annotations

from dataclasses import replace

import pytest

import relapse_model as rm
from relapse_model.report.words import link_dois, outcome_words, prior_words, validation_verdict
from relapse_model.validation.estimate import Estimate
from relapse_model.validation.performance_measures import Performance


def measured(auc=(0.7, 0.6, 0.8), slope=(1.0, 0.8, 1.2), gain=(-0.1, -0.15, -0.05), events=120):
    intervals = {"auc": auc, "calibration_slope": slope, "log_loss_difference": gain}
    ours, theirs = 0.5 + gain[0], 0.5
    measures = {name: Estimate(*limits, 0.95, "test") for name, limits in intervals.items()}
    return Performance(400, events, 0, measures | {"log_loss": ours, "log_loss_mean_risk": theirs}, {})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "better than chance (AUC 0.70, 95 % interval 0.60 to 0.80)"),
        ({}, "no evidence against the spread of its risks"),
        ({"auc": (0.6, 0.45, 0.7)}, "It was not shown that the model ranks patients better than chance"),
        ({"auc": (0.3, 0.2, 0.4)}, "worse than chance"),
        ({}, "its risks fitted better than giving everybody the mean risk (log loss 0.400 against 0.500; difference"),
        # .436 against .455 and .350 against .452 have one wording where both intervals hold 0: it is they that decide.
        ({"gain": (-0.019, -0.05, 0.01)}, "it was not shown that its risks fit better than giving everybody the mean"),
        ({"gain": (-0.102, -0.21, 0.004)}, "it was not shown that its risks fit better than giving everybody the mean"),
        ({"gain": (0.02, -0.01, 0.05)}, "difference 0.020, -0.010 to 0.050)"),
        ({"gain": (0.06, 0.01, 0.11)}, "its risks fitted worse than giving everybody the mean risk"),
        ({"slope": (0.5, 0.3, 0.8)}, "its risks are too extreme"),
        ({"slope": (1.9, 1.2, 2.8)}, "its risks are too timid"),
        ({"slope": (0.8, 0.1, 1.5)}, "whether the risks are spread right remains open"),
        ({"events": 21}, "with 21 events this is a first look, not evidence for use."),
    ],
)
def test_verdict_says_no_more_than_the_intervals(given, said):
    assert said in validation_verdict(measured(**given), "relapse")


def test_verdict_with_enough_events_does_not_call_itself_a_first_look():
    assert "first look" not in validation_verdict(measured(), "relapse")


def test_after_an_error_nothing_is_shown():
    said = validation_verdict(measured(), "relapse", ["RM114"])
    assert said.startswith("Nothing is shown: a check found an error (RM114)")
    assert "AUC" not in said


def test_what_counts_at_the_end_of_follow_up_is_said_as_it_is_computed():
    # "both" counts it as the outcome, and reports the other reading beside it.
    study = rm.load_study("hbsag-relapse")
    for end, said in (("relapse", "counts"), ("both", "counts"), ("censor", "does not count")):
        rule = replace(study.outcome, confirm=replace(study.outcome.confirm, unconfirmed_at_end=end))
        assert outcome_words(rule, study).endswith(f"without its confirmation {said}")


def test_outcome_in_words():
    study = rm.load_study("hbsag-relapse")
    said = outcome_words(study.outcome, study)
    assert said.startswith("HBsAg relapse: HBsAg at least 0.05 IU/mL, in 2 tests in a row;")
    timed = replace(study.outcome, confirm=replace(study.outcome.confirm, within_weeks=12.0))
    assert "in 2 tests in a row within 12 weeks;" in outcome_words(timed, study)
    adjudicated = replace(study.outcome, analyte=None, at_least=None)
    assert "as adjudicated" in outcome_words(adjudicated, study)


def test_prior_in_words():
    study = rm.load_study("hbsag-relapse")
    assert prior_words(study.predictor("age")) == "OR 0.99 (0.94 to 1.04) per year"
    assert prior_words(replace(study.predictor("age"), prior=None)).startswith("none")


def test_no_verdict_without_an_auc():
    why = "AUC: 0 patients with a relapse; expected 1 or more."
    hopeless = Performance(20, 0, 5, {}, {"auc": why})
    assert validation_verdict(hopeless, "relapse") == f"These patients support no verdict on the model: {why}"


def test_dois_become_links_and_nothing_else_does():
    parts = link_dois("A 2025 doi:10.1186/s12985-025-02761-3, OR 0.2; http://evil.example doi:10.1080/2.1.")
    assert [address for _, address in parts if address] == [
        "https://doi.org/10.1186/s12985-025-02761-3",
        "https://doi.org/10.1080/2.1",
    ]
    assert "".join(text for text, _ in parts).endswith("doi:10.1080/2.1.")
