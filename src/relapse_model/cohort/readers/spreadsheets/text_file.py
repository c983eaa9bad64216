"""From a text file (.csv, .tsv) to a sheet: its encoding is stated or marked, its separator stated or the usual one."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from relapse_model.cohort.readers.field_texts import USUAL, encoding_shown
from relapse_model.cohort.readers.spreadsheets.sheet import Sheet
from relapse_model.cohort.readers.spreadsheets.workbook import MAX_BYTES, file_content, refusal
from relapse_model.errors import Problem, SourceError

FORMS = (".csv", ".tsv", ".txt")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ENCODINGS = (
    "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030", "gbk", "gb2312", "big5", "cp950", "shift_jis",
    "cp932", "euc_jp", "euc_kr", "cp949", "latin-1", "cp1250", "cp1251", "cp1252", "cp1254",
)  # fmt: skip
_SURELY = {".tsv": "\t"}


def read_text_file(file: Path, options: Mapping[str, Any] | None = None, max_bytes: int = MAX_BYTES) -> Sheet:
    """Read a text file of cells, all as text.

    Parameters
    ----------
    file : Path
    options : mapping, optional
        ``encoding`` (else that of the byte order mark, else UTF-8) and ``delimiter`` (else that of a first line
        ``sep=``, else a tab in a ``.tsv`` file and a comma in others).
    max_bytes : int

    Raises
    ------
    SourceError
        If the file cannot be read so: with the first byte that is not of the encoding, the rows of which the number
        of cells differs from the first, and quotation marks that do not close.
    """
    stated = options or {}
    text = _decoded(file, file_content(file, max_bytes), stated.get("encoding", ""))
    declared = _declared(text)
    notes = []
    if declared:
        text = text.split("\n", 1)[1] if "\n" in text else ""
        notes.append(f"the first line, sep={declared}, names the delimiter")
    delimiter = stated.get("delimiter") or declared or _SURELY.get(file.suffix.lower(), ",")
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise refusal(file.name, f"delimiter {delimiter!r}", "one character, such as ',' or ';' or a tab")
    rows = _rows(text, delimiter, file.name)
    if declared:
        rows.insert(0, [""] * (len(rows[0]) if rows else 1))  # so that rows are numbered as in the file
    return Sheet(file.name, *_cells(rows, file.name, delimiter, bool(declared)), notes=tuple(notes))


def encoding_of(content: bytes) -> str | None:
    """Return the encoding that a byte order mark names; None where there is none.

    Examples
    --------
    >>> encoding_of("a".encode("utf-16")), encoding_of(b"a,b")
    ('utf-16', None)
    """
    return next((name for mark, name in _MARKS if content.startswith(mark)), None)


def _decoded(file: Path, content: bytes, stated: str) -> str:
    marked = encoding_of(content)
    if stated and _known(stated) is None:
        raise refusal(file.name, f"encoding {stated!r}", f"one of {', '.join(_ENCODINGS)}")
    encoding = marked or _known(stated) or "utf-8"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1  # without the byte order mark
        advice = f'State encoding = "..." in the mapping ({USUAL}), or save it as UTF-8'
        found = f"byte 0x{error.object[error.start]:02x} is not of the encoding {encoding_shown(encoding)}"
        raise SourceError(
            "the export was refused",
            [Problem(file.name, line, None, found, f"{encoding_shown(encoding)} text", advice, counted="line")],
        ) from None
    if "\0" in text:
        expected = f"{encoding_shown(encoding)} text"
        advice = 'State encoding = "utf-16-le", or save as UTF-8'
        raise refusal(file.name, "zeros between the letters", expected, advice)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _known(name: str) -> str | None:
    """Return an encoding by the usual name of it; None for any that is not one of texts."""
    try:
        canonical = codecs.lookup(name).name
    except (LookupError, ValueError):
        return None
    return next((one for one in _ENCODINGS if codecs.lookup(one).name == canonical), None)


def _declared(text: str) -> str:
    first = text.split("\n", 1)[0].strip(" ").strip('"')
    return first[4:] if first.casefold().startswith("sep=") and len(first) == 5 else ""


def _rows(text: str, delimiter: str, name: str) -> list[list[str]]:
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True):
            rows.append(row)
    except csv.Error as error:
        found = f"quotation marks that do not close or do not fit ({error})"
        raise SourceError(
            "the export was refused",
            [
                Problem(
                    name, len(rows) + 1, None, found, 'a value as "so ""quoted"" here"', "Look at this row and the next"
                )
            ],
        ) from None
    while rows and not any(cell.strip() for cell in rows[-1]):
        rows.pop()
    return rows


def _cells(rows: list[list[str]], name: str, delimiter: str, declared: bool) -> tuple[Any, Any]:
    widths = [len(row) for row in rows if row]
    width = max(set(widths), key=widths.count) if widths else 0
    if width == 1 and any(other in row[0] for row in rows[:3] if row for other in ",;\t|" if other != delimiter):
        raise refusal(
            name,
            f"one column when separated by {delimiter!r}",
            "several columns",
            'State delimiter = "..." in the mapping',
        )
    wrong = [
        Problem(name, number, None, f"{len(row)} cells", f"{width}, as in most rows", _mend(len(row), width))
        for number, row in enumerate(rows, start=1)
        if len(row) > width or (0 < len(row) < width and any(cell.strip() for cell in row[1:]))
    ]
    if wrong:
        raise SourceError("the export was refused", wrong)
    cells = np.full((len(rows), width), "", dtype=object)
    for place, row in enumerate(rows):
        cells[place, : len(row)] = row
    return cells, np.zeros(cells.shape, dtype=bool)


def _mend(cells: int, width: int) -> str:
    if cells < width:
        return "Every row has all its separators, also after empty cells"
    return "A separator inside a value needs quotation marks around the value"
