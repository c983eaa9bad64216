"""Spelling of units. Only the spelling: what converts into what is said by the study, never guessed here."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_LOG = re.compile(r"^\{?(?:log|lg)[_\s]*(?:\(10\)|10(?![\^*e]))?[_\s]*(?=[^\s0-9]|10[\^*e])")  # not "log10" alone
_INTERNATIONAL = re.compile(r"^([mk]?)(?:ui|ie)(?=/|$)")  # French, Spanish, Italian; German


@lru_cache(maxsize=4096)
def unit_key(unit: str) -> str:
    """Return a key under which spellings of one unit meet; it changes no unit into another.

    UCUM brackets, case, spaces, the micro sign, the ways to write a power of ten, and international units in French,
    Spanish, Italian (UI) and German (IE) are normalised.

    Parameters
    ----------
    unit : str
        As the laboratory wrote it.

    Examples
    --------
    >>> unit_key("m[IU]/mL") == unit_key("mIU/ml"), unit_key("x10^9/L") == unit_key("10*9/L")
    (True, True)
    >>> unit_key("UI/ml"), unit_key("mIE/mL")
    ('iu/ml', 'miu/ml')
    >>> unit_key("{Log_IU}/mL"), unit_key("IU/L") == unit_key("IU/mL")
    ('log10 iu/ml', False)
    """
    text = unicodedata.normalize("NFKC", unit).replace("\u03bc", "u").replace("\u00b5", "u").strip().casefold()
    logarithm = _LOG.match(text)
    text = text[logarithm.end() :] if logarithm else text
    text = re.sub(r"[\[\]{}()\s]" if logarithm else r"[\[\]{}\s]", "", text)
    text = _INTERNATIONAL.sub(r"\1iu", text)
    text = re.sub(r"^[x\u00d7*]?10(?:\^|\*\*?|e)?(?=\d+/)", "10^", text)
    return f"log10 {text}" if logarithm else text


def is_log10(key: str) -> bool:
    """Tell whether a unit key is on the log10 scale."""
    return key.startswith("log10 ")


def without_log10(key: str) -> str:
    """Return the key of the unit that the logarithm was taken of."""
    return key.removeprefix("log10 ")
