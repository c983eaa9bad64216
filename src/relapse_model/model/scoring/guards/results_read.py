"""Which results of the labs table the model's predictors read, and on which assays and in which units."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.index_week import seen_at
from relapse_model.cohort.measurements import measurements
from relapse_model.model.scoring.guards.shown_names import assay_key, holds_identifier, identifiers
from relapse_model.study.predictor import Predictor
from relapse_model.study.study import Study
from relapse_model.study.unit_spelling import unit_key

Rows = NDArray[np.intp]
KEYS: dict[str, Callable[[str], str]] = {"assay": assay_key, "unit": unit_key}


def rows_read(cohort: Cohort, study: Study, predictor: Predictor, landmark: float) -> Rows:
    """Return the rows of the labs table that a predictor reads, in order of patient, week and time of day.

    Kinds ``last`` and ``first`` read one a patient, all others every result at or before the landmark (and within
    their window).

    Parameters
    ----------
    cohort : Cohort
    study : Study
    predictor : Predictor
        With an analyte.
    landmark : float
    """
    known = measurements(cohort, study, str(predictor.analyte)).until(landmark, predictor.window_weeks)
    rows = np.asarray(known.row, dtype=np.intp)
    # A positive word without a number has no value that a predictor of one result could be.
    nothing = ("missing", "positive") if predictor.kind in ("last", "first") else ("missing",)
    kept = ~cohort.labs["kind"].take(rows).isin(nothing).to_numpy()
    rows, patient = rows[kept], known.patient[kept]
    if predictor.kind not in ("last", "first") or not len(rows):
        return rows
    differs = patient[1:] != patient[:-1]
    edge = np.append(differs, True) if predictor.kind == "last" else np.append(True, differs)
    one: Rows = rows[edge]
    return one


def results_read(cohort: Cohort, study: Study, landmark: float) -> dict[str, Rows]:
    """Return for each analyte of the predictors the rows of the labs table that any of them reads.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    landmark : float
    """
    read: dict[str, Rows] = {}
    for predictor in study.predictors:
        if predictor.analyte is not None:
            rows = rows_read(cohort, study, predictor, landmark)
            read[predictor.analyte] = np.union1d(read[predictor.analyte], rows) if predictor.analyte in read else rows
    return read


def names_of(labs: pd.DataFrame, rows: Rows, column: str) -> tuple[NDArray[np.intp], list[str]]:
    """Return the assay or unit of each row as a number, -1 where none is stated, and the names by these numbers.

    Parameters
    ----------
    labs : DataFrame
    rows : array of int
    column : {"assay", "unit"}
    """
    if column not in labs:
        return np.full(len(rows), -1), []
    values = labs[column].iloc[rows]
    codes, names = pd.factorize(values.where(values.notna() & (values != ""), None).astype(object))
    return codes.astype(np.intp), [str(name) for name in names]


def measured_summary(cohort: Cohort, study: Study, landmark: float, fewest: int) -> dict[str, Any]:
    """Return on which assays and in which units the results that the predictors read came, with counts of patients.

    Parameters
    ----------
    cohort : Cohort
        Of the training.
    study : Study
    landmark : float
        The last one: what was read at an earlier one lies before it.
    fewest : int
        A count below it is not disclosed: it could point to a patient.

    Returns
    -------
    dict
        ``assays`` and ``units``: by analyte, name to number of patients. A name that holds a patient's identifier is
        left out.

    Examples
    --------
    >>> import relapse_model as rm
    >>> summary = measured_summary(rm.simulate_cohort(132, seed=7), rm.load_study("hbsag-relapse"), 0.0, fewest=5)
    >>> summary["units"]["anti_hbs"], sorted(summary["assays"]["hbcrag"])
    ({'mIU/mL': 132}, ['Lumipulse HBcrAg'])
    """
    summary: dict[str, Any] = {"assays": {}, "units": {}}
    nobody, cohort = identifiers(cohort), seen_at(cohort, study, landmark)
    patient = cohort.labs["patient"].to_numpy(dtype=np.intp)
    for analyte, rows in results_read(cohort, study, landmark).items():
        for part, column in (("assays", "assay"), ("units", "unit")):
            codes, names = names_of(cohort.labs, rows, column)
            spelling, by_key = _spellings(codes, names, KEYS[column])
            counts = {
                spelling[key]: len(np.unique(patient[rows[np.isin(codes, members)]]))
                for key, members in by_key.items()
                if not holds_identifier(spelling[key], nobody)
            }
            summary[part][analyte] = {
                name: count if count >= fewest else f"<{fewest}" for name, count in sorted(counts.items())
            }
    return summary


def _spellings(
    codes: NDArray[np.intp], names: list[str], key_of: Callable[[str], str]
) -> tuple[dict[str, str], dict[str, list[int]]]:
    """Return the commonest spelling of each key, and the numbers of all its spellings."""
    common = np.bincount(codes[codes >= 0], minlength=len(names))
    by_key: dict[str, list[int]] = {}
    for number, name in enumerate(names):
        by_key.setdefault(key_of(name), []).append(number)
    best = {key: max(members, key=lambda one: (common[one], names[one])) for key, members in by_key.items()}
    return {key: names[number] for key, number in best.items()}, by_key
