"""Plain ridge baselines beside the library: the same patients, predictors and outer folds as `rm.validate`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from relapse_model.development.internal_validation.result import Validation
from relapse_model.features.development_data import DevelopmentData
from relapse_model.validation.discrimination import harrell_c
from relapse_model.validation.resampling import stratified_folds
from relapse_model.validation.within_folds import auc_within_folds

Floats = NDArray[np.float64]
Baseline = Callable[[DevelopmentData, Floats, int], Floats]  # training patients, new rows, seed -> scores


def baseline_scores(found: Validation, baseline: Baseline) -> Floats:
    """Return out-of-fold scores, shape (repeats, n), in the very folds in which `found` was made."""
    data, settings = found.data, found.settings
    scores = np.full(found.risks.shape, np.nan)
    for repeat, test in _folds(found):
        train = data.take(np.setdiff1d(np.arange(len(data)), test))
        scores[repeat, test] = baseline(train, data.matrix[test], settings["seed"])
    return scores


def _folds(found: Validation) -> list[tuple[int, NDArray[np.intp]]]:
    data, settings = found.data, found.settings
    folds = min(settings["outer_folds"], data.events)
    return stratified_folds(data.relapse, folds=folds, repeats=settings["outer_repeats"], seed=settings["seed"])


def _fold_of_each(found: Validation, scores: Floats) -> NDArray[np.intp]:
    fold = np.zeros(scores.shape, dtype=np.intp)
    for number, (repeat, test) in enumerate(_folds(found)):
        fold[repeat, test] = number
    return fold


def mean_auc(found: Validation, scores: Floats) -> float:
    """Return the AUC at the horizon within folds, with censoring weights, averaged over the repeats."""
    data, weight = found.data, found.data.weights()
    folds = _fold_of_each(found, scores)
    each = (auc_within_folds(data.relapse, score, one, weight, 100) for score, one in zip(scores, folds, strict=True))
    return float(np.mean([found.value for found in each]))


def mean_c(found: Validation, scores: Floats, *, until_horizon: bool = False) -> float:
    """Return Harrell's C within folds, averaged over the repeats: over all follow-up, or cut at the horizon."""
    data = found.data
    time, event = (data.horizon_time, data.horizon_event) if until_horizon else (data.time, data.event)
    folds = _fold_of_each(found, scores)
    return float(np.mean([harrell_c(time, event, score, one) for score, one in zip(scores, folds, strict=True)]))


def ridge_logistic(train: DevelopmentData, new: Floats, seed: int) -> Floats:
    """Score new rows by scikit-learn's ridge: medians for gaps, scaling, penalty by cross-validated log loss."""
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV, StratifiedKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from threadpoolctl import threadpool_limits

    search = GridSearchCV(
        make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), LogisticRegression()),
        {"logisticregression__C": np.logspace(-3, 1, 5)},
        scoring="neg_log_loss",
        cv=StratifiedKFold(5, shuffle=True, random_state=seed),
    )
    known = ~np.isnan(train.relapse)
    with threadpool_limits(1):  # threads only get into each other's way on matrices of this size
        search.fit(train.matrix[known], train.relapse[known])
    return np.asarray(search.decision_function(new))
