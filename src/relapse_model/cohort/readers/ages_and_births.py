"""Ages that a source states, held against the births that it records: by a year they may differ, by more not."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from relapse_model.cohort.readers.after_death import placed
from relapse_model.cohort.readers.index_dates import ages_at
from relapse_model.cohort.readers.made_table import MadeTable
from relapse_model.cohort.tables.identifiers import identifier_keys
from relapse_model.errors import Problem

AGE, DATE = "age_years", "enrolment_date"
_YEARS = 1  # an age may be that of the consent before time zero, rounded, or by the year alone
_TOP = (89, 90)  # ages above are written as one of these, so that nobody is known by them
_FOUND = "an age that is not the one by the birth that the source records"
_EXPECTED, _ADVICE = "completed years at time zero", "Correct the age or the birth"


def ages_beside_births(patients: MadeTable, births: MadeTable, zero: pd.Series | None = None) -> Iterator[Problem]:
    """Yield a problem for each patient whose stated age is not that of the birth which the source records.

    Of a birth of which only the year or the month is known, every day counts. Neither is in the message.

    Parameters
    ----------
    patients : MadeTable
        With ``age_years``; without it nothing is said.
    births : MadeTable
        Columns ``patient_id`` and ``date``, as far as it is known.
    zero : Series, optional
        Time zero of each patient, where the table does not have it.

    Examples
    --------
    >>> rows = pd.DataFrame({"patient_id": ["7", "8"], "age_years": ["44", "54"], "enrolment_date": ["2024-03-01"] * 2})
    >>> births = MadeTable(pd.DataFrame({"patient_id": ["7", "8"], "date": ["1980", "1980-03-02"]}), "DM")
    >>> [str(one).partition(";")[0] for one in ages_beside_births(MadeTable(rows, "DM", np.array([1, 2])), births)]
    ["DM, row 2, column 'age_years': an age that is not the one by the birth that the source records"]
    """
    rows = patients.rows
    if AGE not in rows or births.rows.empty or (zero is None and DATE not in rows):
        return
    keys = identifier_keys(rows["patient_id"].astype(object))
    at = (rows[DATE] if zero is None else zero).fillna("").astype(str).str[:10].reset_index(drop=True)
    stated = pd.to_numeric(rows[AGE], errors="coerce").to_numpy(dtype=float)
    dates = births.rows["date"].astype(str).str[:10].to_numpy(dtype=object)
    known = pd.Series(dates, index=identifier_keys(births.rows["patient_id"].astype(object)))
    own = keys.map(known[~known.index.duplicated()]).fillna("").astype(object).reset_index(drop=True)
    oldest, youngest = (
        pd.to_numeric(ages_at(_filled(own, rest), at)[0], errors="coerce").to_numpy(dtype=float)
        for rest in ("-01-01", "-12-31")
    )
    wrong = (stated < youngest - _YEARS) | (stated > oldest + _YEARS)
    wrong &= ~(np.isin(stated, _TOP) & (oldest >= _TOP[0]))
    yield from placed(patients, wrong, keys, AGE, _FOUND, _EXPECTED, _ADVICE)


def ages_left_open(patients: MadeTable, births: MadeTable) -> Iterator[str]:
    """Yield a note on how many patients have no age since two are possible by the year or the month of their birth.

    Parameters
    ----------
    patients : MadeTable
        With ``age_years``, counted from the births; without it nothing is said.
    births : MadeTable
        Columns ``patient_id`` and ``date``, as far as it is known.

    Examples
    --------
    >>> people = pd.DataFrame({"patient_id": ["7", "8"], "age_years": ["", "54"]})
    >>> births = pd.DataFrame({"patient_id": ["7", "8"], "date": ["1980", "1970-03-02"]})
    >>> [one.partition(",")[0] for one in ages_left_open(MadeTable(people, "person"), MadeTable(births, "person"))]
    ['age_years: 1 of 2 patients have none']
    """
    rows = patients.rows
    if AGE not in rows:
        return
    dates = births.rows["date"].astype(str).str.len()
    partial = births.rows["patient_id"].astype(object)[(dates > 0) & (dates < len("2024-03-01"))]
    open_ = (rows[AGE].fillna("") == "").to_numpy() & identifier_keys(rows["patient_id"].astype(object)).isin(
        identifier_keys(partial)
    ).to_numpy()
    if open_.any():
        yield (
            f"{AGE}: {int(open_.sum()):,} of {len(rows):,} patients have none, since of their births the year or the "
            'month alone is known, and two ages are possible; state [time] partial = "middle" to count from its middle'
        )


def _filled(births: pd.Series, rest: str) -> pd.Series:
    """Return births as whole dates, with a month and a day where these are not known; empty ones stay so."""
    month, day = rest[:3], rest[3:]
    last = births.str.len() == len("2024-03")
    filled = births.where(births.str.len() != len("2024"), births + month + day)
    return filled.where(~last, births + ("-28" if day == "-31" else day))
