"""Remarks that name an analyte and its result in words, beside a number of it: "HBsAg negativ" beside 0.8."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.cohort.readers.beside_rows import is_note
from relapse_model.cohort.readers.distinct_pairs import distinct_pairs
from relapse_model.cohort.readers.words_beside import says_no_more_than_result, word_said
from relapse_model.study.names import NameTable

_CLAUSES = re.compile(r"[,;.!()，；。：（）]\s*|\s+(?:and|und|et|y|e)\s+")
_BETWEEN = re.compile(r"[\s:=]+")
_MOST = 5  # words of a clause that names a result and says no more
ADVICE = "If the number is right, correct the text or take it out of a copy; else correct the number"


def may_name_results(called: Iterable[str]) -> bool:
    """Tell whether a column is one of remarks, or of results whose texts say themselves of which analyte they are.

    Examples
    --------
    >>> [may_name_results([one]) for one in ("Bemerkung", "Befund", "History", "Serology at diagnosis")]
    [True, True, False, False]
    """
    texts = [one for one in called if one]
    return is_note(texts) or (bool(texts) and all(map(says_no_more_than_result, texts)))


def named_result(text: str, analyte: str, names: NameTable) -> str:
    """Return what a text says of an analyte that it names: negative, positive, detected or not; else nothing.

    A clause with more words says nothing: it may speak of another day.

    Parameters
    ----------
    text : str
    analyte : str
    names : NameTable

    Examples
    --------
    >>> names = NameTable({"hbsag": ("HBs antigen",), "anti_hbs": ()}, ("hbsag", "anti_hbs"))
    >>> [named_result(one, "hbsag", names) for one in ("HBsAg negativ", "fasting; HBs antigen: not detected")]
    ['negative', 'not detected']
    >>> [named_result(one, "hbsag", names) for one in ("HBsAg negative in 2019", "anti_hbs negativ", "negativ")]
    ['', '', '']
    """
    own = names.meaning(analyte).name
    for clause in _CLAUSES.split(text):
        words = [one for one in _BETWEEN.split(clause.strip()) if one]
        for cut in range(1, len(words)) if own is not None and len(words) <= _MOST else ():
            if names.meaning(" ".join(words[:cut])).name == own and (said := word_said(" ".join(words[cut:]))):
                return said
    return ""


def named_results(texts: pd.Series, analytes: pd.Series, names: NameTable) -> NDArray[np.object_]:
    """Return the same for each row; each different pair of a text and an analyte is read once.

    Parameters
    ----------
    texts, analytes : Series
    names : NameTable
    """
    codes, pairs = distinct_pairs(texts.astype(str), analytes.astype(str))
    found = [named_result(text, analyte, names) for text, analyte in pairs]
    said: NDArray[np.object_] = np.array([*found, ""], dtype=object)[codes]
    return said
