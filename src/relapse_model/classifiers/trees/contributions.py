"""Exact SHAP values of small trees, read from tables that hold every answer the trees can give."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relapse_model.arrays import Floats
from relapse_model.classifiers.trees.ubjson import read_ubjson
from relapse_model.errors import RelapseModelError

Places = NDArray[np.intp]

_LEAF = -1
_NODE_ARRAYS = (
    "left_children",
    "right_children",
    "split_indices",
    "split_conditions",
    "default_left",
    "sum_hessian",
)
_MOST_COLUMNS = 4  # different columns on one path
_MOST_CELLS = 2**14  # of one table: it should stay in the processor's cache
_MOST_NUMBERS = 2**23  # of all tables together: 64 MiB
_COUNTED_UP_TO = 100  # thresholds: so many comparisons of a whole block take less time than searching in each row
_ROWS_AT_ONCE = 16_384


@dataclass(frozen=True, slots=True)
class Condition:
    """What one column must be for a row to stay on a path.

    Attributes
    ----------
    low, high : float
        At least ``low`` and below ``high``, as 32-bit numbers.
    missing : bool
        Whether a missing value stays on the path.
    share : float
        Share of the training rows (by cover) that the path keeps at the nodes that test this column.
    """

    low: float
    high: float
    missing: bool
    share: float


@dataclass(frozen=True, slots=True)
class LeafPath:
    """One leaf of a tree: its log-odds, and the condition on each column that leads to it."""

    value: float
    conditions: Mapping[int, Condition]


@dataclass(frozen=True, slots=True)
class Table:
    """Contributions of all paths that test the same columns, for each cell of the grid of their thresholds.

    Attributes
    ----------
    columns : tuple of int
    steps : tuple of ndarray of int
        For each column, what each of its bins adds to the number of the cell.
    values : tuple of ndarray of shape (cells,)
        The contribution of each column.
    """

    columns: tuple[int, ...]
    steps: tuple[Places, ...]
    values: tuple[Floats, ...]


@dataclass(frozen=True, slots=True)
class TreeTables:
    """Tables from which the contributions of any row are summed.

    Attributes
    ----------
    base : float
        Mean log-odds of the trees over the training rows, by cover.
    thresholds : tuple of ndarray of float32
        Of each column, ascending; where a column is used, infinity is the last, which only a missing value passes.
    tables : tuple of Table
    """

    base: float
    thresholds: tuple[NDArray[np.float32], ...]
    tables: tuple[Table, ...]

    def contributions(self, X: Floats) -> Floats:
        """Return path-dependent TreeSHAP values, shape (n, p + 1); the last column is the base value.

        Parameters
        ----------
        X : ndarray of shape (n, p)
            Finite, or NaN for missing.
        """
        by_column = np.zeros((X.shape[1] + 1, len(X)))  # each column in one piece: that is how it is summed
        by_column[-1] = self.base
        for start in range(0, len(X), _ROWS_AT_ONCE):
            rows = slice(start, start + _ROWS_AT_ONCE)
            self._add(np.ascontiguousarray(X[rows].T, dtype=np.float32), by_column[:, rows])
        return by_column.T

    def _add(self, columns: NDArray[np.float32], found: Floats) -> None:
        """Add the contributions of a block of rows to `found`, both column by column."""
        place = [_bins(values, edges) for values, edges in zip(columns, self.thresholds, strict=True)]
        cell, step = (np.empty(columns.shape[1], dtype=np.intp) for _ in range(2))
        value = np.empty(columns.shape[1])
        for table in self.tables:  # every number is in range: "clip" only spares numpy a copy
            np.take(table.steps[0], place[table.columns[0]], out=cell, mode="clip")
            for column, steps in zip(table.columns[1:], table.steps[1:], strict=True):
                cell += np.take(steps, place[column], out=step, mode="clip")
            for column, values in zip(table.columns, table.values, strict=True):
                found[column] += np.take(values, cell, out=value, mode="clip")


def tree_paths(booster: bytes) -> tuple[list[LeafPath], float]:
    """Return every path of a booster's trees, and the log-odds from which the trees start.

    Parameters
    ----------
    booster : bytes
        UBJSON, as ``Booster.save_raw("ubj")`` gives it; of numerical splits and one outcome.

    Raises
    ------
    RelapseModelError
        If a node has no cover, so that its share of the rows is unknown.
    """
    trees, start = paths_by_tree(booster)
    return [path for tree in trees for path in tree], start


def paths_by_tree(booster: bytes) -> tuple[list[list[LeafPath]], float]:
    """Return what `tree_paths` returns, the paths of each tree in a list of their own, in the order of the trees."""
    learner: Any = read_ubjson(booster, "the booster")
    learner = learner["learner"]
    start = float(np.float32(learner["learner_model_param"]["base_score"].strip("[]")))
    trees = learner["gradient_booster"]["model"]["trees"]
    return [_paths(tree) for tree in trees], math.log(start) - math.log1p(-start)


def tree_tables(paths: Sequence[LeafPath], start: float, columns: int) -> TreeTables | None:
    """Return the tables of some trees, or None where the trees are too large for tables.

    The Shapley values of a sum of games are the sums of theirs, so each leaf is a game of its own, in which only the
    columns on its path play. Where a column's value is known, the path keeps the row or not (1 or 0); where it is
    not, it keeps the share of the rows that the cover tells. The worth of a set of known columns is the product of
    these, times the leaf. Which leaf a row meets, and so all of this, depends only on the bins of its columns between
    the thresholds: paths that test the same columns share one table over their bins.

    Too large: more than 4 different columns on one path (trees of depth 4 have no more), or tables of more than
    2 ** 23 numbers.

    Parameters
    ----------
    paths : sequence of LeafPath
    start : float
        Log-odds from which the trees start.
    columns : int
        Of the rows.

    References
    ----------
    Lundberg et al. 2020, doi:10.1038/s42256-019-0138-9, for the definition (path-dependent expectations).

    Examples
    --------
    A stump: log-odds of 1 below 0.5, where 3 in 4 training rows lie, 5 from there on, so 2 on average.

    >>> low, high = Condition(-np.inf, 0.5, False, 0.75), Condition(0.5, np.inf, True, 0.25)
    >>> tables = tree_tables([LeafPath(1.0, {0: low}), LeafPath(5.0, {0: high})], 0.0, 1)
    >>> tables.contributions(np.array([[0.0], [0.5], [np.nan]])).tolist()
    [[-1.0, 2.0], [3.0, 2.0], [3.0, 2.0]]
    """
    if max((len(path.conditions) for path in paths), default=0) > _MOST_COLUMNS:
        return None
    every = [_thresholds(paths, column) for column in range(columns)]
    games: dict[tuple[int, ...], list[LeafPath]] = defaultdict(list)
    for path in paths:
        games[tuple(sorted(path.conditions))].append(path)
    tables, numbers = [], 0
    for tested, alike in games.items():
        for part in _small_parts(alike, tested) if tested else ():
            tables.append(_table(part, tested, every))
            numbers += sum(values.size for values in tables[-1].values)
            if numbers > _MOST_NUMBERS:
                return None
    base = start + sum(path.value * math.prod(one.share for one in path.conditions.values()) for path in paths)
    edges = [np.append(some, np.inf) if some.size else some for some in every]
    return TreeTables(base, tuple(some.astype(np.float32) for some in edges), tuple(tables))


def _paths(tree: Mapping[str, Any]) -> list[LeafPath]:
    """Return the paths of one tree, as xgboost walks it: left where below the threshold."""
    left, right, split, condition, default_left, cover = (tree[key].tolist() for key in _NODE_ARRAYS)
    found, waiting = [], [(0, dict[int, Condition]())]
    while waiting:
        node, before = waiting.pop()
        if left[node] == _LEAF:
            found.append(LeafPath(condition[node], before))
            continue
        if not min(cover[left[node]], cover[right[node]]) > 0:
            raise RelapseModelError(
                "The trees hold a node that no training row reached (cover 0); expected nodes with cover, as xgboost "
                "grows them. What it adds cannot be shared among the columns: fit the trees again."
            )
        column, at, total = split[node], condition[node], cover[left[node]] + cover[right[node]]
        old = before.get(column, Condition(-math.inf, math.inf, True, 1.0))
        goes_left = bool(default_left[node])
        for child, low, high, missing in (
            (left[node], old.low, min(old.high, at), goes_left),
            (right[node], max(old.low, at), old.high, not goes_left),
        ):
            one = Condition(low, high, old.missing and missing, old.share * cover[child] / total)
            waiting.append((child, {**before, column: one}))
    return found


def _thresholds(paths: Iterable[LeafPath], column: int) -> Floats:
    """Return the finite limits of a column, ascending."""
    tests = [path.conditions[column] for path in paths if column in path.conditions]
    limits = {limit for one in tests for limit in (one.low, one.high)}
    return np.array(sorted(limit for limit in limits if math.isfinite(limit)))


def _small_parts(paths: list[LeafPath], tested: tuple[int, ...]) -> list[list[LeafPath]]:
    """Split the paths so that each part has a grid of few cells."""
    cells = math.prod(len(_thresholds(paths, column)) + 2 for column in tested)
    if cells <= _MOST_CELLS or len(paths) == 1:
        return [paths]
    half = len(paths) // 2
    return _small_parts(paths[:half], tested) + _small_parts(paths[half:], tested)


def _table(paths: Sequence[LeafPath], tested: tuple[int, ...], every: Sequence[Floats]) -> Table:
    """Tabulate paths that all test the same columns; the last bin of each column is for missing values."""
    limits = [_thresholds(paths, column) for column in tested]
    sizes = [len(some) + 2 for some in limits]
    strides = [math.prod(sizes[place + 1 :]) for place in range(len(sizes))]
    steps = []
    for column, some, stride in zip(tested, limits, strides, strict=True):
        own = np.searchsorted(some, np.append(-np.inf, every[column]), side="right")
        steps.append(np.append(own, len(some) + 1) * stride)
    kept = [
        _kept([path.conditions[column] for path in paths], some) for column, some in zip(tested, limits, strict=True)
    ]
    share = [np.array([[path.conditions[column].share] for path in paths]) for column in tested]
    values = _shapley_of_products(np.array([path.value for path in paths]), kept, share)
    return Table(tested, tuple(steps), tuple(values))


def _kept(tests: Sequence[Condition], limits: Floats) -> Floats:
    """Return for each path and each bin 1 where the path keeps it, else 0."""
    low, high = np.array([(one.low, one.high) for one in tests]).T[:, :, None]
    inside = (low <= np.append(-np.inf, limits)) & (np.append(limits, np.inf) <= high)
    return np.column_stack([inside, [one.missing for one in tests]]).astype(np.float64)


def _shapley_of_products(value: Floats, kept: Sequence[Floats], share: Sequence[Floats]) -> list[Floats]:
    """Return the Shapley value of each column in each cell, summed over paths.

    The worth of a set S is value * prod(kept in S) * prod(share outside), so the value of column i is the integral
    over t from 0 to 1 of value * (kept_i - share_i) * prod over the others of (share + t * (kept - share)): Owen 1972,
    doi:10.1287/mnsc.18.5.64. It is a polynomial of t, which Gauss and Legendre's nodes integrate exactly.
    """
    place, weight = np.polynomial.legendre.leggauss((len(kept) + 1) // 2)
    gain = [one - part for one, part in zip(kept, share, strict=True)]
    found = [np.zeros(math.prod(one.shape[1] for one in kept)) for _ in kept]
    for t, w in zip((place + 1.0) / 2.0, weight / 2.0, strict=True):
        others = [part + t * more for part, more in zip(share, gain, strict=True)]
        for column, more in enumerate(gain):
            factors = [*others[:column], w * value[:, None] * more, *others[column + 1 :]]
            found[column] += _sum_of_products(factors)
    return found


def _sum_of_products(factors: Sequence[Floats]) -> Floats:
    """Return sum over paths of the outer product of their factors, flat; each factor has shape (paths, bins)."""
    product = np.ones((len(factors[0]), 1))
    for factor in factors[:-1]:
        product = (product[:, :, None] * factor[:, None, :]).reshape(len(factor), -1)
    summed: Floats = (product.T @ factors[-1]).ravel()
    return summed


def _bins(values: NDArray[np.float32], thresholds: NDArray[np.float32]) -> Places:
    """Return how many thresholds each value is not below; a missing one is below none."""
    if len(thresholds) > _COUNTED_UP_TO:
        return np.searchsorted(thresholds, values, side="right")
    below, count = np.empty(len(values), dtype=bool), np.zeros(len(values), dtype=np.int8)
    for threshold in thresholds:
        np.less(values, threshold, out=below)
        count += below.view(np.int8)
    return len(thresholds) - count.astype(np.intp)
