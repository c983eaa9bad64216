"""From a workbook (.xlsx, .xlsm, .xls, .xlsb, .ods) to its sheets as text."""

from __future__ import annotations

import datetime
import io
import zipfile
from collections.abc import Sequence, Sized
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relapse_model.cohort.readers.packages import needed
from relapse_model.cohort.readers.spreadsheets.number_formats import shown_number, shown_text
from relapse_model.cohort.readers.spreadsheets.sheet import Cell, Sheet, cell_text, column_letters
from relapse_model.cohort.readers.spreadsheets.workbook_xml import (
    NotASheet,
    SheetDetails,
    WorkbookDetails,
    sheet_details,
    workbook_details,
)
from relapse_model.errors import Problem, SourceError

FORMS = (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods")
MAX_BYTES = 1 << 30  # of a file, and of what it unpacks to
_REFUSED = "the export was refused"
_LISTED = 3  # addresses in a note


def read_workbook(file: Path, wanted: Sequence[str] | None = None, max_bytes: int = MAX_BYTES) -> dict[str, Sheet]:
    """Read sheets of a workbook as text, as far as that is what they show.

    Parameters
    ----------
    file : Path
    wanted : sequence of str, optional
        Titles of sheets; the empty title is the first sheet that is not hidden. By default all.
    max_bytes : int
        Largest file, packed or unpacked, that is read.

    Returns
    -------
    dict of str to Sheet
        By title, in the order of the workbook.

    Raises
    ------
    SourceError
        If the file cannot be read, is too large, or lacks a sheet.
    """
    content = file_content(file, max_bytes)
    book = _opened(file, content)
    try:
        titles = list(book.sheet_names)
        visible = [one.name for one in book.sheets_metadata if str(one.visible).endswith(".Visible")]
        names = titles if wanted is None else [_title(file, one, titles, visible) for one in wanted]
        details = _details(file, content, names, max_bytes)
        return {
            name: _sheet(book.get_sheet_by_name(name), name, details, hidden=name not in visible)
            for name in titles
            if name in names
        }
    except SourceError:
        raise
    except BaseException as error:
        raise _unreadable(file, error) from None
    finally:
        book.close()


def rows_by_sheet(file: Path) -> dict[str, int]:
    """Return how many rows each sheet of a workbook has that can be read; nothing where it cannot be opened.

    Parameters
    ----------
    file : Path
    """
    book = _opened(file, file.read_bytes())
    try:
        return {title: int(book.get_sheet_by_name(title).height) for title in book.sheet_names}
    except BaseException as error:  # a chart, or a sheet that no parser reads: nothing was asked of it
        if isinstance(error, KeyboardInterrupt | SystemExit | MemoryError):
            raise
        return {}
    finally:
        book.close()


def file_content(file: Path, max_bytes: int) -> bytes:
    """Return the bytes of a file; refuse one that is not there, cannot be read, or is too large."""
    try:
        size = file.stat().st_size
        if size > max_bytes:
            raise refusal(file.name, f"{size:,} bytes", f"at most {max_bytes:,}", "Set max_bytes under [source]")
        return file.read_bytes()
    except FileNotFoundError:
        raise refusal(file.name, f"no such file in {file.parent.resolve()}", "a spreadsheet or text file") from None
    except OSError as error:
        raise refusal(file.name, f"cannot be read ({error.strerror})", "a spreadsheet or text file") from None


def refusal(table: str, found: str, expected: str, advice: str = "") -> SourceError:
    """Return the refusal of a source for one problem of the whole; the arguments are those of `Problem`."""
    return SourceError(_REFUSED, [Problem(table, None, None, found, expected, advice)])


def _opened(file: Path, content: bytes) -> Any:
    calamine = needed("python_calamine", f"reading {file.suffix} files")
    try:
        return calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
    except BaseException as error:
        raise _unreadable(file, error) from None


def _unreadable(file: Path, error: BaseException) -> BaseException:
    """Return the refusal of a file that no parser reads; some of their faults are no exceptions of the usual kind."""
    if isinstance(error, KeyboardInterrupt | SystemExit | MemoryError):
        return error
    if type(error).__name__ == "PasswordError":
        return refusal(file.name, "a workbook with a password", "one without", "Save a copy without the password")
    if isinstance(error, NotASheet):
        return refusal(file.name, str(error), "a workbook that a spreadsheet program wrote")
    found = f"not readable as a workbook ({type(error).__name__})"
    return refusal(file.name, found, "a workbook that a spreadsheet program wrote", "Open it there and save it again")


def _title(file: Path, wanted: str, titles: list[str], visible: list[str]) -> str:
    if not wanted and titles:
        return (visible or titles)[0]
    if wanted not in titles:
        raise refusal(file.name, f"no sheet {wanted!r}", f"one of {', '.join(map(repr, titles))}")
    return wanted


def _details(file: Path, content: bytes, names: Sequence[str], max_bytes: int) -> _Details | None:
    """Return what calamine does not tell; None where only the values of a format are known."""
    if not zipfile.is_zipfile(io.BytesIO(content)) or file.suffix.lower() in (".ods", ".xlsb"):
        return None
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        unpacked = sum(part.file_size for part in archive.infolist())
        if unpacked > max_bytes:
            raise refusal(
                file.name, f"{unpacked:,} bytes when unpacked", f"at most {max_bytes:,}", "Set max_bytes under [source]"
            )
        if "xl/workbook.xml" not in archive.namelist():
            return None
        book = workbook_details(archive)
        comments = any("comments" in part.casefold() for part in archive.namelist())
        sheets = {name: sheet_details(archive, book.files[name], book.styles) for name in names if name in book.files}
    return _Details(book, sheets, comments)


class _Details:
    """What the XML of a workbook says, by sheet."""

    def __init__(self, book: WorkbookDetails, sheets: dict[str, SheetDetails], comments: bool):
        self.book, self.sheets, self.comments = book, sheets, comments


def _sheet(calamine_sheet: Any, name: str, details: _Details | None, *, hidden: bool) -> Sheet:
    own = None if details is None else details.sheets.get(name)
    cells, numeric = _texts(calamine_sheet.to_python(skip_empty_area=False), own)
    notes = ["the sheet is hidden"] if hidden else []
    merged = tuple((*first, *last) for first, last in calamine_sheet.merged_cell_ranges or ())
    if details is None or own is None:
        notes.append("hidden rows, colours, number formats and error cells cannot be read from this file format")
        return Sheet(name, cells, numeric, merged=merged, epoch=datetime.date(1899, 12, 30), notes=tuple(notes))
    unusable = _unusable(own, cells)
    for place, code in own.formatted.items():
        number = bool(numeric[place])
        if not number and not (isinstance(cells[place], str) and cells[place].strip()):
            continue
        text = shown_number(float(cells[place]), code) if number else shown_text(cells[place], code)
        cells[place], numeric[place] = text or "", False
        if text is None:
            what = "number" if number else "text"
            unusable[place] = f"a {what} under the format {code!r}, so that what is shown is not the {what}"
    return Sheet(
        name, cells, numeric, unusable, tuple(own.merged), details.book.epoch,
        tuple(row + 1 for row in own.hidden_rows), (*notes, *_notes(own, comments=details.comments)),
    )  # fmt: skip


def _texts(rows: list[list[Any]], own: SheetDetails | None) -> tuple[NDArray[np.object_], NDArray[np.bool_]]:
    """Return the texts of all cells, and which hold numbers; as far as the sheet is filled, with errors or values."""
    height = max(len(rows), 0 if own is None else own.rows)
    width = max((*map(len, rows), 0 if own is None else own.columns))
    cells = np.full((height, width), "", dtype=object)
    for place, row in enumerate(rows):
        cells[place, : len(row)] = row
    numeric = np.zeros(cells.shape, dtype=bool)
    for column in range(width):
        numeric[:, column] = [type(one) is float for one in cells[:, column]]
        for at in [at for at, one in enumerate(cells[:, column]) if type(one) is not str]:
            cells[at, column] = cell_text(cells[at, column])
    return cells, numeric


def _unusable(own: SheetDetails, cells: NDArray[np.object_]) -> dict[Cell, str]:
    struck = [cell for cell in own.struck if str(cells[cell]).strip()]
    unusable = dict.fromkeys(struck, "struck through; take out what no longer holds, or the line")
    unusable |= {cell: f"the error {text}" for cell, text in own.errors.items()}
    lacking = "a formula whose result is not in the file; open it in a spreadsheet program and save it"
    return unusable | dict.fromkeys(own.without_result, lacking)


def _notes(own: SheetDetails, *, comments: bool) -> list[str]:
    shown = [row for row in own.hidden_rows if row < own.rows]
    columns = [column_letters(column) for column in own.hidden_columns if column < own.columns]
    found = [
        (shown, f"{_count(shown, 'hidden row')}, read like the others: {_some([str(row + 1) for row in shown])}"),
        (columns, f"{_count(columns, 'hidden column')}, read like the others: {_some(columns)}"),
        (own.formulas, f"{_count(range(own.formulas), 'formula')}, read by the results that the file holds"),
        (
            own.coloured,
            f"{_count(own.coloured, 'coloured cell')} ({_cells(own.coloured)}): what a colour means is not read",
        ),
        (
            own.struck,
            f"{_count(own.struck, 'cell')} struck through ({_cells(own.struck)}): refused where they are read",
        ),
        (comments, "comments on cells are not read"),
    ]
    return [text for there, text in found if there]


def _count(things: Sized, word: str) -> str:
    return f"{len(things)} {word}{'' if len(things) == 1 else 's'}"


def _cells(cells: list[Cell]) -> str:
    return _some([f"{column_letters(column)}{row + 1}" for row, column in cells])


def _some(names: list[str]) -> str:
    return ", ".join(names[:_LISTED]) + (", ..." if len(names) > _LISTED else "")
