"""Time at the gate: weeks from dates, days and months, times of day, and weeks that no study has."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pandas as pd

from relapse_model.arrays import Mask
from relapse_model.cohort.gate_tables import TablesAtTheGate
from relapse_model.cohort.tables.column_values import read_column
from relapse_model.cohort.tables.columns import (
    COUNTED,
    DATES,
    FAR_WEEKS,
    MINUTE,
    TABLES,
    Column,
)
from relapse_model.cohort.tables.days import ReadDays, read_days, refusals
from relapse_model.comparisons import DAYS_PER_WEEK, before
from relapse_model.errors import Problem

_YEAR = 366 / 7  # weeks, at most
_CENTURY = 5200  # weeks; as in the rules for week columns


class WeeksAtTheGate(TablesAtTheGate):
    """Reads when things happened."""

    def weeks_from_days_and_months(self) -> None:
        """Count weeks from columns of days or months, where a table has neither weeks nor dates."""
        for name, table in self.tables.items():
            for week, units in COUNTED.items():
                given = [column for column in units if column in table]
                if week not in TABLES[name] or week in table or DATES[week] in table or not given:
                    continue
                if len(given) > 1:
                    self.broken = True
                    found = f"columns {' and '.join(map(repr, given))}, and no {week!r}"
                    self.problems.append(Problem(name, None, week, found, "one of them"))
                    continue
                days, weeks = units[given[0]], TABLES[name][week]
                rule = Column("number", low=weeks.low * DAYS_PER_WEEK / days, high=weeks.high * DAYS_PER_WEEK / days)
                read = read_column(table[given[0]], rule)
                self.refuse(name, read.bad, given[0], self.shown(read.came), rule.expectation)
                self.refuse_empty(name, week, given[0], read.empty & ~read.bad, rule.expectation)
                table[week] = read.values * days / DAYS_PER_WEEK
                self.dated.add((name, week))

    def weeks_from_dates(self) -> None:
        """Turn dates into weeks since enrolment, where a table has dates and no weeks; read the times of day."""
        for name, table in self.tables.items():
            for week, date in DATES.items():
                if week in TABLES[name] and date in table and week not in table and "patients" in self.tables:
                    self.week_from_date(name, week, date)
        labs = self.tables.get("labs")
        if labs is not None and DATES["week"] in labs and MINUTE not in labs:
            self.times_of_day(read_days(labs[DATES["week"]], self.clock.zone))

    def times_of_day(self, read: ReadDays) -> None:
        """Add the times of day of the results to the labs table, if there are any."""
        if not np.isnan(read.minute).all():
            self.tables["labs"][MINUTE] = read.minute

    @cached_property
    def enrolled(self) -> ReadDays:
        """Return the days of enrolment."""
        return read_days(self.tables["patients"]["enrolment_date"], self.clock.zone)

    def refuse_days(self, name: str, column: str, read: ReadDays) -> None:
        """Refuse the dates that cannot be read, or stand for something else."""
        for rows, expected in refusals(read):
            self.refuse(name, rows, column, self.shown(read.came[rows]), expected)

    def refuse_ahead(self, name: str, column: str, read: ReadDays, days: int, expected: str, refused: Mask) -> None:
        """Refuse the days that lie more than some days ahead of today, unless they were refused for something else."""
        ahead = (read.day > np.datetime64("today") + np.timedelta64(days, "D")) & ~refused
        found = self.shown(read.came[ahead])
        self.refuse(name, ahead, column, found, expected, "A year that was mistyped?")

    def week_from_date(self, name: str, week: str, date: str) -> None:
        """Add a column of weeks; refuse the dates that cannot be counted from enrolment."""
        patients, table = self.tables["patients"], self.tables[name]
        if "enrolment_date" not in patients:
            self.broken = True
            self.problems.append(
                Problem("patients", None, "enrolment_date", "the column is missing",
                        f"enrolment_date, since {name} has {date!r} and no {week!r}")
            )  # fmt: skip
            return
        read, enrolled = read_days(table[date], self.clock.zone), self.enrolled
        owner = pd.Index(self.ids["patients"].drop_duplicates()).get_indexer(pd.Index(self.ids[name]))
        first = np.flatnonzero(~self.ids["patients"].duplicated().to_numpy())[owner]
        known = ~np.isnat(read.day) & (owner >= 0)
        days = (read.day - enrolled.day[first]) / np.timedelta64(86400, "s")
        # The last day of a course is one on treatment where the study says so: the course ends with that day.
        weeks = (days + (date == DATES["end_week"] and self.clock.course_end == "inclusive")) / 7
        weeks[owner < 0] = np.nan
        far = np.abs(weeks) > _CENTURY
        self.refuse_days(name, date, read)
        self.refuse(name, far, date, self.shown(table[date][far]),
                    "a date within a century of the enrolment_date")  # fmt: skip
        if week == "week":  # of a result or an outcome; a course may be planned
            self.refuse_ahead(name, date, read, 1, "a day that has come", far)
        self.refuse(name, known & enrolled.empty[first], date, "a date of a patient without enrolment_date",
                    "an enrolment_date in the patients table")  # fmt: skip
        self.refuse_empty(name, week, date, read.empty, "a date as YYYY-MM-DD")
        table[week] = pd.Series(weeks, index=table.index, copy=False)
        self.dated.add((name, week))

    def order_in_time(self) -> None:
        """Refuse a course that ends before it starts, and what is dated before the patient's birth."""
        self.intervals()
        self.before_birth()

    def before_birth(self) -> None:
        """Refuse what is dated before a patient's birth, as the age at enrolment tells it to the year."""
        patients = self.tables.get("patients")
        if patients is None or "age_years" not in patients or patients["age_years"].dtype == object:
            return
        known = ~self.ids["patients"].duplicated().to_numpy()
        keys = pd.Index(self.ids["patients"][known])
        ages = np.append(patients["age_years"].to_numpy(dtype=float)[known], np.nan)
        youngest = max(0.0, ages[~np.isnan(ages)].min(initial=np.inf))
        for name, table in self.tables.items():
            for week in ("week", "start_week"):
                if week not in TABLES[name] or week not in table:
                    continue
                weeks = table[week].to_numpy(dtype=float)
                at = np.flatnonzero((weeks < -(youngest + 1) * _YEAR) & (weeks >= -_CENTURY))
                age = ages[keys.get_indexer(pd.Index(self.ids[name].iloc[at]))]
                early = weeks[at] < -(age + 1) * _YEAR
                column = DATES[week] if (name, week) in self.dated else week
                found = [f"week {number:.0f}, at an age of {one:g} in week 0" for number, one in
                         zip(weeks[at][early], age[early], strict=True)]  # fmt: skip
                self.refuse(name, at[early], column, found, "a week in the patient's life",
                            "Correct the date, the age, or the date of enrolment")  # fmt: skip

    def intervals(self) -> None:
        """Refuse a course that ends before it starts."""
        table = self.tables.get("treatments")
        if table is None or not {"start_week", "end_week"} <= set(table):
            return
        start, end = (table[name].to_numpy(dtype=float) for name in ("start_week", "end_week"))
        backwards = np.flatnonzero(before(end, start))
        found = [f"week {end[row]:g}, before the start in week {start[row]:g}" for row in backwards]
        column = DATES["end_week"] if ("treatments", "end_week") in self.dated else "end_week"
        self.refuse("treatments", backwards.tolist(), column, found, "the start or later")

    def far_weeks(self) -> None:
        """Note weeks further from enrolment than studies last, and outcomes before it: a year may be mistyped."""
        outcomes = self.tables.get("outcomes")
        if outcomes is not None and "week" in outcomes:
            weeks = outcomes["week"].to_numpy(dtype=float)
            early = np.asarray(before(weeks, np.zeros(len(weeks))))
            column = DATES["week"] if ("outcomes", "week") in self.dated else "week"
            found = [f"week {one:.0f}, before enrolment" for one in weeks[early]]
            self.remark("outcomes", early, column, found, "an outcome after enrolment, or one that was looked at")
        for name, table in self.tables.items():
            for week in DATES:
                if week in TABLES[name] and week in table:
                    weeks = table[week].to_numpy(dtype=float)
                    far = (weeks > FAR_WEEKS) | (weeks < -FAR_WEEKS)
                    far &= (weeks <= _CENTURY) & (weeks >= -_CENTURY)
                    column = DATES[week] if (name, week) in self.dated else week
                    self.remark(name, far, column, [f"week {number:.0f}" for number in weeks[far]],
                                "a week within ten years of enrolment, or one that was looked at")  # fmt: skip
