"""Numbers of observations (LBSEQ, EXSEQ, ASEQ): one that a subject has twice, with other contents, is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd

from relapse_model.arrays import Mask
from relapse_model.cohort.readers.cdisc.data_set import DataSet
from relapse_model.cohort.readers.cdisc.library import Library
from relapse_model.cohort.readers.cdisc.standard import ID
from relapse_model.cohort.readers.source_table import SourceTable
from relapse_model.errors import Problem


def sequence_of(data: DataSet) -> str:
    """Return the variable that numbers the observations of each subject; empty where there is none."""
    return next((one for one in (f"{Library.domain(data)}SEQ", "ASEQ") if one in data and one != "SEQ"), "")


def numbered_twice(data: DataSet) -> Mask:
    """Tell which observations have a number that another one of the subject has, and differ from it.

    Observations that are equal in every variable are repetitions: the cohort counts them once, and lists them.

    Parameters
    ----------
    data : DataSet
    """
    found = np.zeros(data.rows, dtype=bool)
    name = sequence_of(data)
    if not name or ID not in data:
        return found
    subject, number = data.coded(ID).codes, data.coded(name)
    there = np.array([text != "" for text in number.texts], dtype=bool)[number.codes]
    key = pd.Series(subject.astype(np.int64) * (len(number.texts) + 1) + number.codes)
    rows = np.flatnonzero(key.duplicated(keep=False).to_numpy() & there)
    if not len(rows):
        return found
    whole = pd.DataFrame({variable: data.coded(variable).codes[rows] for variable in data.labels})
    first = whole.groupby(key.iloc[rows].to_numpy()).transform("first")
    other = (whole != first).any(axis=1)
    found[rows] = other.groupby(key.iloc[rows].to_numpy()).transform("any").to_numpy()
    return found


def number_problems(table: SourceTable, data: DataSet, rows: Mask) -> list[Problem]:
    """Refuse observations of a number that the subject has twice.

    Parameters
    ----------
    table : SourceTable
    data : DataSet
    rows : array of bool
        Of the table.
    """
    name = sequence_of(data)
    advice = "Take out the observation that does not count"
    return table.problems(rows, name, "a number that no other observation of the subject has", advice) if name else []
