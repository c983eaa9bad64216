"""A cohort's results as rows of MEASUREMENT, as the OMOP Common Data Model 5.4 has them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.tables.days import read_days
from relapse_model.comparisons import DAYS_PER_WEEK
from relapse_model.errors import RelapseModelError
from relapse_model.files import write_csv
from relapse_model.study.study import Study

_OPERATORS = {"": 0, "<": 4171756, ">": 4172704, "<=": 4171754, ">=": 4171755}
_EMPTY = (
    "value_as_concept_id", "range_low", "range_high", "provider_id", "visit_occurrence_id", "visit_detail_id",
    "unit_source_concept_id", "measurement_event_id", "meas_event_field_concept_id",
)  # fmt: skip


def measurement_rows(
    cohort: Cohort,
    concepts: Mapping[str, int],
    *,
    units: Mapping[str, int] | None = None,
    persons: Mapping[str, int] | None = None,
    study: Study | None = None,
    type_concept: int = 0,
    first_id: int = 1,
) -> pd.DataFrame:
    """Return the results of a cohort as rows of MEASUREMENT, one for each result, as printed and as read.

    Nothing converts: a number stands in the unit in which it came. Limits of the assay have no column in OMOP, whose
    ranges are those of healthy people, and are left out.

    Parameters
    ----------
    cohort : Cohort
        With ``enrolment_date`` in the patients table, since OMOP has dates and no weeks.
    concepts : mapping of str to int
        Standard concept of each analyte; an analyte without one gets 0, which OMOP means by "no matching concept".
    units : mapping of str to int, optional
        Standard concept of each unit, as printed; others get 0.
    persons : mapping of str to int, optional
        ``person_id`` of each patient. Default: the identifiers, where all are whole numbers.
    study : Study, optional
        Whose LOINC codes become ``measurement_source_value``; else the analyte's name.
    type_concept : int
        Where the records come from (``measurement_type_concept_id``).
    first_id : int
        Of ``measurement_id``.

    Returns
    -------
    DataFrame

    Raises
    ------
    RelapseModelError
        If there is no date of enrolment, or no ``person_id``, of a patient with results.

    Examples
    --------
    >>> import relapse_model as rm
    >>> patients = pd.DataFrame({"patient_id": ["7"], "enrolment_date": ["2024-03-01"]})
    >>> labs = pd.DataFrame(
    ...     {"patient_id": ["7"], "week": [1], "analyte": ["anti_hbs"], "value": ["<10"], "unit": ["mIU/mL"]}
    ... )
    >>> rows = measurement_rows(rm.make_cohort(patients, labs), {"anti_hbs": 1})
    >>> rows[["person_id", "measurement_date", "operator_concept_id", "value_as_number"]].to_dict("records")
    [{'person_id': 7, 'measurement_date': '2024-03-08', 'operator_concept_id': 4171756, 'value_as_number': 10.0}]
    """
    labs = cohort.labs
    analyte, unit = labs["analyte"].astype(str), labs["unit"].astype(object).fillna("").astype(str)
    known = {} if study is None else study.analytes
    codes = {name: known[name].loinc[0] if name in known and known[name].loinc else name for name in analyte.unique()}
    table = pd.DataFrame(
        {
            "measurement_id": np.arange(first_id, first_id + len(labs)),
            "person_id": _persons(cohort, persons),
            "measurement_concept_id": analyte.map(dict(concepts)).fillna(0).astype(int),
            "measurement_date": _dates(cohort),
            "measurement_type_concept_id": type_concept,
            "operator_concept_id": labs["comparator"].astype(object).fillna("").map(_OPERATORS).astype(int),
            "value_as_number": labs["number"].to_numpy(dtype=float),
            "unit_concept_id": unit.map(dict(units or {})).fillna(0).astype(int),
            "measurement_source_value": analyte.map(codes),
            "measurement_source_concept_id": 0,
            "unit_source_value": unit,
            "value_source_value": labs["value"].astype(object).fillna("").astype(str),
        }
    )
    return table.assign(**dict.fromkeys(_EMPTY))


def write_measurement(cohort: Cohort, path: str | Path, concepts: Mapping[str, int], **options: object) -> None:
    """Write the rows of `measurement_rows` as CSV, for their owner alone unless they are simulated.

    Parameters
    ----------
    cohort, concepts, options
        As for `measurement_rows`.
    path : str or Path
    """
    table = measurement_rows(cohort, concepts, **options)  # type: ignore[arg-type]
    write_csv(table, Path(path), private=not cohort.synthetic)


def _persons(cohort: Cohort, persons: Mapping[str, int] | None) -> pd.Series:
    ids = cohort.patients["patient_id"].astype(str)
    if persons is None:
        numbers = pd.to_numeric(ids.where(ids.str.fullmatch(r"[1-9]\d{0,17}"), None), errors="coerce")
    else:
        numbers = ids.map(dict(persons))
    with_results = np.bincount(cohort.labs["patient"], minlength=len(ids)) > 0
    lacking = int((numbers.isna().to_numpy() & with_results).sum())
    if lacking:
        raise RelapseModelError(
            f"persons: {lacking} patients with results have no person_id; expected a whole number for each. Give "
            "persons={patient_id: person_id}."
        )
    return numbers.iloc[cohort.labs["patient"].to_numpy()].reset_index(drop=True).astype("int64")


def _dates(cohort: Cohort) -> pd.Series:
    """Return the day of each result: that of enrolment, and the weeks since."""
    patient = cohort.labs["patient"].to_numpy()
    days = np.round(cohort.labs["week"].to_numpy(dtype=float) * DAYS_PER_WEEK).astype("timedelta64[D]")
    given = cohort.patients.get("enrolment_date", pd.Series([None] * len(cohort), dtype=object))
    start = read_days(given.fillna("").astype(str)).day.astype("datetime64[D]")[patient]
    if np.isnat(start).any():
        raise RelapseModelError(
            "enrolment_date: lacking for patients with results; expected the date from which weeks are counted, since "
            "OMOP has dates only. Add the column to the patients table."
        )
    return pd.Series((start + days).astype(str), dtype=object)
