"""RM122 and RS211: a model that is not better than the mean risk says so, in training and on every score."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import relapse_model as rm
from relapse_model.cli.texts import training_text
from relapse_model.development.checks.all_checks import GAIN_CHECK
from relapse_model.report.model_card import model_card
from relapse_model.validation.estimate import Estimate


def difference(value, lower, upper):
    return Estimate(value, lower, upper, 0.95, "paired, by patient")


@pytest.mark.parametrize(
    ("found", "state", "severity"),
    [
        (difference(-0.10, -0.15, -0.05), "passed", "warning"),
        (difference(-0.10, -0.21, 0.004), "found", "note"),
        (difference(0.00, -0.02, 0.02), "found", "warning"),
        (difference(0.03, 0.01, 0.05), "found", "warning"),
        (None, "not applicable", "warning"),
    ],
)
def test_the_interval_decides_what_is_shown(found, state, severity):
    result = GAIN_CHECK(found)
    assert (result.code, result.state, result.severity) == ("RM122", state, severity)


@pytest.fixture(scope="module")
def hopeless(study):
    """A model of 132 patients whose outcomes were permuted, so that no predictor says anything of them."""
    cohort = rm.simulate_cohort(132, seed=3)
    week = rm.derive_outcome(cohort, study)["time_week"].to_numpy()
    relapse = np.random.default_rng(4).permutation(np.r_[np.ones(22, dtype=int), np.zeros(110, dtype=int)])
    tables = dict(cohort.tables())
    tables["outcomes"] = cohort.patients[["patient_id"]].assign(
        relapse=relapse, week=np.where(relapse == 1, np.minimum(week, 40), 52)
    )
    return rm.train(rm.make_cohort(**tables, study=study), study, candidates=("ridge_logistic",))


def test_every_new_model_has_its_difference_on_record(model):
    stated = model.summary["choice"]["against_mean_risk"]
    assert set(stated) == {"value", "lower", "upper", "level", "method"}
    losses = model.summary["choice"]
    assert stated["value"] == pytest.approx(losses["log_loss"]["prior_logistic"] - losses["log_loss_mean_risk"])
    assert "log loss minus that of the mean risk" in model_card(model).lower()
    assert "difference, chosen model minus mean risk (95 % interval)" in training_text(model)


def test_a_model_of_noise_is_saved_with_the_finding_and_scores_repeat_it(hopeless, new_patients, tmp_path):
    (found,) = [one for one in hopeless.summary["warnings"] if one["code"] == "RM122"]
    assert found["severity"] == "warning"
    assert "do not use its risks" in found["text"]
    hopeless.save(tmp_path / "hopeless.rmodel")
    scores = rm.load_model(tmp_path / "hopeless.rmodel").score(new_patients)
    assert scores["warnings"].str.contains("RS211 model without shown gain").all()
    assert "RM122 warning" in model_card(hopeless)


def test_a_gain_that_is_only_not_shown_is_no_warning_on_scores(model, new_patients):
    assert not model.score(new_patients)["warnings"].str.contains("RS211").any()


def test_a_model_of_an_earlier_version_says_nothing(hopeless, new_patients):
    older = [one for one in hopeless.summary["warnings"] if one["code"] != "RM122"]
    scores = replace(hopeless, summary=hopeless.summary | {"warnings": older}).score(new_patients)
    assert not scores["warnings"].str.contains("RS211").any()
