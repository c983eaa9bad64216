"""Estimates and the gate for outcomes, risks and weights."""

from __future__ import annotations

import json

import numpy as np
import pytest

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


def test_infinite_scores_are_refused():
    with pytest.raises(RelapseModelError, match="finite numbers"):
        check_predictions([1, 0], [np.inf, 0], probability=False)


@pytest.mark.parametrize(("relapse", "weight"), [([np.nan, 1], [0, 0]), ([], [])])
def test_nobody_with_a_weight_is_a_named_refusal(relapse, weight):
    with pytest.raises(InsufficientDataError, match="weight above 0"):
        check_predictions(relapse, np.full(len(relapse), 0.5), weight)


def test_both_outcomes_are_required_in_number():
    require_both_outcomes(np.array([1.0, 1, 0, 0]), "AUC", at_least=2)
    with pytest.raises(InsufficientDataError, match="AUC: 1 patients with a relapse and 2 without"):
        require_both_outcomes(np.array([1.0, 0, 0]), "AUC", at_least=2)
