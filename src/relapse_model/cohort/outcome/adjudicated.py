"""Adjudicated outcomes: they win over the rule, and their week is the week of the relapse, not of a visit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from relapse_model.arrays import Floats, Mask
from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.outcome.decided_tests import DecidedTests
from relapse_model.cohort.outcome.risk_set import ENROLMENT
from relapse_model.comparisons import before

if TYPE_CHECKING:
    from relapse_model.cohort.outcome.competing import CompetingEvents


def adjudicate(
    table: pd.DataFrame,
    cohort: Cohort,
    tests: DecidedTests | None,
    landmark: float,
    competing: CompetingEvents | None = None,
) -> Mask:
    """Write the adjudicated outcomes over those of the rule; tell whose week of relapse is known exactly.

    The last negative test before the relapse begins its interval, whatever was tested later. A relapse in an unknown
    week is the one that the rule finds; else it lies after the last negative test (and the landmark, at which the
    patient was at risk), and at or before the first positive one after it or the last contact (any row of the patient
    in labs or treatments). Where there is no such row, follow-up ends with that negative test. A competing event ends
    the follow-up of a patient who is free up to it.

    Parameters
    ----------
    table : DataFrame
        By the rule, one row per patient; changed in place.
    cohort : Cohort
    tests : DecidedTests or None
        None where the outcome is adjudicated only: then all that is known of a relapse in an unknown week is that it
        came after enrolment.
    landmark : float
        Week.
    competing : CompetingEvents, optional
        Their names are written into ``competing`` of the table where they count as such.
    """
    if competing is not None:
        table["competing"] = competing.counted
    exact = np.zeros(len(table), dtype=bool)
    if cohort.outcomes is None or cohort.outcomes.empty:
        return exact
    rows = cohort.outcomes["patient"].to_numpy(dtype=np.intp)
    event, week = np.zeros(len(table), dtype=bool), np.full(len(table), np.nan)
    event[rows] = cohort.outcomes["relapse"].to_numpy(dtype=float) == 1
    week[rows] = cohort.outcomes["week"].to_numpy(dtype=float)
    unknown = event & np.isnan(week)
    exact[rows] = event[rows] & ~unknown[rows]
    rows = rows[~(unknown & (table["event"] == 1).to_numpy())[rows]]
    last_negative = np.where(event, _last_negative(tests, np.where(unknown, np.inf, week)), week)
    upper = np.where(unknown, _latest(cohort, tests, np.fmax(last_negative, landmark)), week)
    seen = event & ~np.isnan(upper)
    found = {
        "last_negative_week": last_negative,
        "first_positive_week": np.where(seen, upper, np.nan),
        "time_week": np.where(seen, upper, last_negative),
        "event": seen.astype(int),
    }
    for name, values in found.items():
        column = table[name].to_numpy().copy()
        column[rows] = values[rows]
        table[name] = column
    return exact


def _last_negative(tests: DecidedTests | None, week: Floats) -> Floats:
    """Return each patient's last negative test before a week of their own; enrolment for an infinite week untested."""
    if tests is None:
        return np.where(np.isposinf(week), ENROLMENT, np.nan)
    return tests.last(~tests.positive & before(tests.week, week[tests.patient]), len(week))


def _latest(cohort: Cohort, tests: DecidedTests | None, after: Floats) -> Floats:
    """Return the week by which a relapse after a given week had come at the latest; NaN where nothing tells."""
    latest = np.full(len(after), -np.inf)
    for table, column in ((cohort.labs, "week"), (cohort.treatments, "start_week")):
        if table is not None:
            np.maximum.at(latest, table["patient"].to_numpy(dtype=np.intp), table[column].to_numpy(dtype=float))
    if tests is not None:
        positive = tests.positive & before(after[tests.patient], tests.week)
        latest = np.fmin(latest, tests.first(positive, len(after)))
    return np.where(before(after, latest), latest, np.nan)
