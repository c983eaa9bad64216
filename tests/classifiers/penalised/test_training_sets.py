"""Training sets side by side: each is what scikit-learn makes of its rows alone."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from relapse_model.classifiers.penalised.training_sets import pad_rows, training_sets


def table(rows=60, gaps=0.15, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, 4)) * [1.0, 10.0, 0.1, 1e4] + [0.0, 5.0, -3.0, 1e5]
    X[rng.random(X.shape) < gaps] = np.nan
    X[:, 3] = np.nan_to_num(X[:, 3], nan=2e5)  # one column without gaps
    return X, (rng.random(rows) < 0.3).astype(float)


def sets_of(X, event, rows, weights=None):
    rows = [np.asarray(one) for one in rows]
    return training_sets(X, event, pad_rows(rows, weights or [np.ones(len(one)) for one in rows]))


def test_padding_by_hand():
    padded = pad_rows([np.array([4, 7, 1]), np.array([5])], [np.array([1.0, 2.0, 3.0]), np.array([0.5])])
    assert padded.row.tolist() == [[4, 7, 1], [5, 5, 5]]
    assert padded.weight.tolist() == [[1, 2, 3], [0.5, 0, 0]]


def test_a_column_by_hand():
    # Known 1, 2 and 9: median 2; completed 1, 2, 9, 2 with weights 1, 1, 1, 3:
    # mean (1 + 2 + 9 + 6) / 6 = 3; variance (4 + 1 + 36 + 3 x 1) / 6 = 44 / 6. The other set: -1 and 1.
    X = np.array([[1.0], [2.0], [9.0], [np.nan], [-1.0], [1.0]])
    found = sets_of(X, np.array([1.0, 0, 0, 1, 0, 1]), [[0, 1, 2, 3], [4, 5]], [np.array([1.0, 1, 1, 3]), np.ones(2)])
    assert found.impute.tolist() == [[2], [0]]  # between -1 and 1
    assert found.center == pytest.approx(np.array([[3.0], [0.0]]))
    assert found.scale == pytest.approx(np.array([[np.sqrt(44 / 6)], [1.0]]))
    assert found.design[0] == pytest.approx(np.array([[1, 1, 1, 1], np.array([-2, -1, 6, -1]) / np.sqrt(44 / 6)]))
    assert found.design[1, :, :2].tolist() == [[1, 1], [-1, 1]]
    assert found.event[0].tolist() == [1, 0, 0, 1]
    assert found.weight.tolist() == [[1, 1, 1, 3], [1, 1, 0, 0]]


@pytest.mark.parametrize("weighted", [False, True])
def test_each_set_is_prepared_as_scikit_learn_would(weighted):
    X, event = table()
    rng = np.random.default_rng(1)
    rows = [rng.permutation(60)[:size] for size in (50, 31, 12)]
    weights = [rng.uniform(0.5, 3.0, len(one)) if weighted else np.ones(len(one)) for one in rows]
    found = sets_of(X, event, rows, weights)
    held = np.arange(60)
    prepared = found.standardise(X, np.tile(held, (3, 1)))
    for place, (one, weight) in enumerate(zip(rows, weights, strict=True)):
        steps = Pipeline([("imputer", SimpleImputer(strategy="median")), ("scaler", StandardScaler())])
        steps.fit(X[one], scaler__sample_weight=weight)
        imputer, scaler = steps[0], steps[1]
        assert found.impute[place, :3] == pytest.approx(imputer.statistics_[:3], rel=1e-12)
        assert found.center[place] == pytest.approx(scaler.mean_, rel=1e-10)
        assert found.scale[place] == pytest.approx(scaler.scale_, rel=1e-10)
        assert found.design[place, 1:, : len(one)] == pytest.approx(steps.transform(X[one]).T, abs=1e-9)
        assert prepared[place, 1:] == pytest.approx(steps.transform(X).T, abs=1e-9)
        assert (prepared[place, 0] == 1.0).all()
        assert found.event[place, : len(one)].tolist() == event[one].tolist()


def test_the_median_ignores_padding_and_gaps():
    # Two known values of five, in a set padded from five to nine rows with its first row, the largest.
    X = np.array([[100.0], [np.nan], [np.nan], [np.nan], [2.0], [0.0], [0.0], [0.0], [0.0]])
    found = sets_of(X, np.zeros(9), [np.arange(5), np.arange(9)])
    assert found.impute[:, 0].tolist() == [51.0, 0.0]


def test_padding_does_not_matter():
    X, event = table()
    short, long = np.arange(7), np.arange(60)
    alone, beside = sets_of(X, event, [short]), sets_of(X, event, [short, long])
    assert np.array_equal(beside.impute[0], alone.impute[0])
    assert beside.center[0] == pytest.approx(alone.center[0], rel=1e-12)
    assert beside.scale[0] == pytest.approx(alone.scale[0], rel=1e-12)
    assert beside.design[0, :, :7] == pytest.approx(alone.design[0], abs=1e-12)
    assert beside.weight[0].sum() == 7


@pytest.mark.parametrize("value", [0.0, 0.1, 1e6 + 0.1, -1e25])
def test_a_constant_column_has_no_effect_even_on_new_rows(value):
    X, event = table()
    X[:50, 1] = value
    found = sets_of(X, event, [np.arange(50)])
    assert np.isinf(found.scale[0, 1])
    assert not found.design[0, 2].any()
    assert not found.standardise(X, np.arange(50, 60)[None])[0, 2].any()  # where it varies


def test_a_column_without_values_is_constant():
    X, event = table()
    X[:40, 2] = np.nan
    found = sets_of(X, event, [np.arange(40), np.arange(60)])
    assert (found.impute[0, 2], found.scale[0, 2]) == (0.0, np.inf)
    assert np.isfinite(found.scale[1, 2])
    assert not found.standardise(X, np.tile(np.arange(60), (2, 1)))[0, 3].any()


def test_constant_in_one_set_and_not_in_another():
    X = np.array([[1.0], [1.0], [1.0], [2.0]])
    found = sets_of(X, np.zeros(4), [[0, 1, 2], [0, 1, 3]])
    assert np.isinf(found.scale[0, 0])
    assert found.scale[1, 0] == pytest.approx(np.sqrt(2) / 3)  # 1, 1 and 2: variance 2 / 9


def test_small_differences_of_large_values_are_kept():
    # 1e5 + 0, 1e-3, 2e-3: a column of measured values, far from 0 but not constant
    X = 1e5 + np.array([[0.0], [1e-3], [2e-3]])
    assert sets_of(X, np.zeros(3), [np.arange(3)]).scale[0, 0] == pytest.approx(1e-3 * np.sqrt(2 / 3), rel=1e-6)


def test_the_table_is_left_as_it_was():
    X, event = table()
    before = X.copy()
    sets_of(X, event, [np.arange(50)]).standardise(X, np.arange(60)[None])
    assert np.array_equal(X, before, equal_nan=True)
