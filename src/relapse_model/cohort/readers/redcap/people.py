"""The patients of an export: which records they are, their identifiers, columns and time zero."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from relapse_model.arrays import Mask, Positions
from relapse_model.cohort.readers.index_dates import read_index_file
from relapse_model.cohort.readers.made_table import MadeTable
from relapse_model.cohort.readers.patient_columns import PatientValues, made_patients, patient_values, patients_of
from relapse_model.cohort.readers.redcap.export import EVENT, INSTANCE, REPEAT, Export
from relapse_model.cohort.readers.redcap.prepared import with_codes
from relapse_model.cohort.readers.source_mapping import Field, SourceMapping
from relapse_model.cohort.readers.source_table import SourceTable
from relapse_model.cohort.readers.source_values import is_empty, is_missing, meanings_of
from relapse_model.cohort.tables.identifiers import identifier_keys
from relapse_model.errors import Problem

_COMPLETE = ("2", "2.0")


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """The patients.

    Attributes
    ----------
    table : SourceTable
        The rows of the export under the patients' identifiers.
    patients : MadeTable
    cohort : array of bool
        Rows of records that the cohort has.
    timed : array of bool
        Rows of patients whose time zero is known.
    used : array of bool
        Rows from which something was taken.
    problems : list of Problem
    notes : list of str
    """

    table: SourceTable
    patients: MadeTable
    cohort: Mask
    timed: Mask
    used: Mask
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def complete(export: Export, name: str, mapping: SourceMapping) -> Mask:
    """Tell in which rows a field counts: in all, or where its form is marked complete, as the mapping says."""
    status = export.status(name) if mapping.source.get("only_complete") else None
    everywhere = np.ones(len(export.table), dtype=bool)
    return everywhere if status is None else status.isin(_COMPLETE).to_numpy()


def people_of(export: Export, table: SourceTable, mapping: SourceMapping, folder: Path, *, dated: bool) -> People:
    """Return the patients of an export.

    Parameters
    ----------
    export : Export
    table : SourceTable
        With the columns made ready; the patient is the record.
    mapping : SourceMapping
    folder : Path
        To which a file of dates is relative.
    dated : bool
        Whether anything has a date, so that time zero is needed.
    """
    cohort, problems = _chosen(export, table, mapping)
    if mapping.patient_id.name != export.record:
        table, unnamed = _identified(export, table, mapping, cohort)
        problems = [*(replace(problem, patient=None) for problem in problems), *unnamed]
    patients, first = patients_of(table, cohort)
    columns = {
        column: patient_values(
            table,
            with_codes(one, export),
            patients,
            cohort & _rows(export, one, mapping),
            mapping,
            column=column,
        )
        for column, one in mapping.patients.items()
    }
    lacking = np.zeros(len(patients), dtype=bool)
    if mapping.time.zero is not None or mapping.time.file:
        zero, found = _zero(export, table, mapping, patients, cohort, folder)
        problems += found
        columns = {"enrolment_date": zero, **columns}
        lacking = zero.values == ""
    problems += [problem for one in columns.values() for problem in one.problems]
    if dated:
        refused = {problem.patient for problem in problems}
        nothing = lacking & ~identifier_keys(patients).isin(refused).to_numpy()
        problems += table.problems(first[nothing], columns["enrolment_date"].column, "the date of time zero", _WITHOUT,
                                   "nothing in any row of the patient")  # fmt: skip
    used = np.zeros(len(table), dtype=bool)
    used[first] = True
    for one in columns.values():
        used[one.at[one.at >= 0]] = True
    untimed = identifier_keys(patients)[lacking]
    timed = ~table.keys.isin(untimed).to_numpy()
    notes = [
        f"{name}: {one.coded_missing:,} codes for missing values" for name, one in columns.items() if one.coded_missing
    ]
    return People(table, made_patients(table, patients, first, columns), cohort, timed, used, problems, notes)


_WITHOUT = "Give it, or leave such patients out with when = { ... } under [patients]"


def _rows(export: Export, one: Field, mapping: SourceMapping) -> Mask:
    rows = complete(export, one.name, mapping)
    events = one.options.get("event", ())
    return rows & export.in_events(events) if events else rows


def _chosen(export: Export, table: SourceTable, mapping: SourceMapping) -> tuple[Mask, list[Problem]]:
    """Tell which rows are of records that the mapping wants.

    A condition on the event or the instance chooses the rows by which the others decide. Among these, a field that
    fits in one row of a record and not in another does not say whether the record is wanted.
    """
    here, conditions = np.ones(len(table), dtype=bool), dict(mapping.patients_when)
    for name in (EVENT, REPEAT, INSTANCE):
        wanted = conditions.pop(name, None)
        if wanted is not None:
            here &= export.in_events(wanted) if name == EVENT else table.columns[name].isin(wanted).to_numpy()
    rows = table.keys.isin(table.keys[here]).to_numpy()
    named = identifier_keys(pd.Series(mapping.source.get("not_patients", ()), dtype=object))
    rows = rows & ~table.keys.isin(named).to_numpy()
    problems: list[Problem] = []
    if not named.isin(table.keys).all():
        what, expected = "a record of not_patients that the export does not have", "records of the export"
        problems.append(Problem(table.name, None, export.record, what, expected))
    for name, wanted in conditions.items():
        texts = table.columns[name]
        fits = (meanings_of(texts, dict.fromkeys(wanted, "1")).values == "1").to_numpy()
        filled = here & ~(is_empty(texts) | is_missing(texts, mapping.missing))
        both = table.keys.isin(table.keys[filled & fits]) & table.keys.isin(table.keys[filled & ~fits])
        rows = rows & table.keys.isin(table.keys[filled & fits]).to_numpy()
        unclear = np.flatnonzero(filled & both.to_numpy())
        again = unclear[~table.keys.iloc[unclear].duplicated().to_numpy()]
        problems += table.problems(
            again, name, "one answer for each record, to decide whether it is a patient",
            f'Name the event that decides, such as when = {{ {name} = "...", {EVENT} = "..." }}',
            "a value that fits the condition in one row of this record, and not in another",
        )  # fmt: skip
    return rows, problems


def _identified(
    export: Export, table: SourceTable, mapping: SourceMapping, cohort: Mask
) -> tuple[SourceTable, list[Problem]]:  # fmt: skip
    """Put the patients' identifiers in place of the records'."""
    records, first = patients_of(table, cohort)
    found = patient_values(
        table, mapping.patient_id, records, cohort & _rows(export, mapping.patient_id, mapping), mapping
    )
    texts = pd.Series(found.values, dtype=object)
    problems = [replace(problem, patient=None) for problem in found.problems]
    name = mapping.patient_id.name
    none = first[(texts == "").to_numpy()]
    problems += table.problems(none, name, "the patient's identifier", _WITHOUT, "nothing in any row of the record")
    keys = identifier_keys(texts)
    twice = first[(keys.duplicated(keep=False) & (keys != "")).to_numpy()]
    problems += table.problems(twice, name, "another identifier in each record", found="one that two records have")
    by_record = dict(zip(identifier_keys(records), texts, strict=True))
    named = table.keys.map(by_record).fillna("").astype(object)
    return replace(table, patient=named), [replace(problem, patient=None) for problem in problems]


def _zero(
    export: Export, table: SourceTable, mapping: SourceMapping, patients: pd.Series, cohort: Mask, folder: Path
) -> tuple[PatientValues, list[Problem]]:  # fmt: skip
    zero = mapping.time.zero
    if zero is not None:
        return patient_values(table, zero, patients, cohort & _rows(export, zero, mapping), mapping, date=True), []
    read = read_index_file(mapping.time, folder)
    dates = identifier_keys(patients).map(read.dates).astype(object).fillna("").to_numpy(dtype=object)
    nowhere: Positions = np.full(len(patients), -1, dtype=np.intp)
    return PatientValues(dates, nowhere, table, mapping.time.file), list(read.problems)
