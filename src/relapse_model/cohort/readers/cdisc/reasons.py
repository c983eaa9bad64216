"""Reasons beside rows that are read: why something was not done (LBREASND), why a dose was changed (EXADJ), LBDRVFL."""

from __future__ import annotations

import numpy as np
import pandas as pd

from relapse_model.cohort.readers.cdisc.data_set import Columns
from relapse_model.cohort.readers.cdisc.wanted import Wanted
from relapse_model.cohort.readers.entry_rows import leaving_out
from relapse_model.cohort.readers.other_things import NEVER, other_things
from relapse_model.cohort.readers.source_table import SourceTable
from relapse_model.cohort.readers.source_values import is_empty
from relapse_model.errors import Problem

_DERIVED = "LBDRVFL"


def other_reasons(wanted: Wanted, columns: Columns, table: SourceTable) -> tuple[list[Problem], list[str]]:
    """Refuse rows with a reason for which there is none of them; return notes on results that are derived.

    Parameters
    ----------
    wanted : Wanted
    columns : Columns
    table : SourceTable
    """
    entry, data = wanted.entry, wanted.data
    stem = wanted.standard.code[:2] if entry.section in ("labs", "treatments") else ""
    problems: list[Problem] = []
    value = entry.fields.get("value")
    filled = (columns[value.name] != "").to_numpy() if value is not None else np.ones(len(table), dtype=bool)
    not_done, changed = f"{stem}REASND", f"{stem}ADJ"
    if stem and not_done in data and not_done not in entry.when:
        told = ~is_empty(columns[not_done]) & filled
        expected = "nothing, since there is a result" if entry.section == "labs" else "nothing, since it was given"
        advice = f"Correct the one that is wrong, or {leaving_out(not_done)}"
        problems += table.problems(told, not_done, expected, advice)
    if entry.section == "treatments" and stem and changed in data and changed not in entry.when:
        never = other_things(columns[changed], (NEVER,)) != ""
        advice = f"If nothing was given, {leaving_out(changed)}"
        problems += table.problems(never, changed, "a course that was given", advice)
    return problems, _derived(wanted, columns, filled)


def _derived(wanted: Wanted, columns: Columns, filled: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> list[str]:
    """Return a note on results that the sponsor derived from others, such as the mean of two."""
    if _DERIVED not in wanted.data or _DERIVED in wanted.entry.when:
        return []
    flag: pd.Series = columns[_DERIVED].str.strip().str.upper()
    count = int(((flag == "Y").to_numpy() & filled).sum())
    said = f"{wanted.data.name}: {count:,} results are derived from others ({_DERIVED}), and count; if not, "
    return [said + leaving_out(_DERIVED, "Y")] if count else []
