"""Weeks that names of visits state, held against the dates of their results: a date mistyped, or another clock."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from relapse_model.arrays import Floats
from relapse_model.cohort.gate_tables import FIRST_ROW
from relapse_model.cohort.readers.after_death import days_of
from relapse_model.cohort.readers.label_words import plain_words
from relapse_model.cohort.readers.made_table import MadeTable
from relapse_model.cohort.tables.identifiers import identifier_keys
from relapse_model.comparisons import DAYS_PER_WEEK
from relapse_model.errors import Problem

TOKENS = (
    ("week", re.compile(r"(?<![a-z])(?:weeks?|wochen?|semaines?|semanas?|settiman[ae]|wk|w)[ _-]?(\d{1,3})(?![\d.])")),
    ("week", re.compile(r"(?<![a-z\d])s[ _-]?(\d{1,2})(?![\d.a-z])")),  # semaine, semana, settimana
    ("week", re.compile(r"第?(\d{1,3})\s?周")),
    ("week", re.compile(r"(?<![\d.^*])(\d{1,3})\s?(?:weeks?|wochen?|semaines?|semanas?|settimane|wks?|w)(?![a-z])")),
    ("month", re.compile(r"(?<![a-z])(?:months?|monate?|mois|mes(?:es)?|mes[ei]|m)[ _-]?(\d{1,2})(?![\d.a-z])")),
    ("month", re.compile(r"第?(\d{1,2})\s?个?月")),
    ("day", re.compile(r"(?<![a-z])(?:days?|tage?|jours?|d[ií]as?|giorn[oi]|d|j)[ _-]?(\d{1,3})(?![\d.a-z])")),
    ("visit", re.compile(r"(?<![a-z])(?:visit[ea]?|v)[ _-]?(\d{1,2})(?![\d.a-z])")),
)
"""How a visit stands in a name, and what its number counts."""

_WEEKS = {"week": 1.0, "month": 365.25 / 12 / DAYS_PER_WEEK, "day": 1 / DAYS_PER_WEEK}
_OTHER_CLOCK = re.compile(
    r"(?<![a-z])(?:eot|eos|end of|post|off|after|since|before|pre|unscheduled)(?![a-z])|停药|结束|治疗前|用药前|计划外"
    r"|[-−]\d|\d\s?年|(?<!个)(?<!第\d)(?<!第\d\d)月"
)
_VISIT = re.compile(
    r"(?:study |planned |scheduled )?(?:visit|week|month|day|timepoint|time point|event)"
    r"(?: (?:name|week|label|no|number))?"
    r"|访视(?:名称|周|时间点)?|随访(?:周|周数|时间点|点)|时间点|周|周数|周次"
)
_COUNTS = re.compile(r"(?<![a-z])(?:weeks?)(?![a-z])|周")


def is_visit(name: str) -> bool:
    """Tell whether a column, or a field, is called one of visits.

    Examples
    --------
    >>> [is_visit(name) for name in ("Visit", "study_week", "访视", "visit_date", "Weekday")]
    [True, True, True, False, False]
    """
    return _VISIT.fullmatch(plain_words(name)) is not None


def week_said(text: str, named: Mapping[str, float], called: str = "") -> float:
    """Return the week since time zero that the name of a visit states; NaN where it states none, or of another clock.

    Parameters
    ----------
    text : str
        Of a column, an event, or a cell.
    named : mapping of str to float
        Weeks that the mapping states, by the visit in plain words.
    called : str
        The column of the text: under "week", a number alone is one.

    Examples
    --------
    >>> [week_said(text, {}) for text in ("W12 ALT", "week_48_arm_1", "第24周", "day 14", "12 weeks after EOT", "V3")]
    [12.0, 48.0, 24.0, 2.0, nan, nan]
    >>> week_said("V3", {"v3": 8.0}), week_said("12", {}, "Week"), week_said("12", {}, "Visit")
    (8.0, 12.0, nan)
    """
    plain = plain_words(text)
    if plain in named:
        return named[plain]
    if re.fullmatch(r"\d{1,3}(?:\.0+)?", plain) and _COUNTS.search(plain_words(called)):
        return float(plain)
    if _OTHER_CLOCK.search(plain):
        return float("nan")
    found = [(counted, match[1]) for counted, token in TOKENS if (match := token.search(plain))]
    return float(found[0][1]) * _WEEKS.get(found[0][0], np.nan) if found else float("nan")


def weeks_said(texts: pd.Series, named: Mapping[str, float], called: str = "") -> Floats:
    """Return the week that each text states; each different one is read once.

    Parameters
    ----------
    texts : Series
    named, called
        As in `week_said`.
    """
    codes, distinct = pd.factorize(texts.astype(object))
    weeks: Floats = np.array([*(week_said(str(one), named, called) for one in distinct), np.nan])[codes]
    return weeks


def far_from_visit(made: Mapping[str, MadeTable], window: float) -> Iterator[Problem]:
    """Yield a remark for each result whose date is further from the week of its visit than a window.

    Parameters
    ----------
    made : mapping of str to MadeTable
        Results have weeks of visits (`MadeTable.visit_week`) where the source states some.
    window : float
        Weeks.
    """
    labs, patients = made.get("labs"), made["patients"].rows
    if labs is None or labs.visit_week is None or "date" not in labs.rows or "enrolment_date" not in patients:
        return
    start = pd.Series(days_of(patients["enrolment_date"])[0].to_numpy(), index=identifier_keys(patients["patient_id"]))
    start = start[~start.index.duplicated()]
    keys = identifier_keys(labs.rows["patient_id"].astype(object))
    since = days_of(labs.rows["date"])[0].to_numpy() - pd.to_datetime(keys.map(start)).to_numpy()
    weeks = since / np.timedelta64(1, "D") / DAYS_PER_WEEK
    for row in np.flatnonzero(np.abs(weeks - labs.visit_week) > window).tolist():
        found = f"week {weeks[row]:.1f} by its date, and week {labs.visit_week[row]:.3g} by its visit"
        expected = f"a date within {window:g} weeks of the visit ([time] visit_window), or one that was looked at"
        yield labs.place(Problem("labs", row + FIRST_ROW, "date", found, expected, "", str(keys.iloc[row])))
