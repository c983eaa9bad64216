"""Does the model do as well in each group of patients: one grouping at a time, small groups without figures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from relapse_model.arrays import Floats, Mask
from relapse_model.errors import RelapseModelError
from relapse_model.small_counts import count_words, hidden_cells
from relapse_model.validation.calibration import observed_expected
from relapse_model.validation.discrimination import auc_delong
from relapse_model.validation.estimate import Estimate, check_predictions, refuse_other_order
from relapse_model.validation.over_repeats import mean_measures
from relapse_model.validation.pairs_in_time import fold_codes
from relapse_model.validation.resampling import auc_bootstrap
from relapse_model.validation.within_folds import auc_within_folds

MISSING = "(missing)"


@dataclass(frozen=True, slots=True)
class Subgroup:
    """Performance in one group of patients.

    Attributes
    ----------
    name : str
        Level of the grouping; ``(missing)`` for patients without one.
    patients, events, lost : str
        Counts as they may be disclosed: ``<5`` for small ones, ``hidden`` for one from which a small one could be
        worked out.
    hidden : str
        Why no figures are given; empty if they are.
    measures : dict of str to Estimate
        ``"auc"`` and ``"observed_expected"``, as far as they exist.
    refused : dict of str to str
        Measures that a group above the floor cannot support, and why.
    """

    name: str
    patients: str
    events: str
    lost: str
    hidden: str
    measures: dict[str, Estimate]
    refused: dict[str, str]

    def to_dict(self) -> dict[str, object]:
        """Return plain values for JSON."""
        return {
            "name": self.name, "patients": self.patients, "events": self.events, "lost": self.lost,
            "hidden": self.hidden, "measures": {name: found.to_dict() for name, found in self.measures.items()},
            "refused": self.refused,
        }  # fmt: skip


def subgroup_table(
    relapse: ArrayLike,
    risk: ArrayLike,
    weight: ArrayLike | None,
    groups: ArrayLike,
    floor_patients: int,
    floor_events: int,
    *,
    fold: ArrayLike | None = None,
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> tuple[Subgroup, ...]:
    """Return AUC and observed over expected relapses in each group of patients.

    Assumes independent patients, one row each, and a grouping named before. Groups differ by chance: compare
    intervals, not figures, and look at one grouping at a time. A group under either floor is listed without
    figures; none is dropped. Counts under 5 are shown as ``<5`` in every group. Totals are known, so others are hidden
    as far as a small count, of those free of relapse too, could be worked out from them; where nobody was lost at all,
    that is disclosed.

    Parameters
    ----------
    relapse : array-like of shape (n,)
        1 or 0; NaN where the weight is 0 (lost).
    risk : array-like of shape (n,) or (repeats, n)
        Predicted risk, 0 to 1. With several repeats each is judged, and the measures are averaged; a patient without a
        risk in one of them (NaN) has no part in it.
    weight : array-like of shape (n,) or None
        Such as censoring weights, of all patients together. None, if nobody is lost: intervals of the AUC are
        then DeLong's, and by bootstrap otherwise.
    groups : array-like of shape (n,)
        The group of each patient; those without one form a group of their own.
    floor_patients, floor_events : int
        Patients, and relapses, below which a group has no figures.
    fold : array-like of the shape of the risk, optional
        Of out-of-fold risks: the AUC compares patients of one fold only.
    resamples, seed : int
        Of the bootstrap interval; each group is resampled by the same seed.
    level : float
        Confidence level.

    Returns
    -------
    tuple of Subgroup
        In the order of their names, the missing last.

    Raises
    ------
    RelapseModelError
        If the arrays do not fit each other, or a floor is below 1.

    Examples
    --------
    >>> table = subgroup_table([0, 1, 0, 1, 0], [0.1, 0.4, 0.3, 0.2, 0.2], None, list("aaaab"), 4, 2)
    >>> [(group.name, group.patients, sorted(group.measures), group.hidden) for group in table]
    [('a', '<5', ['auc', 'observed_expected'], ''), ('b', '<5', [], 'fewer than 4 patients or fewer than 2 events')]
    """
    refuse_other_order(relapse, risk, weight, groups, fold)
    y, repeats = np.asarray(relapse, dtype=float), np.atleast_2d(np.asarray(risk, dtype=float))
    seen = ~np.isnan(repeats) if np.ndim(risk) > 1 else np.ones(repeats.shape, dtype=bool)
    w = None if weight is None else np.asarray(weight, dtype=float)
    _check_repeats(y, repeats, seen, w)
    label = None if fold is None else _folds(fold, seen)
    if floor_patients < 1 or floor_events < 1:
        raise RelapseModelError(
            f"Subgroups: floors of {floor_patients} patients and {floor_events} events; expected 1 or more of each."
        )
    names, codes = _levels(groups, y.size)
    members = [codes == code for code in range(len(names))]
    patients, events, lost = (
        [int((rows & having).sum()) for rows in members]
        for having in (np.ones(y.size, dtype=bool), y == 1, np.isnan(y))
    )
    disclosed = zip(*_disclosed(patients, events, lost), strict=True)
    table = []
    for place, (rows, (n, n_events, n_lost)) in enumerate(zip(members, disclosed, strict=True)):
        counts = names[place], n, n_events, n_lost
        if patients[place] < floor_patients or events[place] < floor_events:
            why = f"fewer than {floor_patients} patients or fewer than {floor_events} events"
            table.append(Subgroup(*counts, why, {}, {}))
        else:
            found = _over_repeats(y, repeats, rows & seen, w, label, (resamples, seed, level))
            table.append(Subgroup(*counts, "", *found))
    return tuple(table)


def _over_repeats(
    y: Floats,
    repeats: Floats,
    seen: Mask,
    w: Floats | None,
    label: NDArray[np.generic] | None,
    settings: tuple[int, int, float],
) -> tuple[dict[str, Estimate], dict[str, str]]:
    """Return the measures of one group, averaged over the repeats where there are several."""
    each = [
        _measures(
            y[inside], repeats[repeat, inside], None if w is None else w[inside],
            None if label is None else label[repeat, inside], *settings,
        )
        for repeat, inside in enumerate(seen)
    ]  # fmt: skip
    return each[0] if len(each) == 1 else _averaged(each)


def _folds(fold: ArrayLike, seen: Mask) -> NDArray[np.generic]:
    """Return the folds of each repeat; where one lacks, the whole table is refused, and not its AUCs alone."""
    label = np.atleast_2d(np.asarray(fold))
    if label.shape == seen.shape:
        for one, rows in zip(label, seen, strict=True):
            fold_codes(one[rows], int(rows.sum()))
    return label


def _check_repeats(y: Floats, repeats: Floats, seen: Mask, weight: Floats | None) -> None:
    for p, rows in zip(repeats, seen, strict=True):
        weights = None if weight is None else weight[rows]
        if weights is None or (weights > 0).any():  # nobody whose outcome is known: every group is under its floor
            check_predictions(y[rows], p[rows], weights)


def _disclosed(patients: list[int], events: list[int], lost: list[int]) -> Iterator[tuple[str, ...]]:
    """Yield patients, events and lost of the groups as they may be disclosed; with those free they add up."""
    free = [n - relapsed - gone for n, relapsed, gone in zip(patients, events, lost, strict=True)]
    columns = [column for column in (events, lost, free) if any(column)]
    counts = np.array([*columns, patients], dtype=np.intp).T
    unshown = np.zeros_like(counts, dtype=bool)
    unshown[:, -2] = any(free)
    small, besides = hidden_cells(counts, unshown=unshown)
    for column in (patients, events, lost):
        place = next((place for place, one in enumerate([*columns, patients]) if one is column), None)
        if place is None:  # nobody was lost, or relapsed, in any group
            yield ("0",) * len(column)
        else:
            yield tuple(map(count_words, column, small[:, place], besides[:, place]))


def _measures(
    y: Floats,
    p: Floats,
    w: Floats | None,
    fold: NDArray[np.generic] | None,
    resamples: int,
    seed: int,
    level: float,
) -> tuple[dict[str, Estimate], dict[str, str]]:
    """Return what exists in one group, and why the rest does not."""

    def auc() -> Estimate:
        if fold is not None:
            return auc_within_folds(y, p, fold, w, resamples, seed, level)
        return auc_delong(y, p, level) if w is None else auc_bootstrap(y, p, w, resamples, seed, level)

    wanted: dict[str, Callable[[], Estimate]] = {
        "auc": auc,
        "observed_expected": lambda: observed_expected(y, p, w, level),
    }
    measures: dict[str, Estimate] = {}
    refused: dict[str, str] = {}
    for name, measure in wanted.items():
        try:
            measures[name] = measure()
        except RelapseModelError as error:
            refused[name] = str(error)
    return measures, refused


def _averaged(
    each: list[tuple[dict[str, Estimate], dict[str, str]]],
) -> tuple[dict[str, Estimate], dict[str, str]]:
    measures, refused = mean_measures(each, ("auc", "observed_expected"))
    return {name: found for name, found in measures.items() if isinstance(found, Estimate)}, refused


def _levels(groups: ArrayLike, patients: int) -> tuple[list[str], NDArray[np.intp]]:
    """Return the names of the groups, and the position of each patient's among them."""
    import pandas as pd  # knows every way in which a label can be missing

    labels = pd.Series(groups, dtype=object) if np.ndim(groups) == 1 else pd.Series([], dtype=object)
    if labels.size != patients:
        raise RelapseModelError(
            f"Subgroups: groups of shape {np.shape(groups)}; expected one label for each of {patients} patients."
        )
    names = [MISSING if missing else str(label) for label, missing in zip(labels, labels.isna(), strict=True)]
    present = {name: label for name, label in zip(names, labels, strict=True) if name != MISSING}
    if names.count(MISSING) > int(labels.isna().sum()):
        raise RelapseModelError(f"Subgroups: {MISSING!r} is a label; it is kept for patients without one. Rename it.")
    try:
        found = sorted(present, key=lambda name: present[name])  # 2 before 10
    except TypeError:  # labels of several kinds
        found = sorted(present)
    found += [MISSING] * (MISSING in names)
    return found, np.array([found.index(name) for name in names], dtype=np.intp)
