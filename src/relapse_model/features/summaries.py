"""Last, mean, slope and other summaries of one analyte: its results up to the landmark, to one number per patient."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from relapse_model.arrays import Floats
from relapse_model.cohort.measurements import Measurements
from relapse_model.cohort.rows_by_patient import ROWS_TO_SUMMARISE, Groups, groups, kernels, size, spread, total
from relapse_model.study.predictor_kinds import WITH_WORDS


@dataclass(frozen=True, slots=True)
class Known:
    """Results known at the landmark, with numbers, sorted by patient and week; value and threshold on the scale.

    `detected` is 1, 0 or -1 (the laboratory did not say). `at_once` keeps the kinds that were computed together.
    """

    value: Floats
    week: Floats
    of: Groups
    landmark: float
    threshold: float
    detected: NDArray[np.int8]
    at_once: dict[str, Floats] = field(default_factory=dict)


Summary = Callable[[Known], Floats]  # one number per group


def last(known: Known) -> Floats:
    """Return the last result."""
    return known.value[known.of.end - 1]


def first(known: Known) -> Floats:
    """Return the first result."""
    return known.value[known.of.start]


def maximum(known: Known) -> Floats:
    """Return the largest result."""
    return np.maximum.reduceat(known.value, known.of.start)


def minimum(known: Known) -> Floats:
    """Return the smallest result."""
    return np.minimum.reduceat(known.value, known.of.start)


def mean(known: Known) -> Floats:
    """Return the mean of the results, each counted once."""
    return total(known.value, known.of) / size(known.of)


def time_weighted_mean(known: Known) -> Floats:
    """Return the area under the straight lines between results, per week; the mean if all lie in one week."""
    inside = _same_patient(known.of, len(known.value))
    gap = np.append(np.diff(known.week), 0.0) * inside
    middle = (known.value + np.append(known.value[1:], 0.0)) / 2
    weeks = total(gap, known.of)
    area = total(gap * middle, known.of)
    return np.where(weeks > 0, area / np.where(weeks > 0, weeks, 1.0), mean(known))


def change(known: Known) -> Floats:
    """Return last minus first; unknown for a single result."""
    return np.where(size(known.of) > 1, last(known) - first(known), np.nan)


def count(known: Known) -> Floats:
    """Return the number of results."""
    return size(known.of)


def slope(known: Known) -> Floats:
    """Return the least-squares slope per 4 weeks; unknown unless the results lie in two or more weeks."""
    of = known.of
    group = np.repeat(np.arange(len(of.start)), of.end - of.start)
    centred = known.week - (total(known.week, of) / size(of))[group]
    spread_of_weeks = total(centred**2, of)
    flat = spread_of_weeks <= 1e-9
    rise = total(centred * known.value, of)
    return np.where(flat, np.nan, 4.0 * rise / np.where(flat, 1.0, spread_of_weeks))


def weeks_below(known: Known) -> Floats:
    """Return the weeks spent below the threshold; a result holds until the next one, or the landmark."""
    return total(_held(known) * (known.value < known.threshold), known.of)


def weeks_at_least(known: Known) -> Floats:
    """Return the weeks spent at or above the threshold; a result holds until the next one, or the landmark."""
    return total(_held(known) * (known.value >= known.threshold), known.of)


def weeks_since_last(known: Known) -> Floats:
    """Return the weeks from the last result to the landmark."""
    return known.landmark - known.week[known.of.end - 1]


def weeks_since_first_below(known: Known) -> Floats:
    """Return the weeks from the first result below the threshold to the landmark; unknown if none was."""
    week = np.minimum.reduceat(np.where(known.value < known.threshold, known.week, np.inf), known.of.start)
    return np.where(np.isinf(week), np.nan, known.landmark - week)


def ever_detected(known: Known) -> Floats:
    """Return 1 if anything was ever detected, 0 if never, unknown if the laboratory did not say."""
    highest = np.maximum.reduceat(np.where(known.detected < 0, 0.5, known.detected), known.of.start)
    return np.where(highest == 0.5, np.nan, highest)


_KINDS = (
    last, first, maximum, minimum, mean, time_weighted_mean, change, count, slope, weeks_below, weeks_at_least,
    weeks_since_last, weeks_since_first_below, ever_detected,
)  # fmt: skip
SUMMARIES: Mapping[str, Summary] = MappingProxyType({function.__name__: function for function in _KINDS})


def summarise(
    kind: str,
    patient: NDArray[np.intp],
    week: Floats,
    value: Floats,
    patients: int,
    log10: bool,
    *,
    landmark: float = np.nan,
    threshold: float = np.nan,
    detected: NDArray[np.int8] | None = None,
) -> Floats:
    """Compute one kind of feature for all patients.

    Parameters
    ----------
    kind : str
        A key of `SUMMARIES`.
    patient, week, value : array
        Results known at the landmark, with numbers, sorted by patient and week.
    patients : int
        Number of patients.
    log10 : bool
        Whether to take the logarithm first.
    landmark : float
        For the kinds that count weeks to it.
    threshold : float
        For the kinds that have one, in the unit of `value`.
    detected : array of int, optional
        1, 0 or -1, for ``ever_detected``.

    Returns
    -------
    array of float, shape (patients,)
        NaN where a patient has no result; 0 for ``count``.

    Examples
    --------
    Titres of 100 at week 0 and 1,000 at week 8: the slope is 0.5 log10 per 4 weeks.

    >>> import numpy as np
    >>> summarise("slope", np.array([0, 0]), np.array([0.0, 8.0]), np.array([100.0, 1000.0]), 1, True)
    array([0.5])
    """
    of = groups(patient, patients)
    nothing_said = np.full(len(value), -1, dtype=np.int8)
    known = Known(
        value=np.log10(value) if log10 else value,
        week=week,
        of=of,
        landmark=landmark,
        threshold=float(np.log10(threshold)) if log10 else threshold,
        detected=nothing_said if detected is None else detected,
    )
    return _laid_out(kind, known)


def summarise_results(
    kind: str, results: Measurements, patients: int, log10: bool, landmark: float, window_weeks: float | None = None
) -> Floats:
    """Compute one kind of feature, of those without a threshold, of what was known of an analyte at a landmark.

    What several kinds need of the same results at the same landmark is found once.

    Parameters
    ----------
    kind : str
        A key of `SUMMARIES`.
    results : Measurements
        All results of the analyte.
    patients : int
    log10 : bool
        Whether to take the logarithm first.
    landmark : float
        Week; later results are not read.
    window_weeks : float, optional
        Only results this many weeks before the landmark, or fewer.

    Returns
    -------
    array of float, shape (patients,)
        As `summarise`.
    """
    # A word such as "positive" is a result without a number: after it, the last number is not the last result.
    known = _REMEMBERED.setdefault(results, {})
    key = (patients, log10, landmark, window_weeks)
    if key not in known:
        if len(known) == _LANDMARKS_REMEMBERED:
            known.clear()
        rows = np.flatnonzero(results.known_at(landmark, window_weeks))
        numbers = rows[~np.isnan(results.value[rows])]
        with_numbers = _known(results, numbers, patients, log10, landmark)
        every = with_numbers if len(numbers) == len(rows) else _known(results, rows, patients, log10, landmark)
        known[key] = every, with_numbers
    every, with_numbers = known[key]
    return _laid_out(kind, every if kind in WITH_WORDS else with_numbers)


def summarise_groups(kinds: Sequence[str], value: Floats, week: Floats, start: NDArray[np.int64]) -> dict[str, Floats]:
    """Compute several kinds, of those that need neither landmark nor threshold, for rows in order of group and week.

    Parameters
    ----------
    kinds : sequence of str
        Keys of `SUMMARIES`.
    value, week : array of float
        Without NaN; the value on its scale.
    start : array of int, shape (groups + 1,)
        Where each group begins; last, where the last group ends. As from `rows_by_patient.ordered`.

    Returns
    -------
    dict of str to array of float, shape (groups,)
        NaN where a group has no row; 0 for ``count``.

    Examples
    --------
    >>> import numpy as np
    >>> summarise_groups(["last", "count"], np.array([7.0, 8.0]), np.zeros(2), np.array([0, 2, 2]))
    {'last': array([ 8., nan]), 'count': array([2., 0.])}
    """
    owner = np.flatnonzero(np.diff(start))
    nothing_said = np.full(len(value), -1, dtype=np.int8)
    of = Groups(owner, start[owner], start[owner + 1], len(start) - 1)
    known = Known(value, week, of, np.nan, np.nan, nothing_said)
    return {kind: _laid_out(kind, known) for kind in kinds}


_LANDMARKS_REMEMBERED = 4  # of each analyte, with its windows and scales
_REMEMBERED: WeakKeyDictionary[Measurements, dict[tuple[object, ...], tuple[Known, Known]]] = WeakKeyDictionary()


def _known(results: Measurements, rows: NDArray[np.intp], patients: int, log10: bool, landmark: float) -> Known:
    detected = np.full(len(rows), -1, dtype=np.int8) if results.detected is None else results.detected[rows]
    value = np.log10(results.value[rows]) if log10 else results.value[rows]
    return Known(value, results.week[rows], groups(results.patient[rows], patients), landmark, np.nan, detected)


def _laid_out(kind: str, known: Known) -> Floats:
    """Compute a kind for the groups, and lay it out over all patients."""
    result = _computed(kind, known) if len(known.of.start) else np.zeros(0)
    return spread(result, known.of, without_rows=0.0 if kind == "count" else np.nan)


def _computed(kind: str, known: Known) -> Floats:
    compiled = kernels(len(known.value), ROWS_TO_SUMMARISE)
    if compiled is None or kind not in compiled.ONE_PASS:
        return SUMMARIES[kind](known)
    if kind not in known.at_once:
        found = compiled.one_pass(known.value, known.week, known.of.start, known.of.end)
        known.at_once.update(zip(compiled.ONE_PASS, found, strict=True))
    return known.at_once[kind]


def _same_patient(of: Groups, rows: int) -> Floats:
    """Return 1 for rows that the same patient's next row follows, else 0."""
    inside = np.ones(rows)
    inside[of.end - 1] = 0.0
    return inside


def _held(known: Known) -> Floats:
    """Return how long each result holds: until the patient's next one, or the landmark."""
    until = np.append(known.week[1:], 0.0)
    until[known.of.end - 1] = known.landmark
    return until - known.week
