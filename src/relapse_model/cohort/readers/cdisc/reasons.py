"""Reasons beside rows that are read: why something was not done (LBREASND), why a dose was changed (EXADJ), LBDRVFL."""

from __future__ import annotations

import numpy as np
import pandas as pd

from relapse_model.cohort.readers.cdisc.data_set import Columns
from relapse_model.cohort.readers.cdisc.wanted import Wanted
from relapse_model.cohort.readers.entry_rows import leaving_out
from relapse_model.cohort.readers.notes_beside_doses import says_part
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
    return problems, [*_derived(wanted, columns, filled), *_doses_in_words(wanted, columns)]


def _doses_in_words(wanted: Wanted, columns: Columns) -> list[str]:
    """Return notes on doses whose reason speaks of a part (EXADJ), and on doses in words alone (EXDOSTXT)."""
    dose, data = wanted.entry.fields.get("dose"), wanted.data
    if wanted.entry.section != "treatments" or dose is None:
        return []
    stem, notes = wanted.standard.code[:2], []
    adjusted, in_words = f"{stem}ADJ", f"{stem}DOSTXT"
    amount = columns[dose.name]
    if adjusted in data and adjusted not in wanted.entry.when:
        texts = columns[adjusted]
        part = {text: says_part(str(text)) for text in texts.unique()}
        count = int((texts.map(part).astype(bool) & (amount != "")).sum())
        told = (
            f"{data.name}: {count:,} doses have a reason ({adjusted}) that speaks of a part of the dose; {dose.name} "
        )
        notes += [f"{told}is read as what was given: see that it is"] if count else []
    if in_words in data:
        count = int(((columns[in_words] != "") & (amount == "")).sum())
        told = f"{data.name}: {count:,} doses stand in {in_words} alone, such as a range, and are not read: of these "
        notes += [f"{told}the amount is not known"] if count else []
    return notes


def _derived(wanted: Wanted, columns: Columns, filled: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> list[str]:
    """Return a note on results that the sponsor derived from others, such as the mean of two."""
    if _DERIVED not in wanted.data or _DERIVED in wanted.entry.when:
        return []
    flag: pd.Series = columns[_DERIVED].str.strip().str.upper()
    count = int(((flag == "Y").to_numpy() & filled).sum())
    said = f"{wanted.data.name}: {count:,} results are derived from others ({_DERIVED}), and count; if not, "
    return [said + leaving_out(_DERIVED, "Y")] if count else []
