"""The patients table: columns from Patient, and from other resources of each patient."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.cohort.readers.fhir.cohort_tables import Kept, rows_of
from relapse_model.cohort.readers.fhir.collect import Collector
from relapse_model.cohort.readers.fhir.courses import one_text
from relapse_model.cohort.readers.fhir.elements import NotFhirError
from relapse_model.cohort.readers.fhir.time_zero import COLUMN, Index
from relapse_model.cohort.readers.fhir.values import CORRECT, UnclearError
from relapse_model.cohort.readers.index_dates import ages_at
from relapse_model.cohort.readers.made_table import MadeTable
from relapse_model.cohort.readers.source_mapping import SourceMapping
from relapse_model.cohort.readers.source_values import is_missing, meanings_of
from relapse_model.cohort.tables.identifiers import identifier_key
from relapse_model.errors import Problem

_BIRTH = "birthDate"


def patient_columns(
    collector: Collector, mapping: SourceMapping, kept: Kept, index: Index
) -> tuple[MadeTable, list[Problem]]:
    """Return the patients table, and what in it cannot be read.

    Parameters
    ----------
    collector : Collector
    mapping : SourceMapping
    kept : Kept
    index : Index
    """
    places = np.flatnonzero(kept.cohort)
    found = [collector.patients.found[place] for place in places.tolist()]
    table = pd.DataFrame({"patient_id": kept.ids[places], COLUMN: index.dates[places]}, dtype=object)
    file = np.array([one.file for one in found], dtype=object)
    entry = np.array([one.number for one in found], dtype=np.int64)
    elsewhere = rows_of(collector, "patients")
    problems: list[Problem] = []

    def refuse(row: int, column: str, came: str, expected: str) -> None:
        own = identifier_key(str(table["patient_id"].iloc[row]))
        problems.append(Problem(file[row], int(entry[row]), column, came, expected, CORRECT, own, counted="entry"))

    for column, field in mapping.patients.items():
        if column in collector.asked.patients:
            texts = [_own(collector, place, column) for place in places.tolist()]
        else:
            texts = list(_elsewhere(elsewhere, column, places))
        for row, text in enumerate(texts):
            if text is None:
                refuse(row, column, "several different values", "one for each patient")
        values = pd.Series([text or "" for text in texts], dtype=object)
        values = values.mask(is_missing(values, mapping.missing), "")
        if field.name == _BIRTH:
            values, _, bad = ages_at(values, table[COLUMN], mapping.time.partial)  # type: ignore[arg-type]
            for row in np.flatnonzero(bad).tolist():
                refuse(row, _BIRTH, "no date", "a date as YYYY-MM-DD, YYYY-MM or YYYY")
        read = meanings_of(values, field.values)
        for row in np.flatnonzero(read.unknown).tolist():
            refuse(row, column, "a text without a meaning in the mapping", f"one of {', '.join(field.values)}")
        table[column] = read.values
    called = {column: field.name for column, field in (("patient_id", mapping.patient_id), *mapping.patients.items())}
    return MadeTable(table, file, entry, called, counted="entry"), problems


def _own(collector: Collector, place: int, column: str) -> str | None:
    """Return the text of a column that stands in Patient; None where there are several."""
    try:
        return one_text(collector.patients.found[place].resource, collector.asked.patients[column], column)
    except (UnclearError, NotFhirError):
        return None


def _elsewhere(rows: pd.DataFrame, column: str, places: NDArray[np.intp]) -> Iterator[str | None]:
    """Yield for each patient the text in another resource; None where they differ."""
    own = rows[(rows["name"] == column) & ~rows["earlier"] & (rows["position"] >= 0) & (rows["text"] != "")]
    by_patient = own.groupby("position")["text"]
    first, several = by_patient.first(), by_patient.nunique() > 1
    for place in places.tolist():
        yield "" if place not in first.index else None if several[place] else str(first[place])
