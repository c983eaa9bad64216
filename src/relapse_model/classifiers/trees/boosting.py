"""Boosted trees on arrays: rows prepared once, fitted without chance, read after any number of rounds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from relapse_model.arrays import Floats, Mask
from relapse_model.classifiers.shared.base import TrainingRows
from relapse_model.classifiers.shared.compiled import can_be_compiled
from relapse_model.classifiers.shared.folds import log_loss_total

if TYPE_CHECKING:
    import xgboost

_BINS = 256  # of a column, by xgboost's default
_MOST_COMPILED_DEPTH = 6


def round_counts(most: int) -> NDArray[np.int64]:
    """Return the numbers of rounds that are compared: 0, then about a dozen, each a third more than the last.

    Examples
    --------
    >>> round_counts(10).tolist()
    [0, 1, 2, 3, 4, 5, 6, 7, 9, 10]
    """
    counts = np.append(0, np.round(np.geomspace(1, max(most, 1), 16)).astype(np.int64))
    return np.unique(counts[counts <= most])


def mean_log_odds(rows: TrainingRows) -> float:
    """Return the log-odds of the weighted mean risk, from which trees without a margin start."""
    risk = rows.weight @ rows.event / rows.weight.sum()
    return float(np.log(risk) - np.log1p(-risk))


def matrix_of(X: Floats, rows: TrainingRows | None = None, margin: Floats | None = None) -> xgboost.DMatrix:
    """Return rows as xgboost takes them, with outcomes and weights where they are to be learned from.

    Parameters
    ----------
    X : ndarray of shape (n, p)
    rows : TrainingRows, optional
    margin : ndarray of shape (n,), optional
        Log-odds from which the trees of each row start.
    """
    import xgboost

    outcome = {} if rows is None else {"label": rows.event, "weight": rows.weight}
    return xgboost.DMatrix(X, base_margin=margin, nthread=1, **outcome)


def log_odds_after(booster: xgboost.Booster, matrix: xgboost.DMatrix, rounds: int = 0) -> Floats:
    """Return log-odds after the first ``rounds`` trees; 0 is all of them."""
    found = booster.predict(matrix, output_margin=True, iteration_range=(0, rounds))
    return np.asarray(found, dtype=np.float64)


def grow_trees(
    matrix: xgboost.DMatrix,
    start: float,
    rounds: int,
    *,
    depth: int,
    l2: float,
    learning_rate: float,
    monotone: Sequence[int] | None,
) -> xgboost.Booster:
    """Grow trees; nothing in them is random, and one thread gives the same trees on every machine.

    Parameters
    ----------
    matrix : xgboost.DMatrix
        Rows to learn from.
    start : float
        Log-odds to start from, for rows without a margin.
    rounds : int
    depth, l2, learning_rate, monotone
        As `BoostedTreesClassifier` names them.
    """
    import xgboost

    settings = {
        "objective": "binary:logistic",
        "base_score": float(1.0 / (1.0 + np.exp(-start))),
        "tree_method": "hist",
        "max_depth": int(depth),
        "reg_lambda": float(l2),
        "learning_rate": float(learning_rate),
        "nthread": 1,
        "seed": 0,
    }
    if monotone is not None:
        settings["monotone_constraints"] = tuple(int(sign) for sign in monotone)
    booster = xgboost.Booster(settings, [matrix])
    for number in range(int(rounds)):  # as xgboost.train does, without its callbacks, which take a third of the time
        booster.update(matrix, number)
    return booster


def held_out_losses(
    rows: TrainingRows,
    held: Mask,
    margin: Floats | None,
    counts: NDArray[np.int64],
    depths: Sequence[int],
    l2: Sequence[float],
    *,
    learning_rate: float,
    monotone: Sequence[int] | None,
) -> Floats:
    """Return summed log losses on held-out rows: one fit for each depth and penalty, read at every round count.

    Parameters
    ----------
    rows : TrainingRows
    held : ndarray of bool of shape (n,)
        Rows that are predicted; the others are learned from.
    margin : ndarray of shape (n,) or None
        Log-odds from which the trees start.
    counts : ndarray of shape (R,)
        Numbers of rounds, ascending, the first 0.
    depths, l2, learning_rate, monotone
        As `BoostedTreesClassifier` names them.

    Returns
    -------
    ndarray of shape (depths, l2, R)
    """
    known = TrainingRows(rows.X[~held], rows.event[~held], rows.weight[~held])
    start = mean_log_odds(known)
    own, new = (None, None) if margin is None else (margin[~held], margin[held])
    before = np.full(int(held.sum()), start) if new is None else new
    grid = counts, depths, l2, learning_rate, monotone
    way = _compiled_log_odds if _few_values(known.X, depths) else _xgboost_log_odds
    loss = np.empty((len(depths), len(l2), len(counts)))
    for place, later in zip(np.ndindex(loss.shape[:2]), way(known, rows.X[held], own, new, start, *grid), strict=True):
        loss[place] = log_loss_total(rows.event[held], np.array([before, *later]), rows.weight[held])
    return loss


def _xgboost_log_odds(
    known: TrainingRows,
    held: Floats,
    own: Floats | None,
    new: Floats | None,
    start: float,
    counts: NDArray[np.int64],
    depths: Sequence[int],
    l2: Sequence[float],
    learning_rate: float,
    monotone: Sequence[int] | None,
) -> Iterator[list[Floats]]:
    """Yield the log-odds of held-out rows after each number of rounds but 0, by depth and penalty."""
    training, predicted = matrix_of(known.X, known, own), matrix_of(held, None, new)
    for depth, penalty in product(depths, l2):
        booster = grow_trees(
            training, start, int(counts[-1]), depth=depth, l2=penalty, learning_rate=learning_rate, monotone=monotone
        )
        yield [log_odds_after(booster, predicted, int(count)) for count in counts[1:]]


def _compiled_log_odds(
    known: TrainingRows,
    held: Floats,
    own: Floats | None,
    new: Floats | None,
    start: float,
    counts: NDArray[np.int64],
    depths: Sequence[int],
    l2: Sequence[float],
    learning_rate: float,
    monotone: Sequence[int] | None,
) -> Iterator[list[Floats]]:
    """Yield the same as `_xgboost_log_odds`, by a compiled loop over few rows."""
    from relapse_model.classifiers.trees.compiled_boosting import grown_margins, places

    single = np.float32
    code, new_code, offset = places(known.X.astype(single), held.astype(single))
    event, weight = known.event.astype(single), known.weight.astype(single)
    signs = np.zeros(code.shape[1], dtype=np.int32) if monotone is None else np.asarray(monotone, dtype=np.int32)
    # As xgboost takes a mean risk and makes log-odds of it.
    first = -np.log(single(1.0) / single(1.0 / (1.0 + np.exp(-start))) - single(1.0))
    from_own = np.full(len(event), first, dtype=single) if own is None else own.astype(single)
    from_new = np.full(len(held), first, dtype=single) if new is None else new.astype(single)
    for depth, penalty in product(depths, l2):
        found = grown_margins(
            code, new_code, offset, event, weight, from_own.copy(), from_new, counts, int(depth), float(penalty),
            single(learning_rate), signs,
        )  # fmt: skip
        yield list(found[1:].astype(np.float64))


def _few_values(X: Floats, depths: Sequence[int]) -> bool:
    """Tell whether xgboost would give each different value a bin of its own, and a compiled loop is there."""
    if max(depths) > _MOST_COMPILED_DEPTH:
        return False
    few = len(X) <= _BINS or max(len(np.unique(column)) for column in X.astype(np.float32).T) <= _BINS
    return few and can_be_compiled(_load_loops)


def _load_loops() -> None:
    import relapse_model.classifiers.trees.compiled_boosting  # noqa: F401
