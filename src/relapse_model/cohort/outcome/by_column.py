"""The outcome by a column of the patients table: whether it came by the horizon, in a week that nobody wrote down."""

from __future__ import annotations

import numpy as np
import pandas as pd

from relapse_model.arrays import Floats
from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.outcome.risk_set import ENROLMENT
from relapse_model.cohort.outcome_column import expected_cells, outcome_cells
from relapse_model.comparisons import at_or_before
from relapse_model.errors import CohortError, Problem, RelapseModelError
from relapse_model.study.study import Study


def by_column(cohort: Cohort, study: Study, landmark: float) -> pd.DataFrame:
    """Return the outcome of each patient, in the columns of `derive_outcome` without the state.

    Assumes that whoever enrolled was free of it, that a yes came after enrolment and by the horizon, and that a no was
    followed through the horizon. The relapse lies between the two; for measures that need a week it is the horizon.

    Parameters
    ----------
    cohort : Cohort
    study : Study
        With an outcome that is a column.
    landmark : float
        Week; 0 or earlier, since by a later one the outcome may have come.

    Raises
    ------
    CohortError
        If the column is absent, holds something else, or the cohort has an outcomes table too.
    RelapseModelError
        For a later landmark.
    """
    horizon = study.prediction.horizon_weeks
    if not at_or_before(landmark, ENROLMENT):
        raise RelapseModelError(
            f"landmark_week is {landmark:g}; expected 0 or earlier, since the outcome of study {study.name!r} is a "
            "column without weeks: by a later week it may have come already. With weeks, use an outcomes table."
        )
    value = _values(cohort, study)
    event, known = value == 1, ~np.isnan(value)
    time = np.where(known, horizon, np.nan)
    return pd.DataFrame(
        {
            "last_negative_week": np.where(event, ENROLMENT, time),
            "first_positive_week": np.where(event, horizon, np.nan),
            "time_week": time,
            "event": event.astype(int),
            "single_positives": 0,
            "clearance_week": np.nan,
        }
    ).astype({"event": int, "single_positives": int, "clearance_week": float})


def _values(cohort: Cohort, study: Study) -> Floats:
    rule = study.outcome
    column = str(rule.column)
    problems = []
    if cohort.outcomes is not None:
        found = f"an outcomes table, and column {column!r} as the outcome of the study"
        problems.append(Problem("outcomes", None, None, found, "one of them"))
    if column not in cohort.patients:
        problems.append(Problem("patients", None, column, "the column is missing", f"{expected_cells(rule)}"))
        raise CohortError("the cohort does not fit the study", problems)
    read = outcome_cells(cohort.patients[column], rule)
    if read.unusable.any():
        count = f"{int(read.unusable.sum())} cells that are none of what it may hold"
        advice = "Read the cohort with this study: it lists the rows"
        problems.append(Problem("patients", None, column, count, expected_cells(rule), advice))
    if problems:
        raise CohortError("the cohort does not fit the study", problems)
    return read.value
