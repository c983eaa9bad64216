from __future__ import annotations

from dataclasses import replace

import relapse_model as rm
from relapse_model.report.words import link_dois, outcome_words, prior_words


def test_what_counts_at_the_end_of_follow_up_is_said_as_it_is_computed():
    # "both" counts it as the outcome, and reports the other reading beside it.
    study = rm.load_study("hbsag-relapse")
    for end, said in (("relapse", "counts"), ("both", "counts"), ("censor", "does not count")):
        rule = replace(study.outcome, confirm=replace(study.outcome.confirm, unconfirmed_at_end=end))
        assert outcome_words(rule, study).endswith(f"a positive last test {said} without confirmation")


def test_outcome_in_words():
    study = rm.load_study("hbsag-relapse")
    said = outcome_words(study.outcome, study)
    assert said.startswith("HBsAg relapse: HBsAg at least 0.05 IU/mL, in 2 consecutive tests;")
    timed = replace(study.outcome, confirm=replace(study.outcome.confirm, within_weeks=12.0))
    assert "in 2 consecutive tests within 12 weeks;" in outcome_words(timed, study)
    adjudicated = replace(study.outcome, analyte=None, at_least=None)
    assert "as adjudicated" in outcome_words(adjudicated, study)


def test_prior_in_words():
    study = rm.load_study("hbsag-relapse")
    assert prior_words(study.predictor("age")) == "OR 0.99 (0.93 to 1.05) per year"
    assert prior_words(replace(study.predictor("age"), prior=None)) == "none; a small effect in either direction"


def test_dois_become_links_and_nothing_else_does():
    parts = link_dois("A 2025 doi:10.1186/s12985-025-02761-3, OR 0.2; http://evil.example doi:10.1080/2.1.")
    assert [address for _, address in parts if address] == [
        "https://doi.org/10.1186/s12985-025-02761-3",
        "https://doi.org/10.1080/2.1",
    ]
    assert "".join(text for text, _ in parts).endswith("doi:10.1080/2.1.")
