"""What one would otherwise use: scikit-learn and XGBoost as they are commonly tuned, with censoring weights.

Each function takes training rows, outcomes, weights, new rows and a seed, and returns the risks of the new rows.
Whatever is tuned is tuned on the weighted log loss, of 5 stratified folds or out of bag.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np
import xgboost as xgb
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from relapse_model.development.choice import patient_log_loss

Floats = NDArray[np.float64]
Usual = Callable[[Floats, Floats, Floats, Floats, int], Floats]

FOLDS = 5
RIDGE_C = tuple(np.logspace(-4, 2, 20))
FOREST_TREES, FOREST_LEAVES = 200, (2, 5, 10, 20, 40)
BOOSTING = [
    {"max_depth": depth, "min_child_weight": least, "lambda": penalty}
    for depth, least, penalty in product((1, 2, 4), (1.0, 5.0), (1.0, 10.0))
]
BOOSTING_FIXED = {"objective": "binary:logistic", "eta": 0.05, "subsample": 0.8, "nthread": 1, "verbosity": 0}
ROUNDS, EARLY = 300, 20


def ridge(X: Floats, y: Floats, weight: Floats, new: Floats, seed: int) -> Floats:
    """Ridge logistic regression: medians for gaps, scaling, 20 penalties."""
    loss = np.zeros(len(RIDGE_C))
    for train, test in _folds(y, seed):
        before = _prepare().fit(X[train])
        rows, held = before.transform(X[train]), before.transform(X[test])
        for position, strength in enumerate(RIDGE_C):
            model = LogisticRegression(C=strength, max_iter=1000).fit(rows, y[train], sample_weight=weight[train])
            loss[position] += weight[test] @ patient_log_loss(y[test], model.predict_proba(held)[:, 1])
    return _logistic(X, y, weight, new, RIDGE_C[loss.argmin()])


def plain(X: Floats, y: Floats, weight: Floats, new: Floats, seed: int) -> Floats:
    """Logistic regression without a penalty."""
    return _logistic(X, y, weight, new, np.inf)


def forest(X: Floats, y: Floats, weight: Floats, new: Floats, seed: int) -> Floats:
    """Random forest, size of the leaves by the loss out of bag."""
    gaps = SimpleImputer(strategy="median").fit(X)
    rows = gaps.transform(X)
    grown = [
        RandomForestClassifier(FOREST_TREES, min_samples_leaf=leaf, oob_score=True, random_state=seed).fit(
            rows, y, sample_weight=weight
        )
        for leaf in FOREST_LEAVES
    ]
    losses = [weight @ patient_log_loss(y, model.oob_decision_function_[:, 1]) for model in grown]
    return np.asarray(grown[int(np.argmin(losses))].predict_proba(gaps.transform(new))[:, 1])


def xgboost(X: Floats, y: Floats, weight: Floats, new: Floats, seed: int) -> Floats:
    """XGBoost: depth, least weight of a leaf, penalty, and rounds stopped early."""
    rows = xgb.DMatrix(X, y, weight=weight)
    folds = list(_folds(y, seed))
    found = []
    for setting in BOOSTING:
        curve = xgb.cv(
            {**BOOSTING_FIXED, **setting, "seed": seed}, rows, ROUNDS, folds=folds, metrics="logloss",
            early_stopping_rounds=EARLY, as_pandas=False, verbose_eval=None,
        )["test-logloss-mean"]  # fmt: skip
        found.append((min(curve), len(curve), setting))
    _, rounds, setting = min(found, key=lambda one: one[0])
    booster = xgb.train({**BOOSTING_FIXED, **setting, "seed": seed}, rows, rounds)
    return np.asarray(booster.predict(xgb.DMatrix(new)), dtype=np.float64)


USUAL: dict[str, Usual] = {"ridge": ridge, "forest": forest, "xgboost": xgboost, "plain": plain}


def _prepare() -> Pipeline:
    return make_pipeline(SimpleImputer(strategy="median"), StandardScaler())


def _logistic(X: Floats, y: Floats, weight: Floats, new: Floats, strength: float) -> Floats:
    before = _prepare().fit(X)
    model = LogisticRegression(C=strength, max_iter=10_000).fit(before.transform(X), y, sample_weight=weight)
    return np.asarray(model.predict_proba(before.transform(new))[:, 1])


def _folds(y: Floats, seed: int):
    return StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(np.zeros(len(y)), y)
