"""Identifiers that differ by what a spreadsheet or a slip of the pen changes: case, leading zeros, a ``.0``."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from relapse_model.arrays import Positions


def plain_identifier(key: str) -> str:
    """Return an identifier without what a slip of the pen may change: case, and leading zeros.

    Examples
    --------
    >>> plain_identifier("HB-007") == plain_identifier("hb-7"), plain_identifier("1-12") == plain_identifier("11-2")
    (True, False)
    """
    return re.sub(r"(?<!\d)0+(?=\d)", "", key.casefold())


def nearly_known(keys: pd.Series, known: pd.Series) -> tuple[Positions, list[str]]:
    """Return the first row of each identifier that is none of those known, but nearly; and which of them it may mean.

    Nearly: it differs by case, leading zeros, a ``.0`` after a whole number, or a sign between letters and digits.

    Parameters
    ----------
    keys, known : Series
        Of str, as `identifier_keys` returns them.

    Examples
    --------
    >>> rows, meant = nearly_known(pd.Series(["0012", "p-1", "12", "0012", "13.5"]), pd.Series(["12", "P1", "13"]))
    >>> rows.tolist(), meant
    ([0, 1], ['12', 'P1'])
    """
    there = [str(one) for one in known.unique() if one != ""]
    meant = {_plainest(one): one for one in reversed(there)}
    first = keys.drop_duplicates()
    near = first[~first.isin(there) & (first != "")].map(lambda key: meant.get(_plainest(str(key)), "")).astype(object)
    near = near[near != ""]
    return np.flatnonzero(keys.index.isin(near.index)), near.tolist()


def _plainest(key: str) -> str:
    whole = re.sub(r"(?<=\d)\.0+$", "", key) if re.fullmatch(r"\d+\.0+", key) else key
    return plain_identifier(re.sub(r"(?<=[^\W\d])[-_ ./]+(?=\d)", "", whole))
