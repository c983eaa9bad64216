"""Which unit a result is in, which units an analyte may come in, and by what factor they convert."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.study import Analyte, Study
from relapse_model.units import is_log10, unit_key, without_log10

UnitProblem = tuple[NDArray[np.bool_], str, str, str]  # rows, what came, what was expected, what to do


def row_units(column: pd.Series, read: pd.DataFrame) -> tuple[NDArray[np.object_], NDArray[np.bool_]]:
    """Return the unit of each result, from its column or, where that is blank, as printed with the value.

    A text such as ``<1.0 Log`` is on the log10 scale of the unit in the column.

    Parameters
    ----------
    column : Series
        The unit column; ``None`` where blank.
    read : DataFrame
        What `read_lab_texts` made of the values.

    Returns
    -------
    units : array of str
    clash : array of bool
        Rows where the printed unit and the column disagree.
    """
    stated = column.where(column.notna(), "").astype(object).to_numpy()
    printed, log10 = read["unit"].to_numpy(dtype=object), read["log10"].to_numpy(dtype=bool)
    pairs = pd.MultiIndex.from_arrays([stated, printed, log10])
    codes, unique = pairs.factorize()
    units, clashes = [], []
    for one_stated, one_printed, one_log in unique:
        unit, clash = _one_unit(one_stated, one_printed, one_log)
        units.append(unit)
        clashes.append(clash)
    if not len(unique):
        return stated, np.zeros(0, dtype=bool)
    return np.array(units, dtype=object)[codes], np.array(clashes, dtype=bool)[codes]


def _one_unit(stated: str, printed: str, log10: bool) -> tuple[str, bool]:
    unit = stated or printed
    bare = without_log10(unit_key(printed))
    clash = bool(stated and bare and bare not in ("log", "log10", "lg")) and bare != without_log10(unit_key(stated))
    if log10 and not is_log10(unit_key(unit)):
        unit = f"log10 {unit}".strip()
    return unit, clash


def unit_problems(labs: pd.DataFrame, study: Study | None) -> Iterator[UnitProblem]:
    """Yield the rows whose unit is missing, not accepted by the study, or (without one) not the only unit.

    Parameters
    ----------
    labs : DataFrame
        With analyte, unit and kind.
    study : Study or None
        Whose table of units holds.
    """
    valued = (labs["kind"] == "number").to_numpy()
    analyte, unit = labs["analyte"].to_numpy(dtype=object), labs["unit"].to_numpy(dtype=object)
    yield valued & (unit == ""), "no unit", "a unit", "A number without a unit has no meaning"
    if study is None:
        yield from _mixed_units(analyte, unit, valued)
        return
    for name, rule in study.analytes.items():
        rows = valued & (analyte == name) & (unit != "")
        for text in pd.unique(unit[rows]):
            if conversion(rule, text) is None:
                yield rows & (unit == text), *_not_accepted(rule, text)


def _mixed_units(
    analyte: NDArray[np.object_], unit: NDArray[np.object_], valued: NDArray[np.bool_]
) -> Iterator[UnitProblem]:
    for name in pd.unique(analyte[valued]):
        rows = valued & (analyte == name) & (unit != "")
        counts = pd.Series(unit[rows]).map(unit_key).value_counts()
        if len(counts) > 1:
            common = counts.index[0]
            other = rows & (pd.Series(unit).map(unit_key).to_numpy() != common)
            expected = f"one unit for {name!r} (most rows have {common!r})"
            advice = "Convert, or give a study, which says how the units of an analyte convert"
            for text in pd.unique(unit[other]):
                yield other & (unit == text), repr(text), expected, advice


def _not_accepted(rule: Analyte, text: str) -> tuple[str, str, str]:
    accepted = ", ".join(repr(unit) for unit in (rule.unit, *rule.units))
    advice = f"Convert it, or state the factor under [analytes.{rule.name}] units"
    if unit_key(text) == unit_key(rule.unit.removeprefix("m")) and rule.unit.startswith("m"):
        advice = f"A thousand times {rule.unit}: probably a slip of the pen for it. Look at the laboratory's report"
    return repr(text), f"a unit of {rule.name} in this study ({accepted})", advice


def conversion(rule: Analyte, text: str) -> tuple[float, str] | None:
    """Return how a unit becomes the unit of the analyte, or ``None`` where the study does not say.

    Returns
    -------
    (factor, scale) : float, {"as_is", "from_log10", "to_log10"}
        ``from_log10``: ten to the power, then the factor; ``to_log10``: the factor, then the logarithm.
    """
    target, came = unit_key(rule.unit), unit_key(text)
    factors = {target: 1.0, **{unit_key(unit): factor for unit, factor in rule.units.items()}}
    if came in factors:
        return factors[came], "as_is"
    if is_log10(came) and without_log10(came) in factors:
        return factors[without_log10(came)], "from_log10"
    if is_log10(target) and came == without_log10(target):
        return 1.0, "to_log10"
    return None
