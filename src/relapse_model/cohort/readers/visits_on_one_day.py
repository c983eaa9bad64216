"""Results and doses counted once: at different visits of the source one date may be wrong; doses may have been two."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from relapse_model.cohort.cohort import COUNTED_ONCE
from relapse_model.cohort.gate_tables import FIRST_ROW
from relapse_model.cohort.readers.made_table import ROW, MadeTable
from relapse_model.errors import Problem

_ADVICE = "See whether one of the dates is that of the other visit"
_TWICE = "If it was given twice that day (two vials), write one row with the sum"
_NAMED = 3


def with_visits(remarks: Sequence[Problem], made: MadeTable, name: str = "labs") -> Iterator[Problem]:
    """Yield the remarks of the gate; one on a row counted once names the visits, where they are different ones.

    Assumes that different events, or columns, of one analyte, day and value are different visits.

    Parameters
    ----------
    remarks : sequence of Problem
        As the gate places them.
    made : MadeTable
        What the results, or the courses, were made of.
    name : {"labs", "treatments"}

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"patient_id": ["7", "7"], "date": ["2024-05-01"] * 2, "value": ["5", "5"]})
    >>> made = MadeTable(rows, "a.csv", np.array([2, 3]), visit=np.array(["week_8", "week_12"], dtype=object))
    >>> (said,) = with_visits([Problem("labs", 3, None, COUNTED_ONCE, "each row once")], made)
    >>> said.expected
    'each visit on its own day, and week_8 and week_12 have one date'
    """
    visits = made.called.get("value" if name == "labs" else "start_date") if made.visit is None else made.visit
    advice = _ADVICE if name == "labs" else f"{_ADVICE}. {_TWICE}"
    if name == "treatments" and "dose" in made.rows:
        remarks = [replace(one, advice=_TWICE) if _counted_once(one, name) else one for one in remarks]
    once = [one.row - FIRST_ROW for one in remarks if _counted_once(one, name) and one.row is not None]
    rows = np.array(once, dtype=int)
    if visits is None or isinstance(visits, str) or not len(rows):
        yield from remarks
        return
    own = made.rows.drop(columns=[ROW], errors="ignore").fillna("").astype(str)
    alike = own["patient_id"].isin(own["patient_id"].iloc[rows])  # few: the rest need not be compared
    own = own[alike].assign(visit=visits[alike.to_numpy()])
    key = [name for name in own.columns if name != "visit"]
    group = own.groupby(key, sort=False).ngroup()
    named = own["visit"].groupby(group).unique()
    for one in remarks:
        found = [] if not _counted_once(one, name) or one.row is None else list(named[group[one.row - FIRST_ROW]])
        if len(found) < 2:
            yield one
            continue
        said = " and ".join(map(str, found[:_NAMED])) + (" and others" if len(found) > _NAMED else "")
        yield replace(one, expected=f"each visit on its own day, and {said} have one date", advice=advice)


def _counted_once(remark: Problem, name: str) -> bool:
    return remark.table == name and remark.found == COUNTED_ONCE
