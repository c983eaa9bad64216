"""Numbers without a unit where an entry of the mapping states none: refused once, by the line that waits for it."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd

from relapse_model.cohort.gate_tables import FIRST_ROW
from relapse_model.cohort.readers.made_table import MadeTable
from relapse_model.cohort.readers.source_mapping import Entry, SourceMapping
from relapse_model.errors import Problem
from relapse_model.study.line_numbers import line_of
from relapse_model.study.names import NameTable

_NO_UNIT, _A_UNIT = "no unit", "a unit"  # as the gate refuses a number without one
_PLACES = 3  # told of the numbers
_ASKED = re.compile(r"^\s*#[?]?\s*(?:optional:\s*)?unit\s*=")
_HEADER = re.compile(r"^\s*\[\[?[A-Za-z]")


def units_by_line(
    problems: Sequence[Problem], made: MadeTable, mapping: SourceMapping, names: NameTable | None = None
) -> list[Problem]:
    """Return problems of the gate with one for each line of the mapping that waits for a unit, for all of its numbers.

    Parameters
    ----------
    problems : sequence of Problem
        With the rows of the made tables.
    made : MadeTable
        The laboratory results.
    mapping : SourceMapping
    names : NameTable, optional
        Of the study, by which an entry may spell its analyte otherwise.
    """
    entries = [entry for entry in mapping.labs if not _states_unit(entry) and _is_asked(entry, mapping)]
    of_entry: dict[tuple[int, ...], list[Problem]] = {}
    rest: list[Problem] = []
    for problem in problems:
        asked = _asked(problem, made, entries, names)
        if asked:
            of_entry.setdefault(asked, []).append(problem)
        else:
            rest.append(problem)
    others = [one for one in rest if one.table == "labs" and one.row is None and one.expected == _A_UNIT]
    if of_entry and not any(one.found == _NO_UNIT for one in rest):
        rest = [one for one in rest if one not in others]  # those beyond the first thousands are of the same lines
    told = [
        _line(entry, found, made, mapping, "or more " if others else "")
        for asked, found in of_entry.items() for entry in entries if entry.position in asked
    ]  # fmt: skip
    return [*told, *rest]


def _is_asked(entry: Entry, mapping: SourceMapping) -> bool:
    """Tell whether an entry is to state a unit: where the rows of a source have none of their own, or a line asks."""
    return mapping.kind in ("excel", "redcap") or _place(mapping.text, entry)[1]


def _states_unit(entry: Entry) -> bool:
    value = entry.fields.get("value")
    return bool(entry.constants.get("unit")) or "unit" in entry.fields or bool(value and value.unit)


def _asked(problem: Problem, made: MadeTable, entries: Sequence[Entry], names: NameTable | None) -> tuple[int, ...]:
    """Return the positions of the entries that the number of a problem may be of; none of another problem."""
    if problem.table != "labs" or problem.row is None or (problem.found, problem.expected) != (_NO_UNIT, _A_UNIT):
        return ()
    row = problem.row - FIRST_ROW
    analyte = _name(str(made.rows["analyte"].iloc[row]), names)
    may = [
        one for one in entries if "analyte" not in one.constants or _name(one.constants["analyte"], names) == analyte
    ]
    called = made.called.get("value", "")
    column = called if isinstance(called, str) else str(called[row])
    same = [one for one in may if "value" in one.fields and one.fields["value"].name == column]
    return tuple(one.position for one in same or may)


def _name(analyte: str, names: NameTable | None) -> str:
    return analyte if names is None else names.meaning(analyte).name or analyte


def _line(entry: Entry, found: Sequence[Problem], made: MadeTable, mapping: SourceMapping, more: str) -> Problem:
    rows = pd.Index([one.row for one in found if one.row is not None])
    places = "; ".join(made.place(one).place for one in found[:_PLACES])
    places += "; ..." if len(found) > _PLACES else ""
    analyte = entry.constants.get("analyte") or str(made.rows["analyte"].iloc[int(rows[0]) - FIRST_ROW])
    count = f"{len(rows):,} {more}number{'' if len(rows) == 1 else 's'} of {analyte!r} without a unit ({places})"
    line, commented = _place(mapping.text, entry)
    own = 'Write it under this entry, such as unit = "IU/mL"'
    advice = "Take away what stands before it, and write the unit" if commented else own
    return Problem(
        mapping.file, line, f"labs.{entry.position + 1}.unit", count, "the unit that the laboratory prints",
        f"{advice}, if all of them are in one; a number without a unit has no meaning", counted="line",
    )  # fmt: skip


def _place(text: str, entry: Entry) -> tuple[int | None, bool]:
    """Return the line of an entry that waits for its unit, else its first one; and whether it waits as a comment."""
    first = line_of(text, (entry.section, entry.position))
    if first is None:
        return None, False
    for number, line in enumerate(text.splitlines()[first:], start=first + 1):
        if _HEADER.match(line) and not line.lstrip().startswith(f"[{entry.section}."):
            break
        if _ASKED.match(line):
            return number, True
    return first, False
