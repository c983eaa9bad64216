"""The sheets and files that a mapping names, each as a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from relapse_model.cohort.readers.source_mapping import SourceMapping
from relapse_model.cohort.readers.spreadsheets import text_file, workbook
from relapse_model.cohort.readers.spreadsheets.sheet import Sheet
from relapse_model.cohort.readers.spreadsheets.table import Table, table_of
from relapse_model.errors import Problem, SourceError
from relapse_model.study.line_numbers import Place, line_of

MAIN = ""  # the source that [source] describes


def folder_of(source: Path) -> Path:
    """Return the folder that the names of files are relative to: that of the source."""
    return source if source.is_dir() else source.parent


def open_tables(source: Path, mapping: SourceMapping) -> dict[str, Table]:
    """Read every sheet and file that a mapping names.

    Parameters
    ----------
    source : Path
        A file, or a folder of files.
    mapping : SourceMapping

    Returns
    -------
    dict of str to Table
        By the name in the mapping; the main one under the empty text.

    Raises
    ------
    SourceError
        With all that cannot be read.
    """
    opener = _Opener(source, mapping)
    tables = {name: table for name in opener.wanted() if (table := opener.table(name)) is not None}
    if opener.problems:
        raise SourceError("the export was refused", opener.problems)
    return tables


def in_mapping(mapping: SourceMapping, place: Place, found: str, expected: str, advice: str = "") -> Problem:
    """Return a problem of the mapping, with its line."""
    column = ".".join(str(part + 1) if isinstance(part, int) else part for part in place)
    line = line_of(mapping.text, place) if mapping.text else None
    return Problem(mapping.file, line, column or None, found, expected, advice, counted="line")


class _Opener:
    def __init__(self, source: Path, mapping: SourceMapping):
        self.source, self.mapping, self.folder = source, mapping, folder_of(source)
        self.named: Mapping[str, Mapping[str, Any]] = mapping.source.get("named", {})
        self.problems: list[Problem] = []
        self.taken: set[str] = set()
        self.limit = int(mapping.source.get("max_bytes", workbook.MAX_BYTES))

    def wanted(self) -> list[str]:
        """Return the sources that the mapping reads from; refuse a name that it does not describe."""
        mapping = self.mapping
        asked: dict[str, Place] = {mapping.patient_id.source: ("patients", "id")}
        for column, one in mapping.patients.items():
            asked.setdefault(one.source or mapping.patient_id.source, ("patients", column))
        if mapping.time.zero is not None:
            asked.setdefault(mapping.time.zero.source or mapping.patient_id.source, ("time", "zero"))
        for entry in (*mapping.labs, *mapping.treatments, *([mapping.outcome] if mapping.outcome else ())):
            place: Place = (entry.section,) if entry.section == "outcome" else (entry.section, entry.position)
            asked.setdefault(entry.source, (*place, "source"))
        names = ", ".join(map(repr, self.named)) or "none"
        self.problems += [
            in_mapping(
                mapping,
                place,
                f"source {name!r}",
                f"one of the sources under [sources.NAME]: {names}",
                f'Describe it: [sources.{name}] and below it sheet = "..." or file = "..."',
            )
            for name, place in asked.items()
            if name != MAIN and name not in self.named
        ]
        return [name for name in asked if name == MAIN or name in self.named]

    def table(self, name: str) -> Table | None:
        """Return the table of a source; note why it cannot be read."""
        options = self.mapping.source if name == MAIN else self.named[name]
        try:
            sheet = self.sheet(self.file(name, options), options)
        except SourceError as error:
            self.problems += [self._advised(one, name) for one in error.problems]
            return None
        header_row, header_rows = int(options.get("header_row", 1)), int(options.get("header_rows", 1))
        if header_row + header_rows - 1 > len(sheet.cells):
            found = f"{len(sheet.cells)} rows"
            self.problems.append(Problem(sheet.name, None, None, found, f"a header in row {header_row}, and data"))
            return None
        return table_of(sheet, header_row, header_rows)

    def _advised(self, problem: Problem, name: str) -> Problem:
        """Say of a further file that is not there how a mapping lets it be absent, as for scores of new patients."""
        own = name != MAIN and bool(self.named[name].get("file"))
        if not own or problem.advice or not problem.found.startswith("no such file"):
            return problem
        return replace(problem, advice=f"If it may be absent, state so: may_be_absent = true under [sources.{name}]")

    def file(self, name: str, options: Mapping[str, Any]) -> Path:
        """Return the file of a source."""
        stated = options.get("file", "")
        if name != MAIN and not stated:
            return self.file(MAIN, self.mapping.source)
        if self.source.is_dir() or (name != MAIN and stated):
            if not stated:
                raise workbook.refusal(
                    self.source.name, "a folder", "the name of the file", 'State file = "..." under [source]'
                )
            return self.folder / str(stated)
        if stated and Path(stated).name != self.source.name:
            raise workbook.refusal(
                self.source.name, f"not the file {stated!r} of the mapping", "that file, or its folder",
                "Give the folder, or take file out of [source]",
            )  # fmt: skip
        return self.source

    def sheet(self, file: Path, options: Mapping[str, Any]) -> Sheet:
        """Return the sheet of a source, under a name of its own."""
        form = file.suffix.lower()
        if form in text_file.FORMS:
            sheet = text_file.read_text_file(file, options, self.limit)
        elif form in workbook.FORMS:
            sheet = next(iter(workbook.read_workbook(file, [options.get("sheet", "")], self.limit).values()))
        else:
            known = ", ".join((*workbook.FORMS, *text_file.FORMS))
            raise workbook.refusal(file.name, f"a file of the form {form!r}", f"one of {known}")
        title = sheet.name if sheet.name not in self.taken else f"{file.name}, {sheet.name}"
        self.taken.add(title)
        return replace(sheet, name=title, file=file, title=sheet.name)
