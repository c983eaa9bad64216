"""Dates as hospitals write them, to YYYY-MM-DD: the order of the parts is stated by the mapping, never guessed."""

from __future__ import annotations

import datetime
import re
import unicodedata
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.cohort.readers.month_names import named_date, named_month
from relapse_model.cohort.tables.columns import MISSING_WORDS

Order = Literal["ymd", "dmy", "mdy"]
Partial = Literal["refuse", "middle"]

_TIME = r"(?:[T\s]+(\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)\s*(Z|[+-]\d{2}:?\d{2})?)?"
_PART_OF_TIME = re.compile(r"(\d{4}-\d{2}-\d{2})T(?:\d{2}|-)(?::-)?(?::\d{2}|:-)?")  # ISO 8601 without its minutes
_SEPARATED = re.compile(rf"(\d{{1,4}})[-/.](\d{{1,2}})[-/.](\d{{1,4}}){_TIME}")
_CHINESE = re.compile(rf"(\d{{4}})\s*年\s*(\d{{1,2}})\s*月\s*(\d{{1,2}})\s*日?{_TIME}")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_MONTH = re.compile(r"(\d{4})[-/.年](\d{1,2})月?")
_MONTH_AND_YEAR = re.compile(r"(\d{1,2})[-/.](\d{4})")
_MIDDLE = 15  # of a month


def iso_date(text: str, order: Order = "ymd", partial: Partial = "refuse") -> str | None:
    """Return a date as YYYY-MM-DD, with the time of day where one is printed; None where it is none.

    A year of four digits may stand first in any order; where it stands last, the order says which part is the day. A
    month that is a name says so itself. A year of two digits is no date. A time zone stays with its time: the gate
    converts it to the hospital's day, or refuses it where the hospital's zone is not stated.

    Parameters
    ----------
    text : str
    order : {"ymd", "dmy", "mdy"}
        Of a date whose year stands last; with ``"ymd"`` such a date is refused.
    partial : {"refuse", "middle"}
        What becomes of a month without a day: nothing, or its 15th.

    Examples
    --------
    >>> [iso_date(text) for text in ("2024.3.2", "2024年3月2日", "２０２４/03/02 08:30", "20240302", "2024-02-30")]
    ['2024-03-02', '2024-03-02', '2024-03-02 08:30', '2024-03-02', None]
    >>> iso_date("02/03/2024"), iso_date("02/03/2024", "dmy"), iso_date("02/03/2024", "mdy")
    (None, '2024-03-02', '2024-02-03')
    >>> iso_date("2024-03-02T23:30:00Z")
    '2024-03-02 23:30:00Z'
    >>> iso_date("2024-03-02T08"), iso_date("2024-03-02T-:30")
    ('2024-03-02', '2024-03-02')
    >>> iso_date("2024-03"), iso_date("2024-03", partial="middle"), iso_date("03/2024", partial="middle")
    (None, '2024-03-15', '2024-03-15')
    >>> iso_date("08-Jan-2024"), iso_date("12. März 2024")
    ('2024-01-08', '2024-03-12')
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    if hour := _PART_OF_TIME.fullmatch(plain):
        plain = hour[1]  # the day is known
    found = _SEPARATED.fullmatch(plain) or _CHINESE.fullmatch(plain)
    if found:
        parts = _in_order((found[1], found[2], found[3]), order)
        return None if parts is None else _checked(*parts, found[4], found[5])
    if compact := _COMPACT.fullmatch(plain):
        return _checked(int(compact[1]), int(compact[2]), int(compact[3]), None)
    if named := named_date(plain):
        return _checked(*named)
    month = _month(plain) if partial == "middle" else None
    return None if month is None else _checked(*month, _MIDDLE, None)


def _month(plain: str) -> tuple[int, int] | None:
    """Return the year and the month of a date without its day."""
    if found := _MONTH.fullmatch(plain):
        return int(found[1]), int(found[2])
    if found := _MONTH_AND_YEAR.fullmatch(plain):
        return int(found[2]), int(found[1])
    return named_month(plain)


def _in_order(parts: tuple[str, str, str], order: Order) -> tuple[int, int, int] | None:
    first, second, third = parts
    if len(first) == 4 and len(third) <= 2:
        return int(first), int(second), int(third)
    if len(third) == 4 and len(first) <= 2 and order != "ymd":
        day, month = (first, second) if order == "dmy" else (second, first)
        return int(third), int(month), int(day)
    return None


def _checked(year: int, month: int, day: int, time: str | None, zone: str | None = None) -> str | None:
    try:
        date = datetime.date(year, month, day).isoformat()
        if time is None:
            return date
        clock = time if time.index(":") == 2 else f"0{time}"
        datetime.time.fromisoformat(clock[:8])
    except ValueError:
        return None
    return f"{date} {clock}{zone or ''}"


def local_text(text: str, zone: str) -> str:
    """Return a time with an offset as that of a zone; a text that is none, as it is.

    Parameters
    ----------
    text : str
        As `iso_date` returns it.
    zone : str
        Of the IANA database.

    Examples
    --------
    >>> local_text("2024-03-02 23:30:00Z", "Asia/Shanghai"), local_text("2024-03-02", "Asia/Shanghai")
    ('2024-03-03 07:30:00', '2024-03-02')
    """
    if len(text) <= len("2024-03-02"):
        return text
    try:
        moment = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
        return text if moment.tzinfo is None else moment.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError):
        return text


def local_dates(values: pd.Series, zone: str) -> pd.Series:
    """Return a column of times, as `iso_dates` returns it, in the time of a zone; each different text is read once.

    Parameters
    ----------
    values : Series
    zone : str
    """
    codes, printed = pd.factorize(values.astype(object))
    local = np.array([*(local_text(str(one), zone) for one in printed), ""], dtype=object)
    return pd.Series(local[codes], index=values.index, dtype=object)


def iso_dates(
    values: pd.Series, order: Order = "ymd", partial: Partial = "refuse"
) -> tuple[pd.Series, NDArray[np.bool_]]:
    """Return a column of dates as YYYY-MM-DD, and which cells hold something that is no date.

    Each different text is read once.

    Parameters
    ----------
    values : Series
        Texts; empty where there is none.
    order, partial
        As in `iso_date`.
    """
    codes, printed = pd.factorize(values.fillna(""))
    texts = [str(one) for one in printed]
    empty = [one.strip().casefold() in MISSING_WORDS for one in texts]
    read = ["" if gone else iso_date(one, order, partial) for one, gone in zip(texts, empty, strict=True)]
    bad = np.array([one is None for one in read], dtype=bool)
    days = np.array([one or "" for one in read], dtype=object)
    return pd.Series(days[codes], index=values.index, dtype=object), bad[codes]
