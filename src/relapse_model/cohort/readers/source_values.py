"""What stands in the columns of an export: codes for missing, meanings of codes, and which texts have none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.cohort.tables.columns import MISSING_WORDS
from relapse_model.study.names import name_key


@dataclass(frozen=True, slots=True, eq=False)
class ReadMeanings:
    """A column with the meanings of its codes.

    Attributes
    ----------
    values : Series
        Of str; empty where nothing is known.
    unknown : array of bool
        Cells whose text the mapping does not name.
    """

    values: pd.Series
    unknown: NDArray[np.bool_]


def is_missing(values: pd.Series, codes: frozenset[str]) -> NDArray[np.bool_]:
    """Tell which cells hold a code that means "no value"; empty cells are not among them.

    Case, Unicode forms and spaces make no difference, and ``-99.0`` is ``-99``, as in `meanings_of`.

    Parameters
    ----------
    values : Series
        Texts.
    codes : frozenset of str

    Examples
    --------
    >>> is_missing(pd.Series(["-99", "-99.0", "5", "", "溶血 "]), frozenset({"-99", "溶血"})).tolist()
    [True, True, False, False, True]
    """
    if not codes:
        return np.zeros(len(values), dtype=bool)
    known = {text_key(code) for code in codes}
    places, printed = pd.factorize(values.fillna(""))
    among = np.array([bool(str(one).strip()) and text_key(str(one)) in known for one in printed], dtype=bool)
    return among[places]


def is_empty(values: pd.Series) -> NDArray[np.bool_]:
    """Tell which cells are empty, or hold a word that means it in every table."""
    places, printed = pd.factorize(values.fillna(""))
    among = np.array([str(one).strip().casefold() in MISSING_WORDS for one in printed], dtype=bool)
    return among[places]


def meanings_of(values: pd.Series, meanings: Mapping[str, str]) -> ReadMeanings:
    """Replace codes by what the mapping says they mean; without meanings, texts stay as they are.

    ``1.0`` is ``1``, as spreadsheets write whole numbers; otherwise case, Unicode forms and spaces make no difference.

    Parameters
    ----------
    values : Series
        Texts; empty where there is none.
    meanings : mapping of str to str

    Examples
    --------
    >>> read = meanings_of(pd.Series(["1.0", "2", "", "9"]), {"1": "M", "2": "F"})
    >>> read.values.tolist(), read.unknown.tolist()
    (['M', 'F', '', ''], [False, False, False, True])
    """
    texts = values.fillna("").astype(str).str.strip()
    if not meanings:
        return ReadMeanings(texts, np.zeros(len(texts), dtype=bool))
    by_key = {text_key(printed): meaning for printed, meaning in meanings.items()}
    places, printed = pd.factorize(texts)
    found = [by_key.get(text_key(str(one))) for one in printed]
    blank = [one.casefold() in MISSING_WORDS for one in map(str, printed)]
    unknown = np.array([one is None and not gone for one, gone in zip(found, blank, strict=True)], dtype=bool)
    meant = np.array([one or "" for one in found], dtype=object)
    return ReadMeanings(pd.Series(meant[places], index=values.index, dtype=object), unknown[places])


def text_key(text: str) -> str:
    """Return a text in the form in which codes are compared.

    Examples
    --------
    >>> text_key("1.0") == text_key("１ "), text_key("-1") == text_key("1"), text_key("1.50")
    (True, False, '1.50')
    """
    whole = text.strip()
    head, dot, tail = whole.partition(".")
    bare = head if dot and tail.strip("0") == "" and head.lstrip("+-").isdigit() else whole
    return name_key(bare)
