"""Stratified folds and the loss that is compared across them, for classifiers that choose a setting."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from relapse_model.arrays import Floats
from relapse_model.errors import InsufficientDataError, RelapseModelError


def tuning_folds(event: Floats, folds: int, seed: int, groups: ArrayLike | None = None) -> NDArray[np.intp]:
    """Assign each row to a fold, with events and non-events spread evenly; rows count as independent.

    With groups the groups count as independent: each lies in one fold whole, and groups with any event and groups
    without are spread evenly.

    Parameters
    ----------
    event : ndarray of shape (n,)
        1 for an event, 0 for none.
    folds : int
        Number of folds, at least 2; as many as the rarer class has rows (or groups), if that is fewer.
    seed : int
        Seed of the shuffle.
    groups : array-like of shape (n,), optional
        Which rows belong together, such as those of one patient: labels of any kind, none missing.

    Returns
    -------
    ndarray of shape (n,)
        Fold of each row, from 0.

    Raises
    ------
    InsufficientDataError
        If a class has a single row (or group): no fold could hold it out and learn from it.
    RelapseModelError
        If there are fewer than 2 folds, or groups that do not fit the rows.

    Examples
    --------
    >>> np.bincount(tuning_folds(np.array([1.0, 1, 0, 0, 0, 0]), folds=2, seed=0)).tolist()
    [3, 3]
    >>> tuning_folds(np.array([1.0, 0, 0, 1, 0, 0]), folds=2, seed=0, groups=[7, 7, 7, 8, 9, 4]).tolist()
    [0, 0, 0, 1, 0, 1]
    """
    if groups is not None:
        group = group_numbers(groups, len(event))
        with_event = np.zeros(group.max() + 1)
        np.maximum.at(with_event, group, event)
        return _deal(with_event, folds, seed, "group")[group]
    return _deal(event, folds, seed, "row")


def group_numbers(groups: ArrayLike, rows: int) -> NDArray[np.intp]:
    """Return the number of each row's group, from 0; refuse groups that do not fit the rows, or are missing."""
    import pandas as pd  # knows every way in which a label can be missing

    labels = np.asarray(groups)
    if labels.shape != (rows,):
        raise RelapseModelError(f"groups has shape {labels.shape}; expected one label for each of {rows} rows.")
    numbers: NDArray[np.intp] = pd.factorize(labels)[0]
    if (numbers < 0).any():
        raise RelapseModelError(f"{int((numbers < 0).sum())} of {rows} rows have no group; expected one for each.")
    return numbers


def counted(values: ArrayLike, name: str, sample_weight: ArrayLike | None, rows: int) -> NDArray[Any]:
    """Return what ``fit`` was given for each row, of the rows that have a weight.

    Examples
    --------
    >>> counted([7, 8, 9], "groups", [1.0, 0.0, 2.0], rows=3).tolist()
    [7, 9]
    """
    found = np.asarray(values)
    if found.shape != (rows,):
        raise RelapseModelError(f"{name} has shape {found.shape}; expected one value for each of {rows} rows.")
    return found if sample_weight is None else found[np.asarray(sample_weight, dtype=np.float64) > 0]


def _deal(event: Floats, folds: int, seed: int, unit: str) -> NDArray[np.intp]:
    if folds < 2:
        raise RelapseModelError(f"folds is {folds!r}; expected 2 or more.")
    rarer = int(min(event.sum(), len(event) - event.sum()))
    if rarer < 2:
        raise InsufficientDataError(
            f"The rarer class has {rarer} {unit}; cross-validation expects 2 or more of each class. Use a "
            "classifier that chooses nothing, such as PriorLogisticClassifier."
        )
    used = min(folds, rarer)
    rng = np.random.default_rng(seed)
    fold = np.empty(len(event), dtype=np.intp)
    # The second class begins in the fold where the first one stopped.
    for label, first in ((1.0, 0), (0.0, int(event.sum()))):
        members = rng.permutation(np.flatnonzero(event == label))
        fold[members] = (first + np.arange(len(members))) % used
    return fold


def log_loss_total(event: Floats, log_odds: Floats, weight: Floats) -> Floats:
    """Return the weighted sum of log losses over rows (the last axis), from log-odds of shape (..., n)."""
    total: Floats = (np.logaddexp(0.0, log_odds) - event * log_odds) @ weight
    return total
