"""What to do about a refusal that says none: what may stand in a cell, and how a mapping says what it means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from relapse_model.cohort.readers.advice_of_cdisc import advice_of_cdisc
from relapse_model.errors import Problem

_NO_VALUE = 'If it means that there is no value, state it: [missing] codes = ["..."]'
_DITTO = re.compile(r"同上|″|〃|^'\"'|ditto|idem|同左")
_LOST = re.compile(r"失访|未到|拒|脱落|退出|\blost\b|withdr|missed", re.IGNORECASE)
_TWO_DIGIT_YEAR = re.compile(r"'?\d{1,2}[-/.]\d{1,2}[-/.]\d{1,2}(?!\d)")
_YEAR_LAST = re.compile(r"'?\d{1,2}[-/.]\d{1,2}[-/.]\d{4}")
_DATE = re.compile(r"\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}")
_MONTH = re.compile(r"'?(?:\d{4}(?:[-/.年]\d{1,2}月?)?|\d{1,2}[-/.]\d{4}|[^\W\d_]{3,12}\.?[\s\-/.]+\d{4})'?$")
_WITH_UNIT = re.compile(r"'\d+(?:\.\d+)?\s*[^\W\d_]+'")
TWO_DIGITS = "Of a year of two digits nothing says which part it is: write all four digits, 2024-01-08"


def with_advice(problem: Problem, kind: str = "") -> Problem:
    """Return a problem with what to do about it, where it says nothing of that and this is known.

    Parameters
    ----------
    problem : Problem
    kind : str
        The reader that refused it.

    Examples
    --------
    >>> said = with_advice(Problem("labs", 2, "HBsAg", "'未到' (words that this reader does not know)",
    ...                            "a number or a laboratory's text"))
    >>> said.advice.partition(":")[0]
    'If it means that there is no value, state it'
    """
    own = advice_of_cdisc(problem) if kind == "cdisc" and (not problem.advice or problem.found == "no unit") else ""
    if problem.advice and not own:
        return problem
    return replace(problem, advice=own or _advice(problem.found, problem.expected))


def _advice(found: str, expected: str) -> str:
    known: Mapping[str, str] = {
        "a number or a laboratory's text": _of_result(found),
        "one of the values that the mapping names": f"State its meaning in the mapping, by values. {_NO_VALUE}",
        "an identifier as text": LOST_DIGITS,
        "one row per patient": (
            "Of a patient who was enrolled twice keep one enrolment in a copy, or give the second an identifier of "
            "its own; name rows that are other things by when = { ... } under [patients]"
        ),
        "0 or 1": _of_outcome(found),
    }
    if expected in known:
        return known[expected]
    if expected.startswith("a number from"):
        return _of_number(found)
    if expected.startswith(("a date", "a whole date")):
        return advice_on_day(found)
    return ""


LOST_DIGITS = (
    "Its last digits are lost in this file: make the column one of texts in the original, and export it again; adding "
    "digits here gives the number of somebody else"
)


def _of_result(found: str) -> str:
    if _DITTO.search(found):
        return "Write the result itself, or nothing, in a copy: whether a sign for 'the same' is a result, nothing says"
    if "a date, not a result" in found:
        return "A program made a date of it: write the result as text in the original, from the laboratory's report"
    if "comma" in found:
        return 'Write it without the comma that parts thousands; if it is a decimal comma, state decimal = "," for it'
    if re.search(r"\d", found) and not re.match(r"'-\s*\d+(?:\.0+)?'", found):
        return "Write it as a number, a limit or a word alone, such as 0.02, <0.05 or negative, from the report"
    lost = "; a patient who was lost has no result of that visit" if _LOST.search(found) else ""
    return f"{_NO_VALUE}{lost}. If it is a result, write it as a number, a limit, or negative or positive"


def _of_outcome(found: str) -> str:
    if found.startswith("nothing"):
        return (
            "Of a patient who was lost it is 0, free of it until the day beside it: state it by values, or leave such "
            "rows out by when = { ... }, if nothing is known of them"
        )
    return 'State its meaning: values = { ... }, such as Yes = "1", No = "0"'


def _of_number(found: str) -> str:
    if _WITH_UNIT.match(found):
        return 'State the unit of the column: { field = "...", unit = "..." }; convert what is in another one in a copy'
    word = re.search(r"[^\W\d_]{2,}", found)
    visits = " Of a visit without a week, state its week by values, or leave its rows out by when." if word else ""
    return f"{_NO_VALUE}; else correct it.{visits}"


def advice_on_day(found: str) -> str:
    """Return what to do about a text that is no date, or about an empty cell.

    Parameters
    ----------
    found : str
        As a problem shows it.

    Examples
    --------
    >>> advice_on_day("'24-01-08'")[:31], advice_on_day("'8/1/2024'")[:34]
    ('Of a year of two digits nothing', 'State the order of day and month: ')
    """
    if found.startswith("nothing"):
        return "Complete it; or leave such rows out by when = { ... }; or name the week of the visit instead of dates"
    if len(_DATE.findall(found)) > 1:
        return "Write each date in a row, or in a column, of its own"
    if _TWO_DIGIT_YEAR.match(found):
        return TWO_DIGITS
    if _YEAR_LAST.match(found):
        return 'State the order of day and month: [time] dates = "dmy", or "mdy"'
    if _MONTH.match(found):
        return 'A month alone may be read as its 15th: [time] partial = "middle"; complete a year alone'
    if _DATE.match(found.strip("'")):
        return ""  # a date with more behind it: its problem says what
    if re.search(r"\d", found):
        return f"Write it as YYYY-MM-DD, or with the name of the month and all digits of the year. {_NO_VALUE}"
    if re.search(r"[^\W\d_]", found):
        return f'Of a course that goes on, state it: values = {{ "..." = "" }}. {_NO_VALUE}'
    return ""
