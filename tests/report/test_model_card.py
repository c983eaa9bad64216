from __future__ import annotations

from dataclasses import replace

import pytest

import relapse_model as rm
from relapse_model.cli.texts import training_text
from relapse_model.report.model_card import markdown_text, model_card
from relapse_model.validation.estimate import Estimate
from relapse_model.validation.performance_measures import Performance


@pytest.fixture(scope="module")
def model():
    return rm.train(
        rm.simulate_cohort(132, seed=7), rm.load_study("hbsag-relapse"), candidates=("prior_logistic",), seed=3
    )


def test_card_says_what_the_model_is_and_is_not(model):
    card = model_card(model)
    assert card.startswith(f"# {model.study.title}\n")
    assert "**Research use only.**" in card
    assert "**Synthetic patients.**" in card
    assert f"132 patients at risk at week 0, of whom {model.summary['events']} had the outcome by week 48" in card
    assert "HBsAg at least 0.05 IU/mL, in 2 consecutive tests;" in card
    assert "Seed 3." in card
    assert f"| relapse-model | {rm.__version__} |" in card
    for predictor in model.study.predictors:
        assert predictor.label in card


def test_predictors_stand_with_units_ranges_priors_and_posteriors(model):
    card = model_card(model)
    low, high = (10 ** model.summary["predictors"]["anti_hbs"][name] for name in ("p05", "p95"))
    assert f"({float(f'{low:.3g}'):,g} to {float(f'{high:.3g}'):,g})" in card
    assert "| Anti-HBs (mIU/mL) |" in card
    assert "| Anti-HBs | per tenfold | 0.45 (0.20 to 1.00) |" in card
    assert "doi:10.1186/s12985-025-02761-3" in card


def test_card_without_figures_says_so(model):
    assert "No validated figures are attached." in model_card(model)


def test_card_with_figures_shows_them_and_what_was_refused(model):
    found = Performance(50, 9, 2, {"auc": Estimate(0.7, 0.5, 0.9, 0.95, "x"), "brier": 0.1234}, {"log_loss": "no"})
    card = model_card(model, found)
    assert "No validated figures" not in card
    assert "50 patients, 9 events, 2 lost" in card
    assert "| AUC | 0.70 (0.50 to 0.90) |" in card
    assert "| Brier score | 0.123 |" in card
    assert "- Refused, Log loss: no" in card


def test_real_patients_are_not_called_synthetic(model):
    assert "ynthetic" not in model_card(replace(model, summary=model.summary | {"synthetic": False}))


def test_other_classifiers_have_no_posteriors_but_a_choice(model):
    choice = {
        "chosen": "ridge_logistic", "log_loss": {"prior_logistic": 0.5, "ridge_logistic": 0.45},
        "log_loss_mean_risk": 0.6, "folds": 5, "repeats": 2,
    }  # fmt: skip
    other = replace(model, classifier_name="ridge_logistic", summary=model.summary | {"choice": choice})
    card = model_card(other)
    assert "Before and after" not in card
    assert "| ridge logistic regression | 0.450 |" in card
    assert "| giving everyone the mean risk | 0.600 |" in card


def test_folds_that_compared_nothing_are_told(model):
    losses = {"log_loss": {"prior_logistic": 0.4}, "log_loss_mean_risk": 0.5, "folds": 5, "repeats": 2}
    choice = model.summary["choice"] | losses | {"failed_folds": {"no weights": 3}}
    stated = replace(model, summary=model.summary | {"choice": choice})
    assert "could not be fitted: 3 folds (no weights)." in model_card(stated)
    assert "Folds that could not be fitted, 3 x: no weights" in training_text(stated)
    older = replace(model, summary=model.summary | {"choice": choice | {"failed_folds": {}}})
    assert "could not be fitted" not in model_card(older)


def test_text_of_the_study_is_no_markup(model):
    evil = "<script>alert(1)</script>\n# [x](http://evil) | *b*"
    predictors = tuple(replace(predictor, label=evil) for predictor in model.study.predictors)
    card = model_card(replace(model, study=replace(model.study, title=evil, predictors=predictors)))
    assert "<script" not in card
    assert "\n# [" not in card
    assert "](http" not in card.replace("\\](http", "")
    # Every row of a table keeps its columns: bars of a label do not count.
    rows = [line for line in card.splitlines() if line.startswith("| &lt;script")]
    assert {line.replace("\\|", "").count("|") for line in rows} == {5, 7}


def test_markdown_text_by_example():
    assert markdown_text("10*9/L") == r"10\*9/L"
    assert markdown_text("hbsag_relapse") == "hbsag_relapse"
    assert markdown_text("_x_") == r"\_x\_"
    assert markdown_text("a\n\n# b") == "a # b"
    assert markdown_text("&lt; <b>") == "&amp;lt; &lt;b&gt;"


def test_same_model_gives_the_same_card(model):
    assert model_card(model) == model_card(model)
