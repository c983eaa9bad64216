from __future__ import annotations

from dataclasses import replace

import pytest

import relapse_model as rm
from relapse_model.report.words import link_dois, outcome_words, prior_words, verdict
from relapse_model.validation.estimate import Estimate
from relapse_model.validation.performance import Performance


def measured(auc=(0.7, 0.6, 0.8), slope=(1.0, 0.8, 1.2), ours=0.4, theirs=0.5, events=120):
    intervals = {"auc": auc, "calibration_slope": slope}
    measures = {name: Estimate(*limits, 0.95, "test") for name, limits in intervals.items()}
    return Performance(400, events, 0, measures | {"log_loss": ours, "log_loss_mean_risk": theirs}, {})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "better than chance (AUC 0.70, 95 % interval 0.60 to 0.80)"),
        ({}, "nothing speaks against the spread of its risks"),
        ({"auc": (0.6, 0.45, 0.7)}, "It was not shown that the model ranks patients better than chance"),
        ({"auc": (0.3, 0.2, 0.4)}, "worse than chance"),
        ({"ours": 0.5}, "fitted no better than giving everybody the mean risk"),
        ({"slope": (0.5, 0.3, 0.8)}, "its risks are too extreme"),
        ({"slope": (1.9, 1.2, 2.8)}, "its risks are too timid"),
        ({"slope": (0.8, 0.1, 1.5)}, "whether the risks are spread right remains open"),
        ({"events": 21}, "with 21 events this is a first look, not evidence for use."),
    ],
)
def test_verdict_says_no_more_than_the_intervals(given, said):
    assert said in verdict(measured(**given), "relapse")


def test_verdict_with_enough_events_does_not_call_itself_a_first_look():
    assert "first look" not in verdict(measured(), "relapse")


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
    assert verdict(hopeless, "relapse") == f"These patients support no verdict on the model: {why}"


def test_dois_become_links_and_nothing_else_does():
    parts = link_dois("A 2025 doi:10.1186/s12985-025-02761-3, OR 0.2; http://evil.example doi:10.1080/2.1.")
    assert [address for _, address in parts if address] == [
        "https://doi.org/10.1186/s12985-025-02761-3",
        "https://doi.org/10.1080/2.1",
    ]
    assert "".join(text for text, _ in parts).endswith("doi:10.1080/2.1.")
