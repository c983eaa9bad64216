"""The labs table: one row for each result, from sheets with visits as columns and from sheets of one row per result."""

from __future__ import annotations

import numpy as np
import pandas as pd

from relapse_model.arrays import Floats, Mask
from relapse_model.cohort.laboratory.lab_texts import read_lab_texts
from relapse_model.cohort.readers.label_words import plain_words
from relapse_model.cohort.readers.made_table import MadeTable
from relapse_model.cohort.readers.second_statements import COMPARATORS, plain_sign
from relapse_model.cohort.readers.source_mapping import Entry
from relapse_model.cohort.readers.spreadsheets.beside_values import other_units
from relapse_model.cohort.readers.spreadsheets.made_rows import MadeRows
from relapse_model.cohort.readers.spreadsheets.parts import (
    Part,
    constant,
    parts_of,
    place_of,
    refused_rows,
    week_of_visit,
)
from relapse_model.cohort.readers.spreadsheets.patients import STRANGERS
from relapse_model.cohort.readers.spreadsheets.reading import Cells, Reading
from relapse_model.cohort.readers.spreadsheets.sources import in_mapping
from relapse_model.cohort.readers.spreadsheets.table import VISIT
from relapse_model.cohort.readers.spreadsheets.visit_order import order_note, out_of_order
from relapse_model.cohort.readers.visit_weeks import is_visit, week_said, weeks_said
from relapse_model.cohort.reading_report import LeftOut, NotMapped, SourceReading
from relapse_model.study.names import NameTable

_EQUAL = {"≤": "<=", "≥": ">="}
COLUMNS = ("patient_id", "analyte", "value", "unit")


def read_results(reading: Reading, names: NameTable | None, enrolled: dict[str, str]) -> MadeTable:
    """Make the labs table of all ``[[labs]]``.

    Parameters
    ----------
    reading : Reading
    names : NameTable or None
        Of the analytes of the study.
    enrolled : dict of str to str
        Dates of enrolment.
    """
    made = MadeRows(COLUMNS)
    for entry in reading.mapping.labs:
        if _complete(reading, entry):
            _read_entry(reading, entry, names, made)
    table = made.table(enrolled)
    if "date" not in table.rows and "day" not in table.rows and "week" not in table.rows:
        table.rows["week"] = ""
    return table


def _complete(reading: Reading, entry: Entry) -> bool:
    lacking = [key for key in ("analyte", "value") if key not in entry.fields and key not in entry.constants]
    for key in lacking:
        expected = f'{key} = "..."'
        reading.refuse(in_mapping(reading.mapping, place_of(entry), f"no {key!r}", expected))
    if "form" in entry.options:
        place = (*place_of(entry), "form")
        reading.refuse(in_mapping(reading.mapping, place, "form", "none: it is for histories of treatment"))
    return not lacking


def _read_entry(reading: Reading, entry: Entry, names: NameTable | None, made: MadeRows) -> None:
    table, ids = reading.tables[entry.source], reading.patients_of(entry.source)
    counts = {STRANGERS: 0, "of other rows, by when": 0, "of a test that the mapping does not name": 0}
    counts |= {"empty": 0, "a code for no value": 0, "refused": 0}
    came = used = 0
    parts = list(parts_of(reading, entry))
    _note_order(reading, entry, parts)
    for part in parts:
        if "value" not in part.columns:
            return  # there is a problem of it
        value = part.columns["value"]
        analyte, other = _analytes(reading, entry, part, names)
        refused = refused_rows(part) | (other_units(reading, entry, part, "value") & ~other)
        steps = (part.strangers, ~part.chosen, other, refused, value.missing, (value.values == "").to_numpy())
        left = np.zeros(len(table), dtype=bool)
        for mask, key in zip(steps, (*list(counts)[:3], "refused", "a code for no value", "empty"), strict=True):
            counts[key] += int((mask & ~left).sum())
            left |= mask
        came, used = came + len(table), used + int((~left).sum())
        reading.rows_read.setdefault((entry.section, entry.position), {})[part.visit] = ~left
        columns, called = _columns(reading, entry, part, analyte)
        reading.results_read[entry.position, part.visit] = pd.DataFrame(
            {"printed": value.values, **{key: columns[key].astype(str) for key in ("analyte", "value", "unit")}}
        )  # with the comparator, and without
        made.add(
            table,
            {"patient_id": ids, **columns},
            ~left,
            {**called, "patient_id": reading.identifier_name(entry.source)},
            _weeks(reading, entry, part),
        )
    name = entry.fields["value"].name
    wide, title = VISIT in name, f"{table.name}, {name}"
    listed = tuple(LeftOut(why, count) for why, count in counts.items() if count)
    reading.sources.append(SourceReading(title, "cells" if wide else "rows", came, used, listed))


def _weeks(reading: Reading, entry: Entry, part: Part) -> Floats:
    """Return the week that the visit of each row states: the name of its column, or a column of visits."""
    table = reading.tables[entry.source]
    named = {plain_words(name): week for name, week in reading.mapping.time.visits.items()}
    if part.visit:
        week = named.get(plain_words(part.visit), week_said(part.columns["value"].name, named))
        return np.full(len(table), week)
    place = next((place for place, name in enumerate(table.names) if is_visit(name)), None)
    if place is None:
        return np.full(len(table), np.nan)
    return weeks_said(table.column(place, shared=True), named, table.names[place])


def _note_order(reading: Reading, entry: Entry, parts: list[Part]) -> None:
    """Note the rows whose visits are not in order; of date columns that several entries share, once."""
    wrong = np.flatnonzero(out_of_order(parts))
    if len(wrong) and "date" in entry.fields:
        table = reading.tables[entry.source]
        note = order_note(table.name, entry.fields["date"].name, [int(table.rows[row]) for row in wrong])
        if note not in reading.notes:
            reading.notes.append(note)


def _analytes(reading: Reading, entry: Entry, part: Part, names: NameTable | None) -> tuple[pd.Series, Mask]:
    """Return the name of each row's test, and which rows are of a test that the mapping does not name.

    Where the mapping gives meanings, a name without one counts if the study knows it or takes it for a slip of the pen;
    the gate then decides. Others are listed. Where it gives none, a test that the study does not know is listed only if
    a result of it cannot be read: a genotype is no reason to refuse a patient whose other results are sound.
    """
    table = reading.tables[entry.source]
    if "analyte" in entry.constants:
        return constant(entry.constants["analyte"], len(table)), np.zeros(len(table), dtype=bool)
    cells = part.columns["analyte"]
    own = entry.fields["analyte"]
    if not own.values and names is None:
        return cells.values, np.zeros(len(table), dtype=bool)
    named = set(own.values.values())
    codes, printed = pd.factorize(cells.values)
    foreign = [str(one) not in named and not _known(str(one), names) for one in printed]
    other = np.array([*foreign, False], dtype=bool)[codes] & (cells.values != "").to_numpy()
    if not own.values:
        other &= np.isin(codes, codes[other & part.own & _no_result(entry, part)])
    for name, count in cells.values[other & part.own].value_counts().items():
        reading.not_mapped.append(NotMapped(table.name, str(name), cells.name, int(count)))
    return cells.values, np.asarray(other)


def _no_result(entry: Entry, part: Part) -> Mask:
    """Tell which rows hold a text that is no result, or a number without a unit."""
    read = read_lab_texts(part.columns["value"].values)
    wrong = read["kind"] == "unreadable"
    if not entry.constants.get("unit") and not entry.fields["value"].unit:
        bare = (read["kind"] == "number") & (read["unit"] == "")
        wrong |= bare & (part.columns["unit"].values == "") if "unit" in part.columns else bare
    return np.asarray(wrong, dtype=bool)


def _known(name: str, names: NameTable | None) -> bool:
    if names is None:
        return False
    meaning = names.meaning(name)
    return meaning.name is not None or bool(meaning.doubt)


def _columns(
    reading: Reading, entry: Entry, part: Part, analyte: pd.Series
) -> tuple[dict[str, pd.Series], dict[str, str]]:
    """Return the columns of the labs table, and what they are called in the source."""
    rows, value = len(analyte), part.columns["value"]
    columns = {"analyte": analyte, "value": _with_comparator(reading, entry, part, value)}
    called = {"value": value.name}
    for key in ("unit", "assay", "lower_limit", "upper_limit"):
        if key in entry.constants:
            columns[key] = constant(entry.constants[key], rows)
        elif key in part.columns:
            columns[key] = part.columns[key].values
    columns.setdefault("unit", constant(entry.fields["value"].unit, rows))
    times = [key for key in ("date", "day", "week") if key in part.columns]
    for key in times[:1]:
        columns[key] = part.columns[key].values
    if len(times) > 1:
        found = " and ".join(map(repr, times))
        reading.refuse(in_mapping(reading.mapping, place_of(entry), found, "one of them"))
    if not any(key in entry.fields for key in ("date", "day", "week")):
        columns["week"] = constant(week_of_visit(reading, entry, part.visit, "date"), rows)
    called["unit"] = value.name
    called |= {key: cells.name for key, cells in part.columns.items() if key in columns}
    return columns, called


def _with_comparator(reading: Reading, entry: Entry, part: Part, value: Cells) -> pd.Series:
    """Put the comparator before the value, where it stands in a column of its own."""
    if "comparator" not in part.columns:
        return value.values
    sign = part.columns["comparator"]
    plain = sign.values.map(lambda text: plain_sign(text))
    known = plain.isin(["", *COMPARATORS]).to_numpy()
    printed = value.values.str.extract(r"^\s*([<>≤≥＜＞]=?)")[0].fillna("").map(plain_sign)
    agrees = printed.replace(_EQUAL) == plain.replace(_EQUAL)
    twice = ((plain != "") & (printed != "") & ~agrees).to_numpy()
    for row in np.flatnonzero(~known & part.own):
        expected = f"one of {' '.join(COMPARATORS)}, or nothing"
        advice = f'State what its texts mean: comparator = {{ field = "{sign.name}", values = {{ "..." = "<" }} }}'
        reading.cell_problem(entry.source, int(row), sign.name, reading.shown(sign.values[row]), expected, advice)
    for row in np.flatnonzero(twice & known & part.own):
        expected = "one comparator, in one of the two columns or the same in both"
        reading.cell_problem(entry.source, int(row), sign.name, "another comparator than in the value", expected)
    return plain.where((plain != "=") & (printed == ""), "") + value.values
