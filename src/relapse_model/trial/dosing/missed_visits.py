"""Patients of the dosing arm whose planned visits have passed without a titre: nobody knows whether a dose is due."""

from __future__ import annotations

import numpy as np
import pandas as pd

from relapse_model.arrays import Floats
from relapse_model.cohort.cohort import Cohort
from relapse_model.comparisons import before
from relapse_model.study.trial_plan import DosingRule
from relapse_model.trial.arms.number_words import week_number
from relapse_model.trial.dosing.endings import Endings
from relapse_model.trial.dosing.planned_visits import PlannedVisits

_PLANNED = "planned"


def missed_visits(cohort: Cohort, rule: DosingRule, visits: PlannedVisits, ends: Endings) -> pd.DataFrame:
    """Return who of the dosing arm has no titre since a planned visit after the first dose has passed.

    A visit that was not attended has no row among the visits, so such a patient would be listed nowhere. Visits from
    the end of dosing on do not count. Where no visits are planned, whoever is past the window of the first dose and
    has no titre is listed.

    Parameters
    ----------
    cohort : Cohort
    rule : DosingRule
    visits : PlannedVisits
    ends : Endings

    Returns
    -------
    DataFrame
        ``patient`` (position), ``week`` (the last of these visits), ``reason``.
    """
    begins = rule.first.week + rule.first.window_weeks
    in_time = before(begins, np.fmin(visits.now, ends.stop))
    asked = (cohort.patients["arm"] == rule.arm).to_numpy() & ~ends.ended & in_time
    missed = visits.passed & ~visits.seen & before(begins, visits.weeks)
    listed = asked & (missed.any(axis=1) | ((len(visits.weeks) == 0) & np.isneginf(visits.last)))
    rows = [
        (
            int(place),
            weeks[-1] if len(weeks := visits.weeks[missed[place]]) else rule.first.week,
            _reason(visits.last[place], weeks),
        )
        for place in np.flatnonzero(listed)
    ]
    return pd.DataFrame(rows, columns=["patient", "week", "reason"])


def missed_planned(due: pd.DataFrame) -> pd.Series:
    """Tell who of those listed has let planned visits pass without a titre.

    Parameters
    ----------
    due : DataFrame
        Of a dosing report.
    """
    return due["reason"].fillna("").astype(str).str.contains(f"; {_PLANNED} visit", regex=False)


def _reason(last: float, passed: Floats) -> str:
    since = "no titre on record" if np.isneginf(last) else f"no titre since week {week_number(last)}"
    weeks = ", ".join(f"{week:g}" for week in passed)
    visits = "visit passed: week" if len(passed) == 1 else "visits passed: weeks"
    return f"{since}; {_PLANNED} {visits} {weeks}" if len(passed) else since
