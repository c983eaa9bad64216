"""What a source dates before the patient's birth, as far as the source tells it: refused by row, and with the birth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from relapse_model.cohort.readers.after_death import dated_rows, days_of, placed
from relapse_model.cohort.readers.made_table import MadeTable
from relapse_model.cohort.tables.identifiers import identifier_keys
from relapse_model.errors import Problem

_BIRTH = r"^(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?"
_BEFORE, _ON_OR_AFTER = "before the patient's birth, as the source records it", "on the day of birth, or after"
_BORN, _NOTHING = "a birth, and rows of the patient dated before it", "nothing before a birth"


def before_birth(made: Mapping[str, MadeTable], births: MadeTable) -> Iterator[Problem]:
    """Yield a problem for each row dated before the patient's birth, and for each birth that rows contradict.

    A birth of which only the year, or the month, is known lies on its first day: what is dated before that is before
    the birth with certainty. The birth itself is in no message. A time with a zone may be the day before or after in
    the hospital, so that it is refused only from the second day on.

    Parameters
    ----------
    made : mapping of str to MadeTable
        Tables with dates; others are not looked at.
    births : MadeTable
        Columns ``patient_id`` and ``date`` (YYYY, YYYY-MM or YYYY-MM-DD; empty where not known), one row a patient.

    Examples
    --------
    >>> labs = MadeTable(pd.DataFrame({"patient_id": ["7", "7"], "date": ["1979-12-31", "1980-01-01"]}), "LB")
    >>> births = MadeTable(pd.DataFrame({"patient_id": ["7"], "date": ["1980"]}), "DM", np.array([4]))
    >>> for problem in before_birth({"labs": labs}, births):
    ...     print(problem)
    LB, column 'date': before the patient's birth, as the source records it; expected on the day of birth, or after. \
Correct one of the two dates
    DM, row 4, column 'date': a birth, and rows of the patient dated before it; expected nothing before a birth. \
Correct one of the two dates
    """
    if births.rows.empty:
        return
    keys = identifier_keys(births.rows["patient_id"])
    earliest = _earliest(births.rows["date"])
    first = earliest.groupby(keys.to_numpy()).min()
    earlier: set[str] = set()
    for _, table, own, column in dated_rows(made):
        days, zoned = days_of(table.rows[column])
        ahead = (pd.to_datetime(own.map(first)).to_numpy() - days.to_numpy()) / np.timedelta64(1, "D")
        early = ahead > np.where(zoned, 1, 0)
        earlier |= set(own[early])
        yield from placed(table, early, own, column, _BEFORE, _ON_OR_AFTER)
    contradicted = (keys.isin(earlier) & earliest.notna()).to_numpy()
    yield from placed(births, contradicted, keys, "date", _BORN, _NOTHING)


def _earliest(births: pd.Series) -> pd.Series:
    """Return the first day on which each birth may have been."""
    parts = births.astype(str).str.extract(_BIRTH)
    texts = parts[0] + "-" + parts[1].fillna("01") + "-" + parts[2].fillna("01")
    return pd.to_datetime(texts, format="%Y-%m-%d", errors="coerce")
