"""Measures that names of results state and that are no amounts (OD, Ct), and units without their volume (KU, ukat)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from relapse_model.cohort.readers.label_words import plain_words
from relapse_model.study.unit_factors import unit_factor
from relapse_model.study.unit_spelling import is_log10, unit_key, without_log10

_RATIOS = ("s/co", "coi")
_MEASURES: Mapping[str, re.Pattern[str]] = {
    "OD": re.compile(r"(?<![a-z])(?:od(?:\s?\d{3})?|optical density|absorbance)(?![a-z\d])|光密度|吸光度"),
    "RLU": re.compile(r"(?<![a-z])(?:rlu|relative light units?)(?![a-z])|发光值"),
    "S/N": re.compile(r"(?<![a-z])(?:s/n|signal[- ]to[- ]noise)(?![a-z])"),
    "P/N": re.compile(r"(?<![a-z])p/n(?![a-z])"),
    "COI": re.compile(r"(?<![a-z])(?:cut[- ]?off index|signal[- ]to[- ]cut[- ]?off|s\.?/c\.?o\.?|coi)(?![a-z])"),
    "Karmen units": re.compile(r"(?<![a-z])karmen(?![a-z])|卡门"),
    "King units": re.compile(r"(?<![a-z])king(?:[- ]armstrong)?(?: units?)(?![a-z])|金氏(?:单位)?"),
    "Ct": re.compile(r"(?<![a-z])(?:c[tq](?:[- ]?values?)?|cycle threshold|threshold cycle)(?![a-z])"),
}
_NUCLEIC = re.compile(
    r"(?<![a-z])(?:[dr]na|pcr|naa?t|adn|vhb|viral|virus\w*)(?![a-z])|核酸|病毒|cycle|c[tq][- ]?value|c[tq]值"
)
_BRACKETS = re.compile(r"\(([^()]*)\)")
_HALF = r"[mk]?(?:iu|ui|ie)|ku|[munµμ]?kat|[mun]?mol|[unpµμ]g|copies|kopien|copias|拷贝数?"
_LAST, _BRACKETED = re.compile(_HALF, re.IGNORECASE), re.compile(rf"(?i:{_HALF})|mg")  # Mg is magnesium
_VOLUMES = ("L", "dL", "mL")
_LONGEST = 8  # words: a longer text is a note, which may speak of much


def other_measure(name: str, unit: str) -> str:
    """Return what a name says that its numbers are, where that is not the unit in which they are read; else nothing.

    Found are measures that are no amounts, and units without their volume, in brackets or as the last word: "KU" is
    "U/L" in no volume.

    Parameters
    ----------
    name : str
        Or label, in which no whole unit was found.
    unit : str

    Examples
    --------
    >>> [other_measure(one, "IU/mL") for one in ("HBsAg OD", "HBV DNA Ct", "HBsAg (IU)", "HBV DNA copies", "HBsAg")]
    ['OD', 'Ct', '', 'copies', '']
    >>> [other_measure(one, "U/L") for one in ("ALT (KU)", "ALT ukat", "ALT (IU)")], other_measure("HBsAg (COI)", "COI")
    (['KU', 'ukat', ''], '')
    """
    plain = plain_words(name)
    if not unit or len(plain.split()) > _LONGEST:
        return ""
    key = unit_key(unit)
    for measure, word in _MEASURES.items():
        own = _RATIOS if measure == "COI" else (measure.casefold(),)
        if word.search(plain) and key not in own and not (measure == "Ct" and not _NUCLEIC.search(plain)):
            return measure
    return next((half for half in _halves(name) if not _stands(half, key)), "")


def _halves(name: str) -> list[str]:
    """Return the units without a volume that stand in brackets in a name, or as its last word behind another."""
    plain = unicodedata.normalize("NFKC", name).translate(str.maketrans("[]{}_", "()() "))
    bracketed = [one.strip() for one in _BRACKETS.findall(plain)]
    words = _BRACKETS.sub(" ", plain).split()
    last = words[-1:] if len(words) > 1 else []
    return [one for one in bracketed if _BRACKETED.fullmatch(one)] + [one for one in last if _LAST.fullmatch(one)]


def _stands(half: str, key: str) -> bool:
    """Tell whether half a unit is, with some volume, the one that is read; U is printed for IU, and IU for U."""
    plain = without_log10(key) if is_log10(key) else key
    read = (plain, re.sub(r"(?<![a-z])([mk]?)u/", r"\1iu/", plain))
    wholes = [f"{re.sub('数$', '', half)}/{volume}" for volume in _VOLUMES]
    factors = [unit_factor(unit_key(whole), one) for whole in wholes for one in read]
    return any(factor is not None and abs(factor - 1.0) < 1e-9 for factor in factors)
