"""What columns beside a value are: its comparators, and its unit; by what stands in them and how they are called."""

from __future__ import annotations

import re
import unicodedata

import pandas as pd

from relapse_model.cohort.readers.contradicting_units import units_contradict
from relapse_model.cohort.readers.units_in_names import unit_stands
from relapse_model.study.unit_factors import unit_factor
from relapse_model.study.unit_spelling import unit_key

COMPARATORS = ("<", "<=", ">", ">=", "=", "≤", "≥")
UNIT_WORD = re.compile(r"(?<![a-z])(?:units?|uom|einheit(?:en)?|unit[eé]s?|unidad(?:es)?)(?![a-z])|单位")


def holds_comparators(texts: pd.Series) -> bool:
    """Tell whether a column holds comparators and nothing else; one of equal signs alone says nothing.

    Examples
    --------
    >>> [holds_comparators(pd.Series(one)) for one in (["<", "", "＜"], ["=", "="], ["<", "0.05"], [""])]
    [True, False, False, False]
    """
    found = {plain_sign(str(text)) for text in texts.unique()} - {""}
    return found <= set(COMPARATORS) and bool(found - {"="})


def plain_sign(text: str) -> str:
    """Return a comparator in half width, without spaces."""
    return unicodedata.normalize("NFKC", text).strip()


def same_unit(stated: str, printed: str) -> bool:
    """Tell whether a unit that is printed is the one that is stated for all, however it is spelled.

    Examples
    --------
    >>> same_unit("IU/mL", "IU/ml"), same_unit("IU/mL", "mIU/mL"), same_unit("IU/mL", "S/CO")
    (True, False, False)
    """
    if unit_key(stated) == unit_key(printed) or unit_stands(printed, stated):
        return True
    return unit_factor(printed, printed) is not None and not units_contradict(stated, printed)
