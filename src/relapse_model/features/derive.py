"""From a cohort and a study to a table of predictors, as they were known at the landmark."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
import pandas as pd

from relapse_model.cohort import Cohort
from relapse_model.cohort_columns import MISSING_WORDS
from relapse_model.column_reader import shown, texts
from relapse_model.errors import CohortError, Problem
from relapse_model.features import treatment
from relapse_model.features.grouped import Floats
from relapse_model.features.laboratory import SUMMARIES, summarise
from relapse_model.lab_text import read_lab_texts
from relapse_model.measurements import measurements
from relapse_model.study import Predictor, Study

Derive = Callable[[Cohort, Study, Predictor, float], "Floats | pd.Series"]


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
        If a column the study names is absent, or units or texts do not fit the study.

    Examples
    --------
    >>> import relapse_model as rm
    >>> X = rm.derive_features(rm.simulate_cohort(5, seed=1), rm.load_study("hbsag-relapse"))
    >>> X.shape
    (5, 8)
    """
    landmark = study.prediction.landmark_weeks[0] if landmark_week is None else float(landmark_week)
    problems = [problem for predictor in study.predictors for problem in _absent(cohort, predictor)]
    if problems:
        raise CohortError("the cohort does not fit the study", problems)
    columns = {
        predictor.name: np.asarray(_derive(cohort, study, predictor, landmark)) for predictor in study.predictors
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


def _derive(cohort: Cohort, study: Study, predictor: Predictor, landmark: float) -> Floats | pd.Series:
    if predictor.kind in SUMMARIES:
        return _laboratory(cohort, study, predictor, landmark)
    if predictor.kind == "column":
        return _column(cohort, predictor)
    stated = _stated(cohort, predictor)
    if cohort.treatments is None:
        return stated
    derived = _TREATMENT[predictor.kind](cohort, study, predictor, landmark)
    return np.where(np.isnan(stated), derived, stated)


def _laboratory(cohort: Cohort, study: Study, predictor: Predictor, landmark: float) -> Floats:
    name = str(predictor.analyte)
    known = measurements(cohort, study, name).until(landmark, predictor.window_weeks)
    if predictor.kind != "count":  # a word such as "positive" is a result, but no number
        known = known.valued()
    log10 = study.analytes[name].scale == "log10" and predictor.kind != "count"
    return summarise(predictor.kind, known.patient, known.week, known.value, len(cohort), log10)


def _column(cohort: Cohort, predictor: Predictor) -> Floats | pd.Series:
    values = cohort.patients[predictor.column]
    if predictor.equals is not None or predictor.levels:
        return _category(values, predictor)
    numbers = _numbers(values, str(predictor.column))
    if predictor.scale == "linear":
        return numbers
    if (numbers <= 0).any():
        problem = Problem(
            "patients", None, predictor.column, f"{(numbers <= 0).sum()} values of 0 or less",
            "positive values, since the scale is log10", "Write a result below the limit as '<0.05'",
        )  # fmt: skip
        raise CohortError("the cohort does not fit the study", [problem])
    return np.log10(numbers)


def _category(values: pd.Series, predictor: Predictor) -> Floats | pd.Series:
    text = texts(values)
    missing = text.str.casefold().isin(MISSING_WORDS).to_numpy()
    if predictor.equals is not None:
        return np.where(missing, np.nan, (text == predictor.equals).to_numpy().astype(float))
    unknown = ~text.isin(predictor.levels).to_numpy() & ~missing
    if unknown.any():
        problems = [
            Problem("patients", None, predictor.column, f"{shown(value)} on {(text == value).sum()} rows",
                    f"one of {', '.join(predictor.levels)}", "Add it to the levels, or leave it empty")
            for value in pd.unique(text[unknown])
        ]  # fmt: skip
        raise CohortError("the cohort does not fit the study", problems)
    return text.where(~missing, None)


def _numbers(values: pd.Series, column: str) -> Floats:
    """Read a column of numbers or laboratory texts; below the limit counts as half of it."""
    if pd.api.types.is_numeric_dtype(values.dtype):
        return values.to_numpy(dtype=float)
    read = read_lab_texts(values)
    # The name of a column states its unit, so a logarithm in it is a mistake that nobody would see.
    bad = ~read["kind"].isin(["number", "missing"]).to_numpy() | read["log10"].to_numpy(dtype=bool)
    if bad.any():
        problems = [
            Problem(
                "patients",
                int(row) + 2,
                column,
                shown(values.iloc[row]),
                "a number, or a limit such as '<0.05', not on a log10 scale",
            )
            for row in np.flatnonzero(bad)
        ]
        raise CohortError("the cohort does not fit the study", problems)
    below = read["comparator"].isin(["<", "<="]).to_numpy()
    number = read["number"].to_numpy(dtype=float)
    return np.where(below, 0.5 * number, number)


def _stated(cohort: Cohort, predictor: Predictor) -> Floats:
    """Return what the patients table says of a treatment predictor; NaN where it says nothing."""
    if predictor.column is None or predictor.column not in cohort.patients:
        return np.full(len(cohort), np.nan)
    return _numbers(cohort.patients[predictor.column], predictor.column)


def _courses(cohort: Cohort, predictor: Predictor, landmark: float) -> treatment.Courses:
    assert cohort.treatments is not None
    return treatment.courses_until(cohort.treatments, predictor.agents, landmark)


def _weeks_after_negative(cohort: Cohort, study: Study, predictor: Predictor, landmark: float) -> Floats:
    """Count treatment after the first result below the threshold: that test must lie before the landmark too."""
    results = measurements(cohort, study, str(predictor.analyte)).until(landmark)
    threshold = float(predictor.below or 0.0)
    at_limit = (results.upper <= threshold) & (results.lower < results.upper)
    negative = (results.upper < threshold) | at_limit
    since = treatment.first_negative_week(results.patient, results.week, negative, len(cohort))
    return treatment.weeks_on(_courses(cohort, predictor, landmark), len(cohort), since)


_TREATMENT: Mapping[str, Derive] = MappingProxyType(
    {
        "weeks_on_agent": lambda c, s, p, week: treatment.weeks_on(_courses(c, p, week), len(c)),
        "weeks_on_agent_after_first_negative": _weeks_after_negative,
        "weeks_off_agent": lambda c, s, p, week: treatment.weeks_off(_courses(c, p, week), len(c), week),
        "ever_on_agent": lambda c, s, p, week: treatment.ever(_courses(c, p, week), len(c)),
        "dose_count": lambda c, s, p, week: treatment.doses(_courses(c, p, week), len(c)),
        "dose_total": lambda c, s, p, week: treatment.dose_total(_courses(c, p, week), len(c)),
    }
)
