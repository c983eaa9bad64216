"""Crafted booster files are refused before xgboost, which trusts their indices, gets to see them."""

from __future__ import annotations

import struct

import numpy as np
import pytest
import xgboost

from relapse_model.classifiers.trees.booster_bytes import check_booster, read_booster
from relapse_model.errors import ModelFileError

COLUMNS, ROUNDS = 3, 4
X = np.random.default_rng(0).normal(size=(80, COLUMNS))


def train(rounds=ROUNDS, **settings):
    data = xgboost.DMatrix(X, label=X[:, 0] + 0.5 * X[:, 1] > 0, nthread=1)
    settings = {"objective": "binary:logistic", "max_depth": 2, "nthread": 1, **settings}
    return xgboost.train(settings, data, num_boost_round=rounds)


@pytest.fixture(scope="module")
def data():
    return bytes(train().save_raw("ubj"))


def patched(data, key, value, item=0):
    """Return ``data`` with one number of the first typed array called ``key`` replaced."""
    start = data.index(bytes([0, len(key)]) + key.encode() + b"[$") + 2 + len(key)
    kind = {b"d": ">f", b"l": ">i", b"U": ">B"}[data[start + 2 : start + 3]]
    place = start + 3 + 1 + 1 + 8 + item * struct.calcsize(kind)  # marker, '#', 'L', length
    return data[:place] + struct.pack(kind, value) + data[place + struct.calcsize(kind) :]


def test_a_sound_booster_is_read(data):
    booster = read_booster(data, "booster.ubj", COLUMNS, ROUNDS)
    rows = xgboost.DMatrix(X, nthread=1)
    assert np.array_equal(booster.predict(rows), train().predict(rows))


@pytest.mark.parametrize("rounds", [0, 1])
def test_boosters_of_few_trees_are_sound(rounds):
    check_booster(bytes(train(rounds).save_raw("ubj")), "booster.ubj", COLUMNS, rounds)


@pytest.mark.parametrize(
    ("key", "value", "item", "expected"),
    [
        ("left_children", 99, 0, "children within their tree"),
        ("left_children", -7, 0, "children within their tree"),
        ("left_children", 0, 0, "children within their tree"),
        ("left_children", 2, 0, "each node once"),  # both branches lead to one node
        ("left_children", -1, 0, "two children or none"),
        ("right_children", 1, 1, "each node once"),  # a loop
        ("parents", 1, 2, "parents before children"),
        ("split_indices", COLUMNS, 0, "splits on columns 0 to 2"),
        ("split_indices", -1, 0, "splits on columns 0 to 2"),
        ("split_conditions", float("nan"), 0, "finite numbers"),
        ("base_weights", float("inf"), 0, "finite numbers"),
        ("base_weights", 1e30, 0, "leaves within 1e\\+09"),
        ("split_conditions", -1e30, -1, "leaves within 1e\\+09"),
        ("split_type", 1, 0, "numerical splits"),
    ],
)
def test_crafted_trees_are_refused(data, key, value, item, expected):
    nodes = 7  # of the first tree: depth 2, all splits made
    crafted = patched(data, key, value, item % nodes)
    assert crafted != data
    with pytest.raises(ModelFileError, match=rf"booster\.ubj: .*expected {expected}"):
        check_booster(crafted, "booster.ubj", COLUMNS, ROUNDS)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (b"binary:logistic", b"binary:logitraw", "the objective binary:logistic"),
        (b"gbtree", b"dart__", "a gbtree booster"),
        (b"num_trees", b"num_treez", "4 trees, one per round"),
        (b"trees[", b"treez[", "trees with the entries"),
        (b"tree_info", b"tree_inf0", "trees with the entries"),
        (b"iteration_indptr", b"iteration_indptz", "trees with the entries"),
        (b"num_nodes", b"num_nodez", "the size of a tree"),
        (b"sum_hessian", b"sum_hessiam", "a tree with the entries"),
        (b"learner_model_param", b"learner_model_parag", "a learner with the entries"),
        (b"base_score", b"base_scorf", "the size of a learner with the entries"),
        (b"num_target", b"num_targey", "the size of a learner with the entries"),
    ],
)
def test_changed_names_are_refused(data, old, new, expected):
    assert old in data
    with pytest.raises(ModelFileError, match=f"expected {expected}"):
        check_booster(data.replace(old, new), "booster.ubj", COLUMNS, ROUNDS)


@pytest.mark.parametrize(("columns", "rounds"), [(2, ROUNDS), (COLUMNS, 3), (COLUMNS, 5)])
def test_another_size_is_refused(data, columns, rounds):
    with pytest.raises(ModelFileError, match=r"booster\.ubj: .*expected"):
        check_booster(data, "booster.ubj", columns, rounds)


@pytest.mark.parametrize("settings", [{"booster": "dart"}, {"num_parallel_tree": 2}])
def test_other_boosters_are_refused(settings):
    booster = train(**settings)
    with pytest.raises(ModelFileError, match="expected"):
        check_booster(bytes(booster.save_raw("ubj")), "booster.ubj", COLUMNS, ROUNDS)


def test_damage_is_refused(data):
    for damaged in (data[:-1], data + b"}", data[: len(data) // 2], b"", b"{}", b"[#U\x00"):
        with pytest.raises(ModelFileError, match=r"booster\.ubj"):
            check_booster(damaged, "booster.ubj", COLUMNS, ROUNDS)
