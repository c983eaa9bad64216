"""Forests as arrays: walked as scikit-learn walks them, refused where they are not sound trees."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from relapse_model.classifiers.trees import forest_bytes as forest_file
from relapse_model.classifiers.trees.forest_bytes import (
    LARGEST_DEPTH,
    Forest,
    check_forest,
    forest_of,
    read_forest,
    tree_risks,
    write_forest,
)
from relapse_model.errors import ModelFileError

COLUMNS = 3


def rows(count=200, seed=0):
    return np.random.default_rng(seed).normal(size=(count, COLUMNS)) * [1.0, 1e-3, 1e5]


def grown(trees=7, **settings):
    """Return trees of scikit-learn, and as arrays, each node's own value being its risk."""
    X = rows()
    y = (X[:, 0] + X[:, 1] * 1e3 > 0.3) ^ (np.random.default_rng(1).random(200) < 0.2)
    found = [
        DecisionTreeRegressor(max_features=0.5, random_state=seed, **{"min_samples_leaf": 5, **settings}).fit(X, y)
        for seed in range(trees)
    ]
    risks = [0.01 + 0.98 * tree.tree_.value[:, 0, 0] for tree in found]
    return found, forest_of(found, risks)


def forest(feature, right, number, nodes):
    return Forest(np.array(feature, dtype=np.int32), np.array(right, dtype=np.int32), np.array(number), np.array(nodes))


def two_trees():
    """Return a tree of five nodes on columns 0 and 2, and one of a single leaf."""
    #   tree 0:  column 0 <= 1.5 ?  ->  leaf 0.1  |  column 2 <= -1 ?  ->  leaf 0.2  |  leaf 0.4
    return forest([0, -1, 2, -1, -1, -1], [2, 0, 4, 0, 0, 0], [1.5, 0.1, -1.0, 0.2, 0.4, 0.7], [5, 1])


def test_the_walk_by_hand():
    X = np.array([[1.0, 0, 9], [1.5, 0, 9], [1.6, 0, -1], [1.6, 0, -0.9]])
    assert tree_risks(two_trees(), X).tolist() == [[0.1, 0.1, 0.2, 0.4], [0.7, 0.7, 0.7, 0.7]]


def test_values_are_compared_in_32_bits():
    # 1.5 + 1e-9 is 1.5 in 32 bits, as the trees were grown: it goes left
    assert tree_risks(two_trees(), np.array([[1.5 + 1e-9, 0, 9], [1.5 + 1e-6, 0, 9]]))[0].tolist() == [0.1, 0.4]


def test_the_risks_are_those_of_scikit_learn():
    trees, found = grown()
    new = rows(500, seed=2)
    expected = np.array([0.01 + 0.98 * tree.predict(new) for tree in trees])
    assert np.array_equal(tree_risks(found, new), expected)


def test_trees_of_classes_are_arrays_too():
    X = rows()
    tree = DecisionTreeClassifier(min_samples_leaf=9, random_state=0).fit(X, X[:, 0] > 0.2 * X[:, 2] / 1e5)
    found = forest_of([tree], [0.01 + 0.98 * tree.tree_.value[:, 0, 1]])
    assert np.array_equal(tree_risks(found, X)[0], 0.01 + 0.98 * tree.predict_proba(X)[:, 1])


def test_many_rows_are_walked_in_blocks(monkeypatch):
    _, found = grown()
    whole = tree_risks(found, rows(100))
    monkeypatch.setattr(forest_file, "_BLOCK_NUMBERS", 21)  # three rows of seven trees
    assert np.array_equal(tree_risks(found, rows(100)), whole)
    monkeypatch.setattr(forest_file, "_BLOCK_NUMBERS", 1)
    assert np.array_equal(tree_risks(found, rows(100)), whole)
    assert tree_risks(found, np.empty((0, COLUMNS))).shape == (7, 0)


def test_another_numbering_of_the_nodes_is_noticed():
    (tree, *_), _ = grown(trees=1)

    class Other:
        tree_ = type("Tree", (), {})()

    for name in ("node_count", "feature", "threshold"):
        setattr(Other.tree_, name, getattr(tree.tree_, name))
    Other.tree_.children_left, Other.tree_.children_right = tree.tree_.children_right, tree.tree_.children_left
    with pytest.raises(ValueError, match="no longer numbers"):
        forest_of([Other], [tree.tree_.value[:, 0, 0]])


# The file


def test_a_forest_reads_back_bit_for_bit():
    for found in (two_trees(), grown()[1]):
        data = write_forest(found)
        assert len(data) == 16 * found.nodes.sum()
        again = read_forest(data, "forest.bin", COLUMNS, found.nodes.tolist())
        for name in ("feature", "right", "number", "nodes"):
            assert np.array_equal(getattr(again, name), getattr(found, name))
            assert getattr(again, name).dtype == getattr(found, name).dtype
        assert write_forest(again) == data
        assert np.array_equal(tree_risks(again, rows()), tree_risks(found, rows()))


def test_the_bytes_of_a_leaf_by_hand():
    # -1 and 0 as little-endian 32-bit numbers, 0.5 as a little-endian double
    data = write_forest(forest([-1], [0], [0.5], [1]))
    assert data == b"\xff\xff\xff\xff" + b"\0\0\0\0" + b"\0\0\0\0\0\0\xe0\x3f"


@pytest.mark.parametrize(
    ("name", "place", "value", "expected"),
    [
        ("feature", 0, 3, "columns 0 to 2"),
        ("feature", 2, -2, "columns 0 to 2"),
        ("feature", 0, 2**31 - 1, "columns 0 to 2"),
        ("right", 0, 5, "children within their tree"),  # the next tree's root
        ("right", 0, 99, "children within their tree"),
        ("right", 0, -1, "children within their tree"),
        ("right", 0, -(2**31), "children within their tree"),
        ("right", 0, 0, "children within their tree"),  # a loop to itself
        ("right", 2, 0, "children within their tree"),  # a loop to the root
        ("right", 0, 1, "children within their tree"),  # both answers lead to one node
        ("right", 0, 3, "each node once"),  # node 3 has two parents, node 2 none
        ("right", 1, 3, "children within their tree"),  # a leaf with a child
        ("feature", 4, 0, "children within their tree"),  # a question at the end, with nothing after it
        ("feature", 5, 0, "children within their tree"),
        ("feature", 0, -1, "children within their tree"),
        ("feature", 2, -1, "children within their tree"),
        ("number", 0, np.nan, "finite thresholds"),
        ("number", 0, np.inf, "finite thresholds"),
        ("number", 0, 1e32, "finite thresholds"),
        ("number", 1, np.nan, "finite thresholds"),
        ("number", 1, 0.0, "risks between 0 and 1"),
        ("number", 1, 1.0, "risks between 0 and 1"),
        ("number", 1, -0.5, "risks between 0 and 1"),
        ("number", 5, 1.5, "risks between 0 and 1"),
    ],
)
def test_a_forest_that_is_not_made_of_trees_is_refused(name, place, value, expected):
    found = two_trees()
    getattr(found, name)[place] = value
    with pytest.raises(ModelFileError, match=rf"forest\.bin: .*{expected}"):
        read_forest(write_forest(found), "forest.bin", COLUMNS, [5, 1])
    with pytest.raises(ModelFileError, match=expected):
        check_forest(found, "forest.bin", COLUMNS)


def test_a_leaf_that_nothing_leads_to_is_refused():
    # 0 -> (1, 2), both leaves; nodes 3 and 4 are sound leaves, but nobody's children
    lost = forest([0, -1, -1, -1, -1], [2, 0, 0, 0, 0], [0.0, 0.1, 0.2, 0.3, 0.4], [5])
    with pytest.raises(ModelFileError, match="each node once"):
        check_forest(lost, "forest.bin", COLUMNS)


@pytest.mark.parametrize("nodes", [[1, 5], [6], [3, 3], [2, 2, 2], [5, 2], [5], [5, 1, 1], [0, 6], [5, 1, 0], [7, -1]])
def test_wrong_numbers_of_nodes_are_refused(nodes):
    with pytest.raises(ModelFileError, match=r"forest\.bin"):
        read_forest(write_forest(two_trees()), "forest.bin", COLUMNS, nodes)


@pytest.mark.parametrize("cut", [lambda data: b"", lambda data: data[:-1], lambda data: data + b"\0"])
def test_wrong_lengths_are_refused(cut):
    with pytest.raises(ModelFileError, match="96 bytes for 6 nodes"):
        read_forest(cut(write_forest(two_trees())), "forest.bin", COLUMNS, [5, 1])


def test_sizes_beyond_all_memory_are_refused_before_any_is_taken():
    with pytest.raises(ModelFileError, match="bytes for 167772160000 nodes"):
        read_forest(write_forest(two_trees()), "forest.bin", COLUMNS, [2**24] * 10_000)


def chain(depth):
    """Return a tree in which each left child is a leaf and each right one asks on, ``depth`` questions deep."""
    feature = [0, -1] * depth + [-1]
    right = [place for step in range(depth) for place in (2 * step + 2, 0)] + [0]
    number = [place for step in range(depth) for place in (float(step), 0.25)] + [0.5]
    return forest(feature, right, number, [2 * depth + 1])


def test_trees_may_be_as_deep_as_they_are_grown_and_no_deeper():
    deepest = chain(LARGEST_DEPTH)
    check_forest(deepest, "forest.bin", 1)
    assert tree_risks(deepest, np.array([[-1.0], [1e9]])).tolist() == [[0.25, 0.5]]
    with pytest.raises(ModelFileError, match="each node once"):
        check_forest(chain(LARGEST_DEPTH + 1), "forest.bin", 1)


def test_a_web_of_shared_children_is_refused_at_once():
    # Every node leads to the next two: 2 ** 40 ways to the end, of which none may be walked
    size = 80
    feature, right = [0] * (size - 2) + [-1, -1], [*range(2, size), 0, 0]
    web = forest(feature, right, [0.5] * size, [size])
    with pytest.raises(ModelFileError, match="each node once"):
        check_forest(web, "forest.bin", 1)


@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_damaged_bytes_are_refused_or_give_risks(data):
    found = two_trees()
    raw = bytearray(write_forest(found))
    for _ in range(data.draw(st.integers(1, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        again = read_forest(bytes(raw), "forest.bin", COLUMNS, [5, 1])
    except ModelFileError:
        return
    risk = tree_risks(again, rows(20))
    assert ((risk > 0) & (risk < 1)).all()


@given(
    feature=st.lists(st.integers(-1, 2), min_size=6, max_size=6),
    right=st.lists(st.integers(-1, 7), min_size=6, max_size=6),
    nodes=st.sampled_from([[6], [5, 1], [1, 5], [3, 3], [2, 4], [1] * 6]),
)
@settings(max_examples=500, deadline=None)
def test_whatever_is_let_through_ends_in_leaves(feature, right, nodes):
    crafted = forest(feature, right, [0.5] * 6, nodes)
    try:
        check_forest(crafted, "forest.bin", COLUMNS)
    except ModelFileError:
        return
    assert (tree_risks(crafted, rows(20)) == 0.5).all()


LEAVES = st.floats(0.01, 0.99)
TREES = st.recursive(
    LEAVES, lambda tree: st.tuples(st.integers(0, COLUMNS - 1), st.integers(-2, 2), tree, tree), max_leaves=15
)


def numbered(tree):
    """Return feature, right child and number of each node of a nested tree, from left to right."""
    if isinstance(tree, float):
        return [(-1, 0, tree)]
    feature, threshold, *children = tree
    left, right = (numbered(child) for child in children)
    shifted = [
        [(column, place and place + start, number) for column, place, number in nodes]
        for nodes, start in ((left, 1), (right, 1 + len(left)))
    ]
    return [(feature, 1 + len(left), float(threshold)), *shifted[0], *shifted[1]]


def walked(tree, row):
    while not isinstance(tree, float):
        feature, threshold, left, right = tree
        tree = left if row[feature] <= threshold else right
    return tree


@given(trees=st.lists(TREES, min_size=1, max_size=4))
@settings(max_examples=60, deadline=None)
def test_every_sound_forest_is_read_and_walked(trees):
    nodes = [numbered(tree) for tree in trees]
    crafted = forest(*zip(*(node for each in nodes for node in each), strict=True), [len(each) for each in nodes])
    again = read_forest(write_forest(crafted), "forest.bin", COLUMNS, [len(each) for each in nodes])
    X = np.random.default_rng(0).integers(-3, 4, size=(20, COLUMNS)).astype(float)
    assert tree_risks(again, X).tolist() == [[walked(tree, row) for row in X] for tree in trees]
