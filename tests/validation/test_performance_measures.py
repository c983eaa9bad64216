"""Measures together: weighted for the lost, and refused by name where patients cannot support them."""

from __future__ import annotations

import numpy as np
import pytest

from relapse_model.validation.estimate import Estimate
from relapse_model.validation.over_repeats import mean_measures
from relapse_model.validation.performance_measures import MEASURES, performance

RELAPSE = np.array([0, 0, 1, 0, 1, 1, 0, np.nan])
RISK = np.array([0.1, 0.2, 0.15, 0.3, 0.6, 0.7, 0.4, 0.5])
TIME = np.array([48, 48, 20, 48, 10, 30, 48, 12.0])
EVENT = np.array([0, 0, 1, 0, 1, 1, 0, 0.0])


def test_the_lost_count_by_weights_only():
    weight = np.where(np.isnan(RELAPSE), 0.0, 1.0)
    found = performance(RELAPSE, RISK, weight, TIME, EVENT)
    assert (found.patients, found.events, found.lost) == (8, 3, 1)
    # 12 pairs: 0.15 beats 0.1 only; 0.6 and 0.7 beat all four: 9 of 12.
    assert found.measures["auc"].value == pytest.approx(9 / 12)
    # Mean of (y - p)^2 over the seven known patients.
    assert found.measures["brier"] == pytest.approx(np.nanmean((RELAPSE - RISK) ** 2))


def test_what_cannot_be_estimated_is_refused_by_name():
    separated = np.array([0.1, 0.1, 0.9, 0.1, 0.9, 0.9, 0.1, 0.5])
    weight = np.where(np.isnan(RELAPSE), 0.0, 1.0)
    found = performance(RELAPSE, separated, weight, TIME, EVENT, by_horizon=(TIME, EVENT, 48.0))
    assert "calibration_slope" in found.refused
    assert set(found.measures) | set(found.refused) == set(MEASURES)
    assert not any(np.isnan(value) for value in found.measures.values() if isinstance(value, float))


def test_both_c_compare_patients_of_one_fold_only():
    """Three folds of a relapse and a patient free of it: two rank right, one wrong."""
    relapse, fold = np.array([1.0, 0, 1, 0, 1, 0]), np.repeat([0, 1, 2], 2)
    risk = np.array([0.12, 0.1, 0.4, 0.3, 0.7, 0.8])
    time, event = np.array([10.0, 48, 20, 48, 30, 48]), relapse
    found = performance(relapse, risk, np.ones(6), time, event, fold=fold, by_horizon=(time, event, 48.0)).measures
    assert found["c_index"] == found["uno_c"] == pytest.approx(2 / 3)
    pooled = performance(relapse, risk, np.ones(6), time, event, by_horizon=(time, event, 48.0)).measures
    # 12 pairs whose order is known; 0.12 is above 0.1 alone of its 5, 0.4 above 2 of 4, 0.7 above 2 of 3.
    assert pooled["c_index"] == pytest.approx(5 / 12)


def test_uno_c_is_weighted_by_the_chance_of_having_been_followed():
    """The event at 20 comes after a loss at 10, of 3 still followed: G = 2/3, so that its pair counts 9/4 of one."""
    time, event = np.array([5.0, 10, 20, 48]), np.array([1.0, 0, 1, 0])
    relapse, weight = np.array([1.0, np.nan, 1, 0]), np.array([1.0, 0, 1.5, 1.5])
    risk = np.array([0.9, 0.5, 0.2, 0.3])
    found = performance(relapse, risk, weight, time, event, by_horizon=(time, event, 48.0)).measures
    assert found["c_index"] == pytest.approx(3 / 4)
    assert found["uno_c"] == pytest.approx(3 / (3 + 9 / 4))


def test_a_slope_of_nearly_equal_risks_is_refused():
    relapse = np.tile([1.0, 0, 0, 0, 1, 0], 10)
    risk = 0.3 + 1e-4 * np.tile([0, 1, 2, 3, 2, 1], 10)
    found = performance(relapse, risk, np.ones(60), np.full(60, 48.0), relapse)
    assert "the risks are nearly equal" in found.refused["calibration_slope"]


def test_one_run_is_no_mean_over_repeats():
    one = Estimate(0.6, 0.5, 0.7, 0.95, "DeLong")
    assert mean_measures([({"auc": one}, {})], ["auc"]) == ({"auc": one}, {})
    twice = mean_measures([({"auc": one}, {}), ({"auc": one}, {})], ["auc"])[0]["auc"]
    assert twice.method == "DeLong; mean over repeats"
