"""The choice of the ridge penalty in batches: exactly what scikit-learn gives, fold by fold."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from relapse_model.classifiers import RidgeLogisticClassifier
from relapse_model.classifiers.penalised.penalty_losses import best_penalty, cross_validated_losses
from relapse_model.classifiers.shared.folds import tuning_folds

PENALTIES = [0.3, 3.0, 30.0, 300.0, 3000.0]


def cohort(rows=125, seed=0, gaps=0.1, effect=1.0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, 4)) * [1.0, 10.0, 0.1, 1.0] + [0.0, 50.0, 0.0, -2.0]
    y = (rng.random(rows) < expit(-1.2 + effect * X[:, 0])).astype(float)
    X[rng.random(X.shape) < gaps] = np.nan
    return X, y


def folds_of(y, folds=5, seed=9):
    fold = tuning_folds(y, folds, seed)
    return [np.flatnonzero(fold == held) for held in range(folds)]


def others(test, rows=125):
    return np.setdiff1d(np.arange(rows), test)


def pipeline(**settings):
    return Pipeline(
        [
            ("imputer", SimpleImputer(strategy="median")),
            ("scaler", StandardScaler()),
            ("logistic", LogisticRegression(solver="newton-cholesky", tol=1e-10, **settings)),
        ]
    )


def with_weights(weight):
    return {"scaler__sample_weight": weight, "logistic__sample_weight": weight}


@pytest.mark.parametrize(("gaps", "effect"), [(0.0, 1.0), (0.3, 0.0), (0.1, 3.0)])
def test_choices_and_risks_are_those_of_grid_searches(gaps, effect):
    # 125 rows: outer folds of 25, inner ones of 20, so that a mean over folds is one over rows
    X, y = cohort(gaps=gaps, effect=effect)
    outer = folds_of(y)
    for test in outer:
        train = others(test)
        found = RidgeLogisticClassifier(PENALTIES, folds=5, seed=4).fit(X[train], y[train])
        fold = tuning_folds(y[train], 5, 4)
        assert np.bincount(fold).tolist() == [20] * 5
        splits = [(np.flatnonzero(fold != held), np.flatnonzero(fold == held)) for held in range(5)]
        grid = {"logistic__C": [1 / penalty for penalty in PENALTIES]}
        search = GridSearchCV(pipeline(), grid, scoring="neg_log_loss", cv=splits).fit(X[train], y[train])
        assert found.cv_log_loss_ == pytest.approx(-search.cv_results_["mean_test_score"], rel=1e-6)
        assert found.penalty_ == pytest.approx(1 / search.best_params_["logistic__C"])
        assert found.predict_proba(X[test])[:, 1] == pytest.approx(search.predict_proba(X[test])[:, 1], rel=1e-6)


def test_weights_count_as_they_do_in_scikit_learn():
    """In scaling, in the regressions and in the losses, but not in the medians."""
    (X, y), penalties = cohort(), [0.3, 30.0, 3000.0]
    weight = np.random.default_rng(2).uniform(0.2, 4.0, 125)
    found = RidgeLogisticClassifier(penalties, folds=5, seed=4).fit(X, y, weight)
    fold, losses = tuning_folds(y, 5, 4), np.zeros(len(penalties))
    for held in range(5):
        rows, left = np.flatnonzero(fold != held), np.flatnonzero(fold == held)
        for level, penalty in enumerate(penalties):
            model = pipeline(C=1 / penalty).fit(X[rows], y[rows], **with_weights(weight[rows]))
            risk = model.predict_proba(X[left])
            losses[level] += log_loss(y[left], risk, sample_weight=weight[left], normalize=False, labels=[0, 1])
    assert found.cv_log_loss_ == pytest.approx(losses / weight.sum(), rel=1e-6)
    assert found.penalty_ == penalties[losses.argmin()]
    final = pipeline(C=1 / found.penalty_).fit(X, y, **with_weights(weight))
    assert found.predict_proba(X)[:, 1] == pytest.approx(final.predict_proba(X)[:, 1], rel=1e-6)


def test_of_equally_good_penalties_the_largest_is_chosen():
    penalties = np.array([3.0, 0.1, 50.0, 7.0])
    losses = np.array([[0.4, 0.5, 0.4, 0.6], [0.1, 0.2, 0.3, 0.4], [0.5, 0.5, 0.5, 0.5], [0.9, 0.3, 0.8, 0.3]])
    assert best_penalty(losses, penalties).tolist() == [2, 0, 2, 3]
    assert best_penalty(losses[3], penalties) == 3


def test_the_order_of_the_penalties_does_not_matter():
    X, y = cohort()
    fold, penalties = tuning_folds(y, 5, 4), np.array(PENALTIES)
    filled = np.where(np.isnan(X), np.nanmedian(X, axis=0), X)
    forward = cross_validated_losses(filled, y, np.ones(125), fold, penalties)
    backward = cross_validated_losses(filled, y, np.ones(125), fold, penalties[::-1])
    assert backward[::-1] == pytest.approx(forward, rel=1e-9)


def test_cross_validated_losses_without_columns_by_hand():
    # Two folds of four rows: events 1 of 4, and 2 of 4. Without columns each row's risk is the other fold's share:
    # (log 2 per row of the first) + (-2 log(1/4) - 2 log(3/4) in the second), over 8 rows.
    y, fold = np.array([1.0, 0, 0, 0, 1, 1, 0, 0]), np.repeat([0, 1], 4)
    found = cross_validated_losses(np.empty((8, 0)), y, np.ones(8), fold, np.array([1.0, 10.0]))
    assert found == pytest.approx([(4 * np.log(2) + 2 * np.log(4) + 2 * np.log(4 / 3)) / 8] * 2, rel=1e-12)
