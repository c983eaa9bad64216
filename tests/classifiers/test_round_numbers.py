"""A classifier at round numbers gives the same risks, and no longer holds the means of its patients."""

from __future__ import annotations

import numpy as np
import pytest

from relapse_model.classifiers import (
    ElasticNetLogisticClassifier,
    PriorHazardClassifier,
    PriorLogisticClassifier,
    RecalibratedClassifier,
    RidgeLogisticClassifier,
)
from relapse_model.classifiers.round_numbers import at_round_numbers, moved, reference_points, round_scales


@pytest.fixture(scope="module")
def rows():
    random = np.random.default_rng(3)
    X = np.column_stack([random.normal(39.0, 7.5, 120), random.normal(1.6, 0.9, 120), random.random(120) < 0.65])
    return X, (random.random(120) < 1 / (1 + np.exp(1.2 - 0.1 * (X[:, 0] - 39)))).astype(float)


def fitted(name, X, y):
    if name == "hazard":
        return PriorHazardClassifier(intervals=(24.0, 48.0)).fit(X, np.where(y > 0, 20.0, 48.0), y)
    ridge = RidgeLogisticClassifier()
    return {
        "logistic": PriorLogisticClassifier([0.05, 0.0, 0.2], [0.03, None, 0.5]),
        "ridge": ridge,
        "elastic net": ElasticNetLogisticClassifier(interval_resamples=5),
        "recalibrated": RecalibratedClassifier(ridge),
    }[name].fit(X, y)


@pytest.mark.parametrize("name", ["logistic", "hazard", "ridge", "elastic net", "recalibrated"])
def test_risks_and_intervals_of_known_values_stay_and_means_go(rows, name):
    X, y = rows
    exact = fitted(name, X, y)
    told = at_round_numbers(exact)
    assert np.abs(told.predict_proba(X) - exact.predict_proba(X)).max() < 1e-12
    assert np.abs(told.predict_interval(X) - exact.predict_interval(X)).max() < 1e-12
    inside = b"".join(told.to_parts().values())
    for number in (*X.mean(axis=0), *X.std(axis=0)):
        assert f"{number:.9g}"[:-1].encode() not in inside, "a mean or a standard deviation is still there"
    again = type(told).from_parts(told.to_parts())
    assert np.abs(again.predict_proba(X) - exact.predict_proba(X)).max() < 1e-12


def test_a_missing_value_is_uncertain_by_the_rounded_deviation(rows):
    """Standard deviation 7.5 is told as 7 or 8: the risk of a patient without the value moves by far less than 0.01."""
    X, y = rows
    exact, unknown = fitted("logistic", X, y), np.array([[np.nan, 1.6, 1.0]])
    apart = np.abs(at_round_numbers(exact).predict_proba(unknown) - exact.predict_proba(unknown)).max()
    assert 0 < apart < 1e-3


def test_points_and_deviations_are_on_a_coarse_grid():
    assert reference_points(np.array([39.06, 0.52]), np.array([7.54, 0.4996])).tolist() == [40.0, 0.6]
    assert round_scales(np.array([7.54, 0.4996, 1.0])).tolist() == [8.0, 0.5, 1.0]


def test_a_level_moves_by_the_coefficient_times_the_way():
    """Level 1 at 0, coefficient 2: at 3 it is 7; its variance 1 + 2 * 3 * 0.5 + 9 * 4 = 40, by hand."""
    level, covariance = moved(
        np.array([[1.0]]), np.array([[2.0]]), np.array([[[1.0, 0.5], [0.5, 4.0]]]), np.array([3.0])
    )
    assert level.tolist() == [[7.0]]
    assert covariance.tolist() == [[[40.0, 12.5], [12.5, 4.0]]]


def test_a_prior_per_standard_deviation_is_told_to_two_digits(rows):
    X, y = rows
    exact = fitted("logistic", X, y)
    told = at_round_numbers(exact)
    assert told.prior_sd_[0] == exact.prior_sd_[0] == 0.03  # stated
    assert told.prior_sd_[1] == float(f"{exact.prior_sd_[1]:.2g}") != exact.prior_sd_[1]
    assert told.log_evidence_.max() == 0.0
