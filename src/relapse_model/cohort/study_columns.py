"""What a study reads in the columns of the patients table: numbers, yes and no, levels; and the cells it cannot use."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import LARGEST_VALUE, Floats
from relapse_model.cohort.laboratory.lab_texts import read_lab_texts
from relapse_model.cohort.tables.column_values import read_texts
from relapse_model.cohort.tables.columns import MISSING_WORDS, TABLES
from relapse_model.comparisons import above, below
from relapse_model.study.eligibility import Criterion
from relapse_model.study.names import level_of, yes_or_no
from relapse_model.study.predictor import Predictor
from relapse_model.study.resemblance import resembled
from relapse_model.study.study import Study
from relapse_model.study.unit_factors import unit_factor
from relapse_model.study.unit_spelling import unit_key

Mask = NDArray[np.bool_]
_LETTER = 1  # a level may be a single letter, and still be looked for in a text


@dataclass(frozen=True, slots=True)
class ColumnReader:
    """How a predictor, or a criterion of eligibility, reads a column of the patients table.

    Attributes
    ----------
    column : str
    purpose : str
        What it is read for, as a message says it.
    levels : tuple of str
        The levels that are distinguished; empty for a column of numbers, or of yes and no.
    chosen : bool
        Whether `levels` are those looked for, one value against the rest, rather than all there are.
    others : str or tuple of str
        What the rest may be; see `Predictor`.
    elsewhere : tuple of str
        Levels that other predictors look for in the column: the study tells them apart from those of this one.
    flag : bool
        A column of yes and no.
    scale, unit : str
        Of numbers.
    negative : bool
        Whether numbers may be negative.
    possible : (low, high) or None
        Limits of the possible, in `unit`.
    """

    column: str
    purpose: str
    levels: tuple[str, ...] = ()
    chosen: bool = False
    others: str | tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    flag: bool = False
    scale: str = "linear"
    unit: str = ""
    negative: bool = False
    possible: tuple[float, float] | None = None


def reader_of(predictor: Predictor, study: Study) -> ColumnReader:
    """Return how a predictor reads its column."""
    assert predictor.column is not None
    levels = predictor.levels if predictor.equals is None else (predictor.equals,)
    named = {one.equals for one in study.predictors if one.column == predictor.column and one.equals is not None}
    return ColumnReader(
        predictor.column, f"For predictor {predictor.name!r}", levels, predictor.equals is not None, predictor.others,
        tuple(sorted(named.difference(levels))), predictor.kind == "ever_on_agent", predictor.scale, predictor.unit,
        predictor.negative, predictor.possible,
    )  # fmt: skip


def reader_of_criterion(criterion: Criterion) -> ColumnReader:
    """Return how a criterion reads its column, where it asks for words."""
    return ColumnReader(str(criterion.column), f"For criterion {criterion.id!r}", criterion.equals, chosen=True)


def column_readers(study: Study) -> Iterator[ColumnReader]:
    """Yield how the predictors of a study, and its criteria that ask for words, read columns of the patients table."""
    for predictor in study.predictors:
        if predictor.column is not None:
            yield reader_of(predictor, study)
    for candidate in study.candidates:
        if candidate.predictor.possible is not None:
            yield reader_of(candidate.predictor, study)
    for criterion in (*study.eligibility.include, *study.eligibility.exclude):
        if criterion.column is not None and criterion.equals:
            yield reader_of_criterion(criterion)


def columns_asked(study: Study) -> frozenset[str]:
    """Return the columns of the patients table that a study reads: of predictors, criteria and arms.

    Parameters
    ----------
    study : Study
    """
    criteria = (*study.eligibility.include, *study.eligibility.exclude)
    arms = set() if study.trial is None else {study.trial.arms.column}
    named = {one.column for one in study.predictors} | {one.column for one in criteria}
    return frozenset({one for one in named if one is not None} | arms)


def levels_named(study: Study) -> dict[str, tuple[str, ...]]:
    """Return for columns of the patients table the levels that anything in the study names, as it writes them."""
    named: dict[str, dict[str, None]] = {}
    for reader in column_readers(study):
        others = reader.others if isinstance(reader.others, tuple) else ()
        named.setdefault(reader.column, {}).update(dict.fromkeys((*reader.levels, *others)))
    if study.trial is not None:
        arms = study.trial.arms
        named.setdefault(arms.column, {}).update(dict.fromkeys((arms.treatment, arms.control)))
    return {column: tuple(levels) for column, levels in named.items() if levels}


def values_as_levels(values: pd.Series, levels: tuple[str, ...]) -> pd.Series:
    """Return a column of texts with every spelling of a level as the study writes it; the rest as it came.

    Whatever counts by level (arms compared, groups, weights) then counts one level once.

    Parameters
    ----------
    values : Series
    levels : tuple of str

    Examples
    --------
    >>> values_as_levels(pd.Series(["HBIG", "hbig", "Control", None, "B/C"]), ("hbig", "control")).tolist()
    ['hbig', 'hbig', 'control', None, 'B/C']
    """
    if pd.api.types.is_numeric_dtype(values.dtype):
        return values
    which, distinct = pd.factorize(values)
    new = [level_of(text, levels) if isinstance(text, str) else None for text in distinct]
    kept = [text if level is None else level for text, level in zip(distinct, new, strict=True)]
    if kept == list(distinct):
        return values
    return pd.Series(np.array([*kept, None], dtype=object)[which], index=values.index, dtype=object)


@dataclass(frozen=True, slots=True)
class UnusableCells:
    """The rows of a column that cannot be used, and what was expected there."""

    rows: Mask
    expected: str


def unusable_cells(values: pd.Series, reader: ColumnReader) -> UnusableCells:
    """Find the cells that are neither missing nor what is read there.

    Parameters
    ----------
    values : Series
        The column.
    reader : ColumnReader
    """
    if reader.levels:
        return UnusableCells(categories(values, reader)[1], _levels_expected(reader))
    if reader.flag:
        return UnusableCells(_flags(values)[1], "0 or 1 (no or yes)")
    number, bad = numbers(values, reader)
    unit = f" in {reader.unit}" if reader.unit else ""
    if reader.possible is not None:
        low, high = reader.possible
        bad |= below(number, low) | above(number, high)
        unit += f", from {low:g} to {high:g} (the limits of the possible in this study)"
    if reader.scale == "log10":
        return UnusableCells(bad | (number <= 0), f"a number above 0{unit}, or a limit such as '<0.05'")
    remedy = "; for numbers below 0, negative = true of this column in the study" if _any_below_0(values[bad]) else ""
    return UnusableCells(bad, f"a number{unit}, or a limit such as '<0.05', not on a log10 scale{remedy}")


def _any_below_0(unusable: pd.Series) -> bool:
    """Tell whether any of the cells is a plain number below 0, which a study allows by column."""
    plain = pd.to_numeric(unusable.astype(str).str.strip().str.replace("\N{MINUS SIGN}", "-"), errors="coerce")
    return bool((plain < 0).any())


def _levels_expected(reader: ColumnReader) -> str:
    if not reader.chosen:
        return f"one of {', '.join(reader.levels)}"
    if isinstance(reader.others, tuple) and reader.others:
        return f"one of {', '.join((*reader.levels, *reader.others))}"
    if all(yes_or_no(level) is not None for level in reader.levels):
        return "0 or 1 (no or yes), or others = ... in the study"
    return f"{' or '.join(map(repr, reader.levels))}, or what is nothing like it; or others = ... in the study"


def categories(values: pd.Series, reader: ColumnReader) -> tuple[NDArray[np.object_], Mask]:
    """Return the level of each cell, and which cells are none that the study knows.

    Parameters
    ----------
    values : Series
    reader : ColumnReader
        With levels.

    Returns
    -------
    levels : array of str or None
        As the study writes them; the empty text is "none of those looked for", None is missing or unusable.
    unusable : array of bool
    """
    which, distinct = pd.factorize(read_texts(values))
    found = [_level(text, reader) for text in distinct]
    levels = np.array([level for level, _ in found], dtype=object)
    return levels[which], np.array([bad for _, bad in found], dtype=bool)[which]


def chosen(values: pd.Series, reader: ColumnReader) -> tuple[Floats, Mask]:
    """Return 1 where a cell is one of the levels looked for, 0 where it is another, NaN where missing or unusable.

    Parameters
    ----------
    values : Series
    reader : ColumnReader

    Returns
    -------
    flags : array of float
    unusable : array of bool
    """
    levels, bad = categories(values, reader)
    which, distinct = pd.factorize(levels)
    return np.array([*(float(level != "") for level in distinct), np.nan])[which], bad


def _level(text: str, reader: ColumnReader) -> tuple[str | None, bool]:
    if text.casefold() in MISSING_WORDS:
        return None, False
    level = None if reader.chosen and text in reader.elsewhere else _of_contract(text, reader)
    if level is not None:
        return level, False
    if not reader.chosen:
        return None, True
    return ("", False) if _is_other(text, reader) else (None, True)


def _of_contract(text: str, reader: ColumnReader) -> str | None:
    """Return the level, also where the data contract has a word of its own for it, as ``M`` for male."""
    level = level_of(text, reader.levels)
    rule = TABLES["patients"].get(reader.column)
    if level is None and rule is not None and rule.spellings:
        own = {rule.spellings.get(one.casefold(), one): one for one in reader.levels}
        level = own.get(rule.spellings.get(text.casefold(), text))
    return level


def _is_other(text: str, reader: ColumnReader) -> bool:
    if reader.others == "no" or text in reader.elsewhere:
        return True
    if reader.others:
        return level_of(text, reader.others) is not None
    wanted = {yes_or_no(level) for level in reader.levels}
    if None not in wanted:
        return yes_or_no(text) is not None  # the opposite: had it been the level itself, it would have been found
    return _number(text) or resembled(text, reader.levels, shortest=_LETTER) is None


def _number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def numbers(values: pd.Series, reader: ColumnReader) -> tuple[Floats, Mask]:
    """Return a column of numbers or laboratory texts in the unit of the study; below a limit counts as half of it.

    A unit that is printed with a number is converted, where that is arithmetic, or the cell is unusable; it is never
    passed over. The name of a column states its unit, so a logarithm in it is a mistake that nobody would see.

    Parameters
    ----------
    values : Series
    reader : ColumnReader

    Returns
    -------
    numbers : array of float
    unusable : array of bool
    """
    if reader.flag:
        return _flags(values)
    if pd.api.types.is_numeric_dtype(values.dtype):
        plain = values.to_numpy(dtype=float, na_value=np.nan)
        return plain, np.abs(plain) > LARGEST_VALUE
    read = read_lab_texts(values, negative=reader.negative)
    bad = ~read["kind"].isin(["number", "missing"]).to_numpy() | read["log10"].to_numpy(dtype=bool)
    which, printed = pd.factorize(read["unit"])
    factors = np.array([_factor(str(unit), reader.unit) for unit in printed], dtype=float)[which]
    below = read["comparator"].isin(["<", "<="]).to_numpy()
    number = read["number"].to_numpy(dtype=float) * factors
    halved = below & ~np.array(reader.negative)
    return np.where(halved, 0.5 * number, number), bad | np.isnan(factors) | (np.abs(number) > LARGEST_VALUE)


def _factor(printed: str, unit: str) -> float:
    """Return by what a number with this unit is multiplied; NaN where that is not known."""
    if not printed or (unit and unit_key(printed) == unit_key(unit)):
        return 1.0
    factor = unit_factor(printed, unit) if unit else None
    return np.nan if factor is None else factor


def _flags(values: pd.Series) -> tuple[Floats, Mask]:
    which, distinct = pd.factorize(read_texts(values))
    said = [yes_or_no(text) for text in distinct]
    missing = [text.casefold() in MISSING_WORDS for text in distinct]
    number = np.array([np.nan if one is None else float(one) for one in said], dtype=float)
    bad = np.array([one is None and not gone for one, gone in zip(said, missing, strict=True)], dtype=bool)
    return number[which], bad[which]
