"""Units that a column of numbers of the patients table can have, and what a number in one of them is in its own."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from relapse_model.cohort.readers.units_in_names import time_named
from relapse_model.study.unit_spelling import is_log10, unit_key

_DAYS: Mapping[str, float] = {"days": 1, "weeks": 7, "months": 365.25 / 12, "years": 365.25}
_SHORT: Mapping[str, str] = {
    word: unit
    for unit, words in {
        "years": "y|yo|y.o.|yrs.|j|j.|jahr(e)|lebensjahre|a|an|año|anno|周岁|歳",
        "months": "m|mo.|mths|mth|mes|mese|ヶ月|か月",
        "weeks": "w|wk.|wks.|wo|wochen|semaine|semana|settimana|sem|星期|週",
        "days": "d|tag|jour|día|dia|giorno",
    }.items()
    for word in words.split("|")
}
_OTHERS: Mapping[str, tuple[str, ...]] = {"bmi_kg_m2": ("kg/m2", "kg/m^2", "kg/m*2", "kg*m-2", "kgm-2", "kg/sqm")}
_NUMBER = re.compile(r"\s*[+-]?(?:[0-9]+(?:[.,][0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_LIMITED = re.compile(r"\s*([<>≤≥]?=?)\s*([+-]?(?:\d+\.?\d*|\.\d+))\s*")
_LOG = re.compile(r"^\s*\{?(?:log|lg)[_\s]*(?:\(10\)|10)?[_\s]*", re.IGNORECASE)
_MOST = 20  # of a logarithm
_TIMED = ("years", "weeks")
COMMA = re.compile(r"\s*[<>≤≥=]*\s*[+-]?\d+,\d+\s*(?:[^\d\s].*)?")
"""A number with a comma, where a column holds plain numbers."""


def unit_of(column: str) -> str:
    """Return the unit in which a column of plain numbers is read; nothing of one that has none.

    Examples
    --------
    >>> [unit_of(one) for one in ("age_years", "pegifn_weeks", "bmi_kg_m2", "centre")]
    ['years', 'weeks', 'kg/m2', '']
    """
    if column in _OTHERS:
        return _OTHERS[column][0]
    return next((unit for unit in _TIMED if column.endswith(f"_{unit}")), "")


def units_taken(column: str) -> str:
    """Return the units that a mapping may state of a column, for a message."""
    own = unit_of(column)
    return ", ".join(dict.fromkeys((own, *_DAYS))) if own in _DAYS else own


def known_unit(column: str, unit: str) -> str:
    """Return the unit that a text is, where a column can have it: in one spelling; nothing where it cannot.

    Parameters
    ----------
    column : str
        Of the patients table.
    unit : str
        As printed.

    Examples
    --------
    >>> [known_unit("age_years", unit) for unit in ("岁", "Jahre", "months", ",5", "kg/m2")]
    ['years', 'years', 'months', '', '']
    >>> known_unit("bmi_kg_m2", "kg/m²"), known_unit("bmi_kg_m2", ",9 kg/m²")
    ('kg/m2', '')
    """
    own, plain = unit_of(column), unicodedata.normalize("NFKC", unit).strip().casefold()
    if not own or not plain:
        return ""
    if own not in _DAYS:
        spelled = {unit_key(one) for one in _OTHERS[column]}
        return own if unit_key(plain).replace("·", "*") in spelled else ""
    return time_named(plain) or _SHORT.get(plain, "")


def tail_of(text: str) -> str:
    """Return what stands behind the number in a text; nothing where there is no number, or it stands alone.

    Examples
    --------
    >>> tail_of("34岁"), tail_of("22,4 kg/m2"), tail_of("40"), tail_of("48+24"), tail_of("unknown")
    ('岁', 'kg/m2', '', '+24', '')
    """
    plain = unicodedata.normalize("NFKC", text)
    found = _NUMBER.match(plain)
    return "" if found is None else plain[found.end() :].strip()


def in_own_unit(text: str, column: str, unit: str) -> str:
    """Return a number of a column in the column's own unit; a text that is another stays as it is, to be refused.

    Parameters
    ----------
    text : str
    column : str
        Of the patients table.
    unit : str
        That the mapping states: of a number alone, and of one that has it behind it.

    Examples
    --------
    >>> in_own_unit("34岁", "age_years", "岁"), in_own_unit("480 mo", "age_years", "months")
    ('34', '40')
    >>> [in_own_unit(text, "age_years", "years") for text in ("40 months", "40,5", "4O")]
    ['40 months', '40,5', '4O']
    """
    known, found = known_unit(column, unit), _NUMBER.match(unicodedata.normalize("NFKC", text))
    if not known or found is None or "," in found[0]:
        return text
    rest = tail_of(text)
    if rest and known_unit(column, rest) != known:
        return text
    factor = unit_factor_of(column, known)
    return found[0].strip() if factor == 1 else f"{float(found[0]) * factor:.10g}"


def linear(text: str, column: str, unit: str) -> str:
    """Return a logarithm of an amount as the amount, in a column that holds amounts; another text as it is.

    Parameters
    ----------
    text : str
        A number without a unit, with its comparator if it has one.
    column : str
        Of the patients table.
    unit : str
        Of the number, by the mapping.

    Examples
    --------
    >>> [linear(text, "hbsag_before_treatment_iu_ml", "log10 IU/mL") for text in ("3", "<-1", "2 log", "")]
    ['1000 IU/mL', '<0.1 IU/mL', '2 log', '']
    >>> linear("3", "hbsag_before_treatment_iu_ml", "IU/mL")
    '3'
    """
    found = _LIMITED.fullmatch(unicodedata.normalize("NFKC", text))
    if found is None or not column.endswith("_iu_ml") or not is_log10(unit_key(unit)) or abs(float(found[2])) > _MOST:
        return text
    return f"{found[1]}{10 ** float(found[2]):.10g} {_LOG.sub('', unit)}"


def unit_factor_of(column: str, unit: str) -> float:
    """Return by what a number in a unit becomes one in the unit of the column, months and years by the calendar.

    Examples
    --------
    >>> unit_factor_of("pegifn_weeks", "days") * 7, round(unit_factor_of("pegifn_weeks", "months"), 3)
    (1.0, 4.348)
    """
    own = unit_of(column)
    return _DAYS[unit] / _DAYS[own] if own in _DAYS else 1.0
