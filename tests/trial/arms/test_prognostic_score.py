"""Adjustment by the risk from a saved model: one column, of other patients, known at randomisation."""

from __future__ import annotations

from hashlib import sha256

import numpy as np
import pytest
from small_model import STUDY

import relapse_model as rm
from relapse_model.errors import CohortError
from relapse_model.study.reader import parse_study
from relapse_model.trial.statistics import loss_weights, standardised_contrast

PLAIN = "adjust = []"


BLIND = parse_study(STUDY, "small.toml")  # anti-HBs and age: it knows nothing of the arms


@pytest.fixture(scope="module")
def elsewhere():
    """A model of 300 other patients."""
    return rm.train(rm.simulate_cohort(300, seed=99), BLIND, candidates=("ridge_logistic",))


@pytest.fixture(scope="module")
def file(elsewhere, tmp_path_factory):
    place = tmp_path_factory.mktemp("model") / "earlier.rmodel"
    elsewhere.save(place)
    return place


def planned(study, file):
    assert study.text.count(PLAIN) == 1
    return parse_study(study.text.replace(PLAIN, f"adjust = {{ model = '{file}' }}"), "with_model.toml")


def refused(cohort, study, file):
    with pytest.raises(CohortError) as error:
        rm.compare_arms(cohort, study, adjust=file)
    return str(error.value)


def test_the_plan_may_name_a_model(cohort, study, elsewhere, file):
    """Its log-odds of the risk at week 0 is the one column of a standardised comparison."""
    found = rm.compare_arms(cohort, planned(study, file))
    risk = elsewhere.score(cohort)["relapse_risk"].to_numpy()
    data = found.endpoint
    score = np.log(risk / (1 - risk))
    weights = loss_weights(data.time, data.event, data.arm, score, 48).weights
    direct = standardised_contrast(data.event, data.arm, score, names=("prognostic_score",), weights=weights)
    assert found.primary.contrast.value == pytest.approx(direct.contrast.value, rel=1e-9)
    assert found.primary.contrast.standard_error == pytest.approx(direct.contrast.standard_error, rel=1e-9)
    assert sha256(file.read_bytes()).hexdigest() in found.primary.note
    assert found.data_sets.adsl["adjust_prognostic_score"].tolist() == pytest.approx(np.log(risk / (1 - risk)))


def test_asked_for_besides_the_plan_it_is_told_so(cohort, study, file):
    (extra,) = rm.compare_arms(cohort, study, adjust=file).extra
    assert extra.status == "not pre-specified"
    assert "prognostic_score" in extra.label


def test_a_model_of_these_very_patients_is_refused(cohort, study, tmp_path):
    rm.train(cohort, BLIND, candidates=("ridge_logistic",)).save(tmp_path / "own.rmodel")
    assert "trained on these very patients" in refused(cohort, study, tmp_path / "own.rmodel")


def test_a_model_that_knows_the_arm_is_refused(cohort, study, root):
    """The bundled model has the arm among its predictors, and learned from the bundled cohort."""
    text = refused(cohort, study, root / "models" / "hbsag_relapse.rmodel")
    assert "is the arm; expected a baseline column" in text


def test_a_model_of_a_later_week_is_refused(cohort, study, tmp_path):
    later = rm.train(rm.simulate_cohort(300, seed=99), BLIND, landmark_week=12, candidates=("ridge_logistic",))
    later.save(tmp_path / "later.rmodel")
    assert "predicts from week 12; expected one from week 0" in refused(cohort, study, tmp_path / "later.rmodel")


def test_no_such_file_and_no_model(cohort, study, tmp_path):
    assert "No such file" in refused(cohort, study, tmp_path / "none.rmodel")
    (tmp_path / "other.rmodel").write_text("not a model")
    assert "other.rmodel" in refused(cohort, study, tmp_path / "other.rmodel")
