"""Days or weeks since time zero that are hardly any: counts of days from 1899, 1960 or 1970, as programs keep dates."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from relapse_model.cohort.gate_tables import FIRST_ROW
from relapse_model.cohort.readers.made_table import MadeTable
from relapse_model.cohort.tables.identifiers import identifier_keys
from relapse_model.comparisons import DAYS_PER_WEEK
from relapse_model.errors import Problem

_YEARS = 20
_MOST = {"day": _YEARS * 365.25, "week": _YEARS * 365.25 / DAYS_PER_WEEK}
_ADVICE = (
    "Dates kept as numbers count the days from 1970-01-01 (R), 1960-01-01 (Stata, SAS) or 1899-12-30 (spreadsheets): "
    "write them as YYYY-MM-DD, and read them as dates"
)


def day_counts(made: Mapping[str, MadeTable]) -> Iterator[Problem]:
    """Yield a problem for each day, or week, that is more than twenty years after time zero.

    Parameters
    ----------
    made : mapping of str to MadeTable

    Examples
    --------
    >>> labs = MadeTable(pd.DataFrame({"patient_id": ["7", "7"], "day": ["85", "19723"]}), "a.csv", np.array([2, 3]))
    >>> for problem in day_counts({"labs": labs}):
    ...     print(str(problem)[:56])
    a.csv, row 3, column 'day': 19723 days after time zero;
    """
    for name in ("labs", "treatments", "outcomes"):
        table = made.get(name)
        for column in () if table is None or "patient_id" not in table.rows else table.rows.columns:
            unit = next((one for one in _MOST if re.fullmatch(f"(?:start_|end_)?{one}", str(column))), None)
            if table is not None and unit is not None:
                yield from _of_column(table, str(column), unit)


def _of_column(table: MadeTable, column: str, unit: str) -> Iterator[Problem]:
    numbers = pd.to_numeric(table.rows[column].astype(object), errors="coerce").to_numpy(dtype=float)
    late = np.flatnonzero(numbers > _MOST[unit])
    keys = identifier_keys(table.rows["patient_id"].iloc[late].astype(object))
    expected = f"{unit}s since time zero, at most those of {_YEARS} years"
    for row, key in zip(late.tolist(), keys, strict=True):
        found = f"{numbers[row]:g} {unit}s after time zero"
        yield table.place(Problem("", row + FIRST_ROW, column, found, expected, _ADVICE, str(key)))
