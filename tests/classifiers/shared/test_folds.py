"""Stratified folds and the loss they compare."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relapse_model.classifiers.shared.folds import log_loss_total, tuning_folds
from relapse_model.errors import InsufficientDataError, RelapseModelError


@given(events=st.integers(2, 30), others=st.integers(2, 60), folds=st.integers(2, 10), seed=st.integers(0, 99))
def test_classes_and_rows_are_spread_evenly(events, others, folds, seed):
    event = np.repeat([1.0, 0.0], [events, others])
    fold = tuning_folds(event, folds, seed)
    used = min(folds, events, others)
    for rows in (event == 1, event == 0, event >= 0):
        counts = np.bincount(fold[rows], minlength=used)
        assert len(counts) == used
        assert counts.max() - counts.min() <= 1


def test_the_seed_decides():
    event = np.repeat([1.0, 0.0], [20, 112])
    assert np.array_equal(tuning_folds(event, 5, 1), tuning_folds(event, 5, 1))
    assert not np.array_equal(tuning_folds(event, 5, 1), tuning_folds(event, 5, 2))


def test_a_single_event_cannot_be_held_out():
    with pytest.raises(InsufficientDataError, match="rarer class has 1 row"):
        tuning_folds(np.array([1.0, 0.0, 0.0, 0.0]), 5, 0)


def test_one_fold_is_no_cross_validation():
    with pytest.raises(RelapseModelError, match="folds is 1"):
        tuning_folds(np.array([1.0, 1.0, 0.0, 0.0]), 1, 0)


def test_log_loss_by_hand():
    # risks 1/2 and 3/4 (log-odds 0 and log 3), events 0 and 1, weights 1 and 2: log 2 + 2 log(4/3)
    total = log_loss_total(np.array([0.0, 1.0]), np.array([[0.0, np.log(3.0)]]), np.array([1.0, 2.0]))
    assert total == pytest.approx([np.log(2) + 2 * np.log(4 / 3)])
    assert np.isfinite(log_loss_total(np.array([0.0]), np.array([1e6]), np.ones(1)))
