"""Explanations add up, are in clinical units, and have one column per predictor whatever its levels."""

from __future__ import annotations

import matplotlib
import numpy as np
import pytest

import relapse_model as rm
from relapse_model.classifiers import (
    AveragedClassifier,
    BoostedTreesClassifier,
    ElasticNetLogisticClassifier,
    ForestClassifier,
    PriorLogisticClassifier,
    RecalibratedClassifier,
    RidgeLogisticClassifier,
)
from relapse_model.features.design import design_matrix, level_codes
from relapse_model.model.explanation import shap_values as explanation
from relapse_model.model.explanation import shapley
from relapse_model.study.reader import parse_study

GENOTYPE = """
[[predictors]]
name = "genotype"
label = "HBV genotype"
kind = "column"
column = "hbv_genotype"
levels = ["C", "B", "D"]
"""


MORE = """
[[predictors]]
name = "bmi"
label = "BMI"
kind = "column"
column = "bmi_kg_m2"

[[predictors]]
name = "weeks_of_pegifn"
label = "Peginterferon"
kind = "column"
column = "pegifn_weeks"
"""
RIDGE = RidgeLogisticClassifier([5.0])
ELASTIC_NET = ElasticNetLogisticClassifier((0.5,), (0.1,), interval_resamples=0)
TREES = BoostedTreesClassifier(depths=(1,), l2=(1.0,), max_rounds=3)
PRIOR = PriorLogisticClassifier(strengths=(0.0,), widths=(1.0,))


@pytest.fixture(scope="module")
def with_levels(cohort, study):
    text = study.text + GENOTYPE
    levels = cohort.patients["hbv_genotype"].dropna().unique()
    study = parse_study(
        text.replace('"C", "B", "D"', ", ".join(f'"{level}"' for level in sorted(levels))), "study.toml"
    )
    return {name: rm.train(cohort, study, candidates=(name,)) for name in ("prior_logistic", "boosted_trees")}


@pytest.mark.parametrize("name", ["prior_logistic", "ridge_logistic", "boosted_trees"])
def test_values_add_up_to_the_log_odds(models, new_patients, name):
    model = models[name]
    found = model.explain(new_patients)
    features = rm.derive_features(new_patients, model.study)
    log_odds = model.classifier.predict_log_odds(design_matrix(features, model.study))
    np.testing.assert_allclose(found.values.sum(axis=1) + found.base_values, log_odds, atol=1e-5)
    risk = model.score(new_patients)["relapse_risk"]
    np.testing.assert_allclose(1 / (1 + np.exp(-log_odds)), risk, atol=1e-6)


@pytest.mark.parametrize("name", ["prior_logistic", "boosted_trees"])
def test_a_predictor_with_levels_has_one_column(with_levels, new_patients, name):
    model = with_levels[name]
    found = model.explain(new_patients)
    assert found.values.shape == (30, len(model.study.predictors))
    assert found.feature_names[-1] == "HBV genotype"
    features = rm.derive_features(new_patients, model.study)
    log_odds = model.classifier.predict_log_odds(design_matrix(features, model.study))
    np.testing.assert_allclose(found.values.sum(axis=1) + found.base_values, log_odds, atol=1e-5)


def test_data_are_in_clinical_units(model, new_patients):
    found = model.explain(new_patients)
    assert found.feature_names[0] == "Anti-HBs (mIU/mL)"
    features = rm.derive_features(new_patients, model.study)
    np.testing.assert_allclose(found.data[:, 0], 10 ** features["anti_hbs"])


def test_a_patient_like_the_reference_has_nothing_to_explain(model):
    import pandas as pd

    from relapse_model.model.explanation.shap_values import explain, reference_codes

    names = [predictor.name for predictor in model.study.predictors]
    reference = pd.DataFrame([reference_codes(model)], columns=names)
    found = explain(model, reference)
    np.testing.assert_allclose(found.values, 0.0, atol=1e-12)


def test_the_shap_plots_take_it(model, new_patients):
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    import shap

    found = model.explain(new_patients)
    shap.plots.beeswarm(found, show=False)
    plt.close("all")
    shap.plots.waterfall(found[0], show=False)
    assert "Anti-HBs" in " ".join(label.get_text() for label in plt.gca().get_yticklabels())
    plt.close("all")


def test_linear_values_are_those_of_every_subset_of_predictors(monkeypatch, cohort, study, new_patients):
    # 11 predictors, one of them with three levels and missing in many: beyond 10 the subsets would only be sampled.
    monkeypatch.setattr(shapley, "EXACT_UP_TO", 11)
    model = rm.train(cohort, parse_study(study.text + GENOTYPE + MORE, "study.toml"), candidates=("ridge_logistic",))
    assert len(model.study.predictors) == 11
    codes = level_codes(rm.derive_features(new_patients, model.study), model.study)
    assert {0.0, 1.0} < set(codes[:, 8])
    assert np.isnan(codes[:, 8]).any()
    found = model.explain(new_patients)
    expected, base = explanation._shapley_values(model, codes)
    np.testing.assert_allclose(found.values, expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.base_values, base, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    "classifier",
    [
        RIDGE,
        ELASTIC_NET,
        RecalibratedClassifier(ELASTIC_NET),
        AveragedClassifier([RIDGE, ELASTIC_NET], [1.0, 3.0]),
        RecalibratedClassifier(AveragedClassifier([RIDGE, ELASTIC_NET])),
    ],
    ids=lambda one: type(one).__name__,
)
def test_linear_classifiers_know_their_exact_values(classifier):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3)) * [1.0, 10.0, 0.1] + [0.0, 100.0, 0.0]
    y = rng.random(200) < 1 / (1 + np.exp(1 - X[:, 0]))
    X[rng.random(X.shape) < 0.1] = np.nan
    model = classifier.fit(X, y)
    found = model.linear_contributions(X, [0.5, np.nan, 0.1])
    expected = shapley.shapley_values(model.predict_log_odds, X, np.array([0.5, np.nan, 0.1]))
    assert np.ptp(expected[:, 0]) > 0.1
    np.testing.assert_allclose(found[:, :-1], expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.sum(axis=1), model.predict_log_odds(X), rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    "classifier",
    [
        PRIOR,  # the mean of a posterior is not linear on the log-odds
        TREES,
        ForestClassifier(),
        RecalibratedClassifier(PRIOR),
        AveragedClassifier([RIDGE, TREES]),
    ],
    ids=lambda one: type(one).__name__,
)
def test_the_others_claim_no_linear_values(classifier):
    X = np.random.default_rng(0).normal(size=(60, 2))
    assert not hasattr(classifier.fit(X, X[:, 0] > 0.5), "linear_contributions")


def test_values_of_a_ridge_model_are_its_coefficients_by_the_distance_from_the_reference(models, new_patients):
    model = models["ridge_logistic"]
    found = model.explain(new_patients)
    age = [predictor.name for predictor in model.study.predictors].index("age")
    scaler, logistic = model.classifier.pipeline_[1], model.classifier.pipeline_[2]
    years = found.data[:, age].astype(float) - model.summary["predictors"]["age"]["mean"]
    np.testing.assert_allclose(found.values[:, age], logistic.coef_[0, age] / scaler.scale_[age] * years, atol=1e-12)


def test_values_of_trees_are_summed_over_the_columns_of_a_predictor(with_levels, new_patients):
    model = with_levels["boosted_trees"]
    features = rm.derive_features(new_patients, model.study)
    columns = model.classifier.contributions(design_matrix(features, model.study))
    found = explanation.explain(model, features)
    last = len(model.study.predictors) - 1
    np.testing.assert_allclose(found.values[:, last], columns[:, last:-1].sum(axis=1), atol=1e-15)
    np.testing.assert_allclose(found.values[:, :last], columns[:, :last], atol=1e-15)
    np.testing.assert_array_equal(found.base_values, columns[:, -1])
