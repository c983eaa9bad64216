"""Printed numbers below a limit that hardly is theirs: in another unit than the analyte's, or beside an upper limit."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Floats, Mask, Positions
from relapse_model.cohort.laboratory.unit_conversion import Grouped, UnitGroup, conversion
from relapse_model.cohort.tables.column_values import rows_with
from relapse_model.comparisons import below

DoubtfulRows = tuple[NDArray[np.intp], str, str, str]  # rows, column, what was expected, what to do


def doubtful_limits(labs: pd.DataFrame, grouped: Grouped, refused: Mask) -> Iterator[DoubtfulRows]:
    """Yield rows with a number below a limit that the number itself makes doubtful.

    A number in another unit than the analyte's, below the analyte's limit once it is converted, is more likely in
    another unit still: HBcrAg of 3.4 is log10 U/mL, and in U/mL it would be below what any assay measures. A result
    with a comparator or a limit of its own says what it is, as does the logarithm of the analyte's own unit. A limit
    above the study's, below which every number of the analyte lies, is that of another thing, such as the upper one.

    Parameters
    ----------
    labs : DataFrame
        As the gate has read it.
    grouped : tuple
        What `groups_of_units` returns of them. Analytes of which the study does not state what is possible are not
        looked at: models of before state none.
    refused : array of bool
        Rows that are refused already.
    """
    which, groups = grouped
    if not any(groups):
        return
    number = labs["number"].to_numpy(dtype=float)
    uncompared = rows_with(labs["comparator"], "")
    own = labs["lower_limit"].to_numpy(dtype=float) if "lower_limit" in labs else None
    least = np.array([-np.inf if group is None else _least(group) for group in groups])
    limits = np.array([np.inf if group is None else _limit(group) for group in groups])

    def bare(rows: Positions) -> Positions:
        kept: Positions = rows[uncompared[rows] & (number[rows] != 0) & ~refused[rows]]
        return kept

    doubtful = bare(np.flatnonzero((least > -np.inf)[which]))
    doubtful = doubtful[below(number[doubtful], least[which[doubtful]])]
    doubtful = doubtful if own is None else doubtful[np.isnan(own[doubtful])]
    for place in np.unique(which[doubtful]).tolist():
        group = groups[place]
        assert group is not None
        yield doubtful[which[doubtful] == place], "value", *_other_unit(group, float(least[place]))
    if own is None:
        return
    stated = bare(np.flatnonzero(own > limits[which]))
    for name in sorted({groups[place].rule.name for place in np.unique(which[stated]).tolist()}):
        of = np.array([group is not None and group.rule.name == name for group in groups], dtype=bool)
        rows = stated[of[which[stated]]]
        if below(number[rows], own[rows]).all():
            expected = f"a lower limit below some number at least: every number of {name!r} with one is below its own"
            yield rows, "lower_limit", expected, "Is it the upper limit, or that of what is normal?"


def _least(group: UnitGroup) -> float:
    """Return the analyte's lower limit in the unit of the results, where that is another; else minus infinity."""
    found = conversion(group.rule, group.unit, group.assay)
    if found is None or found[1] == "other" or (found[0] == 1 and found[1] != "to_log10"):
        return -np.inf
    return _printed(_of_rule(group), *found)


def _limit(group: UnitGroup) -> float:
    """Return the analyte's lower limit in the unit of the results; infinity where it is not known."""
    found, limit = conversion(group.rule, group.unit, group.assay), _of_rule(group)
    return np.inf if found is None or found[1] == "other" or np.isinf(limit) else _printed(limit, *found)


def _of_rule(group: UnitGroup) -> float:
    """Return the lower limit of an assay, else of its analyte; minus infinity where none is to be held against."""
    assay = group.rule.assays.get(group.assay or "")
    limit = group.rule.lower_limit if assay is None or assay.lower_limit is None else assay.lower_limit
    return -np.inf if limit is None or group.rule.possible is None else float(limit)


def _printed(limit: float, factor: float, scale: str) -> float:
    with np.errstate(divide="ignore", invalid="ignore"):
        printed: Floats = {
            "as_is": np.float64(limit) / factor,
            "to_log10": np.power(10.0, limit) / factor,
            "from_log10": np.log10(max(limit, 0.0) / factor) if limit > 0 else np.float64(-np.inf),
            "log10": limit - np.log10(factor),
        }[scale]
    return float(printed)


def _other_unit(group: UnitGroup, least: float) -> tuple[str, str]:
    rule = group.rule
    expected = f"{least:.3g} {group.unit} or more, the lower limit of {rule.name!r} ({rule.unit}), or a result with '<'"
    return expected, (
        f"Is it in {rule.unit!r}? Then state that unit. If it is right, state the limit of its assay too: lower_limit"
    )
