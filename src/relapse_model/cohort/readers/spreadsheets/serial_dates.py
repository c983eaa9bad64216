"""Dates that stand as numbers of days in a workbook."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

_FIRST_SERIAL, _AFTER_SERIALS = 10_000, 100_000  # days of the date system: below may be a year, above a compact date
_SINCE = pd.Timestamp(1970, 1, 1)  # a day before it is more likely one of a program that counts from 1960 or 1970


def dates_of_serials(
    values: pd.Series, numeric: NDArray[np.bool_], epoch: datetime.date | None
) -> tuple[pd.Series, NDArray[np.bool_]]:
    """Return the dates of cells that hold the number of a day, and which cells these are; a year alone is none.

    A number that would be a day before 1970 stays as it is: 23376 is 2024-01-01 for Stata and SAS, which count from
    1960, and 1963-12-31 for a workbook.

    Parameters
    ----------
    values : Series
        Texts.
    numeric : array of bool
        Cells that hold numbers.
    epoch : date or None
        Day 0 of the workbook; without one, no number is a date.

    Examples
    --------
    >>> values = pd.Series(["44185", "44185.25", "2024", "23376"], dtype=object)
    >>> dates, serial = dates_of_serials(values, np.ones(4, dtype=bool), datetime.date(1899, 12, 30))
    >>> dates.tolist(), serial.tolist()
    (['2020-12-20', '2020-12-20 06:00:00', '2024', '23376'], [True, True, False, False])
    """
    number = pd.to_numeric(values.where(numeric), errors="coerce").to_numpy(dtype=float)
    serial = (number >= _FIRST_SERIAL) & (number < _AFTER_SERIALS)
    if epoch is None or not serial.any():
        return values, np.zeros(len(values), dtype=bool)
    days = pd.to_timedelta(np.round(np.where(serial, number, 0) * 86_400), unit="s")
    serial &= np.asarray(pd.Timestamp(epoch) + days >= _SINCE)
    moments = pd.Timestamp(epoch) + days[serial]
    texts = moments.strftime("%Y-%m-%d %H:%M:%S").str.replace(" 00:00:00", "")
    changed = values.copy()
    changed[serial] = texts.to_numpy(dtype=object)
    return changed, serial
