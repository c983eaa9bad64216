"""SHAP values from tables: by hand, by their definition on every subset of columns, and beside xgboost and shap."""

from __future__ import annotations

import json
from itertools import combinations
from math import factorial

import numpy as np
import pytest
import xgboost
from scipy.special import expit, logit

from relapse_model.classifiers import BoostedTreesClassifier
from relapse_model.classifiers.trees import contributions as tree_contributions
from relapse_model.classifiers.trees.contributions import Condition, LeafPath, tree_paths, tree_tables
from relapse_model.errors import RelapseModelError

COLUMNS = 5


def cohort(rows=400, columns=COLUMNS, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, columns)).round(1)  # many equal values, so that rows fall on thresholds
    y = (rng.random(rows) < expit(-1 + 2 * X[:, 0] * X[:, 1] - X[:, 2])).astype(int)
    X[rng.random(X.shape) < 0.1] = np.nan
    return X, y


def fitted(depth, monotone=None, rounds=12, columns=COLUMNS):
    X, y = cohort(columns=columns)
    settings = {"depths": (depth,), "l2": (1.0,), "learning_rate": 0.3, "folds": 2}
    model = BoostedTreesClassifier(monotone, max_rounds=rounds, **settings).fit(X, y)
    assert model.rounds_ > 0 or not rounds
    return model


def saved(booster):
    """What xgboost saves as text: as few digits as tell its 32-bit numbers apart."""
    return json.loads(booster.save_raw("json"), parse_float=lambda text: float(np.float32(text)))["learner"]


def trees_of(booster):
    return saved(booster)["gradient_booster"]["model"]["trees"]


def worth(tree, row, known, node=0):
    """Expected leaf of a row of which only some columns are known; where one is not, both ways, by cover."""
    left, right = tree["left_children"][node], tree["right_children"][node]
    if left == -1:
        return tree["split_conditions"][node]
    column = tree["split_indices"][node]
    if column not in known:
        cover = [tree["sum_hessian"][child] for child in (left, right)]
        both = [worth(tree, row, known, child) for child in (left, right)]
        return (cover[0] * both[0] + cover[1] * both[1]) / (cover[0] + cover[1])
    if np.isnan(row[column]):
        return worth(tree, row, known, left if tree["default_left"][node] else right)
    below = np.float32(row[column]) < np.float32(tree["split_conditions"][node])
    return worth(tree, row, known, left if below else right)


def by_definition(booster, row):
    """Shapley values over every subset of the columns, and the base value, in 64 bits."""
    trees, columns = trees_of(booster), range(len(row))
    of = {
        known: sum(worth(tree, row, known) for tree in trees)
        for size in range(len(row) + 1)
        for known in map(frozenset, combinations(columns, size))
    }
    found = [
        sum(
            factorial(len(known)) * factorial(len(row) - len(known) - 1) / factorial(len(row))
            * (of[known | {column}] - of[known])
            for known in of if column not in known
        )
        for column in columns
    ]  # fmt: skip
    start = float(np.float32(saved(booster)["learner_model_param"]["base_score"].strip("[]")))
    return np.array([*found, of[frozenset()] + logit(start)])


def on_thresholds(booster, columns=COLUMNS):
    """Rows whose every value is a threshold, or a 64-bit number beside it that xgboost rounds to it."""
    at = [[] for _ in range(columns)]
    for tree in trees_of(booster):
        for column, value, left in zip(
            tree["split_indices"], tree["split_conditions"], tree["left_children"], strict=True
        ):
            if left != -1:
                at[column].append(float(np.float32(value)))
    rows = [[(some or [0.0])[place % max(len(some), 1)] for some in at] for place in range(6)]
    return np.vstack([rows, np.nextafter(rows, -np.inf), np.nextafter(rows, np.inf)])


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
@pytest.mark.parametrize("monotone", [None, (0, 0, -1, 1, 0)])
def test_values_are_those_of_the_definition(depth, monotone):
    model = fitted(depth, monotone)
    rows = np.vstack([cohort(seed=1)[0][:15], on_thresholds(model.booster_), np.full((1, COLUMNS), np.nan)])
    expected = [by_definition(model.booster_, row) for row in rows]
    np.testing.assert_allclose(model.contributions(rows), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_rows_add_up_to_the_log_odds_of_xgboost(depth):
    model = fitted(depth)
    rows = np.vstack([cohort(seed=2)[0], on_thresholds(model.booster_)])
    found = model.contributions(rows)
    np.testing.assert_allclose(found.sum(axis=1), model.predict_log_odds(rows), atol=1e-5)
    assert np.ptp(found[:, -1]) == 0


@pytest.mark.filterwarnings("ignore")  # what shap warns of while it is imported is not ours
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_the_same_values_as_xgboost_and_shap_give(depth):
    import shap

    model = fitted(depth)
    rows = np.vstack([cohort(seed=3)[0], on_thresholds(model.booster_)])
    found = model.contributions(rows)
    inside = model.booster_.predict(xgboost.DMatrix(rows), pred_contribs=True)
    np.testing.assert_allclose(found, inside, atol=1e-5 * np.abs(inside).max())
    explainer = shap.TreeExplainer(model.booster_)
    np.testing.assert_allclose(found[:, :-1], explainer.shap_values(rows), atol=1e-5 * np.abs(inside).max())
    assert found[0, -1] == pytest.approx(explainer.expected_value, abs=1e-5)


def test_both_of_two_conditions_by_hand():
    # A leaf of 8 where both columns reach 0, else nothing; each side holds half of the rows. Knowing nothing: 8 / 4 =
    # 2; one column that fits: 4; both: 8. Each adds 2 first and 4 last, so 3. One fits: it adds 2 first and 0 last.
    fits = {column: Condition(0.0, np.inf, False, 0.5) for column in (0, 1)}
    tables = tree_tables([LeafPath(8.0, fits)], 0.0, 2)
    found = tables.contributions(np.array([[0.0, 1.0], [1.0, -1.0], [np.nan, -1.0]]))
    # Neither fits: the base of 2 is lost in equal parts.
    np.testing.assert_allclose(found, [[3.0, 3.0, 2.0], [1.0, -3.0, 2.0], [-1.0, -1.0, 2.0]], atol=1e-15)


def test_a_column_tested_twice_plays_once():
    # From 0 to below 2 the leaf of 4, which a quarter of the rows meet: 1 on average.
    tables = tree_tables([LeafPath(4.0, {0: Condition(0.0, 2.0, True, 0.25)})], 0.0, 1)
    found = tables.contributions(np.array([[-1.0], [0.0], [1.0], [2.0], [np.nan]]))
    assert found[:, 0].tolist() == [-1.0, 3.0, 3.0, -1.0, 3.0]


def test_a_column_that_no_tree_tests_has_nothing():
    model = fitted(2)
    rows = cohort(seed=4)[0]
    wider = tree_tables(*tree_paths(bytes(model.booster_.save_raw("ubj"))), COLUMNS + 2)
    found = wider.contributions(np.column_stack([rows, np.ones((len(rows), 2))]))
    assert not found[:, COLUMNS : COLUMNS + 2].any()
    np.testing.assert_array_equal(np.delete(found, [COLUMNS, COLUMNS + 1], axis=1), model.contributions(rows))


def test_without_trees_everybody_has_the_mean_risk():
    X, y = cohort()
    found = fitted(2, rounds=0).contributions(X)
    assert not found[:, :-1].any()
    np.testing.assert_allclose(found[:, -1], logit(y.mean()), atol=1e-6)  # xgboost keeps it in 32 bits


def test_tables_are_those_of_the_last_fit():
    X, y = cohort()
    model = fitted(2)
    before = model.contributions(X)
    model.fit(X, 1 - y)
    after = model.contributions(X)
    np.testing.assert_allclose(after.sum(axis=1), model.predict_log_odds(X), atol=1e-5)
    assert np.abs(before - after).max() > 0.1


def test_the_classifier_keeps_nothing_but_what_was_fitted():
    model = fitted(2)
    before = set(vars(model))
    model.contributions(cohort()[0])
    assert set(vars(model)) == before


@pytest.mark.parametrize(
    ("setting", "value"), [("_MOST_CELLS", 16), ("_COUNTED_UP_TO", 0), ("_ROWS_AT_ONCE", 3)], ids=str
)
def test_how_tables_and_rows_are_parted_changes_nothing(monkeypatch, setting, value):
    model = fitted(3)
    rows = np.vstack([cohort(seed=5)[0][:50], on_thresholds(model.booster_)])
    whole, data = model.contributions(rows), bytes(model.booster_.save_raw("ubj"))
    tables = len(tree_tables(*tree_paths(data), COLUMNS).tables)
    monkeypatch.setattr(tree_contributions, setting, value)
    split = tree_tables(*tree_paths(data), COLUMNS)
    np.testing.assert_allclose(split.contributions(rows), whole, rtol=0, atol=1e-12)
    assert (len(split.tables) > tables) == (setting == "_MOST_CELLS")


def test_trees_too_large_for_tables_are_left_to_xgboost(monkeypatch):
    deep = fitted(7, columns=8)
    paths, start = tree_paths(bytes(deep.booster_.save_raw("ubj")))
    assert max(len(path.conditions) for path in paths) > 4
    assert tree_tables(paths, start, 8) is None
    rows = cohort(columns=8, seed=6)[0]
    inside = deep.booster_.predict(xgboost.DMatrix(rows), pred_contribs=True)
    np.testing.assert_array_equal(deep.contributions(rows), inside)
    monkeypatch.setattr(tree_contributions, "_MOST_NUMBERS", 10)
    assert tree_tables(*tree_paths(bytes(fitted(2).booster_.save_raw("ubj"))), COLUMNS) is None


def test_a_node_without_cover_is_refused():
    document = json.loads(fitted(1).booster_.save_raw("json"))
    document["learner"]["gradient_booster"]["model"]["trees"][0]["sum_hessian"][1] = 0.0
    booster = xgboost.Booster(model_file=bytearray(json.dumps(document).encode()))
    with pytest.raises(RelapseModelError, match="cover 0"):
        tree_paths(bytes(booster.save_raw("ubj")))
