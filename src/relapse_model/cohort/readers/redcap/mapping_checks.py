"""Whether a mapping fits an export: fields, events and instruments that it names, and what it leaves unsaid."""

from __future__ import annotations

import re
from collections.abc import Iterator

from relapse_model.cohort.readers.entry_rows import in_mapping, lacking_keys, mixed_times, place_of
from relapse_model.cohort.readers.redcap.boxes import wrong_boxes
from relapse_model.cohort.readers.redcap.calculated import unsaid_logarithms
from relapse_model.cohort.readers.redcap.dictionary import CODED, why_never_read
from relapse_model.cohort.readers.redcap.event_order import visit_weeks, weeks_against_offsets
from relapse_model.cohort.readers.redcap.export import EVENT, STATUS, Export
from relapse_model.cohort.readers.source_mapping import Entry, Field, SourceMapping
from relapse_model.cohort.tables.columns import TABLES
from relapse_model.errors import Problem
from relapse_model.study.line_numbers import Place

_NAMES_AND_VALUES = ("value", "unit", "analyte", "agent", "comparator", "event", "competing_event")
_WORDS = ("relapse", "event", "competing_event", "analyte", "agent", "comparator", "unit")
_CODE = re.compile(r"\d{1,2}(?:\.0)?")
_DATES = ("date", "start", "end")
_YEAR_LAST = r"\s*\d{1,2}[-/.]\d{1,2}[-/.]\d{4}(?:\s.*)?"


def mapping_problems(mapping: SourceMapping, export: Export) -> Iterator[Problem]:
    """Yield everything for which a mapping cannot be used with an export.

    Parameters
    ----------
    mapping : SourceMapping
    export : Export
    """
    entries = entries_of(mapping)
    yield from _patients(mapping, export)
    yield from mixed_times(mapping)
    for entry in entries:
        yield from lacking_keys(mapping, entry, timed=bool(mapping.time.visits) and entry.section == "labs")
        yield from _not_of_redcap(mapping, entry)
        yield from _events(mapping, export, entry.options.get("events", ()), (*place_of(entry), "events"))
        for key, one in entry.fields.items():
            yield from _field(mapping, export, one, (*place_of(entry), key))
            yield from _meaning(mapping, export, one, (*place_of(entry), key))
            yield from _unsaid(mapping, export, one, (*place_of(entry), key))
        for name in entry.when:
            yield from _field(mapping, export, Field(name), (*place_of(entry), "when"))
    yield from _events(mapping, export, tuple(mapping.time.visits), ("time", "visits"))
    yield from _events(mapping, export, mapping.patients_when.get(EVENT, ()), ("patients", "when"))
    yield from weeks_against_offsets(mapping, export, visit_weeks(export, mapping))
    yield from unsaid_logarithms(export, mapping)
    yield from wrong_boxes(mapping, export)
    yield from _time(mapping, entries)
    yield from _orders_of_dates(mapping, export, entries)
    if mapping.source.get("only_complete"):
        yield from _statuses(mapping, export, entries)


def entries_of(mapping: SourceMapping) -> list[Entry]:
    """Return all entries of a mapping."""
    return [*mapping.labs, *mapping.treatments, *([mapping.outcome] if mapping.outcome else [])]


def _patients(mapping: SourceMapping, export: Export) -> Iterator[Problem]:
    yield from _field(mapping, export, mapping.patient_id, ("patients", "id"), identifier=True)
    columns = [(("patients", column), one) for column, one in mapping.patients.items()]
    columns += [(("patients", "when"), Field(name)) for name in mapping.patients_when]
    columns += [(("time", "zero"), mapping.time.zero)] if mapping.time.zero else []
    for place, one in columns:
        yield from _field(mapping, export, one, place)
        yield from _unsaid(mapping, export, one, place)
        form = export.forms.get(one.name, "")
        if form in export.repeating:
            found = f"{one.name!r} of {form!r}, which repeats"
            yield in_mapping(mapping, place, found, "a field of an instrument that a record has once")


def _field(
    mapping: SourceMapping, export: Export, one: Field, place: Place, *, identifier: bool = False
) -> Iterator[Problem]:
    if one.source:
        yield in_mapping(mapping, place, f"source {one.source!r}", "no source: an export has one file of data")
    if one.name not in export.columns:
        yield in_mapping(mapping, place, f"no field {one.name!r}", "a field of the export", export.nearest(one.name))
        return
    why = why_never_read(one.name, export.definition(one.name))
    if why and not identifier:
        yield in_mapping(mapping, place, f"{one.name!r}, which is {why}", "a field that identifies nobody")
    yield from _events(mapping, export, one.options.get("event", ()), place)


def _events(mapping: SourceMapping, export: Export, names: tuple[str, ...], place: Place) -> Iterator[Problem]:
    if names and EVENT not in export.columns:
        yield in_mapping(mapping, place, "events", f"none: the export has no column {EVENT!r}")
        return
    for name in names:
        if not export.knows_event(name):
            advice = export.nearest(name, export.events)
            yield in_mapping(
                mapping, place, f"no event {name!r}", "a unique event name, with or without its arm", advice
            )


def _meaning(mapping: SourceMapping, export: Export, one: Field, place: Place) -> Iterator[Problem]:
    """Refuse codes for names and results of which nobody says what they mean: 1 may be a result, or "positive"."""
    known = export.definition(one.name)
    if known is None or known.type not in CODED or one.values or place[-1] not in _NAMES_AND_VALUES:
        return
    if all(code == label for code, label in known.choices.items()):
        return
    shown = ", ".join(f'"{code}" = "..."' for code in list(known.choices)[:6])
    advice = f"State it: {place[-1]} = {{ field = {one.name!r}, values = {{ {shown} }} }}"
    yield in_mapping(mapping, place, f"codes of {one.name!r}", "what each of them means", advice.replace("'", '"'))


def is_coded_column(column: str) -> bool:
    """Tell whether a column of the patients table holds words, of which a number may be a code: not an age, a date."""
    rule = TABLES["patients"].get(column)
    return column not in ("patient_id", "centre") and rule is not None and rule.kind in ("flag", "choice", "text")


def _unsaid(mapping: SourceMapping, export: Export, one: Field, place: Place) -> Iterator[Problem]:
    """Refuse codes of which neither a data dictionary nor the mapping says what they mean: 1 may be yes, or no."""
    asked = is_coded_column(str(place[-1])) if place[0] == "patients" else place[-1] in _WORDS
    if not asked or one.values or one.name not in export.columns or "___" in one.name or export.structural(one.name):
        return
    codes = [text for text in export.columns[one.name].astype(str).str.strip().unique() if text]
    if export.definition(one.name) is not None or not codes or not all(_CODE.fullmatch(text) for text in codes):
        return
    shown = ", ".join(f'"{code.removesuffix(".0")}" = "..."' for code in sorted(codes)[:6])
    found = f"codes of {one.name!r}, and no data dictionary"
    advice = f'State it: {place[-1]} = {{ field = "{one.name}", values = {{ {shown} }} }}. Or name the dictionary'
    yield in_mapping(mapping, place, found, "what each of them means", f"{advice} under [source]")


def _not_of_redcap(mapping: SourceMapping, entry: Entry) -> Iterator[Problem]:
    if entry.codes:
        expected = "a field, or when = { ... } for the rows of one test"
        yield in_mapping(mapping, (*place_of(entry), "codes"), "codes", expected)
    if entry.source:
        yield in_mapping(mapping, (*place_of(entry), "source"), f"source {entry.source!r}", "no source")


def _time(mapping: SourceMapping, entries: list[Entry]) -> Iterator[Problem]:
    dated = any(key in _DATES for entry in entries for key in entry.fields)
    if mapping.time.zero and mapping.time.file:
        yield in_mapping(mapping, ("time", "file"), "a file besides zero", "one of them")
    if dated and not mapping.time.zero and not mapping.time.file:
        yield in_mapping(mapping, ("time",), "dates, and no time zero", 'zero = { field = "..." } under [time]',
                         "It is the date of enrolment, from which weeks are counted")  # fmt: skip


def _orders_of_dates(mapping: SourceMapping, export: Export, entries: list[Entry]) -> Iterator[Problem]:
    """Yield a problem for each date that ends with the year and is read in another order than the dictionary's."""
    columns: list[tuple[Place, Field]] = [
        ((*place_of(one), key), at) for one in entries for key, at in one.fields.items() if key in _DATES
    ]
    columns += [(("time", "zero"), mapping.time.zero)] if mapping.time.zero else []
    for name in dict.fromkeys(one.name for _, one in columns if one.name in export.columns):
        known = export.definition(name)
        stated = re.fullmatch(r"date(?:time)?(?:_seconds)?_(?:seconds_)?(dmy|mdy)", known.validation if known else "")
        if stated is None or stated[1] == mapping.time.dates or mapping.time.dates == "ymd":
            continue
        if export.columns[name].str.fullmatch(_YEAR_LAST).any():
            found = f"dates of {name!r} that end with the year, read as {mapping.time.dates!r}"
            expected = f"{stated[1]!r}, as the data dictionary validates them"
            yield in_mapping(mapping, ("time", "dates"), found, expected,
                             "Export it again as raw data: there, dates are YYYY-MM-DD")  # fmt: skip


def _statuses(mapping: SourceMapping, export: Export, entries: list[Entry]) -> Iterator[Problem]:
    columns: list[tuple[Place, Field]] = [
        ((*place_of(one), key), at) for one in entries for key, at in one.fields.items()
    ]
    columns += [(("patients", column), one) for column, one in mapping.patients.items()]
    for place, one in columns:
        if one.name in export.columns and not export.structural(one.name) and export.status(one.name) is None:
            form = export.forms.get(one.name, "")
            found = f"no column {form + STATUS!r}" if form else "no form whose status is known"
            yield in_mapping(mapping, place, found, "the status of the form, since only_complete = true",
                             "Export it, and name the data dictionary")  # fmt: skip
