"""Laboratory results of one analyte in the unit of the study, with their limits, in order of patient and week."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Floats, Mask, Positions
from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.laboratory.lab_rows import LabRows, coded, lab_rows
from relapse_model.cohort.laboratory.values_in_unit import below_limit_value, values_in_unit
from relapse_model.cohort.one_day import (
    DayRule,
    Results,
    day_rule,
    moments,
    refuses,
    rounded,
    same_day_advice,
    same_day_expected,
    settled,
)
from relapse_model.cohort.study_names import require_names
from relapse_model.comparisons import at_or_before
from relapse_model.errors import CohortError, Problem
from relapse_model.study.analyte import Analyte
from relapse_model.study.study import Study


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Measurements:
    """Results of one analyte, sorted by patient, week and time of day; one for each day, or time of day if known.

    What becomes of several that nothing orders: see `relapse_model.cohort.one_day`.

    Attributes
    ----------
    patient : array of int
        Position of the patient in the cohort.
    week : array of float
        Week since enrolment.
    value : array of float
        In the analyte's unit. A result below the limit is half the limit, or the limit (a setting of the
        analyte); one above is the upper limit; a positive word without a number is NaN. With a floor (another
        setting), none is lower than a result below the analyte's own limit.
    lower, upper : array of float
        Bounds of the true value: equal for a plain number, ``(0, limit)`` below the limit, ``(limit, inf)`` above.
    detected : array of int or None
        1, 0, or -1 where the laboratory did not say.
    row : array of int or None
        The row of the labs table that each was read from.
    """

    patient: NDArray[np.intp]
    week: Floats
    value: Floats
    lower: Floats
    upper: Floats
    detected: NDArray[np.int8] | None = None
    row: NDArray[np.int32] | None = None

    def rows(self, keep: NDArray[np.bool_]) -> Measurements:
        """Return some of the rows."""
        if keep.all():
            return self
        return Measurements(
            patient=self.patient[keep],
            week=self.week[keep],
            value=self.value[keep],
            lower=self.lower[keep],
            upper=self.upper[keep],
            detected=None if self.detected is None else self.detected[keep],
            row=None if self.row is None else self.row[keep],
        )

    def until(self, week: float, window_weeks: float | None = None) -> Measurements:
        """Return what was known at a landmark: results at or before the week (and within the window before it)."""
        return self.rows(self.known_at(week, window_weeks))

    def known_at(self, week: float, window_weeks: float | None = None) -> Mask:
        """Tell which rows `until` returns."""
        keep: Mask = at_or_before(self.week, week)
        if window_weeks is not None:
            keep &= at_or_before(week - window_weeks, self.week)
        return keep

    def valued(self) -> Measurements:
        """Return the rows that have a number."""
        return self.rows(~np.isnan(self.value))


def measurements(cohort: Cohort, study: Study, analyte: str) -> Measurements:
    """Return all results of one analyte, converted to its unit in the study.

    Missing results (`not done`, haemolysed, ...) are no results; they stay in the cohort's labs table.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    analyte : str
        Name of an analyte of the study.

    Raises
    ------
    CohortError
        For names that the study knows and the cohort has not, for units the study does not accept, and, on a log10
        scale, for a word such as "negative" where no limit
        is known (on a linear one such a result is NaN).
    """
    require_names(cohort, study)
    kept = _kept(cohort)
    known = kept.read.get(analyte)
    if known is not None and known.study is study:
        return known.results
    rules = study.analytes[analyte], day_rule(study, analyte)
    if known is not None and known.rules == rules:
        return known.results
    results = _one_for_each_moment(read_rows(*kept.of(analyte), rules[0]), *rules)
    kept.remember(analyte, _Read(study, rules, results))
    return results


def ordered_measurements(labs: pd.DataFrame, study: Study, analyte: str) -> Measurements:
    """Return the results of rows of one analyte that are in order of patient, week and time of day already.

    Parameters
    ----------
    labs : DataFrame
        Rows of a labs table, as the gate has read it; none is missing.
    study : Study
    analyte : str

    Raises
    ------
    CohortError
        As `measurements`.
    """
    rule, of_day = study.analytes[analyte], day_rule(study, analyte)
    return _one_for_each_moment(read_rows(lab_rows(labs), np.arange(len(labs), dtype=np.int32), rule), rule, of_day)


def _one_for_each_moment(results: Results, rule: Analyte, of_day: DayRule) -> Measurements:
    found, contradictions = settled(results, of_day)
    if contradictions and refuses(of_day):
        raise CohortError("the cohort does not fit the study", [_contradictions(rule.name, of_day, contradictions)])
    return _measured(found, rule)


def several_a_day(cohort: Cohort, study: Study, analyte: str) -> tuple[int, int]:
    """Return on how many days a patient has several results that nothing orders, and on how many they contradict.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    analyte : str
    """
    rule = study.analytes[analyte]
    results = read_rows(*_kept(cohort).of(analyte), rule)
    _, contradictions = settled(results, day_rule(study, analyte))
    return len(_several(results)), contradictions


def several_rows_a_day(cohort: Cohort, study: Study, analyte: str) -> list[NDArray[np.int32]]:
    """Return the rows of each day of `several_a_day`, the first ones first."""
    days = _several(read_rows(*_kept(cohort).of(analyte), study.analytes[analyte]))
    return sorted(days, key=lambda day: int(day.min()))


def _several(results: Results) -> list[NDArray[np.int32]]:
    start = moments(results.patient, results.week, results.minute)
    return [day for day in np.split(results.row, start[1:]) if len(day) > 1]


def _contradictions(analyte: str, rule: DayRule, count: int) -> Problem:
    advice = f"{same_day_advice(rule)}. Read the cohort with this study: it lists the rows"
    return Problem("labs", None, "value", f"results of {analyte!r} on {count} days that contradict each other",
                   same_day_expected(analyte), advice)  # fmt: skip


def read_rows(rows: LabRows, row: NDArray[np.int32], rule: Analyte) -> Results:
    """Return the results of one analyte from its rows, which are in order of patient, week and time of day.

    Parameters
    ----------
    rows : LabRows
    row : array of int
        What to call each row.
    rule : Analyte

    Raises
    ------
    CohortError
        As `measurements`.
    """
    value, lower, upper = values_in_unit(rows, rule)
    return Results(
        patient=rows.patient,
        week=rows.week,
        value=value,
        lower=lower,
        upper=upper,
        detected=rows.detected,
        row=row,
        label=_labels(rows),
        minute=rows.minute,
    )


def _labels(rows: LabRows) -> Positions:
    """Return a number for the unit and assay of each row, in the order of their texts."""
    label = rows.unit.rank()
    return label if rows.assay is None else label * (len(rows.assay.texts) + 1) + rows.assay.rank()


def _measured(results: Results, rule: Analyte) -> Measurements:
    names = ("patient", "week", "value", "lower", "upper", "detected", "row")
    columns = {name: getattr(results, name) for name in names}
    lowest = below_limit_value(rule)
    if rule.floor and lowest is not None:
        columns["value"] = np.maximum(columns["value"], lowest)
    found = Measurements(**columns)
    for name in names:  # shared by all who ask
        getattr(found, name).flags.writeable = False
    return found


_ROWS_REMEMBERED = 20_000_000  # of all analytes together: the oldest is forgotten beyond it


@dataclass(frozen=True, slots=True, eq=False)
class _Read:
    """Results of an analyte, the study they were read for, and what that depended on."""

    study: Study
    rules: tuple[Analyte, DayRule]
    results: Measurements


@dataclass(slots=True, eq=False)
class _Labs:
    """A labs table in order of analyte, patient, week and time of day, and the results that were read from it."""

    rows: LabRows
    order: NDArray[np.int32]
    bounds: dict[str, slice]
    read: dict[str, _Read] = field(default_factory=dict)

    def of(self, analyte: str) -> tuple[LabRows, NDArray[np.int32]]:
        """Return the rows of one analyte, in order, and their places in the labs table."""
        order = self.order[self.bounds.get(analyte, slice(0, 0))]
        return self.rows.take(order.astype(np.intp)), order  # by what numpy counts with: half the time

    def remember(self, analyte: str, read: _Read) -> None:
        """Keep the results of an analyte, and forget the oldest where that is too much."""
        self.read.pop(analyte, None)
        self.read[analyte] = read
        while len(self.read) > 1 and sum(len(one.results.week) for one in self.read.values()) > _ROWS_REMEMBERED:
            del self.read[next(iter(self.read))]


def _kept(cohort: Cohort) -> _Labs:
    """Return the labs of a cohort in order: found once and kept with it, since a cohort is never changed."""
    kept: _Labs | None = cohort.__dict__.get("_labs_in_order")
    if kept is None:
        kept = _in_order(cohort.labs)
        object.__setattr__(cohort, "_labs_in_order", kept)
    return kept


def _in_order(labs: pd.DataFrame) -> _Labs:
    from relapse_model.cohort.rows_by_patient import in_time, ordered  # its package imports this module

    rows, analyte = lab_rows(labs), coded(labs["analyte"])
    group, analytes, time = analyte.codes.astype(np.int32), len(analyte.texts), _time(rows)
    group[rows.kind.among("missing")] = -1
    if in_time(rows.patient, time):
        order, begin = ordered(group, None, analytes)
    else:
        patients = int(rows.patient.max()) + 1
        wide = "int32" if analytes * patients < np.iinfo(np.int32).max else "int64"
        of_patient = np.where(group < 0, -1, group.astype(wide) * patients + rows.patient.astype(wide))
        order, start = ordered(of_patient, time, analytes * patients)
        begin = start[::patients]
    bounds = {name: slice(begin[code], begin[code + 1]) for code, name in enumerate(analyte.texts)}
    return _Labs(rows, order, bounds)


def _time(rows: LabRows) -> Floats:
    """Return the weeks, or, where times of day are known, the rank of each week and time of day."""
    if rows.minute is None:
        return rows.week
    rank = np.empty(len(rows))
    rank[np.lexsort((rows.minute, rounded(rows.week)))] = np.arange(len(rows))
    return rank
