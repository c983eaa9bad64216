"""Cells of a mapped column as texts: what is missing, what has a meaning, what is refused, what the report keeps."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from relapse_model.arrays import Mask
from relapse_model.cohort.readers.decimal_signs import NO_THOUSANDS, WITH_COMMA, is_scientific, may_be_thousands
from relapse_model.cohort.readers.identifying import may_identify
from relapse_model.cohort.readers.source_dates import Order, Partial, iso_dates
from relapse_model.cohort.readers.source_mapping import Field, SourceMapping
from relapse_model.cohort.readers.source_values import is_empty, is_missing, meanings_of
from relapse_model.cohort.readers.spreadsheets.date_texts import (
    EXCHANGED,
    LOOK,
    WRITTEN,
    advice_on_date,
    half_changed,
)
from relapse_model.cohort.readers.spreadsheets.identifier_cells import odd_identifiers
from relapse_model.cohort.readers.spreadsheets.serial_dates import dates_of_serials
from relapse_model.cohort.readers.spreadsheets.sources import MAIN, in_mapping
from relapse_model.cohort.readers.spreadsheets.table import Table, name_of_column
from relapse_model.cohort.reading_report import NotMapped, SourceReading
from relapse_model.cohort.tables.column_values import cell_shown
from relapse_model.cohort.tables.identifiers import identifier_keys
from relapse_model.cohort.tables.part_of_whole import bare_identifiers, holds_identifier
from relapse_model.errors import Problem
from relapse_model.study.line_numbers import Place

_COMMA = re.compile(r"(?<=[0-9]),(?=[0-9])")
_GROUPS = re.compile(r"([<>≤≥=\s]*[1-9][0-9]{0,2}(?:\.[0-9]{3})+),([0-9]+(?![0-9.,]).*)")
_POINT = re.compile(r"[0-9]\.[0-9]")


def _clashes(text: str) -> bool:
    """Tell whether a number has a point, or two commas, where the decimal sign is a comma; 1.250,5 is certain."""
    if _GROUPS.fullmatch(text):
        return False
    return (bool(_POINT.search(text)) and not is_scientific(text)) or len(_COMMA.findall(text)) > 1


def _ungrouped(text: str) -> str:
    """Return a number with a decimal comma without the points that part its thousands."""
    found = _GROUPS.fullmatch(text)
    return text if found is None else f"{found[1].replace('.', '')},{found[2]}"


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """A column of the source as read.

    Attributes
    ----------
    values : Series
        Texts; empty where nothing is known.
    refused : array of bool
        Cells of which there is a problem.
    missing : array of bool
        Cells that hold a code for "no value".
    name : str
        What the column is called in the source.
    """

    values: pd.Series
    refused: Mask
    missing: Mask
    name: str


class Reading:
    """What is read of the tables of a source, and what was found on the way.

    Attributes
    ----------
    problems : list of Problem
        Of the mapping or of whole tables.
    found : list of Problem
        Of cells, each with its patient.
    sources : list of SourceReading
    notes : list of str
    """

    def __init__(self, mapping: SourceMapping, tables: Mapping[str, Table]):
        self.mapping, self.tables = mapping, tables
        self.problems: list[Problem] = []
        self.found: list[Problem] = []
        self.sources: list[SourceReading] = []
        self.notes: list[str] = []
        self.not_mapped: list[NotMapped] = []
        self.not_read: tuple[str, ...] = ()
        self.used: dict[str, set[int]] = {name: set() for name in tables}
        self.left_out: frozenset[str] = frozenset()  # keys of people whom [patients] when, or not_patients, leaves out
        self.codes_met: Counter[tuple[str, str]] = Counter()
        self.serials: Counter[tuple[str, str]] = Counter()
        self.conditions: dict[tuple[Place, str, tuple[str, ...]], list[pd.Series]] = {}  # columns, visit by visit
        self.fitting: Counter[tuple[str, int]] = Counter()  # rows that fit each entry, by section and position
        self.numbers_read: dict[tuple[str, str], tuple[object, pd.Series]] = {}  # as printed, with what they are of
        self.rows_read: dict[tuple[str, int], dict[str, Mask]] = {}  # rows of which an entry read something, by visit
        self.results_read: dict[tuple[int, str], pd.DataFrame] = {}  # of each [[labs]], by visit, over all rows
        self._read: dict[tuple[object, ...], Cells] = {}  # a date column is read for every result beside it
        self._reported: set[tuple[object, ...]] = set()

    @property
    def main(self) -> str:
        """Return the name of the source that the patients are in."""
        return self.mapping.patient_id.source

    def column(self, source: str, name: str, place: Place, *, identifier: bool = False) -> int | None:
        """Return where a column stands; note why it cannot be read."""
        table = self.tables[source]
        found = table.found(name)
        if len(found) != 1:
            what = f"columns {' and '.join(str(one + 1) for one in found)} have one name" if found else "no such column"
            advice = "" if found else table.nearest(name)
            self.refuse(Problem(table.name, None, name, what, "a column of that name", advice))
            return None
        if may_identify(table.names[found[0]]) and not identifier:
            what = f"column {name!r}, which may hold names or contact data"
            self.refuse(in_mapping(self.mapping, place, what, "a column that identifies nobody", "It is never read"))
            return None
        self.used[source].add(found[0])
        return found[0]

    def refuse(self, problem: Problem) -> None:
        """Note a problem of the whole, once."""
        if problem not in self.problems:
            self.problems.append(problem)

    def identifiers(self, source: str) -> pd.Series:
        """Return the identifier of each row of a table, as it stands there."""
        name = self.identifier_name(source)
        place: Place = ("patients", "id")
        at = self.column(source, name, place, identifier=True)
        table = self.tables[source]
        if at is None:
            return pd.Series([""] * len(table), dtype=object)
        ids = table.column(at, shared=True).astype(str).str.strip()
        for problem in odd_identifiers(table, at, ids, name, empty="" in self.no_patients(source)):
            self.refuse(problem)
        return ids

    def no_patients(self, source: str) -> frozenset[str]:
        """Return the identifiers of a source that are those of no patient, as names are compared."""
        return frozenset(name_of_column(one) for one in self.options(source).get("not_patients", ()))

    def patients_of(self, source: str) -> pd.Series:
        """Return the identifiers of the rows of a table; each table is read once."""
        return self._ids[source]

    @cached_property
    def _ids(self) -> dict[str, pd.Series]:
        return {source: self.identifiers(source) for source in self.tables}

    @cached_property
    def keys(self) -> dict[str, pd.Series]:
        """Return the keys of the identifiers of the rows of each table."""
        return {source: identifier_keys(ids) for source, ids in self._ids.items()}

    def strangers(self, source: str) -> Mask:
        """Tell which rows of a table are of people who are no patients of the cohort, and are to be listed as such.

        Those whom ``[patients] when`` or ``not_patients`` leaves out, and, if the source says so by
        ``unknown_patients = "list"``, all whom the patients table does not have; otherwise the gate refuses them, since
        an identifier may be mistyped.
        """
        keys = self.keys[source]
        out = keys.isin(self.left_out)
        if own := self.no_patients(source):
            out |= self.patients_of(source).map(name_of_column).isin(own)
        if self.options(source).get("unknown_patients") == "list":
            out |= ~keys.isin(self.keys[self.main])
        return out.to_numpy(dtype=bool)

    def options(self, source: str) -> Mapping[str, Any]:
        """Return what the mapping says of a source."""
        options: Mapping[str, Any] = self.mapping.source
        return options if source == MAIN else options["named"][source]

    def identifier_name(self, source: str) -> str:
        """Return what the column of identifiers of a source is called."""
        return str(self.options(source).get("id") or self.mapping.patient_id.name)

    def shown(self, value: object) -> str:
        """Return a cell as a message may show it: not if an identifier is in it."""
        if holds_identifier(unicodedata.normalize("NFKC", str(value)), self._known):
            return "a text that is not shown, since a patient's identifier is in it"
        return cell_shown(value)

    @cached_property
    def _known(self) -> frozenset[str]:
        every = {str(one) for keys in self.keys.values() for one in keys.unique()}
        return bare_identifiers(every) | {one.casefold() for one in every if len(one) > 2}

    def cell_problem(self, source: str, row: int, column: str, found: str, expected: str, advice: str = "") -> None:
        """Note what is wrong with one cell; its patient is refused, and no other."""
        problem_key = (source, row, column, found)
        if problem_key in self._reported:
            return
        self._reported.add(problem_key)
        table, patient = self.tables[source], str(self.keys[source].iloc[row])
        self.found.append(Problem(table.name, int(table.rows[row]), column, found, expected, advice, patient))

    def cells(
        self, source: str, field: Field, place: Place, *, shared: bool = False, open_end: bool = False
    ) -> Cells | None:
        """Read a column by its field: missing codes taken out, meanings given, unusable cells refused.

        Parameters
        ----------
        source : str
        field : Field
        place : tuple
            Of the field in the mapping.
        shared : bool
            Whether a cell merged over several rows holds for all of them.
        open_end : bool
            Whether a text without a meaning stays as printed, as a result does; otherwise it is refused.
        """
        at = self.column(source, field.name, place)
        if at is None:
            return None
        if unanswered := [text for text, meaning in field.values.items() if meaning.strip() == "?"]:
            found = f"no meaning of {', '.join(map(repr, unanswered))}"
            self.refuse(in_mapping(self.mapping, place, found, "what each text means, in place of ?"))
        key = ("cells", source, at, shared, open_end, tuple(field.values.items()))
        if key not in self._read:
            self._read[key] = self._cells(source, at, field, shared=shared, open_end=open_end)
        return self._read[key]

    def _cells(self, source: str, at: int, field: Field, *, shared: bool, open_end: bool) -> Cells:
        table = self.tables[source]
        name = table.names[at]
        values = table.column(at, shared=shared).astype(str).str.strip()
        missing = is_missing(values, self.mapping.missing)
        for code, count in values[missing].value_counts().items():
            self.codes_met[table.name, str(code)] += int(count)
        values = values.mask(missing | is_empty(values), "")
        refused = np.zeros(len(values), dtype=bool)
        for row, why in table.bad_cells(at, shared=shared).items():
            self.cell_problem(source, row, name, why, "a value")
            refused[row] = True
        if field.values:
            read = meanings_of(values, field.values)
            if open_end:
                values = values.where(read.unknown, read.values)
            else:
                for row in np.flatnonzero(read.unknown & ~refused).tolist():
                    known = ", ".join(map(repr, field.values))
                    self.cell_problem(source, int(row), name, self.shown(values[row]), f"one of {known}",
                                      "State its meaning in the mapping")  # fmt: skip
                refused |= read.unknown
                values = read.values
        return Cells(values.mask(refused, ""), refused, missing, name)

    def numbers(self, source: str, cells: Cells, of: object = None) -> Cells:
        """Return cells with a decimal point, where the mapping says that the source has a comma.

        Parameters
        ----------
        source : str
        cells : Cells
        of : object
            What the numbers are of; columns of the same are held against one another when all is read.
        """
        self.numbers_read[source, cells.name] = (of, cells.values)
        if self.options(source).get("decimal", ".") != ",":
            return self._one_convention(source, cells)
        codes, printed = pd.factorize(cells.values)
        texts = [str(one) for one in printed]
        clash = np.array([_clashes(one) for one in texts], dtype=bool)
        at = self.tables[source].found(cells.name)[0]
        wrong = clash[codes] & ~self.tables[source].numeric(at)
        for row in np.flatnonzero(wrong):
            self.cell_problem(source, int(row), cells.name, self.shown(cells.values.iloc[row]), *WITH_COMMA)
        pointed = np.array([_COMMA.sub(".", _ungrouped(one)) for one in texts], dtype=object)
        values = pd.Series(pointed[codes], dtype=object).mask(wrong, "")
        return replace(cells, values=values, refused=cells.refused | wrong)

    def _one_convention(self, source: str, cells: Cells) -> Cells:
        """Refuse numbers with a point before three digits in a column of which others say that it parts thousands."""
        codes, printed = pd.factorize(cells.values)
        wrong = np.append(may_be_thousands([str(one) for one in printed]), False)[codes]
        wrong &= ~self.tables[source].numeric(self.tables[source].found(cells.name)[0])
        for row in np.flatnonzero(wrong).tolist():
            self.cell_problem(source, row, cells.name, self.shown(cells.values.iloc[row]), *NO_THOUSANDS)
        return replace(cells, values=cells.values.mask(wrong, ""), refused=cells.refused | wrong)

    def dates(self, source: str, field: Field, place: Place, *, keep_bad: bool = False) -> Cells | None:
        """Read a column of dates as YYYY-MM-DD; numbers are days of the workbook's date system.

        Parameters
        ----------
        source, field, place
            As in `cells`.
        keep_bad : bool
            Whether a text that is no date is left for the gate to refuse.
        """
        cells = self.cells(source, field, place, shared=True, open_end=bool(field.values))  # the others are dates
        if cells is None:
            return None
        key = ("dates", source, cells.name, keep_bad, tuple(field.values.items()))
        if key not in self._read:
            self._read[key] = self._dates(source, cells, keep_bad=keep_bad)
        return self._read[key]

    def _dates(self, source: str, cells: Cells, *, keep_bad: bool) -> Cells:
        table, time = self.tables[source], self.mapping.time
        at = table.found(cells.name)[0]
        values, serial = dates_of_serials(cells.values, table.numeric(at), table.sheet.epoch)
        self.serials[table.name, cells.name] = int(serial.sum())
        order: Order = time.dates  # type: ignore[assignment]
        partial: Partial = time.partial  # type: ignore[assignment]
        read, bad = iso_dates(values, order, partial)
        self._refuse_exchanged(source, cells, order)
        if keep_bad:
            return replace(cells, values=read.mask(bad, values))
        for row in np.flatnonzero(bad):
            advice = advice_on_date(str(values.iloc[row]), order)
            found, expected = self.shown(values.iloc[row]), f"a date, as {WRITTEN[order]}"
            self.cell_problem(source, int(row), cells.name, found, expected, advice)
        return replace(cells, values=read.mask(bad, ""), refused=cells.refused | bad)

    def _refuse_exchanged(self, source: str, cells: Cells, order: Order) -> None:
        """Refuse a column of which a program may have made some texts dates with day and month exchanged."""
        table = self.tables[source]
        wrong = np.flatnonzero(half_changed(cells.values, order))
        if len(wrong) and table.sheet.epoch is not None:  # a text file has no dates but those that it shows
            found = f"{len(wrong):,} dates beside texts, the first of them in row {table.rows[wrong[0]]}"
            self.refuse(Problem(table.name, None, cells.name, found, EXCHANGED, LOOK))
