"""Risks under two designs from one posterior."""

from __future__ import annotations

import numpy as np
import pytest

from relapse_model.classifiers import (
    BoostedTreesClassifier,
    PriorHazardClassifier,
    PriorLogisticClassifier,
    RecalibratedClassifier,
    RidgeLogisticClassifier,
)
from relapse_model.classifiers.combined.recalibrated import Recalibration
from relapse_model.classifiers.paired_risks import paired_risks, posterior_log_odds
from relapse_model.classifiers.prior.loaded import load_prior
from relapse_model.classifiers.shared.risks import sigmoid
from relapse_model.errors import RelapseModelError


@pytest.fixture(scope="module")
def trial():
    rng = np.random.default_rng(4)
    X = np.column_stack([rng.normal(size=400), np.arange(400) % 2])
    X[:40, 0] = np.nan
    y = rng.random(400) < sigmoid(-1.0 + np.nan_to_num(X[:, 0]) - 0.8 * X[:, 1])
    return X, y.astype(float)


def both(X):
    return np.column_stack([X[:, 0], np.zeros(len(X))]), np.column_stack([X[:, 0], np.ones(len(X))])


def fitted(kind, X, y):
    if kind == "hazard":
        return PriorHazardClassifier(intervals=(24.0, 48.0)).fit(X, np.where(y == 1, 12.0, 48.0), y)
    model = {"prior": PriorLogisticClassifier, "ridge": RidgeLogisticClassifier}[kind]()
    return model.fit(X, y)


@pytest.mark.parametrize("kind", ["prior", "ridge", "hazard"])
def test_draws_agree_with_the_classifiers_own_risk_and_interval(kind, trial):
    X, y = trial
    model = fitted(kind, X, y)
    rows = np.array([[0.3, 0.0], [-1.0, 1.0], [np.nan, 1.0]])
    draws = sigmoid(posterior_log_odds(model)(rows))
    assert draws.mean(axis=1) == pytest.approx(model.predict_proba(rows)[:, 1], abs=0.01)
    own = model.predict_interval(rows)
    known = slice(0, 2) if kind == "ridge" else slice(0, 3)
    assert np.quantile(draws, [0.05, 0.95], axis=1).T[known] == pytest.approx(own[known], abs=0.015)


@pytest.mark.parametrize("kind", ["prior", "ridge", "hazard"])
def test_the_risks_are_the_classifiers_own_and_swapping_negates(kind, trial):
    X, y = trial
    model = fitted(kind, X, y)
    control, treated = both(X[:50])
    found, swapped = paired_risks(model, control, treated), paired_risks(model, treated, control)
    assert (found.first == model.predict_proba(control)[:, 1]).all()
    assert (found.first - found.second == -(swapped.first - swapped.second)).all()
    assert found.lower == pytest.approx(-swapped.upper, abs=1e-12)
    assert ((found.lower < found.first - found.second) & (found.first - found.second < found.upper)).all()


def test_the_same_design_twice_has_no_difference_and_no_interval(trial):
    X, y = trial
    found = paired_risks(fitted("prior", X, y), X[:5], X[:5])
    assert not (found.first - found.second).any()
    assert not found.lower.any()
    assert not found.upper.any()


def test_what_is_unknown_of_the_risk_counts_once(trial):
    # Were the two risks independent, their intervals would add up in squares: far wider than the joint one.
    X, y = trial
    model = fitted("prior", X, y)
    control, treated = both(np.array([[np.nan, 0.0]]))
    joint = paired_risks(model, control, treated)
    widths = [np.diff(model.predict_interval(one))[0, 0] for one in (control, treated)]
    assert (joint.upper - joint.lower)[0] < 0.8 * np.hypot(*widths)


def test_a_loaded_and_a_recalibrated_classifier(trial):
    X, y = trial
    model = fitted("prior", X, y)
    control, treated = both(X[50:60])
    loaded = paired_risks(load_prior(model.to_parts()), control, treated)
    assert (loaded.lower == paired_risks(model, control, treated).lower).all()
    same = paired_risks(RecalibratedClassifier.around(model, Recalibration(0.0, 1.0)), control, treated)
    assert same.lower == pytest.approx(loaded.lower, abs=1e-12)
    halved = paired_risks(RecalibratedClassifier.around(model, Recalibration(0.0, 0.0)), control, treated)
    assert halved.upper == pytest.approx(np.zeros(10), abs=1e-12)


def test_many_rows_are_as_few(trial):
    X, y = trial
    model = fitted("prior", X, y)
    control, treated = both(X)
    at_once, one = paired_risks(model, control, treated), paired_risks(model, control[-1:], treated[-1:])
    assert at_once.upper[-1:] == pytest.approx(one.upper, abs=1e-12)


def test_trees_are_refused(trial):
    with pytest.raises(RelapseModelError, match="no posterior of coefficients"):
        posterior_log_odds(BoostedTreesClassifier())
    with pytest.raises(RelapseModelError, match="level"):
        paired_risks(fitted("prior", *trial), trial[0], trial[0], level=1.5)
