"""Test folds of a development: stratified by outcome, patients whole, and centres whole where that is asked for."""

from __future__ import annotations

import numpy as np

from relapse_model.arrays import Positions
from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.features.development_data import DevelopmentData
from relapse_model.validation.resampling import stratified_folds

FEWEST_NAMED = 5  # patients of a group before a message names it


def data_folds(data: DevelopmentData, folds: int, repeats: int, seed: int) -> list[tuple[int, Positions]]:
    """Divide the rows into test folds, once for each repeat.

    Events are spread evenly. Rows of one patient stay together, and so do those of one group (a centre) where the
    data name groups: then whole groups are dealt, in random order, each to the fold that has the fewest rows so far.

    Parameters
    ----------
    data : DevelopmentData
    folds : int
        2 or more. Where there are fewer patients with an event, or fewer groups, there are as many folds as those.
    repeats, seed : int

    Returns
    -------
    list of (int, ndarray)
        For each repeat and fold the number of the repeat and the test rows, ascending.

    Raises
    ------
    InsufficientDataError
        If there are too few events, a single group, or a group that leaves too few events to learn from.
    RelapseModelError
        If folds or repeats are too few.
    """
    if folds < 2 or repeats < 1:
        raise RelapseModelError(f"Folds: {folds} folds, {repeats} repeats; expected 2 or more, and 1 or more.")
    if data.fold_group is None:
        most = max(2, min(folds, _counts(data, np.arange(len(data)))[0]))
        return stratified_folds(data.relapse, most, repeats, seed, group=data.patient)
    labels, code = np.unique(data.fold_group.astype(str), return_inverse=True)
    if len(labels) < 2:
        raise InsufficientDataError(
            "Folds by group: all patients are of one group; expected 2 or more. Leave group_by out."
        )
    rng = np.random.default_rng(seed)
    result = []
    for repeat in range(repeats):
        fold_of_group = _deal(np.bincount(code), min(folds, len(labels)), rng)
        for fold in range(fold_of_group.max() + 1):
            test = np.flatnonzero(fold_of_group[code] == fold)
            _check_rest(data, test)
            result.append((repeat, test))
    return result


def _counts(data: DevelopmentData, rows: Positions) -> tuple[int, int]:
    """Return how many patients have a relapse in these rows, and how many are free of it."""
    patient = rows if data.patient is None else data.patient[rows]
    relapsed = np.unique(patient[data.relapse[rows] == 1])
    free = np.setdiff1d(patient[data.relapse[rows] == 0], relapsed)
    return len(relapsed), len(free)


def _deal(sizes: Positions, folds: int, rng: np.random.Generator) -> Positions:
    fold_of_group = np.empty(len(sizes), dtype=np.intp)
    rows = np.zeros(folds, dtype=np.intp)
    for group in rng.permutation(len(sizes)):
        fold = int(np.argmin(rows))
        fold_of_group[group] = fold
        rows[fold] += sizes[group]
    return fold_of_group


def _check_rest(data: DevelopmentData, test: Positions) -> None:
    events, free = _counts(data, np.setdiff1d(np.arange(len(data)), test))
    if min(events, free) < 2:
        raise InsufficientDataError(
            f"Folds by group: without one fold's groups {events} patients with the outcome and {free} without it are "
            f"left to learn from; expected 2 of each.{_largest_group(data, test)} Leave group_by out, or join groups."
        )


def _largest_group(data: DevelopmentData, test: Positions) -> str:
    """Name the largest group of a fold; a group of few is not named, since its name could be that of a patient."""
    if data.fold_group is None:
        return ""
    labels, code = np.unique(data.fold_group[test].astype(str), return_inverse=True)
    largest = int(np.argmax(np.bincount(code)))
    rows = test[code == largest]
    if (len(rows) if data.patient is None else len(np.unique(data.patient[rows]))) < FEWEST_NAMED:
        return ""
    held, everybody = _counts(data, rows), _counts(data, np.arange(len(data)))
    return (
        f" Group {str(labels[largest])!r} alone holds {held[0]} of {everybody[0]} patients with the outcome and "
        f"{held[1]} of {everybody[1]} without it."
    )
