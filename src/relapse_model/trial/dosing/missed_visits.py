"""Patients of the dosing arm whose planned visits have passed without a titre: nobody knows whether a dose is due."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd

from relapse_model.arrays import Floats
from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.measurements import measurements
from relapse_model.comparisons import at_or_before, before
from relapse_model.study.study import Study
from relapse_model.study.trial_plan import DosingRule
from relapse_model.trial.arms.number_words import week_number
from relapse_model.trial.dosing.endings import Endings


def missed_visits(
    cohort: Cohort, study: Study, rule: DosingRule, as_of: Floats, visits: tuple[float, ...], ends: Endings
) -> pd.DataFrame:
    """Return who of the dosing arm has no titre since a planned visit after the first dose has passed.

    A visit that was not attended has no row among the visits, so such a patient would be listed nowhere. A titre is of
    the planned visit nearest to it. Visits from the end of dosing on do not count. Without a stated week, every planned
    visit has passed for a patient without any titre; after a titre, those have that the latest week on record of any
    patient has reached, or the day of the last record where each patient has a date of enrolment. Where no visits are
    planned, whoever is past the window of the first dose and has no titre is listed.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    rule : DosingRule
    as_of : array of float, shape (patients,)
        The week up to which each patient's records are looked at; infinite for all records.
    visits : tuple of float
        Planned weeks.
    ends : Endings

    Returns
    -------
    DataFrame
        ``patient`` (position), ``week`` (the last of these visits), ``reason``.
    """
    titres = measurements(cohort, study, rule.again.analyte).valued()
    titres = titres.rows(at_or_before(titres.week, as_of[titres.patient]))
    last = np.full(len(cohort), -np.inf)
    np.maximum.at(last, titres.patient, titres.week)
    border = np.array([0.5 * (early + late) for early, late in pairwise(visits)])
    visit = np.where(np.isfinite(last), np.searchsorted(border, last), -1)  # the planned visit that the titre is of
    now = np.where(np.isfinite(last) & np.isposinf(as_of), _latest_on_record(cohort), as_of)
    begins, planned = rule.first.week + rule.first.window_weeks, np.array(visits)
    in_time = before(begins, np.fmin(now, ends.stop))
    asked = (cohort.patients["arm"] == rule.arm).to_numpy() & ~ends.ended & in_time
    # What the latest week on record is itself a visit of, has been reached; a week asked for has only begun.
    complete = np.isposinf(as_of)[:, None] & at_or_before(planned, now[:, None])
    passed = (complete | before(planned, now[:, None])) & before(planned, ends.stop[:, None])
    passed &= (np.arange(len(planned)) > visit[:, None]) & before(begins, planned)
    listed = asked & (passed.any(axis=1) | ((len(planned) == 0) & np.isneginf(last)))
    rows = [
        (
            int(place),
            weeks[-1] if len(weeks := planned[passed[place]]) else rule.first.week,
            _reason(last[place], weeks),
        )
        for place in np.flatnonzero(listed)
    ]
    return pd.DataFrame(rows, columns=["patient", "week", "reason"])


def _latest_on_record(cohort: Cohort) -> Floats:
    """Return the week that each patient has reached by the last record of the cohort."""
    weeks = cohort.labs["week"].to_numpy(dtype=float)
    latest = np.full(len(cohort), weeks.max() if len(weeks) else 0.0)
    if "enrolment_date" not in cohort.patients:
        return latest
    enrolled = pd.to_datetime(cohort.patients["enrolment_date"])
    if enrolled.isna().any() or not len(weeks):
        return latest
    day = (enrolled - enrolled.min()).dt.days.to_numpy(dtype=float) / 7.0
    return np.asarray((day[cohort.labs["patient"].to_numpy(dtype=np.intp)] + weeks).max() - day)


def _reason(last: float, passed: Floats) -> str:
    since = "no titre on record" if np.isneginf(last) else f"no titre since week {week_number(last)}"
    weeks = ", ".join(f"{week:g}" for week in passed)
    visits = "visit passed: week" if len(passed) == 1 else "visits passed: weeks"
    return f"{since}; planned {visits} {weeks}" if len(passed) else since
