"""Which unit a result is in, which units an analyte may come in, and by what factor they convert."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Mask
from relapse_model.cohort.laboratory.lab_rows import LabRows
from relapse_model.cohort.laboratory.lab_text import check_settings
from relapse_model.cohort.laboratory.lab_texts import (
    NOT_READ,
    LabColumns,
    coded_lab_texts,
    distinct_results,
    read_distinct,
)
from relapse_model.cohort.tables.column_values import coded_texts, codes_of, rows_with, texts_of
from relapse_model.cohort.tables.columns import READ_COLUMNS
from relapse_model.cohort.tables.row_groups import row_groups
from relapse_model.study.analyte import Analyte
from relapse_model.study.study import Laboratory, Study
from relapse_model.study.unit_factors import lacks_milli, unit_factor
from relapse_model.study.unit_spelling import is_log10, unit_key, without_log10

UnitProblem = tuple[NDArray[np.intp], str, str, str]  # rows, the unit that came, what was expected, what to do
_LARGEST_LOG10 = 20.0  # no amount of anything in blood is larger, in any unit
_SCALE_ALONE = ("", "log", "log10", "lg")  # printed without a unit: "<1.0 Log"


def read_results(
    values: pd.Series, units: pd.Series, conventions: Laboratory, transformed: NDArray[np.bool_] | None = None,
    most: int | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Read a column of results; a negative number is one where its unit column says that it is a logarithm.

    Parameters
    ----------
    values, units : Series
        Columns of the labs table, ``None`` where a unit is blank.
    conventions : Laboratory
        What this laboratory means by a bare dash, and by ``<20`` alone.
    transformed : array of bool, optional
        Rows of analytes that may be negative.
    most : int, optional
        After so many different texts that are no result, those that are no plain numbers are not read: their reason
        is `NOT_READ`.

    Returns
    -------
    DataFrame
        The columns of `coded_lab_texts`.
    """
    check_settings(conventions.dash, conventions.below_limit_detected)
    of_text, texts = distinct_results(values)
    of_unit, spellings = codes_of(units)
    logged = np.array([*(is_log10(unit_key(text)) for text in spellings), False], dtype=bool)[of_unit]
    asked = logged.astype(np.int8) if transformed is None else logged + 2 * transformed.astype(np.int8)
    # The different combinations are read, not the rows.
    which, found = of_text, np.arange(len(texts)) * 4
    if asked.any():
        wide = np.int32 if 4 * len(texts) < np.iinfo(np.int32).max else np.int64
        number: NDArray[np.signedinteger[Any]] = of_text.astype(wide)
        number *= 4
        number += asked
        occurs = np.zeros(4 * len(texts), dtype=bool)
        occurs[number] = True
        which, found = (np.cumsum(occurs) - 1).astype(number.dtype)[number], np.flatnonzero(occurs)
    read = _combinations([texts[one // 4] for one in found.tolist()], found % 4, conventions, most)
    return coded_lab_texts(read, which, values)


def _combinations(
    texts: list[object], asked: NDArray[np.intp], conventions: Laboratory, most: int | None
) -> LabColumns:
    """Read each text; its unit may be a logarithm (1, 3), and its analyte may be negative (2, 3)."""
    below = conventions.below_limit_detected
    read = read_distinct(texts, conventions.dash, below, asked >= 2, most)
    refused = np.flatnonzero((read["kind"] == "unreadable") & (asked % 2 == 1) & (read["reason"] != NOT_READ))
    reread = read_distinct([f"{text} Log" for text in read["raw"][refused]], "refuse", below, refused < 0)
    number = reread["kind"] == "number"
    for name in READ_COLUMNS:
        read[name][refused[number]] = reread[name][number]
    return read


def row_units(column: pd.Series, read: pd.DataFrame) -> tuple[Any, NDArray[np.bool_]]:
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
    units : Categorical
    clash : array of bool
        Rows where the printed unit and the column disagree.
    """
    # The few different combinations are looked at, not the rows.
    which, first = row_groups([column, read["unit"], read["log10"]])
    stated, printed = (texts_of(one.iloc[first]) for one in (column, read["unit"]))
    logged = read["log10"].iloc[first].tolist()
    agreed = [_one_unit(*one) for one in zip(stated, printed, logged, strict=True)]
    units = coded_texts(np.array([unit for unit, _ in agreed], dtype=object), which)
    return units, np.array([clash for _, clash in agreed], dtype=bool)[which]


def _one_unit(stated: str, printed: str, log10: bool) -> tuple[str, bool]:
    key, said = unit_key(stated), unit_key(printed)
    unit = stated or ("" if said in _SCALE_ALONE else printed)
    clash = False
    if stated and said not in _SCALE_ALONE:
        # "20 IU/mL" in a column of log10 IU/mL is no logarithm, whatever the column says.
        clash = without_log10(said) != without_log10(key) or (is_log10(key) and not log10)
    if log10 and unit and not is_log10(unit_key(unit)):
        unit = f"log10 {unit}"
    return unit, clash


def unit_problems(labs: pd.DataFrame, study: Study | None, grouped: Grouped | None = None) -> Iterator[UnitProblem]:
    """Yield the rows whose unit is missing, not accepted by the study, or (without one) not the only unit.

    Parameters
    ----------
    labs : DataFrame
        With analyte, unit and kind.
    study : Study or None
        Whose table of units holds.
    grouped : tuple, optional
        What `groups_of_units` returns, if it is known.
    """
    valued = rows_with(labs["kind"], "number")
    of_unit, units = codes_of(labs["unit"])
    blank = np.append(units == "", False)[of_unit]
    yield np.flatnonzero(valued & blank), "", "a unit", "A number without a unit has no meaning"
    if study is None:
        analyte, unit = labs["analyte"].to_numpy(dtype=object), labs["unit"].to_numpy(dtype=object)
        yield from _mixed_units(analyte, unit, valued)
        return
    which, groups = groups_of_units(labs, study) if grouped is None else grouped
    unknown = [one is not None and conversion(one.rule, one.unit, one.assay) is None for one in groups]
    if not any(unknown):
        return
    for group, bad, rows in zip(groups, unknown, _rows_of_each(which, len(groups)), strict=True):
        if group is not None and bad:
            yield rows, group.unit, *not_accepted(group.rule, group.unit)


@dataclass(frozen=True, slots=True, eq=False)
class UnitGroup:
    """The results of one analyte in one unit, of one assay or of one that is not stated."""

    rule: Analyte
    unit: str
    assay: str | None


Grouped: TypeAlias = tuple[NDArray[np.int32], list[UnitGroup | None]]


def groups_of_units(labs: pd.DataFrame, study: Study) -> Grouped:
    """Return the group of each row, and the groups: None for rows without a number, a unit, or an analyte that is read.

    Parameters
    ----------
    labs : DataFrame
        With analyte, unit and kind.
    study : Study
    """
    columns = ["kind", "analyte", "unit", *(["assay"] if "assay" in labs else [])]
    # The few different combinations are looked at, not the rows.
    which, first = row_groups([labs[name] for name in columns])
    return which, [_group(study, *one) for one in zip(*(texts_of(labs[name].iloc[first]) for name in columns))]  # noqa: B905


def _group(study: Study, kind: str, analyte: str, unit: str, assay: str = "") -> UnitGroup | None:
    if kind != "number" or not unit or analyte not in study.analytes:
        return None
    return UnitGroup(study.analytes[analyte], unit, assay or None)


def _rows_of_each(which: NDArray[np.signedinteger[Any]], groups: int) -> list[NDArray[np.intp]]:
    """Return the rows of each group, ascending."""
    ends = np.cumsum(np.bincount(which, minlength=groups))
    return np.split(np.argsort(which, kind="stable"), ends[:-1])


def _mixed_units(
    analyte: NDArray[np.object_], unit: NDArray[np.object_], valued: NDArray[np.bool_]
) -> Iterator[UnitProblem]:
    codes, spellings = pd.factorize(unit)
    keys = np.array([unit_key(text) for text in spellings], dtype=object)[codes]
    for name in pd.unique(analyte[valued]):
        rows = valued & (analyte == name) & (unit != "")
        counts = pd.Series(keys[rows]).value_counts()
        if len(counts) > 1:
            other = rows & (keys != counts.index[0])
            expected = f"one unit for {name!r} (most rows have {unit[rows & ~other][0]!r})"
            advice = "Convert, or give a study, which says how the units of an analyte convert"
            rows_there = np.flatnonzero(other)
            which, texts = pd.factorize(unit[rows_there])
            for text, places in zip(texts, _rows_of_each(which, len(texts)), strict=True):
                yield rows_there[places], text, expected, advice


def scale_problems(labs: pd.DataFrame, transformed: NDArray[np.bool_]) -> Iterator[tuple[NDArray[np.bool_], str, str]]:
    """Yield the rows with a logarithm too large to be one, or with a negative limit of an amount.

    Parameters
    ----------
    labs : DataFrame
        With unit and number; lower_limit and upper_limit where known.
    transformed : array of bool
        Rows of analytes that may be negative.

    Yields
    ------
    rows, column, expected : array of bool, str, str
    """
    codes, units = codes_of(labs["unit"])
    log10 = np.array([is_log10(unit_key(unit)) for unit in units], dtype=bool)[codes]
    for read, column in (("number", "value"), ("lower_limit", "lower_limit"), ("upper_limit", "upper_limit")):
        if read in labs:
            number = labs[read].to_numpy(dtype=float)
            far = f"a logarithm from -{_LARGEST_LOG10:g} to {_LARGEST_LOG10:g}, since the unit is one"
            if log10.any():
                yield log10 & ((number > _LARGEST_LOG10) | (number < -_LARGEST_LOG10)), column, far
            negative = number < 0
            if negative.any():
                yield ~log10 & ~transformed & negative, column, "a number from 0"


def not_accepted(rule: Analyte, text: str) -> tuple[str, str]:
    """Return what was expected, and what to do, where a unit is not one of the analyte's."""
    accepted = ", ".join(repr(unit) for unit in (rule.unit, *rule.units, *rule.other_units))
    advice = f"Convert it, or state the factor under [analytes.{rule.name}] units"
    if lacks_milli(text, rule.unit):
        advice = f"A thousand times {rule.unit}: probably a slip of the pen for it. Look at the laboratory's report"
    return f"a unit of {rule.name} in this study ({accepted})", advice


def unit_groups(rows: LabRows, rule: Analyte) -> Iterator[tuple[Mask, str, str | None]]:
    """Yield the rows of each unit, and of each assay where the study has rules for some: rows, unit, assay.

    In the order in which they occur first.

    Parameters
    ----------
    rows : LabRows
        Of one analyte.
    rule : Analyte
    """
    key, assays = rows.unit.codes.astype(np.intp), np.zeros(0, dtype=object)
    if rule.assays and rows.assay is not None:
        assays = rows.assay.texts
        key = np.where(key < 0, -1, key * (len(assays) + 1) + rows.assay.codes + 1)
    found = [(key == one, one) for one in np.flatnonzero(np.bincount(key + 1)[1:]).tolist()]  # few, and from 0
    for where, one in sorted(found, key=lambda group: int(group[0].argmax())):
        code, assay = divmod(one, len(assays) + 1)
        yield where, str(rows.unit.texts[code]), None if not assay else str(assays[assay - 1])


def conversion(rule: Analyte, text: str, assay: str | None = None) -> tuple[float, str] | None:
    """Return how a unit becomes the unit of the analyte, or ``None`` where the study does not say.

    The factors of a study convert amounts, never their logarithms: for a log10 unit they lead to the unit
    that the logarithm is taken of. A factor of the row's assay wins over one of the analyte. Where there is none, a
    unit that is a power of ten of the analyte's, or of one with a factor, converts by `unit_factor`.

    Returns
    -------
    (factor, scale) : float, {"as_is", "from_log10", "to_log10", "log10", "other"}
        ``from_log10``: ten to the power, then the factor; ``to_log10``: the factor, then the logarithm;
        ``log10``: both are logarithms, so the logarithm of the factor is added; ``other``: a unit that the study
        accepts and that converts into no other, so that the factor is NaN.
    """
    target, came = unit_key(rule.unit), unit_key(text)
    factors = {unit_key(unit): factor for unit, factor in rule.units.items()} | {without_log10(target): 1.0}
    if assay is not None and assay in rule.assays:
        factors |= {unit_key(unit): factor for unit, factor in rule.assays[assay].units.items()}
    factor = factors.get(without_log10(came))
    if factor is None and not lacks_milli(text, rule.unit):
        # In the case in which it was printed: G/L are cells, g/L are grams.
        amount = without_log10(came) if is_log10(came) else text
        stated = {rule.unit: 1.0, **rule.units} if not is_log10(target) else {without_log10(target): 1.0, **rule.units}
        known = ((unit_factor(amount, unit), own) for unit, own in stated.items())
        factor = next((arithmetic * own for arithmetic, own in known if arithmetic is not None), None)
    if factor is None:
        other = {unit_key(unit) for unit in rule.other_units}
        return (np.nan, "other") if came in other else None
    if is_log10(target):
        return factor, "log10" if is_log10(came) else "to_log10"
    return factor, "from_log10" if is_log10(came) else "as_is"
