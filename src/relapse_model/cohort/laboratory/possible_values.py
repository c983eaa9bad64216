"""Results that no body and no assay gives: found by the limits that a study states of each analyte."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Mask
from relapse_model.cohort.laboratory.unit_conversion import Grouped, UnitGroup, conversion
from relapse_model.comparisons import above, below
from relapse_model.study.analyte import Analyte
from relapse_model.study.unit_spelling import unit_key

ImpossibleRows = tuple[NDArray[np.intp], str, list[str]]  # rows, what was expected, and of each row what to do
_ASKED = (  # units in which laboratories print much, beside those that the study accepts
    "g/dL", "mg/dL", "g/L", "mg/L", "ug/L", "mmol/L", "umol/L", "nmol/L", "10*9/L", "/uL", "10*3/uL", "IU/L", "mIU/mL",
    "IU/mL",
)  # fmt: skip
_CHUNK = 1 << 16  # rows
_MOST_ASKED = 2  # units in one question
_SLIPS = (10.0, 100.0, 1000.0)  # a decimal point one to three places off


def impossible_results(labs: pd.DataFrame, grouped: Grouped, refused: Mask) -> Iterator[ImpossibleRows]:
    """Yield the rows whose true value lies wholly outside what is possible, by analyte and unit.

    A result below or above a limit is one only if no possible value fits it. Where a lower limit is known, a result
    below a limit is none, nor is a printed 0, which stands for it: how low the assay went is all that it says. But a
    limit above all that is possible is one: no assay has it.

    Parameters
    ----------
    labs : DataFrame
        As the gate has read it.
    grouped : tuple
        What `groups_of_units` returns of them by the study whose limits hold.
    refused : array of bool
        Rows that are refused already.
    """
    which, groups = grouped
    limits = [(-np.inf, np.inf) if group is None else _limits_as_printed(group) for group in groups]
    if not any(groups):
        return
    low, high = (np.array(ends) for ends in zip(*limits, strict=True))
    lower, upper = (labs[name].to_numpy(dtype=float) for name in ("lower", "upper"))
    number = labs["number"].to_numpy(dtype=float)
    outside, too_high = np.zeros(len(labs), dtype=bool), np.zeros(len(labs), dtype=bool)
    for begin in range(0, len(labs), _CHUNK):  # by parts that the processor keeps
        part = slice(begin, begin + _CHUNK)
        too_high[part] = above(number[part], high[which[part]])
        outside[part] = above(lower[part], high[which[part]]) | below(upper[part], low[which[part]])
    limits_too_high = np.flatnonzero(too_high & ~outside)
    said = labs["comparator"].iloc[limits_too_high].isin(["<", "<="]).to_numpy()
    outside[limits_too_high[said]] = True
    rows = np.flatnonzero(outside & ~refused)
    if not len(rows):
        return
    rows = rows[too_high[rows] | ~_below_limit(labs.iloc[rows], which[rows], groups)]
    for place in np.unique(which[rows]).tolist():
        group = groups[place]
        assert group is not None
        own = rows[which[rows] == place]
        asked = {one: _advice(group, one) for one in np.unique(number[own]).tolist()}
        yield own, _expected(group.rule), [asked[one] for one in number[own].tolist()]


def _limits_as_printed(group: UnitGroup) -> tuple[float, float]:
    """Return what is possible in the unit that a result is printed in; everything, where it converts into no other."""
    found = conversion(group.rule, group.unit, group.assay)
    if found is None or found[1] == "other" or group.rule.possible is None:
        return -np.inf, np.inf
    factor, scale = found
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        low, high = np.array(group.rule.possible)
        if scale == "as_is":
            return low / factor, high / factor
        if scale == "from_log10":
            return float(np.log10(max(low, 0.0) / factor)), float(np.log10(max(high, 0.0) / factor))
        if scale == "to_log10":
            return float(10.0**low / factor), float(10.0**high / factor)
        return float(low - np.log10(factor)), float(high - np.log10(factor))


def _below_limit(labs: pd.DataFrame, which: NDArray[np.int32], groups: list[UnitGroup | None]) -> Mask:
    """Tell which of the rows are results below a limit, of analytes or rows that have a lower one."""
    limited = np.array([group is not None and _has_limit(group) for group in groups], dtype=bool)[which]
    if "lower_limit" in labs:
        limited |= labs["lower_limit"].notna().to_numpy()
    zero = (labs["number"] == 0).to_numpy() & ~labs["log10"].to_numpy(dtype=bool)
    left = labs["comparator"].isin(["<", "<="]).to_numpy()
    return np.asarray((zero | left) & limited)


def _has_limit(group: UnitGroup) -> bool:
    assay = group.rule.assays.get(group.assay or "")
    return group.rule.lower_limit is not None or (assay is not None and assay.lower_limit is not None)


def _expected(rule: Analyte) -> str:
    assert rule.possible is not None
    low, high = rule.possible
    return f"{rule.name} from {low:g} to {high:g} {rule.unit}, the limits of the possible in this study"


def _advice(group: UnitGroup, number: float) -> str:
    """Return what may have been meant, as a question, and what to do if the result is right."""
    rule = group.rule
    units = _units_inside(group, number)
    slip = any(_inside(group, group.unit, other) for by in _SLIPS for other in (number / by, number * by))
    asked = []
    if units:
        asked.append(f"Is it in {' or '.join(map(repr, units))}?")
    if slip:
        asked.append("Is the decimal point misplaced?")
    if units:
        asked.append(f'Then state the unit that it is in, such as unit = "{units[0]}".')
    asked.append(
        f"If it is right, state wider limits in a study (extends): [analytes.{rule.name}] possible = [low, high]"
    )
    return " ".join(asked)


def _units_inside(group: UnitGroup, number: float) -> list[str]:
    """Return units, each of another size, in which the number would be possible; those of the study come first."""
    rule, found = group.rule, dict[float, str]()
    for unit in (rule.unit, *rule.units, *_ASKED):
        known = conversion(rule, unit, group.assay)
        if known is None or unit_key(unit) == unit_key(group.unit) or not _inside(group, unit, number):
            continue
        found.setdefault(known[0], unit)
    return list(found.values())[:_MOST_ASKED]


def _inside(group: UnitGroup, unit: str, number: float) -> bool:
    low, high = _limits_as_printed(UnitGroup(group.rule, unit, group.assay))
    return np.isfinite(high) and low <= number <= high
