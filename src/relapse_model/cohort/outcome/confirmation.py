"""Runs of positive tests: which of them are a relapse, and in which interval it lies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from relapse_model.arrays import Floats, Mask, Positions
from relapse_model.cohort.outcome.decided_tests import DecidedTests
from relapse_model.comparisons import at_or_before, before
from relapse_model.study.prediction import Confirmation


@dataclass(frozen=True, slots=True)
class RelapseIntervals:
    """Per patient: the interval (last negative, first positive], NaN where there is none.

    For a patient without relapse `last_negative` is the last week known to be free of it. `unconfirmed` counts
    positive runs that were not confirmed.
    """

    last_negative: Floats
    first_positive: Floats
    unconfirmed: NDArray[np.intp]


def relapse_intervals(tests: DecidedTests, patients: int, confirm: Confirmation, landmark: float) -> RelapseIntervals:
    """Find the first relapse of each patient among the runs of positive tests.

    A run is a stretch of positive tests with no negative between. Only one that a negative test precedes can be a
    relapse, for nothing comes back that was not gone; and only one that begins after enrolment, or after an earlier
    landmark. It is confirmed by as many positive tests in a row as the rule asks for, within its weeks where it states
    any. A shorter one that a negative follows is refuted. What is neither (the run that reaches the patient's last
    test, and one of enough tests that lie too far apart) is a relapse, or the end of follow-up before it, as the rule
    reads unconfirmed ones: it is never freedom.

    Parameters
    ----------
    tests : DecidedTests
    patients : int
        Number of patients; those without a test get NaN.
    confirm : Confirmation
        Unconfirmed runs are read as a relapse unless it says ``"censor"``.
    landmark : float
        Week from which follow-up counts: no run before it ends it.

    Examples
    --------
    Positive at 12 and 36: a relapse in (8, 12]. With the test at 36 negative: a single positive.

    >>> import numpy as np
    >>> who, week = np.zeros(4, dtype=int), np.array([0.0, 8.0, 12.0, 36.0])
    >>> tests = DecidedTests(who, week, np.array([False, False, True, True]))
    >>> found = relapse_intervals(tests, 1, Confirmation(tests=2), 0.0)
    >>> found.last_negative[0], found.first_positive[0]
    (np.float64(8.0), np.float64(12.0))
    >>> tests = DecidedTests(who, week, np.array([False, False, True, False]))
    >>> relapse_intervals(tests, 1, Confirmation(tests=2), 0.0).unconfirmed
    array([1])
    """
    patient, week = tests.patient, tests.week
    first, last = _runs(patient, tests.positive)
    owner = patient[first]
    after_a_negative = np.append(False, patient[1:] == patient[:-1])[: len(patient)][first]
    counts = after_a_negative & ~before(week[first], min(0.0, landmark))
    at_end = np.append(patient[1:] != patient[:-1], True)[: len(patient)][last]
    confirmed = counts & _confirmed(week, first, last, confirm)
    open_run = counts & ~confirmed & (at_end | (last - first + 1 >= confirm.tests))
    if confirm.unconfirmed_at_end == "censor":
        relapse, ends = confirmed, open_run & ~at_or_before(week[first], landmark)
    else:
        relapse, ends = confirmed | open_run, np.zeros(len(first), dtype=bool)
    decisive = relapse | ends
    row = np.full(patients, len(week))
    order = np.flatnonzero(decisive)[::-1]  # backwards, so that the first run of a patient is written last
    row[owner[order]] = first[order]
    first_positive = np.full(patients, np.nan)
    chosen = relapse & (first == row[owner])
    first_positive[owner[chosen]] = week[first[chosen]]
    earlier = ~tests.positive & (np.arange(len(week)) < row[patient])
    unconfirmed = counts & ~relapse & (first <= row[owner])
    return RelapseIntervals(
        tests.last(earlier, patients), first_positive, np.bincount(owner[unconfirmed], minlength=patients)
    )


def _runs(patient: Positions, positive: Mask) -> tuple[Positions, Positions]:
    """Return the first and last row of each run of positive tests."""
    if not len(patient):
        return np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.intp)
    same = np.append(False, (patient[1:] == patient[:-1]) & positive[1:] & positive[:-1])
    first = np.flatnonzero(positive & ~same)
    last = np.flatnonzero(positive & ~np.append(same[1:], False))
    return first, last


def _confirmed(week: Floats, first: Positions, last: Positions, confirm: Confirmation) -> Mask:
    """Tell which runs hold enough results in a row, within the window where there is one."""
    tests = confirm.tests
    if tests == 1 or confirm.within_weeks is None:
        return np.asarray(last - first + 1 >= tests)
    later = np.arange(len(week)) + tests - 1
    inside = np.minimum(later, len(week) - 1)
    close = at_or_before(week[inside] - week, confirm.within_weeks)
    tight = np.append(0, np.cumsum((later < len(week)) & close))
    end = np.maximum(last - tests + 2, first)  # starts that leave room for `tests` results in the run
    return np.asarray(tight[end] - tight[first] > 0)
