"""A landmark is a visit: one that was held a little late is the visit of the landmark, and what it found is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from relapse_model.arrays import Floats
from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.measurements import measurements
from relapse_model.comparisons import DAYS_PER_WEEK, at_or_before, before, same_day
from relapse_model.study.study import Study

_ENROLMENT = 0.0  # week
_DAY = 1.0 / DAYS_PER_WEEK
_TIMED = {"labs": ("week",), "treatments": ("start_week", "end_week"), "outcomes": ("week",)}


def visit_weeks(cohort: Cohort, study: Study, landmark: float) -> Floats:
    """Return the week of each patient's visit of the landmark where it was held late; NaN for all others.

    It is the first day after the landmark, within ``landmark_window_weeks``, with a test of the outcome's analyte (of
    any analyte that a predictor reads, where tests do not decide the outcome), of a patient who has none in as many
    weeks up to the landmark: who has, was seen in time, and his later tests are the future. So nothing that comes after
    the visit decides which it is. There is none for a landmark at enrolment or before: what comes after it may be an
    effect of the treatment.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    landmark : float
        Week.

    Returns
    -------
    array of float, shape (patients,)
    """
    window = study.prediction.landmark_window_weeks
    nobody = np.full(len(cohort), np.nan)
    if not window or at_or_before(landmark, _ENROLMENT):
        return nobody
    outcome = study.outcome.analyte
    read = [outcome] if outcome is not None else sorted({one.analyte for one in study.predictors if one.analyte})
    late, seen = np.full(len(cohort), np.inf), np.zeros(len(cohort), dtype=bool)
    for name in read:
        results = measurements(cohort, study, name)
        known = at_or_before(results.week, landmark)
        seen[results.patient[known & at_or_before(landmark - window, results.week)]] = True
        after = ~known & at_or_before(results.week, landmark + window)
        np.minimum.at(late, results.patient[after], results.week[after])
    return np.where(seen | np.isinf(late), np.nan, late)


def at_visit(cohort: Cohort, study: Study, landmark: float) -> Cohort:
    """Return the cohort with each visit of the landmark that was held late put on the landmark itself.

    What came before such a visit lies before the landmark, in its order; what came on the day of the visit lies on the
    landmark, and what came later stays where it is. Weeks within the window before the landmark are moved by less than
    its width for it; all others stay. A cohort without late visits is returned as it is, and one that this function
    returned too.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    landmark : float
        Week.

    Examples
    --------
    >>> import relapse_model as rm
    >>> cohort = rm.simulate_cohort(20, seed=1)
    >>> at_visit(cohort, rm.load_study("hbsag-relapse"), 12.0) is cohort  # the study states no window
    True
    """
    visit = visit_weeks(cohort, study, landmark)
    if np.isnan(visit).all():
        return cohort
    window = study.prediction.landmark_window_weeks
    tables: dict[str, pd.DataFrame] = {}
    for name, columns in _TIMED.items():
        table: pd.DataFrame | None = getattr(cohort, name)
        if table is None:
            continue
        own = visit[table["patient"].to_numpy(dtype=np.intp)]
        moved = {
            column: _moved(table[column].to_numpy(dtype=float), own, landmark, window)
            for column in columns
            if column in table
        }
        tables[name] = table.assign(**moved)
    return replace(cohort, **tables)  # type: ignore[arg-type]


def known_until(cohort: Cohort, study: Study, landmark: float, place: int) -> float:
    """Return the week up to which the records of one patient are known at the landmark: that of the visit, if late.

    Parameters
    ----------
    cohort : Cohort
        As it was read.
    study : Study
    landmark : float
        Week.
    place : int
        Position of the patient.
    """
    if not study.prediction.landmark_window_weeks:
        return landmark
    visit = float(visit_weeks(cohort.take(np.array([place], dtype=np.intp)), study, landmark)[0])
    return landmark if np.isnan(visit) else visit


def _moved(week: Floats, visit: Floats, landmark: float, window: float) -> Floats:
    """Return weeks with the day of the visit on the landmark, and those of the window before it drawn together."""
    start = landmark - window
    on_it = same_day(week, visit)
    earlier = at_or_before(start, week) & before(week, visit) & ~on_it
    drawn = start + (week - start) * (window - _DAY) / np.where(earlier, visit - start, 1.0)
    return np.where(on_it, landmark, np.where(earlier, drawn, week))
