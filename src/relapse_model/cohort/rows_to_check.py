"""Which rows of a cohort the check RM121 speaks of: for whoever holds the tables, and for no report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.cohort.cohort import COUNTED_ONCE, Cohort
from relapse_model.cohort.gate_tables import FIRST_ROW
from relapse_model.cohort.measurements import several_rows_a_day
from relapse_model.cohort.tables.columns import DATES, FAR_WEEKS, TABLES
from relapse_model.study.study import Study

_SHOWN = 3  # of each kind


def rows_to_check(cohort: Cohort, study: Study) -> Iterator[str]:
    """Yield a line for each kind of odd rows with the first of them, by table and row; no patient is named.

    Parameters
    ----------
    cohort : Cohort
    study : Study

    Examples
    --------
    >>> import relapse_model as rm
    >>> study = rm.load_study("hbsag-relapse")
    >>> labs = pd.DataFrame({"patient_id": "1", "week": [0, 4, 4], "analyte": "alt", "value": ["20", "30", "30.0"],
    ...                      "unit": "U/L"})
    >>> cohort = rm.make_cohort(pd.DataFrame({"patient_id": ["1"]}), labs, study=study)
    >>> list(rows_to_check(cohort, study))
    ['labs, several results of ALT on one day: rows 3 and 4']
    """
    for name, rule in study.analytes.items():
        days = several_rows_a_day(cohort, study, name)
        if days:
            yield f"labs, several results of {rule.label} on one day: {_days(cohort, cohort.labs, 'labs', days)}"
    table = cohort.treatments
    if table is not None and not table.empty:
        known = ["patient", *(name for name in (*TABLES["treatments"], *DATES.values()) if name in table)]
        alike = [np.flatnonzero(rows) for rows in _alike(table, known)]
        if alike:
            yield f"treatments, rows that are alike: {_days(cohort, table, 'treatments', alike)}"
    yield from _far(cohort)


def _alike(table: pd.DataFrame, known: list[str]) -> list[NDArray[np.bool_]]:
    number = table.groupby(known, sort=False, dropna=False).ngroup().to_numpy()
    _, first, counts = np.unique(number, return_index=True, return_counts=True)
    return [number == number[at] for at in sorted(first[counts > 1].tolist())]


def _far(cohort: Cohort) -> Iterator[str]:
    for name in ("labs", "treatments", "outcomes", "adverse_events"):
        table = getattr(cohort, name)
        if table is None:
            continue
        weeks = [table[week].to_numpy(dtype=float) for week in DATES if week in TABLES[name] and week in table]
        far = np.flatnonzero(np.any([np.abs(one) > FAR_WEEKS for one in weeks], axis=0)) if weeks else np.array([])
        if len(far):
            days = [np.array([at]) for at in far.tolist()]
            yield f"{name}, more than ten years from enrolment: {_days(cohort, table, name, days)}"


def _days(cohort: Cohort, table: pd.DataFrame, name: str, days: Sequence[NDArray[np.integer[Any]]]) -> str:
    """Return the rows of the first days, as the source numbers them where it does."""
    once = any(one.table == name and one.found == COUNTED_ONCE for one in cohort.remarks)
    numbered = "row" in table and bool(table["row"].notna().all())
    if once and not numbered:
        return f"{len(days):,}"  # rows were taken out: the positions are not those of the file
    rows = table["row"].astype(str).to_numpy() if numbered else np.arange(len(table)) + FIRST_ROW
    shown = "; ".join(" and ".join(str(one) for one in rows[np.sort(day)]) for day in days[:_SHOWN])
    more = f"; and {len(days) - _SHOWN:,} more" if len(days) > _SHOWN else ""
    return f"{'rows of the source' if numbered else 'rows'} {shown}{more}"
