"""Dates whose month is a name, in English, German, French, Spanish and Italian: the order of their parts is certain."""

from __future__ import annotations

import re
from collections.abc import Mapping

_NAMES = """january jan januar jänner janvier janv enero ene gennaio gen
february feb februar février fevrier févr fevr fév febrero febbraio
march mar märz maerz mär mrz mars marzo
april apr avril avr abril abr aprile
may mai mayo maggio mag
june jun juni juin junio giugno giu
july jul juli juillet juil julio luglio lug
august aug août aout agosto ago
september sep sept septembre septiembre setiembre settembre set
october oct oktober okt octobre octubre ottobre ott
november nov novembre noviembre
december dec dezember dez décembre decembre déc diciembre dic dicembre"""
MONTHS: Mapping[str, int] = {
    word: month for month, words in enumerate(_NAMES.split("\n"), 1) for word in words.split()
}  # fmt: skip
"""The number of a month by its name, in small letters and without a point."""
_NAME = r"([^\W\d_]{3,12})\.?"
_TIME = r"(?:[T\s,]+(\d{1,2}:\d{2}(?::\d{2})?))?"
_SEPARATOR = r"[\s\-/.,]+"
_DAY_FIRST = re.compile(
    rf"(\d{{1,2}})(?:er|st|nd|rd|th|º|°)?{_SEPARATOR}(?:de\s+)?{_NAME}{_SEPARATOR}(?:del?\s+)?(\d{{4}}){_TIME}"
)
_MONTH_FIRST = re.compile(rf"{_NAME}{_SEPARATOR}(\d{{1,2}})(?:st|nd|rd|th)?[\s,]+(\d{{4}}){_TIME}")
_YEAR_FIRST = re.compile(rf"(\d{{4}}){_SEPARATOR}{_NAME}{_SEPARATOR}(\d{{1,2}}){_TIME}")
_ALONE = re.compile(rf"{_NAME}{_SEPARATOR}(?:de\s+)?(\d{{4}})")


def named_date(text: str) -> tuple[int, int, int, str | None] | None:
    """Return the year, month, day and time of a date whose month is a name; None where it is none.

    A year of two digits is no date.

    Parameters
    ----------
    text : str

    Examples
    --------
    >>> named_date("08-Jan-2024"), named_date("12. März 2024")
    ((2024, 1, 8, None), (2024, 3, 12, None))
    >>> named_date("8 avr. 2024"), named_date("January 8, 2024 08:30"), named_date("8 de enero de 2024")
    ((2024, 4, 8, None), (2024, 1, 8, '08:30'), (2024, 1, 8, None))
    >>> named_date("08-Jan-24") is None, named_date("8 xyz 2024") is None
    (True, True)
    """
    plain = text.strip().casefold()
    for pattern, (year, month, day) in ((_DAY_FIRST, (3, 2, 1)), (_MONTH_FIRST, (3, 1, 2)), (_YEAR_FIRST, (1, 2, 3))):
        if (found := pattern.fullmatch(plain)) and found[month] in MONTHS:
            return int(found[year]), MONTHS[found[month]], int(found[day]), found[4]
    return None


def named_month(text: str) -> tuple[int, int] | None:
    """Return the year and month of a text such as ``March 2021``; None where it is none.

    Examples
    --------
    >>> named_month("Mar 2021"), named_month("2021")
    ((2021, 3), None)
    """
    found = _ALONE.fullmatch(text.strip().casefold())
    return (int(found[2]), MONTHS[found[1]]) if found and found[1] in MONTHS else None
