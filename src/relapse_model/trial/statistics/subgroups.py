"""Does the effect of treatment differ between subgroups: the effect in each, and one test of interaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import ArrayLike

from relapse_model.arrays import Floats, Mask, Positions
from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.trial.statistics.contrast import Contrast, SignificanceTest
from relapse_model.trial.statistics.inputs import check_arms, check_outcome
from relapse_model.trial.statistics.interaction import logistic_log_likelihood
from relapse_model.trial.statistics.partial_likelihood import fit_cox
from relapse_model.trial.statistics.proportions import risk_difference
from relapse_model.trial.statistics.survival_contrast import survival_contrast
from relapse_model.validation.ipcw import check_follow_up

MISSING = "(missing)"
_FLOOR = 5  # events in both arms together, below which a level has no figures


@dataclass(frozen=True, slots=True)
class SubgroupLevel:
    """The effect of treatment in one subgroup.

    Parameters
    ----------
    name : str
        The level; ``(missing)`` for patients without one.
    patients, events : tuple of int
        Of treatment and control.
    contrast : Contrast or None
        Risk difference, treatment minus control.
    note : str
        Why there is no contrast; empty if there is.
    """

    name: str
    patients: tuple[int, int]
    events: tuple[int, int]
    contrast: Contrast | None
    note: str


@dataclass(frozen=True, slots=True)
class SubgroupEffects:
    """The effect in each level of one grouping, and whether the effects differ by more than chance.

    Parameters
    ----------
    levels : tuple of SubgroupLevel
        In the order of their names, the missing last.
    interaction : SignificanceTest or None
        Likelihood-ratio test over all levels that can be compared. This, not the p-value of any level, tells whether
        the effect differs.
    left_out : tuple of str
        Levels that the interaction test leaves out: patients of one arm only, or no events, or nothing but events.
    note : str
        Why there is no test; empty if there is.
    """

    levels: tuple[SubgroupLevel, ...]
    interaction: SignificanceTest | None
    left_out: tuple[str, ...]
    note: str


def subgroup_effects(
    relapse: ArrayLike, arm: ArrayLike, groups: ArrayLike, *, floor_events: int = _FLOOR, level: float = 0.95
) -> SubgroupEffects:
    """Return the risk difference in each subgroup and one test of interaction, all outcomes known.

    Assumes a grouping named before and known before randomisation. A level with few events is listed with its counts
    alone; none is dropped.

    Parameters
    ----------
    relapse : array-like of shape (n,)
        1 with the event, 0 without; all known.
    arm : array-like of shape (n,)
        1 treatment, 0 control.
    groups : array-like of shape (n,)
        The level of each patient.
    floor_events : int
        Events of both arms together, below which a level has no figures.
    level : float
        Confidence level.

    Returns
    -------
    SubgroupEffects
        Miettinen-Nurminen intervals; the interaction is that of a logistic model.

    Raises
    ------
    RelapseModelError
        If the arrays do not fit each other, or an outcome or arm is unknown.

    Examples
    --------
    >>> arm, group = [1] * 20 + [0] * 20, (["a"] * 10 + ["b"] * 10) * 2
    >>> relapse = [1, 0, 0, 0, 0] * 2 + [1, 1, 0, 0, 0] * 2 + [1, 1, 1, 0, 0] * 2 + [1, 0, 0, 0, 0] * 2
    >>> found = subgroup_effects(relapse, arm, group)
    >>> [(one.name, one.events, round(one.contrast.value, 2)) for one in found.levels]
    [('a', (2, 6), -0.4), ('b', (4, 2), 0.2)]
    """
    y = check_outcome(relapse)
    treated = check_arms(arm, y.size)
    names, codes = _levels(groups, y.size)
    rows = []
    for code, name in enumerate(names):
        one, nought = (codes == code) & treated, (codes == code) & ~treated
        counts = int(y[one].sum()), int(one.sum()), int(y[nought].sum()), int(nought.sum())
        rows.append(_level(name, counts, floor_events, partial(risk_difference, *counts, level)))

    def statistic(used: Mask) -> float:
        groups_used, reduced = np.unique(codes[used], return_inverse=True)
        cell = reduced * 2 + treated[used]
        events, patients = np.bincount(cell, y[used]), np.bincount(cell)
        saturated = _xlogx(events) + _xlogx(patients - events) - _xlogx(patients)
        design = np.column_stack([treated[used], np.eye(groups_used.size)[reduced]])
        return 2 * (float(saturated.sum()) - logistic_log_likelihood(design, y[used]))

    return _with_interaction(rows, names, codes, statistic, "logistic model")


def subgroup_survival(
    time: ArrayLike,
    event: ArrayLike,
    arm: ArrayLike,
    groups: ArrayLike,
    week: float,
    *,
    interval: str = "score",
    floor_events: int = _FLOOR,
    level: float = 0.95,
) -> SubgroupEffects:
    """Return the Kaplan-Meier risk difference in each subgroup and one test of interaction.

    Assumes a grouping named before and known before randomisation, and loss that within an arm and level has nothing to
    do with the coming event. The interaction is that of a Cox model: of ratios of hazards, not of differences of risks.

    Parameters
    ----------
    time, event, arm : array-like of shape (n,)
        As in `survival_contrast`.
    groups : array-like of shape (n,)
        The level of each patient.
    week : float
        The week by which relapse is counted.
    interval : str
        As in `survival_contrast`.
    floor_events : int
        Events of both arms together by the week, below which a level has no figures.
    level : float
        Confidence level.

    Returns
    -------
    SubgroupEffects

    Raises
    ------
    RelapseModelError
        If the arrays do not fit each other, or an arm is unknown.

    Examples
    --------
    >>> weeks, events = [10, 20, 48, 48, 8, 12, 16, 48] * 2, [1, 1, 0, 0, 1, 1, 1, 0] * 2
    >>> arms, groups = [1, 1, 1, 1, 0, 0, 0, 0] * 2, ["a"] * 8 + ["b"] * 8
    >>> found = subgroup_survival(weeks, events, arms, groups, 48)
    >>> [round(one.contrast.value, 2) for one in found.levels], round(found.interaction.p_value, 6)
    ([-0.25, -0.25], 1.0)
    """
    times, events = check_follow_up(time, event)
    treated = check_arms(arm, times.size)
    names, codes = _levels(groups, times.size)
    happened = (events == 1) & (times <= week)
    rows = []
    for code, name in enumerate(names):
        who = codes == code
        one, nought = who & treated, who & ~treated
        counts = int(happened[one].sum()), int(one.sum()), int(happened[nought].sum()), int(nought.sum())

        rows.append(
            _level(
                name,
                counts,
                floor_events,
                partial(_survival, times[who], events[who], treated[who], week, interval, level),
            )
        )
    # What comes after the week is not asked for.
    until, by = np.minimum(times, week), happened.astype(np.float64)

    def statistic(used: Mask) -> float:
        return _cox_interaction(until[used], by[used], treated[used], codes[used])

    return _with_interaction(rows, names, codes, statistic, "Cox model")


def _cox_interaction(until: Floats, by: Floats, treated: Mask, codes: Positions) -> float:
    """Return twice by how much the log-likelihood of a Cox model rises with an effect of its own in each level."""
    groups_used, reduced = np.unique(codes, return_inverse=True)
    one = np.zeros(reduced.size, dtype=np.intp)
    design = np.column_stack([treated, np.eye(groups_used.size)[reduced][:, 1:]])
    smaller = fit_cox(until, by, design.astype(np.float64), one).log_likelihood
    # Where an arm has no events in a level its hazard goes to 0 at the maximum: those patients leave the risk sets.
    cell = reduced * 2 + treated
    eventful = np.flatnonzero(np.bincount(cell, by) > 0)
    rest = np.isin(cell, eventful)
    cells = (cell[rest][:, np.newaxis] == eventful[1:]).astype(np.float64)
    larger = fit_cox(until[rest], by[rest], cells, one[rest]).log_likelihood
    return 2 * (larger - smaller)


def _survival(time: Floats, event: Floats, treated: Mask, week: float, interval: str, level: float) -> Contrast:
    return survival_contrast(time, event, treated, week, interval=interval, level=level).contrast


def _level(name: str, counts: tuple[int, int, int, int], floor: int, contrast: Callable[[], Contrast]) -> SubgroupLevel:
    """Return one level: its effect, or why it has none."""
    x1, n1, x0, n0 = counts
    found, note = None, ""
    if name == MISSING:
        note = "the level is unknown"
    elif not (n1 and n0):
        note = f"nobody in the {'control' if n1 else 'treatment'} arm"
    elif x1 + x0 < floor:
        note = f"fewer than {floor} events"
    else:
        try:
            found = contrast()
        except InsufficientDataError as error:
            note = str(error)
    return SubgroupLevel(name, (n1, n0), (x1, x0), found, note)


def _with_interaction(
    rows: list[SubgroupLevel], names: list[str], codes: Positions, statistic: Callable[[Mask], float], model: str
) -> SubgroupEffects:
    """Return the table with the test of interaction over the levels that can be compared."""
    from scipy import stats

    able = np.array(
        [row.name != MISSING and min(row.patients) > 0 and 0 < sum(row.events) < sum(row.patients) for row in rows]
    )
    left_out = tuple(name for name, is_able in zip(names, able, strict=True) if not is_able)
    if able.sum() < 2:
        note = f"{int(able.sum())} level can be compared; expected two" if able.any() else "no level can be compared"
        return SubgroupEffects(tuple(rows), None, left_out, note)
    try:
        value = max(statistic(able[codes]), 0.0)
    except InsufficientDataError:
        note = "arm and levels separate patients with the event from those without, so no model can be fitted"
        return SubgroupEffects(tuple(rows), None, left_out, note)
    freedom = int(able.sum()) - 1
    words = f"likelihood-ratio test of interaction, {model}"
    test = SignificanceTest(value, freedom, float(stats.chi2.sf(value, freedom)), words)
    return SubgroupEffects(tuple(rows), test, left_out, "")


def _xlogx(count: ArrayLike) -> Floats:
    counts = np.asarray(count, dtype=float)
    value: Floats = counts * np.log(np.where(counts > 0, counts, 1))
    return value


def _levels(groups: ArrayLike, patients: int) -> tuple[list[str], Positions]:
    """Return the names of the levels, the missing last, and the place of each patient's among them."""
    import pandas as pd  # knows every way in which a label can be missing

    if np.shape(groups) != (patients,):
        raise RelapseModelError(
            f"Subgroups: shape {np.shape(groups)}; expected one level for each of {patients} patients."
        )
    codes, labels = pd.factorize(pd.Series(groups, dtype=object))
    names = [str(label) for label in labels]
    if len(set(names)) < len(names) or MISSING in names:
        raise RelapseModelError(f"Subgroups: levels {sorted(names)} cannot be distinguished by name; rename them.")
    try:
        order = sorted(range(len(names)), key=lambda place: labels[place])  # 2 before 10
    except TypeError:  # labels of several kinds
        order = sorted(range(len(names)), key=lambda place: names[place])
    rank = np.empty(len(names) + 1, dtype=np.intp)
    rank[order] = np.arange(len(names))
    rank[-1] = len(names)  # a missing label has the code -1
    return [names[place] for place in order] + [MISSING] * bool((codes < 0).any()), rank[codes]
