"""From a cohort and a study to a table of predictors, as they were known at the landmark."""

from __future__ import annotations

import difflib

import numpy as np
import pandas as pd

from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.index_week import require_same_index
from relapse_model.cohort.study_names import require_names
from relapse_model.errors import CohortError, Problem
from relapse_model.features.by_kind import derive_one
from relapse_model.study.predictor import Predictor
from relapse_model.study.study import Study


def derive_features(cohort: Cohort, study: Study, landmark_week: float | None = None) -> pd.DataFrame:
    """Return the study's predictors of every patient, as they were known at the landmark.

    Only rows with ``week <= landmark`` are read, and of a course of treatment only the part up to it. Blood drawn
    in the week of a dose was drawn before the dose.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    landmark_week : float, optional
        The study's first landmark by default.

    Returns
    -------
    DataFrame
        One row per patient in the order of the cohort, indexed by patient_id; one column per predictor, float
        (an analyte on the log10 scale as its logarithm), or text for a predictor with levels. NaN is missing.

    Raises
    ------
    CohortError
        If a column the study names is absent, or names, units or texts do not fit the study.

    Examples
    --------
    >>> import relapse_model as rm
    >>> X = rm.derive_features(rm.simulate_cohort(5, seed=1), rm.load_study("hbsag-relapse"))
    >>> X.shape
    (5, 8)
    """
    landmark = study.landmark(landmark_week)
    require_same_index(cohort, study)
    require_names(cohort, study)
    problems = [problem for predictor in study.predictors for problem in _absent(cohort, predictor)]
    if problems:
        raise CohortError("the cohort does not fit the study", problems)
    columns = {
        predictor.name: np.asarray(derive_one(cohort, study, predictor, landmark)) for predictor in study.predictors
    }
    return pd.DataFrame(columns, index=cohort.patient_ids)


def _absent(cohort: Cohort, predictor: Predictor) -> list[Problem]:
    """Refuse a column that only the table could give; where treatments can stand in, it may be absent."""
    column, patients = predictor.column, cohort.patients
    if column is None or column in patients or (predictor.agents and cohort.treatments is not None):
        return []
    near = difflib.get_close_matches(column, patients.columns, n=1)
    advice = f"Did you mean {near[0]!r}?" if near else "Add it (empty where unknown), or take the predictor out"
    needed = f"a column {column!r} for predictor {predictor.name!r}"
    if predictor.agents:
        needed += ", or a treatments table"
    return [Problem("patients", None, column, "the column is missing", needed, advice)]
