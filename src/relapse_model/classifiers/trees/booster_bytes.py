"""Boosters as bytes: written by xgboost, and judged by us before xgboost reads them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NoReturn

import numpy as np
from numpy.typing import NDArray

from relapse_model.classifiers.trees.ubjson import read_ubjson
from relapse_model.errors import ModelFileError

if TYPE_CHECKING:
    import xgboost

_NODE_ARRAYS = (
    "left_children",
    "right_children",
    "parents",
    "split_indices",
    "split_conditions",
    "split_type",
    "default_left",
    "base_weights",
    "loss_changes",
    "sum_hessian",
)
_CATEGORY_ARRAYS = ("categories", "categories_nodes", "categories_segments", "categories_sizes")
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
    """Refuse a booster file that is not a sound binary logistic booster of this size (ModelFileError)."""
    learner = _part(_mapping(read_ubjson(data, name), "an object", name), "learner", name)
    objective = _part(learner, "objective", name)
    _expect(objective.get("name") == "binary:logistic", name, "the objective binary:logistic")
    size = _part(learner, "learner_model_param", name)
    _expect(size.get("num_feature") == str(columns), name, f"{columns} columns")
    _expect(size.get("num_class") == "0" and size.get("num_target") == "1", name, "one outcome")
    _expect(0.0 < _base_score(size.get("base_score")) < 1.0, name, "a base score between 0 and 1")
    booster = _part(learner, "gradient_booster", name)
    _expect(booster.get("name") == "gbtree", name, "a gbtree booster")
    _check_model(_part(booster, "model", name), name, columns, rounds)


def _check_model(model: Mapping[str, object], name: str, columns: int, rounds: int) -> None:
    found = model.get("trees")
    trees = [_mapping(tree, "a tree", name) for tree in found] if isinstance(found, list) else []
    counts = _part(model, "gbtree_model_param", name)
    _expect(counts.get("num_parallel_tree") == "1", name, "one tree per round")
    _expect(counts.get("num_trees") == str(rounds) and len(trees) == rounds, name, f"{rounds} trees")
    _expect(model.get("tree_info") == [0] * rounds, name, "trees of one outcome")
    _expect(model.get("iteration_indptr") == list(range(rounds + 1)), name, "one tree per round")
    if trees:
        nodes = np.array([_check_size(tree, name, columns) for tree in trees])
        arrays = {key: np.concatenate([_numbers(tree[key]) for tree in trees]) for key in _NODE_ARRAYS}
        _check_nodes(arrays, name, columns)
        _check_links(arrays, nodes, name)


def _check_size(tree: Mapping[str, object], name: str, columns: int) -> int:
    """Return the number of nodes, once all of a tree's arrays are found to have that length."""
    lengths = {len(_numbers(tree.get(key))) for key in _NODE_ARRAYS}
    nodes = lengths.pop()
    _expect(nodes > 0 and not lengths, name, "arrays of one length for the nodes of a tree")
    size = _part(tree, "tree_param", name)
    right = {"num_nodes": nodes, "num_deleted": 0, "num_feature": columns, "size_leaf_vector": 1}
    _expect(all(size.get(key) == str(number) for key, number in right.items()), name, "the size of a tree")
    _expect(all(not len(_numbers(tree.get(key))) for key in _CATEGORY_ARRAYS), name, "no categories")
    return nodes


def _check_nodes(arrays: Mapping[str, NDArray[np.float64]], name: str, columns: int) -> None:
    _expect(all(np.isfinite(values).all() for values in arrays.values()), name, "finite numbers")
    leaves = arrays["split_conditions"][arrays["left_children"] == _LEAF]
    largest = max(np.abs(leaves).max(initial=0.0), np.abs(arrays["base_weights"]).max())
    _expect(largest <= _LARGEST_LEAF, name, f"leaves within {_LARGEST_LEAF:g} log-odds")
    _expect(not arrays["split_type"].any(), name, "numerical splits")
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


def _part(parent: Mapping[str, object], key: str, name: str) -> Mapping[str, object]:
    return _mapping(parent.get(key), f"an entry {key!r}", name)


def _mapping(value: object, what: str, name: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        _refuse(name, what)
    return value


def _numbers(values: object) -> NDArray[np.float64]:
    """Return the numbers of a typed array; anything else becomes one NaN, which no check accepts."""
    # xgboost writes an empty array without a type.
    found = np.empty(0) if isinstance(values, list) and not values else values
    return found.astype(np.float64) if isinstance(found, np.ndarray) else np.full(1, np.nan)


def _base_score(text: object) -> float:
    try:
        return float(str(text).strip("[]"))
    except ValueError:
        return np.nan


def _expect(true: bool | np.bool_, name: str, what: str) -> None:
    if not true:
        _refuse(name, what)


def _refuse(name: str, what: str) -> NoReturn:
    raise ModelFileError(
        f"{name}: not a booster this classifier writes; expected {what}. The file is damaged or was changed: "
        "save the model again, or get it from its source."
    )
