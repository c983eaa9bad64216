"""Instability over bootstrap models: hand-countable tables, counted failures, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.validation.model_stability import calibration_instability, inclusion, stability
from relapse_model.validation.smooth_calibration import calibration_curve

NAN = np.nan


def test_hand_countable_table():
    # Patient 1 (0.1): differences 0, .1, .2, .1; mean .1. Patient 2 (0.4): .1, 0, .2, .1; mean .1.
    # At 0.25: patient 1 is below, and one model of four puts it above; patient 2 above, one puts it below.
    # At 0.5: nobody moves but by none: patient 2 reaches .5 once and is then at the threshold: above.
    models = [[0.1, 0.5], [0.2, 0.4], [0.3, 0.2], [0.2, 0.3]]
    found = stability([0.1, 0.4], models, [0.25, 0.5])
    np.testing.assert_allclose(found.absolute_difference, [0.1, 0.1])
    np.testing.assert_allclose(found.reclassified, [[0.25, 0.0], [0.25, 0.25]])
    np.testing.assert_allclose(found.mean_reclassified, [0.25, 0.125])
    assert (found.resamples, found.failed) == (4, 0)


def test_mean_and_95th_percentile_over_patients():
    # Differences of 0 and 0.2: 95 % of the way from one to the other.
    found = stability([0.5, 0.5], [[0.5, 0.6], [0.5, 0.8]], [])
    assert (found.mape, found.mape_p95) == pytest.approx((0.1, 0.19))
    assert found.reclassified.shape == (2, 0)


def test_the_interval_holds_the_middle_95_percent_of_the_models():
    # Risks 0, 1/200, ..., 1 for one patient: percentiles 2.5 and 97.5 are 5/200 and 195/200.
    found = stability([0.5], np.linspace(0, 1, 201)[:, np.newaxis], [0.5])
    np.testing.assert_allclose([found.lower[0], found.upper[0]], [0.025, 0.975])


def test_failed_models_are_counted_and_left_out():
    models = [[0.1, 0.5], [NAN, NAN], [0.2, 0.4], [NAN, NAN]]
    with_failed, without = stability([0.1, 0.4], models, [0.3]), stability([0.1, 0.4], [models[0], models[2]], [0.3])
    assert (with_failed.resamples, with_failed.failed) == (4, 2)
    np.testing.assert_array_equal(with_failed.absolute_difference, without.absolute_difference)
    np.testing.assert_array_equal(with_failed.reclassified, without.reclassified)


@settings(deadline=None, max_examples=40)
@given(st.integers(2, 12), st.integers(1, 8), st.integers(0, 2**32 - 1))
def test_models_that_agree_are_stable_and_others_stay_in_bounds(models, patients, seed):
    rng = np.random.default_rng(seed)
    risk, others = rng.random(patients), rng.random((models, patients))
    same = stability(risk, np.tile(risk, (models, 1)), [0.2, 0.7])
    assert same.mape_p95 == 0
    assert not same.reclassified.any()
    np.testing.assert_allclose([same.lower, same.upper], [risk, risk])
    found = stability(risk, others, [0.2, 0.7])
    assert (found.lower <= found.upper).all()
    assert ((found.reclassified >= 0) & (found.reclassified <= 1)).all()
    assert 0 <= found.mape_p95 <= found.absolute_difference.max() <= 1
    shuffled = stability(risk, rng.permutation(others), [0.2, 0.7])  # the order of models does not matter
    np.testing.assert_allclose(shuffled.absolute_difference, found.absolute_difference)


@pytest.mark.parametrize(
    ("risk", "models", "thresholds", "error", "message"),
    [
        ([0.1, 0.2], [[0.1, 0.2, 0.3]] * 3, [0.2], RelapseModelError, r"shape \(3, 3\); expected .* each of the 2"),
        ([0.1, 0.2], [0.1, 0.2], [0.2], RelapseModelError, r"shape \(2,\)"),
        ([[0.1, 0.2]], [[0.1, 0.2]] * 3, [0.2], RelapseModelError, "one row per model"),
        ([0.1, NAN], [[0.1, 0.2]] * 3, [0.2], RelapseModelError, "1 of 2 risks"),
        ([0.1, 0.2], [[0.1, NAN], [0.1, 0.2]], [0.2], RelapseModelError, "1 of 4 risks are missing"),
        ([0.1, 0.2], [[0.1, 1.2], [0.1, 0.2]], [0.2], RelapseModelError, "out of range"),
        ([0.1, 0.2], [[0.1, 0.2], [NAN, NAN]], [0.2], InsufficientDataError, "1 of 2 bootstrap models"),
        ([0.1, 0.2], [[0.1, 0.2]] * 3, [1.0], RelapseModelError, "thresholds are"),
    ],
)
def test_refusals(risk, models, thresholds, error, message):
    with pytest.raises(error, match=message):
        stability(risk, models, thresholds)


def patients(n=400, seed=1):
    rng = np.random.default_rng(seed)
    risk = rng.beta(2, 6, n)
    return (rng.random(n) < risk).astype(float), risk


def test_each_curve_is_the_calibration_curve_of_that_model():
    y, risk = patients()
    models = np.array([risk, risk**1.5, np.sqrt(risk)])
    # The grid is taken from the first model's own curve, so that nothing but interpolation lies between.
    curve = calibration_curve(y, models[1], points=9)
    found = calibration_instability(y, models, None, curve.risk[1:-1])
    np.testing.assert_allclose(found.curves[1], curve.observed[1:-1], atol=2e-4)
    assert (found.resamples, found.failed, found.refused) == (3, 0, {})


def test_weights_reach_the_curves_and_the_lost_do_not_count():
    y, risk = patients()
    weight = np.where(risk > 0.3, 2.0, 1.0)
    y[:20], weight[:20] = NAN, 0
    found = calibration_instability(y, [risk, risk**1.2], weight, [0.2, 0.3])
    curve = calibration_curve(y, risk, weight, points=2001)
    np.testing.assert_allclose(found.curves[0], np.interp([0.2, 0.3], curve.risk, curve.observed), atol=1e-4)


def test_models_without_a_curve_are_counted_with_the_reason():
    y, risk = patients()
    certain = np.where(risk > 0.4, 1.0, risk)
    models = [risk, np.full(risk.size, 0.3), certain, np.full(risk.size, 0.2), np.full(risk.size, NAN)]
    found = calibration_instability(y, models, None, [0.1, 0.2])
    assert (found.curves.shape, found.resamples, found.failed) == ((1, 2), 5, 4)
    reasons = {
        ("distinct" in why, "exactly 0 or 1" in why, "could not be made" in why): n for why, n in found.refused.items()
    }
    assert reasons == {(True, False, False): 2, (False, True, False): 1, (False, False, True): 1}


def test_no_curve_at_all_is_a_table_without_rows():
    y, _ = patients(60)
    found = calibration_instability(y, np.full((3, 60), 0.3), None, [0.1, 0.2])
    assert (found.curves.shape, found.failed) == ((0, 2), 3)


def test_curves_are_not_carried_beyond_the_risks_of_the_model():
    y, risk = patients()
    found = calibration_instability(y, [risk, risk / 2], None, [0.05, 0.9 * risk.max()])
    assert np.isnan(found.curves).tolist() == [[False, False], [False, True]]


@pytest.mark.parametrize(
    ("relapse", "grid", "error", "message"),
    [
        (np.zeros(40), [0.1], InsufficientDataError, "Calibration instability: 0 patients"),
        (np.repeat([0, 1], 20), [0.2, 0.1], RelapseModelError, "ascending"),
        (np.repeat([0, 1], 20), [0.0, 0.1], RelapseModelError, "grid"),
        (np.repeat([0, 1], 20), [], RelapseModelError, "grid"),
        (np.repeat([0, 1], 21), [0.1], RelapseModelError, "each of the 42"),
        (np.repeat([0, 2], 20), [0.1], RelapseModelError, "neither 0 nor 1"),
    ],
)
def test_calibration_instability_refusals(relapse, grid, error, message):
    with pytest.raises(error, match=message):
        calibration_instability(relapse, np.full((3, 40), 0.3), None, grid)


def test_inclusion_counts_models():
    # Predictor 1 is kept in 3 of 4, always positive; predictor 2 in 2 of 4, once positive.
    found = inclusion([[0.5, 0.0], [0.2, -0.1], [0.0, 0.3], [0.4, 0.0], [NAN, NAN]])
    assert (found.kept.tolist(), found.positive.tolist()) == ([0.75, 0.5], [0.75, 0.25])
    assert (found.resamples, found.failed) == (5, 1)


@pytest.mark.parametrize(
    ("table", "error", "message"),
    [
        ([0.5, 0.2], RelapseModelError, r"shape \(2,\)"),
        ([[0.5, NAN], [0.1, 0.2]], RelapseModelError, "missing or infinite"),
        ([[0.5, np.inf], [0.1, 0.2]], RelapseModelError, "missing or infinite"),
        ([[NAN, NAN], [0.1, 0.2]], InsufficientDataError, "1 of 2 bootstrap models"),
    ],
)
def test_inclusion_refusals(table, error, message):
    with pytest.raises(error, match=message):
        inclusion(table)
