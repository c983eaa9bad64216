"""Folds and bootstrap resamples that always hold patients with and without relapse."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from relapse_model.arrays import Floats, Positions, generator
from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.validation.discrimination import auc
from relapse_model.validation.estimate import (
    Estimate,
    check_predictions,
    refuse_other_order,
    require_both_outcomes,
)

_CELLS_AT_ONCE = 1_000_000  # entries of a block of resamples: bounds memory
_EVENT, _FREE, _LOST = 0, 1, 2


def stratified_folds(
    relapse: ArrayLike,
    folds: int,
    repeats: int,
    seed: int | np.random.Generator,
    group: ArrayLike | None = None,
) -> list[tuple[int, Positions]]:
    """Divide the patients into test folds, once for each repeat, with the events spread evenly.

    Patients with a relapse, without one and lost are dealt to the folds in turn after shuffling: numbers of
    each kind, and of all, differ by 1 at most between folds. Rows of a patient stay together if ``group`` is
    given; then patients, not rows, are dealt, and a patient counts as relapsed if any of the rows does.

    Parameters
    ----------
    relapse : array-like of shape (n,)
        1 relapse, 0 free of it, NaN unknown (lost).
    folds, repeats : int
        Folds per repeat (2 or more), and repeats.
    seed : int or numpy.random.Generator
        Same seed, same folds; more repeats leave the earlier ones as they are.
    group : array-like of shape (n,), optional
        The patient of each row. Needed if a patient has more than one row, or the later rows would be
        predicted with the earlier ones.

    Returns
    -------
    list of (int, ndarray)
        For each repeat and fold the number of the repeat and the test rows, ascending.

    Raises
    ------
    InsufficientDataError
        If there are fewer patients with a relapse, or without, than folds.
    RelapseModelError
        If an argument is not what is described above.

    Examples
    --------
    >>> [(repeat, rows.size) for repeat, rows in stratified_folds([0, 1, 0, 1], folds=2, repeats=1, seed=0)]
    [(0, 2), (0, 2)]
    """
    refuse_other_order(relapse, group)
    y = np.asarray(relapse, dtype=float)
    if y.ndim != 1 or not (np.isnan(y) | np.isin(y, (0.0, 1.0))).all():
        raise RelapseModelError("Folds: relapse must be one array of 1, 0 or NaN (unknown) per row.")
    if folds < 2 or repeats < 1:
        raise RelapseModelError(f"Folds: {folds} folds, {repeats} repeats; expected 2 or more, and 1 or more.")
    unit = _units(group, y.size)
    kind = _kind_of_units(y, unit)
    events, free = int((kind == _EVENT).sum()), int((kind == _FREE).sum())
    if min(events, free) < folds:
        raise InsufficientDataError(
            f"Folds: {events} patients with the outcome and {free} without for {folds} folds; expected one of "
            f"each per fold at least. Ask for {max(2, min(events, free))} folds, or add patients."
        )
    rng = generator(seed)
    result = []
    for repeat in range(repeats):
        fold_of_row = _deal(kind, folds, rng)[unit]
        result += [(repeat, np.flatnonzero(fold_of_row == fold)) for fold in range(folds)]
    return result


def bootstrap_interval(
    value: float, resampled: ArrayLike, level: float = 0.95, method: str = "percentile bootstrap"
) -> Estimate:
    """Return a statistic with the percentile interval of its values in bootstrap resamples.

    Assumes resamples of whole patients. Resamples in which the statistic did not exist come as NaN: they are
    left out of the percentiles and counted in ``method``.

    Parameters
    ----------
    value : float
        The statistic in the patients themselves.
    resampled : array-like of shape (b,)
        Its value in each resample; NaN where it did not exist.
    level : float
        Confidence level.
    method : str
        How the resamples were made.

    Returns
    -------
    Estimate

    Raises
    ------
    InsufficientDataError
        If fewer resamples are left than put one value into each tail, ``2 / (1 - level)``.

    Examples
    --------
    >>> estimate = bootstrap_interval(0.5, np.linspace(0, 1, 101))
    >>> print(estimate, estimate.method)
    0.50 (0.03 to 0.97) percentile bootstrap, 101 resamples, 0 degenerate
    """
    if not 0 < level < 1:
        raise RelapseModelError(f"Confidence level is {level}; expected a number between 0 and 1, such as 0.95.")
    values = np.asarray(resampled, dtype=float).ravel()
    usable = values[np.isfinite(values)]
    needed = round(2 / (1 - level))
    if usable.size < needed:
        raise InsufficientDataError(
            f"Bootstrap interval: {usable.size} of {values.size} resamples could be used; an interval of "
            f"{100 * level:g} % needs {needed} or more. Draw more resamples, or add patients."
        )
    lower, upper = np.quantile(usable, [(1 - level) / 2, (1 + level) / 2])
    counted = f"{method}, {values.size} resamples, {values.size - usable.size} degenerate"
    return Estimate(float(value), float(lower), float(upper), level, counted)


def auc_bootstrap(
    relapse: ArrayLike,
    risk: ArrayLike,
    weight: ArrayLike | None = None,
    resamples: int = 2000,
    seed: int | np.random.Generator = 0,
    level: float = 0.95,
) -> Estimate:
    """Return the AUC with a percentile interval by resampling patients with and without relapse apart.

    Assumes independent patients, one row each, and weights that are known. A resample in which the same
    patient stands for all relapses (or for all others) is degenerate: left out and counted in ``method``.

    Parameters
    ----------
    relapse : array-like of shape (n,)
        1 or 0; NaN where the weight is 0.
    risk : array-like of shape (n,)
        Predicted risk, or any score that grows with it.
    weight : array-like of shape (n,), optional
        Such as censoring weights; each patient has the same one in every resample.
    resamples : int
        Bootstrap resamples.
    seed : int or numpy.random.Generator
        Same seed, same interval.
    level : float
        Confidence level.

    Returns
    -------
    Estimate

    Raises
    ------
    InsufficientDataError
        If there are fewer than two patients with, or two without a relapse, or too few usable resamples.

    Notes
    -----
    The patients are sorted once. A resample is a vector of multiplicities; cumulative sums of those without a
    relapse, read off at the risks of those with one, give its AUC.

    Examples
    --------
    >>> estimate = auc_bootstrap([0, 0, 1, 1, 0, 1], [0.1, 0.4, 0.3, 0.9, 0.2, 0.5], seed=1)
    >>> print(f"{estimate.value:.3f}", estimate.upper)
    0.889 1.0
    """
    y, score, w = check_predictions(relapse, risk, weight, probability=False)
    require_both_outcomes(y, "Bootstrap of the AUC", at_least=2)
    events, free = np.flatnonzero(y == 1), np.flatnonzero(y == 0)
    free = free[np.argsort(score[free], kind="stable")]
    rng = generator(seed)
    block = max(1, _CELLS_AT_ONCE // y.size)
    values = [
        resampled_auc(
            score[events],
            score[free],
            w[events] * multiplicities(events.size, min(block, resamples - start), rng),
            w[free] * multiplicities(free.size, min(block, resamples - start), rng),
        )
        for start in range(0, resamples, block)
    ]
    return bootstrap_interval(
        auc(y, score, w), np.concatenate(values or [np.empty(0)]), level, "stratified percentile bootstrap"
    )


def resampled_auc(events: Floats, free: Floats, event_weight: Floats, free_weight: Floats) -> Floats:
    """Return the AUC of each resample, NaN if one patient stands for all; ``free`` is ascending.

    The weights have one row per resample and one column per patient.
    """
    reached = np.zeros((free_weight.shape[0], free.size + 1))
    np.cumsum(free_weight, axis=1, out=reached[:, 1:])
    lower, upper = np.searchsorted(free, events, side="left"), np.searchsorted(free, events, side="right")
    below = reached[:, lower] + reached[:, upper]
    values: Floats = (event_weight * below).sum(axis=1) / (2 * event_weight.sum(axis=1) * reached[:, -1])
    alone = ((event_weight > 0).sum(axis=1) == 1) | ((free_weight > 0).sum(axis=1) == 1)
    return np.where(alone, np.nan, values)


def multiplicities(patients: int, resamples: int, rng: np.random.Generator) -> Floats:
    """Return how often each patient is drawn with replacement, one row per resample.

    Parameters
    ----------
    patients, resamples : int
    rng : numpy.random.Generator
    """
    drawn = rng.integers(0, patients, (resamples, patients)) + np.arange(resamples)[:, np.newaxis] * patients
    return np.bincount(drawn.ravel(), minlength=resamples * patients).reshape(resamples, patients).astype(float)


def _units(group: ArrayLike | None, rows: int) -> Positions:
    """Return for each row the number of its patient."""
    if group is None:
        return np.arange(rows)
    import pandas as pd  # knows every way in which a label can be missing

    labels = np.asarray(group)
    if labels.shape != (rows,):
        raise RelapseModelError(f"Folds: group has shape {labels.shape}; expected one label for each of {rows} rows.")
    codes: Positions = pd.factorize(labels)[0]
    if (codes < 0).any():
        raise RelapseModelError(f"Folds: {int((codes < 0).sum())} of {rows} rows have no group; expected one for each.")
    return codes


def _kind_of_units(relapse: Floats, unit: Positions) -> Positions:
    """Return for each patient the kind of the rows: relapsed if any did, else free if any is known."""
    kind_of_row = np.where(np.isnan(relapse), _LOST, np.where(relapse == 1, _EVENT, _FREE))
    kind = np.full(unit.max(initial=-1) + 1, _LOST)
    np.minimum.at(kind, unit, kind_of_row)
    return kind


def _deal(kind: Positions, folds: int, rng: np.random.Generator) -> Positions:
    """Return the fold of each patient: shuffled, put in order of kind, dealt in turn."""
    shuffled = rng.permutation(kind.size)
    dealt = shuffled[np.argsort(kind[shuffled], kind="stable")]
    fold = np.empty(kind.size, dtype=np.intp)
    # Which fold begins is drawn too, or the first would always be the largest.
    fold[dealt] = (np.arange(kind.size) + rng.integers(folds)) % folds
    return fold
