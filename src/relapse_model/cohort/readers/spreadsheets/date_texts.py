"""Dates of a column as they stand in sheets: what is wrong with a text, and columns in which a program changed some."""

from __future__ import annotations

import re

import pandas as pd

from relapse_model.arrays import Mask
from relapse_model.cohort.readers.refusal_advice import advice_on_day
from relapse_model.cohort.readers.source_dates import Order

_SERIAL = re.compile(r"[1-5][0-9]{4}(?:\.[0-9]+)?")
_YEAR_LAST = r"\s*(\d{1,2})[-/.](\d{1,2})[-/.]\d{4}(?:\s.*)?"
_ISO = r"\d{4}-(\d{2})-(\d{2})(?:\s.*)?"
WRITTEN = {"ymd": "YYYY-MM-DD", "dmy": "DD/MM/YYYY", "mdy": "MM/DD/YYYY"}
EXCHANGED = "a date of which day and month are certain"
"""What is expected of dates that `half_changed` finds."""
LOOK = (
    "A program that reads dates in the other order makes dates of 03/04/2024, with day and month exchanged, and leaves "
    "13/04/2024 a text; so it is here. Make all of the column texts, or all dates, from the original"
)


def advice_on_date(text: str, order: Order) -> str:
    """Return what may be done about a text that is no date."""
    if _SERIAL.fullmatch(text):
        return (
            "A number of days: since 1970 (R), 1960 (Stata, SAS) or 1899-12-30 (spreadsheets)? Nothing says which: "
            "write it as YYYY-MM-DD"
        )
    known = advice_on_day(repr(text))
    return known or ("State the order of day and month by [time] dates" if order == "ymd" else "")


def half_changed(values: pd.Series, order: Order) -> Mask:
    """Tell which dates a program may have made of texts with day and month exchanged, and left others as texts.

    A spreadsheet that reads dates with the month first makes 2024-03-04 of 03/04/2024, and leaves 13/04/2024 as it is.
    Dates are such where the column has texts that end with the year, none of which can be read in the other order,
    and no date has a day above 12, while one at least differs from what it would be exchanged.

    Parameters
    ----------
    values : Series
        Texts as they stand; dates of the spreadsheet as YYYY-MM-DD.
    order : {"ymd", "dmy", "mdy"}
        Of the texts.

    Examples
    --------
    >>> half_changed(pd.Series(["2024-03-04", "13/04/2024", "25/04/2024"]), "dmy").tolist()
    [True, False, False]
    >>> half_changed(pd.Series(["2024-03-14", "13/04/2024"]), "dmy").tolist()
    [False, False]
    """
    texts = values.astype(str)
    last = texts.str.extract(_YEAR_LAST).dropna().astype(int)
    dates = texts.str.extract(_ISO).apply(pd.to_numeric)
    there: Mask = dates[0].notna().to_numpy()
    days = last[0 if order == "dmy" else 1]
    none = order == "ymd" or last.empty or not there.any() or not (days > 12).all()
    if none or (dates[1] > 12).any() or (dates[0] == dates[1])[there].all():
        return there & False
    return there
