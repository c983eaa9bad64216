"""Boosters as bytes: written by xgboost, and judged by us before xgboost reads them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, NoReturn

import numpy as np
from numpy.typing import NDArray

from relapse_model.classifiers.trees.ubjson import read_ubjson
from relapse_model.errors import ModelFileError

if TYPE_CHECKING:
    import xgboost

# Every array of a tree, with the type that xgboost writes; it reads them in C++ and checks none.
_NODE_ARRAYS = {
    "left_children": ">i4",
    "right_children": ">i4",
    "parents": ">i4",
    "split_indices": ">i4",
    "split_conditions": ">f4",
    "split_type": "u1",
    "default_left": "u1",
    "base_weights": ">f4",
    "loss_changes": ">f4",
    "sum_hessian": ">f4",
}
_CATEGORY_ARRAYS = ("categories", "categories_nodes", "categories_segments", "categories_sizes")
_TREE = {"id", "tree_param", *_NODE_ARRAYS, *_CATEGORY_ARRAYS}
_LEARNER = {
    "attributes", "feature_names", "feature_types", "gradient_booster", "learner_model_param", "objective",
}  # fmt: skip
_NO_CATEGORIES = {"enc", "feature_segments", "sorted_idx"}
_SIZE = {"base_score", "boost_from_average", "num_class", "num_feature", "num_target"}
_NO_PARENT = 2**31 - 1
_DEEPEST = 32  # as deep as trees may be grown; xgboost walks down by recursion
_SCORE = re.compile(r"\[?[0-9]{1,20}(\.[0-9]{0,30})?([eE]-?[0-9]{1,3})?\]?", re.ASCII)
_LEAF = -1
_LARGEST_LEAF = 1e9  # log-odds


def read_booster(data: bytes, name: str, columns: int, rounds: int) -> xgboost.Booster:
    """Return the booster that ``data`` holds, once every tree in it has been found sound.

    xgboost trusts the indices in its files; a crafted one could make it read outside its memory. So the
    file is read here first: right objective, right number of columns and trees, each tree a tree, finite
    numbers only.

    Parameters
    ----------
    data : bytes
        UBJSON, as ``Booster.save_raw("ubj")`` gives it.
    name : str
        Name of the part, for messages.
    columns, rounds : int
        How many columns and trees it must have.

    Returns
    -------
    xgboost.Booster
        Loaded, on one thread.

    Raises
    ------
    ModelFileError
        Naming the part and what was expected.
    """
    check_booster(data, name, columns, rounds)
    import xgboost

    booster = xgboost.Booster(params={"nthread": 1})
    try:
        booster.load_model(bytearray(data))
    except xgboost.core.XGBoostError as error:
        raise ModelFileError(f"{name}: xgboost cannot read this booster; save the model again.") from error
    return booster


def check_booster(data: bytes, name: str, columns: int, rounds: int) -> None:
    """Refuse a booster file that is not a sound binary logistic booster of this size (ModelFileError).

    Every key is one that xgboost writes for such a booster, none is missing, and each has the value, or the type and
    range, that it must have: whatever xgboost's loader reads has been judged here.
    """
    whole = _keys(read_ubjson(data, name), {"learner", "version"}, "a booster", name)
    version = whole["version"]
    _expect(isinstance(version, list) and _whole(version, 3) and 3 <= version[0] < 1000, name, "a version from 3")
    learner = _keys(whole["learner"], _LEARNER, "a learner", name)
    for key, form in (("attributes", dict), ("feature_names", list), ("feature_types", list)):
        _expect(type(learner[key]) is form and not learner[key], name, f"no {key}")
    objective = _keys(learner["objective"], {"name", "reg_loss_param"}, "an objective", name)
    _expect(objective["name"] == "binary:logistic", name, "the objective binary:logistic")
    _expect(objective["reg_loss_param"] == {"scale_pos_weight": "1"}, name, "an objective without weights")
    size = _keys(learner["learner_model_param"], _SIZE, "the size of a learner", name)
    _expect(size["num_feature"] == str(columns), name, f"{columns} columns")
    _expect(size["num_class"] == "0" and size["num_target"] == "1", name, "one outcome")
    _expect(size["boost_from_average"] in ("0", "1"), name, "boost_from_average of 0 or 1")
    _expect(0.0 < _base_score(size["base_score"]) < 1.0, name, "a base score between 0 and 1")
    booster = _keys(learner["gradient_booster"], {"model", "name"}, "a booster", name)
    _expect(booster["name"] == "gbtree", name, "a gbtree booster")
    _check_model(booster["model"], name, columns, rounds)


def _check_model(value: object, name: str, columns: int, rounds: int) -> None:
    keys = {"cats", "gbtree_model_param", "iteration_indptr", "tree_info", "trees"}
    model = _keys(value, keys, "trees", name)
    cats = _keys(model["cats"], _NO_CATEGORIES, "no categories", name)
    _expect(all(len(_numbers(found)) == 0 for found in cats.values()), name, "no categories")
    counts = model["gbtree_model_param"]
    _expect(counts == {"num_parallel_tree": "1", "num_trees": str(rounds)}, name, f"{rounds} trees, one per round")
    trees, info, begins = model["trees"], model["tree_info"], model["iteration_indptr"]
    _expect(isinstance(trees, list) and len(trees) == rounds, name, f"{rounds} trees")
    _expect(_whole(info, rounds) and info == [0] * rounds, name, "trees of one outcome")
    _expect(_whole(begins, rounds + 1) and begins == list(range(rounds + 1)), name, "one tree per round")
    if rounds:
        each = [_keys(tree, _TREE, "a tree", name) for tree in trees]  # type: ignore[attr-defined]
        # xgboost puts each tree at the place that its id says, and walks over the places that stay empty.
        ids = [tree["id"] for tree in each]
        _expect(_whole(ids, rounds) and ids == list(range(rounds)), name, "trees with the ids 0, 1, 2, ...")
        nodes = np.array([_check_size(tree, name, columns) for tree in each])
        arrays = {key: np.concatenate([_numbers(tree[key]) for tree in each]) for key in _NODE_ARRAYS}
        _check_nodes(arrays, name, columns)
        _check_links(arrays, nodes, name)


def _check_size(tree: Mapping[str, object], name: str, columns: int) -> int:
    """Return the number of nodes, once all of a tree's arrays are found to have that length and their type."""
    typed = all(isinstance(tree[key], np.ndarray) and tree[key].dtype == kind for key, kind in _NODE_ARRAYS.items())  # type: ignore[attr-defined]
    _expect(typed, name, "arrays of the types that xgboost writes")
    lengths = {len(_numbers(tree[key])) for key in _NODE_ARRAYS}
    nodes = lengths.pop()
    _expect(nodes > 0 and not lengths, name, "arrays of one length for the nodes of a tree")
    right = {"num_nodes": nodes, "num_deleted": 0, "num_feature": columns, "size_leaf_vector": 1}
    _expect(tree["tree_param"] == {key: str(number) for key, number in right.items()}, name, "the size of a tree")
    _expect(all(not len(_numbers(tree[key])) for key in _CATEGORY_ARRAYS), name, "no categories")
    return nodes


def _check_nodes(arrays: Mapping[str, NDArray[np.float64]], name: str, columns: int) -> None:
    _expect(all(np.isfinite(values).all() for values in arrays.values()), name, "finite numbers")
    leaves = arrays["split_conditions"][arrays["left_children"] == _LEAF]
    largest = max(np.abs(leaves).max(initial=0.0), np.abs(arrays["base_weights"]).max())
    _expect(largest <= _LARGEST_LEAF, name, f"leaves within {_LARGEST_LEAF:g} log-odds")
    _expect(not arrays["split_type"].any(), name, "numerical splits")
    _expect((arrays["default_left"] <= 1).all(), name, "a side for missing values")
    _expect((arrays["sum_hessian"] >= 0).all(), name, "weights of 0 or more")
    split = arrays["split_indices"]
    _expect(((split >= 0) & (split < columns)).all(), name, f"splits on columns 0 to {columns - 1}")


def _check_links(arrays: Mapping[str, NDArray[np.float64]], nodes: NDArray[np.int64], name: str) -> None:
    """Check that each tree is one: every node but the first is the child of one earlier node of its tree."""
    first = np.repeat(np.cumsum(nodes) - nodes, nodes)  # where each node's tree begins
    own = np.arange(len(first)) - first
    left, right = arrays["left_children"], arrays["right_children"]
    inner = left != _LEAF
    _expect(np.array_equal(inner, right != _LEAF), name, "two children or none")
    child = np.concatenate([left[inner], right[inner]])
    size = np.repeat(nodes, nodes)[inner]
    _expect(((child > 0) & (child < np.tile(size, 2))).all(), name, "children within their tree")
    place = child.astype(np.int64) + np.tile(first[inner], 2)
    parent = np.tile(own[inner], 2)
    _expect(np.array_equal(np.sort(place), np.flatnonzero(own > 0)), name, "each node once")
    _expect(((child > parent) & (arrays["parents"][place] == parent)).all(), name, "parents before children")
    _expect((arrays["parents"][own == 0] == _NO_PARENT).all(), name, "no parent of the first node")
    _check_depth(left, right, nodes, name)


def _check_depth(left: NDArray[np.float64], right: NDArray[np.float64], nodes: NDArray[np.int64], name: str) -> None:
    """Walk down all trees at once, level by level."""
    first = np.cumsum(nodes) - nodes
    level, begin = first, first
    for _ in range(_DEEPEST + 1):
        inner = left[level] != _LEAF
        level, begin = level[inner], begin[inner]
        if not len(level):
            return
        level = np.concatenate([left[level], right[level]]).astype(np.int64) + np.tile(begin, 2)
        begin = np.tile(begin, 2)
    _refuse(name, f"trees of at most {_DEEPEST} levels")


def _keys(value: object, keys: set[str], what: str, name: str) -> Mapping[str, object]:
    """Return an object that has exactly these keys."""
    if not isinstance(value, dict) or set(value) != keys:
        _refuse(name, f"{what} with the entries {', '.join(sorted(keys))}, and no other")
    return value


def _whole(values: object, length: int) -> bool:
    """Tell whether these are whole numbers; True and False are none."""
    return isinstance(values, list) and len(values) == length and all(type(value) is int for value in values)


def _numbers(values: object) -> NDArray[np.float64]:
    """Return the numbers of a typed array; anything else becomes one NaN, which no check accepts."""
    # xgboost writes an empty array without a type.
    found = np.empty(0) if isinstance(values, list) and not values else values
    return found.astype(np.float64) if isinstance(found, np.ndarray) else np.full(1, np.nan)


def _base_score(text: object) -> float:
    return float(text.strip("[]")) if isinstance(text, str) and _SCORE.fullmatch(text) else np.nan


def _expect(true: bool | np.bool_, name: str, what: str) -> None:
    if not true:
        _refuse(name, what)


def _refuse(name: str, what: str) -> NoReturn:
    raise ModelFileError(
        f"{name}: not a booster this classifier writes; expected {what}. The file is damaged or was changed: "
        "save the model again, or get it from its source."
    )
