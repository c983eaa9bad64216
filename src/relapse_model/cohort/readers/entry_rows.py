"""Rows that one entry of a mapping takes of a table: texts with their meanings, dates, and why others were left."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from relapse_model.arrays import Mask, Positions
from relapse_model.cohort.readers.field_texts import FieldTexts, read_field
from relapse_model.cohort.readers.made_table import ROW, MadeTable
from relapse_model.cohort.readers.source_mapping import Entry, SourceMapping
from relapse_model.cohort.readers.source_table import REFUSED, SourceTable
from relapse_model.errors import Problem
from relapse_model.study.line_numbers import Place, line_of

TIMES: Mapping[str, tuple[str, ...]] = {
    "labs": ("date", "day", "week"),
    "treatments": ("start", "start_day", "start_week"),
    "outcome": ("date", "day", "week"),
}
"""For each section, the keys of which one says when."""

_COLUMN = {"start": "start_date", "end": "end_date"}  # of the cohort folder, where it is not called like the key
_DATES = ("date", "start", "end")
_STARTS, ENDS = ("start", "start_day", "start_week"), ("end", "end_day", "end_week")
_LEAD = {"labs": ("value",), "treatments": (*_STARTS, "dose", "agent"), "outcome": ("relapse", "event")}
_NAMED = {"labs": ("analyte",), "treatments": ("agent",), "outcome": ()}
_NEEDED = {"labs": ("analyte", "value"), "treatments": ("agent",), "outcome": ("relapse",)}
_INSTEAD = {"relapse": "event"}  # a key that may stand for one that is needed
_COMPARATORS = {
    "": "", "=": "", "<": "<", ">": ">", "<=": "<=", ">=": ">=", "≤": "<=", "≥": ">=", "＜": "<", "＞": ">", "‹": "<",
    "›": ">",
}  # fmt: skip
UNKNOWN_DAY = ("the first day, if it was given", "the last day, or nothing if it goes on")
STATE_DAY = 'If the code means that, state it: { field = "...", values = { "CODE" = "" } }'
MISSING = "with a code for a missing value"
EMPTY = "empty, or not known by the mapping"
OTHER_ROWS = "among the rows that the mapping leaves out (when)"


def leaving_out(column: str, text: str = "...") -> str:
    """Say how the mapping of a reader that knows ``unless`` leaves rows out.

    Examples
    --------
    >>> leaving_out("CMSTDTC", "UNK")
    'leave such rows out: unless = { CMSTDTC = "UNK" } in the entry'
    """
    key = column if re.fullmatch(r"\w+", column, re.ASCII) else f'"{column}"'
    return f'leave such rows out: unless = {{ {key} = "{text}" }} in the entry'


def if_right(column: str) -> str:
    """Say what to do about rows of another name than the one that is read."""
    return f"Correct the name if it is wrong; else {leaving_out(column)}"


@dataclass(frozen=True, slots=True, eq=False)
class EntryRows:
    """What one entry took of one table.

    Attributes
    ----------
    table : SourceTable
    at : array of int
        Positions of the rows taken.
    rows : DataFrame
        In the columns of the cohort folder.
    called : mapping of str to str
        What each column is called in the source.
    filled : array of bool
        Rows of the table in which the value that leads (a result, a start, an outcome) stands.
    left : mapping of str to array of bool
        Rows that were not taken, by the reason.
    problems : list of Problem
    """

    table: SourceTable
    at: Positions
    rows: pd.DataFrame
    called: Mapping[str, str]
    filled: Mask
    left: Mapping[str, Mask] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def place_of(entry: Entry) -> Place:
    """Return the place of an entry in its mapping."""
    return (entry.section,) if entry.section == "outcome" else (entry.section, entry.position)


def in_mapping(mapping: SourceMapping, place: Place, found: str, expected: str, advice: str = "") -> Problem:
    """Return a problem of the mapping, with its line."""
    column = ".".join(str(part + 1) if isinstance(part, int) else part for part in place)
    return Problem(mapping.file, line_of(mapping.text, place), column, found, expected, advice, counted="line")


def lacking_keys(mapping: SourceMapping, entry: Entry, *, timed: bool = False) -> Iterator[Problem]:
    """Yield what an entry does not say and must: what is measured or given, its value, and when.

    Parameters
    ----------
    mapping : SourceMapping
    entry : Entry
    timed : bool
        Whether the reader knows the time without it.
    """
    known = {*entry.constants, *entry.fields}
    for key in _NEEDED[entry.section]:
        if key not in known and _INSTEAD.get(key) not in known:
            instead = f", or {_INSTEAD[key]} = ..." if key in _INSTEAD else ""
            yield in_mapping(mapping, place_of(entry), f"key {key!r} is missing", f"{key} = ...{instead}")
    times = TIMES[entry.section]
    given = [key for key in times if key in entry.fields]
    if len(given) > 1 or (not given and not timed):
        found = f"{' and '.join(given)}" if given else "no time"
        yield in_mapping(mapping, place_of(entry), found, f"one of {', '.join(times)}")


def mixed_times(mapping: SourceMapping) -> Iterator[Problem]:
    """Yield a problem for each section of which some entries give dates and others days or weeks."""
    for section, entries in (("labs", mapping.labs), ("treatments", mapping.treatments)):
        kinds = [next((key for key in TIMES[section] if key in entry.fields), None) for entry in entries]
        known = [*(kind for kind in kinds if kind is not None), None]
        for entry, kind in zip(entries, kinds, strict=True):
            if kind != known[0]:
                yield in_mapping(mapping, place_of(entry), kind or "no time", f"{known[0]}, as in the entry before",
                                 "All entries of a section tell the time in one way")  # fmt: skip


def entry_rows(
    table: SourceTable, entry: Entry, mapping: SourceMapping, chosen: Mask, *, every: bool = False
) -> EntryRows:  # fmt: skip
    """Take the rows of an entry: those chosen in which the value that leads is filled.

    A course of which the start is not known is a course: its row is taken, and refused, and not left out as if nothing
    had been given.

    Parameters
    ----------
    table : SourceTable
        With every column that the entry names.
    entry : Entry
        Sound: see `lacking_keys`.
    mapping : SourceMapping
    chosen : array of bool
        Rows that it is about.
    every : bool
        Whether each of them is something that happened, whatever is filled.

    Returns
    -------
    EntryRows
    """
    read = {
        key: read_field(table.columns[one.name], one, mapping, date=key in _DATES) for key, one in entry.fields.items()
    }
    leads = [key for key in _LEAD[entry.section] if key in read]
    none = np.zeros(len(table), dtype=bool)
    printed, coded = none.copy(), none.copy()
    for key in leads:
        printed |= (table.columns[entry.fields[key].name] != "").to_numpy()
        coded |= read[key].coded_missing
    filled = none | every
    for key in leads:
        filled |= (read[key].values != "").to_numpy() | read[key].bad | (key in _STARTS) & read[key].coded_missing
    if entry.section == "outcome":
        filled |= _dated_alone(table, entry, mapping, printed)
    filled &= chosen
    problems, refused = _refusals(table, entry, read, filled)
    taken = filled & ~refused
    columns, called = _columns(table, entry, read)
    rows = pd.DataFrame(columns)[taken].reset_index(drop=True)
    left = {MISSING: chosen & ~filled & coded, EMPTY: chosen & ~filled & ~coded, REFUSED: refused}
    return EntryRows(table, np.flatnonzero(taken), rows, called, printed, left, problems)


def _dated_alone(table: SourceTable, entry: Entry, mapping: SourceMapping, told: Mask) -> Mask:
    """Tell in which rows a date of the outcome stands without the outcome: they are taken, so that they are refused.

    A date that results or courses have as well is that of a visit, and tells of no outcome.
    """
    one = entry.fields.get("date")
    visits = {at.name for other in (*mapping.labs, *mapping.treatments) for at in other.fields.values()}
    if one is None or one.name in visits:
        return np.zeros(len(table), dtype=bool)
    read = read_field(table.columns[one.name], one, mapping, date=True)
    found: Mask = ~told & ((read.values != "").to_numpy() | read.bad)
    return found


def _refusals(
    table: SourceTable, entry: Entry, read: Mapping[str, FieldTexts], filled: Mask
) -> tuple[list[Problem], Mask]:  # fmt: skip
    problems: list[Problem] = []
    refused = np.zeros(len(table), dtype=bool)
    for key, one in read.items():
        name, bad, expected = entry.fields[key].name, one.bad & filled, one.expected
        if key == "comparator":
            signs, expected = one.values.map(_COMPARATORS), "<, <=, >, >= or ="
            bad = (signs.isna().to_numpy() | one.bad) & filled
            printed = _printed_sign(read["value"].values)
            clash = ((printed != "") & (one.values != "") & (signs != printed)).to_numpy() & filled & ~bad
            problems += table.problems(clash, name, "the comparator that is printed with the value")
            refused |= clash
        if key in (*_STARTS, *ENDS):
            unknown = one.coded_missing & filled
            problems += table.problems(unknown, name, UNKNOWN_DAY[key in ENDS], STATE_DAY)
            refused |= unknown
        problems += table.problems(bad, name, expected)
        refused |= bad
    return problems, refused


def _columns(
    table: SourceTable, entry: Entry, read: Mapping[str, FieldTexts]
) -> tuple[dict[str, object], dict[str, str]]:
    columns: dict[str, object] = {"patient_id": table.patient}
    called: dict[str, str] = {}
    for key, one in read.items():
        if key != "comparator":
            name = _COLUMN.get(key, key)
            columns[name], called[name] = one.values, entry.fields[key].name
    for key, constant in entry.constants.items():
        columns[key] = constant
    if "comparator" in read:
        signs = read["comparator"].values.map(_COMPARATORS).fillna("").astype(str)
        values = read["value"].values
        columns["value"] = (signs.mask(_printed_sign(values) != "", "") + values).astype(object)
    lead = entry.fields.get("value") or entry.fields.get("dose")
    if entry.section != "outcome" and lead is not None:
        columns.setdefault("unit", lead.unit)
        called.setdefault("unit", lead.name)
    elif entry.section == "labs":
        columns.setdefault("unit", "")
    return columns, called


def _printed_sign(values: pd.Series) -> pd.Series:
    """Return the comparator with which each text begins; empty where with none."""
    return values.str.extract(r"^\s*([<>＜＞≤≥]=?)")[0].fillna("").map(lambda sign: _COMPARATORS.get(sign, sign))


def made_of(parts: list[EntryRows]) -> MadeTable | None:
    """Put what several entries took into one table of the cohort folder; None where there are no entries.

    Parameters
    ----------
    parts : list of EntryRows
        Of one section.
    """
    if not parts:
        return None
    frame = pd.concat([part.rows for part in parts], ignore_index=True).fillna("").astype(object)
    if len({part.table.name for part in parts}) > 1:
        frame[ROW] = np.arange(len(frame))  # rows of several tables share their numbers
    names = sorted({column for part in parts for column in part.called})
    called = {
        column: np.concatenate([np.full(len(part.at), part.called.get(column, column), dtype=object) for part in parts])
        for column in names
    }
    source = np.concatenate([np.full(len(part.at), part.table.name, dtype=object) for part in parts])
    number = np.concatenate([part.table.number[part.at] for part in parts])
    return MadeTable(frame, source, number, called, parts[0].table.counted)
