"""Rows of one table of the cohort, gathered from several sheets, each with its place in the source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Floats, Mask
from relapse_model.cohort.readers.made_table import ROW, MadeTable
from relapse_model.cohort.readers.spreadsheets.table import Table
from relapse_model.comparisons import DAYS_PER_WEEK

_LOCAL_DAY = r"^(\d{4}-\d{2}-\d{2})(?: [\d:.]+)?$"
_CLOCKS = (("date", "day", "week"), ("start_date", "start_day", "start_week"), ("end_date", "end_day", "end_week"))


@dataclass(slots=True)
class MadeRows:
    """Gathers rows.

    Attributes
    ----------
    columns : tuple of str
        Columns that the table has in any case.
    """

    columns: tuple[str, ...]
    _rows: list[pd.DataFrame] = field(default_factory=list)
    _numbers: list[NDArray[np.int64]] = field(default_factory=list)
    _sources: list[str] = field(default_factory=list)
    _called: list[Mapping[str, str]] = field(default_factory=list)
    _weeks: list[Floats] = field(default_factory=list)

    def add(
        self, table: Table, columns: Mapping[str, pd.Series], rows: Mask, called: Mapping[str, str],
        weeks: Floats | None = None,
    ) -> None:  # fmt: skip
        """Add some rows of a table.

        Parameters
        ----------
        table : Table
        columns : mapping of str to Series
            Texts of all of its rows.
        rows : array of bool
            Which of them.
        called : mapping of str to str
            What the columns are called in the table.
        weeks : array of float, optional
            Of all of its rows, the weeks that their visits state.
        """
        said = np.full(len(rows), np.nan) if weeks is None else weeks
        self.add_rows(table, {name: one[rows] for name, one in columns.items()}, np.flatnonzero(rows), called)
        self._weeks[-1] = said[rows]

    def add_rows(
        self, table: Table, columns: Mapping[str, pd.Series], rows: NDArray[np.intp], called: Mapping[str, str]
    ) -> None:
        """Add rows, each with the position of the row of the table that it is of.

        Parameters
        ----------
        table, columns, called
            As in `add`, but of the rows to be added alone.
        rows : array of int
        """
        self._rows.append(pd.DataFrame(dict(columns)))
        self._numbers.append(table.rows[rows])
        self._sources.append(table.name)
        self._called.append(called)
        self._weeks.append(np.full(len(rows), np.nan))

    def table(self, enrolled: Mapping[str, str]) -> MadeTable:
        """Return the table; where some of its rows have dates and others weeks, all get dates.

        Parameters
        ----------
        enrolled : mapping of str to str
            Date of enrolment by patient, as the patients table has them.
        """
        filled = [one for one in self._rows if len(one)]
        joined = (
            pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=list(self.columns), dtype=object)
        )
        rows = _one_clock(joined.reindex(columns=_ordered(joined, self.columns)).fillna(""), enrolled)
        counts = [len(one) for one in self._rows]
        names = dict.fromkeys(name for called in self._called for name in called)
        called = {name: _repeat([own.get(name, name) for own in self._called], counts) for name in names}
        numbers = np.concatenate(self._numbers) if self._numbers else np.empty(0, dtype=np.int64)
        # A row of a sheet gives several results: its number would not tell a repeated result from another.
        rows[ROW] = np.arange(1, len(rows) + 1)
        weeks = np.concatenate(self._weeks) if self._weeks else np.empty(0)
        return MadeTable(rows, _repeat(self._sources, counts), numbers, called, visit_week=weeks)


def _ordered(joined: pd.DataFrame, columns: tuple[str, ...]) -> list[str]:
    return [*columns, *(name for name in joined.columns if name not in columns)]


def _repeat(texts: list[str], counts: list[int]) -> NDArray[np.object_]:
    return np.repeat(np.array(texts, dtype=object), counts) if texts else np.empty(0, dtype=object)


def _one_clock(rows: pd.DataFrame, enrolled: Mapping[str, str]) -> pd.DataFrame:
    for date, day, week in _CLOCKS:
        there = [name for name in (date, day, week) if name in rows]
        if len(there) < 2:
            continue
        counted = _days(rows, day, week)
        printed = rows["patient_id"].map(dict(enrolled)).astype(object).fillna("").astype(str)
        known = printed.str.extract(_LOCAL_DAY)[0]  # of a time with a zone, the gate alone knows the day
        start = pd.to_datetime(known, format="%Y-%m-%d", errors="coerce")
        made = (start + pd.to_timedelta(counted, unit="D")).dt.strftime("%Y-%m-%d").fillna("")
        dates = rows[date] if date in rows else pd.Series("", index=rows.index, dtype=object)
        rows = rows.assign(**{date: dates.where(dates != "", made)}).drop(columns=[day, week], errors="ignore")
    return rows


def _days(rows: pd.DataFrame, day: str, week: str) -> pd.Series:
    """Return days since enrolment, of rows that have days or weeks."""
    empty = pd.Series("", index=rows.index, dtype=object)
    days = pd.to_numeric(rows.get(day, empty), errors="coerce")
    weeks = pd.to_numeric(rows.get(week, empty), errors="coerce") * DAYS_PER_WEEK
    return days.fillna(weeks).round()
