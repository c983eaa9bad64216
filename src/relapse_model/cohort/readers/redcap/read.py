"""From the export of a REDCap project to a cohort."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from relapse_model.arrays import Mask
from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.gate import Dash, OnProblems
from relapse_model.cohort.readers.entry_rows import OTHER_ROWS, EntryRows, entry_rows, made_of, place_of
from relapse_model.cohort.readers.identifying import MAIL
from relapse_model.cohort.readers.idle_conditions import condition_of, idle_entries, key_of, not_there
from relapse_model.cohort.readers.made_table import MadeTable
from relapse_model.cohort.readers.mapping_file import load_mapping
from relapse_model.cohort.readers.redcap.beside_values import other_units, unread_comparators
from relapse_model.cohort.readers.redcap.decimals import unsure_decimals
from relapse_model.cohort.readers.redcap.dictionary import choices_of_column, why_never_read
from relapse_model.cohort.readers.redcap.event_order import event_weeks, order_notes
from relapse_model.cohort.readers.redcap.export import EVENT, STATUS, Export, file_of
from relapse_model.cohort.readers.redcap.mapping_checks import entries_of, mapping_problems
from relapse_model.cohort.readers.redcap.not_counted import (
    other_relapse_dates,
    other_sexes,
    taken_back,
    unfinished_results,
    zero_doses,
)
from relapse_model.cohort.readers.redcap.people import People, complete, people_of
from relapse_model.cohort.readers.redcap.prepared import Prepared, fields_of, prepared, ready_entry
from relapse_model.cohort.readers.redcap.read_files import read_export
from relapse_model.cohort.readers.redcap.said_in_words import denied_numbers
from relapse_model.cohort.readers.redcap.text_file import REFUSED
from relapse_model.cohort.readers.redcap.unread_births import other_ages
from relapse_model.cohort.readers.source_mapping import Entry, SourceMapping
from relapse_model.cohort.readers.source_table import Fates
from relapse_model.cohort.readers.source_values import meanings_of
from relapse_model.cohort.readers.to_cohort import cohort_of, study_of
from relapse_model.cohort.reading_report import NotMapped, ReadingReport, SourceReading
from relapse_model.errors import Problem, SourceError
from relapse_model.study.study import Study

_MADE = {"labs": "labs", "treatments": "treatments", "outcome": "outcomes"}
_NO_LABS = ("patient_id", "week", "analyte", "value", "unit")
_PHONE = re.compile(r"\+?(?:\(\d{2,5}\)|\d)[\d\s./-]{7,15}\d")
LEFT_OUT, UNTIMED = "of a patient whom the mapping leaves out", "of a patient without time zero"
OTHER_EVENT, INCOMPLETE = "in an event that the mapping does not name", "in a form that is not marked complete"


def read_redcap(
    source: str | Path,
    mapping: SourceMapping | str | Path,
    *,
    study: Study | None = None,
    on_problems: OnProblems = "raise",
    dash: Dash | None = None,
) -> Cohort:
    """Read a REDCap export: raw CSV with its data dictionary, or ODM XML; classic, longitudinal or repeating.

    A field that the dictionary marks as an identifier is never read, nor one that is named like a name or an address.
    What is not used is counted in `Cohort.reading`.

    Parameters
    ----------
    source : str or Path
        The CSV file of the data, an ODM XML file, or a folder with one of them.
    mapping : SourceMapping, str or Path
        A mapping of the kind ``"redcap"``. Files that it names are relative to the folder of the source.
    study : Study, optional
        Default: the one that the mapping names.
    on_problems, dash
        As in `make_cohort`.

    Returns
    -------
    Cohort

    Raises
    ------
    MappingError, SourceError, CohortError
        With every problem, placed in the row of the file where it stands.

    Examples
    --------
    >>> read_redcap("export.csv", "mapping.toml")  # doctest: +SKIP
    Cohort(132 patients, 4,180 labs, 395 treatments)
    """
    known = mapping if isinstance(mapping, SourceMapping) else load_mapping(mapping, "redcap")
    study = study_of(known, study, Path(".") if isinstance(mapping, SourceMapping) else Path(mapping).parent)
    path = Path(source)
    export = read_export(path, known.source)
    named = frozenset(one.name for one in fields_of(known))
    wrong = [*mapping_problems(known, export), *unread_comparators(export, known, named)]
    if wrong:
        raise SourceError(REFUSED, wrong)
    ready = prepared(export, known)
    entries = [ready_entry(entry, export, known, ready) for entry in entries_of(known)]
    people = people_of(export, ready.table, known, file_of(path).parent, dated=_dated(entries))
    taken = [_taken(export, people, known, entry) for entry in entries]
    made = _made(people, taken, known)
    idle = list(idle_entries(known, {(one.entry.section, one.entry.position): one.fitting for one in taken}))
    if wrong := [problem for _, problem in idle if problem is not None]:
        raise SourceError(REFUSED, wrong)
    notes = (*_notes(export, known, ready, people), *_idle_notes(export, known, taken, [one for one, _ in idle]))
    beside = _said_beside(export, known, taken, named, study)
    beside.append(other_relapse_dates(export, made, people.table, named, known))
    notes += tuple(note for _, found in beside for note in found)
    report = ReadingReport(
        "redcap", tuple(_readings(people, taken)), not_mapped=tuple(_not_mapped(export, known)),
        never_read=tuple(_never_read(export, known)), notes=notes,
    )  # fmt: skip
    problems = [*ready.problems, *unsure_decimals(export, known), *people.problems]
    problems += [problem for found, _ in beside for problem in found]
    problems += _of_people(export, people, named, known)
    problems += [problem for one in taken for problem in _of_entry(export, known, one, named)]
    return cohort_of(
        made, report, problems, study=study, mapping=known, labels=_labels(export), choices=_choices(export),
        on_problems=on_problems, dash=dash,
    )  # fmt: skip


def _said_beside(
    export: Export, mapping: SourceMapping, taken: Sequence[_Taken], named: frozenset[str], study: Study | None
) -> list[tuple[list[Problem], list[str]]]:
    """Return the problems and notes of what fields that are not read say of results: in words, and in remarks."""
    found = [denied_numbers(export, mapping, one.entry, one.rows, named, study) for one in taken]
    return [*found, ([], unfinished_results(export, mapping, named, [(one.entry, one.rows.at) for one in taken]))]


def _of_people(
    export: Export, people: People, named: frozenset[str], mapping: SourceMapping
) -> Iterator[Problem]:  # fmt: skip
    """Yield what fields that are not read say of patients against what is read."""
    yield from other_sexes(export, people.patients, people.table, named)
    yield from other_ages(export, people.patients, people.table, mapping)


def _dated(entries: Iterable[Entry]) -> bool:
    return any(key in ("date", "start", "end") for entry in entries for key in entry.fields)


def _labels(export: Export) -> dict[str, tuple[str, ...]]:
    """Return the label and the note of each field."""
    known = {name: export.definition(name) for name in export.columns}
    return {name: (one.label, one.note) for name, one in known.items() if one is not None}


def _choices(export: Export) -> dict[str, dict[str, str]]:
    """Return the labels of codes by column, of the columns that have some."""
    known = {name: choices_of_column(name, export.definition(name)) for name in export.columns}
    return {name: labels for name, labels in known.items() if labels}


@dataclass(frozen=True, slots=True, eq=False)
class _Taken:
    """What one entry took, and the account of the cells in which its value stands."""

    entry: Entry
    rows: EntryRows
    reading: SourceReading
    fitting: int  # rows of the export that fit its condition


def _of_entry(export: Export, mapping: SourceMapping, one: _Taken, named: frozenset[str]) -> Iterator[Problem]:
    """Yield the problems of what an entry took, by itself and by the fields beside it."""
    yield from one.rows.problems
    yield from other_units(export, mapping, one.entry, one.rows.at, named)
    yield from zero_doses(export, one.entry, one.rows)
    yield from taken_back(export, mapping, one.entry, one.rows.at, named)


def _taken(export: Export, people: People, mapping: SourceMapping, entry: Entry) -> _Taken:
    table = people.table
    lead = next(
        iter(
            entry.fields[key]
            for key in ("value", "start", "relapse", "event", "dose", *entry.fields)
            if key in entry.fields
        )
    )
    events = entry.options.get("events", ())
    outside: dict[str, Mask] = {LEFT_OUT: ~people.cohort, UNTIMED: ~people.timed}
    if events:
        outside[OTHER_EVENT] = ~export.in_events(events)
    for name, wanted in entry.when.items():
        fits = meanings_of(table.columns[name], dict.fromkeys(wanted, "1")).values == "1"
        outside[OTHER_ROWS] = outside.get(OTHER_ROWS, False) | ~fits.to_numpy()
    fitting = int((~outside.get(OTHER_ROWS, np.zeros(len(table), dtype=bool))).sum())
    outside[INCOMPLETE] = ~complete(export, lead.name, mapping)
    rows = entry_rows(table, entry, mapping, ~np.any(list(outside.values()), axis=0))
    fates = Fates(len(table))
    fates.use(np.isin(np.arange(len(table)), rows.at))
    for reason, these in (outside | dict(rows.left)).items():
        fates.leave(these, reason)
    what = next(iter(entry.constants.get(key, "") for key in ("analyte", "agent") if key in entry.constants), "")
    source = f"{table.name}, {lead.name}{f' ({what})' if what else ''}"
    return _Taken(entry, rows, fates.reading(source, table.number, "", "cells", rows.filled), fitting)


def _made(people: People, taken: list[_Taken], mapping: SourceMapping) -> dict[str, MadeTable]:
    made = {"patients": people.patients}
    for section, name in _MADE.items():
        table = made_of([one.rows for one in taken if one.entry.section == section])
        if table is not None:
            made[name] = table
    events = people.table.columns.get(EVENT)
    if "labs" in made:
        at = np.concatenate([one.rows.at for one in taken if one.entry.section == "labs"])
        visit = None if events is None else events.to_numpy(dtype=object)[at]
        made["labs"] = replace(made["labs"], visit=visit, visit_week=event_weeks(people.table, mapping)[at])
    if "labs" not in made:
        made["labs"] = MadeTable(pd.DataFrame({name: pd.Series(dtype=object) for name in _NO_LABS}), people.table.name)
    return made


def _readings(people: People, taken: list[_Taken]) -> Iterator[SourceReading]:
    table = people.table
    fates = Fates(len(table))
    fates.use(people.used)
    for one in taken:
        fates.use(np.isin(np.arange(len(table)), one.rows.at))
    fates.leave(~people.cohort, LEFT_OUT)
    yield fates.reading(table.name, table.number, "without anything that the mapping names and that is used", "rows")
    yield from (one.reading for one in taken)


def _not_mapped(export: Export, mapping: SourceMapping) -> Iterator[NotMapped]:
    named = {one.name for one in fields_of(mapping)}
    for name, texts in export.columns.items():
        filled = int((texts != "").sum())
        known = export.definition(name)
        own = export.structural(name) or name.endswith((STATUS, "_timestamp"))
        if filled and name not in named and not own and not why_never_read(name, known):
            yield NotMapped(export.table.name, name, known.label if known else "", filled)


def _never_read(export: Export, mapping: SourceMapping) -> Iterator[str]:
    for name in export.columns:
        why = why_never_read(name, export.definition(name))
        if why and name != mapping.patient_id.name:
            yield f"{name} ({why})"


def _notes(export: Export, mapping: SourceMapping, ready: Prepared, people: People) -> Iterator[str]:
    yield from ready.notes
    yield from people.notes
    yield from order_notes(mapping, export, people.table)
    named = {one.name for one in fields_of(mapping)}
    for form in dict.fromkeys(export.forms.get(one.name, "") for one in fields_of(mapping)):
        status = export.columns.get(form + STATUS)
        if status is None:
            continue
        count = status.str.removesuffix(".0").value_counts()
        if count.get("0", 0) or count.get("1", 0):
            yield (f"form {form}: {count.get('2', 0):,} complete, {count.get('1', 0):,} unverified, "
                   f"{count.get('0', 0):,} incomplete")  # fmt: skip
    for name, texts in export.columns.items():
        if name in named or export.structural(name) or why_never_read(name, export.definition(name)):
            continue
        values = [text for text in texts.unique() if len(text) < 200]
        for what, pattern in (("e-mail addresses", MAIL), ("telephone numbers", _PHONE)):
            found = [text for text in values if pattern.fullmatch(text.strip()) and not _is_date(text)]
            if found:
                yield f"{name}: holds {what}, and is not marked as an identifier in the data dictionary"


def _idle_notes(
    export: Export, mapping: SourceMapping, taken: list[_Taken], idle: list[Entry]
) -> Iterator[str]:  # fmt: skip
    """Yield notes on texts of conditions that stand in no row, and on conditions that no row fits."""
    conditions = [(key_of(place_of(one.entry)), one.entry.when) for one in taken]
    for place, when in [*conditions, ("patients", mapping.patients_when)]:
        for name, wanted in when.items():
            # Events may be named without an arm.
            lacking = not_there(wanted, export.columns[name]) if name != EVENT else []
            if lacking:
                yield f"{place}.when: {', '.join(map(repr, lacking))} stands in no row of {name!r}"
    for entry in idle:
        yield f"{export.table.name}: no row fits when {condition_of(entry)}, so that nothing is read by it"


def _is_date(text: str) -> bool:
    return re.match(r"\s*(\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[./-]\d{1,2}[./-]\d{4})", text) is not None
