"""Estimates and the gate for outcomes, risks and weights."""

from __future__ import annotations

import json
from functools import partial

import numpy as np
import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.validation.estimate import (
    Estimate,
    check_predictions,
    normal_quantile,
    require_both_outcomes,
)


def test_text_has_two_decimals_and_no_negative_zero():
    assert str(Estimate(0.776, 0.664, 0.8751, 0.95, "x")) == "0.78 (0.66 to 0.88)"
    assert str(Estimate(-0.001, -0.4, 0.4, 0.95, "x")) == "0.00 (-0.40 to 0.40)"


def test_dictionary_goes_to_json():
    estimate = Estimate.wald(np.float64(0.5), np.float64(0.1), 0.9, "Wald")
    assert json.loads(json.dumps(estimate.to_dict())) == pytest.approx(
        {"value": 0.5, "lower": 0.5 - 0.1644854, "upper": 0.5 + 0.1644854, "level": 0.9, "method": "Wald"}
    )


def test_estimates_are_frozen():
    with pytest.raises(AttributeError):
        Estimate(1, 0, 2, 0.95, "x").value = 3


@pytest.mark.parametrize("level", [0, 1, 95, -0.5, np.nan])
def test_level_outside_its_range_is_refused(level):
    with pytest.raises(RelapseModelError, match="Confidence level"):
        normal_quantile(level)


def test_patients_without_weight_are_set_aside_with_their_unknown_outcome():
    y, p, w = check_predictions([1, np.nan, 0], [0.4, 0.2, 0.1], [1.5, 0, 1])
    np.testing.assert_array_equal([y, p, w], [[1, 0], [0.4, 0.1], [1.5, 1]])


def test_booleans_are_outcomes_and_default_weights_are_one():
    y, _, w = check_predictions(np.array([True, False]), [0.4, 0.2])
    np.testing.assert_array_equal([y, w], [[1, 0], [1, 1]])


def test_scores_need_not_be_probabilities_if_asked():
    assert check_predictions([1, 0], [3.5, -2], probability=False)[1].tolist() == [3.5, -2]


@pytest.mark.parametrize(
    ("relapse", "risk", "weight", "message"),
    [
        ([1, 0], [0.5], None, "one entry per patient"),
        ([[1, 0]], [[0.5, 0.5]], None, "one entry per patient"),
        ([1, 0], [0.5, 0.5], [1], "one entry per patient"),
        ([1, 0], [0.5, np.nan], None, "1 of 2 risks"),
        ([1, 0], [0.5, 1.2], None, "expected 0 to 1"),
        ([1, 0], [-0.1, 0.5], None, "expected 0 to 1"),
        ([1, 0], [0.5, 0.5], [1, -1], "1 of 2 weights"),
        ([1, 0], [0.5, 0.5], [1, np.nan], "1 of 2 weights"),
        ([1, np.nan], [0.5, 0.5], None, "pass censoring weights"),
        ([1, 2], [0.5, 0.5], None, "neither 0 nor 1"),
    ],
)
def test_what_is_refused(relapse, risk, weight, message):
    with pytest.raises(RelapseModelError, match=message):
        check_predictions(relapse, risk, weight)


ROWS = pd.Index([f"P{number}" for number in range(12)])
RELAPSE, RISK = np.tile([1.0, 0.0, 0.0], 4), np.linspace(0.1, 0.9, 12)
BY_PLACE = {
    "check_predictions": lambda one, other: check_predictions(one, other),
    "weights": lambda one, other: check_predictions(RELAPSE, one.clip(0.1, 0.9), other),
    "auc": lambda one, other: rm.validation.auc(one, other),
    "compare_auc_delong": lambda one, other: rm.validation.compare_auc_delong(RELAPSE, one, other),
    "compare_auc_bootstrap": lambda one, other: rm.validation.compare_auc_bootstrap(RELAPSE, one, other),
    "harrell_c": lambda one, other: rm.validation.harrell_c(np.arange(12.0), one, other),
    "harrell_c, time": lambda one, other: rm.validation.harrell_c(other, one, RISK),
    "uno_c": lambda one, other: rm.validation.uno_c(np.arange(1, 13.0), one, other, until=8),
    "net_benefit_survival": lambda one, other: rm.validation.net_benefit_survival(
        other + 1, one, RISK, [0.2], horizon=1.5
    ),
    "censoring_weights": lambda one, other: rm.validation.censoring_weights(other, one, 0.9),
    "effective_share": lambda one, other: rm.validation.effective_share(one, other),
    "paired_difference": lambda one, other: rm.validation.paired_difference(one, other),
    "rank_correlation": lambda one, other: rm.validation.rank_correlation(one, other),
    "auc_within_folds": lambda one, other: rm.validation.auc_within_folds(one, RISK, other > 0.5),
    "stratified_folds": lambda one, other: rm.validation.stratified_folds(one, 2, 1, 0, other),
    "subgroup_table": lambda one, other: rm.validation.subgroup_table(one, RISK, None, other > 0.5, 4, 2),
}


@pytest.mark.parametrize("name", BY_PLACE)
def test_columns_of_pandas_are_of_the_same_rows_in_the_same_order(name):
    """Arrays are paired by place; two columns that name their rows differently would be paired wrongly, in silence."""
    relapse, risk = pd.Series(RELAPSE, ROWS), pd.Series(RISK, ROWS)
    BY_PLACE[name](relapse, risk)  # of the same rows
    BY_PLACE[name](RELAPSE, risk) if name not in ("weights", "auc_within_folds") else None  # an array names no rows
    for other in (risk[::-1], risk.set_axis(range(12))):
        with pytest.raises(RelapseModelError, match="in another order, by their index"):
            BY_PLACE[name](relapse, other)


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
def test_a_row_without_its_fold_is_refused(missing):
    """Compared as texts, those without a fold would be a fold of their own; as numbers, of no fold at all."""
    fold = np.array([missing, 1, 1, 2, 2, 2, 1, 1, 2, 2, missing, 1], dtype=object)
    for measure in (rm.validation.auc_within_folds, rm.validation.calibration_slope_within_folds):
        with pytest.raises(RelapseModelError, match="2 of 12 rows have no fold; expected one for each"):
            measure(RELAPSE, RISK, fold)
    for measure in (rm.validation.harrell_c, partial(rm.validation.uno_c, until=9)):
        with pytest.raises(RelapseModelError, match="2 of 12 rows have no fold"):
            measure(np.arange(1.0, 13), RELAPSE, RISK, fold=fold)
    with pytest.raises(RelapseModelError, match="2 of 12 rows have no fold"):
        rm.validation.subgroup_table(RELAPSE, RISK, None, ["a"] * 12, 4, 2, fold=fold)


def test_infinite_scores_are_refused():
    with pytest.raises(RelapseModelError, match="finite numbers"):
        check_predictions([1, 0], [np.inf, 0], probability=False)


@pytest.mark.parametrize(("relapse", "weight"), [([np.nan, 1], [0, 0]), ([], [])])
def test_nobody_with_a_weight_is_a_named_refusal(relapse, weight):
    with pytest.raises(InsufficientDataError, match="weight above 0"):
        check_predictions(relapse, np.full(len(relapse), 0.5), weight)


def test_both_outcomes_are_required_in_number():
    require_both_outcomes(np.array([1.0, 1, 0, 0]), "AUC", at_least=2)
    with pytest.raises(InsufficientDataError, match="AUC: 1 patients with the outcome and 2 without"):
        require_both_outcomes(np.array([1.0, 0, 0]), "AUC", at_least=2)
