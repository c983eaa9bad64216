"""What a source dates before the patient's birth, as far as the source tells it: refused by row, and with the birth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from relapse_model.cohort.readers.after_death import dated_rows, days_of, placed
from relapse_model.cohort.readers.made_table import MadeTable
from relapse_model.cohort.tables.identifiers import identifier_keys
from relapse_model.errors import Problem

_BIRTH = r"^(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?"
_BEFORE, _ON_OR_AFTER = "before the patient's birth, as the source records it", "on the day of birth, or after"
_AGE, _BY_BIRTH = "another age than by the birth that the source records", "the age at time zero, within a year"
_BORN, _NOTHING = "a birth, and rows of the patient dated before it", "nothing before a birth"


def before_birth(made: Mapping[str, MadeTable], births: MadeTable) -> Iterator[Problem]:
    """Yield a problem for each row dated before the patient's birth, and for each birth that rows contradict.

    A birth of which only the year, or the month, is known lies on its first day: what is dated before that is before
    the birth with certainty. The birth itself is in no message. A time with a zone may be the day before or after in
    the hospital, so that it is refused only from the second day on.

    Parameters
    ----------
    made : mapping of str to MadeTable
        Tables with dates; others are not looked at.
    births : MadeTable
        Columns ``patient_id`` and ``date`` (YYYY, YYYY-MM or YYYY-MM-DD; empty where not known), one row a patient.

    Examples
    --------
    >>> labs = MadeTable(pd.DataFrame({"patient_id": ["7", "7"], "date": ["1979-12-31", "1980-01-01"]}), "LB")
    >>> births = MadeTable(pd.DataFrame({"patient_id": ["7"], "date": ["1980"]}), "DM", np.array([4]))
    >>> for problem in before_birth({"labs": labs}, births):
    ...     print(problem)
    LB, column 'date': before the patient's birth, as the source records it; expected on the day of birth, or after. \
Correct one of the two dates
    DM, row 4, column 'date': a birth, and rows of the patient dated before it; expected nothing before a birth. \
Correct one of the two dates
    """
    if births.rows.empty:
        return
    keys = identifier_keys(births.rows["patient_id"])
    earliest = _earliest(births.rows["date"])
    first = earliest.groupby(keys.to_numpy()).min()
    earlier: set[str] = set()
    for _, table, own, column in dated_rows(made):
        days, zoned = days_of(table.rows[column])
        ahead = (pd.to_datetime(own.map(first)).to_numpy() - days.to_numpy()) / np.timedelta64(1, "D")
        early = ahead > np.where(zoned, 1, 0)
        earlier |= set(own[early])
        yield from placed(table, early, own, column, _BEFORE, _ON_OR_AFTER)
    contradicted = (keys.isin(earlier) & earliest.notna()).to_numpy()
    yield from placed(births, contradicted, keys, "date", _BORN, _NOTHING)


def ages_against_births(patients: MadeTable, births: MadeTable) -> Iterator[Problem]:
    """Yield a problem for each patient whose age is more than a year from the age at time zero by the birth.

    Parameters
    ----------
    patients : MadeTable
        With ages, and dates of enrolment; without them there is nothing to compare.
    births : MadeTable
        As in `before_birth`.

    Examples
    --------
    >>> rows = {"patient_id": ["7", "8"], "enrolment_date": ["2024-01-01"] * 2, "age_years": ["34", "73"]}
    >>> births = MadeTable(pd.DataFrame({"patient_id": ["7", "8"], "date": ["1950", "1950"]}), "DM")
    >>> patients = MadeTable(pd.DataFrame(rows), "DM", np.array([2, 3]))
    >>> [problem.row for problem in ages_against_births(patients, births)]
    [2]
    """
    if births.rows.empty or not {"enrolment_date", "age_years"} <= set(patients.rows):
        return
    keys = identifier_keys(patients.rows["patient_id"].astype(object))
    born = births.rows["date"].astype(str).groupby(identifier_keys(births.rows["patient_id"]).to_numpy()).first()
    year = pd.to_numeric(keys.map(born).astype(object).astype(str).str.extract(r"^(\d{4})")[0], errors="coerce")
    start = pd.to_numeric(patients.rows["enrolment_date"].astype(str).str.extract(r"^(\d{4})")[0], errors="coerce")
    age = pd.to_numeric(patients.rows["age_years"].astype(object), errors="coerce")
    older = (start.to_numpy() - year.to_numpy()) - age.to_numpy()  # calendar years: 0 or 1 of a right age
    wrong = (older > _YEARS + 1) | (older < -_YEARS)
    yield from placed(patients, wrong, keys, "age_years", _AGE, _BY_BIRTH, "Correct one of the two")


_YEARS = 1  # by which an age may be that of another day


def _earliest(births: pd.Series) -> pd.Series:
    """Return the first day on which each birth may have been."""
    parts = births.astype(str).str.extract(_BIRTH)
    texts = parts[0] + "-" + parts[1].fillna("01") + "-" + parts[2].fillna("01")
    return pd.to_datetime(texts, format="%Y-%m-%d", errors="coerce")
