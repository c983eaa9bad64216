"""Nested cross-validation in one go: exactly what scikit-learn gives fold by fold, and no leak between rows."""

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
from relapse_model.classifiers.penalised import nested_ridge, ridge_modes
from relapse_model.classifiers.penalised.nested_ridge import best_penalty, cross_validated_losses, nested_ridge_risks
from relapse_model.classifiers.shared.folds import tuning_folds
from relapse_model.errors import InsufficientDataError, RelapseModelError

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


def same(found, expected, rel=1e-6):
    """Tell whether two results agree: choices equal, losses and risks nearly."""
    assert np.array_equal(found.penalty, expected.penalty)
    assert found.log_loss == pytest.approx(expected.log_loss, rel=rel)
    for here, there in zip(found.risks, expected.risks, strict=True):
        assert here == pytest.approx(there, rel=rel)


# What scikit-learn gives


@pytest.mark.parametrize(("gaps", "effect"), [(0.0, 1.0), (0.3, 0.0), (0.1, 3.0)])
def test_choices_and_risks_are_those_of_grid_searches(gaps, effect):
    # 125 rows: outer folds of 25, inner ones of 20, so that a mean over folds is one over rows
    X, y = cohort(gaps=gaps, effect=effect)
    outer = folds_of(y)
    found = nested_ridge_risks(X, y, np.ones(125), outer, PENALTIES, seed=4)
    for place, test in enumerate(outer):
        train = others(test)
        fold = tuning_folds(y[train], 5, 4)
        assert np.bincount(fold).tolist() == [20] * 5
        splits = [(np.flatnonzero(fold != held), np.flatnonzero(fold == held)) for held in range(5)]
        grid = {"logistic__C": [1 / penalty for penalty in PENALTIES]}
        search = GridSearchCV(pipeline(), grid, scoring="neg_log_loss", cv=splits).fit(X[train], y[train])
        assert found.log_loss[place] == pytest.approx(-search.cv_results_["mean_test_score"], rel=1e-6)
        assert found.penalty[place] == pytest.approx(1 / search.best_params_["logistic__C"])
        assert found.risks[place] == pytest.approx(search.predict_proba(X[test])[:, 1], rel=1e-6)


@pytest.mark.parametrize("own", [False, True])
def test_weights_count_as_they_do_in_scikit_learn(own):
    # In scaling, in the regressions and in the losses, but not in the medians; shared, or of each outer fold.
    (X, y), penalties = cohort(), [0.3, 30.0, 3000.0]
    outer = folds_of(y)
    weights = np.random.default_rng(2).uniform(0.2, 4.0, (5, 125) if own else 125)
    found = nested_ridge_risks(X, y, weights, outer, penalties, seed=4)
    for place, test in enumerate(outer):
        train, weight = others(test), np.broadcast_to(weights, (5, 125))[place]
        fold = tuning_folds(y[train], 5, 4)
        losses = np.zeros(len(penalties))
        for held in range(5):
            rows, left = train[fold != held], train[fold == held]
            for level, penalty in enumerate(penalties):
                model = pipeline(C=1 / penalty).fit(X[rows], y[rows], **with_weights(weight[rows]))
                risk = model.predict_proba(X[left])
                losses[level] += log_loss(y[left], risk, sample_weight=weight[left], normalize=False, labels=[0, 1])
        assert found.log_loss[place] == pytest.approx(losses / weight[train].sum(), rel=1e-6)
        assert found.penalty[place] == penalties[losses.argmin()]
        final = pipeline(C=1 / found.penalty[place]).fit(X[train], y[train], **with_weights(weight[train]))
        assert found.risks[place] == pytest.approx(final.predict_proba(X[test])[:, 1], rel=1e-6)


def test_it_is_the_ridge_classifier_fitted_fold_by_fold():
    # With seeds and weights of each fold, and folds of unequal length
    X, y = cohort(rows=131)
    outer = [np.arange(11), np.arange(40, 95), np.array([130, 3, 77])]
    rng = np.random.default_rng(3)
    weights, seeds = rng.uniform(0.5, 2.0, (3, 131)) * (rng.random((3, 131)) > 0.1), [5, 0, 17]
    found = nested_ridge_risks(X, y, weights, outer, PENALTIES, inner_folds=4, seed=seeds)
    for place, (test, seed) in enumerate(zip(outer, seeds, strict=True)):
        train = others(test, 131)
        model = RidgeLogisticClassifier(PENALTIES, folds=4, seed=seed).fit(X[train], y[train], weights[place, train])
        assert found.penalty[place] == model.penalty_
        assert found.log_loss[place] == pytest.approx(model.cv_log_loss_, rel=1e-6)
        assert found.risks[place] == pytest.approx(model.predict_proba(X[test])[:, 1], rel=1e-6)


def test_groups_stay_together_in_the_inner_folds():
    # Each patient has three rows, all alike. Held out row by row, his own copies would foretell him.
    X, y = cohort(rows=45, gaps=0.0)
    X, y, groups = X.repeat(3, axis=0), y.repeat(3), np.arange(45).repeat(3)
    patient = tuning_folds(y, 5, 9, groups)
    outer = [np.flatnonzero(patient == held) for held in range(5)]
    grouped = nested_ridge_risks(X, y, np.ones(135), outer, [0.3], seed=1, groups=groups)
    for place, test in enumerate(outer):
        train = others(test, 135)
        fold = tuning_folds(y[train], 5, 1, groups[train])
        total = 0.0
        for held in range(5):
            rows, left = train[fold != held], train[fold == held]
            assert not set(groups[rows]) & set(groups[left])
            risk = pipeline(C=1 / 0.3).fit(X[rows], y[rows]).predict_proba(X[left])
            total += log_loss(y[left], risk, normalize=False, labels=[0, 1])
        assert grouped.log_loss[place, 0] == pytest.approx(total / len(train), rel=1e-6)
    by_row = nested_ridge_risks(X, y, np.ones(135), outer, [0.3], seed=1)
    assert (grouped.log_loss > by_row.log_loss).all()


def test_patients_of_one_row_as_groups_change_nothing():
    X, y = cohort()
    labels = np.array([f"P{number:03}" for number in range(125)])
    found = nested_ridge_risks(X, y, np.ones(125), folds_of(y), PENALTIES, groups=labels)
    same(found, nested_ridge_risks(X, y, np.ones(125), folds_of(y), PENALTIES))


# What must not matter


@pytest.mark.parametrize("value", [1e25, -7.0, np.nan])
def test_a_held_out_value_changes_no_other_risk(value):
    X, y = cohort()
    outer = folds_of(y)
    row = outer[2][4]
    before = nested_ridge_risks(X, y, np.ones(125), [outer[2]], PENALTIES)
    changed, other_event = X.copy(), y.copy()
    changed[row], other_event[row] = value, 1.0 - y[row]
    after = nested_ridge_risks(changed, other_event, np.ones(125), [outer[2]], PENALTIES)
    rest = np.arange(25) != 4
    assert after.penalty == before.penalty
    assert after.log_loss == pytest.approx(before.log_loss, rel=1e-9)
    assert after.risks[0][rest] == pytest.approx(before.risks[0][rest], rel=1e-8)
    assert abs(after.risks[0][4] - before.risks[0][4]) > 1e-3  # while its own risk is another


def test_a_training_value_does_change_risks():
    X, y = cohort()
    outer = folds_of(y)
    changed = X.copy()
    changed[outer[0][0], 0] = 9.0
    before, after = (nested_ridge_risks(values, y, np.ones(125), [outer[2]], PENALTIES) for values in (X, changed))
    assert np.abs(after.risks[0] - before.risks[0]).max() > 1e-3


def test_each_outer_fold_is_what_it_would_be_alone():
    # Folds of 3, 60 and 11 rows: training sets of unequal length, brought to one by padding
    X, y = cohort()
    order = np.random.default_rng(6).permutation(125)
    outer = [order[:3], order[3:63], order[70:81]]
    together = nested_ridge_risks(X, y, np.ones(125), outer, PENALTIES)
    for place, test in enumerate(outer):
        alone = nested_ridge_risks(X, y, np.ones(125), [test], PENALTIES)
        assert together.penalty[place] == alone.penalty[0]
        assert together.log_loss[place] == pytest.approx(alone.log_loss[0], rel=1e-9)
        assert together.risks[place] == pytest.approx(alone.risks[0], rel=1e-8)


def test_how_many_are_worked_on_at_once_does_not_matter(monkeypatch):
    X, y = cohort()
    usual = nested_ridge_risks(X, y, np.ones(125), folds_of(y), PENALTIES)
    for module in (nested_ridge, ridge_modes):
        monkeypatch.setattr(module, "CELLS", 60)  # one set at a time, 12 rows of it at once
    same(nested_ridge_risks(X, y, np.ones(125), folds_of(y), PENALTIES), usual, rel=1e-8)


def test_rows_of_weight_zero_are_predicted_but_teach_nothing():
    X, y = cohort()
    outer = folds_of(y)
    wild, unknown = np.vstack([X, np.full((10, 4), 1e6)]), np.append(y, np.full(10, np.nan))
    outer_too = [np.append(outer[0], [125, 126]), *outer[1:]]
    found = nested_ridge_risks(wild, unknown, np.append(np.ones(125), np.zeros(10)), outer_too, PENALTIES)
    expected = nested_ridge_risks(X, y, np.ones(125), outer, PENALTIES)
    assert np.isfinite(found.risks[0][-2:]).all()
    assert found.risks[0][:-2] == pytest.approx(expected.risks[0], rel=1e-8)
    assert np.array_equal(found.penalty, expected.penalty)


@pytest.mark.parametrize("value", [0.0, 0.1, 1e7])
def test_a_constant_column_has_no_effect(value):
    X, y = cohort()
    outer = folds_of(y)
    expected = nested_ridge_risks(X, y, np.ones(125), outer, PENALTIES)
    wider = np.column_stack([X, np.full(125, value)])
    same(nested_ridge_risks(wider, y, np.ones(125), outer, PENALTIES), expected, rel=1e-8)
    # constant in training, though not where it is predicted: nothing was learned of it
    wider[outer[1], 4] = value + 5.0
    second = nested_ridge_risks(wider, y, np.ones(125), [outer[1]], PENALTIES)
    assert second.risks[0] == pytest.approx(expected.risks[1], rel=1e-8)


def test_units_do_not_matter():
    X, y = cohort()
    usual = nested_ridge_risks(X, y, np.ones(125), folds_of(y), PENALTIES)
    scaled = X * [1e-6, 3.0, 1e6, -1.0] + [0.0, 1.0, 0.0, 7.0]
    same(nested_ridge_risks(scaled, y, np.ones(125), folds_of(y), PENALTIES), usual)


def test_the_order_of_a_fold_is_that_of_its_risks():
    X, y = cohort()
    test = folds_of(y)[0]
    forward, backward = nested_ridge_risks(X, y, np.ones(125), [test, test[::-1]], PENALTIES).risks
    assert backward[::-1] == pytest.approx(forward, rel=1e-10)


def test_same_rows_same_bits():
    X, y = cohort()
    first, second = (nested_ridge_risks(X, y, np.ones(125), folds_of(y), PENALTIES) for _ in range(2))
    assert all(np.array_equal(here, there) for here, there in zip(first.risks, second.risks, strict=True))


# Hard cases


def test_separated_events_still_converge():
    X, _ = cohort(gaps=0.0)
    y = (X[:, 0] > 0.5).astype(float)
    outer = folds_of(y)
    penalties = [1e-5, 1e-2, 1.0]
    found = nested_ridge_risks(X, y, np.ones(125), outer, penalties)
    for place, test in enumerate(outer):
        assert np.isfinite(found.log_loss[place]).all()
        train = others(test)
        final = pipeline(C=1 / found.penalty[place]).fit(X[train], y[train])
        assert found.risks[place] == pytest.approx(final.predict_proba(X[test])[:, 1], rel=1e-4, abs=1e-9)
        assert ((found.risks[place] > 0.5) == (y[test] == 1)).mean() > 0.9


def test_a_column_known_in_one_inner_fold_only():
    X, y = cohort()
    X[:, 2] = np.nan
    X[:3, 2] = [0.1, 0.2, 0.3]
    found = nested_ridge_risks(X, y, np.ones(125), [np.arange(60, 90)], PENALTIES)
    assert np.isfinite(found.log_loss).all()
    assert np.isfinite(found.risks[0]).all()


def test_two_events_are_held_out_one_by_one():
    # As many inner folds as events: two, each of which learns from the other's event
    X, _ = cohort(gaps=0.0)
    y = np.zeros(125)
    y[[5, 80]] = 1.0
    found = nested_ridge_risks(X, y, np.ones(125), [np.arange(20, 40)], PENALTIES)
    model = RidgeLogisticClassifier(PENALTIES).fit(X[others(np.arange(20, 40))], y[others(np.arange(20, 40))])
    assert found.risks[0] == pytest.approx(model.predict_proba(X[20:40])[:, 1], rel=1e-6)


# The choice


def test_of_equally_good_penalties_the_largest_is_chosen():
    penalties = np.array([3.0, 0.1, 50.0, 7.0])
    losses = np.array([[0.4, 0.5, 0.4, 0.6], [0.1, 0.2, 0.3, 0.4], [0.5, 0.5, 0.5, 0.5], [0.9, 0.3, 0.8, 0.3]])
    assert best_penalty(losses, penalties).tolist() == [2, 0, 2, 3]
    assert best_penalty(losses[3], penalties) == 3


def test_the_order_of_the_penalties_does_not_matter():
    X, y = cohort()
    forward = nested_ridge_risks(X, y, np.ones(125), folds_of(y), PENALTIES)
    backward = nested_ridge_risks(X, y, np.ones(125), folds_of(y), PENALTIES[::-1])
    assert np.array_equal(forward.penalty, backward.penalty)
    assert backward.log_loss[:, ::-1] == pytest.approx(forward.log_loss, rel=1e-9)


def test_cross_validated_losses_without_columns_by_hand():
    # Two folds of four rows: events 1 of 4, and 2 of 4. Without columns each row's risk is the other fold's share:
    # (log 2 per row of the first) + (-2 log(1/4) - 2 log(3/4) in the second), over 8 rows.
    y, fold = np.array([1.0, 0, 0, 0, 1, 1, 0, 0]), np.repeat([0, 1], 4)
    found = cross_validated_losses(np.empty((8, 0)), y, np.ones(8), fold, np.array([1.0, 10.0]))
    assert found == pytest.approx([(4 * np.log(2) + 2 * np.log(4) + 2 * np.log(4 / 3)) / 8] * 2, rel=1e-12)


# Refusals


def refused(message, kind=RelapseModelError, **changes):
    X, y = cohort()
    given = {"X": X, "event": y, "weight": np.ones(125), "outer": folds_of(y), "penalties": PENALTIES, **changes}
    with pytest.raises(kind, match=message):
        nested_ridge_risks(**given)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"X": np.ones(125)}, "Shapes disagree: X .125,."),
        ({"X": np.ones((124, 4))}, "Shapes disagree"),
        ({"event": np.ones((125, 1))}, "Shapes disagree"),
        ({"weight": np.ones((3, 125))}, "Shapes disagree.*5 outer folds"),
        ({"seed": [1, 2]}, "Shapes disagree.*2 seeds"),
        ({"groups": np.arange(3)}, "Shapes disagree.*groups .3,."),
        ({"outer": []}, "Shapes disagree.*0 outer folds"),
        ({"outer": [np.array([0, 125])]}, "whole numbers from 0 to 124"),
        ({"outer": [np.array([-1])]}, "positions of one or more"),
        ({"outer": [np.array([], dtype=int)]}, "positions of one or more"),
        ({"outer": [np.array([0.0, 1.0])]}, "type float64"),
        ({"outer": [np.arange(125) < 25]}, "type bool"),
        ({"penalties": []}, "penalties is"),
        ({"penalties": [0.0, 1.0]}, "penalties is"),
        ({"penalties": [np.nan]}, "penalties is"),
        ({"penalties": [[1.0]]}, "penalties is"),
        ({"weight": np.full(125, -1.0)}, "weight holds values that are negative"),
        ({"weight": np.full(125, np.inf)}, "weight holds values"),
        ({"weight": np.zeros(125)}, "nothing else than 0"),
        ({"event": np.full(125, 2.0)}, "neither 0 nor 1"),
        ({"event": np.full(125, np.nan)}, "neither 0 nor 1"),
        ({"X": np.full((125, 4), 1e31)}, "beyond 1e.30"),
        ({"X": np.full((125, 4), -np.inf)}, "beyond 1e.30"),
        ({"inner_folds": 1}, "folds is 1"),
        ({"groups": np.append(np.nan, np.arange(124.0))}, "have no group"),
    ],
)
def test_what_cannot_be_used_is_named(changes, message):
    refused(message, **changes)


def test_an_outer_fold_that_leaves_nothing_to_learn_from_is_named():
    first = np.arange(25)
    refused(
        r"Outer fold 1 \(counted from 0\) holds out every row", InsufficientDataError, outer=[first, np.arange(125)]
    )
    weight = np.ones((2, 125))
    weight[0, 25:] = 0.0  # the other rows have no weight, in this fold alone
    refused(r"Outer fold 0 \(counted from 0\)", InsufficientDataError, outer=[first, first], weight=weight)


def test_a_single_training_event_is_refused():
    event = np.zeros(125)
    event[[0, 60]] = 1.0
    refused("rarer class has 1 row", InsufficientDataError, event=event, outer=[np.array([0])])


def test_a_single_group_with_events_is_refused():
    event = np.zeros(125)
    event[[0, 1]] = 1.0
    groups = np.append([0, 0], np.arange(1, 124))
    refused("rarer class has 1 group", InsufficientDataError, event=event, groups=groups, outer=[np.array([9])])


def test_a_column_that_training_rows_lack_is_left_out():
    X, y = cohort(gaps=0.0)
    without = np.delete(X, 1, axis=1)
    X[25:, 1] = np.nan  # only the rows held out have it, and their values must not count
    found = nested_ridge_risks(X, y, np.ones(125), [np.arange(25)], PENALTIES)
    expected = nested_ridge_risks(without, y, np.ones(125), [np.arange(25)], PENALTIES)
    np.testing.assert_allclose(found.risks[0], expected.risks[0], rtol=1e-9)
