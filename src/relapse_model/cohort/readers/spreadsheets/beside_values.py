"""What stands beside a value in a column of its own: its comparator, and a unit other than the one stated for it."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from relapse_model.arrays import Mask
from relapse_model.cohort.readers.beside_rows import (
    ADVICE,
    EXPECTED,
    is_note,
    is_of,
    why_not_counted,
    why_not_the_dose,
    words_of,
)
from relapse_model.cohort.readers.made_table import MadeTable
from relapse_model.cohort.readers.second_sex import ADVICE as OTHER_PATIENT
from relapse_model.cohort.readers.second_sex import EXPECTED as EXPECTED_SEX
from relapse_model.cohort.readers.second_sex import is_sex, other_sex
from relapse_model.cohort.readers.second_statements import (
    UNIT_WORD,
    flags_below,
    holds_comparators,
    is_unit_of_other,
    same_unit,
)
from relapse_model.cohort.readers.source_mapping import Entry
from relapse_model.cohort.readers.source_values import is_empty, is_missing
from relapse_model.cohort.readers.spreadsheets.header_words import DOSES, RESULTS, at_visit, bare_name
from relapse_model.cohort.readers.spreadsheets.parts import Part
from relapse_model.cohort.readers.spreadsheets.reading import Reading
from relapse_model.cohort.readers.spreadsheets.table import name_of_column
from relapse_model.cohort.readers.unfinished_notes import notes_on
from relapse_model.cohort.tables.identifiers import identifier_keys
from relapse_model.errors import Problem

_OF = {"value": RESULTS, "dose": DOSES}  # what a column of units may be said to be of


def refuse_unread_comparators(reading: Reading) -> None:
    """Refuse a column of comparators that the mapping does not name: without it, "<" 0.05 is 0.05.

    Parameters
    ----------
    reading : Reading
        After everything was read.
    """
    for source, table in reading.tables.items():
        for place, name in enumerate(table.names):
            texts = table.column(place)
            flag = flags_below([name], texts)
            if place not in reading.used[source] and (flag or holds_comparators(texts)):
                found = f"{'what is below its limit' if flag else 'comparators'}, which the mapping does not read"
                stated = f"{{ field = {name!r}, values = {{ ... }} }}" if flag else repr(name)
                expected = f"comparator = {stated} in an entry"
                advice = "Name it beside the value that it belongs to; take it out if that value is not read"
                reading.refuse(Problem(table.name, None, name, found, expected, advice))


def refuse_taken_back(reading: Reading) -> None:
    """Refuse results and courses beside which a column that is not read says that they do not count.

    Parameters
    ----------
    reading : Reading
        After everything was read.
    """
    mapping, remarks = reading.mapping, dict[tuple[str, int], Mask]()
    for entry in (*mapping.labs, *mapping.treatments):
        table, own = reading.tables[entry.source], _called(entry)
        here = [one for one in (*mapping.labs, *mapping.treatments) if one.source == entry.source and one is not entry]
        others = [text for one in here for text in _called(one)]
        for visit, rows in reading.rows_read.get((entry.section, entry.position), {}).items():
            for place, name in enumerate(table.names):
                rest = at_visit_rest(name, visit)
                if rest is not None and place not in reading.used[entry.source] and is_of([rest], own, others):
                    _refuse_rows(reading, entry, (place, name, rest), rows, own)
                    if entry.section == "labs" and is_note([rest]):
                        remarks[entry.source, place] = rows | remarks.get((entry.source, place), False)
    for (source, place), rows in remarks.items():
        table = reading.tables[source]
        reading.notes += notes_on(f"{table.name}, {table.names[place]}", table.column(place)[rows])


def refuse_other_sexes(reading: Reading, patients: MadeTable) -> None:
    """Refuse rows in which a column of the sex that is not read says the other one than that of the patient.

    Parameters
    ----------
    reading : Reading
        After everything was read.
    patients : MadeTable
    """
    if "sex" not in patients.rows:
        return
    sexes = dict(zip(identifier_keys(patients.rows["patient_id"]), patients.rows["sex"].astype(str), strict=True))
    for source, table in reading.tables.items():
        for place, name in enumerate(table.names):
            if place in reading.used[source] or not is_sex(name):
                continue
            wrong = other_sex(table.column(place), reading.keys[source], sexes)
            for row in np.flatnonzero(wrong & ~reading.strangers(source)).tolist():
                reading.cell_problem(source, row, name, "the other sex", EXPECTED_SEX, OTHER_PATIENT)


def at_visit_rest(name: str, visit: str) -> str | None:
    """Return what a column is called besides its visit, where it is about that one; None where it is not.

    Examples
    --------
    >>> at_visit_rest("W12 ALT not done", "w12"), at_visit_rest("W4 ALT", "12"), at_visit_rest("V0 status", "v0")
    ('ALT not done', None, 'status')
    >>> at_visit_rest("status", ""), at_visit_rest("status", "12")
    ('status', None)
    """
    if not visit:
        return name
    if (found := at_visit(name)) is not None:
        return found.rest if found.visit in re.findall(r"[0-9]+", visit) else None
    plain = name_of_column(name)
    words = re.compile(rf"(?<![^\W_]){re.escape(visit)}(?![^\W_])")
    return words.sub(" ", plain).strip(" _-:：") if words.search(plain) else None


def pattern_of(name: str) -> str:
    """Return the name of a column as a mapping has it, with ``{visit}`` in place of its visit."""
    found = at_visit(name)
    return name if found is None else found.pattern


def _refuse_rows(
    reading: Reading, entry: Entry, column: tuple[int, str, str], rows: Mask, own: list[str]
) -> None:  # fmt: skip
    place, name, rest = column
    table = reading.tables[entry.source]
    codes, texts = pd.factorize(table.column(place))
    why = [why_not_counted(str(text), [rest], entry.section, words_of(own)) for text in texts]
    if "dose" in entry.fields:
        why = [one or why_not_the_dose(str(text), [rest]) for one, text in zip(why, texts, strict=True)]
    for row in np.flatnonzero(np.array([bool(one) for one in why], dtype=bool)[codes] & rows).tolist():
        found = f"{reading.shown(texts[codes[row]])} ({why[codes[row]]})"
        pattern = name if rest == name else pattern_of(name)
        reading.cell_problem(entry.source, row, name, found, EXPECTED, ADVICE.format(name=repr(pattern)))


def _called(entry: Entry) -> list[str]:
    """Return what the result or the course of an entry is called."""
    leads = [
        entry.fields[key].name for key in ("value", "start", "start_day", "start_week", "dose") if key in entry.fields
    ]
    return [*leads[:1], *(entry.constants[key] for key in ("analyte", "agent") if key in entry.constants)]


def other_units(reading: Reading, entry: Entry, part: Part, key: str) -> Mask:
    """Refuse values beside which another unit stands than the one that the mapping states for all; return these rows.

    Parameters
    ----------
    reading : Reading
    entry : Entry
    part : Part
        At one visit.
    key : str
        Of the value: ``"value"`` or ``"dose"``.
    """
    table = reading.tables[entry.source]
    wrong = np.zeros(len(table), dtype=bool)
    stated = entry.constants.get("unit") or (entry.fields[key].unit if key in entry.fields else "")
    if key not in part.columns or not stated:
        return wrong
    value = part.columns[key]
    rows = part.own & (value.values != "").to_numpy()
    for place, name in enumerate(table.names):
        if not _is_of(reading, entry, part, key, name):
            continue
        units = table.column(place, shared=True).astype(str).str.strip()
        units = units.mask(is_missing(units, reading.mapping.missing) | is_empty(units), "")
        codes, printed = pd.factorize(units)
        other = np.array([bool(one) and not same_unit(stated, str(one)) for one in printed], dtype=bool)[codes] & rows
        for row in np.flatnonzero(other).tolist():
            expected = f"{stated!r}, which the mapping states for {value.name!r}"
            pattern = pattern_of(name) if part.visit else name
            advice = f"Read the unit from here: unit = {{ field = {pattern!r} }}"
            reading.cell_problem(entry.source, row, name, reading.shown(units[row]), expected, advice)
        wrong |= other
    return wrong


def _is_of(reading: Reading, entry: Entry, part: Part, key: str, name: str) -> bool:
    """Tell whether a column is called one of units, of this value; beside a visit, with the visit or without."""
    at = at_visit_rest(name, part.visit)
    plain = bare_name(name if at is None else at)
    rest = " ".join(UNIT_WORD.sub(" ", plain).split())
    if UNIT_WORD.search(plain) is None or is_unit_of_other(plain):
        return False
    value = part.columns[key].name
    names = {bare_name(value), bare_name(at_visit_rest(value, part.visit) or value)}
    own = names | {entry.constants.get("analyte", ""), entry.constants.get("agent", "")}
    if rest:
        return rest in own or ((not part.visit or at is not None) and rest in _OF[key])
    mapping = reading.mapping
    others = [one for one in (*mapping.labs, *mapping.treatments) if one.source == entry.source]
    return all(one.section == entry.section for one in others) and (not part.visit or len(others) == 1)
