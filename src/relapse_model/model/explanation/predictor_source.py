"""Where the value of a predictor was read for one patient: which table, which week, and on which side of a limit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from relapse_model.arrays import Floats
from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.measurements import Measurements, measurements
from relapse_model.cohort.tables.column_values import texts
from relapse_model.cohort.tables.columns import MISSING_WORDS
from relapse_model.study.predictor import Predictor
from relapse_model.study.predictor_kinds import WITH_WORDS
from relapse_model.study.study import Study

_ONE_RESULT = ("last", "first", "maximum", "minimum")


@dataclass(frozen=True, slots=True)
class PredictorSource:
    """Where a value comes from.

    Attributes
    ----------
    table : str
        ``labs``, ``patients``, ``treatments``, or nothing for the week of prediction itself.
    week : float or None
        Of the laboratory result: the one that is the value, or of several the newest. None where it is no result.
    limit : str
        ``<`` or ``>`` where the one result that is the value lies beyond a limit of its assay, else empty.
    at : float
        That limit, in the unit of the analyte; NaN without one.
    """

    table: str
    week: float | None = None
    limit: str = ""
    at: float = np.nan


def predictor_source(
    cohort: Cohort, study: Study, predictor: Predictor, place: int, landmark: float
) -> PredictorSource:
    """Return where a predictor of one patient was read, among what was known at the landmark.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    predictor : Predictor
    place : int
        Position of the patient in the cohort.
    landmark : float
        Week.

    Examples
    --------
    >>> import relapse_model as rm
    >>> cohort, study = rm.simulate_cohort(1, seed=8), rm.load_study("hbsag-relapse")
    >>> predictor_source(cohort, study, study.predictor("age"), 0, 0.0).table
    'patients'
    >>> predictor_source(cohort, study, study.predictor("anti_hbs"), 0, 0.0).week
    0.0
    """
    if predictor.column is not None and (not predictor.agents or _stated(cohort, predictor.column, place)):
        return PredictorSource("patients")
    if predictor.agents:
        return PredictorSource("treatments")
    if predictor.analyte is None:
        return PredictorSource("")
    known = measurements(cohort, study, predictor.analyte).until(landmark, predictor.window_weeks)
    known = known.rows(known.patient == place)
    known = known if predictor.kind in WITH_WORDS else known.valued()
    if not len(known.week):
        return PredictorSource("labs")
    row = _row(known, predictor)
    week, lower, upper = (float(column[row]) for column in (known.week, known.lower, known.upper))
    if predictor.kind in _ONE_RESULT and lower < upper:
        limit, at = (">", lower) if np.isposinf(upper) else ("<", upper)
        return PredictorSource("labs", week, limit, at)
    return PredictorSource("labs", week)


def _stated(cohort: Cohort, column: str, place: int) -> bool:
    """Tell whether the patients table says something that the treatments would else have to tell."""
    if column not in cohort.patients:
        return False
    return texts(cohort.patients[column].iloc[[place]]).iloc[0].casefold() not in MISSING_WORDS


def _row(known: Measurements, predictor: Predictor) -> int:
    if predictor.kind == "first":
        return 0
    if predictor.kind == "maximum":
        return int(np.argmax(known.value))
    if predictor.kind == "minimum":
        return int(np.argmin(known.value))
    if predictor.kind == "weeks_since_first_below":
        below = np.flatnonzero(_surely_below(known, float(predictor.below or 0.0)))
        return int(below[0]) if len(below) else -1
    return -1


def _surely_below(known: Measurements, threshold: float) -> Floats:
    at_limit = (known.upper <= threshold) & (known.lower < known.upper)
    return np.asarray((known.upper < threshold) | at_limit)
