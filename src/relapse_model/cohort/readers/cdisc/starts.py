"""The day from which times of a data set count, beside time zero: another one is told, or refused where it counts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from relapse_model.arrays import Floats
from relapse_model.cohort.readers.cdisc.data_set import Columns
from relapse_model.cohort.readers.cdisc.people import Subjects
from relapse_model.cohort.readers.cdisc.standard import TTE
from relapse_model.cohort.readers.cdisc.study_days import day_numbers, days_since
from relapse_model.cohort.readers.cdisc.wanted import Wanted
from relapse_model.cohort.readers.source_mapping import SourceMapping
from relapse_model.cohort.readers.source_table import SourceTable
from relapse_model.cohort.tables.identifiers import identifier_keys
from relapse_model.errors import Problem

_FROM = 'or let weeks count from that day: zero = { field = "STARTDT", source = "%s" } under [time]'


def other_starts(
    wanted: Wanted, columns: Columns, table: SourceTable, subjects: Subjects, mapping: SourceMapping
) -> tuple[list[Problem], list[str]]:  # fmt: skip
    """Refuse days that count from another day than time zero; tell of a time to event that does, if its date is read.

    Days of AVAL count from STARTDT, study days from the day that they are counted back to from the dates beside them.

    Parameters
    ----------
    wanted : Wanted
    columns : Columns
    table : SourceTable
    subjects : Subjects
        With their time zero.
    mapping : SourceMapping
    """
    zero = _time_zero(subjects, table)
    if zero is None or not len(table):
        return [], []
    problems: list[Problem] = []
    for key, one in wanted.entry.fields.items():
        if key.endswith("day"):
            name, start = _start_of(one.name.upper(), wanted, columns, table, mapping)
            problems += _problems(one.name.upper(), name, start - zero, table, wanted)
    days = "STARTDT" in wanted.data and wanted.standard is TTE and not problems
    return problems, _told(day_numbers(columns["STARTDT"], mapping.time.dates) - zero, table) if days else []


def _time_zero(subjects: Subjects, table: SourceTable) -> Floats | None:
    """Return the time zero of the patient of each row, as days since 1970; None where the mapping states none."""
    if subjects.made is None or "enrolment_date" not in subjects.made.rows:
        return None
    rows = subjects.made.rows
    known = pd.Series(day_numbers(rows["enrolment_date"]), index=identifier_keys(rows["patient_id"].astype(object)))
    days = table.keys.map(known[~known.index.duplicated()]).to_numpy(dtype=np.float64)
    return np.asarray(days, dtype=np.float64)


def _start_of(
    day: str, wanted: Wanted, columns: Columns, table: SourceTable, mapping: SourceMapping
) -> tuple[str, Floats]:  # fmt: skip
    """Return what the days of a variable count from, and that day of each row; NaN where it is not known."""
    if day == "AVAL" and "STARTDT" in wanted.data:
        return "STARTDT", day_numbers(columns["STARTDT"], mapping.time.dates)
    pairs = zip(wanted.standard.dates.values(), wanted.standard.days.values(), strict=True)
    dates = [date for date, name in pairs if name == day]
    if not dates or dates[0] not in wanted.data:
        return "", np.full(len(table), np.nan)
    since = pd.to_numeric(days_since(columns[day])[0], errors="coerce").to_numpy(dtype=float)
    start = pd.Series(day_numbers(columns[dates[0]], mapping.time.dates) - since)
    # Of a patient, most rows tell it: one of another day is a contradiction of its own.
    usual = start.groupby(table.keys.to_numpy()).transform("median").to_numpy(dtype=np.float64)
    return f"day 1 of {day}", np.asarray(usual, dtype=np.float64)


def _problems(day: str, name: str, apart: Floats, table: SourceTable, wanted: Wanted) -> list[Problem]:
    wrong = ~np.isnan(apart) & (apart != 0)
    advice = "Read the date instead of the day; " + (
        _FROM % wanted.data.name if name == "STARTDT" else "or let weeks count from that day: zero under [time]"
    )
    problems = table.problems(wrong, day, "days that count from time zero", advice, "")
    return [
        replace(one, found=f"days from {name}, which is {_days(days)} time zero")
        for one, days in zip(problems, apart[wrong].tolist(), strict=True)
    ]


def _days(apart: float) -> str:
    plural = "" if abs(apart) == 1 else "s"
    return f"{abs(apart):,.0f} day{plural} {'after' if apart > 0 else 'before'}"


def _told(apart: Floats, table: SourceTable) -> list[str]:
    other = apart[~np.isnan(apart) & (apart != 0)]
    if not len(other):
        return []
    low, high = float(other.min()), float(other.max())
    range_said = _days(low) if low == high else f"{_days(low)} to {_days(high)}"
    return [
        f"{table.name}: of {len(other):,} of {len(apart):,} rows STARTDT is not time zero, but {range_said}: "
        "weeks of the outcome count from time zero to ADT, not from STARTDT as AVAL"
    ]
