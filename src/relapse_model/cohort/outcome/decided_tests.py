"""The tests that decide: positive or negative of the outcome's analyte, at most one a day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from relapse_model.arrays import Floats, Mask, Positions
from relapse_model.cohort.measurements import Measurements
from relapse_model.comparisons import at_least, at_most, below, same_day
from relapse_model.study.prediction import OutcomeRule


@dataclass(frozen=True, slots=True)
class DecidedTests:
    """Tests that are positive or negative, in order of patient and week, one for each patient and day."""

    patient: Positions
    week: Floats
    positive: Mask

    def last(self, rows: Mask, patients: int) -> Floats:
        """Return each patient's last week among some of the tests, NaN where there is none."""
        week = np.full(patients, -np.inf)
        np.maximum.at(week, self.patient[rows], self.week[rows])
        return np.where(np.isneginf(week), np.nan, week)

    def first(self, rows: Mask, patients: int) -> Floats:
        """Return each patient's first week among some of the tests, NaN where there is none."""
        week = np.full(patients, np.inf)
        np.minimum.at(week, self.patient[rows], self.week[rows])
        return np.where(np.isposinf(week), np.nan, week)

    def standing(self, patients: int) -> NDArray[np.int8]:
        """Return how each patient's last test came out: 1 positive, 0 negative, -1 none."""
        found = np.full(patients, -1, dtype=np.int8)
        found[self.patient] = self.positive  # in order of week, so that the last one stays
        return found


def decided_tests(results: Measurements, call: NDArray[np.int8]) -> DecidedTests:
    """Return the tests that decide.

    Parameters
    ----------
    results : Measurements
    call : array of int
        As `decide_tests` gives it.
    """
    kept = _last_of_its_day(results, call >= 0)
    return DecidedTests(results.patient[kept], results.week[kept], call[kept] == 1)


def decide_tests(results: Measurements, rule: OutcomeRule) -> NDArray[np.int8]:
    """Return for each result 1 (positive), 0 (negative) or -1 (the bounds do not decide).

    Parameters
    ----------
    results : Measurements
        With bounds: a result below its limit is negative only if the limit is at or under the threshold.
    rule : OutcomeRule
        With `at_least` or `below`.
    """
    censored_left = results.lower < results.upper
    if rule.at_least is not None:
        positive = at_least(results.lower, rule.at_least)
        negative = below(results.upper, rule.at_least) | (censored_left & at_most(results.upper, rule.at_least))
    else:
        threshold = float(rule.below or 0.0)
        positive = below(results.upper, threshold) | (censored_left & at_most(results.upper, threshold))
        negative = at_least(results.lower, threshold)
    return np.where(positive, 1, np.where(negative, 0, -1)).astype(np.int8)


def _last_of_its_day(results: Measurements, decided: Mask) -> Mask:
    """Keep one test a day, the last row: two rows of one sample must not confirm each other."""
    rows = np.flatnonzero(decided)
    patient, week = results.patient[rows], results.week[rows]
    repeated = np.append((patient[1:] == patient[:-1]) & same_day(week[1:], week[:-1]), False)
    kept = np.zeros(len(decided), dtype=bool)
    kept[rows[~repeated[: len(rows)]]] = True
    return kept
