"""A REDCap export read from its files, CSV or ODM XML; refused where it is no raw export, or its rows contradict it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from relapse_model.arrays import Mask
from relapse_model.cohort.readers.redcap.dictionary import CODED, FieldDefinition, read_dictionary
from relapse_model.cohort.readers.redcap.export import (
    ARM,
    ARM_OF,
    EVENT,
    INSTANCE,
    REPEAT,
    STATUS,
    Export,
    file_of,
)
from relapse_model.cohort.readers.redcap.odm import Project, read_project
from relapse_model.cohort.readers.redcap.text_file import MAX_BYTES, REFUSED, read_rows, refusal
from relapse_model.cohort.readers.source_table import SourceTable
from relapse_model.errors import Problem, SourceError

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_STATUS_WORDS = frozenset({"complete", "incomplete", "unverified"})
_BOX_WORDS = frozenset({"checked", "unchecked"})
_RAW = "Export it again as raw data (codes), not as labels"


def read_export(source: Path, options: Mapping[str, Any]) -> Export:
    """Read an export with the files that belong to it.

    Parameters
    ----------
    source : Path
        The CSV file of the data, an ODM XML file, or a folder with one of them.
    options : mapping
        Of ``[source]`` in the mapping: ``dictionary`` and ``events`` are relative to the folder of the source.

    Raises
    ------
    SourceError
        If a file cannot be read, or the data are labels instead of codes.
    """
    path = file_of(source)
    limit = options.get("max_bytes", MAX_BYTES)
    if path.suffix.lower() == ".xml":
        export = _of_project(read_project(path, limit), path.name)
    else:
        columns, number = read_rows(path, options)
        fields = read_dictionary(path.parent / options["dictionary"], limit) if "dictionary" in options else {}
        export = _of_columns(columns, number, path.name, fields)
        if "events" in options:
            export = _with_events(export, path.parent / options["events"], limit)
    export = replace(export, repeating=export.repeating | set(options.get("repeating", ())))
    _refuse_labels(export)
    _refuse_unknown(export)
    return export


def _of_columns(
    columns: dict[str, pd.Series], number: np.ndarray[Any, Any], name: str, fields: Mapping[str, FieldDefinition]
) -> Export:
    record = next(iter(fields), next(iter(columns)))
    if record not in columns:
        labels = any(one.label in columns for one in fields.values() if one.label)
        found = "labels instead of field names" if labels else f"no column {record!r}"
        expected = f"the record's identifier, {record!r}, as in the data dictionary"
        raise refusal(name, found, expected, _RAW if labels else "Is it the dictionary of this project?", 1)
    columns = dict(columns)
    if EVENT in columns:
        columns[ARM] = columns[EVENT].str.extract(ARM_OF)[0].fillna("").astype(object)
    table = SourceTable(name, columns, number, columns[record])
    events = tuple(text for text in columns[EVENT].unique() if text) if EVENT in columns else ()
    repeats = frozenset(text for text in columns[REPEAT].unique() if text) if REPEAT in columns else frozenset()
    return Export(table, fields, events, repeats, record)


def _of_project(project: Project, name: str) -> Export:
    if not project.rows:
        raise refusal(name, "no data", "ODM XML with the data of the project", "Export metadata and data")
    record = project.record or next(iter(project.fields), "")
    rows = [{**values, record: key[0], EVENT: key[1], REPEAT: key[2], INSTANCE: key[3]}
            for key, (_, values) in project.rows.items()]  # fmt: skip
    lines = np.array([line for line, _ in project.rows.values()], dtype=np.int64)
    names = [record, EVENT, REPEAT, INSTANCE, *(one.name for one in project.fields.values() if one.name != record)]
    names += sorted({name for row in rows for name in row} - set(names))
    unused = {EVENT: not any(row[EVENT] for row in rows),
              REPEAT: not project.repeating, INSTANCE: not (project.repeating or project.repeating_events)}  # fmt: skip
    columns = {
        name: pd.Series([row.get(name, "") for row in rows], dtype=object) for name in names if not unused.get(name)
    }
    export = _of_columns(columns, lines, name, project.fields)
    return replace(
        export, table=replace(export.table, counted="line"),
        fields={name: one for name, one in project.fields.items() if not name.endswith(STATUS)},
        events=tuple(project.events.values()) or export.events, offsets=project.offsets, listed=bool(project.events),
        repeating=frozenset(form for _, form in project.repeating),
        repeating_events=frozenset(project.repeating_events), record=record, missing=project.missing,
    )  # fmt: skip


def _with_events(export: Export, path: Path, max_bytes: int) -> Export:
    """Add the list of events; refuse one that stands twice."""
    columns, number = read_rows(path, {"max_bytes": max_bytes})
    if "unique_event_name" not in columns:
        raise refusal(path.name, "no column 'unique_event_name'", "the events of the project as REDCap writes them")
    names = columns["unique_event_name"]
    problems = [
        Problem(path.name, int(number[row]), "unique_event_name", f"{names[row]!r} a second time", "each event once")
        for row in np.flatnonzero((names.duplicated() & (names != "")).to_numpy()).tolist()
    ]  # fmt: skip
    if problems:
        raise SourceError(REFUSED, problems)
    offsets = {
        str(name): float(day) for name, day in zip(names, columns.get("day_offset", ()), strict=False)
        if _NUMBER.fullmatch(day.strip())
    }  # fmt: skip
    return replace(export, events=tuple(text for text in names if text), offsets=offsets, listed=True)


def _refuse_labels(export: Export) -> None:
    """Refuse an export of words: it is recognised by words where REDCap writes codes."""
    problems = []
    for name, texts in export.columns.items():
        known = export.definition(name)
        values = {text.strip() for text in texts.unique()} - {""}
        words = {text.casefold() for text in values}
        if name.endswith(STATUS) and words and words <= _STATUS_WORDS:
            found = "words for the status of a form"
        elif "___" in name and words and words <= _BOX_WORDS:
            found = "words for the boxes of a checkbox"
        elif known is not None and known.type in CODED and _are_labels(values, known):
            found = "the labels of its choices"
        else:
            continue
        problems.append(Problem(export.table.name, None, name, found, "their codes", _RAW))
    if problems:
        raise SourceError(REFUSED, problems)


def _are_labels(values: set[str], known: FieldDefinition) -> bool:
    labels = {label for code, label in known.choices.items() if label not in known.choices}
    return bool(values & labels) and values <= labels | {""}


def _entered_twice(records: pd.Series) -> Mask:
    """Tell which rows are of a record that two people entered: with double data entry these are 7--1, 7--2 and 7."""
    known = set(records.unique())
    stems = {one: one[:-3] for one in known if one.endswith(("--1", "--2"))}
    counts = Counter(stems.values())
    twice = {one for one, stem in stems.items() if counts[stem] > 1 or stem in known}
    return records.isin(twice | {stem for stem in stems.values() if stem in known}).to_numpy(dtype=bool)


def _repeated_rows(export: Export) -> Mask:
    """Tell which rows have the record, event, instrument and instance of an earlier one: REDCap writes each once."""
    own = [export.columns[name].str.strip() for name in (EVENT, REPEAT, INSTANCE) if name in export.columns]
    if INSTANCE in export.columns:
        own[-1] = own[-1].str.removesuffix(".0").str.replace(r"^0+(?=\d)", "", regex=True)
    return pd.concat([export.table.keys, *own], axis=1).duplicated().to_numpy(dtype=bool)


def _unlisted_events(export: Export) -> list[Problem]:
    """Return a problem for each event of the data that the project's list lacks: nothing says what or when it is."""
    there = export.columns.get(EVENT, pd.Series(dtype=object))
    unlisted = there[~there.isin(export.events) & (there != "")].value_counts(sort=False)
    expected, advice = "an event of the project's list", "Export the list of events again, with the data"
    return [
        Problem(export.table.name, None, EVENT, f"event {event!r} in {count:,} rows", expected, advice)
        for event, count in unlisted.items()
    ]


def _refuse_unknown(export: Export) -> None:
    """Refuse rows of no record, and instruments of the mapping that the project does not have."""
    nobody = (export.table.keys == "").to_numpy()
    problems = export.table.problems(nobody, export.record, "the record's identifier", found="nothing")
    problems += export.table.problems(
        _entered_twice(export.table.keys), export.record, "one record of each patient",
        "Merge the entries in REDCap, and export the merged records alone", "an entry of a record that has another one",
    )  # fmt: skip
    problems += export.table.problems(
        _repeated_rows(export) & ~nobody, export.record, "each record, event and instance once",
        "Export it again: nothing says which of the rows counts",
        "a second row of one record, event and instance" if EVENT in export.columns or REPEAT in export.columns
        else "a second row of one record",
    )  # fmt: skip
    problems = [replace(problem, patient=None) for problem in problems]
    problems += _unlisted_events(export) if export.listed else []
    instruments = set(export.columns[REPEAT]) if REPEAT in export.columns else set()
    forms = {one.form for one in export.fields.values()} or set(export.forms.values()) | instruments
    problems += [
        Problem(export.table.name, None, REPEAT, f"no instrument {form!r}", "instruments of the project",
                export.nearest(form, forms))
        for form in sorted(export.repeating - forms if forms else ())
    ]  # fmt: skip
    if problems:
        raise SourceError(REFUSED, problems)
