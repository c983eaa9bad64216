"""Rows that one entry of a mapping makes of a table: once, or once for each visit that its pattern finds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from relapse_model.arrays import Mask
from relapse_model.cohort.readers.source_mapping import Entry, Field
from relapse_model.cohort.readers.spreadsheets.header_words import WORD_VISIT, at_visit
from relapse_model.cohort.readers.spreadsheets.patients import matching
from relapse_model.cohort.readers.spreadsheets.reading import Cells, Reading
from relapse_model.cohort.readers.spreadsheets.sources import in_mapping
from relapse_model.cohort.readers.spreadsheets.table import VISIT, Table, name_of_column
from relapse_model.errors import Problem
from relapse_model.study.line_numbers import Place

_LEAD = (
    "value",
    "start",
    "start_day",
    "start_week",
    "dose",
    "relapse",
    "event",
    "agent",
)  # whose columns say which visits are
DATED = ("date", "start", "end")
_NUMBERS = (
    "value",
    "dose",
    "lower_limit",
    "upper_limit",
    "day",
    "week",
    "start_day",
    "start_week",
    "end_day",
    "end_week",
)

_WITH_UNIT = r"[0-9][0-9.,]*\s*[^\W\d_][^\d]*"
_IS_VISIT = re.compile(
    r"第?\s?(?:(?:weeks?|wochen?|wk|w|months?|monate?|m|days?|d|visit|v)[ _-]?)?[+-]?[0-9]+(?:\.[0-9]+)?"
    r"\s?(?:weeks?|wochen?|wks?|w|months?|monate?|m|days?|d|周|个?月|天|日)?"
)


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Columns of an entry at one visit, over all rows of its table.

    Attributes
    ----------
    visit : str
        As the columns spell it; empty where there are none.
    columns : dict of str to Cells
        By the key of the mapping.
    chosen : array of bool
        Rows that fit the entry's ``when``.
    strangers : array of bool
        Rows of people who are no patients of the cohort, and are to be listed.
    """

    visit: str
    columns: dict[str, Cells]
    chosen: Mask
    strangers: Mask

    @property
    def own(self) -> Mask:
        """Return which rows are read: those that fit, of patients."""
        return self.chosen & ~self.strangers


def place_of(entry: Entry) -> Place:
    """Return the place of an entry in its mapping."""
    return (entry.section,) if entry.section == "outcome" else (entry.section, entry.position)


def parts_of(reading: Reading, entry: Entry) -> Iterator[Part]:
    """Yield what an entry reads, visit by visit; note what stands in the way.

    Parameters
    ----------
    reading : Reading
    entry : Entry
    """
    if not _sound(reading, entry):
        return
    for visit in _visits(reading, entry):
        columns: dict[str, Cells] = {}
        for key, field in entry.fields.items():
            cells = _cells(reading, entry, key, replace(field, name=_name_at(reading, entry, field, visit)))
            if cells is not None:
                columns[key] = cells
        chosen = matching(reading, entry.source, entry.when, (*place_of(entry), "when"), visit)
        reading.fitting[entry.section, entry.position] += int(chosen.sum())
        yield Part(visit, columns, chosen, reading.strangers(entry.source))


def _sound(reading: Reading, entry: Entry) -> bool:
    place, problems = place_of(entry), len(reading.problems)
    if entry.codes:
        reading.refuse(in_mapping(
            reading.mapping, (*place, "codes"), "codes", "no codes: a spreadsheet has columns",
            'Write when = { COLUMN = ["..."] }, or analyte = { field = "COLUMN" }',
        ))  # fmt: skip
    for key, field in entry.fields.items():
        if field.source and field.source != entry.source:
            found = f"source {field.source!r}"
            advice = 'Write source = "..." in the entry itself'
            reading.refuse(in_mapping(reading.mapping, (*place, key), found, "columns of one source", advice))
        if field.name.count(VISIT) > 1:
            reading.refuse(in_mapping(reading.mapping, (*place, key), repr(field.name), f"{VISIT} once"))
    return len(reading.problems) == problems


def _visits(reading: Reading, entry: Entry) -> list[str]:
    """Return the visits of an entry: those that the pattern of its values finds; one without a name if it has none."""
    patterns = {key: field.name for key, field in entry.fields.items() if VISIT in field.name}
    if not patterns:
        return [""]
    lead = next((key for key in _LEAD if key in patterns), next(iter(patterns)))
    table = reading.tables[entry.source]
    visits = _without_others(reading, entry, table, table.visits(patterns[lead]))
    if not visits:
        what, expected = "no column fits the pattern", f"columns with a visit in place of {VISIT}"
        reading.refuse(Problem(table.name, None, patterns[lead], what, expected, table.nearest(patterns[lead])))
    _refuse_no_visits(reading, table, patterns[lead], visits)
    return list(visits)


def is_called_visit(visit: str) -> bool:
    """Tell whether what stands in place of a visit is a number, or a word of the field: it needs no other name.

    Examples
    --------
    >>> is_called_visit("12"), is_called_visit("basal"), is_called_visit("s12"), is_called_visit("wife")
    (True, True, False, False)
    """
    return _IS_VISIT.fullmatch(visit) is not None or WORD_VISIT.fullmatch(visit) is not None


def _is_visit(reading: Reading, visit: str) -> bool:
    """Tell whether what stands in place of a visit is a number, a word of the field, or named by the mapping."""
    if is_called_visit(visit):
        return True
    return visit in {name_of_column(name) for name in reading.mapping.time.visits}


def _without_others(
    reading: Reading, entry: Entry, table: Table, visits: Mapping[str, list[int]]
) -> dict[str, list[int]]:
    """Return the visits without columns that are none and that are read by their own name elsewhere in the mapping.

    "Pre-treatment HBsAg" fits "{visit} HBsAg", and is a column of the patients table. "W0 HBsAg" stays a visit.
    """
    mapping = reading.mapping
    fields = [(one.source or mapping.patient_id.source, one.name) for one in mapping.patients.values()]
    others = (*mapping.labs, *mapping.treatments, *(() if mapping.outcome is None else (mapping.outcome,)))
    fields += [(one.source, field.name) for one in others if one is not entry for field in one.fields.values()]
    read = {at for source, name in fields if source == entry.source and VISIT not in name for at in table.found(name)}
    return {
        visit: places for visit, places in visits.items() if _is_visit(reading, visit) or not read.issuperset(places)
    }


def _refuse_no_visits(reading: Reading, table: Table, pattern: str, visits: Mapping[str, list[int]]) -> None:
    """Refuse columns that fit a pattern with a word in place of the visit: "Wife HBsAg" fits "W{visit} HBsAg"."""
    wrong = [table.names[at] for visit, places in visits.items() if not _is_visit(reading, visit) for at in places]
    if wrong:
        expected = f"a number in place of {VISIT}, or a visit named under [time] visits"
        advice = (
            "Name what is a visit under [time] visits; read any other column by an entry of its own, or make its name "
            "or the pattern distinct"
        )
        found = f"it fits {', '.join(map(repr, wrong))}, too"
        reading.refuse(Problem(table.name, None, pattern, found, expected, advice))


def _name_at(reading: Reading, entry: Entry, field: Field, visit: str) -> str:
    """Return the name of a column at a visit, as the table spells it."""
    if VISIT not in field.name:
        return field.name
    table = reading.tables[entry.source]
    places = table.visits(field.name).get(visit, [])
    if len(places) > 1:  # "W12 HBsAg" and "W 12 HBsAg": nothing says which of them counts
        names = " and ".join(repr(table.names[place]) for place in places)
        advice = "Take one of them out, or give each a name of its own"
        reading.refuse(Problem(table.name, None, field.name, names, f"one column of the visit {visit!r}", advice))
    return table.names[places[0]] if places else field.name.replace(VISIT, visit)


def _cells(reading: Reading, entry: Entry, key: str, field: Field) -> Cells | None:
    place = (*place_of(entry), key)
    if key in DATED:
        return reading.dates(entry.source, field, place)
    cells = reading.cells(entry.source, field, place, open_end=key in ("value", "analyte", "agent"))
    if cells is None or key not in _NUMBERS:
        return cells
    cells = _without_units(reading, entry, cells) if key == "dose" else cells
    return reading.numbers(entry.source, cells, (entry.section, entry.position, key))


def _without_units(reading: Reading, entry: Entry, cells: Cells) -> Cells:
    """Refuse doses with a unit in the cell: their unit is stated for the column, or stands in one of its own."""
    wrong = cells.values.str.fullmatch(_WITH_UNIT).to_numpy(dtype=bool)
    for row in np.flatnonzero(wrong).tolist():
        advice = 'Take the unit out of the cell, and state it: unit = "...", or unit = { field = "COLUMN" }'
        reading.cell_problem(
            entry.source, row, cells.name, reading.shown(cells.values.iloc[row]), "a number alone", advice
        )
    return replace(cells, values=cells.values.mask(wrong, ""), refused=cells.refused | wrong)


def week_of_visit(reading: Reading, entry: Entry, visit: str, key: str) -> str:
    """Return the week of a visit, as the mapping states it; note that it does not."""
    weeks = {name_of_column(name): week for name, week in reading.mapping.time.visits.items()}
    week = weeks.get(visit)
    if week is None:
        found = f"no {key!r}, and no week of the visit {visit!r}" if visit else f"no {key!r}"
        advice = f'Or state the weeks under [time]: visits = {{ "{visit}" = 0, ... }}' if visit else ""
        reading.refuse(in_mapping(reading.mapping, place_of(entry), found, f'{key} = "COLUMN"', advice))
        return ""
    counted = _counted(entry, visit)
    if counted in ("month", "day") and week and visit.isdecimal() and week == int(visit):
        found = f"the visit {visit!r} in week {week:g}, whose columns count {counted}s"
        reading.refuse(in_mapping(reading.mapping, ("time", "visits"), found, f"the week of that {counted}"))
    return repr(week)


def _counted(entry: Entry, visit: str) -> str:
    """Return what the names of an entry's columns count: weeks, months or days; nothing where they do not say so."""
    names = [one.name.replace(VISIT, visit) for one in entry.fields.values() if VISIT in one.name]
    found = [at for name in names if (at := at_visit(name)) is not None and at.visit == visit]
    return found[0].counted if found else ""


def refused_rows(part: Part) -> Mask:
    """Tell in which rows any cell of the entry was refused."""
    return np.asarray(np.logical_or.reduce([cells.refused for cells in part.columns.values()]))


def constant(text: str, rows: int) -> pd.Series:
    """Return a column that holds one text."""
    return pd.Series([text] * rows, dtype=object)
