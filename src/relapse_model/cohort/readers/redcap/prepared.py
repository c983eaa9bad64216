"""The columns that a mapping names, made ready: decimal commas, boxes left unanswered, values of another event."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from relapse_model.cohort.readers.decimal_signs import WITH_COMMA
from relapse_model.cohort.readers.patient_columns import patient_values, patients_of
from relapse_model.cohort.readers.redcap.boxes import (
    any_box,
    boxes_of,
    contradicting_boxes,
    counted_boxes,
    ticked,
    unknown_boxes,
)
from relapse_model.cohort.readers.redcap.decimals import validated
from relapse_model.cohort.readers.redcap.dictionary import CODED
from relapse_model.cohort.readers.redcap.event_order import visit_weeks
from relapse_model.cohort.readers.redcap.export import Export
from relapse_model.cohort.readers.redcap.mapping_checks import entries_of
from relapse_model.cohort.readers.source_mapping import Entry, Field, SourceMapping
from relapse_model.cohort.readers.source_table import SourceTable
from relapse_model.errors import Problem

_COMMA = re.compile(r"^(\s*[<>≤≥=＜＞]*\s*[+-]?\d+),(\d+(?!\S*[.,\d])\s*\S*\s*)$")
_GROUPED = re.compile(r"\s*[<>≤≥=＜＞]*\s*[+-]?\d{1,3}(?:\.\d{3})+")
_COMPLETE = ("2", "2.0")


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A table with the columns that the mapping names.

    Attributes
    ----------
    table : SourceTable
    problems : list of Problem
    notes : list of str
    """

    table: SourceTable
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def prepared(export: Export, mapping: SourceMapping) -> Prepared:
    """Return the columns as they can be read.

    A number with a decimal comma is written with a point. A box that is not checked says "no" only where another box
    of the question is checked or the form is marked complete; REDCap writes 0 also where nobody has answered.
    Of several boxes that the mapping names for one column, any counts.

    Parameters
    ----------
    export : Export
    mapping : SourceMapping
    """
    columns = dict(export.columns)
    made = Prepared(replace(export.table, columns=columns))
    for name in dict.fromkeys(one.name for one in fields_of(mapping)):
        if "___" in name:
            made.problems.extend(contradicting_boxes(export, name))
            unanswered = _unanswered(export, name) | ticked(export, unknown_boxes(export, name))
            columns[name] = columns[name].mask(unanswered, "")
            if unanswered.any():
                made.notes.append(f"{name}: {int(unanswered.sum()):,} boxes of unanswered questions are not known")
        known = export.definition(name)
        stated = known is not None and known.validation.endswith("comma_decimal")
        if stated or mapping.source.get("decimal") == ",":
            if not validated(export, name):
                grouped = columns[name].str.fullmatch(_GROUPED).to_numpy(dtype=bool)
                made.problems.extend(export.table.problems(
                    grouped, name, *WITH_COMMA
                ))  # fmt: skip
                columns[name] = columns[name].mask(grouped, "")
            columns[name] = columns[name].str.replace(_COMMA, r"\1.\2", regex=True)
    for one in mapping.patients.values():
        if boxes := counted_boxes(one):
            columns[one.name] = any_box(columns, boxes)
    return made


def fields_of(mapping: SourceMapping) -> Iterable[Field]:
    """Yield every field that a mapping names."""
    yield mapping.patient_id
    yield from mapping.patients.values()
    yield from (Field(name) for one in mapping.patients.values() for name in counted_boxes(one) if name != one.name)
    yield from (Field(name) for name in mapping.patients_when)
    if mapping.time.zero is not None:
        yield mapping.time.zero
    for entry in entries_of(mapping):
        yield from entry.fields.values()
        yield from (Field(name) for name in entry.when)


def _unanswered(export: Export, name: str) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    none = ~ticked(export, boxes_of(export, name))
    status = export.status(name)
    finished = np.zeros(len(none), dtype=bool) if status is None else status.isin(_COMPLETE).to_numpy()
    return np.asarray(none & ~finished & (export.columns[name] != "").to_numpy())


def ready_entry(entry: Entry, export: Export, mapping: SourceMapping, made: Prepared) -> Entry:
    """Return an entry whose fields all stand in its own rows: weeks of visits and values of other events are added.

    Parameters
    ----------
    entry : Entry
    export : Export
    mapping : SourceMapping
    made : Prepared
        Columns are added to its table.
    """
    columns: dict[str, pd.Series] = made.table.columns  # type: ignore[assignment]
    fields = {key: with_codes(one, export) for key, one in entry.fields.items()}
    for key, one in fields.items():
        events = one.options.get("event", ())
        if events:
            name = f"{one.name} ({', '.join(events)})"
            if name not in columns:
                patients, _ = patients_of(made.table, np.ones(len(made.table), dtype=bool))
                found = patient_values(made.table, Field(one.name), patients, export.in_events(events), mapping)
                made.problems.extend(found.problems)
                columns[name] = made.table.patient.map(dict(zip(patients, found.values, strict=True))).astype(object)
            fields[key] = replace(one, name=name, options={})
    if entry.section == "labs" and not {"date", "day", "week"} & fields.keys():
        weeks = {event: f"{week:g}" for event, week in visit_weeks(export, mapping).items()}
        fields["week"] = Field("redcap_event_name", weeks)
    return replace(entry, fields=fields)


def with_codes(one: Field, export: Export) -> Field:
    """Let the dictionary's codes be the only values of a coded field of which the mapping names no meanings."""
    known = export.definition(one.name)
    if one.values or known is None or known.type not in CODED or not known.choices:
        return one
    return replace(one, values={code: code for code in known.choices})
