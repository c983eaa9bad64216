"""Runs of positive tests: which of them are a relapse, and in which interval it lies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from relapse_model.arrays import Floats, Mask


@dataclass(frozen=True, slots=True)
class RelapseIntervals:
    """Per patient: the interval (last negative, first positive], NaN where there is none.

    For a patient without relapse `last_negative` is the last week known to be free of it. `unconfirmed` counts
    positive runs that were not confirmed.
    """

    last_negative: Floats
    first_positive: Floats
    unconfirmed: NDArray[np.intp]


def relapse_intervals(
    patient: NDArray[np.intp],
    week: Floats,
    positive: Mask,
    patients: int,
    tests: int,
    within_weeks: float,
    count_unconfirmed_at_end: bool,
) -> RelapseIntervals:
    """Find the first confirmed run of positive tests of each patient.

    A run is a stretch of positive tests with no negative between. It is a relapse when some `tests` of its
    results in a row lie within `within_weeks`; or when it reaches the patient's last test, is not confirmed, and
    `count_unconfirmed_at_end` says so. Any other run is a single positive, followed by proof of freedom.

    Parameters
    ----------
    patient, week : array
        Sorted by patient, then week. Only tests that decide (positive or negative).
    positive : array of bool
        The result.
    patients : int
        Number of patients; those without a test get NaN.
    tests : int
        Positive tests that confirm a relapse.
    within_weeks : float
        Longest time from the first to the last of them.
    count_unconfirmed_at_end : bool
        What an unconfirmed run at the end is: a relapse, or the end of follow-up before it.

    Examples
    --------
    Positive at 12 and 16: a relapse in (8, 12]. With the test at 16 negative: a single positive.

    >>> import numpy as np
    >>> zeros, weeks = np.zeros(4, dtype=int), np.array([0.0, 8.0, 12.0, 16.0])
    >>> found = relapse_intervals(zeros, weeks, np.array([False, False, True, True]), 1, 2, 12.0, True)
    >>> found.last_negative[0], found.first_positive[0]
    (np.float64(8.0), np.float64(12.0))
    >>> relapse_intervals(zeros, weeks, np.array([False, False, True, False]), 1, 2, 12.0, True).unconfirmed
    array([1])
    """
    first, last = _runs(patient, positive)
    at_end = np.append(patient[1:] != patient[:-1], True)[last] if len(patient) else np.zeros(0, dtype=bool)
    confirmed = _confirmed(week, first, last, tests, within_weeks)
    relapse = confirmed | (at_end & count_unconfirmed_at_end)
    owner = patient[first]
    first_positive = np.full(patients, np.nan)
    order = np.flatnonzero(relapse)[::-1]  # backwards, so that the first run of a patient is written last
    first_positive[owner[order]] = week[first[order]]
    negative_week = np.where(positive, -np.inf, week)
    before = negative_week < np.where(np.isnan(first_positive), np.inf, first_positive)[patient]
    last_negative = np.full(patients, -np.inf)
    np.maximum.at(last_negative, patient[before], negative_week[before])
    last_negative[np.isneginf(last_negative)] = np.nan
    relapse_row = np.full(patients, len(week))
    relapse_row[owner[order]] = first[order]
    earlier = ~relapse & (first < relapse_row[owner])
    return RelapseIntervals(last_negative, first_positive, np.bincount(owner[earlier], minlength=patients))


def _runs(patient: NDArray[np.intp], positive: Mask) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the first and last row of each run of positive tests."""
    if not len(patient):
        return np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.intp)
    same = np.append(False, (patient[1:] == patient[:-1]) & positive[1:] & positive[:-1])
    first = np.flatnonzero(positive & ~same)
    last = np.flatnonzero(positive & ~np.append(same[1:], False))
    return first, last


def _confirmed(week: Floats, first: NDArray[np.intp], last: NDArray[np.intp], tests: int, within_weeks: float) -> Mask:
    """Tell which runs hold `tests` results in a row within the window."""
    if tests == 1:
        return np.ones(len(first), dtype=bool)
    later = np.arange(len(week)) + tests - 1
    inside = np.minimum(later, len(week) - 1)
    tight = np.append(0, np.cumsum((later < len(week)) & (week[inside] - week <= within_weeks)))
    end = np.maximum(last - tests + 2, first)  # starts that leave room for `tests` results in the run
    return np.asarray(tight[end] - tight[first] > 0)
