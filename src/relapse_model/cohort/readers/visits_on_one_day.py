"""Results and doses counted once: at different visits of the source one date may be wrong; doses may have been two."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from relapse_model.cohort.cohort import COUNTED_ONCE
from relapse_model.cohort.gate_tables import FIRST_ROW
from relapse_model.cohort.one_day import ON_ONE_DAY
from relapse_model.cohort.readers.made_table import ROW, MadeTable
from relapse_model.errors import Problem

_SEE = "see whether one of the dates is that of the other visit"
_ADVICE = _SEE.capitalize()
_TWICE = "If it was given twice that day (two vials), write one row with the sum"
_NAMED, _DAY = 3, len("2024-05-01")


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
    advice = _ADVICE if name == "labs" else f"{_ADVICE}. {_TWICE}"
    if name == "treatments" and "dose" in made.rows:
        remarks = [replace(one, advice=_TWICE) if _counted_once(one, name) else one for one in remarks]
    once = [one.row - FIRST_ROW for one in remarks if _counted_once(one, name) and one.row is not None]
    rows = np.array(once, dtype=int)
    visits = made.visits("value" if name == "labs" else "start_date") if len(rows) else None
    if visits is None:
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
        expected = f"each visit on its own day, and {_listed(found)} have one date"
        yield replace(one, expected=expected, advice=advice)


def with_differing_visits(problems: Sequence[Problem], labs: MadeTable) -> Iterator[Problem]:
    """Yield the problems of the gate; one on results of one day that differ names their visits, if these differ too.

    Parameters
    ----------
    problems : sequence of Problem
        As the gate places them.
    labs : MadeTable
        What the results were made of.

    Examples
    --------
    >>> import pandas as pd
    >>> from relapse_model.cohort.one_day import same_day_expected
    >>> rows = pd.DataFrame({"patient_id": "7", "analyte": "alt", "date": "2024-05-01", "value": ["5", "9"]})
    >>> made = MadeTable(rows, "a.csv", np.array([2, 3]), visit=np.array(["week_8", "week_12"], dtype=object))
    >>> problem = Problem("labs", 3, "value", "9", same_day_expected("alt"), "Correct them")
    >>> (said,) = with_differing_visits([problem], made)
    >>> said.advice
    'They are of the visits week_8 and week_12: see whether one of the dates is that of the other visit. Correct them'
    """
    rows = {one.row - FIRST_ROW for one in problems if _differs(one) and one.row is not None}
    visits = labs.visits() if rows else None
    day = next((name for name in ("date", "day", "week") if name in labs.rows), None)
    if visits is None or day is None:
        yield from problems
        return
    own = pd.DataFrame({
        "patient": labs.rows["patient_id"].astype(str), "analyte": labs.rows["analyte"].astype(str),
        "day": labs.rows[day].astype(str).str[:_DAY], "visit": visits,
    }).reset_index(drop=True)  # fmt: skip
    own = own[own["patient"].isin(own["patient"].iloc[sorted(rows)]) & (own["visit"] != "")]
    named = own.groupby(["patient", "analyte", "day"], sort=False)["visit"].transform(
        lambda one: [list(one.unique())] * len(one)
    )
    for one in problems:
        at = -1 if one.row is None else one.row - FIRST_ROW
        found = named[at] if _differs(one) and at in named.index else []
        said = f"They are of the visits {_listed(found)}: {_SEE}. {one.advice}" if len(found) > 1 else one.advice
        yield replace(one, advice=said)


def _listed(visits: Sequence[object]) -> str:
    return " and ".join(map(str, visits[:_NAMED])) + (" and others" if len(visits) > _NAMED else "")


def _differs(problem: Problem) -> bool:
    return problem.table == "labs" and ON_ONE_DAY in problem.expected


def _counted_once(remark: Problem, name: str) -> bool:
    return remark.table == name and remark.found == COUNTED_ONCE
