"""The number that stands for each result of an analyte, and its bounds, in the analyte's unit."""

from __future__ import annotations

import numpy as np
import pandas as pd

from relapse_model.arrays import Floats
from relapse_model.cohort.laboratory.unit_conversion import conversion, not_accepted, unit_groups
from relapse_model.cohort.tables.column_values import rows_with
from relapse_model.comparisons import below
from relapse_model.errors import CohortError, Problem
from relapse_model.study.analyte import Analyte
from relapse_model.study.unit_spelling import is_log10, unit_key


def values_in_unit(table: pd.DataFrame, rule: Analyte) -> tuple[Floats, Floats, Floats]:
    """Return the number that stands for each result, and the bounds of its true value, in the analyte's unit.

    Parameters
    ----------
    table : DataFrame
        Rows of one analyte of a labs table that the gate has read.
    rule : Analyte

    Returns
    -------
    value, lower, upper : array of float
        As `relapse_model.cohort.measurements.Measurements` has them.

    Raises
    ------
    CohortError
        For units that the study does not accept, and, on a log10 scale, for a word such as "negative" where no limit
        is known.
    """
    number, lower, upper = _in_unit(table, rule)
    return _bounded(table, rule, number, lower, upper, _lower_limits(table, rule))


def below_limit_value(rule: Analyte) -> float | None:
    """Return the number that stands for a result below the analyte's own limit; None where it has none.

    Parameters
    ----------
    rule : Analyte
    """
    if rule.lower_limit is None:
        return None
    return float(_stand_in(np.array(rule.lower_limit), rule, is_log10(unit_key(rule.unit))))


def _lower_limits(table: pd.DataFrame, rule: Analyte) -> Floats:
    """Return the lower limit of each result, else of its assay, else of the analyte (an amount of 0 is none)."""
    default = np.full(len(table), np.nan if rule.lower_limit is None else rule.lower_limit)
    for name, assay in rule.assays.items():
        if assay.lower_limit is not None and "assay" in table:
            default[rows_with(table["assay"], name)] = assay.lower_limit
    if "lower_limit" not in table:
        return default
    given = table["lower_limit"].to_numpy(dtype=float).copy()
    for rows, unit, own in unit_groups(table, rule):
        found = conversion(rule, unit, own)
        if not (is_log10(unit_key(unit)) or rule.negative):
            given[rows & (given == 0)] = np.nan
        given[rows] = np.nan if found is None else _converted(given[rows], *found)
    return np.where(np.isnan(given), default, given)


def _in_unit(table: pd.DataFrame, rule: Analyte) -> tuple[Floats, Floats, Floats]:
    """Convert number and bounds to the analyte's unit; refuse every unit the study does not know."""
    columns = [table[name].to_numpy(dtype=float).copy() for name in ("number", "lower", "upper")]
    valued = rows_with(table["kind"], "number")
    problems = []
    for group, unit, own in unit_groups(table, rule):
        rows = group & valued
        found = conversion(rule, unit, own) if rows.any() else (1.0, "as_is")
        if found is None:
            came = f"{unit!r} on {rows.sum()} rows of {rule.name!r}"
            problems.append(Problem("labs", None, "unit", came, *not_accepted(rule, unit)))
            continue
        for column in columns:
            column[rows] = _converted(column[rows], *found)
    if problems:
        raise CohortError("the cohort does not fit the study", problems)
    return columns[0], columns[1], columns[2]


def _converted(values: Floats, factor: float, scale: str) -> Floats:
    if scale == "from_log10":
        return np.asarray(factor * np.power(10.0, values))
    if scale == "log10":
        return np.asarray(values + np.log10(factor))
    if scale == "to_log10":
        with np.errstate(divide="ignore"):
            return np.log10(factor * values)
    return factor * values


def _bounded(
    table: pd.DataFrame, rule: Analyte, number: Floats, lower: Floats, upper: Floats,
    lower_limit: Floats,
) -> tuple[Floats, Floats, Floats]:  # fmt: skip
    """Give every result its bounds and the number that stands for it."""
    logarithm = is_log10(unit_key(rule.unit))
    printed_zero = (
        rows_with(table["kind"], "number") & rows_with(table["comparator"], "") & (table["number"].to_numpy() == 0)
    )
    zero = (
        printed_zero & below(number, lower_limit) & (not rule.negative)
    )  # a log10 of 0 may be an amount above the limit
    negative = rows_with(table["kind"], "negative")
    unlimited = (negative | np.isneginf(number)) & np.isnan(lower_limit)
    if unlimited.any() and (rule.scale == "log10" or logarithm):
        raise CohortError("the cohort does not fit the study", [
            Problem("labs", None, "value", f"{unlimited.sum()} negative results of {rule.name!r} without a limit",
                    "a lower_limit with the result, or in the study")
        ])  # fmt: skip
    # Only "positive" proper: a grey zone is no decision.
    positive = rows_with(table["kind"], "positive") & (table["detected"].to_numpy() == 1)
    left = zero | negative | rows_with(table["comparator"], "<") | rows_with(table["comparator"], "<=")
    limit = np.where(zero | negative, lower_limit, upper)
    nothing = -np.inf if logarithm or rule.negative else 0.0
    value = np.where(left, _stand_in(limit, rule, logarithm), number)
    lower = np.where(left, nothing, np.where(positive, np.nan_to_num(lower_limit, nan=nothing), lower))
    upper = np.where(left, limit, np.where(positive, np.inf, upper))
    return value, lower, upper


def _stand_in(limit: Floats, rule: Analyte, logarithm: bool) -> Floats:
    """Return the number that stands for a result below the limit; half of it is 0.3 less on a log10 unit."""
    if rule.below_limit == "limit" or (rule.negative and not logarithm):
        return limit  # half of a negative number is a larger one
    return limit - np.log10(2.0) if logarithm else 0.5 * limit
