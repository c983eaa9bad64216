"""Columns of many rows and few different texts: each text is read once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import infer_dtype

from relapse_model.cohort.tables import column_values as column_reader
from relapse_model.cohort.tables.column_values import ReadColumn
from relapse_model.cohort.tables.columns import Column

_ROWS_WORTH = 1000  # below, there is nothing to gain
_SHARE_WORTH = 0.5  # of distinct texts in the rows


def read_column(values: pd.Series, rule: Column) -> ReadColumn:
    """Read a column by its rule, as `column_reader.column` does.

    Parameters
    ----------
    values : Series
        As it came: text from a file, or typed columns of a data frame.
    rule : Column
        What is expected.

    Examples
    --------
    >>> read_column(pd.Series(["4", "8", "x", "8"] * 500), Column("number")).values[:4]
    array([ 4.,  8., nan,  8.])
    """
    parted = _distinct(values)
    if parted is None:
        return column_reader.column(values, rule)
    codes, distinct = parted
    read = column_reader.column(distinct, rule)
    bad = read.bad[codes]
    place = np.cumsum(read.bad) - 1  # of a distinct text among those that could not be read
    came = [read.came[one] for one in place[codes[bad]].tolist()]
    return ReadColumn(_spread(read.values, codes), read.empty[codes], bad, came)


def read_texts(values: pd.Series) -> pd.Series:
    """Return a column as stripped text, as `column_reader.texts` does.

    Parameters
    ----------
    values : Series
    """
    parted = _distinct(values)
    if parted is None:
        return column_reader.texts(values)
    codes, distinct = parted
    return pd.Series(column_reader.texts(distinct).to_numpy()[codes], index=values.index, dtype=object)


def _distinct(values: pd.Series) -> tuple[NDArray[np.intp], pd.Series] | None:
    """Return which distinct text each row has, and the texts; None where that gains nothing.

    Only where all rows are texts, or texts and gaps in a column of texts: of other objects, two may be equal and yet
    be read otherwise, as True and 1.
    """
    if len(values) < _ROWS_WORTH:
        return None
    column_of_texts = isinstance(values.dtype, pd.StringDtype)
    if not column_of_texts and (values.dtype != object or infer_dtype(values, skipna=False) != "string"):
        return None
    codes, distinct = pd.factorize(values, use_na_sentinel=not column_of_texts)
    if len(distinct) > _SHARE_WORTH * len(values):
        return None
    return codes, pd.Series(distinct, dtype=object)


def _spread(values: NDArray[Any], codes: NDArray[np.intp]) -> Any:
    """Return the values of rows; texts as pandas keeps them in a column, converted once for each different one."""
    return pd.Series(values).array.take(codes) if values.dtype == object else values[codes]
