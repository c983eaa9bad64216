"""Which planned visits are behind each patient: seen with a titre, or passed without one; and which comes next."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from relapse_model.arrays import Floats, Mask
from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.measurements import measurements
from relapse_model.comparisons import at_or_before, before
from relapse_model.study.study import Study
from relapse_model.study.trial_plan import DosingRule
from relapse_model.trial.dosing.endings import Endings


@dataclass(frozen=True, slots=True, eq=False)
class PlannedVisits:
    """Planned visits of each patient, as known at the week up to which records are looked at.

    Attributes
    ----------
    weeks : array of float, shape (visits,)
    last : array of float, shape (patients,)
        Week of the last titre; minus infinity without any.
    now : array of float, shape (patients,)
        The week that each patient has reached; infinite where nobody can say.
    seen : array of bool, shape (patients, visits)
        Visits up to that of the last titre.
    passed : array of bool, shape (patients, visits)
        Visits whose week has come and gone before dosing ended, whether they were attended or not.
    """

    weeks: Floats
    last: Floats
    now: Floats
    seen: Mask
    passed: Mask

    def next_visits(self, stop: Floats) -> Floats:
        """Return the week of each patient's next planned visit before a week; NaN where there is none.

        Examples
        --------
        Measured at week 47.5, which is visit 48, and at week 0 only, when visit 4 has passed.

        >>> behind = np.array([[True, True, True], [True, False, False]])
        >>> passed = np.array([[True, True, False], [True, True, False]])
        >>> visits = PlannedVisits(np.array([0.0, 4.0, 48.0]), np.array([47.5, 0]), np.array([47.5, 5]), behind, passed)
        >>> visits.next_visits(np.array([np.inf, np.inf])).tolist()
        [nan, 48.0]
        """
        ahead = ~self.seen & ~self.passed & before(self.weeks, stop[:, None])
        if not len(self.weeks):
            return np.full(len(self.last), np.nan)
        return np.where(ahead.any(axis=1), self.weeks[ahead.argmax(axis=1)], np.nan)


def planned_visits(
    cohort: Cohort, study: Study, rule: DosingRule, as_of: Floats, visits: tuple[float, ...], ends: Endings
) -> PlannedVisits:
    """Return which planned visits are behind each patient.

    A titre is of the planned visit nearest to it, the first dose being one. Without a stated week, every planned visit
    has passed for a patient without any titre; after a titre, those have that the latest week on record of any patient
    has reached, or the day of the last record where each patient has a date of enrolment.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    rule : DosingRule
    as_of : array of float, shape (patients,)
        The week up to which each patient's records are looked at; infinite for all records.
    visits : tuple of float
        Planned weeks, in order.
    ends : Endings
    """
    titres = measurements(cohort, study, rule.again.analyte).valued()
    titres = titres.rows(at_or_before(titres.week, as_of[titres.patient]))
    last = np.full(len(cohort), -np.inf)
    np.maximum.at(last, titres.patient, titres.week)
    now = np.where(np.isfinite(last) & np.isposinf(as_of), _latest_on_record(cohort), as_of)
    planned = np.array(visits, dtype=float)
    occasions = sorted({rule.first.week, *visits})
    border = np.array([0.5 * (early + late) for early, late in pairwise(occasions)])
    of_last = np.where(np.isfinite(last), np.array(occasions)[np.searchsorted(border, last)], -np.inf)
    # What the latest week on record is itself a visit of, has been reached; a week asked for has only begun.
    complete = np.isposinf(as_of)[:, None] & at_or_before(planned, now[:, None])
    passed = (complete | before(planned, now[:, None])) & before(planned, ends.stop[:, None])
    return PlannedVisits(planned, last, now, at_or_before(planned, of_last[:, None]), passed)


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
