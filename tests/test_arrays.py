"""Numbers on a grid, and seeds."""

from __future__ import annotations

import numpy as np
import pytest

import relapse_model as rm
import relapse_model.classifiers as classifiers
import relapse_model.validation as validation

Y = np.tile([0.0, 1.0, 0.0], 20)
P = np.linspace(0.05, 0.9, 60)
CALLS = {
    "auc_bootstrap": lambda seed: validation.auc_bootstrap(Y, P, resamples=50, seed=seed),
    "auc_within_folds": lambda seed: validation.auc_within_folds(Y, P, np.arange(60) % 4, resamples=20, seed=seed),
    "compare_auc_bootstrap": lambda seed: validation.compare_auc_bootstrap(Y, P, P[::-1], resamples=20, seed=seed),
    "stratified_folds": lambda seed: validation.stratified_folds(Y, 4, 1, seed),
    "performance": lambda seed: validation.performance(Y, P, np.ones(60), np.full(60, 48.0), Y, seed=seed),
    "simulate_cohort": lambda seed: rm.simulate_cohort(3, seed=seed),
    **{
        name: lambda seed, name=name: getattr(classifiers, name)(seed=seed).fit(P[:, None], Y)
        for name in ("RidgeLogisticClassifier", "BoostedTreesClassifier", "ForestClassifier")
    },
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("seed", [None, 1.5, "3", True, -1])
def test_a_seed_that_is_none_is_refused_by_name(name, seed):
    with pytest.raises(rm.RelapseModelError, match=r"seed is .*; expected a whole number"):
        CALLS[name](seed)


@pytest.mark.parametrize("name", ["auc_bootstrap", "stratified_folds", "simulate_cohort"])
def test_a_whole_number_of_numpy_is_a_seed_like_any(name):
    assert str(CALLS[name](np.int64(3))) == str(CALLS[name](3))


@pytest.mark.parametrize("seed", [None, 1.5])
def test_training_refuses_a_seed_before_it_reads_the_cohort(seed):
    with pytest.raises(rm.RelapseModelError, match="seed is"):
        rm.train(None, rm.load_study("hbsag-relapse"), seed=seed)
    with pytest.raises(rm.RelapseModelError, match="seed is"):
        rm.validate(None, rm.load_study("hbsag-relapse"), seed=seed)
