"""Signs, and words for "below the limit", in a column beside a number; and whose number it may be, by its name."""

from __future__ import annotations

import re
from collections.abc import Iterable

from relapse_model.cohort.readers.label_words import plain_words
from relapse_model.cohort.readers.second_statements import plain_sign
from relapse_model.study.names import NameTable

_LIMIT = r"(?:b?l?lo[dq]|limits?\b|detection|quantif\w+)"
_BELOW = re.compile(
    rf"(?:<|≤|(?<![a-z])(?:below|under|(?:less|lower) than))\s*(?:(?:the|assay|lower|test|of)\s+)*{_LIMIT}"
    r"|(?<![a-z])(?:b[ql]oq|blloq|blq|bql|bdl|bld|b?lod|nq)(?![a-z])"
    r"|(?<![a-z])(?:un|(?:not|non|nicht)[ -]?)quanti\w+|(?<![a-z])unter \w* ?(?:nachweis|bestimmungs)grenze"
    r"|(?<![a-z])unter(?:halb)? (?:der |des )?(?:\w*(?:nachweis|bestimmungs|mess|detektions)\w*|nwg)(?![a-z])"
    r"|(?:<|(?<![a-z])(?:sous|inférieure?s?|en[- ]dessous))\s*(?:(?:au?|à|la|le|du|de)\s+)*(?:seuil|limite|ldd"
    r"|ldq)(?![a-z])"
    r"|(?:<|(?<![a-z])(?:por debajo|debajo|inferior|menor|abaixo))\s*(?:(?:al?|ao|del?|do|que|el"
    r"|lo)\s+)*(?:l[íi]mite|umbral)(?![a-z])"
    r"|(?:<|(?<![a-z])(?:sotto|inferiore))\s*(?:(?:al?|alla|il|la|lo|del|della)\s+)*(?:limite|soglia)(?![a-z])"
    r"|(?:検出|定量)(?:限界|下限)(?:未満|以下)|感度以下|(?:검출|정량)\s?한계\s?(?:미만|이하)"
    r"|(?:低于|小于|<|≤)\s*[^,，;；]*(?:下限|检测限|定量限|检出限)|下限以下"
)
BELOW, LESS, MORE = "below its limit", "<", ">"
_LESS, _MORE = ("<", "<=", "≤"), (">", ">=", "≥")
NO_SIGN = frozenset(
    ("h", "hh", "l", "ll", "n", "a", "*", "+", "++", "+++", "-", "↑", "↓", "↑↑", "↓↓", "high", "low", "normal",
     "abnormal", "hoch", "niedrig", "positive", "pos", "positiv", "正常", "异常", "高", "低", "偏高", "偏低", "阳性")
)  # fmt: skip
"""Flags beside a number that are no comparators: of the reference range, or that it is there."""
_LONGEST = 60  # characters of a text that speaks of the number beside it, and not at length


def sign_or_limit(text: str) -> str:
    """Return what a text says of the number beside it as a comparator does; nothing where it says none.

    Examples
    --------
    >>> [sign_or_limit(text) for text in ("‹", "≥", "Detected, <LLOQ", "H", "<0.05")]
    ['<', '>', 'below its limit', '', '']
    """
    sign = plain_sign(text)
    if sign in _LESS or sign in _MORE:
        return LESS if sign in _LESS else MORE
    plain = plain_words(sign)
    return BELOW if len(plain) <= _LONGEST and not any(map(str.isdigit, plain)) and _BELOW.search(plain) else ""


def analytes_in(text: str, names: NameTable) -> set[str]:
    """Return the analytes that a name or a label speaks of.

    Examples
    --------
    >>> names = NameTable({"hbsag": (), "anti_hbs": ()}, ("hbsag", "anti_hbs"))
    >>> analytes_in("HBsAg: Vorzeichen", names), analytes_in("anti_hbs_op", names), analytes_in("Flag", names)
    ({'hbsag'}, {'anti_hbs'}, set())
    """
    words = [word for word in re.split(r"[\W_]+|(?:比较)?(?:符号?|标志|标识|前缀)", text) if word]
    found, at = set[str](), 0
    while at < len(words):
        ends = range(min(len(words), at + 4), at, -1)
        met = ((end, names.meaning(" ".join(words[at:end])).name) for end in ends)
        end, name = next(((end, name) for end, name in met if name), (at + 1, None))
        found, at = found | ({name} if name else set()), end
    return found


def may_be_beside(called: Iterable[str], analyte: str, unread: Iterable[str], names: NameTable) -> bool:
    """Tell whether a sign in a column may be that of a result: not where its name names another analyte, or column.

    Parameters
    ----------
    called : iterable of str
        Its name and its label.
    analyte : str
        Nothing, where a column says it by row.
    unread : iterable of str
        What other columns are called that are not read.
    names : NameTable

    Examples
    --------
    >>> names = NameTable({"hbsag": (), "hbeag": ()}, ("hbsag", "hbeag"))
    >>> [may_be_beside([one], "hbsag", ["CRP"], names) for one in ("Flag", "HBsAg flag", "HBeAg flag", "CRP flag")]
    [True, True, False, False]
    """
    texts = [one for one in called if one]
    named = set[str]().union(*(analytes_in(one, names) for one in texts))
    own = names.meaning(analyte).name
    if named and own:
        return own in named
    words = set(re.split(r"[\W_]+", texts[0].casefold())) - {""} if texts else set()
    parts = (set(re.split(r"[\W_]+", one.casefold())) - {""} for one in unread)
    return not any(part and part < words for part in parts)
