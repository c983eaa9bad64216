"""Columns of births that a mapping does not name: never read into a cohort, and held against ages."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.cohort.readers.label_words import plain_words
from relapse_model.cohort.readers.made_table import MadeTable

_BIRTH = re.compile(
    r"(?<![a-z])(?:births?|birthda(?:y|te)|dob|yob|born|geboren|geburt|geburts?(?:datum|tag|jahr)|nacimiento|naissance)"
    r"(?![a-z])|出生|生日"
)
_MORE = re.compile(
    r"(?<![a-z])(?:date|dat|dt|day|year|yr|month|of|the|patients?|subjects?|am|fecha|año|de|du|année)(?![a-z])"
    r"|年月日|年月|日期|年份|年|日|患者|[:：]|\((?:dd|mm|yyyy|yy|ymd|[-/. ])+\)"
)
_YEAR = r"(?:19|20)\d{2}"
_STANDS_FOR_NONE = ("1900-01-01", "1900")  # where a program asks for a day


def is_birth(called: Iterable[str]) -> bool:
    """Tell whether a column is called the day or year of birth, by its name or its label, and nothing else.

    Examples
    --------
    >>> [is_birth([name]) for name in ("dob", "Date of birth", "birth_year", "Geburtsdatum", "出生日期", "出生年份")]
    [True, True, True, True, True, True]
    >>> [is_birth([name]) for name in ("birth weight", "出生体重", "Country of birth", "date of visit")]
    [False, False, False, False]
    """
    for one in called:
        plain = plain_words(one)
        if _BIRTH.search(plain) and not re.search(r"\w", _MORE.sub(" ", _BIRTH.sub(" ", plain))):
            return True
    return False


def births_of(
    name: str, texts: pd.Series, days: pd.Series, keys: pd.Series, number: NDArray[np.int64], source: str
) -> MadeTable | None:  # fmt: skip
    """Return the births of a column as a table; None where it tells none.

    A year alone is one: it may be written where a day is not to be known.

    Parameters
    ----------
    name : str
        What the column is called.
    texts, days, keys : Series
        Of its rows: what stands there, that as YYYY-MM-DD (empty where it is no date), and the patients' keys.
    number : array of int
        Of each row, as the source numbers it.
    source : str

    Examples
    --------
    >>> texts, days = pd.Series(["1980", "03.02.1979", "unknown"]), pd.Series(["", "1979-02-03", ""])
    >>> births_of("dob", texts, days, pd.Series(["7", "8", "9"]), np.array([2, 3, 4]), "Sheet1").rows["date"].tolist()
    ['1980', '1979-02-03']
    """
    plain = texts.astype(str).str.strip().reset_index(drop=True)
    year = plain.str.fullmatch(_YEAR + r"(?:\.0)?")
    day = days.astype(str).str.slice(0, 10).reset_index(drop=True)
    date = plain.str.slice(0, 4).where(year, day.where(day.str.fullmatch(_YEAR + r"-\d{2}-\d{2}"), ""))
    own = keys.astype(str).reset_index(drop=True)
    told = ((date != "") & (own != "") & ~date.isin(_STANDS_FOR_NONE)).to_numpy()
    rows = pd.DataFrame({"patient_id": own[told].astype(object), "date": date[told].astype(object)}, dtype=object)
    if rows.empty:
        return None
    return MadeTable(rows.reset_index(drop=True), source, np.asarray(number)[told], {"date": name})
