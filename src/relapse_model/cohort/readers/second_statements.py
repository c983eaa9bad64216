"""What columns beside a value are: its comparators, and its unit; by what stands in them and how they are called."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

import pandas as pd

from relapse_model.cohort.readers.contradicting_units import units_contradict
from relapse_model.cohort.readers.label_words import plain_words
from relapse_model.cohort.readers.units_in_names import unit_stands
from relapse_model.study.unit_factors import unit_factor
from relapse_model.study.unit_spelling import unit_key

COMPARATORS = ("<", "<=", ">", ">=", "=", "≤", "≥")
_SIGNS_IN_WORDS = frozenset(
    ("less than", "lower than", "below", "lt", "le", "greater than", "higher than", "above", "gt", "ge", "低于",
     "小于", "高于", "大于", "小于等于", "大于等于", "不大于", "不小于", "不超过")
)  # fmt: skip
_YES = frozenset(
    ("1", "y", "yes", "true", "是", "x", "√", "j", "ja", "wahr", "o", "oui", "vrai", "s", "si",
     "sí", "sì", "sim", "vero",
     "verdadero", "はい", "有", "예")
)  # fmt: skip
_NO = frozenset(
    (
        "0",
        "n",
        "no",
        "false",
        "否",
        "",
        "nein",
        "falsch",
        "non",
        "faux",
        "não",
        "falso",
        "いいえ",
        "无",
        "無",
        "아니오",
        "-",
    )
)
_BELOW = re.compile(
    r"(?:below\b.*|<\s?)l?lo[dq]"
    r"|below\b.*(?:limit|detection|quantif)|(?<![a-z])(?:b?lod|b?loq|blq|bld|bdl)(?![a-z])|undetect|not detected"
    r"|<\s?(?:lower )?limit|低于.*限|下限以下|未检出"
    r"|(?:unter\w*|<)\s?(?:der |des )?(?:\w*(?:nachweis|bestimmungs|mess|detektions)\w*|nwg|bg)(?![a-z])"
    r"|nicht nachweisbar"
    r"|(?:sous|inférieure?s?|en[- ]dessous)\b.*(?:seuil|limite)|<\s?(?:ldd?|ldq|lq|seuil|limite|límite|umbral"
    r"|soglia)(?![a-z])"
    r"|ind[ée]tectable|indetectable|non détect|no detect|nd? detectad"
    r"|(?:debajo|inferior|menor)\b.*(?:l[íi]mite|umbral)|(?:abaixo|inferior)\b.*limite"
    r"|(?:sotto|inferiore)\b.*(?:limite|soglia)|non rileva"
    r"|(?:検出|定量)(?:限界|下限)(?:未満|以下)|感度以下|(?:검출|정량)\s?한계\s?(?:미만|이하)"
)
UNIT_WORD = re.compile(r"(?<![a-z])(?:units?|uom|einheit(?:en)?|unit[eé]s?|unidad(?:es)?)(?![a-z])|单位")


_REFERENCE = re.compile(
    r"(?<![a-z])(?:ref(?:erence)?|normal|range|referenz\w*|référence|referencia)(?![a-z])|参考|正常|范围|参比"
)


def is_unit_of_other(text: str) -> bool:
    """Tell whether a column is called the unit of a reference range, not that of the result.

    Examples
    --------
    >>> [is_unit_of_other(text) for text in ("ref_unit", "参考单位", "Normal range unit", "result unit", "单位")]
    [True, True, True, False, False]
    """
    return _REFERENCE.search(plain_words(text)) is not None


def holds_comparators(texts: pd.Series) -> bool:
    """Tell whether a column holds comparators and nothing else; one of equal signs alone says nothing.

    Examples
    --------
    >>> [holds_comparators(pd.Series(one)) for one in (["<", "", "＜"], ["=", "="], ["<", "0.05"], [""], ["低于"])]
    [True, False, False, False, True]
    """
    found = {plain_sign(str(text)).casefold() for text in texts.unique()} - {""}
    return found <= {*COMPARATORS, *_SIGNS_IN_WORDS} and bool(found - {"="})


def flags_below(called: Iterable[str], texts: pd.Series) -> bool:
    """Tell whether a column says of results, by yes or no, that they are below their limit; and of some that they are.

    Parameters
    ----------
    called : iterable of str
        Its name and its label.
    texts : Series

    Examples
    --------
    >>> flags_below(["hbsag_lod", "Below limit?"], pd.Series(["1", "0"])), flags_below(["lod"], pd.Series(["0.05"]))
    (True, False)
    """
    found = {re.sub(r"\.0$", "", plain_sign(str(text)).casefold()) for text in texts.unique()}
    named = any(_BELOW.search(plain_sign(one).casefold().replace("_", " ")) for one in called)
    return named and bool(found & _YES) and found <= _YES | _NO


_LIKE_SIGNS = str.maketrans("‹›〈〉≦≧⩽⩾", "<><>≤≥≤≥")  # as some exports print them


def plain_sign(text: str) -> str:
    """Return a comparator in half width, without spaces.

    Examples
    --------
    >>> plain_sign(" ＜"), plain_sign("‹"), plain_sign("≦")
    ('<', '<', '≤')
    """
    return unicodedata.normalize("NFKC", text.translate(_LIKE_SIGNS)).strip()


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
