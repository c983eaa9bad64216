"""Pairs of patients whose order in time is known, as Harrell's and Uno's C compare them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from relapse_model.arrays import Floats, Positions
from relapse_model.errors import RelapseModelError

_PAIRS_AT_ONCE = 4_000_000  # pairs compared in one block: bounds memory


def concordant_pairs(
    weeks: Floats, event: Floats, score: Floats, first: Positions, fold: ArrayLike | None = None
) -> tuple[Floats, Floats]:
    """Return for each of some events how many patients are known to be later, and how many of them it is ranked above.

    At equal times an event comes before a censoring, and two events are no pair; equal scores count one half.

    Parameters
    ----------
    weeks, event, score : ndarray of shape (n,)
    first : ndarray of shape (m,)
        Positions of the events.
    fold : array-like of shape (n,), optional
        Then patients of the event's own fold only.

    Returns
    -------
    later, concordant : ndarray of shape (m,)

    Raises
    ------
    RelapseModelError
        If there is not one fold for each patient.

    Examples
    --------
    >>> weeks, event, score = np.array([5.0, 8.0, 12.0]), np.array([1.0, 0.0, 0.0]), np.array([0.9, 0.5, 0.9])
    >>> [found.tolist() for found in concordant_pairs(weeks, event, score, np.array([0]))]
    [[2.0], [1.5]]
    """
    label = None if fold is None else fold_codes(fold, event.size)
    followed, concordant = np.zeros(first.size), np.zeros(first.size)
    rows = max(1, _PAIRS_AT_ONCE // event.size)
    for start in range(0, first.size, rows):
        block = first[start : start + rows, np.newaxis]
        later = (weeks > weeks[block]) | ((weeks == weeks[block]) & (event == 0))
        if label is not None:
            later &= label == label[block]
        ranked = np.where(score < score[block], 1.0, np.where(score == score[block], 0.5, 0.0))
        followed[start : start + rows] = later.sum(axis=1)
        concordant[start : start + rows] = (later * ranked).sum(axis=1)
    return followed, concordant


def pairs_with_competing(
    weeks: Floats, weight: Floats, score: Floats, first: Positions, fold: ArrayLike | None = None
) -> tuple[Floats, Floats]:
    """Return for each of some events the weight of the patients who had had a competing event by then.

    They will never have the event, and so are later than it.

    Parameters
    ----------
    weeks, weight, score : ndarray of shape (n,)
        Weight 0 for who had none.
    first : ndarray of shape (m,)
        Positions of the events.
    fold : array-like of shape (n,), optional
        Then patients of the event's own fold only.

    Returns
    -------
    weight, concordant : ndarray of shape (m,)
        Of all of them, and of those whom the event is ranked above, equal scores counted one half.

    Examples
    --------
    >>> weeks, weight, score = np.array([8.0, 5.0, 12.0]), np.array([0.0, 2.0, 2.0]), np.array([0.9, 0.5, 0.9])
    >>> [found.tolist() for found in pairs_with_competing(weeks, weight, score, np.array([0]))]
    [[2.0], [2.0]]
    """
    others = np.flatnonzero(weight > 0)
    label = None if fold is None else fold_codes(fold, weeks.size)
    total, concordant = np.zeros(first.size), np.zeros(first.size)
    rows = max(1, _PAIRS_AT_ONCE // max(1, others.size))
    for start in range(0, first.size, rows):
        block = first[start : start + rows, np.newaxis]
        counts = np.where(weeks[others] < weeks[block], weight[others], 0.0)
        if label is not None:
            counts *= label[others] == label[block]
        ranked = np.where(score[others] < score[block], 1.0, np.where(score[others] == score[block], 0.5, 0.0))
        total[start : start + rows] = counts.sum(axis=1)
        concordant[start : start + rows] = (counts * ranked).sum(axis=1)
    return total, concordant


def fold_codes(fold: ArrayLike, rows: int) -> NDArray[np.intp]:
    """Return the fold of each row as a number.

    Parameters
    ----------
    fold : array-like of shape (n,)
        Labels of any kind.
    rows : int
        n.

    Raises
    ------
    RelapseModelError
        If there is not one label for each row, or one is missing: such a row would be compared with nobody, or with
        all others that lack theirs.

    Examples
    --------
    >>> fold_codes(["b", "a", "b"], 3).tolist()
    [0, 1, 0]
    """
    import pandas as pd  # knows every way in which a label can be missing

    labels = np.asarray(fold)
    if labels.shape != (rows,):
        raise RelapseModelError(f"Folds: fold has shape {labels.shape}; expected one label for each of {rows}.")
    codes: NDArray[np.intp] = pd.factorize(labels)[0]
    if (codes < 0).any():
        raise RelapseModelError(f"Folds: {int((codes < 0).sum())} of {rows} rows have no fold; expected one for each.")
    return codes
