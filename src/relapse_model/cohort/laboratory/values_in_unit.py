"""The number that stands for each result of an analyte, and its bounds, in the analyte's unit."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from relapse_model.arrays import Floats, Mask
from relapse_model.cohort.laboratory.lab_rows import LabRows
from relapse_model.cohort.laboratory.unit_conversion import conversion, not_accepted, unit_groups
from relapse_model.comparisons import below
from relapse_model.errors import CohortError, Problem
from relapse_model.study.analyte import Analyte
from relapse_model.study.unit_spelling import is_log10, unit_key

_Units: TypeAlias = "list[tuple[Mask, str, tuple[float, str] | None]]"  # rows, unit, how it becomes the analyte's
_AS_IT_IS = (1.0, "as_is")


def values_in_unit(rows: LabRows, rule: Analyte) -> tuple[Floats, Floats, Floats]:
    """Return the number that stands for each result, and the bounds of its true value, in the analyte's unit.

    Parameters
    ----------
    rows : LabRows
        Of one analyte.
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
    units = [(where, unit, conversion(rule, unit, assay)) for where, unit, assay in unit_groups(rows, rule)]
    number, lower, upper = _in_unit(rows, rule, units)
    return _bounded(rows, rule, number, lower, upper, _lower_limits(rows, rule, units))


def below_limit_value(rule: Analyte) -> float | None:
    """Return the number that stands for a result below the analyte's own limit; None where it has none.

    Parameters
    ----------
    rule : Analyte
    """
    if rule.lower_limit is None:
        return None
    return float(_stand_in(np.array(rule.lower_limit), rule, is_log10(unit_key(rule.unit))))


def _lower_limits(rows: LabRows, rule: Analyte, units: _Units) -> Floats:
    """Return the lower limit of each result, else of its assay, else of the analyte (an amount of 0 is none)."""
    default = np.full(len(rows), np.nan if rule.lower_limit is None else rule.lower_limit)
    for name, assay in rule.assays.items():
        if assay.lower_limit is not None and rows.assay is not None:
            default[rows.assay.among(name)] = assay.lower_limit
    if rows.lower_limit is None:
        return default
    given = rows.lower_limit.copy()
    for where, unit, found in units:
        if not (is_log10(unit_key(unit)) or rule.negative):
            given[where & (given == 0)] = np.nan
        given[where] = np.nan if found is None else _converted(given[where], *found)
    return np.where(np.isnan(given), default, given)


def _in_unit(rows: LabRows, rule: Analyte, units: _Units) -> tuple[Floats, Floats, Floats]:
    """Convert number and bounds to the analyte's unit; refuse every unit the study does not know."""
    columns = rows.number.copy(), rows.lower.copy(), rows.upper.copy()
    valued = rows.kind.among("number")
    problems = []
    for group, unit, found in units:
        if found == _AS_IT_IS:
            continue
        where = group & valued
        if found is not None:
            for column in columns:
                column[where] = _converted(column[where], *found)
        elif where.any():
            came = f"{unit!r} on {where.sum()} rows of {rule.name!r}"
            problems.append(Problem("labs", None, "unit", came, *not_accepted(rule, unit)))
    if problems:
        raise CohortError("the cohort does not fit the study", problems)
    return columns


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
    rows: LabRows, rule: Analyte, number: Floats, lower: Floats, upper: Floats, lower_limit: Floats
) -> tuple[Floats, Floats, Floats]:
    """Give every result its bounds and the number that stands for it."""
    logarithm = is_log10(unit_key(rule.unit))
    negative = rows.kind.among("negative")
    zero = np.zeros(len(rows), dtype=bool)
    if not rule.negative:
        printed = np.flatnonzero((rows.number == 0) & rows.kind.among("number") & rows.comparator.among(""))
        zero[printed] = below(number[printed], lower_limit[printed])  # a log10 of 0 may be an amount above the limit
    if rule.scale == "log10" or logarithm:
        unlimited = (negative | np.isneginf(number)) & np.isnan(lower_limit)
        if unlimited.any():
            raise CohortError("the cohort does not fit the study", [
                Problem("labs", None, "value", f"{unlimited.sum()} negative results of {rule.name!r} without a limit",
                        "a lower_limit with the result, or in the study")
            ])  # fmt: skip
    nothing = -np.inf if logarithm or rule.negative else 0.0
    unstated = zero | negative
    left = unstated | rows.comparator.among("<", "<=")
    # Only "positive" proper: a grey zone is no decision.
    positive = rows.kind.among("positive") & (rows.detected == 1) & ~left
    upper[unstated] = lower_limit[unstated]
    number[left], lower[left] = _stand_in(upper[left], rule, logarithm), nothing
    lower[positive], upper[positive] = np.nan_to_num(lower_limit[positive], nan=nothing), np.inf
    return number, lower, upper


def _stand_in(limit: Floats, rule: Analyte, logarithm: bool) -> Floats:
    """Return the number that stands for a result below the limit; half of it is 0.3 less on a log10 unit."""
    if rule.below_limit == "limit" or (rule.negative and not logarithm):
        return limit  # half of a negative number is a larger one
    return limit - np.log10(2.0) if logarithm else 0.5 * limit
