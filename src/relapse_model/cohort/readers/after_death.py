"""What a source dates after a death that it records beside the outcomes: refused by both rows, as the gate does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from relapse_model.arrays import Mask
from relapse_model.cohort.gate_tables import FIRST_ROW
from relapse_model.cohort.readers.made_table import MadeTable
from relapse_model.cohort.tables.identifiers import identifier_keys
from relapse_model.errors import Problem

DATED = {"patients": "enrolment_date", "labs": "date", "treatments": "start_date", "outcomes": "date"}
"""Tables, and their columns that say when something was."""

_DAY = r"^(\d{4}-\d{2}-\d{2})"
_ZONED = r"\d{2}:\d{2}.*(?:Z|[+-]\d{2}:?\d{2})$"
_AFTER, _ON_OR_BEFORE = "after the patient's death, as the source records it", "on the day of the death, or before"
_DEATH, _NOTHING = "a death, and rows of the patient dated after it", "nothing after a death"
_ADVICE = "Correct one of the two dates"


def after_death(made: Mapping[str, MadeTable], deaths: MadeTable) -> Iterator[Problem]:
    """Yield a problem for each row dated after the patient's death, and for each death that rows contradict.

    Days are compared as printed. A time with a zone may be the day before or after in the hospital, so that it is
    refused only from the second day on. That somebody was free of relapse may be known of a day after a death.

    Parameters
    ----------
    made : mapping of str to MadeTable
        Tables with dates; others are not looked at.
    deaths : MadeTable
        Columns ``patient_id`` and ``date`` (YYYY-MM-DD; empty where not known).

    Examples
    --------
    >>> labs = MadeTable(pd.DataFrame({"patient_id": ["7", "7"], "date": ["2024-05-01", "2024-05-02"]}), "LB")
    >>> deaths = MadeTable(pd.DataFrame({"patient_id": ["7"], "date": ["2024-05-01"]}), "DM", np.array([4]))
    >>> for problem in after_death({"labs": labs}, deaths):
    ...     print(problem)
    LB, column 'date': after the patient's death, as the source records it; expected on the day of the death, or \
before. Correct one of the two dates
    DM, row 4, column 'date': a death, and rows of the patient dated after it; expected nothing after a death. Correct \
one of the two dates
    """
    if deaths.rows.empty:
        return
    keys = identifier_keys(deaths.rows["patient_id"])
    days = days_of(deaths.rows["date"])[0]
    first = days.groupby(keys.to_numpy()).min()
    lived_on: set[str] = set()
    for name, table, own, column in dated_rows(made):
        late = _later(table.rows[column], own.map(first))
        if name == "outcomes":
            late &= _happened(table.rows)
        lived_on |= set(own[late])
        yield from placed(table, late, own, column, _AFTER, _ON_OR_BEFORE)
    contradicted = (keys.isin(lived_on) & days.notna()).to_numpy()
    yield from placed(deaths, contradicted, keys, "date", _DEATH, _NOTHING)


def dated_rows(made: Mapping[str, MadeTable]) -> Iterator[tuple[str, MadeTable, pd.Series, str]]:
    """Yield each table that has dates of patients: its name, itself, whose each row is, and the column of the dates.

    Parameters
    ----------
    made : mapping of str to MadeTable
    """
    for name, column in DATED.items():
        table = made.get(name)
        if table is not None and column in table.rows and "patient_id" in table.rows:
            yield name, table, identifier_keys(table.rows["patient_id"]), column


def last_days(deaths: MadeTable) -> MadeTable:
    """Return deaths of which only the month or year is known as those of its last day: nothing later is in a life.

    Parameters
    ----------
    deaths : MadeTable
    """
    texts = deaths.rows["date"].astype(str).str.strip()
    ends = texts.where(~texts.str.fullmatch(r"\d{4}"), texts + "-12")
    month = ends.str.fullmatch(r"\d{4}-\d{2}").to_numpy(dtype=bool)
    last = pd.to_datetime(ends[month], format="%Y-%m", errors="coerce") + pd.offsets.MonthEnd(0)
    ends = ends.copy()
    ends[month] = last.dt.strftime("%Y-%m-%d").fillna("")
    return replace(deaths, rows=deaths.rows.assign(date=ends))


def days_of(texts: pd.Series) -> tuple[pd.Series, Mask]:
    """Return the days of dates as they are printed, and which have a time with a zone; each different text read once.

    Parameters
    ----------
    texts : Series
    """
    codes, printed = pd.factorize(texts.astype(object))
    distinct = pd.Series(printed, dtype=object).astype(str)
    days = pd.to_datetime(distinct.str.extract(_DAY)[0], format="%Y-%m-%d", errors="coerce").to_numpy()
    zoned = distinct.str.contains(_ZONED).to_numpy(dtype=bool)
    nothing = np.append(days, np.datetime64("NaT"))
    return pd.Series(nothing[codes], index=texts.index), np.append(zoned, False)[codes]


def _later(texts: pd.Series, died: pd.Series) -> Mask:
    found = np.zeros(len(texts), dtype=bool)
    may = np.flatnonzero(died.notna())
    days, zoned = days_of(texts.iloc[may])
    late = (days.to_numpy() - pd.to_datetime(died.iloc[may]).to_numpy()) / np.timedelta64(1, "D")
    found[may] = late > np.where(zoned, 1, 0)
    return found


def _happened(outcomes: pd.DataFrame) -> Mask:
    found = np.zeros(len(outcomes), dtype=bool)
    if "relapse" in outcomes:
        found |= outcomes["relapse"].astype(str).str.strip().isin(["1", "1.0"]).to_numpy()
    if "event" in outcomes:
        found |= outcomes["event"].astype(str).str.startswith(("relapse", "competing")).to_numpy()
    return found


def placed(
    table: MadeTable, rows: Mask, keys: pd.Series, column: str, found: str, expected: str, advice: str = _ADVICE
) -> Iterator[Problem]:  # fmt: skip
    """Yield a problem for each of some rows of a table, in its place in the source.

    Parameters
    ----------
    table : MadeTable
    rows : array of bool
    keys : Series
        Of the patient of each row.
    column, found, expected, advice : str
    """
    for row in np.flatnonzero(rows).tolist():
        yield table.place(Problem("", row + FIRST_ROW, column, found, expected, advice, str(keys.iloc[row])))
