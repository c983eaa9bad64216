"""How far a model's risks can be relied on: by the figures in its file, in one sentence beside every risk."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

import relapse_model as rm
from relapse_model.errors import ModelFileError
from relapse_model.model.explanation.patient import explain_patient
from relapse_model.model.scoring.risk_assessments import risk_assessments
from relapse_model.model.verdict import _EN, _ZH, model_verdict
from relapse_model.report.model_card import model_card
from relapse_model.report.patient_page import write_patient_page
from relapse_model.service.cards import risk_card
from relapse_model.validation.estimate import Estimate
from relapse_model.validation.performance_measures import Performance

NOT_VALIDATED = "This model has not been validated; we do not know how accurate its risks are."


def measured(auc=(0.7, 0.6, 0.8), gain=(-0.05, -0.08, -0.02), slope=(1.0, 0.8, 1.2), events=150, **more):
    given = {"auc": auc, "log_loss_difference": gain, "calibration_slope": slope}
    measures = {name: Estimate(*one, 0.95, "by hand") for name, one in given.items()}
    return Performance(600, events, 10, measures, {}, **more)


@pytest.fixture(scope="module")
def model(cohort, study):
    return rm.train(cohort, study, candidates=("prior_logistic",))


@pytest.fixture(scope="module")
def new():
    return rm.simulate_cohort(3, seed=8)


@pytest.mark.parametrize(
    ("found", "code", "begins"),
    [
        (None, "none", "This model has not been validated"),
        # The figures of its own patients are no validation.
        (measured(apparent=True), "apparent", "Not validated"),
        (Performance(40, 4, 0, {}, {"auc": "too few"}), "refused", "Not validated"),
        (measured(auc=(0.4, 0.3, 0.45)), "worse", "Do not act on this model"),
        (measured(gain=(0.05, 0.01, 0.09)), "worse", "Do not act on this model"),
        (measured(auc=(0.55, 0.45, 0.65)), "not_shown", "Do not act on this model"),
        (measured(gain=(-0.02, -0.06, 0.02)), "ranks", "Do not act on this model"),
        (measured(events=21), "yes_few", "In validation the model's risks were more accurate"),
        (measured(), "yes", "In validation the model's risks were more accurate"),
    ],
)
def test_the_sentence_follows_from_the_intervals(model, found, code, begins):
    said = model_verdict(replace(model, performance=found))
    assert said.code == code
    assert said.en.startswith(begins)
    assert said.shown == code.startswith("yes")
    assert bool(said.brief) != said.shown


@pytest.mark.parametrize(("slope", "word"), [((0.5, 0.3, 0.8), "too extreme"), ((1.6, 1.2, 2.0), "varied too little")])
def test_risks_to_be_recalibrated_are_not_called_shown(model, slope, word):
    said = model_verdict(replace(model, performance=measured(slope=slope)))
    assert word in said.en
    assert not said.shown


def test_an_error_of_training_is_said_first(model):
    found = [{"code": "RM114", "severity": "error", "title": "x", "text": "x"}]
    said = model_verdict(replace(model, summary=model.summary | {"warnings": found}, performance=measured()))
    assert said.en == "Not to be used: a check found an error (RM114)."


def test_both_languages_have_every_sentence():
    assert list(_EN) == list(_ZH)


def test_the_file_keeps_it_a_release_too_and_an_update_starts_anew(model, cohort, tmp_path):
    known = replace(model, performance=measured(gain=(-0.02, -0.06, 0.02)))
    known.save(tmp_path / "own.rmodel")
    read = rm.load_model(tmp_path / "own.rmodel")
    assert read.performance == known.performance
    known.save(tmp_path / "told.rmodel", disclosure="small-counts")
    assert model_verdict(rm.load_model(tmp_path / "told.rmodel")).code == "ranks"
    assert read.update(rm.simulate_cohort(300, seed=9)).performance is None  # other risks, not yet judged
    assert rm.train(cohort, model.study, candidates=("prior_logistic",)).performance is None


def test_figures_that_are_none_are_refused_on_loading(model, tmp_path, monkeypatch):
    bad = Performance(1, 1, 1, {"auc": Estimate(0.5, 0.4, 0.6, 0.95, "x")}, {})
    monkeypatch.setattr(Performance, "to_dict", lambda self: {"measures": 3})
    model.save(tmp_path / "bad.rmodel", performance=bad)
    with pytest.raises(ModelFileError, match="validated figures"):
        rm.load_model(tmp_path / "bad.rmodel")


@pytest.mark.parametrize("known", [None, measured(gain=(-0.02, -0.06, 0.02))])
def test_it_stands_beside_the_risk_wherever_a_person_reads_it(model, new, known, tmp_path):
    judged = replace(model, performance=known)
    said = model_verdict(judged)
    found = explain_patient(judged, new, "P0001")
    lines = found.text().splitlines()
    at = next(place for place, line in enumerate(lines) if line.startswith("Risk "))
    assert lines[at + 1] == said.en
    shown = found._repr_html_().replace("&#x27;", "'")
    assert said.en in shown[: shown.index("<table")]  # with the risk, above the table
    scores = judged.score(new)
    in_notebook = scores._repr_html_().replace("&#x27;", "'")
    assert in_notebook.index(said.en) < in_notebook.index("<table")
    row = scores.to_dict("records")[0]
    card = risk_card(judged, row, 0.0, date(2026, 1, 1), False, "m")
    assert card["summary"].endswith(f"; {said.brief}")
    assert f"**{said.en}**" in card["detail"]
    assert card["indicator"] == "warning"
    (first, *_) = risk_assessments(scores, model="m", outcome="x", on="2026-01-01", horizon_weeks=48, verdict=said.en)
    assert first["note"][0]["text"] == said.en
    for language in ("en", "zh"):
        write_patient_page(judged, new, "P0001", tmp_path / "page.html", language=language)
        page = (tmp_path / "page.html").read_text(encoding="utf-8").replace("&#39;", "'")
        risk = page.index('<p class="number">')
        assert 0 < page.index(said.said(language)) - risk < 300  # directly beside the number
        judged.to_calculator(tmp_path / "calculator.html")
        assert said.said(language) in (tmp_path / "calculator.html").read_text(encoding="utf-8")


def test_scores_are_an_ordinary_table_in_all_else(model, new):
    scores = model.score(new)
    assert type(scores[["status"]]).__name__ == "DataFrame"
    assert scores.equals(scores.copy())
    assert list(scores["status"]) == ["scored"] * 3


def test_the_card_says_it_with_the_figures(model):
    judged = model_card(model, measured(gain=(-0.02, -0.06, 0.02)))
    assert "**Do not act on this model's risks: in validation" in judged[judged.index("## Performance") :]
    assert judged == model_card(replace(model, performance=measured(gain=(-0.02, -0.06, 0.02))))


def test_benefits_say_it_too(model, new):
    found = replace(model, performance=measured(gain=(-0.02, -0.06, 0.02))).benefit(new)
    assert "Do not act on this model" in found._repr_html_()
    assert found.to_dict()["verdict"].startswith("Do not act on this model")
