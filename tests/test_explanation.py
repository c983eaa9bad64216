"""Explanations add up, speak clinical units, and have one column per predictor whatever its levels."""

from __future__ import annotations

import matplotlib
import numpy as np
import pytest

import relapse_model as rm
from relapse_model.features.design import design_matrix
from relapse_model.study_file import parse_study

GENOTYPE = """
[[predictors]]
name = "genotype"
label = "HBV genotype"
kind = "column"
column = "hbv_genotype"
levels = ["C", "B", "D"]
"""


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

    from relapse_model.explanation import explain, reference_codes

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
