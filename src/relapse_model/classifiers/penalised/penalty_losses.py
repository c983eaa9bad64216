"""The held-out log loss of many ridge penalties: all folds and penalties in large batches, none fitted alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from relapse_model.arrays import Floats, Positions
from relapse_model.classifiers.penalised.ridge_modes import CELLS, ridge_modes
from relapse_model.classifiers.penalised.training_sets import PaddedRows, pad_rows, training_sets


@dataclass(frozen=True, slots=True)
class _Split:
    """Rows to learn from and rows to predict."""

    training: Positions
    held: Positions
    weight: Floats  # of every row of the table


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
