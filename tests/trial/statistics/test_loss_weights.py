"""Weights for the lost by arm and columns: Kaplan-Meier's where the columns say nothing, else those of a Cox model."""

from __future__ import annotations

import numpy as np
import pytest
from trial132 import trial132

from relapse_model.trial.statistics import loss_weights, standardised_contrast
from relapse_model.validation.ipcw import censoring_weights

T = trial132()


def test_with_few_lost_they_are_kaplan_meiers():
    """Four lost in each arm, fewer than 5 for one column."""
    found = loss_weights(T.week, T.event, T.arm, T.x, 48)
    assert found.by_columns == (False, False)
    np.testing.assert_array_equal(found.weights, censoring_weights(T.week, T.event, 48, T.arm))


def trial(seed, size, effect):
    """No effect of the arm; x raises the risk, and in the control arm the loss, early and late."""
    rng = np.random.default_rng(seed)
    arm, x = np.repeat([1, 0], size // 2), rng.normal(size=size)
    failing = np.ceil(rng.exponential(220 * np.exp(-effect * x)))
    leaving = np.floor(rng.exponential(np.where(arm == 1, 400.0, 120.0 * np.exp(-effect * x))))
    time = np.minimum(np.minimum(failing, leaving), 48.0)
    event = ((failing <= leaving) & (failing <= 48)).astype(float)
    return time, event, arm, x


def test_a_column_that_says_nothing_of_the_loss_changes_hardly_anything():
    time, event, arm, _ = trial(1, 20_000, 0.0)
    noise = np.random.default_rng(2).normal(size=20_000)
    found = loss_weights(time, event, arm, noise, 48)
    assert found.by_columns == (True, True)
    plain = censoring_weights(time, event, 48, arm)
    assert (found.weights == 0).tolist() == (plain == 0).tolist()
    assert found.weights == pytest.approx(plain, rel=0.1)


def test_loss_that_depends_on_arm_and_column_leaves_the_adjusted_risks_unbiased():
    """By the arm alone, the known of control would show a higher risk."""
    time, event, arm, x = trial(3, 60_000, 0.8)
    by_both = loss_weights(time, event, arm, x, 48)
    assert by_both.by_columns == (True, True)
    right = standardised_contrast(event, arm, x, weights=by_both.weights).contrast
    by_arm = standardised_contrast(event, arm, x, weights=censoring_weights(time, event, 48, arm)).contrast
    assert right.lower < 0 < right.upper
    assert by_arm.upper < 0


def test_a_column_that_predicts_the_loss_perfectly_is_not_used():
    time, event, arm, x = trial(5, 400, 0.8)
    lost = (event == 0) & (time < 48)
    assert loss_weights(time, event, arm, np.where(lost, 5.0, 0.0) - 0.01 * time, 48).by_columns == (False, False)
    assert loss_weights(time, event, arm, x, 48).by_columns == (True, True)
