"""The centre of each patient, where the study lets the mean risk differ between centres."""

from __future__ import annotations

import re
import unicodedata

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.outcome_column import UNKNOWN_WORDS
from relapse_model.errors import CohortError, Problem
from relapse_model.study.names import UNSEEN
from relapse_model.study.study import Study

_NOT_KNOWN = UNKNOWN_WORDS | {"-", "--", "—", "?", ".", "missing", "not stated", "缺失", "不明"}
_NO_FRACTION = re.compile(r"(\d+)\.0+")  # of a number that a table of numbers wrote


def centre_labels(cohort: Cohort, study: Study, *, required: bool = False) -> NDArray[np.object_] | None:
    """Return the label of each patient's centre, None where it is not known; None as a whole if the study names none.

    Labels that differ only in case, Unicode form, spaces or unseen characters are one centre, as are 1 and 1.0. A word
    that says that it is not known (``unknown``, ``-``) is no centre.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    required : bool
        Whether the cohort must have the column, as in training; elsewhere every centre is then unknown.

    Raises
    ------
    CohortError
        If the column is required and missing.
    """
    column = study.prediction.centre
    if column is None:
        return None
    if column not in cohort.patients:
        if required:
            expected = f"a column {column!r}, since [prediction] centre names it"
            raise CohortError(
                "the cohort does not fit the study",
                [Problem("patients", None, column, "the column is missing", expected)],
            )
        return np.full(len(cohort), None, dtype=object)
    codes, different = pd.factorize(cohort.patients[column])  # a missing cell has code -1, the last label
    labels = np.array([*(_label(one) for one in different), None], dtype=object)
    return np.asarray(labels[codes])


def one_name_each(values: pd.Series) -> pd.Series:
    """Return a column in which all spellings of one centre are the first of them; missing where it is not known.

    Parameters
    ----------
    values : Series

    Examples
    --------
    >>> one_name_each(pd.Series(["North", "south", "north ", "unknown"])).tolist()
    ['North', 'south', 'North', None]
    """
    codes, different = pd.factorize(values)
    first: dict[str, object] = {}
    names = [None if (label := _label(one)) is None else first.setdefault(label, one) for one in different]
    shown = np.empty(len(names) + 1, dtype=object)
    shown[:] = [*names, None]
    return pd.Series(shown[codes], index=values.index, dtype=object)


def _label(value: object) -> str | None:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    plain = unicodedata.normalize("NFKC", str(value)).casefold().translate(UNSEEN)
    label = " ".join(plain.split())
    whole = _NO_FRACTION.fullmatch(label)
    return None if label in _NOT_KNOWN else whole[1] if whole else label
