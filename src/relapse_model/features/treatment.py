"""Features of treatment history, as it was known at the landmark: nothing of a course beyond it exists yet."""

from __future__ import annotations

import numpy as np
import pandas as pd

from relapse_model.arrays import Floats, Mask
from relapse_model.cohort.courses import Courses, Patients, ever


def weeks_on(courses: Courses, patients: int, since: Floats | None = None) -> Floats:
    """Sum the weeks on treatment; overlapping courses count once.

    Parameters
    ----------
    courses : Courses
    patients : int
    since : array of float, optional
        Per patient, count only weeks after this one; the result is NaN where it is NaN.
    """
    start, end = courses.start, courses.end
    if since is not None:
        start = np.maximum(start, since[courses.patient])
    # Sorted by start: what reaches beyond every earlier course of the patient is new.
    furthest = _running_maximum(courses.patient, end)
    begin = np.maximum(start, furthest)
    added = np.maximum(end - begin, 0.0)
    weeks = np.zeros(patients)
    np.add.at(weeks, courses.patient, np.nan_to_num(added))
    return weeks if since is None else np.where(np.isnan(since), np.nan, weeks)


def weeks_between(courses: Courses, patients: int) -> Floats:
    """Return the weeks without treatment between the first start and the last end; NaN for those never treated."""
    first, latest = np.full(patients, np.inf), np.full(patients, -np.inf)
    np.minimum.at(first, courses.patient, courses.start)
    np.maximum.at(latest, courses.patient, courses.end)
    treated = np.isfinite(first)
    return np.where(treated, np.where(treated, latest - first, 0.0) - weeks_on(courses, patients), np.nan)


def weeks_off(courses: Courses, patients: int, landmark: float) -> Floats:
    """Return the weeks from the last end to the landmark: 0 on treatment, NaN for those never treated."""
    latest = np.full(patients, -np.inf)
    np.maximum.at(latest, courses.patient, courses.end)
    return np.where(np.isneginf(latest), np.nan, landmark - latest)


def doses(courses: Courses, patients: int) -> Floats:
    """Count the rows: one a dose."""
    return np.bincount(courses.patient, minlength=patients).astype(float)


def dose_total(courses: Courses, patients: int) -> Floats:
    """Sum the doses; NaN for a patient with a dose whose amount is not known."""
    return np.bincount(courses.patient, weights=courses.dose, minlength=patients).astype(float)


def where_recorded(values: Floats, courses: Courses, complete: bool) -> Floats:
    """Return the values; where the treatments table is not complete, NaN for a patient without a course in it.

    Parameters
    ----------
    values : array of float
        One per patient.
    courses : Courses
        Of the agents in question, as known at the landmark.
    complete : bool
        Whether who stands in the table without such a course, or not at all, was not given any of the agents.
    """
    return values if complete else np.where(ever(courses, len(values)) == 1, values, np.nan)


def first_week(patient: Patients, week: Floats, rows: Mask, patients: int) -> Floats:
    """Return the week of the first of some rows of each patient, NaN where there is none."""
    first = np.full(patients, np.inf)
    np.minimum.at(first, patient[rows], week[rows])
    return np.where(np.isinf(first), np.nan, first)


def _running_maximum(patient: Patients, end: Floats) -> Floats:
    """Return for each row the largest end among earlier rows of the same patient (-inf for the first)."""
    before = pd.Series(end).groupby(patient).cummax().groupby(patient).shift(1)
    return np.asarray(before.fillna(-np.inf), dtype=np.float64)
