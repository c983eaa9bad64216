"""The treatments and outcomes tables: courses and doses in columns, histories written as text, adjudicated outcomes."""

from __future__ import annotations

import numpy as np
import pandas as pd

from relapse_model.arrays import Mask
from relapse_model.cohort.readers.entry_rows import ENDS, UNKNOWN_DAY
from relapse_model.cohort.readers.made_table import MadeTable
from relapse_model.cohort.readers.not_found import NO_AMOUNT, no_amount
from relapse_model.cohort.readers.source_dates import Order
from relapse_model.cohort.readers.source_mapping import Entry
from relapse_model.cohort.readers.spreadsheets.beside_values import other_units
from relapse_model.cohort.readers.spreadsheets.courses import SEPARATORS, Course, entries_of, read_history
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
from relapse_model.cohort.reading_report import LeftOut, SourceReading
from relapse_model.study.names import NameTable

_TIMES = {"start": "start_date", "end": "end_date", "start_day": "start_day", "end_day": "end_day"}
_TIMES |= {"start_week": "start_week", "end_week": "end_week"}
_STARTS = ("start", "start_day", "start_week")
_COURSE = ("agent", "start_date", "end_date", "dose", "unit")


def read_treatments(reading: Reading, names: NameTable | None, enrolled: dict[str, str]) -> MadeTable | None:
    """Make the treatments table of all ``[[treatments]]``; None if there are none, since then nothing is known.

    Parameters
    ----------
    reading : Reading
    names : NameTable or None
        Of the agents of the study.
    enrolled : dict of str to str
        Dates of enrolment.
    """
    if not reading.mapping.treatments:
        return None
    made = MadeRows(("patient_id", "agent"))
    for entry in reading.mapping.treatments:
        if "agent" not in entry.fields and "agent" not in entry.constants:
            reading.refuse(in_mapping(reading.mapping, place_of(entry), "no 'agent'", 'agent = "..."'))
        elif entry.options.get("form") == "courses":
            _read_histories(reading, entry, names, made)
        else:
            _read_entry(reading, entry, made)
    table = made.table(enrolled)
    if not {"start_date", "start_day", "start_week"} & set(table.rows):
        table.rows["start_week"] = ""
    return table


def _read_entry(reading: Reading, entry: Entry, made: MadeRows) -> None:
    table, ids = reading.tables[entry.source], reading.patients_of(entry.source)
    came = used = other = refused = strangers = 0
    for part in parts_of(reading, entry):
        filled = _filled(part, table_rows=len(table), always="agent" in entry.fields)
        filled, unknown = _unknown_days(reading, entry, part, filled)
        wrong = other_units(reading, entry, part, "dose") | _no_amount(reading, entry, part)
        bad = (refused_rows(part) | unknown | wrong) & part.own
        kept = part.own & filled & ~bad
        reading.rows_read.setdefault((entry.section, entry.position), {})[part.visit] = kept
        came, used = came + len(table), used + int(kept.sum())
        strangers += int(part.strangers.sum())
        other, refused = other + int((~part.chosen & ~part.strangers).sum()), refused + int(bad.sum())
        columns = {"agent": constant(entry.constants.get("agent", ""), len(table))}
        columns |= {_TIMES.get(key, key): cells.values for key, cells in part.columns.items()}
        if "unit" in entry.constants or ("dose" in entry.fields and entry.fields["dose"].unit):
            columns["unit"] = constant(entry.constants.get("unit") or entry.fields["dose"].unit, len(table))
        if not any(key in entry.fields for key in _STARTS):
            columns["start_week"] = constant(week_of_visit(reading, entry, part.visit, "start"), len(table))
        called = {_TIMES.get(key, key): cells.name for key, cells in part.columns.items()}
        called["patient_id"] = reading.identifier_name(entry.source)
        made.add(table, {"patient_id": ids, **columns}, kept, called)
    counts = {STRANGERS: strangers, "of other rows, by when": other, "refused": refused}
    counts["empty"] = came - used - sum(counts.values())
    listed = tuple(LeftOut(why, count) for why, count in counts.items() if count)
    what = entry.constants.get("agent") or entry.fields["agent"].name
    reading.sources.append(SourceReading(f"{table.name}, {what}", "rows", came, used, listed))


def _unknown_days(reading: Reading, entry: Entry, part: Part, filled: Mask) -> tuple[Mask, Mask]:
    """Refuse days of courses that hold a code for "no value"; return which rows record a treatment, and these.

    A first day that is not known is not that of a treatment that was not given, and a last day that is not known is not
    that of one that goes on.
    """
    coded = {key: part.columns[key].missing for key in (*_STARTS, *ENDS) if key in part.columns}
    there = np.logical_or.reduce([filled, *(mask for key, mask in coded.items() if key in _STARTS)])
    unknown = np.zeros(len(filled), dtype=bool)
    for key, mask in coded.items():
        rows = mask & there & part.own
        unknown |= rows
        for row in np.flatnonzero(rows).tolist():
            name, expected = part.columns[key].name, UNKNOWN_DAY[key in ENDS]
            reading.cell_problem(entry.source, row, name, "a code for no value", expected)
    return there, unknown


def _no_amount(reading: Reading, entry: Entry, part: Part) -> Mask:
    """Refuse doses of 0: whether nothing was given, or nobody knows how much, they do not say; return these rows."""
    dose = part.columns.get("dose")
    if dose is None:
        return np.zeros(len(part.chosen), dtype=bool)
    zero: Mask = no_amount(dose.values, entry.constants.get("agent", "")) & part.own
    for row in np.flatnonzero(zero).tolist():
        shown = reading.shown(dose.values.iloc[row])
        reading.cell_problem(entry.source, row, dose.name, shown, "an amount that was given", NO_AMOUNT)
    return zero


def _filled(part: Part, *, table_rows: int, always: bool) -> Mask:
    """Tell which rows record a treatment: any of its cells is filled; where the agent is one, that."""
    keys = ["agent"] if always else [key for key in part.columns if key not in ("agent", "unit")]
    filled = [(part.columns[key].values != "").to_numpy() for key in keys if key in part.columns]
    return np.logical_or.reduce(filled) if filled else part.chosen.copy() & (table_rows > 0)


def _read_histories(reading: Reading, entry: Entry, names: NameTable | None, made: MadeRows) -> None:
    """Read a column of histories; one that does not parse entirely is refused, none is read in part."""
    place = place_of(entry)
    if names is None or "agent" not in entry.fields or len(entry.fields) > 1:
        what = "histories without a study" if names is None else "other keys beside the column of histories"
        expected = (
            "a study, whose names of agents the histories are read by" if names is None else 'agent = { field = "..." }'
        )
        reading.refuse(in_mapping(reading.mapping, (*place, "form"), what, expected))
        return
    table, ids = reading.tables[entry.source], reading.patients_of(entry.source)
    separators = entry.options.get("separator", SEPARATORS)
    for part in parts_of(reading, entry):
        if "agent" not in part.columns:
            return
        cells = part.columns["agent"]
        read, refused = _histories(reading, entry, cells, part.own, names)
        rows = [row for row, courses in read.items() for _ in courses]
        listed = [course for courses in read.values() for course in courses]
        place_in = np.array(rows, dtype=np.intp)
        columns = {
            key: pd.Series([getattr(one, key.removesuffix("_date")) for one in listed], dtype=object) for key in _COURSE
        }
        columns["patient_id"] = pd.Series(ids.to_numpy()[place_in], dtype=object)
        called = {**dict.fromkeys(columns, cells.name), "patient_id": reading.identifier_name(entry.source)}
        made.add_rows(table, columns, place_in, called)
        came = cells.values.map(lambda text: len(entries_of(str(text), separators)))
        total, none = int(came.sum()), sum(1 for courses in read.values() if not courses)
        others, own = int(came[part.strangers].sum()), int(came[part.own].sum())
        counts = {STRANGERS: others, "of other rows, by when": total - others - own}
        counts |= {"of histories that were refused": own - len(listed) - none, "that say that nothing was given": none}
        sums = tuple(LeftOut(why, count) for why, count in counts.items() if count)
        reading.sources.append(SourceReading(f"{table.name}, {cells.name}", "entries", total, len(listed), sums))
        _notes(reading, entry, cells, listed, refused)


def _histories(
    reading: Reading, entry: Entry, cells: Cells, chosen: Mask, names: NameTable
) -> tuple[dict[int, list[Course]], Mask]:
    """Return the courses of each row whose history parses; refuse the others, each text read once."""
    order: Order = reading.mapping.time.dates  # type: ignore[assignment]
    separators, empty = entry.options.get("separator", SEPARATORS), entry.options.get("empty", "refuse")
    codes, printed = pd.factorize(cells.values)
    known = [read_history(str(text), names, order, separators) for text in printed]
    read: dict[int, list[Course]] = {}
    refused = np.zeros(len(codes), dtype=bool)
    for row in np.flatnonzero(chosen & ~cells.refused):
        found, text = known[codes[row]], str(printed[codes[row]])
        if isinstance(found, list) and (text or empty == "none"):
            if text:
                read[int(row)] = found
            continue
        refused[row] = True
        what, expected, advice = _what_is_wrong(found, cells.missing[row])
        reading.cell_problem(entry.source, int(row), cells.name, what, expected, advice)
    return read, refused


def _what_is_wrong(found: list[Course] | tuple[int, str], missing: bool) -> tuple[str, str, str]:
    if isinstance(found, tuple):
        expected = (
            "AGENT DOSE MANNER FIRST-DAY-LAST-DAY, such as 'ETV 0.5mg qd 2022.01.05-2023.02.01', and nothing else"
        )
        return f"entry {found[0]}: {found[1]}", expected, "A name the study lacks goes under its [agents]"
    what = "a code for no value" if missing else "nothing"
    advice = 'Write 无 (none) where nothing was given, or state empty = "none" in the mapping'
    return what, "a history: no course in the table means that none was given", advice


def _notes(reading: Reading, entry: Entry, cells: Cells, listed: list[Course], refused: Mask) -> None:
    name = f"{reading.tables[entry.source].name}, {cells.name}"
    empty = int(((cells.values == "").to_numpy() & ~refused & ~cells.refused).sum())
    if empty:
        reading.notes.append(f"{name}: {empty:,} empty cells count as no treatment, as the mapping says")
    longer = sum(1 for one in listed if one.start != one.end)
    if longer:
        reading.notes.append(
            f"{name}: of {longer:,} courses of more than a day, the printed dose is that of each time and is not read"
        )


def read_outcomes(reading: Reading, enrolled: dict[str, str]) -> MadeTable | None:
    """Make the outcomes table of ``[outcome]``; None if there is none.

    Parameters
    ----------
    reading : Reading
    enrolled : dict of str to str
        Dates of enrolment.
    """
    entry = reading.mapping.outcome
    if entry is None:
        return None
    place = place_of(entry)
    times = [key for key in ("date", "day", "week") if key in entry.fields]
    told = [key for key in ("relapse", "event") if key in entry.fields]
    if not told or len(times) != 1:
        expected = "relapse or event = { field = ... }, and one of date, day, week"
        reading.refuse(in_mapping(reading.mapping, place, ", ".join(entry.fields) or "nothing", expected))
        return None
    made = MadeRows(("patient_id", *told, times[0]))
    table, ids = reading.tables[entry.source], reading.patients_of(entry.source)
    for part in parts_of(reading, entry):
        if set(part.columns) != set(entry.fields):
            return None
        bad = refused_rows(part) & part.own
        empty = np.all([(part.columns[key].values == "").to_numpy() for key in (*told, times[0])], axis=0)
        kept = part.own & ~bad & ~empty
        columns = {key: cells.values for key, cells in part.columns.items()}
        called = {"patient_id": reading.identifier_name(entry.source)}
        made.add(
            table, {"patient_id": ids, **columns}, kept, called | {key: one.name for key, one in part.columns.items()}
        )
        masks = {STRANGERS: part.strangers, "of other rows, by when": ~part.chosen & ~part.strangers}
        masks |= {"refused": bad, "empty": part.own & ~bad & empty}
        listed = tuple(LeftOut(why, int(mask.sum())) for why, mask in masks.items() if mask.any())
        reading.sources.append(SourceReading(f"{table.name}, outcome", "rows", len(table), int(kept.sum()), listed))
    return made.table(enrolled)
