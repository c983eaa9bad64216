"""Stratified folds and the loss that is compared across them, for classifiers that choose a setting."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from relapse_model.errors import InsufficientDataError, RelapseModelError

FloatArray = NDArray[np.float64]


def stratified_folds(event: FloatArray, folds: int, seed: int) -> NDArray[np.intp]:
    """Assign each row to a fold, with events and non-events spread evenly; rows count as independent.

    Parameters
    ----------
    event : ndarray of shape (n,)
        1 for an event, 0 for none.
    folds : int
        Number of folds, at least 2; as many as the rarer class has rows, if that is fewer.
    seed : int
        Seed of the shuffle.

    Returns
    -------
    ndarray of shape (n,)
        Fold of each row, from 0.

    Raises
    ------
    InsufficientDataError
        If a class has a single row: no fold could hold it out and learn from it.

    Examples
    --------
    >>> np.bincount(stratified_folds(np.array([1.0, 1, 0, 0, 0, 0]), folds=2, seed=0)).tolist()
    [3, 3]
    """
    if folds < 2:
        raise RelapseModelError(f"folds is {folds!r}; expected 2 or more.")
    rarer = int(min(event.sum(), len(event) - event.sum()))
    if rarer < 2:
        raise InsufficientDataError(
            f"The rarer class has {rarer} row; cross-validation expects 2 or more of each class. Use a "
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


def log_loss_total(event: FloatArray, log_odds: FloatArray, weight: FloatArray) -> FloatArray:
    """Return the weighted sum of log losses over rows (the last axis), from log-odds of shape (..., n)."""
    total: FloatArray = (np.logaddexp(0.0, log_odds) - event * log_odds) @ weight
    return total
