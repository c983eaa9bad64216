"""Patients of the dosing arm without any titre whose planned visits have passed: nobody knows whether a dose is due."""

from __future__ import annotations

import numpy as np
import pandas as pd

from relapse_model.arrays import Floats
from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.measurements import measurements
from relapse_model.comparisons import at_or_before, before
from relapse_model.study.study import Study
from relapse_model.study.trial_plan import DosingRule
from relapse_model.trial.dosing.visit_verdicts import dosing_ends


def never_measured(
    cohort: Cohort, study: Study, rule: DosingRule, as_of: Floats, visits: tuple[float, ...]
) -> pd.DataFrame:
    """Return who of the dosing arm has no titre although a planned visit after the first dose has passed.

    A visit that was not attended has no row among the visits, so such a patient would be listed nowhere. Visits from
    the end of dosing on do not count. Where no visits are planned, whoever is past the window of the first dose and
    has no titre is listed.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    rule : DosingRule
    as_of : array of float, shape (patients,)
        The week up to which each patient's records are looked at; infinite for all records.
    visits : tuple of float
        Planned weeks.

    Returns
    -------
    DataFrame
        ``patient`` (position), ``week`` (the last of these visits), ``reason``.
    """
    titres = measurements(cohort, study, rule.again.analyte).valued()
    without = (cohort.patients["arm"] == rule.arm).to_numpy(copy=True)
    without[titres.patient[at_or_before(titres.week, as_of[titres.patient])]] = False
    rows: list[tuple[int, float, str]] = []
    if not without.any():  # nearly always: the outcome need not be derived
        return pd.DataFrame(rows, columns=["patient", "week", "reason"])
    ends, begins = dosing_ends(cohort, study, rule), rule.first.week + rule.first.window_weeks
    for place in np.flatnonzero(without & before(begins, np.fmin(as_of, ends))):
        passed = [week for week in visits if begins < week < ends[place] and before(week, as_of[place])]
        if passed or not visits:
            rows.append((int(place), passed[-1] if passed else rule.first.week, _reason(passed)))
    return pd.DataFrame(rows, columns=["patient", "week", "reason"])


def _reason(passed: list[float]) -> str:
    weeks = ", ".join(f"{week:g}" for week in passed)
    visits = "visit passed: week" if len(passed) == 1 else "visits passed: weeks"
    return f"no titre on record; planned {visits} {weeks}" if passed else "no titre on record"
