"""What a source dates after a death that it records beside the outcomes: refused by both rows, as the gate does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from relapse_model.arrays import Mask
from relapse_model.cohort.gate_tables import FIRST_ROW
from relapse_model.cohort.readers.made_table import MadeTable
from relapse_model.cohort.tables.identifiers import identifier_keys
from relapse_model.errors import Problem

_DATED = {"labs": "date", "treatments": "start_date", "outcomes": "date"}
_DAY = r"^(\d{4}-\d{2}-\d{2})"
_ZONED = r"\d{2}:\d{2}.*(?:Z|[+-]\d{2}:?\d{2})$"
_AFTER, _ON_OR_BEFORE = "after the patient's death, as the source records it", "on the day of the death, or before"
_DEATH, _NOTHING = "a death, and rows of the patient dated after it", "nothing after a death"
_ADVICE = "Correct one of the two dates"


def after_death(made: Mapping[str, MadeTable], deaths: MadeTable) -> Iterator[Problem]:
    """Yield a problem for each row dated after the patient's death, and for each death that rows contradict.

    Days are compared as printed. A time with a zone may be the day before or after in the hospital, so that it is
    refused only from the second day on. That somebody was free of relapse may be known of a day after a death.

    Parameters
    ----------
    made : mapping of str to MadeTable
        Tables with dates; others are not looked at.
    deaths : MadeTable
        Columns ``patient_id`` and ``date`` (YYYY-MM-DD; empty where not known).

    Examples
    --------
    >>> labs = MadeTable(pd.DataFrame({"patient_id": ["7", "7"], "date": ["2024-05-01", "2024-05-02"]}), "LB")
    >>> deaths = MadeTable(pd.DataFrame({"patient_id": ["7"], "date": ["2024-05-01"]}), "DM", np.array([4]))
    >>> for problem in after_death({"labs": labs}, deaths):
    ...     print(problem)
    LB, column 'date': after the patient's death, as the source records it; expected on the day of the death, or \
before. Correct one of the two dates.
    DM, row 4, column 'date': a death, and rows of the patient dated after it; expected nothing after a death. Correct \
one of the two dates.
    """
    keys = identifier_keys(deaths.rows["patient_id"])
    days = _days(deaths.rows["date"])
    first = days.groupby(keys.to_numpy()).min()
    lived_on: set[str] = set()
    for name, column in _DATED.items():
        table = made.get(name)
        if table is None or column not in table.rows or "patient_id" not in table.rows:
            continue
        own = identifier_keys(table.rows["patient_id"])
        late = _later(table.rows[column], own.map(first))
        if name == "outcomes":
            late &= _happened(table.rows)
        lived_on |= set(own[late])
        yield from _problems(table, late, own, column, _AFTER, _ON_OR_BEFORE)
    contradicted = (keys.isin(lived_on) & days.notna()).to_numpy()
    yield from _problems(deaths, contradicted, keys, "date", _DEATH, _NOTHING)


def _days(texts: pd.Series) -> pd.Series:
    return pd.to_datetime(texts.astype(str).str.extract(_DAY)[0], format="%Y-%m-%d", errors="coerce")


def _later(texts: pd.Series, died: pd.Series) -> Mask:
    zoned = texts.astype(str).str.contains(_ZONED).to_numpy(dtype=bool)
    days = (_days(texts).to_numpy() - pd.to_datetime(died).to_numpy()) / np.timedelta64(1, "D")
    found: Mask = days > np.where(zoned, 1, 0)
    return found


def _happened(outcomes: pd.DataFrame) -> Mask:
    found = np.zeros(len(outcomes), dtype=bool)
    if "relapse" in outcomes:
        found |= outcomes["relapse"].astype(str).str.strip().isin(["1", "1.0"]).to_numpy()
    if "event" in outcomes:
        found |= outcomes["event"].astype(str).str.startswith(("relapse", "competing")).to_numpy()
    return found


def _problems(
    table: MadeTable, rows: Mask, keys: pd.Series, column: str, found: str, expected: str
) -> Iterator[Problem]:  # fmt: skip
    for row in np.flatnonzero(rows).tolist():
        yield table.place(Problem("", row + FIRST_ROW, column, found, expected, _ADVICE, str(keys.iloc[row])))
