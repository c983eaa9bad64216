"""Points that a person can add by hand, and what the rounding costs."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from additive_model import Additive, additive_model
from hypothesis import given, settings
from hypothesis import strategies as st

import relapse_model as rm
from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.features.clinical_units import clinical, predictor_title
from relapse_model.features.development_data import development_data
from relapse_model.model.explanation.points_score import points_score
from relapse_model.model.explanation.single_effects import additive_effect


def patients(n=40, seed=0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "titre": rng.uniform(0.7, 3.0, n),
            "age": rng.uniform(20, 60, n).round(),
            "genotype": rng.choice(["C", "B", "D"], n),
            "arm": rng.integers(0, 2, n).astype(float),
        },
        index=pd.Index([f"P{row}" for row in range(n)], name="patient_id"),
    )


def table_of(found):
    return {(row.predictor, row.value): row.points for row in found.table().itertuples()}


def test_the_points_are_those_reckoned_by_hand():
    # Titres are judged at log10 0.849, 1.239, 1.739, 2.239, 2.739 and cost 1 log-odds per log10: the widest effect,
    # 1.889, is 10 points. Ages are judged at 25, 35, 45, 55: 0.5 log-odds apart, 2.65 points. B 0.3 and D 0.6
    # log-odds: 1.59 and 3.18 points. The arm: 0.02, a tenth of a point. Missing counts as titre 1.5 (1.239 above the
    # lowest: 6.56 points), age 40 (0.75: 3.97), genotype C, half an arm.
    assert table_of(points_score(additive_model(), patients())) == {
        ("Anti-HBs (mIU/mL)", "below 10"): 10,
        ("Anti-HBs (mIU/mL)", "10 to below 30"): 8,
        ("Anti-HBs (mIU/mL)", "30 to below 100"): 5,
        ("Anti-HBs (mIU/mL)", "100 to below 300"): 3,
        ("Anti-HBs (mIU/mL)", "300 or more"): 0,
        ("Anti-HBs (mIU/mL)", "missing"): 7,
        ("Age (years)", "below 30"): 0,
        ("Age (years)", "30 to below 40"): 3,
        ("Age (years)", "40 to below 50"): 5,
        ("Age (years)", "50 or more"): 8,
        ("Age (years)", "missing"): 4,
        ("HBV genotype", "C"): 0,
        ("HBV genotype", "B"): 2,
        ("HBV genotype", "D"): 3,
        ("HBV genotype", "missing"): 0,
        ("HBIG arm", "no"): 0,
        ("HBIG arm", "yes"): 0,
        ("HBIG arm", "missing"): 0,
    }


def test_a_patient_gets_the_points_of_the_bins_and_a_cut_point_belongs_above_itself():
    table = patients()
    table.loc["P0"] = [np.log10(30.0), 40.0, "D", 1.0]  # 5 + 5 + 3 + 0
    table.loc["P1"] = [np.nan, 29.9, "unheard of", np.nan]  # 7 + 0 + 0 + 0
    table.loc["P2"] = [4.0, 95.0, "C", 0.0]  # beyond the training range: the outer bins, 0 + 8 + 0 + 0
    scores = points_score(additive_model(), table).score(table)
    assert scores["points"].head(3).tolist() == [13, 7, 8]
    assert scores.index.equals(table.index)


def test_a_model_that_is_points_already_loses_nothing():
    # Age in four bins of no effect; B one half and D one log-odds above C: 5 and 10 points of 0.1 log-odds each.
    model = additive_model(coef=(0.0, 0.0, 0.5, 1.0, 0.3), intercept=-2.0)
    table = patients()
    found = points_score(model, table)
    assert found.slope == pytest.approx(0.1)
    assert found.intercept == pytest.approx(-2.0)
    risks = found.risks()
    assert risks["points"].tolist() == list(range(14))  # 10 for D and 3 for the arm
    np.testing.assert_allclose(risks["risk"], 1 / (1 + np.exp(2 - 0.1 * np.arange(14))))
    assert found.loss.largest_difference < 1e-9
    assert found.loss.correlation == pytest.approx(1.0)


def test_neighbouring_bins_of_equal_points_become_one():
    # Ages 0.01 apart at 25, 35, 45, 55: 0, 0.05, 0.11, 0.16 points are all 0 points.
    found = points_score(additive_model(coef=(-1.0, 0.001, 0.3, 0.6, 0.02)), patients())
    ages = found.table().query("predictor == 'Age (years)'")
    assert ages["value"].tolist() == ["any value", "missing"]


def test_cut_points_of_ones_own_are_kept_even_where_the_points_are_equal():
    model = additive_model(coef=(-1.0, 0.001, 0.3, 0.6, 0.02))
    found = points_score(model, patients(), bins={"age": [33, 44]})
    ages = found.table().query("predictor == 'Age (years)'")
    assert ages["value"].tolist() == ["below 33", "33 to below 44", "44 or more", "missing"]


def test_where_missing_is_the_lowest_it_gets_no_points_and_the_others_move_up():
    model = additive_model()
    model.classifier.impute[0] = 3.5  # 0.761 log-odds below the bin of 300 or more: 4.03 points
    found = points_score(model, patients())
    titre = found.predictors[0]
    assert titre.points == (14, 12, 9, 7, 4)
    assert titre.missing == 0


def test_the_effect_of_one_predictor_leaves_the_others_at_the_reference():
    found = additive_effect(additive_model(), 0, [1.5, 2.5, np.nan])
    np.testing.assert_allclose(found, [0.0, -1.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(additive_effect(additive_model(), 2, [0, 1, 2]), [0.0, 0.3, 0.6], atol=1e-12)


def value_lies_in(value, words):
    """Read a line of the table as a person does."""
    if np.isnan(value) or words == "missing":
        return np.isnan(value) and words == "missing"
    if words in ("no", "yes"):
        return value == (words == "yes")
    if words == "any value":
        return True
    if words.startswith("below "):
        return value < float(words.split()[1])
    if words.endswith(" or more"):
        return value >= float(words.split()[0])
    low, high = words.split(" to below ")
    return float(low) <= value < float(high)


def test_who_adds_the_points_by_hand_gets_the_listed_risk(model, new_patients):
    features = rm.derive_features(new_patients, model.study)
    features.iloc[0, features.columns.get_loc("age")] = np.nan
    found = points_score(model, features)
    table, risks = found.table(), found.risks().set_index("points")["risk"]
    scores = found.score(features)
    for row in range(len(features)):
        total = 0
        for predictor in model.study.predictors:
            code = features[predictor.name].to_numpy(dtype=float)[row : row + 1]
            # A titre as the laboratory wrote it: ten digits, not what the logarithm and back made of it.
            value = float(f"{clinical(code, predictor)[0]:.10g}")
            lines = table[table["predictor"] == predictor_title(predictor)]
            hits = lines[[value_lies_in(value, words) for words in lines["value"]]]
            assert len(hits) == 1
            total += hits["points"].item()
        assert scores["points"].iloc[row] == total
        assert scores["risk"].iloc[row] == risks[total]


def test_the_loss_is_that_of_the_risks_it_lists(model, cohort, study):
    data = development_data(cohort, study, 0.0)
    found = points_score(model, data.features, relapse=data.relapse, weight=data.weights())
    ours, theirs = found.score(data.features)["risk"].to_numpy(), model.predict_risk(data.features)
    loss = found.loss
    assert loss.patients == len(ours)
    assert loss.mean_difference == pytest.approx(np.mean(np.abs(ours - theirs)))
    assert loss.largest_difference == pytest.approx(np.max(np.abs(ours - theirs)))
    # Standardised risks multiplied and averaged are their correlation.
    z_ours, z_theirs = ((risk - risk.mean()) / risk.std() for risk in (ours, theirs))
    assert loss.correlation == pytest.approx((z_ours * z_theirs).mean())
    # What a points score is for: most of the model is kept.
    assert loss.correlation > 0.9
    assert loss.mean_difference < 0.04


def test_auc_and_log_loss_are_those_of_the_outcomes():
    # The model ranks by genotype (C, B, D: -2, -1.5, -1) exactly as the points do, and its risks are theirs.
    model = additive_model(coef=(0.0, 0.0, 0.5, 1.0, 0.0), intercept=-2.0)
    table = patients(10)
    table["genotype"] = ["C"] * 4 + ["B"] * 3 + ["D"] * 3
    relapse = [0, 0, 0, 1, 0, 0, 1, 0, 1, 1]
    loss = points_score(model, table, relapse=relapse).loss
    # Pairs of the 4 with and the 6 without, counted by hand: C against CCC BB D: 3 ties; B: 3 won, 2 ties;
    # D twice: 5 won, 1 tie. (1.5 + 3 + 1 + 2 * 5.5) / 24.
    assert loss.auc_model == loss.auc_points == pytest.approx(16.5 / 24)
    risk = 1 / (1 + np.exp(-np.array([-2.0] * 4 + [-1.5] * 3 + [-1.0] * 3)))
    given_by_model = np.where(np.array(relapse) == 1, risk, 1 - risk)
    assert loss.log_loss_model == pytest.approx(-np.log(given_by_model).mean())
    assert loss.log_loss_points == pytest.approx(loss.log_loss_model)


def test_without_outcomes_nothing_is_said_of_them():
    loss = points_score(additive_model(), patients()).loss
    assert (loss.auc_model, loss.auc_points, loss.log_loss_model, loss.log_loss_points) == (None,) * 4


@settings(max_examples=25, deadline=None)
@given(st.tuples(*[st.floats(-2, 2)] * 5).filter(lambda coef: abs(coef[0]) > 0.05), st.integers(1, 30))
def test_points_are_whole_from_nought_up_and_keep_the_mean_risk(coef, largest):
    per_year = coef[1] / 20  # a year is a small step
    model, table = additive_model(coef=(coef[0], per_year, *coef[2:])), patients()
    found = points_score(model, table, largest=largest)
    for one in found.predictors:
        assert min(*one.points, one.missing) == 0
        assert all(isinstance(number, int) for number in (*one.points, one.missing))
    assert max(max(one.points) - min(one.points) for one in found.predictors) == largest
    # The recalibration leaves no residual on average: points and model expect as many events.
    by_model = 1 / (1 + np.exp(-model.classifier.predict_log_odds(matrix(table))))
    assert found.score(table)["risk"].mean() == pytest.approx(by_model.mean(), abs=1e-9)


def matrix(table):
    genotype = table["genotype"]
    columns = [table["titre"], table["age"], genotype == "B", genotype == "D", table["arm"]]
    return np.column_stack([column.to_numpy(dtype=float) for column in columns])


def test_more_points_follow_the_model_more_closely():
    model, table = additive_model(), patients(300)
    fine, coarse = (points_score(model, table, largest=largest).loss for largest in (50, 2))
    assert fine.correlation > coarse.correlation
    assert fine.mean_difference < coarse.mean_difference


@pytest.mark.parametrize("name", ["prior_logistic", "ridge_logistic"])
def test_every_logistic_model_has_points(models, name, new_patients):
    model = models[name]
    found = points_score(model, rm.derive_features(new_patients, model.study))
    assert [one.name for one in found.predictors] == [one.name for one in model.study.predictors]
    assert (np.diff(found.risks()["risk"]) > 0).all()


def test_plain_values_say_the_same_as_the_tables():
    found = points_score(additive_model(), patients())
    stated = json.loads(json.dumps(found.to_dict()))
    assert stated["outcome"] == "HBsAg relapse"
    assert stated["predictors"][2] == {
        "name": "genotype",
        "title": "HBV genotype",
        "values": [{"value": "C", "points": 0}, {"value": "B", "points": 2}, {"value": "D", "points": 3}],
        "missing": 0,
    }
    assert [one["risk"] for one in stated["risks"]] == found.risks()["risk"].tolist()
    assert stated["loss"]["patients"] == 40


@pytest.mark.parametrize("name", ["boosted_trees", "random_forest", "prior_and_trees", "prior_hazard"])
def test_a_classifier_that_is_no_sum_over_predictors_is_refused_by_name(name):
    with pytest.raises(RelapseModelError, match=f"the classifier is '{name}'; expected one of prior_logistic"):
        points_score(additive_model(name=name), patients())


def test_fewer_than_10_patients_are_refused():
    with pytest.raises(InsufficientDataError, match="9 patients came; expected 10 or more"):
        points_score(additive_model(), patients(9))


def test_a_model_that_tells_nobody_apart_is_refused():
    with pytest.raises(InsufficientDataError, match="no predictor moves the risk"):
        points_score(additive_model(coef=(0.0,) * 5), patients())


def test_patients_who_are_all_alike_are_refused():
    with pytest.raises(InsufficientDataError, match="the same points or the same risk"):
        points_score(additive_model(), patients().iloc[[0] * 12])


@pytest.mark.parametrize("largest", [0, 2.5, True, "10"])
def test_a_number_of_points_that_is_none_is_refused(largest):
    with pytest.raises(RelapseModelError, match="expected a whole number of points"):
        points_score(additive_model(), patients(), largest=largest)


def test_a_table_that_lacks_a_predictor_is_refused():
    with pytest.raises(RelapseModelError, match="the columns age, arm are lacking"):
        points_score(additive_model(), patients().drop(columns=["age", "arm"]))


def test_bins_for_a_predictor_that_does_not_exist_are_refused():
    with pytest.raises(RelapseModelError, match="no predictor is called \\['ages'\\]"):
        points_score(additive_model(), patients(), bins={"ages": [30]})


def test_a_recalibrated_model_is_read_through_its_own_log_odds():
    class Recalibrated(Additive):
        def predict_log_odds(self, X):
            return 0.5 * super().predict_log_odds(X)

    from dataclasses import replace

    plain, halved = additive_model(), replace(additive_model(), classifier=Recalibrated())
    ours, theirs = points_score(halved, patients()), points_score(plain, patients())
    assert table_of(ours) == table_of(theirs)
    assert ours.slope == pytest.approx(theirs.slope / 2, rel=0.05)
