"""Words beside a number: a concept or a text that contradicts it, or of which the mapping knows no meaning."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Mask
from relapse_model.cohort.laboratory.lab_texts import read_lab_texts
from relapse_model.cohort.laboratory.unit_conversion import conversion
from relapse_model.study.analyte import Analyte

_BELOW, _ABOVE = ("<", "<="), (">", ">=")


@dataclass(frozen=True, slots=True, eq=False)
class Numbers:
    """The numbers of some rows, with their comparators and units.

    Attributes
    ----------
    value : array of float
    comparator, unit : array of str
    there : array of bool
        Rows that have a number.
    """

    value: NDArray[np.float64]
    comparator: NDArray[np.object_]
    unit: NDArray[np.object_]
    there: Mask


def contradicts(numbers: Numbers, words: NDArray[np.object_], rule: Analyte | None) -> Mask:
    """Tell where words cannot be true of the number beside them.

    "Negative" contradicts a number above the study's limit, and one with ``>``; "positive" contradicts 0, and one with
    ``<``; a number in the words contradicts another number. Where the limit is not known, or the unit converts into no
    other (a ratio to a cut-off), "negative" contradicts no plain number.

    Parameters
    ----------
    numbers : Numbers
    words : array of str
        In a laboratory's language; empty where there are none.
    rule : Analyte or None
        Of the study.

    Examples
    --------
    >>> signs = np.array(["", "<", ">"], dtype=object)
    >>> numbers = Numbers(np.array([0.0, 10.0, 10.0]), signs, np.full(3, "IU/mL", dtype=object), np.full(3, True))
    >>> contradicts(numbers, np.full(3, "negative", dtype=object), None).tolist()
    [False, False, True]
    >>> contradicts(numbers, np.full(3, "positive", dtype=object), None).tolist()
    [True, True, False]
    """
    read = read_lab_texts(pd.Series(words, dtype=object))
    kind, sign = read["kind"].to_numpy(dtype=object), numbers.comparator
    below, above = np.isin(sign.astype(str), _BELOW), np.isin(sign.astype(str), _ABOVE)
    plain = ~below & ~above
    negative = above | (plain & (numbers.value > _limits(numbers.unit, rule)))
    positive = below | (plain & (numbers.value == 0))
    other = (read["comparator"].to_numpy(dtype=object) != sign) | (
        read["number"].to_numpy(dtype=float) != numbers.value
    )
    found = ((kind == "negative") & negative) | ((kind == "positive") & positive) | ((kind == "number") & other)
    said = words.astype(str) != ""
    result: Mask = numbers.there & said & found
    return result


def _limits(unit: NDArray[np.object_], rule: Analyte | None) -> NDArray[np.float64]:
    """Return the study's lower limit in the unit of each row; infinite where it is not known."""
    codes, units = pd.factorize(unit)
    limits = [np.inf] * (len(units) + 1)
    for place, one in enumerate(units):
        known = None if rule is None or rule.lower_limit is None else conversion(rule, str(one))
        if rule is not None and rule.lower_limit is not None and known is not None and known[1] == "as_is":
            limits[place] = rule.lower_limit / known[0]
    return np.array(limits)[codes]
