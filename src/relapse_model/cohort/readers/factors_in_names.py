"""Factors in names and labels of columns: thousands, millions and powers of ten by which the numbers are multiplied."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping

from relapse_model.study.unit_factors import unit_factor

_UNIT = r"[km]?(?:iu|ui|ie)(?![a-z])|u/|cop|kopien|拷贝"
_FACTOR = re.compile(
    r"(?:(?<!ma)(?<!inde)[x×*]\s?)?10\s?[\^e]?\s?\d{1,2}\s*(?=[km]?iu|[km]?(?:ui|ie)\s?/|u/|cop|拷贝)"
    r"|(?<!ma)(?<!inde)[x×*]\s?10(?:0+|\s?\^?\d{1,2})(?![\d.])(?!\s*/)"
    r"|(?<![\da-z])1,?0{3,}\s*(?=[km]?iu|[km]?(?:ui|ie)\s?/|cop|拷贝)"
    r"|[千万亿](?=\s*(?:iu|u(?![a-z])|拷贝|cop|单位))"
)  # not of counts: 10^9/L is a unit
_DIVIDED = re.compile(
    r"(?<=[/ ])(?:ml|l)\s*[)\]]*\s*[(\[]*\s*[/÷]\s*(1[,.]?0{3,}|10\s?[\^e]\s?\d)(?![\d.])\s*(?!\s*[mudµμ]?l)"
)
_WORDS: Mapping[str, str] = {
    "103": r"tsd|tausend|thousands?|thou|milliers?|mille|miles|migliaia|mila",
    "106": r"mio|mill|millionen|millions?|millones|milioni|milhões",
    "109": r"mrd|milliarden?|milliards?|billions?|miliardi",
}
_OF = r"\.?[\s-]*(?:(?:of|de|di|an)\s+|d')?"
_SAID = re.compile(
    "|".join(
        rf"(?<![a-zà-ÿ])(?P<p{power}>{words})(?:{_OF}(?={_UNIT})|(?<=ml )(?![a-z]))|(?<![a-zà-ÿ])(?P<q{power}>(?:in"
        rf"|en) (?:{words}))(?![a-zà-ÿ])"
        for power, words in _WORDS.items()
    )
)  # before a unit, or "in thousands"
_CHINESE = {"千": 3, "万": 4, "亿": 8}
_LIMIT = re.compile(
    r"(?:[<>≤≥=~-]|(?<![a-z])(?:to|than|above|over|below|under|max|maximum|limit|least|most|from|at|of|if)"
    r"|[高低大小超等]于|[上下]限)"
    r"\W*$"
)  # what stands before a number that is a limit, and no factor


def factor_in_name(name: str) -> str:
    """Return by how much a name says that its numbers are to be multiplied; nothing where it does not.

    Words are given as powers of ten: ``103`` is 10^3.

    Examples
    --------
    >>> [factor_in_name(one) for one in ("HBV DNA (×10³ IU/mL)", "HBV DNA (万IU/mL)", "PLT (10^9/L)", "log10 IU/mL")]
    ['103', '万', '', '']
    >>> [factor_in_name(one) for one in ("HBsAg in Tsd. IE/ml", "HBV DNA million IU/mL", "HBV DNA IU/mL [/1000]")]
    ['103', '106', '1000']
    """
    plain = unicodedata.normalize("NFKC", name).casefold().replace("_", " ").replace("’", "'")
    found = _FACTOR.search(plain)
    if found is not None:
        return "" if _LIMIT.search(plain[: found.start()]) else re.sub(r"[x×*^e,\s]", "", found[0])
    if (divided := _DIVIDED.search(plain)) is not None:
        return re.sub(r"[,.^e\s]", "", divided[1])
    said = _SAID.search(plain)
    return "" if said is None else next(str(key)[1:] for key, word in said.groupdict().items() if word)


def shown_factor(factor: str) -> str:
    """Return a factor as a reader knows it.

    Examples
    --------
    >>> shown_factor("103"), shown_factor("1000"), shown_factor("万")
    ('10^3', '1000', '万')
    """
    return factor.replace("10", "10^", 1) if re.fullmatch(r"10[1-9]\d?", factor) else factor


def is_times(unit: str, named: str, factor: str) -> bool:
    """Tell whether a unit is as many times another one as a factor says: kIU/mL of IU/mL, where this is in thousands.

    Examples
    --------
    >>> is_times("kIU/mL", "IE/ml", "103"), is_times("kIU/mL", "IU/mL", "1000"), is_times("IU/mL", "IU/mL", "103")
    (True, True, False)
    """
    ratio = unit_factor(_international(unit), _international(named))
    power = _CHINESE.get(factor)
    if power is None and re.fullmatch(r"10[1-9]\d?", factor):
        power = int(factor[2:])
    if power is None and re.fullmatch(r"10+", factor):
        power = len(factor) - 1
    return ratio is not None and power is not None and math.isclose(ratio, 10.0**power, rel_tol=1e-9)


def _international(unit: str) -> str:
    """Return a unit with UI and IE as IU."""
    return re.sub(r"^([kmKM]?)(?:ui|ie)(?=/)", r"\1IU", unit.strip(), flags=re.IGNORECASE)
