"""A second column of patients' identifiers that names other patients in its rows: two tables side by side."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from relapse_model.arrays import Mask
from relapse_model.cohort.readers.label_words import plain_words
from relapse_model.cohort.readers.spreadsheets.header_words import IDENTIFIERS, bare_name
from relapse_model.cohort.readers.spreadsheets.reading import Reading
from relapse_model.cohort.tables.identifiers import identifier_keys

_PATIENT = re.compile(
    r"(?<![a-zà-ÿ])(?:patients?|patientid|pat|patnr|patienten\w*|subject|subjid|usubjid|participant|paciente|paziente"
    r"|versuchsperson|proband(?:in)?)(?![a-zà-ÿ])|患者|病人|受试者|病案|住院号|病历"
)
_RELATED = re.compile(
    r"(?<![a-z])(?:match\w*|control|donor|index|mother|father|sibling|partner|spouse|pair|related|contact|household"
    r"|random\w*|screen\w*|initials|name|type|status)(?![a-z])|匹配|对照|供者|母亲|配偶|家属|随机|筛选|姓名|类型"
)  # another person's, or another number of this one
_RUNNING = re.compile(r"\d{1,4}")
_NUMBERED = re.compile(r"病案|住院号|病历")  # of a hospital: a running number there is no patient's of the study
_MOST = 0.5  # of the texts: they are identifiers of the same kind
EXPECTED = "the identifier by which the row is read, that of {!r}"
ADVICE = (
    "Do two tables stand side by side, or does the laboratory have its own number? Give the second table a sheet of "
    "its own in a copy, with its own column of identifiers; or, if this column is no identifier of the rows, take it "
    "out of a copy"
)


def names_patients(name: str) -> bool:
    """Tell whether a column is called an identifier of a patient, and not that of a related person.

    Examples
    --------
    >>> [names_patients(one) for one in ("Patient", "Pat.-Nr.", "Lab patient ID", "住院号")]
    [True, True, True, True]
    >>> [names_patients(one) for one in ("Matched patient", "Sex", "Inpatient stay", "随机号")]
    [False, False, False, False]
    """
    plain = plain_words(name)
    called = bare_name(name) in IDENTIFIERS or _PATIENT.search(plain) is not None
    return called and not _RELATED.search(plain)


def other_patients_named(name: str, texts: pd.Series, own: pd.Series, known: set[str]) -> Mask:
    """Tell in which rows a column names another patient than the one as whose the row is read.

    Running numbers say so only in a column that is called a patient: numbers of a hospital or a centre may be 1, 2, 3,
    too.

    Parameters
    ----------
    name : str
        Of the column.
    texts, own : Series
        What stands there, and the key of the patient of each row.
    known : set of str
        Keys of all patients.

    Examples
    --------
    >>> own = pd.Series(["p1", "p2", "p3"])
    >>> other_patients_named("Patient", pd.Series(["p2", "p1", "p3"]), own, {"p1", "p2", "p3"}).tolist()
    [True, True, False]
    >>> other_patients_named("Patient", pd.Series(["L7", "L8", "L9"]), own, {"p1", "p2", "p3"}).tolist()
    [False, False, False]
    """
    nothing: Mask = np.zeros(len(texts), dtype=bool)
    if not names_patients(name):
        return nothing
    plain = texts.astype(str).str.strip()
    keys = identifier_keys(plain).astype(str).to_numpy(dtype=object)
    there = (plain != "").to_numpy()
    among = np.array([key in known for key in keys], dtype=bool) & there
    if not among.any() or among.sum() <= _MOST * there.sum():
        return nothing
    running = all(_RUNNING.fullmatch(str(key)) for key in keys[there])
    if running and (not _PATIENT.search(plain_words(name)) or _NUMBERED.search(name)):
        return nothing
    ours = own.astype(str).to_numpy(dtype=object)
    differ: Mask = among & (ours != "") & (keys != ours)
    return differ


def refuse_second_identifiers(reading: Reading) -> None:
    """Refuse rows in which a column that is not read names another patient than that of the row.

    Parameters
    ----------
    reading : Reading
        After everything was read.
    """
    known = set(map(str, reading.keys[reading.main])) - {""}
    for source, table in reading.tables.items():
        own = reading.keys[source]
        for place, name in enumerate(table.names):
            if place in reading.used[source]:
                continue
            wrong = other_patients_named(name, table.column(place), pd.Series(own.to_numpy()), known)
            for row in np.flatnonzero(wrong & ~reading.strangers(source)).tolist():
                expected = EXPECTED.format(reading.identifier_name(source))
                reading.cell_problem(source, row, name, "another patient's identifier", expected, ADVICE)
