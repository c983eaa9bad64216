"""Forests as plain arrays: grown by scikit-learn, saved without pickle, walked by numpy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from relapse_model.arrays import Floats
from relapse_model.errors import ModelFileError

LARGEST_DEPTH = 60  # of a tree; deeper ones are neither grown nor read
_LEAF = -1
_LARGEST_THRESHOLD = 1e31  # no measurement is beyond 1e30
_BLOCK_NUMBERS = 1_000_000  # numbers per block of rows (8 MB)
_LAYOUT = (("feature", "<i4"), ("right", "<i4"), ("number", "<f8"))  # one array after the other


@dataclass(frozen=True, slots=True)
class Forest:
    """Binary trees, one after the other; the left child of a node is the node after it.

    Attributes
    ----------
    feature : ndarray of int32 of shape (nodes,)
        Column that a node asks for; -1 at a leaf.
    right : ndarray of int32 of shape (nodes,)
        Right child, counted from the first node of its tree; 0 at a leaf.
    number : ndarray of shape (nodes,)
        Threshold of a question (up to it, go left), risk of a leaf.
    nodes : ndarray of int64 of shape (trees,)
        Nodes of each tree.
    """

    feature: NDArray[np.int32]
    right: NDArray[np.int32]
    number: Floats
    nodes: NDArray[np.int64]


def forest_of(trees: Sequence[Any], risks: Sequence[Floats]) -> Forest:
    """Return scikit-learn's trees as plain arrays.

    Parameters
    ----------
    trees : sequence of DecisionTreeRegressor or DecisionTreeClassifier
        Fitted.
    risks : sequence of ndarray
        Risk of every node of each tree.
    """
    grown = [tree.tree_ for tree in trees]
    left = np.concatenate([tree.children_left for tree in grown])
    nodes = np.array([tree.node_count for tree in grown], dtype=np.int64)
    leaf = left == _LEAF
    after = np.concatenate([np.arange(1, count + 1) for count in nodes])
    if not np.array_equal(left[~leaf], after[~leaf]):
        raise ValueError("scikit-learn no longer numbers the nodes of a tree from left to right")
    threshold = np.concatenate([tree.threshold for tree in grown])
    return Forest(
        feature=np.where(leaf, _LEAF, np.concatenate([tree.feature for tree in grown])).astype(np.int32),
        right=np.where(leaf, 0, np.concatenate([tree.children_right for tree in grown])).astype(np.int32),
        number=np.where(leaf, np.concatenate(risks), threshold),
        nodes=nodes,
    )


def tree_risks(forest: Forest, X: Floats) -> Floats:
    """Return the risk that each tree gives each row, shape (trees, n); complete rows, as the trees were grown.

    scikit-learn compares values rounded to 32 bits, and so does this.
    """
    values, first = X.astype(np.float32), _first(forest.nodes)
    right = forest.right.astype(np.int64) + np.repeat(first, forest.nodes)
    risk = np.empty((len(first), len(X)))
    size = max(1, _BLOCK_NUMBERS // len(first))
    for start in range(0, len(X), size):
        rows = slice(start, start + size)
        risk[:, rows] = forest.number[_leaves(forest, right, first, values[rows])]
    return risk


def write_forest(forest: Forest) -> bytes:
    """Return the arrays as little-endian bytes; ``read_forest`` gives them back bit for bit."""
    return b"".join(getattr(forest, name).astype(kind).tobytes() for name, kind in _LAYOUT)


def read_forest(data: bytes, name: str, columns: int, nodes: Sequence[int]) -> Forest:
    """Return the forest that ``data`` holds, once every tree in it has been found sound.

    Parameters
    ----------
    data : bytes
        As ``write_forest`` gave it.
    name : str
        Name of the part, for messages.
    columns : int
        How many columns there are to ask for.
    nodes : sequence of int
        Nodes of each tree.

    Raises
    ------
    ModelFileError
        Naming the part and what was expected.
    """
    total = sum(nodes)
    sizes = [total * np.dtype(kind).itemsize for _, kind in _LAYOUT]
    _expect(min(nodes) > 0 and len(data) == sum(sizes), name, f"{sum(sizes)} bytes for {total} nodes")
    starts = np.cumsum([0, *sizes])
    arrays = {
        key: np.frombuffer(data, kind, total, int(start)).astype(kind[1:])
        for (key, kind), start in zip(_LAYOUT, starts, strict=False)
    }
    forest = Forest(**arrays, nodes=np.array(nodes, dtype=np.int64))
    check_forest(forest, name, columns)
    return forest


def check_forest(forest: Forest, name: str, columns: int) -> None:
    """Refuse a forest that is not made of sound trees of this many columns (ModelFileError)."""
    leaf = forest.feature == _LEAF
    inside = (forest.feature >= 0) & (forest.feature < columns)
    _expect((leaf | inside).all(), name, f"questions about columns 0 to {columns - 1}")
    own = np.arange(len(leaf)) - np.repeat(_first(forest.nodes), forest.nodes)
    within = (forest.right > own + 1) & (forest.right < np.repeat(forest.nodes, forest.nodes))
    _expect((leaf | within).all() and not forest.right[leaf].any(), name, "children within their tree")
    _expect((np.abs(forest.number) <= _LARGEST_THRESHOLD).all(), name, "finite thresholds")
    risk = forest.number[leaf]
    _expect(((risk > 0) & (risk < 1)).all(), name, "risks between 0 and 1 at the leaves")
    _check_links(forest, name)


def _check_links(forest: Forest, name: str) -> None:
    """Walk all trees at once, level by level: every node must be met once."""
    right = forest.right.astype(np.int64) + np.repeat(_first(forest.nodes), forest.nodes)
    levels = [_first(forest.nodes)]
    while len(levels) <= LARGEST_DEPTH and sum(map(len, levels)) <= len(forest.feature):
        inner = levels[-1][forest.feature[levels[-1]] != _LEAF]
        levels.append(np.concatenate([inner + 1, right[inner]]))
    met = np.sort(np.concatenate(levels))
    _expect(np.array_equal(met, np.arange(len(forest.feature))), name, "trees that meet each node once")


def _leaves(
    forest: Forest, right: NDArray[np.int64], first: NDArray[np.int64], values: NDArray[np.float32]
) -> NDArray[np.int64]:
    """Return the leaf of each row in each tree, (trees, n), as places in the arrays of the forest."""
    place = np.repeat(first[:, None], len(values), axis=1)
    row = np.arange(len(values))
    while True:
        feature = forest.feature[place]
        inner = feature != _LEAF
        if not inner.any():
            return place
        low = values[row, np.maximum(feature, 0)] <= forest.number[place]
        place = np.where(inner, np.where(low, place + 1, right[place]), place)


def _first(nodes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where each tree begins."""
    return np.cumsum(nodes) - nodes


def _expect(true: bool | np.bool_, name: str, what: str) -> None:
    if not true:
        _refuse(name, what)


def _refuse(name: str, what: str) -> NoReturn:
    raise ModelFileError(
        f"{name}: not a forest this classifier writes; expected {what}. The file is damaged or was changed: "
        "save the model again, or get it from its source."
    )
