"""Optimism and .632+: hand-worked figures, the ends of the weight, and pairs counted one by one."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.validation.discrimination import auc
from relapse_model.validation.optimism import no_information, optimism_corrected, point632_plus
from relapse_model.validation.overall import brier, log_loss

NAN = np.nan


def test_corrected_value_and_shifted_interval():
    # Values in the resamples 0.60, 0.61, ..., 1.00; 0.05 less in the original patients: optimism 0.05.
    # At a level of 0.9 their percentiles are 0.62 and 0.98; less 0.05: 0.57 to 0.93. Corrected: 0.8 - 0.05.
    inside = np.linspace(0.6, 1.0, 41)
    found = optimism_corrected(0.8, inside, inside - 0.05, level=0.9)
    assert found.optimism == pytest.approx(0.05)
    assert (found.corrected.value, found.corrected.lower, found.corrected.upper) == pytest.approx((0.75, 0.57, 0.93))
    assert found.corrected.method == "location-shifted percentile bootstrap, 41 resamples, 0 degenerate"
    assert (found.apparent, found.resamples, found.failed) == (0.8, 41, 0)


def test_failed_resamples_are_left_out_of_both_and_counted():
    inside = np.linspace(0.6, 1.0, 41)
    whole = optimism_corrected(0.8, inside, inside - 0.05)
    # A value far off whose partner is missing would change the mean, if it were not left out.
    with_failed = optimism_corrected(0.8, np.append(inside, [NAN, 9]), np.append(inside - 0.05, [9, NAN]))
    assert with_failed.corrected.value == whole.corrected.value
    assert (with_failed.corrected.lower, with_failed.corrected.upper) == (whole.corrected.lower, whole.corrected.upper)
    assert (with_failed.resamples, with_failed.failed) == (43, 2)
    assert "2 degenerate" in with_failed.corrected.method


def test_a_loss_is_corrected_upwards():
    # A loss is too small in the resamples: the optimism is negative.
    found = optimism_corrected(0.10, np.full(60, 0.09), np.full(60, 0.13))
    assert (found.optimism, found.corrected.value) == pytest.approx((-0.04, 0.14))


@pytest.mark.parametrize(
    ("apparent", "inside", "outside", "error", "message"),
    [
        (0.8, [0.9, 0.8], [0.7], RelapseModelError, r"on_resample has shape \(2,\), on_original \(1,\)"),
        (NAN, [0.9] * 60, [0.7] * 60, RelapseModelError, "apparent value is nan"),
        (0.8, [NAN] * 60, [0.7] * 60, InsufficientDataError, "exists in 0 of 60 resamples"),
        (0.8, [], [], InsufficientDataError, "exists in 0 of 0 resamples"),
        (
            0.8,
            [0.9] * 19 + [NAN] * 20,
            [0.7] * 39,
            InsufficientDataError,
            "in 19 of 39 resamples; expected half",
        ),
    ],
)
def test_optimism_refusals(apparent, inside, outside, error, message):
    with pytest.raises(error, match=message):
        optimism_corrected(apparent, inside, outside)


def test_resamples_too_few_for_an_interval_give_the_value_alone():
    """20 resamples put no whole one into a tail of 2.5 %, but their mean is a mean."""
    inside = np.linspace(0.7, 0.9, 20)
    found = optimism_corrected(0.8, inside, inside - 0.05)
    assert found.corrected == found.value == pytest.approx(0.75)
    assert "20 of 20 resamples could be used; an interval of 95 % needs 40" in found.no_interval
    asked_for_none = optimism_corrected(0.8, inside, inside - 0.05, None)
    assert (asked_for_none.corrected, asked_for_none.no_interval) == (pytest.approx(0.75), "")


def test_one_slope_in_the_hundreds_does_not_decide_the_median():
    """A resample that leaves next to no effects has a slope of 500, and the mean optimism would be 99 / 9 more."""
    inside = np.array([1.3, 1.4, 1.5, 1.4, 1.3, 1.5, 1.4, 1.4, 500.0])
    outside = np.array([1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 401.0])
    found = optimism_corrected(1.2, inside, outside, None, center="median")
    assert (found.optimism, found.value) == pytest.approx((0.4, 0.8))
    assert optimism_corrected(1.2, inside, outside, None).value < -9


@pytest.mark.parametrize(
    ("apparent", "outside", "nothing", "larger", "overfitting", "weight", "value"),
    [
        # Half the way from 0.9 to 0.5: R = 0.5, w = .632 / (1 - .368 / 2) = .632 / .816.
        (0.9, 0.7, 0.5, True, 0.5, 0.632 / 0.816, 0.9 - 0.2 * 0.632 / 0.816),
        # The same as a loss.
        (0.1, 0.3, 0.5, False, 0.5, 0.632 / 0.816, 0.1 + 0.2 * 0.632 / 0.816),
        (0.8, 0.8, 0.5, True, 0.0, 0.632, 0.8),  # no overfitting
        (0.8, 0.85, 0.5, True, 0.0, 0.632, 0.8 + 0.632 * 0.05),  # better outside: the plain .632
        (0.1, 0.08, 0.25, False, 0.0, 0.632, 0.1 - 0.632 * 0.02),
        (0.9, 0.5, 0.5, True, 1.0, 1.0, 0.5),  # pure noise
        (0.9, 0.45, 0.5, True, 1.0, 1.0, 0.45),  # worse than no information: as it is
        (0.1, 0.4, 0.3, False, 1.0, 1.0, 0.4),
        (0.4, 0.45, 0.5, True, 0.0, 0.632, 0.4 + 0.632 * 0.05),  # apparent below no information, better outside
        (0.4, 0.35, 0.5, True, 1.0, 1.0, 0.35),  # and worse outside
    ],
)
def test_point632_plus_by_hand(apparent, outside, nothing, larger, overfitting, weight, value):
    found = point632_plus(apparent, outside, nothing, larger_is_better=larger)
    assert (found.overfitting, found.weight, found.value) == pytest.approx((overfitting, weight, value))


def test_out_of_bag_values_are_averaged_and_failed_ones_counted():
    found = point632_plus(0.9, [0.6, NAN, 0.8], 0.5, larger_is_better=True)
    assert (found.out_of_bag, found.resamples, found.failed) == pytest.approx((0.7, 3, 1))
    assert found.value == point632_plus(0.9, 0.7, 0.5, larger_is_better=True).value


@settings(deadline=None)
@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_the_estimate_lies_between_its_parts_and_turns_round(apparent, outside, nothing):
    found = point632_plus(apparent, outside, nothing, larger_is_better=True)
    assert 0.632 <= found.weight <= 1
    assert min(apparent, outside) - 1e-12 <= found.value <= max(apparent, outside) + 1e-12
    mirrored = point632_plus(-apparent, -outside, -nothing, larger_is_better=False)
    assert mirrored.value == pytest.approx(-found.value)


@pytest.mark.parametrize(
    ("apparent", "outside", "nothing", "message"),
    [
        (NAN, 0.7, 0.5, "apparent value is nan"),
        (0.9, 0.7, math.inf, "value of no information is inf"),
        (0.9, [NAN, NAN], 0.5, "none of 2 out-of-bag"),
    ],
)
def test_point632_plus_refusals(apparent, outside, nothing, message):
    with pytest.raises(RelapseModelError, match=message):
        point632_plus(apparent, outside, nothing, larger_is_better=True)


patients = st.lists(st.tuples(st.booleans(), st.integers(1, 19), st.integers(1, 4)), min_size=1, max_size=12)


@settings(deadline=None, max_examples=60)
@given(patients)
def test_no_information_is_the_mean_over_all_pairs(rows):
    y, p, w = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    p, w = p / 20, w / 2
    pairs = np.array([(yi, pj, wi * wj) for yi, wi in zip(y, w, strict=True) for pj, wj in zip(p, w, strict=True)])
    assert no_information("brier", y, p, w) == pytest.approx(brier(*pairs.T))
    assert no_information("log_loss", y, p, w) == pytest.approx(log_loss(*pairs.T))


def test_no_information_without_weights_by_hand():
    # Outcomes 0, 1 and risks 0.2, 0.6: squared differences .04, .36, .64, .16; mean 0.3.
    assert no_information("brier", [0, 1], [0.2, 0.6]) == pytest.approx(0.3)
    # Losses -ln .8, -ln .4, -ln .2, -ln .6: their product is .0384.
    assert no_information("log_loss", [0, 1], [0.2, 0.6]) == pytest.approx(-math.log(0.0384) / 4)
    # The AUC over all four pairs: each risk belongs to both outcomes.
    assert no_information("auc", [0, 1], [0.2, 0.6]) == auc([0, 0, 1, 1], [0.2, 0.6, 0.2, 0.6]) == 0.5


def test_lost_patients_do_not_count():
    assert no_information("brier", [0, 1, NAN], [0.2, 0.6, 0.9], [1, 1, 0]) == pytest.approx(0.3)


def test_infinite_log_loss_is_refused_and_a_certainty_that_is_never_wrong_is_not():
    with pytest.raises(RelapseModelError, match="1 of 2 risks are exactly 0 or 1"):
        no_information("log_loss", [0, 1], [0.0, 0.6])
    assert no_information("log_loss", [0, 0], [0.0, 0.5]) == pytest.approx(math.log(2) / 2)
    assert no_information("log_loss", [1, 1], [1.0, 0.5]) == pytest.approx(math.log(2) / 2)


def test_unknown_measure_is_refused():
    with pytest.raises(RelapseModelError, match="'auc', 'brier' or 'log_loss'"):
        no_information("accuracy", [0, 1], [0.2, 0.6])


@pytest.mark.slow
def test_both_corrections_see_through_pure_noise():
    # 60 patients, 8 predictors of noise, least squares: the apparent AUC is far above 0.5, the truth is 0.5.
    rng = np.random.default_rng(4)

    def score(x, y, at):
        return at @ np.linalg.lstsq(x, y - y.mean(), rcond=None)[0]

    corrected, plus, apparent = [], [], []
    for _ in range(30):
        x, y = rng.normal(size=(60, 8)), rng.permutation(np.repeat([1.0, 0.0], [20, 40]))
        inside, outside, bag = [], [], []
        for _ in range(60):
            rows = rng.integers(0, 60, 60)
            free = np.setdiff1d(np.arange(60), rows)
            inside.append(auc(y[rows], score(x[rows], y[rows], x[rows])))
            outside.append(auc(y, score(x[rows], y[rows], x)))
            bag.append(auc(y[free], score(x[rows], y[rows], x[free])))
        apparent.append(auc(y, score(x, y, x)))
        corrected.append(optimism_corrected(apparent[-1], inside, outside).corrected.value)
        plus.append(point632_plus(apparent[-1], bag, 0.5, larger_is_better=True).value)
    assert np.mean(apparent) > 0.7
    assert abs(np.mean(corrected) - 0.5) < 0.07
    assert abs(np.mean(plus) - 0.5) < 0.07
