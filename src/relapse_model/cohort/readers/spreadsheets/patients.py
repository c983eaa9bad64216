"""The patients table from the sheet that the patients are in, one row for each."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from relapse_model.arrays import Mask
from relapse_model.cohort.readers.column_units import (
    COMMA,
    in_own_unit,
    known_unit,
    linear,
    tail_of,
    unit_factor_of,
    unit_of,
    units_taken,
)
from relapse_model.cohort.readers.made_table import MadeTable
from relapse_model.cohort.readers.source_mapping import Entry, Field
from relapse_model.cohort.readers.source_values import meanings_of
from relapse_model.cohort.readers.spreadsheets.no_patients import left_out_by_name, refuse_idle_names, refuse_unlike
from relapse_model.cohort.readers.spreadsheets.reading import Cells, Reading
from relapse_model.cohort.readers.spreadsheets.sources import in_mapping
from relapse_model.cohort.readers.spreadsheets.table import VISIT
from relapse_model.cohort.reading_report import LeftOut, SourceReading
from relapse_model.cohort.tables.columns import TABLES
from relapse_model.study.line_numbers import Place

ENROLMENT = "enrolment_date"
STRANGERS = "of people who are no patients of the cohort"  # why rows are left out
_NUMBER = re.compile(r"\s*(?:<=|>=|<|>|≤|≥)?\s*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")

_COMMA_ADVICE = (
    'If the comma is a decimal sign in all of its source, state decimal = "," for that; else write a point in a copy'
)


def read_patients(reading: Reading, dates: pd.DataFrame | None = None) -> MadeTable:
    """Make the patients table.

    A patient may stand on several rows where these agree in every mapped column, as in a sheet of one row per result.

    Parameters
    ----------
    reading : Reading
    dates : DataFrame, optional
        Dates of enrolment by patient, from a file of their own.
    """
    mapping, source = reading.mapping, reading.main
    table, ids = reading.tables[source], reading.patients_of(source)
    columns: dict[str, pd.Series] = {"patient_id": ids}
    called = {"patient_id": mapping.patient_id.name}
    if mapping.time.zero is not None:
        zero = replace(mapping.time.zero, source=mapping.time.zero.source or source)
        cells = reading.dates(zero.source, zero, ("time", "zero"), keep_bad=True)
        _put(reading, columns, called, ENROLMENT, zero, cells)
    elif dates is not None:
        columns[ENROLMENT] = _joined(reading, source, dates)
    for name, own in mapping.patients.items():
        at = replace(own, source=own.source or source)
        _put(reading, columns, called, name, at, _column(reading, name, at))
    made = pd.DataFrame(columns)
    named = left_out_by_name(reading, source, ids)
    chosen = matching(reading, source, mapping.patients_when, ("patients", "when")) & ~named
    refuse_unlike(reading, ids, chosen, columns.get(ENROLMENT))
    refuse_idle_names(reading)
    keys = reading.keys[source]
    reading.left_out = frozenset(keys[~chosen]) - frozenset(keys[chosen])
    again = _repeated(reading, made, chosen)
    kept = chosen & ~again
    left = [
        (table.blank_rows, "blank rows"),
        (tuple(table.rows[named].tolist()), "rows of no patients, by not_patients"),
        (tuple(table.rows[~chosen & ~named].tolist()), "rows of others, by [patients] when"),
        (tuple(table.rows[again & chosen].tolist()), "rows of a patient above, which agree with it"),
    ]
    listed = tuple(LeftOut(why, len(rows), rows) for rows, why in left if rows)
    came = len(table) + len(table.blank_rows)
    reading.sources.append(SourceReading(table.name, "rows", came, int(kept.sum()), listed))
    rows = made[kept].reset_index(drop=True)
    return MadeTable(rows, table.name, table.rows[kept], called)


def _put(
    reading: Reading,
    columns: dict[str, pd.Series],
    called: dict[str, str],
    name: str,
    field: Field,
    cells: Cells | None,
) -> None:
    """Add a column, joined by patient where it stands in another source."""
    if cells is None:
        return
    called[name] = cells.name
    if field.source == reading.main:
        columns[name] = cells.values
        return
    strangers = _strangers(reading, field.source, cells)
    one = pd.DataFrame({"key": reading.keys[field.source], "value": cells.values})[~strangers]
    one = one[one["value"] != ""].drop_duplicates()
    for row in one.index[one["key"].duplicated()]:
        expected = "one value for each patient"
        reading.cell_problem(field.source, int(row), cells.name, "another value than in an earlier row", expected)
    columns[name] = _joined(reading, reading.main, one.drop_duplicates("key"))


def _strangers(reading: Reading, source: str, cells: Cells) -> Mask:
    """Return which rows of another source are of nobody in the patients table; refuse or list them, and account."""
    out = ~reading.keys[source].isin(reading.keys[reading.main]).to_numpy(dtype=bool)
    if reading.options(source).get("unknown_patients") != "list":
        for row in np.flatnonzero(out).tolist():
            found, expected = "a patient who is not in the patients table", "a patient of that table"
            advice = 'Or have them listed: unknown_patients = "list" for this source'
            reading.cell_problem(source, row, reading.identifier_name(source), found, expected, advice)
    empty = (cells.values == "").to_numpy()
    masks = {STRANGERS: out, "refused": ~out & cells.refused}
    masks |= {"empty, or a code for no value": ~out & ~cells.refused & empty}
    left = tuple(LeftOut(why, int(mask.sum())) for why, mask in masks.items() if mask.any())
    used = int((~out & ~cells.refused & ~empty).sum())
    reading.sources.append(SourceReading(f"{reading.tables[source].name}, {cells.name}", "rows", len(out), used, left))
    return out


def _joined(reading: Reading, source: str, one: pd.DataFrame) -> pd.Series:
    values = one.set_index("key")["value"].reindex(reading.keys[source]).fillna("")
    return pd.Series(values.to_numpy(dtype=object), dtype=object)


def _column(reading: Reading, name: str, field: Field) -> Cells | None:
    """Read a column of the patients table; a unit is put to a result, and taken off a plain number."""
    rule, place = TABLES["patients"].get(name), ("patients", name)
    if rule is not None and rule.kind == "date":
        return reading.dates(field.source, field, place, keep_bad=True)
    cells = reading.cells(field.source, field, place)
    if cells is None:
        return None
    counted = rule is not None and rule.kind in ("number", "printed")
    if counted or field.unit:
        cells = reading.numbers(field.source, cells)
    if rule is not None and rule.kind == "number":
        return _plain_numbers(reading, name, field, cells)
    if not field.unit:
        return cells
    return replace(
        cells, values=_by_text(cells.values, lambda text: with_unit(linear(text, name, field.unit), field.unit))
    )


def _plain_numbers(reading: Reading, name: str, field: Field, cells: Cells) -> Cells:
    """Take the unit off the numbers of a column that holds plain ones; convert them from another, if it is stated."""
    commas = cells.values.map(lambda text: COMMA.fullmatch(unicodedata.normalize("NFKC", text)) is not None)
    for row in np.flatnonzero(commas.to_numpy(dtype=bool)).tolist():
        found, expected = reading.shown(cells.values.iloc[row]), "a number with a decimal point"
        reading.cell_problem(field.source, row, cells.name, found, expected, _COMMA_ADVICE)
    cells = replace(cells, values=cells.values.mask(commas, ""), refused=cells.refused | commas.to_numpy(dtype=bool))
    if not field.unit:
        return cells
    known = known_unit(name, field.unit)
    if not known:
        what = f"the unit {field.unit!r} of {name}"
        reading.refuse(in_mapping(reading.mapping, ("patients", name), what, units_taken(name) or "no unit"))
        return cells
    factor = unit_factor_of(name, known)
    if factor != 1:
        cells = _with_unit_alone(reading, field, cells)
        said = f"{cells.name}: from {known}, each counted as {factor:.4g} {unit_of(name)}"
        reading.notes.append(f"{reading.tables[field.source].name}, {said}")
    return replace(cells, values=_by_text(cells.values, lambda text: in_own_unit(text, name, field.unit)))


def _with_unit_alone(reading: Reading, field: Field, cells: Cells) -> Cells:
    """Refuse numbers alone in a column that is converted, where others have a unit: nothing says what they are in."""
    tails = cells.values.map(tail_of)
    beside = bool((tails != "").any())
    alone = ((cells.values != "") & (tails == "")).to_numpy(dtype=bool) & beside
    for row in np.flatnonzero(alone).tolist():
        found, expected = reading.shown(cells.values.iloc[row]), "a number with its unit, as others of the column have"
        reading.cell_problem(field.source, row, cells.name, found, expected, "Write its unit in a copy")
    return replace(cells, values=cells.values.mask(alone, ""), refused=cells.refused | alone)


def _by_text(values: pd.Series, change: Callable[[str], str]) -> pd.Series:
    codes, printed = pd.factorize(values)
    texts = np.array([change(str(one)) for one in printed], dtype=object)
    return pd.Series(texts[codes], dtype=object)


def with_unit(text: str, unit: str) -> str:
    """Return a number with its unit; a text that is more than a number stays as it is.

    Examples
    --------
    >>> [with_unit(text, "IU/mL") for text in ("2.15", "＜0.05", "150 mIU/mL", "")]
    ['2.15 IU/mL', '＜0.05 IU/mL', '150 mIU/mL', '']
    """
    return f"{text} {unit}" if text and _NUMBER.fullmatch(unicodedata.normalize("NFKC", text)) else text


def matching(reading: Reading, source: str, when: Mapping[str, tuple[str, ...]], place: Place, visit: str = "") -> Mask:
    """Tell which rows of a table have one of the stated values in each of some columns."""
    chosen = np.ones(len(reading.tables[source]), dtype=bool)
    for name, values in when.items():
        cells = reading.cells(source, Field(name.replace(VISIT, visit)), place)
        if cells is not None:
            reading.conditions.setdefault((place, name, values), []).append(cells.values)
            wanted = meanings_of(cells.values, dict.fromkeys(values, "x"))
            chosen &= (wanted.values == "x").to_numpy()
    return chosen


def _repeated(reading: Reading, made: pd.DataFrame, chosen: Mask) -> Mask:
    """Tell which rows repeat a patient of an earlier row; refuse those that differ from it."""
    keys = reading.keys[reading.main]
    again = chosen & keys.where(chosen, "").duplicated().to_numpy() & (keys != "").to_numpy()
    if not again.any() or any(_has_visits(one, reading.main) for one in reading.mapping.labs):
        return np.zeros(len(made), dtype=bool)  # of one row per patient: the gate refuses the second
    first = pd.Series(np.arange(len(keys)))[chosen].groupby(keys[chosen].to_numpy()).transform("first")
    earlier = first.reindex(range(len(keys))).fillna(-1).to_numpy(dtype=np.intp)
    for name in made.columns.drop("patient_id"):
        values = made[name].to_numpy(dtype=object)
        differs = again & (values != values[earlier])
        for row in np.flatnonzero(differs):
            what = f"another {name} than in row {reading.tables[reading.main].rows[earlier[row]]} of the patient"
            reading.cell_problem(reading.main, int(row), name, what, "rows of one patient that agree")
    return np.asarray(again)


def _has_visits(entry: Entry, source: str) -> bool:
    return entry.source == source and any(VISIT in one.name for one in entry.fields.values())
