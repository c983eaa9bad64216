"""What else a row of an export says of a result, a course or a patient: that it does not count, or is another's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from relapse_model.arrays import Mask, Positions
from relapse_model.cohort.readers.beside_rows import (
    ADVICE,
    EXPECTED,
    is_note,
    is_of,
    says_ended,
    why_not_counted,
    why_not_the_dose,
    words_of,
)
from relapse_model.cohort.readers.entry_rows import ENDS, EntryRows
from relapse_model.cohort.readers.field_texts import read_field
from relapse_model.cohort.readers.made_table import MadeTable
from relapse_model.cohort.readers.not_found import NO_AMOUNT, no_amount
from relapse_model.cohort.readers.redcap.beside_values import texts_of, unread
from relapse_model.cohort.readers.redcap.dictionary import choices_of_column
from relapse_model.cohort.readers.redcap.export import Export
from relapse_model.cohort.readers.relapse_dates import is_relapse_date, other_relapse_days, without_outcome
from relapse_model.cohort.readers.second_sex import ADVICE as OTHER_PATIENT
from relapse_model.cohort.readers.second_sex import EXPECTED as EXPECTED_SEX
from relapse_model.cohort.readers.second_sex import is_sex, other_sex
from relapse_model.cohort.readers.source_mapping import Entry, Field, SourceMapping
from relapse_model.cohort.readers.source_table import SourceTable
from relapse_model.cohort.readers.unfinished_notes import notes_on
from relapse_model.cohort.tables.identifiers import identifier_keys
from relapse_model.errors import Problem


def taken_back(
    export: Export, mapping: SourceMapping, entry: Entry, rows: Positions, named: frozenset[str]
) -> list[Problem]:  # fmt: skip
    """Return a problem for each result or course of which another field of its form says that it does not count.

    Parameters
    ----------
    export : Export
    mapping : SourceMapping
    entry : Entry
    rows : array of int
        That the entry took.
    named : frozenset of str
        Fields that the mapping names.
    """
    own, others = _own_and_others(export, mapping, entry)
    problems: list[Problem] = []
    for name in unread(export, named) if entry.section in ("labs", "treatments") else []:
        called = names_of(export, name)
        if not _is_beside(export, entry, name, called, own, others):
            continue
        codes, texts = pd.factorize(texts_of(export, name).iloc[rows])
        why = [_why(str(text), name, called, entry.section, own) for text in texts]
        if "dose" in entry.fields:
            why = [one or why_not_the_dose(str(text), called) for one, text in zip(why, texts, strict=True)]
        wrong = rows[np.array([bool(one) for one in why], dtype=bool)[codes]]
        problems += export.table.problems(wrong, name, EXPECTED, ADVICE.format(name=name), texts_of(export, name))
        if entry.section == "treatments":
            over = rows[np.array([says_ended(str(text), called) for text in texts], dtype=bool)[codes]]
            problems += export.table.problems(over[_no_end(export, entry, over)], name, _LAST_DAY, "",
                                              texts_of(export, name))  # fmt: skip
    return problems


def unfinished_results(
    export: Export, mapping: SourceMapping, named: frozenset[str], taken: Iterable[tuple[Entry, Positions]]
) -> list[str]:  # fmt: skip
    """Return notes on fields of remarks, on the form of results that count, which say that these may not be final.

    Parameters
    ----------
    export : Export
    mapping : SourceMapping
    named : frozenset of str
        Fields that the mapping names.
    taken : iterable of (Entry, array of int)
        Entries, with the rows that each took.
    """
    notes: list[str] = []
    results = [(*_own_and_others(export, mapping, one), one, at) for one, at in taken if one.section == "labs"]
    for name in unread(export, named):
        called = names_of(export, name)
        if not is_note(called):
            continue
        rows = [at for own, others, one, at in results if _is_beside(export, one, name, called, own, others)]
        beside = np.unique(np.concatenate([*rows, np.zeros(0, dtype=np.intp)])).astype(np.intp)
        notes += notes_on(f"{export.table.name}, {name}", texts_of(export, name).iloc[beside])
    return notes


def _own_and_others(export: Export, mapping: SourceMapping, entry: Entry) -> tuple[list[str], list[str]]:
    """Return what an entry's result, or course, is called, and what those of the other entries are."""
    entries = mapping.labs if entry.section == "labs" else mapping.treatments
    others = [text for one in entries if one.position != entry.position for text in _called(export, one)]
    return _called(export, entry), others


def _is_beside(
    export: Export, entry: Entry, name: str, called: list[str], own: list[str], others: list[str]
) -> bool:  # fmt: skip
    """Tell whether a field is about what an entry reads: of its form, or by its name, and not called by another one."""
    by_name = bool(words_of([name.partition("___")[0]]) & words_of(own) - words_of(others))
    return (export.forms.get(name) == export.forms.get(_lead(entry)) or by_name) and is_of(called, own, others)


def other_sexes(export: Export, patients: MadeTable, table: SourceTable, named: frozenset[str]) -> list[Problem]:
    """Return a problem for each row in which a field of the sex that is not read says another than the patient's.

    Parameters
    ----------
    export : Export
    patients : MadeTable
    table : SourceTable
        Under the patients' identifiers.
    named : frozenset of str
        Fields that the mapping names.
    """
    if "sex" not in patients.rows:
        return []
    sexes = dict(zip(identifier_keys(patients.rows["patient_id"]), patients.rows["sex"].astype(str), strict=True))
    problems: list[Problem] = []
    for name in unread(export, named):
        known = export.definition(name)
        if is_sex(name) or (known is not None and is_sex(known.label)):
            wrong = other_sex(texts_of(export, name), table.keys, sexes)
            problems += table.problems(wrong, name, EXPECTED_SEX, OTHER_PATIENT, found="the other sex")
    return problems


def other_relapse_dates(
    export: Export, made: Mapping[str, MadeTable], table: SourceTable, named: frozenset[str], mapping: SourceMapping
) -> tuple[list[Problem], list[str]]:
    """Return a problem for each outcome whose day is not the one of a field of the day of relapse that is not read.

    Parameters
    ----------
    export : Export
    made : mapping of str to MadeTable
    table : SourceTable
        Under the patients' identifiers.
    named : frozenset of str
        Fields that the mapping names.
    mapping : SourceMapping
    """
    problems: list[Problem] = []
    notes: list[str] = []
    for name in unread(export, named) if "outcomes" in made else []:
        if is_relapse_date(called_as(export, name)):
            days = read_field(export.columns[name], Field(name), mapping, date=True)
            found, alone = other_relapse_days(made, name, table.keys, days.values.mask(days.bad, ""))
            problems += found
            notes += without_outcome(table.name, name, alone)
    return problems, notes


def zero_doses(export: Export, entry: Entry, rows: EntryRows) -> list[Problem]:
    """Return a problem for each course with a dose of 0.

    Parameters
    ----------
    export : Export
    entry : Entry
    rows : EntryRows
        That the entry took.
    """
    if entry.section != "treatments" or "dose" not in entry.fields:
        return []
    zero = rows.at[no_amount(rows.rows["dose"], entry.constants.get("agent", ""))]
    return export.table.problems(zero, entry.fields["dose"].name, "an amount that was given", NO_AMOUNT)


_LAST_DAY = "the last day of a course that is over"


def _no_end(export: Export, entry: Entry, rows: Positions) -> Mask:
    """Tell in which rows a course has no last day."""
    ends = [entry.fields[key].name for key in ENDS if key in entry.fields]
    texts = [(export.columns[name].iloc[rows].str.strip() == "").to_numpy() for name in ends if name in export.columns]
    none: Mask = np.all(texts, axis=0) if texts else np.full(len(rows), "dose" not in entry.fields)
    return none


def _lead(entry: Entry) -> str:
    keys = ("value",) if entry.section == "labs" else ("start", "start_day", "start_week", "dose", "agent")
    return next((entry.fields[key].name for key in keys if key in entry.fields), "")


def _called(export: Export, entry: Entry) -> list[str]:
    """Return what the result or the course of an entry is called."""
    constants = [entry.constants[key] for key in ("analyte", "agent") if key in entry.constants]
    return [*called_as(export, _lead(entry)), *constants]


def called_as(export: Export, name: str) -> list[str]:
    """Return the name of a field, and its label."""
    known = export.definition(name)
    return [name, known.label if known else ""]


def names_of(export: Export, name: str) -> list[str]:
    """Return the name of a field, its label, and what its box means."""
    known = export.definition(name)
    box = choices_of_column(name, known).get("1", "") if "___" in name else ""
    return [name.partition("___")[0], known.label if known else "", box]


def _why(text: str, name: str, called: list[str], section: str, own: list[str]) -> str:
    if "___" in name and text.removesuffix(".0") != "1":
        return ""  # a box that is not checked says nothing
    return why_not_counted(text, called, section, words_of(own))
