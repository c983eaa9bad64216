"""The day or week up to which the records of a cohort are looked at."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from relapse_model.arrays import Floats
from relapse_model.cohort.cohort import Cohort
from relapse_model.errors import CohortError, Problem, RelapseModelError
from relapse_model.study.trial_plan import DosingRule
from relapse_model.trial.arms.number_words import week_number

_WEEKS_BEYOND = 52.0  # after the last record: a later day is one that was mistyped, or the records are not the latest
_MEND = "Correct it, or leave it out: then all records are looked at"


def weeks_known(cohort: Cohort, asked: float | date | None, rule: DosingRule) -> Floats:
    """Return the week up to which each patient's records count: infinite for all, where nothing was asked.

    Parameters
    ----------
    cohort : Cohort
    asked : float or date, optional
        A week since enrolment, or a calendar day.
    rule : DosingRule

    Raises
    ------
    RelapseModelError
        For a week or day before every enrolment, or more than a year after the last record of the cohort.
    CohortError
        If a day was asked for and a patient of the arm has no date of enrolment.
    """
    begins = rule.first.week - rule.first.window_weeks
    if asked is None:
        return np.full(len(cohort), np.inf)
    if not isinstance(asked, date):
        week = float(asked)
        if not week >= begins:
            raise RelapseModelError(f"as_of_week is {week:g}; expected a week at or after enrolment.")
        last = max(float(_last_record(cohort).max()), rule.first.week)
        if week > last + _WEEKS_BEYOND:
            raise RelapseModelError(
                f"as_of_week is {week:g}; expected at most a year after the last record "
                f"(week {week_number(last)}). {_MEND}."
            )
        return np.full(len(cohort), week)
    enrolled = _enrolled(cohort, rule)
    arm = (cohort.patients["arm"] == rule.arm).to_numpy()
    days = (pd.Timestamp(asked) - enrolled).dt.days.to_numpy(dtype=float)
    first = enrolled[arm].min()
    if not (days[arm] / 7.0 >= begins).any():
        raise RelapseModelError(
            f"as_of_week is {asked}; nobody of the arm {rule.arm!r} was enrolled by then: expected a day from "
            f"{first.date()} on. {_MEND}."
        )
    last_day = (enrolled + pd.to_timedelta(np.maximum(_last_record(cohort), 0.0) * 7.0, unit="D")).max()
    if pd.Timestamp(asked) > last_day + pd.Timedelta(weeks=_WEEKS_BEYOND):
        raise RelapseModelError(
            f"as_of_week is {asked}; expected at most a year after the last record ({last_day.date()}). {_MEND}."
        )
    return np.where(np.isnan(days), -np.inf, days / 7.0)


def _enrolled(cohort: Cohort, rule: DosingRule) -> pd.Series:
    if "enrolment_date" not in cohort.patients:
        expected = "a date for each patient, since a calendar day was asked for"
        problem = Problem("patients", None, "enrolment_date", "the column is missing", expected)
        raise CohortError("no dosing report", [problem])
    enrolled = pd.to_datetime(cohort.patients["enrolment_date"])
    unknown = np.flatnonzero((enrolled.isna() & (cohort.patients["arm"] == rule.arm)).to_numpy())
    if len(unknown):
        raise CohortError("no dosing report", [
            Problem("patients", None, "enrolment_date", f"no date for {len(unknown)} of the arm {rule.arm!r}",
                    "a date for each, since a calendar day was asked for", "Complete it, or ask by week")
        ])  # fmt: skip
    return enrolled


def _last_record(cohort: Cohort) -> Floats:
    """Return the week of each patient's last result or treatment; 0 without any."""
    last = np.zeros(len(cohort))
    for table, column in ((cohort.labs, "week"), (cohort.treatments, "start_week")):
        if table is not None and column in table:
            weeks = np.nan_to_num(table[column].to_numpy(dtype=float), nan=0.0)
            np.maximum.at(last, table["patient"].to_numpy(dtype=np.intp), weeks)
    return last
