"""The AUC among patients who are alike in a predictor: of risks that only that predictor makes, it is chance."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.development.internal_validation.within_levels import within_levels
from relapse_model.features.development_data import development_data


@pytest.fixture(scope="module")
def trial():
    cohort, study = rm.simulate_cohort(132, seed=7), rm.load_study("hbsag-relapse")
    return study, development_data(cohort, study)


def within(trial, risk):
    study, data = trial
    return within_levels(study, data, risk[None], np.zeros((1, len(data)), dtype=np.intp), seed=1)


def test_of_a_risk_that_the_arm_makes_nothing_is_left_without_it(trial):
    arm = trial[1].features["hbig_arm"].to_numpy(dtype=float)
    found = within(trial, 0.2 + 0.5 * arm)
    assert found["hbig_arm"].value == 0.5  # all pairs of one arm are ties
    assert set(found) < {one.name for one in trial[0].predictors}  # numbers of many values are not among them


def test_of_a_risk_that_another_makes_all_is_left(trial):
    data = trial[1]
    risk = np.where(data.relapse == 1, 0.9, 0.1)
    assert within(trial, risk)["hbig_arm"].value == 1.0


def test_by_hand(trial):
    """Two arms of two with and two without the outcome: 4 of 4 pairs in order in one, 2 of 4 in the other."""
    data = SimpleNamespace(
        features=pd.DataFrame({one.name: 0.0 for one in trial[0].predictors}, index=range(8)).assign(
            hbig_arm=[0.0] * 4 + [1.0] * 4
        ),
        relapse=np.array([1, 1, 0, 0] * 2, dtype=float),
        weights=lambda: np.ones(8),
    )
    risk = np.array([0.4, 0.4, 0.2, 0.2, 0.5, 0.9, 0.8, 0.8])
    found = within_levels(trial[0], data, risk[None], np.zeros((1, 8), dtype=np.intp), seed=1)
    assert list(found) == ["hbig_arm"]  # the others are the same in all
    assert found["hbig_arm"].value == 6 / 8
    no_pair = np.arange(8)[None] % 2 + 2 * np.array([[1, 1, 0, 0] * 2])  # every fold without one of the outcomes
    assert within_levels(trial[0], data, risk[None], no_pair, seed=1) == {}
