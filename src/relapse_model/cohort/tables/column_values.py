"""Reading one column of text into numbers, flags, choices: which rows are empty, which cannot be read."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import infer_dtype

from relapse_model.cohort.tables.columns import MISSING_WORDS, Column
from relapse_model.study.names import yes_or_no

_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


@dataclass(frozen=True, slots=True)
class ReadColumn:
    """A column as read: its values, which rows were empty, which could not be read, and what stood in those.

    The values are an array that a table takes for a column, of pandas' own kind of texts where many rows are read.
    """

    values: Any
    empty: NDArray[np.bool_]
    bad: NDArray[np.bool_]
    came: list[object]


def texts(values: pd.Series) -> pd.Series:
    """Return a column as stripped text; whole numbers without a trailing ``.0``, missing as the empty text."""
    values = values.astype("Int64") if is_whole(values) else values
    whole = isinstance(values.dtype, pd.StringDtype) and not values.hasnans
    if whole or (values.dtype == object and set(map(type, values)) <= {str}):
        return pd.Series(list(map(str.strip, values.tolist())), index=values.index, dtype=object)
    pairs = zip(values.astype(object), values.isna().to_numpy(), strict=True)
    return pd.Series(["" if gone else str(value).strip() for value, gone in pairs], index=values.index, dtype=object)


def _among(text: pd.Series, words: Collection[str]) -> NDArray[np.bool_]:
    longest = max(map(len, words))  # no text becomes shorter in lower case
    if longest == 0:
        return np.array([not one for one in text], dtype=bool)
    return np.array([len(one) <= longest and one.casefold() in words for one in text], dtype=bool)


def is_whole(values: pd.Series) -> bool:
    """Tell whether a column is of floats that are all missing or whole numbers, none too large to be exact."""
    if not pd.api.types.is_float_dtype(values.dtype):
        return False
    known = values.dropna().to_numpy(dtype=float)
    return bool(np.all((known == np.trunc(known)) & (np.abs(known) < 2**53)))


def cell_shown(value: object) -> str:
    """Return a value as a message shows it: quoted and short."""
    text = repr(str(value))
    return text if len(text) <= 42 else text[:39] + "..."


def column(values: pd.Series, rule: Column) -> ReadColumn:
    """Read a column by its rule; dates are read by `relapse_model.cohort.tables.days`.

    Parameters
    ----------
    values : Series
        As it came: text from a file, or typed columns of a data frame.
    rule : Column
        What is expected.
    """
    if rule.kind in ("number", "flag"):
        return _numbers(values, rule)
    text = texts(values)
    empty = _among(text, {""} if rule.required else MISSING_WORDS)
    if rule.spellings:
        text = text.map(lambda one: rule.spellings.get(unicodedata.normalize("NFKC", one).casefold(), one))
    bad = ~text.isin(rule.choices).to_numpy() & ~empty if rule.choices else np.zeros(len(text), dtype=bool)
    kept = text.where(~empty, None).to_numpy(dtype=object)
    return ReadColumn(kept, empty, bad, list(text[bad]))


def _numbers(values: pd.Series, rule: Column) -> ReadColumn:
    if pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_complex_dtype(values.dtype):
        empty = values.isna().to_numpy()
        number = values.to_numpy(dtype=float, na_value=np.nan)
    else:
        text = texts(values.map(_flag_of_truth) if rule.kind == "flag" else values)
        empty = _among(text, MISSING_WORDS)
        number = np.array([_number(one, rule) for one in text], dtype=float)
    low, high = (0.0, 1.0) if rule.kind == "flag" else (rule.low, rule.high)
    bad = ~empty & ~(np.isfinite(number) & (number >= low) & (number <= high))
    if rule.kind == "flag":
        bad |= ~empty & (number != 0) & (number != 1)
    return ReadColumn(number, empty, bad, list(values[bad]))


def _number(text: str, rule: Column) -> float:
    said = yes_or_no(text) if rule.kind == "flag" else None
    if said is not None:
        return float(said)
    return float(text) if _NUMBER.fullmatch(text) else np.nan


def _flag_of_truth(value: object) -> object:
    """Read a truth value among objects (as a column of them with a gap is) like one in a column of its own."""
    return int(value) if isinstance(value, bool | np.bool_) else value


_ROWS_WORTH = 1000  # below, there is nothing to gain


_SHARE_WORTH = 0.5  # of distinct texts in the rows


def read_column(values: pd.Series, rule: Column, *, coded: bool = False, sort: bool = True) -> ReadColumn:
    """Read a column by its rule, as `column` does.

    Parameters
    ----------
    values : Series
        As it came: text from a file, or typed columns of a data frame.
    rule : Column
        What is expected.
    coded : bool
        Whether texts come back as a `pandas.Categorical`.
    sort : bool
        With its categories in alphabetical order: see `coded_texts`.

    Examples
    --------
    >>> read_column(pd.Series(["4", "8", "x", "8"] * 500), Column("number")).values[:4]
    array([ 4.,  8., nan,  8.])
    """
    split = distinct_texts(values)
    if split is None:
        read = column(values, rule)
        if not coded or read.values.dtype != object:
            return read
        return ReadColumn(coded_texts(read.values, np.arange(len(values)), sort=sort), read.empty, read.bad, read.came)
    codes, distinct = split
    read = column(distinct, rule)
    bad = _of_rows(read.bad, codes)
    place = np.cumsum(read.bad) - 1  # of a distinct text among those that could not be read
    came = [read.came[one] for one in place[codes[bad]].tolist()]
    as_codes = coded and read.values.dtype == object
    of_rows = coded_texts(read.values, codes, sort=sort) if as_codes else _spread(read.values, codes)
    return ReadColumn(of_rows, _of_rows(read.empty, codes), bad, came)


def _of_rows(found: NDArray[np.bool_], codes: NDArray[np.signedinteger[Any]]) -> NDArray[np.bool_]:
    """Return of each row what was found of its text; where nothing was, the rows are not looked at."""
    return found[codes] if found.any() else np.zeros(len(codes), dtype=bool)


def rows_where(column: pd.Series, holds: Callable[[pd.Index], Any]) -> NDArray[np.bool_]:
    """Tell of which rows something holds, asked of each category once; it holds of no gap among categories.

    Parameters
    ----------
    column : Series
        Texts.
    holds : callable
        Of texts to truth values.

    Examples
    --------
    >>> rows_where(pd.Series(["a", None, "b"], dtype="category"), lambda texts: texts != "a").tolist()
    [False, False, True]
    """
    if not isinstance(column.dtype, pd.CategoricalDtype):
        return np.asarray(holds(pd.Index(column, dtype=object)), dtype=bool)
    texts = column.array.categories.to_numpy(dtype=object)  # fastest to look up
    return _of_rows(np.append(holds(pd.Index(texts, dtype=object)), False), column.array.codes)


def read_texts(values: pd.Series) -> pd.Series:
    """Return a column as stripped text, as `texts` does.

    Parameters
    ----------
    values : Series
    """
    split = distinct_texts(values)
    if split is None:
        return texts(values)
    codes, distinct = split
    return pd.Series(texts(distinct).to_numpy()[codes], index=values.index, dtype=object)


def distinct_texts(values: pd.Series) -> tuple[NDArray[np.signedinteger[Any]], pd.Series] | None:
    """Return which distinct text each row has, and the texts; None where that gains nothing.

    Only where all rows are texts, or texts and gaps in a column of texts: of other objects, two may be equal and yet
    be read otherwise, as True and 1.
    """
    if isinstance(values.dtype, pd.CategoricalDtype):
        return of_categories(values)
    if len(values) < _ROWS_WORTH:
        return None
    column_of_texts = isinstance(values.dtype, pd.StringDtype)
    if not column_of_texts and (values.dtype != object or infer_dtype(values, skipna=False) != "string"):
        return None
    codes, distinct = pd.factorize(values, use_na_sentinel=not column_of_texts)
    if len(distinct) > _SHARE_WORTH * len(values):
        return None
    return codes, pd.Series(distinct, dtype=object)


def of_categories(values: pd.Series) -> tuple[NDArray[np.signedinteger[Any]], pd.Series]:
    """Return which category each row has, and the categories; a gap is one more of them, None."""
    codes = values.array.codes
    categories = values.cat.categories.to_numpy(dtype=object).tolist()  # of texts, several times as fast as tolist()
    if (codes < 0).any():
        codes, categories = np.where(codes < 0, len(categories), codes.astype(np.intp)), [*categories, None]
    return codes, pd.Series(categories, dtype=object)


def coded_texts(
    values: NDArray[np.object_], codes: NDArray[np.signedinteger[Any]], *, sort: bool = True
) -> pd.Categorical:
    """Return the texts of rows as a categorical, by default with categories in alphabetical order; None is a gap.

    Parameters
    ----------
    values : array of str or None
        Texts, of which several may be the same.
    codes : array of int
        Which of them each row has.
    sort : bool
        So that the rows sort and group as texts do; it takes time where there are many.

    Examples
    --------
    >>> coded_texts(np.array(["b", "a", "b", None], dtype=object), np.array([3, 0, 1, 2])).tolist()
    [nan, 'b', 'a', 'b']
    """
    which, categories = pd.factorize(values, sort=sort)
    place = _narrow(which, len(categories))
    same = np.array_equal(which, np.arange(len(which)))
    return categorical(codes.astype(place.dtype) if same else place[codes], categories)


def codes_of(column: pd.Series) -> tuple[NDArray[np.signedinteger[Any]], pd.Index]:
    """Return a number for the text of each row, -1 for none, and the texts; a categorical's own, used or not.

    The numbers may be of 8 bits only: to be looked up by, not to be computed with.

    Parameters
    ----------
    column : Series
        Texts.

    Examples
    --------
    >>> codes, texts = codes_of(pd.Series(["b", None, "b"], dtype=pd.CategoricalDtype(["a", "b"])))
    >>> codes.tolist(), texts.tolist()
    ([1, -1, 1], ['a', 'b'])
    """
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.array.codes, column.array.categories
    return pd.factorize(column)


def texts_of(column: pd.Series) -> list[str]:
    """Return a short column of texts as a list, with the empty text for none.

    Parameters
    ----------
    column : Series

    Examples
    --------
    >>> texts_of(pd.Series(["a", None]))
    ['a', '']
    """
    return column.astype(object).where(column.notna(), "").tolist()


def rows_with(column: pd.Series, text: str) -> NDArray[np.bool_]:
    """Tell which rows of a column of texts have this one.

    Parameters
    ----------
    column : Series
    text : str

    Examples
    --------
    >>> rows_with(pd.Series(["a", "b", None], dtype="category"), "b").tolist()
    [False, True, False]
    """
    if isinstance(column.dtype, pd.CategoricalDtype):
        categories = column.array.categories
        found: NDArray[np.bool_] = column.array.codes == (categories.get_loc(text) if text in categories else -2)
        return found
    return (column == text).to_numpy(dtype=bool)


def with_codes(values: pd.Series) -> pd.Series:
    """Return a column of texts as a categorical where many rows share them, else as it came.

    Parameters
    ----------
    values : Series

    Examples
    --------
    >>> with_codes(pd.Series(["IU/mL"] * 2000)).dtype.name
    'category'
    """
    split = None if isinstance(values.dtype, pd.CategoricalDtype) else distinct_texts(values)
    if split is None:
        return values
    codes, distinct = split
    gap = distinct.isna().to_numpy()
    place = np.where(gap, -1, np.cumsum(~gap) - 1)
    categories = distinct[~gap].to_numpy(dtype=object)
    return pd.Series(categorical(_narrow(place, len(categories))[codes], categories), index=values.index)


def without_codes(values: pd.Series) -> pd.Series:
    """Return a categorical column of texts as plain texts, to which any can be assigned; one of anything else as it is.

    Parameters
    ----------
    values : Series

    Examples
    --------
    >>> without_codes(pd.Series(pd.Categorical(["a", None, "a"]))).dtype.name in ("str", "object")
    True
    """
    kind = values.cat.categories.dtype
    if not (isinstance(kind, pd.StringDtype) or pd.api.types.is_object_dtype(kind)):
        return values  # whole numbers, for one, have no place for a gap
    return values.astype(kind)


def categorical(codes: NDArray[Any], categories: NDArray[np.object_]) -> pd.Categorical:
    """Return a categorical of texts.

    Parameters
    ----------
    codes : array of int
        -1 where there is none.
    categories : array of str
    """
    # Not of a CategoricalIndex: pandas would take the order of its own categories, and give the codes other texts.
    made: pd.Categorical = pd.Categorical.from_codes(codes, categories=pd.Index(categories), validate=False)
    return made


def _narrow(codes: NDArray[Any], categories: int) -> NDArray[Any]:
    """Return codes in the narrowest numbers that hold them, as a categorical keeps them."""
    return codes.astype(narrowest(categories))


def narrowest(categories: int) -> np.dtype[Any]:
    """Return the narrowest kind of numbers for the codes of so many categories, -1 among them.

    Parameters
    ----------
    categories : int
    """
    return np.min_scalar_type(-categories - 1)


def _spread(values: NDArray[Any], codes: NDArray[np.signedinteger[Any]]) -> Any:
    """Return the values of rows; texts as pandas keeps them in a column, converted once for each different one."""
    return pd.Series(values).array.take(codes) if values.dtype == object else values[codes]
