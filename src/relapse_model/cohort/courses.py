"""Courses of treatment, as they were known at a landmark."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Floats
from relapse_model.comparisons import at_or_before, before

Patients = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Courses:
    """Courses and doses of some agents that began at or before the landmark, clipped to it.

    `ongoing` marks a course whose end is not known at the landmark.
    """

    patient: Patients
    start: Floats
    end: Floats
    dose: Floats
    ongoing: NDArray[np.bool_]


def courses_until(treatments: pd.DataFrame, agents: tuple[str, ...], landmark: float) -> Courses:
    """Return what was known of the agents at the landmark.

    A course without an end is still running; one that ends after the landmark is, as far as anybody knew.

    Parameters
    ----------
    treatments : DataFrame
        The cohort's table.
    agents : tuple of str
    landmark : float
        Week.
    """
    begin = treatments["start_week"].to_numpy(dtype=float)
    rows = np.flatnonzero(treatments["agent"].isin(agents).to_numpy() & at_or_before(begin, landmark))
    stop = _column(treatments, "end_week")[rows]
    ongoing = np.isnan(stop) | before(landmark, stop)
    end = np.where(ongoing, landmark, stop)
    patient = treatments["patient"].to_numpy(dtype=np.intp)[rows]
    dose = _column(treatments, "dose")[rows]
    order = np.lexsort((dose, end, begin[rows], patient))  # whatever the order of the rows
    return Courses(patient[order], begin[rows][order], end[order], dose[order], ongoing[order])


def ever(courses: Courses, patients: int) -> Floats:
    """Return 1 for patients given any of the agents, else 0."""
    return np.asarray(np.bincount(courses.patient, minlength=patients) > 0, dtype=np.float64)


def _column(table: pd.DataFrame, name: str) -> Floats:
    return table[name].to_numpy(dtype=float) if name in table else np.full(len(table), np.nan)
