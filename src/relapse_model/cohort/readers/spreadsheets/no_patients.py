"""Rows of a sheet that are no patients: those that the mapping names, and those that look like totals or remarks."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

import numpy as np
import pandas as pd

from relapse_model.arrays import Mask
from relapse_model.cohort.readers.near_identifiers import nearly_known
from relapse_model.cohort.readers.spreadsheets.reading import Reading
from relapse_model.cohort.readers.spreadsheets.table import Table, name_of_column
from relapse_model.errors import Problem

_WORDS = re.compile(
    r"(?:grand |sub-?)?totals?\b|sum\b|mean\b|average\b|median\b|s\.?d\.?$|n\s*=|notes?\b|remarks?\b|legend\b"
    r"|合计|总计|小计|共计|平均|均值|标准差|中位|备注|说明|注[:：]"
)
_MOST = 0.5  # of the identifiers: from here on, one that looks otherwise is unlike them
_EXPECTED = "a patient, or a row that the mapping leaves out"


def refuse_unlike(reading: Reading, ids: pd.Series, chosen: Mask, dates: pd.Series | None) -> None:
    """Refuse rows that are hardly patients: a total, a mean, a remark, a second header.

    By two signs at least: an identifier that looks unlike the others or is a word for a total, and no date of
    enrolment (where the mapping has none: nothing else in the row, or a word that is unlike the others). Such a row
    is a question, which the mapping answers.

    Parameters
    ----------
    reading : Reading
    ids : Series
        Of the rows of the main sheet.
    chosen : array of bool
        Rows that the mapping does not leave out.
    dates : Series or None
        Dates of enrolment as read or printed, empty where there is none; None where the mapping names no date.
    """
    table = reading.tables[reading.main]
    wordy = _told(ids, lambda text: _is_word(text, reading.identifier_name(reading.main)))
    if dates is not None:
        undated = (dates == "").to_numpy()
        odd = undated & (wordy | _unlike(ids, chosen & ~undated))
        what = "an identifier unlike the others, or a word for a total, and no date of enrolment"
    else:
        unlike = _without_digits(ids, chosen)
        odd = unlike & (wordy | _alone(table))
        what = "a row with an identifier unlike the others, as of a total or a remark"
    name = reading.identifier_name(reading.main)
    for row in np.flatnonzero(odd & chosen).tolist():
        advice = (
            f"If it is no patient, name what stands in {name!r} there under [source]: not_patients = [\"...\"]. "
            "If it is one, complete it"
        )  # fmt: skip
        reading.cell_problem(reading.main, row, name, what, _EXPECTED, advice)


def left_out_by_name(reading: Reading, source: str, ids: pd.Series) -> Mask:
    """Tell which rows of a source have one of the identifiers that its mapping calls no patients.

    Parameters
    ----------
    reading : Reading
    source : str
    ids : Series
    """
    return _told(ids, lambda text: name_of_column(text) in reading.no_patients(source))


def refuse_idle_names(reading: Reading) -> None:
    """Refuse an identifier under ``not_patients`` that no row has: it may be mistyped.

    Parameters
    ----------
    reading : Reading
    """
    for source, table in reading.tables.items():
        there = {name_of_column(str(one)) for one in reading.patients_of(source).unique()}
        for _ in sorted(reading.no_patients(source) - there):
            what, expected = "an identifier of not_patients that no row has", "identifiers of this sheet"
            reading.refuse(Problem(table.name, None, reading.identifier_name(source), what, expected))


def refuse_near_strangers(reading: Reading) -> None:
    """Refuse people who would be listed as no patients, and whose identifier is nearly that of a patient.

    Parameters
    ----------
    reading : Reading
        After the patients were read.
    """
    known = reading.keys[reading.main]
    known = known[~known.isin(reading.left_out)]
    for source, table in reading.tables.items():
        if source == reading.main or reading.options(source).get("unknown_patients") != "list":
            continue
        keys = reading.keys[source]
        out = left_out_by_name(reading, source, reading.patients_of(source))
        rows, meant = nearly_known(keys.mask(out | keys.isin(reading.left_out), ""), known)
        for row, patient in zip(rows.tolist(), meant, strict=True):
            reading.found.append(Problem(
                table.name, int(table.rows[row]), reading.identifier_name(source),
                "an identifier that nearly is a patient's: it differs by case, leading zeros, .0 or a sign",
                "that of the patient, as the patients table has it",
                "Correct it; or, if it is somebody else's, name it under not_patients of this source", patient,
            ))  # fmt: skip


def _told(ids: pd.Series, rule: Callable[[str], bool]) -> Mask:
    codes, distinct = pd.factorize(ids)
    each: Mask = np.fromiter((rule(str(one)) for one in distinct), dtype=bool, count=len(distinct))
    return each[codes]


def _is_word(text: str, column: str) -> bool:
    plain = name_of_column(text)
    return _WORDS.match(plain) is not None or plain == name_of_column(column)


def _shape(text: str) -> str:
    """Return how an identifier looks: runs of digits, of letters and of other scripts, and what stands between.

    Examples
    --------
    >>> _shape("HB-0012"), _shape("合计")
    ('a-9', '字')
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    plain = re.sub(r"[0-9]+", "9", re.sub(r"[A-Za-z]+", "a", plain))
    return re.sub(r"[^\x00-\x7f]+", "字", plain)


def _unlike(ids: pd.Series, sound: Mask) -> Mask:
    """Tell whose identifier has a shape that no sound row has."""
    if not sound.any():
        return np.zeros(len(ids), dtype=bool)
    shapes = {_shape(str(one)) for one in ids[sound].unique()}
    return ~_told(ids, lambda text: _shape(text) in shapes)


def _without_digits(ids: pd.Series, chosen: Mask) -> Mask:
    """Tell which identifiers have no digit where most have one."""
    digits = _told(ids, lambda text: any(char.isdigit() for char in text))
    most = bool(chosen.any()) and digits[chosen].mean() > _MOST
    return ~digits & most


def _alone(table: Table) -> Mask:
    """Tell in which rows one cell at most is filled."""
    cells = table.sheet.cells[table.rows - 1]
    found: Mask = (cells != "").sum(axis=1) < 2
    return found
