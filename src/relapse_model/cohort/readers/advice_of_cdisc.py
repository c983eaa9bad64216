"""What to do about cells of CDISC data sets that cannot be read, in words of a mapping that can be taken over as is."""

from __future__ import annotations

import re

from relapse_model.cohort.readers.entry_rows import leaving_out
from relapse_model.errors import Problem

_QUOTED = re.compile(r"'([^'\"\\]*)'.*")
_ZONED = re.compile(r"'\d{4}-\d\d-\d\d[ T]\d\d:\d\d[\d:.]*(?:Z|[+-]\d\d:?\d\d)'.*")
_END = re.compile(r".*END?(?:DTC|DTM|DT)")
_PARTIAL = re.compile(r"\d{4}(?:-\d\d)?|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}")  # what to do about these is said for all
_YEAR = re.compile(r"\d{4}")
_DATE = ("a date", "a whole date")
_UNIT = (
    "A number without a unit has no meaning. Write it in LBORRESU in a copy; or, if the unit of LBORRES is not known "
    'and LBSTRESU is filled, read the standardised results: value = "LBSTRESC" in the entry'
)
_ZONE = 'State the zone of the hospital under [source] of the mapping: zone = "Asia/Shanghai"'


def advice_of_cdisc(problem: Problem) -> str:
    """Return what to do about a date or a visit that cannot be read; nothing where the common advice is right.

    Parameters
    ----------
    problem : Problem

    Examples
    --------
    >>> advice_of_cdisc(Problem("CM", 1, "CMSTDTC", "nothing", "a date as YYYY-MM-DD"))
    'Complete it; or leave such rows out: unless = { CMSTDTC = "" } in the entry'
    >>> advice_of_cdisc(Problem("LB", 1, "LBDTC", "nothing", "a date as YYYY-MM-DD")).partition("; or leave")[0]
    'Complete it; or, if the study day is there, read it for all rows: day = "LBDY" in the entry'
    >>> advice_of_cdisc(Problem("LB", 1, "VISIT", "'UNSCHEDULED 1'", "one of the values that the mapping names"))
    'State its week under [time.visits]; or leave such rows out: unless = { VISIT = "UNSCHEDULED 1" } in the entry'
    """
    column, found = problem.column or "", problem.found
    said = _QUOTED.fullmatch(found)
    text = said[1] if said else "..."
    if problem.expected.startswith(_DATE):
        return _of_date(column, found, text)
    if found == "no unit" and "LBSTRESU" in column:
        return _UNIT
    if column == "VISIT" and problem.expected == "one of the values that the mapping names":
        return f"State its week under [time.visits]; or {leaving_out(column, text)}"
    return ""


def _of_date(column: str, found: str, text: str) -> str:
    if _ZONED.fullmatch(found):
        return _ZONE
    if found.startswith("nothing"):
        return "" if column.startswith(("RF", "TRT", "RAND")) else _of_nothing(column)
    if _YEAR.fullmatch(text):
        return f"Complete it in a copy: no setting reads a year alone; or {leaving_out(column, text)}"
    if _PARTIAL.fullmatch(text) or not re.search(r"\w", text):
        return ""
    if re.search(r"\d", text):
        return f"Write the whole date; or {leaving_out(column, text)}"
    if not _END.fullmatch(column):
        return f"Write the date; or {leaving_out(column, text)}"
    goes_on = f'end = {{ field = "{column}", values = {{ "{text}" = "" }} }}'
    return f"If the course goes on, state it: {goes_on}; if nobody knows its end, {leaving_out(column, text)}"


def _of_nothing(column: str) -> str:
    """Return what to do about a date that is lacking; of a result its study day may be there."""
    day = {"LBDTC": "LBDY", "ADT": "ADY"}.get(column)
    also = "" if day is None else f'; or, if the study day is there, read it for all rows: day = "{day}" in the entry'
    return f"Complete it{also}; or {leaving_out(column, '')}"
