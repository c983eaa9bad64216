"""Laboratory results of one analyte in the unit of the study, with their limits, in order of patient and week."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Floats, Mask, Positions
from relapse_model.cohort.cohort import Cohort
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
from relapse_model.cohort.tables.column_values import codes_of, rows_with
from relapse_model.cohort.tables.columns import MINUTE
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
    rule, of_day = study.analytes[analyte], day_rule(study, analyte)
    kept = _kept(cohort)
    known = kept.results.get(analyte)
    if known is None or known[0] != (rule, of_day):
        known = (rule, of_day), _one_for_each_moment(read_rows(*kept.of(analyte), rule), study, analyte)
        kept.remember(analyte, *known)
    return known[1]


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
    results = read_rows(columns_read(labs), np.arange(len(labs), dtype=np.int32), study.analytes[analyte])
    return _one_for_each_moment(results, study, analyte)


def _one_for_each_moment(results: Results, study: Study, analyte: str) -> Measurements:
    rule, of_day = study.analytes[analyte], day_rule(study, analyte)
    found, contradictions = settled(results, of_day)
    if contradictions and refuses(of_day):
        raise CohortError("the cohort does not fit the study", [_contradictions(analyte, of_day, contradictions)])
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
    start = moments(results.patient, results.week, results.minute)
    return int((np.diff(np.append(start, len(results.patient))) > 1).sum()), contradictions


def _contradictions(analyte: str, rule: DayRule, count: int) -> Problem:
    advice = f"{same_day_advice(rule)}. Read the cohort with this study: it lists the rows"
    return Problem("labs", None, "value", f"results of {analyte!r} on {count} days that contradict each other",
                   same_day_expected(analyte), advice)  # fmt: skip


def read_rows(table: pd.DataFrame, row: NDArray[np.int32], rule: Analyte) -> Results:
    """Return the results of one analyte from its rows, which are in order of patient, week and time of day.

    Parameters
    ----------
    table : DataFrame
        With the columns of a labs table that the gate has read.
    row : array of int
        What to call each row.
    rule : Analyte

    Raises
    ------
    CohortError
        As `measurements`.
    """
    value, lower, upper = values_in_unit(table, rule)
    return Results(
        patient=table["patient"].to_numpy(dtype=np.intp),
        week=table["week"].to_numpy(dtype=float),
        value=value,
        lower=lower,
        upper=upper,
        detected=table["detected"].to_numpy(dtype=np.int8),
        row=row,
        label=_labels(table),
        minute=table[MINUTE].to_numpy(dtype=float) if MINUTE in table else None,
    )


def _labels(table: pd.DataFrame) -> Positions:
    """Return a number for the unit and assay of each row, in the order of their texts."""
    label = np.zeros(len(table), dtype=np.intp)
    for name in ("unit", "assay"):
        if name in table:
            codes, texts = codes_of(table[name])
            rank = np.argsort(np.argsort(np.asarray(texts, dtype=str))) if len(texts) else np.zeros(0, dtype=np.intp)
            label = label * (len(texts) + 1) + np.append(rank, len(texts))[codes]
    return label


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


# Of the labs table, what results are read from.
_NUMBERS = ("patient", "week", MINUTE, "lower_limit", "number", "lower", "upper")
_TEXTS = ("unit", "assay", "comparator", "kind")
_ROWS_REMEMBERED = 20_000_000  # of all analytes together: the oldest is forgotten beyond it


@dataclass(slots=True, eq=False)
class _Labs:
    """A labs table in order of analyte, patient, week and time of day, and the results that were read from it."""

    table: pd.DataFrame
    row: NDArray[np.int32]
    bounds: dict[str, slice]
    results: dict[str, tuple[tuple[Analyte, DayRule], Measurements]] = field(default_factory=dict)

    def of(self, analyte: str) -> tuple[pd.DataFrame, NDArray[np.int32]]:
        """Return the rows of one analyte, in order, and their places in the labs table."""
        row = self.row[self.bounds.get(analyte, slice(0, 0))]
        return self.table.iloc[row], row

    def remember(self, analyte: str, rule: tuple[Analyte, DayRule], results: Measurements) -> None:
        """Keep the results of an analyte, and forget the oldest where that is too much."""
        self.results.pop(analyte, None)
        self.results[analyte] = rule, results
        while len(self.results) > 1 and sum(len(one.week) for _, one in self.results.values()) > _ROWS_REMEMBERED:
            del self.results[next(iter(self.results))]


def _kept(cohort: Cohort) -> _Labs:
    """Return the labs of a cohort in order: found once and kept with it, since a cohort is never changed."""
    kept: _Labs | None = cohort.__dict__.get("_labs_in_order")
    if kept is None:
        kept = _in_order(cohort.labs)
        object.__setattr__(cohort, "_labs_in_order", kept)
    return kept


def _in_order(labs: pd.DataFrame) -> _Labs:
    from relapse_model.cohort.rows_by_patient import ordered  # its package imports this module

    table = columns_read(labs)
    codes, analytes = codes_of(labs["analyte"])
    patients = int(labs["patient"].max()) + 1 if len(labs) else 0
    wide = "int32" if len(analytes) * patients < np.iinfo(np.int32).max else "int64"
    group = codes.astype(wide) * patients + labs["patient"].to_numpy(dtype=wide)
    group[rows_with(table["kind"], "missing")] = -1
    row, start = ordered(group, _time(table), len(analytes) * patients)
    begin = start[:: max(patients, 1)]
    bounds = {name: slice(begin[code], begin[code + 1]) for code, name in enumerate(analytes)}
    return _Labs(table, row, bounds)


def columns_read(labs: pd.DataFrame) -> pd.DataFrame:
    """Return of a labs table what results are read from; texts become categories, `detected` 1, 0 or -1.

    Parameters
    ----------
    labs : DataFrame
        As the gate has read it.
    """
    return labs[[name for name in _NUMBERS if name in labs]].assign(
        detected=_detection(labs), **{name: labs[name].astype("category") for name in _TEXTS if name in labs}
    )


def _time(table: pd.DataFrame) -> Floats:
    """Return the weeks, or, where times of day are known, the rank of each week and time of day."""
    week = table["week"].to_numpy(dtype=float)
    if MINUTE not in table:
        return week
    minute = table[MINUTE].to_numpy(dtype=float)
    rank = np.empty(len(week))
    rank[np.lexsort((minute, rounded(week)))] = np.arange(len(week))
    return rank


def _detection(table: pd.DataFrame) -> NDArray[np.int8]:
    codes, said = pd.factorize(table["detected"].to_numpy(dtype=object))  # True, False or None
    return np.array([*(bool(one) for one in said), -1], dtype=np.int8)[codes]
