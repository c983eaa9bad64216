"""Nested cross-validation of ridge logistic regression: all outer folds, inner folds and penalties in large batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from relapse_model.arrays import Floats, Positions
from relapse_model.classifiers.penalised.ridge_modes import CELLS, ridge_modes
from relapse_model.classifiers.penalised.training_sets import PaddedRows, pad_rows, training_sets
from relapse_model.classifiers.shared.folds import tuning_folds
from relapse_model.classifiers.shared.risks import sigmoid
from relapse_model.errors import InsufficientDataError, RelapseModelError

_LARGEST_VALUE = 1e30  # no measurement; its square is still a number


@dataclass(frozen=True, slots=True)
class NestedRidge:
    """What nested cross-validation gives.

    Attributes
    ----------
    risks : tuple of ndarray
        For each outer fold the risks of its held-out rows, in their order.
    penalty : ndarray of shape (K,)
        The penalty chosen within each outer fold.
    log_loss : ndarray of shape (K, L)
        Mean inner held-out log loss of each penalty, by which it was chosen.
    """

    risks: tuple[Floats, ...]
    penalty: Floats
    log_loss: Floats


@dataclass(frozen=True, slots=True)
class _Split:
    """Rows to learn from and rows to predict."""

    training: Positions
    held: Positions
    weight: Floats  # of every row of the table


def nested_ridge_risks(
    X: ArrayLike,
    event: ArrayLike,
    weight: ArrayLike,
    outer: Sequence[ArrayLike],
    penalties: ArrayLike,
    inner_folds: int = 5,
    seed: int | Sequence[int] = 0,
    groups: ArrayLike | None = None,
) -> NestedRidge:
    """Predict each outer fold's rows by a ridge regression whose penalty was chosen without them.

    Assumes independent rows, or independent groups of rows. For each outer fold this gives what
    ``RidgeLogisticClassifier(penalties, inner_folds, seed)`` gives, fitted on the other rows: medians, scales,
    penalty and coefficients know nothing of the rows that are predicted. But nothing is fitted one by one.

    Parameters
    ----------
    X : array-like of shape (n, p)
        Predictors; NaN is missing and takes the median of the training rows. A column without any value among them is
        left out.
    event : array-like of shape (n,)
        1 for an event, 0 for none; of rows that have no weight it is not read.
    weight : array-like of shape (n,) or (K, n)
        Weight of each row, shared or for each outer fold. Rows of weight 0 are not learned from; they are
        predicted where they are held out.
    outer : sequence of K array-likes of int
        The rows held out in each outer fold, such as all folds of a repeated cross-validation.
    penalties : array-like of shape (L,)
        Positive penalties to choose from; 1 / C in scikit-learn.
    inner_folds : int, default=5
        Folds of the inner cross-validation, stratified by event.
    seed : int or sequence of K int, default=0
        Seed of the inner folds, shared or for each outer fold.
    groups : array-like of shape (n,), optional
        Rows of one group, such as a patient, stay together in the inner folds. The outer folds are as given.

    Returns
    -------
    NestedRidge
        Risks, penalties and inner losses.

    Raises
    ------
    InsufficientDataError
        If an outer fold holds out every row, or its training rows have fewer than 2 rows (or groups) of a class.
    RelapseModelError
        If shapes disagree, or a value cannot be used.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(132, 3))
    >>> event = rng.random(132) < 1 / (1 + np.exp(2 - X[:, 0]))
    >>> outer = [np.arange(fold, 132, 5) for fold in range(5)]
    >>> found = nested_ridge_risks(X, event, np.ones(132), outer, [1.0, 10.0, 100.0])
    >>> len(found.risks), found.risks[0].shape, found.log_loss.shape
    (5, (27,), (5, 3))
    """
    X, event, penalties = (np.asarray(values, dtype=np.float64) for values in (X, event, penalties))
    tests = [np.asarray(rows) for rows in outer]
    seeds = [int(seed)] * len(tests) if isinstance(seed, int | np.integer) else [int(one) for one in seed]
    labels = None if groups is None else np.asarray(groups)
    weights = np.asarray(weight, dtype=np.float64)
    _check_shapes(X, event, weights, len(tests), len(seeds), labels)
    weights = np.broadcast_to(weights, (len(tests), len(event)))
    _check_values(X, event, weights, penalties)
    _check_outer(tests, weights)
    refits = [_Split(_others(own, test), test, own) for own, test in zip(weights, tests, strict=True)]
    inner = [_inner(X, event, refit, inner_folds, one, labels) for refit, one in zip(refits, seeds, strict=True)]
    start = _pooled_modes(X, event, weights.mean(axis=0), penalties)
    losses = np.zeros((len(tests), len(penalties)))
    owner = np.repeat(np.arange(len(tests)), [len(splits) for splits in inner])
    np.add.at(
        losses, owner, _held_out_losses(X, event, [split for splits in inner for split in splits], penalties, start)
    )
    losses /= np.array([refit.weight[refit.training].sum() for refit in refits])[:, None]
    chosen = best_penalty(losses, penalties)
    own_penalty, own_start = penalties[chosen][:, None], start[:, 0, chosen][:, :, None]
    risks = [
        sigmoid(log_odds[place, 0, : len(refit.held)])
        for part, _, log_odds in _predictions(X, event, refits, own_penalty, own_start)
        for place, refit in enumerate(refits[part])
    ]
    return NestedRidge(tuple(risks), penalties[chosen], losses)


def cross_validated_losses(X: Floats, event: Floats, weight: Floats, fold: Positions, penalties: Floats) -> Floats:
    """Return the mean held-out log loss of each penalty, (L,), when each fold is predicted from the others.

    Parameters
    ----------
    X, event, weight : ndarray of shape (n, p), (n,) and (n,)
        Checked rows; weights are positive.
    fold : ndarray of shape (n,)
        Fold of each row, from 0.
    penalties : ndarray of shape (L,)
    """
    splits = _splits(np.arange(len(fold)), weight, fold)
    start = _pooled_modes(X, event, weight, penalties)
    losses: Floats = _held_out_losses(X, event, splits, penalties, start).sum(axis=0) / weight.sum()
    return losses


def best_penalty(losses: Floats, penalties: Floats) -> Positions:
    """Return the positions of the smallest losses along the last axis, of equally good penalties the largest."""
    order = np.argsort(-penalties, kind="stable")
    return np.asarray(order[np.argmin(losses[..., order], axis=-1)])


def _others(weight: Floats, test: Positions) -> Positions:
    used = weight > 0
    used[test] = False
    return np.flatnonzero(used)


def _inner(X: Floats, event: Floats, refit: _Split, folds: int, seed: int, labels: NDArray[Any] | None) -> list[_Split]:
    rows = refit.training
    return _splits(rows, refit.weight, tuning_folds(event[rows], folds, seed, None if labels is None else labels[rows]))


def _splits(rows: Positions, weight: Floats, fold: Positions) -> list[_Split]:
    return [_Split(rows[fold != held], rows[fold == held], weight) for held in range(fold.max() + 1)]


def _pooled_modes(X: Floats, event: Floats, weight: Floats, penalties: Floats) -> Floats:
    """Return the modes on all rows, (p + 1, 1, L): only where the search for those of their subsets begins."""
    rows = np.flatnonzero(weight > 0)
    return ridge_modes(training_sets(X, event, pad_rows([rows], [weight[rows]])), penalties)


def _held_out_losses(X: Floats, event: Floats, splits: Sequence[_Split], penalties: Floats, start: Floats) -> Floats:
    """Return the weighted sum of log losses over each split's held-out rows, (S, L)."""
    found = np.empty((len(splits), len(penalties)))
    for part, held, log_odds in _predictions(X, event, splits, np.broadcast_to(penalties, found.shape), start):
        loss = np.maximum(log_odds, 0.0)
        loss += np.log1p(np.exp(-np.abs(log_odds)))
        loss -= event[held.row][:, None] * log_odds
        found[part] = (loss @ held.weight[:, :, None])[:, :, 0]
    return found


def _predictions(
    X: Floats, event: Floats, splits: Sequence[_Split], penalties: Floats, start: Floats
) -> Iterator[tuple[slice, PaddedRows, Floats]]:
    """Yield some splits at a time, their held-out rows and those rows' log-odds, (S, L, rows of the longest)."""
    longest = max(len(split.training) for split in splits)
    together = max(1, CELLS // (longest * penalties.shape[1]))
    for begin in range(0, len(splits), together):
        part = slice(begin, begin + together)
        some = splits[part]
        rows = pad_rows([split.training for split in some], [split.weight[split.training] for split in some])
        sets = training_sets(X, event, rows)
        theta = ridge_modes(sets, penalties[part], start if start.shape[1] == 1 else start[:, part])
        held = pad_rows([split.held for split in some], [split.weight[split.held] for split in some])
        yield part, held, theta.transpose(1, 2, 0) @ sets.standardise(X, held.row)


def _check_shapes(
    X: Floats, event: Floats, weight: Floats, folds: int, seeds: int, groups: NDArray[Any] | None
) -> None:
    rows = len(event) if event.ndim == 1 else -1
    shapes = X.ndim == 2 and len(X) == rows and weight.shape in ((rows,), (folds, rows))
    if not shapes or seeds != folds or not folds or (groups is not None and groups.shape != (rows,)):
        raise RelapseModelError(
            f"Shapes disagree: X {X.shape}, event {event.shape}, weight {weight.shape}, {folds} outer folds, {seeds} "
            f"seeds, groups {None if groups is None else groups.shape}; expected (n, p), (n,), (n,) or (K, n), K of 1 "
            "or more, one seed or K, and (n,) or none."
        )


def _check_values(X: Floats, event: Floats, weight: Floats, penalties: Floats) -> None:
    if penalties.ndim != 1 or not penalties.size or not ((penalties > 0) & (penalties < np.inf)).all():
        raise RelapseModelError(f"penalties is {penalties!r}; expected one or more positive numbers.")
    if not np.isfinite(weight).all() or (weight < 0).any() or not weight.any(axis=1).all():
        raise RelapseModelError(
            "weight holds values that are negative or not finite, or nothing else than 0; expected 0 or more, and some "
            "above 0 in each outer fold."
        )
    if not np.isin(event[weight.any(axis=0)], (0.0, 1.0)).all():
        raise RelapseModelError(
            "event of a row with a weight is neither 0 nor 1; give the row a weight of 0 if unknown."
        )
    if (np.abs(X) > _LARGEST_VALUE).any():  # NaN compares as False
        raise RelapseModelError(f"X holds values beyond {_LARGEST_VALUE:g}; expected measurements, or NaN if unknown.")


def _check_outer(tests: Sequence[NDArray[Any]], weights: Floats) -> None:
    rows = weights.shape[1]
    for fold, (test, weight) in enumerate(zip(tests, weights, strict=True)):
        places = test.ndim == 1 and test.dtype.kind in "iu" and test.size > 0
        if not places or not ((test >= 0) & (test < rows)).all():
            raise RelapseModelError(
                f"An outer fold has shape {test.shape} and type {test.dtype}; expected the positions of one or more "
                f"held-out rows, whole numbers from 0 to {rows - 1}."
            )
        if not _others(weight, test).size:
            raise InsufficientDataError(
                f"Outer fold {fold} (counted from 0) holds out every row that has a weight; expected others, to learn "
                "from. Make two folds or more."
            )
