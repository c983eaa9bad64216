"""Columns in codes, such as 1 for male and 2 for female: read as what a study says the codes mean, written as codes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from relapse_model.cohort.tables.column_values import texts
from relapse_model.study.names import level_of


def decoded(values: pd.Series, codes: Mapping[str, str]) -> pd.Series:
    """Return a column with codes replaced by what they mean; whatever is no code stays as it came.

    Parameters
    ----------
    values : Series
    codes : mapping of str to str
        From codes to meanings.

    Examples
    --------
    >>> decoded(pd.Series([1.0, 2.0, None]), {"1": "M", "2": "F"}).tolist()
    ['M', 'F', None]
    """
    return _replaced(values, codes)


def encoded(values: pd.Series, codes: Mapping[str, str]) -> pd.Series:
    """Return a column with meanings replaced by the first code for each, so that it is read again as it was.

    Examples
    --------
    >>> encoded(pd.Series([0.0, 1.0]), {"1": "no", "2": "yes"}).tolist()
    ['1', '2']
    """
    back: dict[str, str] = {}
    for code, meaning in codes.items():
        back.setdefault(meaning, code)
    return _replaced(values, back)


def _replaced(values: pd.Series, by: Mapping[str, str]) -> pd.Series:
    which, distinct = pd.factorize(texts(values))
    found = [level_of(one, by) if one else None for one in distinct]
    new = np.array([None if key is None else by[key] for key in found], dtype=object)[which]
    known = np.array([key is not None for key in found], dtype=bool)[which]
    kept = values.astype(object).where(values.notna(), None).to_numpy(dtype=object)
    return pd.Series(np.where(known, new, kept), index=values.index, dtype=object)
