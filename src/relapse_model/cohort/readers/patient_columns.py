"""One value for each patient, from whichever rows of a table hold it: none, one, or two that contradict each other."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Mask, Positions
from relapse_model.cohort.readers.column_units import linear
from relapse_model.cohort.readers.field_texts import read_field
from relapse_model.cohort.readers.made_table import MadeTable
from relapse_model.cohort.readers.source_mapping import Field, SourceMapping
from relapse_model.cohort.readers.source_table import SourceTable
from relapse_model.cohort.tables.identifiers import identifier_keys
from relapse_model.errors import Problem

_NUMBER = r"[<>≤≥=\s]*[+-]?\d[\d.,]*(?:[eE][+-]?\d+)?"


@dataclass(frozen=True, slots=True, eq=False)
class PatientValues:
    """One column of the patients table.

    Attributes
    ----------
    values : array of object
        Texts, one for each patient; empty where not known.
    at : array of int
        The row of the table in which each stands; -1 where not known.
    table : SourceTable
    column : str
        In the source.
    coded_missing : int
        Cells that hold a code for missing.
    problems : list of Problem
    """

    values: NDArray[np.object_]
    at: Positions
    table: SourceTable
    column: str
    coded_missing: int = 0
    problems: list[Problem] = field(default_factory=list)


def patients_of(table: SourceTable, chosen: Mask) -> tuple[pd.Series, Positions]:
    """Return the patients of some rows, each once in the order of the source, and their first rows.

    Parameters
    ----------
    table : SourceTable
    chosen : array of bool
    """
    rows = np.flatnonzero(chosen & (table.keys != "").to_numpy())
    first = rows[~table.keys.iloc[rows].duplicated().to_numpy()]
    return table.patient.iloc[first].reset_index(drop=True), first


def patient_values(
    table: SourceTable, one: Field, patients: pd.Series, chosen: Mask, mapping: SourceMapping, *, date: bool = False,
    column: str = "",
) -> PatientValues:  # fmt: skip
    """Return the one value that the chosen rows hold for each patient; two different ones are a problem.

    Parameters
    ----------
    table : SourceTable
    one : Field
        A column of the table.
    patients : Series
        Identifiers.
    chosen : array of bool
        Rows that may hold it.
    mapping : SourceMapping
    date : bool
        Whether it is a date.
    column : str
        Of the patients table: a logarithm is an amount in one that holds amounts.
    """
    raw = table.columns[one.name]
    read = read_field(raw.where(chosen, ""), one, mapping, date=date)
    values, coded = read.values, read.coded_missing
    problems = table.problems(read.bad, one.name, read.expected)
    if one.unit:
        values = values.map(lambda text: linear(text, column, one.unit)).astype(object)
        bare = values.str.fullmatch(_NUMBER).to_numpy(dtype=bool)
        values = values.mask(bare, values + " " + one.unit)
    owner = pd.Index(identifier_keys(patients)).get_indexer(pd.Index(table.keys))
    filled = np.flatnonzero((values != "").to_numpy() & (owner >= 0))
    found = pd.DataFrame({"owner": owner[filled], "value": values.iloc[filled].to_numpy(dtype=object)})
    different = found.drop_duplicates()
    second = different["owner"].duplicated().to_numpy()
    at_second = filled[different.index[second]]
    problems += table.problems(
        at_second, one.name, "one value for each patient", "Correct it, or name the rows that hold it in the mapping",
        "another value than in an earlier row of this patient",
    )  # fmt: skip
    kept = different[~second]
    result = np.full(len(patients), "", dtype=object)
    at = np.full(len(patients), -1, dtype=np.intp)
    result[kept["owner"]] = kept["value"]
    at[kept["owner"]] = filled[kept.index]
    return PatientValues(result, at, table, one.name, int(coded.sum()), problems)


def made_patients(
    table: SourceTable, patients: pd.Series, first: Positions, columns: dict[str, PatientValues]
) -> MadeTable:
    """Put the columns together; a value that stands in another row than the patient's first says in which.

    Parameters
    ----------
    table : SourceTable
        In which the patients stand.
    patients : Series
    first : array of int
        Row of each in it.
    columns : dict of str to PatientValues
    """
    elsewhere = {}
    for name, one in columns.items():
        away = (one.at >= 0) & ((one.at != first) | (one.table is not table))
        if away.any():
            number = np.where(away, one.table.number[one.at], -1)
            elsewhere[name] = np.full(len(patients), one.table.name, dtype=object), number
    called = {name: one.column for name, one in columns.items()}
    frame = pd.DataFrame({"patient_id": patients.to_numpy(), **{name: one.values for name, one in columns.items()}})
    return MadeTable(frame.astype(object), table.name, table.number[first], called, table.counted, elsewhere)
