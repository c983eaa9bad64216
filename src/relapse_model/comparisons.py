"""Comparisons that do not hang on the last bit of a number: weeks to the day, laboratory limits to seven digits.

A week made of days (days / 7) is no exact number, and neither is the sum or difference of two of them: 84 days are 12
weeks whatever floating point says. So weeks that are days are compared as whole days, and others to a millionth of one.
Limits are compared to seven digits, which is what a number of 32 bits holds.
"""

from __future__ import annotations

from calendar import monthrange
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from relapse_model.arrays import Floats, Mask

DAYS_PER_WEEK = 7.0
DAYS_PER_MONTH = 365.25 / 12  # 30.4375: the mean of the calendar's months, leap years among them

# A week counts as a whole day within 72 minutes of it: those printed with two decimals lie within 51 of theirs.
_NEAR_A_DAY = 0.05
_OF_DATES = 0.0015  # of a day
_SAME_MOMENT = 1e-6  # of a day, for weeks that are no whole days
_SAME_LIMIT = 1e-7  # of the limit: numbers of 32 bits are 6e-8 of it off at most


def at_or_before(week: ArrayLike, limit: ArrayLike) -> Any:
    """Tell which weeks lie at or before a week, to the day.

    Parameters
    ----------
    week, limit : float or array of float
        Weeks, of one shape or one of them a number. NaN lies nowhere: the answer is False.

    Returns
    -------
    bool or array of bool

    Examples
    --------
    84 days after day 16 is day 100, though the sum says otherwise:

    >>> 100 / 7 <= 16 / 7 + 12, bool(at_or_before(100 / 7, 16 / 7 + 12))
    (False, True)
    >>> at_or_before([4.43, 4.58], 31 / 7).tolist()
    [True, False]
    """
    return np.asarray(week, dtype=float) <= _end_of(limit)


def before(week: ArrayLike, limit: ArrayLike) -> Any:
    """Tell which weeks lie before a week, by a day or more (or, of weeks that are no days, by more than nothing).

    Parameters
    ----------
    week, limit : float or array of float
        As `at_or_before` takes them.

    Examples
    --------
    >>> before([4.43, 4.28], 31 / 7).tolist()
    [False, True]
    """
    return np.asarray(limit, dtype=float) > _end_of(week)


def same_day(week: ArrayLike, other: ArrayLike) -> Any:
    """Tell which weeks are one and the same day.

    Parameters
    ----------
    week, other : float or array of float
        As `at_or_before` takes them.
    """
    return at_or_before(week, other) & at_or_before(other, week)


def to_the_day(week: ArrayLike) -> Floats:
    """Return weeks with those that are whole days made exactly that, so that equal days are equal numbers.

    Parameters
    ----------
    week : float or array of float

    Examples
    --------
    >>> to_the_day([4.43, 4.5]).tolist() == [31 / 7, 4.5]
    True
    """
    weeks = np.asarray(week, dtype=float)
    days = DAYS_PER_WEEK * weeks
    whole = np.round(days)
    return np.where(_is_near(days, whole), whole / DAYS_PER_WEEK, weeks)


def is_of_dates(week: ArrayLike) -> Any:
    """Tell which weeks may be the difference of two dates: whole days, to two minutes.

    Parameters
    ----------
    week : float or array of float
    """
    days = DAYS_PER_WEEK * np.asarray(week, dtype=float)
    with np.errstate(invalid="ignore"):  # infinity is no day
        return np.abs(days - np.round(days)) <= _OF_DATES


@cache
def calendar_days(months: int) -> tuple[int, int]:
    """Return how many days so many months of the calendar last, at the shortest and at the longest.

    Parameters
    ----------
    months : int
        1 or more.

    Examples
    --------
    >>> calendar_days(1), calendar_days(6), calendar_days(24)
    ((28, 31), (181, 184), (730, 731))
    """
    four_years = [monthrange(year, month)[1] for year in range(2000, 2004) for month in range(1, 13)]
    spans = [sum(four_years[(begin + step) % 48] for step in range(months)) for begin in range(48)]
    return min(spans), max(spans)


def at_least(value: ArrayLike, limit: ArrayLike) -> Any:
    """Tell which values reach a limit, to seven digits; a NaN does not.

    Parameters
    ----------
    value, limit : float or array of float

    Examples
    --------
    >>> import numpy as np
    >>> bool(at_least(np.float32(0.7), 0.7)), bool(at_least(0.69999, 0.7))
    (True, False)
    """
    least = np.asarray(limit, dtype=float)
    return np.asarray(value, dtype=float) >= least - _SAME_LIMIT * np.abs(least)


def at_most(value: ArrayLike, limit: ArrayLike) -> Any:
    """Tell which values do not exceed a limit, to seven digits; a NaN is not among them.

    Parameters
    ----------
    value, limit : float or array of float
    """
    most = np.asarray(limit, dtype=float)
    return np.asarray(value, dtype=float) <= most + _SAME_LIMIT * np.abs(most)


def below(value: ArrayLike, limit: ArrayLike) -> Any:
    """Tell which values lie below a limit, by more than the seventh digit; a NaN does not.

    Parameters
    ----------
    value, limit : float or array of float
    """
    least = np.asarray(limit, dtype=float)
    return np.asarray(value, dtype=float) < least - _SAME_LIMIT * np.abs(least)


def above(value: ArrayLike, limit: ArrayLike) -> Any:
    """Tell which values exceed a limit, by more than the seventh digit; a NaN does not.

    Parameters
    ----------
    value, limit : float or array of float
    """
    most = np.asarray(limit, dtype=float)
    return np.asarray(value, dtype=float) > most + _SAME_LIMIT * np.abs(most)


def _end_of(week: ArrayLike) -> Floats:
    """Return the last moment that still counts as the week's own day."""
    days = DAYS_PER_WEEK * np.asarray(week, dtype=float)
    whole = np.round(days)
    return np.where(_is_near(days, whole), whole + _NEAR_A_DAY, days + _SAME_MOMENT) / DAYS_PER_WEEK


def _is_near(days: Floats, whole: Floats) -> Mask:
    with np.errstate(invalid="ignore"):  # infinity is no day
        return np.asarray(np.abs(days - whole) <= _NEAR_A_DAY)
