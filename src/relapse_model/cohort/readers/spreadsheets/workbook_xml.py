"""What the XML of a workbook says beyond the values: errors, formulas without a result, formats, what is hidden.

Read by the parser of the standard library, event by event; a document type, in which entities could be declared, is
refused.
"""

from __future__ import annotations

import datetime
import posixpath
import re
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import IO
from xml.parsers import expat

from relapse_model.cohort.readers.spreadsheets.number_formats import built_in_format, changes_a_number, changes_a_text
from relapse_model.cohort.readers.spreadsheets.sheet import Cell, Merged
from relapse_model.errors import RelapseModelError

Attributes = Mapping[str, str]
_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_WIDEST, _LONGEST = 16_384, 1_048_576  # columns and rows of a sheet
_MOST_CELLS = 100_000_000  # of the rectangle around all that is filled
EPOCHS = {False: datetime.date(1899, 12, 30), True: datetime.date(1904, 1, 1)}  # from 1900-03-01 on


class NotASheet(RelapseModelError):
    """The XML of a workbook is not what the format asks for."""


@dataclass(slots=True)
class SheetDetails:
    """What one sheet holds beyond its values; rows and columns from 0."""

    errors: dict[Cell, str] = field(default_factory=dict)
    without_result: list[Cell] = field(default_factory=list)
    formulas: int = 0
    formatted: dict[Cell, str] = field(default_factory=dict)  # numbers and texts shown with more than their characters
    coloured: list[Cell] = field(default_factory=list)
    struck: list[Cell] = field(default_factory=list)
    hidden_rows: list[int] = field(default_factory=list)
    hidden_columns: list[int] = field(default_factory=list)
    merged: list[Merged] = field(default_factory=list)
    rows: int = 0
    columns: int = 0


@dataclass(frozen=True, slots=True)
class Styles:
    """Formats by the number of a style."""

    formats: Mapping[str, str]  # under which numbers are shown with more than their digits
    text_formats: Mapping[str, str]
    coloured: frozenset[str]
    struck: frozenset[str]


@dataclass(frozen=True, slots=True)
class WorkbookDetails:
    """What a workbook says of all of its sheets: their files by title, the date system, the styles."""

    files: Mapping[str, str]
    epoch: datetime.date
    styles: Styles


def workbook_details(archive: zipfile.ZipFile) -> WorkbookDetails:
    """Read what the sheets of a workbook share.

    Parameters
    ----------
    archive : ZipFile
        A workbook in the Office Open XML format.

    Raises
    ------
    NotASheet
        If a part is missing or declares a document type.
    """
    targets: dict[str, str] = {}
    titles: dict[str, str] = {}
    dates: list[bool] = []

    def relation(name: str, its: Attributes) -> None:
        if name == "Relationship":
            targets[its.get("Id", "")] = posixpath.normpath(posixpath.join("/xl", its.get("Target", ""))).lstrip("/")

    def book(name: str, its: Attributes) -> None:
        if name == "sheet":
            titles[its.get("name", "")] = next((value for key, value in its.items() if key.endswith(":id")), "")
        if name == "workbookPr":
            dates.append(its.get("date1904", "0") in ("1", "true"))

    _walk(archive, "xl/_rels/workbook.xml.rels", relation)
    _walk(archive, "xl/workbook.xml", book)
    files = {title: targets[one] for title, one in titles.items() if one in targets}
    return WorkbookDetails(files, EPOCHS[any(dates)], _styles(archive))


def _styles(archive: zipfile.ZipFile) -> Styles:
    codes: dict[str, str] = {}
    path: list[str] = []
    fills: list[bool] = []
    fonts: list[bool] = []
    styles: list[tuple[str, str, str]] = []

    def begin(name: str, its: Attributes) -> None:
        if name == "numFmt":
            codes[its.get("numFmtId", "")] = its.get("formatCode", "")
        elif name in ("fills", "fonts", "cellXfs", "dxfs", "cellStyleXfs"):
            path[:] = [name]
        elif name in ("fill", "font") and path in (["fills"], ["fonts"]):
            (fills if name == "fill" else fonts).append(False)
        elif name == "patternFill" and path == ["fills"] and fills:
            fills[-1] = its.get("patternType", "none") not in ("none", "gray125")
        elif name == "strike" and path == ["fonts"] and fonts:
            fonts[-1] = its.get("val", "1") not in ("0", "false")
        elif name == "xf" and path == ["cellXfs"]:
            styles.append((its.get("numFmtId", "0"), its.get("fillId", "0"), its.get("fontId", "0")))

    if "xl/styles.xml" in archive.namelist():
        _walk(archive, "xl/styles.xml", begin)
    own = {number: codes.get(one, built_in_format(one)) for number, (one, _, _) in enumerate(styles)}
    return Styles(
        {str(number): code for number, code in own.items() if code and changes_a_number(code)},
        {str(number): code for number, code in own.items() if code and changes_a_text(code)},
        frozenset(str(number) for number, (_, fill, _) in enumerate(styles) if _at(fills, fill)),
        frozenset(str(number) for number, (_, _, font) in enumerate(styles) if _at(fonts, font)),
    )


def _at(marks: list[bool], place: str) -> bool:
    return place.isdecimal() and int(place) < len(marks) and marks[int(place)]


def sheet_details(archive: zipfile.ZipFile, file: str, styles: Styles) -> SheetDetails:
    """Read what one sheet holds beyond its values.

    Parameters
    ----------
    archive : ZipFile
    file : str
        Of the sheet in the archive.
    styles : Styles

    Raises
    ------
    NotASheet
        If the part is missing, declares a document type, or spans more cells than anybody fills.
    """
    scan = _SheetScan(styles)
    _walk(archive, file, scan.begin, scan.end, scan)
    found = scan.found
    if found.rows * found.columns > _MOST_CELLS:
        raise NotASheet(f"the sheet spans {found.rows:,} rows and {found.columns:,} columns; a stray cell far out?")
    return found


class _SheetScan:
    """Follows the cells of a sheet."""

    def __init__(self, styles: Styles):
        self.styles = styles
        self.found = SheetDetails()
        self.row, self.column = -1, -1
        self.kind, self.style = "", ""
        self.formula, self.value = False, ""
        self.listening = False
        self.letters: dict[str, int] = {}

    def begin(self, name: str, its: Attributes) -> None:
        if name == "c":
            self.cell(its)
        elif name == "v":
            self.value, self.listening = "", True
        elif name == "f":
            self.formula = True
        elif name == "row":
            self.row, self.column = int(its.get("r", self.row + 2)) - 1, -1
            if its.get("hidden") in ("1", "true"):
                self.found.hidden_rows.append(self.row)
        elif name == "col" and its.get("hidden") in ("1", "true"):
            self.found.hidden_columns += range(int(its["min"]) - 1, min(int(its["max"]), _WIDEST))
        elif name == "mergeCell":
            first, _, last = its.get("ref", "").partition(":")
            self.found.merged.append((*self.place(first), *self.place(last or first)))

    def cell(self, its: Attributes) -> None:
        self.row, self.column = self.place(its["r"]) if "r" in its else (self.row, self.column + 1)
        self.kind, self.style = its.get("t", "n"), its.get("s", "0")
        self.formula, self.value = False, ""

    def place(self, reference: str) -> Cell:
        parts = _REFERENCE.fullmatch(reference)
        if parts is None:
            raise NotASheet(f"a cell without a proper address ({reference[:12]!r})")
        column = self.letters.get(parts[1])
        if column is None:
            column = 0
            for letter in parts[1]:
                column = column * 26 + ord(letter) - 64
            self.letters[parts[1]] = column = column - 1
        row = int(parts[2]) - 1
        if not (0 <= row < _LONGEST and column < _WIDEST):
            raise NotASheet(f"a cell beyond the last of a sheet ({reference!r})")
        return row, column

    def end(self, name: str) -> None:
        if name == "v":
            self.listening = False
        elif name == "c":
            self.leave((self.row, self.column))

    def leave(self, cell: Cell) -> None:
        found = self.found
        filled = bool(self.value) or self.kind == "inlineStr" or self.formula
        if self.formula:
            found.formulas += 1
            if not self.value and self.kind != "str":
                found.without_result.append(cell)
        if self.kind == "e":
            found.errors[cell] = self.value
        if filled:
            found.rows, found.columns = max(found.rows, cell[0] + 1), max(found.columns, cell[1] + 1)
            formats = self.styles.formats if self.kind == "n" else self.styles.text_formats
            if self.kind in ("n", "s", "str", "inlineStr") and self.style in formats:
                found.formatted[cell] = formats[self.style]
            if self.style in self.styles.coloured:
                found.coloured.append(cell)
            if self.style in self.styles.struck:
                found.struck.append(cell)


def _walk(
    archive: zipfile.ZipFile,
    part: str,
    begin: Callable[[str, Attributes], None],
    end: Callable[[str], None] | None = None,
    scan: _SheetScan | None = None,
) -> None:
    """Read a part of the workbook, name by name without prefixes; refuse a document type."""
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def no_doctype(*_: object) -> None:
        raise NotASheet(f"{part} declares a document type; entities are not read")

    def text(piece: str) -> None:
        if scan is not None and scan.listening:
            scan.value += piece

    parser.StartDoctypeDeclHandler = no_doctype
    parser.StartElementHandler = lambda name, its: begin(name.rpartition(":")[2], its)
    if end is not None:
        parser.EndElementHandler = lambda name: end(name.rpartition(":")[2])
        parser.CharacterDataHandler = text
    try:
        with archive.open(part) as stream:
            _feed(parser, stream)
    except (KeyError, ValueError, expat.ExpatError) as error:
        if isinstance(error, RelapseModelError):
            raise
        raise NotASheet(f"{part} cannot be read ({type(error).__name__})") from None


def _feed(parser: expat.XMLParserType, stream: IO[bytes]) -> None:
    while piece := stream.read(1 << 20):
        parser.Parse(piece, False)
    parser.Parse(b"", True)
