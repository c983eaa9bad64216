"""Out-of-fold measures within folds: by hand, against plain ones for a single fold, and where pooling misleads."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit

from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.validation.calibration import calibration_slope
from relapse_model.validation.discrimination import auc
from relapse_model.validation.within_folds import auc_within_folds, calibration_slope_within_folds


def test_pairs_of_one_fold_only_by_hand():
    # Fold 0: 0.3 against 0.1 and 0.3: 1 + 1/2 of 2 pairs. Fold 1: 0.9 against 0.95: 0 of 1. Fold 2: no relapse.
    relapse, risk, fold = [1, 0, 0, 1, 0, 0], [0.3, 0.1, 0.3, 0.9, 0.95, 0.2], [0, 0, 0, 1, 1, 2]
    assert auc_within_folds(relapse, risk, fold).value == pytest.approx(1.5 / 3)
    # Weighted: pairs count for the product of their weights, 2 + 1/2 * 1 of 3 in fold 0, 0 of 4 in fold 1.
    weighted = auc_within_folds(relapse, risk, fold, [1, 2, 1, 2, 2, 1])
    assert weighted.value == pytest.approx(2.5 / 7)


def patients(n=400, seed=0):
    rng = np.random.default_rng(seed)
    risk = rng.uniform(0.05, 0.6, n)
    return (rng.random(n) < risk).astype(float), risk, rng.integers(0, 5, n), rng.uniform(0.5, 2.0, n)


def test_a_single_fold_gives_the_plain_measures():
    relapse, risk, _, weight = patients()
    one = np.zeros(400)
    assert auc_within_folds(relapse, risk, one, weight).value == pytest.approx(auc(relapse, risk, weight), abs=1e-12)
    ours, plain = calibration_slope_within_folds(relapse, risk, one, weight), calibration_slope(relapse, risk, weight)
    assert ours.value == pytest.approx(plain.value, abs=1e-8)
    assert (ours.lower, ours.upper) == pytest.approx((plain.lower, plain.upper), abs=1e-6)


def test_a_shift_of_a_whole_fold_changes_nothing():
    relapse, risk, fold, weight = patients()
    moved = expit(logit(risk) + np.array([-1.0, 0.5, 0.0, 2.0, -0.3])[fold])
    assert auc_within_folds(relapse, moved, fold, weight) == auc_within_folds(relapse, risk, fold, weight)
    slopes = [calibration_slope_within_folds(relapse, one, fold, weight).value for one in (risk, moved)]
    assert slopes[0] == pytest.approx(slopes[1], abs=1e-8)


def test_mean_risks_of_training_folds_have_no_order_within_folds():
    # The mean risk of the others is lower where a fold holds more relapses: pooled, it ranks patients the wrong way.
    relapse = np.repeat([1.0, 0.0], [22, 110])
    rng = np.random.default_rng(0)
    fold = rng.integers(0, 5, 132)
    risk = np.array([relapse[fold != one].mean() for one in range(5)])[fold]
    assert auc(relapse, risk) < 0.45
    assert auc_within_folds(relapse, risk, fold).value == 0.5
    with pytest.raises(InsufficientDataError, match="all patients of a fold have the same risk"):
        calibration_slope_within_folds(relapse, risk, fold)


def test_the_lost_have_no_pairs():
    relapse, risk, fold, weight = patients()
    lost = np.arange(400) % 10 == 0
    outcome, weight = np.where(lost, np.nan, relapse), np.where(lost, 0.0, weight)
    kept = ~lost
    expected = auc_within_folds(relapse[kept], risk[kept], fold[kept], weight[kept])
    assert auc_within_folds(outcome, risk, fold, weight) == expected


def test_the_interval_covers_and_names_its_method():
    held = []
    for seed in range(60):
        relapse, risk, fold, _ = patients(200, seed)
        found = auc_within_folds(relapse, risk, fold, resamples=400, seed=seed)
        held.append(found.lower <= 0.709 <= found.upper)  # 0.709 is the AUC of these risks, by 10 ** 6 patients
    assert np.mean(held) > 0.85
    assert found.method.startswith("pairs within folds, stratified percentile bootstrap, 400 resamples")


def test_folds_without_one_of_the_outcomes_are_counted():
    relapse, risk, fold, _ = patients()
    relapse[fold == 2] = 0.0
    found = calibration_slope_within_folds(relapse, risk, fold)
    assert "1 folds without one of the outcomes" in found.method
    assert found.value == calibration_slope_within_folds(relapse[fold != 2], risk[fold != 2], fold[fold != 2]).value


@pytest.mark.parametrize("measure", [auc_within_folds, calibration_slope_within_folds])
def test_labels_must_fit(measure):
    with pytest.raises(RelapseModelError, match=r"fold has shape \(2,\); expected one label for each of 3"):
        measure([0, 1, 1], [0.1, 0.2, 0.3], [0, 1])


def test_no_pair_is_a_refusal():
    with pytest.raises(InsufficientDataError, match="no fold holds both"):
        auc_within_folds([1, 1, 0, 0], [0.1, 0.2, 0.3, 0.4], [0, 0, 1, 1])
    with pytest.raises(RelapseModelError, match="exactly 0 or 1"):
        calibration_slope_within_folds([1, 0, 1, 0], [0.0, 0.2, 0.3, 0.4], [0, 0, 0, 0])
