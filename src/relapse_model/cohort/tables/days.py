"""Dates and times as the hospital's own days: which day, what time of day, and which cells cannot be read."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Floats, Mask
from relapse_model.cohort.tables.column_values import read_texts
from relapse_model.cohort.tables.columns import MISSING_WORDS

Days = NDArray[np.datetime64]
_ISO = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2}(?:\.\d+)?))?(?: ?(Z|[+-]\d{2}(?::?\d{2})?))?)?"
)  # fmt: skip
_DAY, _DAY_MINUTES = np.timedelta64(1, "D"), 24 * 60
_STAND_FOR_NOTHING = frozenset({"1899-12-30", "1899-12-31", "1900-01-01", "1970-01-01", "2099-12-31"})
_NO_YEAR = np.datetime64("2900-01-01")  # years such as 2999 and 9999 stand for "no end"

EXPECTED = "a date as YYYY-MM-DD"
EXPECTED_ZONE = 'a date or the hospital\'s own time, or [time] zone = "..." in the study, such as "Asia/Shanghai"'
EXPECTED_DAY = "the day, or an empty cell where it is not known or has not come"


@dataclass(frozen=True, slots=True, eq=False)
class ReadDays:
    """A column of dates as read.

    Attributes
    ----------
    day : array of datetime64[s]
        Midnight at the start of the hospital's day; NaT where there is none.
    minute : array of float
        Minutes since then; NaN where no time of day is stated, and where it is midnight, which says nothing.
    empty, bad, zoned, nothing : array of bool
        Empty cells; those that are no date; dates with a time zone while the hospital's is not known; dates that stand
        for "not known" or "no end" in many systems. The last three have no day.
    came : Series
        What stood there.
    """

    day: Days
    minute: Floats
    empty: Mask
    bad: Mask
    zoned: Mask
    nothing: Mask
    came: pd.Series


def read_days(values: pd.Series, zone: str | None = None) -> ReadDays:
    """Read ISO dates (``YYYY-MM-DD``, a time after it allowed); any other order of the parts is refused.

    Parameters
    ----------
    values : Series
        Text from a file, or a typed column of a data frame.
    zone : str, optional
        The hospital's time zone, by whose day a timestamp with a zone of its own counts.

    Examples
    --------
    Half past eleven in the evening in London is the next morning in Shanghai.

    >>> read = read_days(pd.Series(["2024-03-02T23:30:00Z", "2024-03-02 08:00"]), "Asia/Shanghai")
    >>> read.day.astype("datetime64[D]").astype(str).tolist(), read.minute.tolist()
    (['2024-03-03', '2024-03-02'], [450.0, 480.0])
    """
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        empty = values.isna().to_numpy()
        own, none = getattr(values.dtype, "tz", None) is not None, np.zeros(len(values), dtype=bool)
        here = values.dt.tz_convert(zone if zone is not None else "UTC").dt.tz_localize(None) if own else values
        moment = here.to_numpy().astype("datetime64[ms]")
        return _read(moment, empty, none, ~empty if own and zone is None else none, values)
    text = read_texts(values)
    codes, distinct = pd.factorize(text)
    moment, empty, bad, zoned = _moments(list(distinct), zone)
    return _read(moment[codes], empty[codes], bad[codes], zoned[codes], text)


def refusals(read: ReadDays) -> tuple[tuple[Mask, str], ...]:
    """Return the rows of a column of dates that are refused, and what was expected there.

    Parameters
    ----------
    read : ReadDays
    """
    return (read.bad, EXPECTED), (read.zoned, EXPECTED_ZONE), (read.nothing, EXPECTED_DAY)


def _read(moment: Days, empty: Mask, bad: Mask, zoned: Mask, came: pd.Series) -> ReadDays:
    day = moment.astype("datetime64[D]")
    minute = (moment - day) / np.timedelta64(60_000, "ms")
    nothing = np.isin(day, np.array(sorted(_STAND_FOR_NOTHING), dtype="datetime64[D]")) | (day >= _NO_YEAR)
    day = np.where(zoned | nothing, np.datetime64("NaT"), day)
    minute = np.where(np.isnat(day) | (minute == 0), np.nan, minute)
    return ReadDays(day.astype("datetime64[s]"), minute, empty, bad, zoned, nothing & ~zoned, came)


def _moments(texts: list[str], zone: str | None) -> tuple[Days, Mask, Mask, Mask]:
    """Return the hospital's time of each text, which are empty, no date, or of a zone that nobody stated."""
    found = [_ISO.fullmatch(text) for text in texts]
    empty = np.array([text.casefold() in MISSING_WORDS for text in texts], dtype=bool)
    days = [None if one is None else one[1] for one in found]
    day = pd.to_datetime(pd.Series(days, dtype=object), format="%Y-%m-%d", errors="coerce").to_numpy()
    hour, minute, second = (
        np.array([float(one[part] or 0) if one is not None else 0.0 for one in found]) for part in (2, 3, 4)
    )
    offset = np.array([0.0 if one is None else _offset(one[5]) for one in found])
    own = np.array([one is not None and one[5] is not None for one in found], dtype=bool)
    wrong = (hour > 23) | (minute > 59) | (second >= 61) | (np.abs(offset) > _DAY_MINUTES)
    moment = day.astype("datetime64[ms]")
    moment = moment + np.round(((hour * 60 + minute) * 60 + second) * 1000).astype("timedelta64[ms]")
    moment[wrong] = np.datetime64("NaT")
    bad = np.isnat(moment) & ~empty
    if zone is not None and (own & ~bad).any():
        rows = np.flatnonzero(own & ~bad)
        greenwich = moment[rows] - (offset[rows] * 60_000).astype("timedelta64[ms]")
        there = pd.DatetimeIndex(greenwich).tz_localize("UTC").tz_convert(zone).tz_localize(None)
        moment[rows] = there.to_numpy().astype("datetime64[ms]")
    return moment, empty, bad, own & ~bad if zone is None else np.zeros(len(texts), dtype=bool)


def _offset(text: str | None) -> float:
    """Return the minutes by which a time is ahead of Greenwich."""
    if text is None or text == "Z":
        return 0.0
    digits = text[1:].replace(":", "").ljust(4, "0")
    return (int(digits[:2]) * 60 + int(digits[2:])) * (-1.0 if text[0] == "-" else 1.0)
