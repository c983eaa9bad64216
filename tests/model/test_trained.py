"""The model: scoring loses nobody, needs no outcome, and knows nothing of later weeks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.errors import InsufficientDataError
from relapse_model.features.design import design, design_matrix

COLUMNS = ["patient_id", "status", "relapse_risk", "risk_lower", "risk_upper", "warnings", "reason"]


@pytest.mark.parametrize("name", ["prior_logistic", "ridge_logistic", "boosted_trees"])
def test_scores_are_risks_inside_their_intervals(models, new_patients, name):
    scores = models[name].score(new_patients)
    assert list(scores.columns) == COLUMNS
    assert list(scores["patient_id"]) == list(new_patients.patient_ids)
    assert (scores["status"] == "scored").all()
    assert scores["relapse_risk"].between(0, 1, inclusive="neither").all()
    assert (scores["risk_lower"] <= scores["risk_upper"]).all()
    inside = scores["relapse_risk"].between(scores["risk_lower"], scores["risk_upper"])
    assert inside.mean() > 0.9  # a mean may lie outside a percentile interval of a skewed bootstrap, rarely


def test_training_twice_gives_the_same_model(cohort, study, model, new_patients):
    again = rm.train(cohort, study, candidates=("prior_logistic",))
    pd.testing.assert_frame_equal(again.score(new_patients), model.score(new_patients))
    assert again.summary == model.summary


def test_what_happens_after_the_landmark_changes_no_score(model, new_patients):
    tables = dict(new_patients.tables())
    early = tables["labs"]["week"] <= 0
    tables["labs"] = tables["labs"][early]
    tables["treatments"] = tables["treatments"][tables["treatments"]["start_week"] <= 0]
    known = rm.make_cohort(tables["patients"], tables["labs"], tables["treatments"], synthetic=True)
    pd.testing.assert_frame_equal(model.score(known), model.score(new_patients))


def test_a_patient_alone_scores_as_in_company(model, new_patients):
    alone = model.score(new_patients.take(np.array([4])))
    company = model.score(new_patients).iloc[[4]].reset_index(drop=True)
    # To rounding only: BLAS sums a row of a matrix and a vector in another order.
    pd.testing.assert_frame_equal(alone, company, rtol=1e-12)


def test_design_puts_priors_on_the_columns(study):
    columns = design(study)
    assert columns.names[0] == "anti_hbs"
    assert columns.prior_mean[0] == -0.80
    assert columns.monotone[:3] == (-1, -1, 1)


def test_risk_moves_with_anti_hbs_as_the_prior_says(model, new_patients, study):
    features = rm.derive_features(new_patients, study)
    more = features.assign(anti_hbs=features["anti_hbs"] + 1.0)
    assert (model.predict_risk(more) < model.predict_risk(features)).all()


def test_evaluate_judges_without_refitting(model):
    elsewhere = rm.simulate_cohort(400, seed=21)
    found = model.evaluate(elsewhere)
    assert found.patients == 400
    truth = elsewhere.truth.set_index("patient_id")["true_risk"]
    outcome = rm.derive_outcome(elsewhere, model.study)
    known = outcome["relapse"].notna()
    from relapse_model.validation.discrimination import auc

    ceiling = auc(outcome.loc[known, "relapse"], truth[known])
    assert 0.6 < found.measures["auc"].value < ceiling + 0.03
    assert found.measures["log_loss"] < found.measures["log_loss_mean_risk"]
    assert 0.6 < found.measures["uno_c"] < ceiling + 0.03


def test_evaluate_refuses_a_cohort_without_relapse(model, cohort):
    outcome = rm.derive_outcome(cohort, model.study)
    free = np.flatnonzero((outcome["state"] == "free").to_numpy())
    with pytest.raises(InsufficientDataError, match="HBsAg relapse in none of"):
        model.evaluate(cohort.take(free))


def test_training_refuses_too_few_events(cohort, study):
    outcome = rm.derive_outcome(cohort, study)
    relapsed = np.flatnonzero((outcome["state"] == "relapse").to_numpy())
    free = np.flatnonzero((outcome["state"] == "free").to_numpy())
    with pytest.raises(InsufficientDataError, match="4 events among 44 patients at risk"):
        rm.train(cohort.take(np.sort(np.append(relapsed[:4], free[:40]))), study)


def test_an_unknown_candidate_is_refused_with_the_nearest(cohort, study):
    with pytest.raises(rm.RelapseModelError, match="Did you mean 'ridge_logistic'"):
        rm.train(cohort, study, candidates=("ridge",))


def test_the_lost_are_neither_relapsed_nor_free(cohort, study, model):
    """Counting the lost as free would give a lower mean risk, as relapsed a higher one (domain: missing = failure)."""
    relapse = rm.derive_outcome(cohort, study)["relapse"]
    assert relapse.isna().sum() > 0
    assert relapse.fillna(0).mean() < model.summary["mean_risk"] < relapse.fillna(1).mean()


def test_the_model_remembers_no_patient(model, cohort):
    text = repr(model) + repr(model.summary)
    assert not any(identifier in text for identifier in cohort.patient_ids)


def test_the_matrix_has_one_row_per_patient_and_keeps_missing(new_patients, study):
    features = rm.derive_features(new_patients, study)
    matrix = design_matrix(features, study)
    assert matrix.shape == (30, len(design(study).names))
    assert np.isnan(matrix).sum() == features.isna().to_numpy().sum()
