"""Times to event beside their dates (AVAL, STARTDT, ADT of ADTTE): a time that is not that of the dates is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from relapse_model.arrays import Floats, Mask
from relapse_model.cohort.readers.cdisc.data_set import Columns
from relapse_model.cohort.readers.cdisc.standard import TTE
from relapse_model.cohort.readers.cdisc.study_days import LIST, day_numbers
from relapse_model.cohort.readers.cdisc.units import unit_of_label
from relapse_model.cohort.readers.cdisc.wanted import Wanted, is_study_day
from relapse_model.cohort.readers.source_mapping import SourceMapping
from relapse_model.cohort.readers.source_table import SourceTable
from relapse_model.cohort.readers.unit_numbers import is_number
from relapse_model.errors import Problem

_NEEDED = ("AVAL", "STARTDT", "ADT")
_DAYS = {"day": 1.0, "week": 7.0, "month": 365.25 / 12, "year": 365.25}
_ROUNDED = 0.02  # a month has 30 days for some, and times are rounded


def other_times(
    wanted: Wanted, columns: Columns, table: SourceTable, mapping: SourceMapping
) -> tuple[list[Problem], list[str]]:
    """Refuse rows whose time to the event is not that from STARTDT to ADT; list them, where the mapping says so.

    The time is the difference of the dates, or one day more, in the unit of AVALU, else of PARAM; where no unit is
    stated, in the one in which most rows agree. A time that the mapping reads as days must be in days, counted as read.

    Parameters
    ----------
    wanted : Wanted
    columns : Columns
    table : SourceTable
    mapping : SourceMapping
    """
    if wanted.standard is not TTE or any(name not in wanted.data for name in _NEEDED) or not len(table):
        return [], []
    time = pd.to_numeric(columns["AVAL"], errors="coerce").to_numpy(dtype=float)
    days = day_numbers(columns["ADT"], mapping.time.dates) - day_numbers(columns["STARTDT"], mapping.time.dates)
    unit = _units(columns, len(table))
    numbers = np.array([is_number(one) for one in unit], dtype=bool)
    if numbers.any():
        return table.problems(
            numbers, "AVALU", "the unit of AVAL, such as DAYS", "State the unit in AVALU", found="a number"
        ), []
    agree = {name: _agree(time, days, length, _offsets(wanted)) for name, length in _DAYS.items()}
    usual = max(agree, key=lambda name: int(agree[name].sum()))
    right = np.select([unit == name for name in _DAYS], list(agree.values()), agree[usual])
    if _as_days(wanted):
        right = agree["day"]
    wrong = ~np.isnan(time - days) & ~right
    if wrong.any() and mapping.time.options.get("study_days") == "list":
        return [], [f"{table.name}: of {int(wrong.sum()):,} rows AVAL is not the time from STARTDT to ADT"]
    return _problems(columns, table, wrong, days, wanted), []


def _as_days(wanted: Wanted) -> bool:
    field = wanted.entry.fields.get("day")
    return field is not None and field.name == "AVAL"


def _offsets(wanted: Wanted) -> tuple[int, int]:
    """Return the least and the most by which a time may exceed the difference of the dates, in days."""
    if not _as_days(wanted):
        return 0, 1
    return (1, 1) if is_study_day(wanted.entry.fields["day"]) else (0, 0)


def _agree(time: Floats, days: Floats, length: float, offsets: tuple[int, int]) -> Mask:
    low, high = offsets
    slack = 0.0 if length == 1 else np.abs(days) * _ROUNDED + _ROUNDED * length * 3
    came = time * length
    found: Mask = (came >= days + low - slack) & (came <= days + high + slack)
    return found


def _units(columns: Columns, size: int) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    """Return the unit of each row, as a word without its plural; empty where none is stated."""
    stated = columns["AVALU"] if "AVALU" in columns.data else pd.Series([""] * size, dtype=object)
    if "PARAM" in columns.data:
        stated = stated.mask(stated == "", columns["PARAM"].map(unit_of_label))
    word: pd.Series = stated.str.strip().str.casefold().str.rstrip("s")
    return word.to_numpy(dtype=object)


def _problems(columns: Columns, table: SourceTable, wrong: Mask, days: Floats, wanted: Wanted) -> list[Problem]:
    expected, advice = "the time from STARTDT to ADT, in its unit", LIST
    if _as_days(wanted):
        study_day = is_study_day(wanted.entry.fields["day"])
        expected = f"days from STARTDT to ADT, {'one more' if study_day else 'as they are counted from time zero'}"
        advice = 'If STARTDT itself is day 1, state day = { field = "AVAL", study_day = true }; or read the date, ADT'
    problems = table.problems(wrong, "AVAL", expected, advice, "")
    return [
        replace(one, found=f"{table.shown(columns['AVAL'][row])}, beside {table.shown(columns['STARTDT'][row])} and "
                f"{table.shown(columns['ADT'][row])}, {days[row]:.0f} days apart")
        for one, row in zip(problems, np.flatnonzero(wrong).tolist(), strict=True)
    ]  # fmt: skip
