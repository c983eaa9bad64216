"""Columns of results as laboratories printed them: each different text is read once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Mask
from relapse_model.cohort.laboratory.lab_text import PLAIN, LabText, check_settings, read_one
from relapse_model.cohort.tables.column_values import coded_texts, of_categories
from relapse_model.errors import RelapseModelError

_FIELDS = tuple(field.name for field in fields(LabText))
_DTYPES: Mapping[str, type] = {"number": float, "lower": float, "upper": float, "log10": bool}
_TEXTS = ("raw", "kind", "comparator", "unit", "reason")
_FEW = ("kind", "comparator")  # kept in a cohort
NOT_READ = "not read, since so many others are no results"
_UNREAD = LabText("", "unreadable", reason=NOT_READ)
LabColumns = dict[str, NDArray[Any]]  # the fields of `LabText`, an array of each
_Codes = NDArray[np.signedinteger[Any]]


def read_lab_texts(
    values: Iterable[object], *, dash: str = "refuse", below_limit_detected: bool | None = None, negative: bool = False
) -> pd.DataFrame:
    """Read a column of results, each distinct one once; rows keep their order, number and index.

    Parameters
    ----------
    values : pandas.Series, pandas.Index, one-dimensional array or iterable of objects
        The texts, as for :func:`read_lab_text`.
    dash, below_limit_detected
        As for :func:`read_lab_text`; one laboratory's settings for the whole column.
    negative : bool
        Whether a number may be negative: of transformed data, which are no amounts.

    Returns
    -------
    pandas.DataFrame
        One row per value, one column per field of `LabText`. The index is that of a Series, else 0, 1, ...

    Raises
    ------
    RelapseModelError
        If a setting is unknown, or `values` is a single text or a table.

    Examples
    --------
    >>> read_lab_texts(["<0.05", "未做", "12.5(+)"])["kind"].tolist()
    ['number', 'missing', 'number']
    """
    check_settings(dash, below_limit_detected)
    codes, distinct = distinct_results(values)
    read = read_distinct(distinct, dash, below_limit_detected, np.full(len(distinct), negative))
    columns = {
        name: (pd.array(column, dtype="str") if name in _TEXTS else column).take(codes) for name, column in read.items()
    }
    return _table(columns, values)


def coded_lab_texts(read: LabColumns, codes: _Codes, values: Iterable[object]) -> pd.DataFrame:
    """Lay what was read of different texts out over the rows; texts become categoricals.

    Parameters
    ----------
    read : dict of str to array
    codes : array of int
        Which of the texts each row has.
    values : Series or other iterable
        The rows, for their index.

    Returns
    -------
    DataFrame
        Without `raw` and `reason` where nothing is unreadable: nobody asks for them then.
    """
    told = (read["kind"] == "unreadable").any()
    columns = {
        name: coded_texts(column, codes, sort=name in _FEW) if name in _TEXTS else column[codes]
        for name, column in read.items()
        if told or name not in ("raw", "reason")
    }
    return _table(columns, values)


def _table(columns: Mapping[str, Any], values: Iterable[object]) -> pd.DataFrame:
    index = values.index if isinstance(values, pd.Series) else None
    rows = {name: pd.Series(c, index=index, dtype=c.dtype, copy=False) for name, c in columns.items()}
    return pd.DataFrame(rows, copy=False)


def read_distinct(
    texts: list[object], dash: str, below: bool | None, negative: Mask, most: int | None = None
) -> LabColumns:
    """Read results one by one, plain numbers all at once.

    Parameters
    ----------
    texts : list
    dash, below
        As `read_lab_text` takes them.
    negative : array of bool
        Which of them may be negative.
    most : int, optional
        After so many unreadable ones no more are read but plain numbers: the others are unreadable, for `NOT_READ`.

    Examples
    --------
    >>> read_distinct(["12.5", "<0.05"], "refuse", None, np.array([False, False]))["upper"].tolist()
    [12.5, 0.05]
    """
    plain = np.array([type(text) is str and PLAIN.fullmatch(text) is not None for text in texts], dtype=bool)
    number = np.array([float(str(text)) for text, own in zip(texts, plain, strict=True) if own], dtype=float)
    columns: LabColumns = {name: np.empty(len(texts), dtype=_DTYPES.get(name, object)) for name in _FIELDS}
    for name in ("number", "lower", "upper"):
        columns[name][plain] = number
    columns["detected"][plain] = [one != 0 or None for one in number.tolist()]  # a zero says nothing
    columns["log10"][plain] = False
    for name in ("comparator", "unit", "reason"):
        columns[name][plain] = ""
    columns["kind"][plain] = "number"
    columns["raw"][plain] = [text for text, own in zip(texts, plain, strict=True) if own]
    others = np.flatnonzero(~plain)
    read, unreadable = [], 0
    for place in others.tolist():
        if most is not None and unreadable >= most:
            break
        read.append(read_one(texts[place], dash, below, bool(negative[place])))
        unreadable += read[-1].kind == "unreadable"
    for name in _FIELDS:
        columns[name][others[: len(read)]] = [getattr(one, name) for one in read]
        columns[name][others[len(read) :]] = getattr(_UNREAD, name)
    columns["raw"][others[len(read) :]] = [str(texts[place]) for place in others[len(read) :].tolist()]
    return columns


def distinct_results(values: Iterable[object]) -> tuple[_Codes, list[object]]:
    """Return the code of each result and the distinct results.

    Parameters
    ----------
    values : iterable
        As `read_lab_texts` takes it.
    """
    _check_one_column(values)
    if isinstance(values, np.ndarray):
        values = pd.Series(values, dtype=object)  # boxes dates as dates; NumPy would make numbers of them
    if not isinstance(values, (pd.Series, pd.Index)):
        return _factorize_objects(list(values))
    if isinstance(values, pd.Series) and isinstance(values.dtype, pd.CategoricalDtype):
        places, categories = of_categories(values)
        return places, categories.tolist()
    if isinstance(values.dtype, pd.StringDtype) or pd.api.types.infer_dtype(values, skipna=False) == "string":
        codes, distinct = pd.factorize(values, use_na_sentinel=False)
        return codes, list(distinct)
    return _factorize_objects(list(values.to_numpy(dtype=object)))


def _check_one_column(values: object) -> None:
    single = isinstance(values, (str, bytes)) or not isinstance(values, Iterable)
    if single or getattr(values, "ndim", 1) != 1:
        raise RelapseModelError(
            f"values: got a {type(values).__name__}, expected one column of texts. "
            "Give a Series or a list; use read_lab_text for a single text."
        )


def _factorize_objects(items: list[object]) -> tuple[_Codes, list[object]]:
    # pandas would take 1, 1.0 and True for one value
    keys: list[Any] = items if set(map(type, items)) <= {str, type(None)} else [_key(item) for item in items]
    distinct = dict(zip(keys, items, strict=True))
    code = {key: number for number, key in enumerate(distinct)}
    codes = np.fromiter(map(code.__getitem__, keys), dtype=np.intp, count=len(keys))
    return codes, list(distinct.values())


def _key(item: object) -> object:
    if type(item) is str:
        return item
    if isinstance(item, int):
        return type(item), item
    if isinstance(item, (float, np.generic)):
        return type(item), repr(item)  # keeps -0.0 apart from 0.0, and brings NaNs together
    return type(item), id(item)
