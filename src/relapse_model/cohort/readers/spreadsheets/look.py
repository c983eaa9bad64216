"""What files, sheets and headers there are in a source, looked at for a proposal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from relapse_model.cohort.readers.decimal_signs import has_comma
from relapse_model.cohort.readers.identifying import may_identify
from relapse_model.cohort.readers.spreadsheets import text_file, workbook
from relapse_model.cohort.readers.spreadsheets.encodings import guess_encoding
from relapse_model.cohort.readers.spreadsheets.header_words import ENROLMENT, IDENTIFIERS, PATIENT_COLUMNS, bare_name
from relapse_model.cohort.readers.spreadsheets.sheet import Sheet
from relapse_model.cohort.readers.spreadsheets.table import Table, table_of
from relapse_model.cohort.readers.units_in_names import units_in_name
from relapse_model.errors import SourceError

_OTHER_UNITS = ("岁", "%", "kg/m2", "kg/m²", "years", "Jahre", "S/CO", "COI")
_TOP = 20  # rows among which the header is looked for
_DELIMITERS = (",", ";", "\t", "|")
_REDCAP = frozenset({"redcap_event_name", "redcap_repeat_instrument", "redcap_data_access_group"})


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """A sheet with a header, and how it is to be opened.

    Attributes
    ----------
    file : Path
    sheet : str
        Its title; empty for a text file, and for the only sheet of a workbook.
    table : Table
    options : mapping of str to str or int
        Keys of ``[source]`` that it needs, besides `file` and `sheet`.
    comments : tuple of str
        Why, for the proposal.
    asked : mapping of str to str
        What is to be asked about an option.
    """

    file: Path
    sheet: str
    table: Table
    options: Mapping[str, str | int] = field(default_factory=dict)
    comments: tuple[str, ...] = ()
    asked: Mapping[str, str] = field(default_factory=dict)

    @property
    def identifier(self) -> int | None:
        """Return the place of the column of identifiers, by its name; None where none is named so."""
        bare = [bare_name(name) for name in self.table.names]
        return next((bare.index(word) for word in IDENTIFIERS if word in bare), None)

    @property
    def about_patients(self) -> int:
        """Return how many columns are known as those of patients."""
        known = {word for words in (*PATIENT_COLUMNS.values(), ENROLMENT) for word in words}
        return sum(bare_name(name) in known or name in PATIENT_COLUMNS for name in self.table.names)

    def texts(self, place: int) -> pd.Series:
        """Return the filled cells of a column."""
        values = self.table.column(place).astype(str).str.strip()
        return values[values != ""]


def look_at(source: Path) -> tuple[list[Look], list[str]]:
    """Open every spreadsheet of a source; return the sheets, and what was not looked at and why.

    Parameters
    ----------
    source : Path
        A file or a folder.

    Raises
    ------
    SourceError
        If there is nothing to look at.
    """
    forms = (*workbook.FORMS, ".csv", ".tsv")
    files = [source]
    if source.is_dir():
        files = sorted(one for one in source.iterdir() if one.suffix.lower() in forms and one.name[0] not in "~.")
    looks: list[Look] = []
    left: list[str] = []
    for file in files:
        try:
            found = _sheets(file) if file.suffix.lower() in workbook.FORMS else [_text(file)]
        except SourceError as error:
            if not source.is_dir():
                raise
            left += [str(problem) for problem in error.problems[:1]]
            continue
        for look in found:
            if _REDCAP & set(look.table.names):
                left.append(f"{f'{file.name}: ' * source.is_dir()}an export of REDCap; propose-mapping redcap reads it")
            else:
                looks.append(look)
    if not looks:
        what = f"a spreadsheet ({', '.join(forms)}) with a row for each patient, visit or result"
        raise workbook.refusal(source.name, "; ".join(left) or "no spreadsheet with a header", what)
    return looks, left


def _sheets(file: Path) -> list[Look]:
    sheets = {title: one for title, one in workbook.read_workbook(file).items() if len(one.cells)}
    return [_look(file, title if len(sheets) > 1 else "", one, {}, []) for title, one in sheets.items()]


def _text(file: Path) -> Look:
    content = workbook.file_content(file, workbook.MAX_BYTES)
    options: dict[str, str | int] = {}
    comments: list[str] = []
    marked = text_file.encoding_of(content)
    asked: dict[str, str] = {}
    if not _decodes(content, marked or "utf-8"):
        guess = None if marked else guess_encoding(content)
        if guess is None:
            text_file.read_text_file(file)  # refuses it, with the byte
            raise AssertionError("a file that does not decode was read")
        options["encoding"] = guess.encoding
        said = f"The file is not UTF-8 and reads as {guess.encoding}"
        if guess.others:
            asked["encoding"] = _which(content, (guess.encoding, *guess.others))
        else:
            comments.append(f"{said}: look whether the names below are right.")
    encoding = marked or str(options.get("encoding", "utf-8"))
    delimiter = _delimiter(content.decode(encoding), file)
    if delimiter:
        options["delimiter"] = delimiter
    sheet = text_file.read_text_file(file, options)
    if _has_decimal_comma(sheet):
        options["decimal"] = ","
        comments.append("Numbers are printed with a comma, such as 1,54, and none with a point.")
    return replace(_look(file, "", sheet, options, comments), asked=asked)


def _which(content: bytes, encodings: tuple[str, ...]) -> str:
    """Ask in which of some encodings a file is, by the words of its first line."""
    words = re.split(rb"[,;\t|]", content.split(b"\n", 1)[0])
    odd = [word for word in words if not word.isascii()][:3]
    shown = [f"{one} ({', '.join(word.decode(one, 'replace').strip() for word in odd)})" if odd else one
             for one in encodings]  # fmt: skip
    where = "" if odd else ", by what stands in the cells"
    return (
        f"The file is not UTF-8, and reads as {' or as '.join(shown)}. Which is right{where}? If not the one below, "
        "save a copy as UTF-8 and propose the mapping anew"
    )


def _decodes(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _delimiter(text: str, file: Path) -> str:
    """Return the delimiter, where it is not the one that is taken for granted."""
    lines = [line for line in text.splitlines()[:_TOP] if line.strip()]
    if not lines or lines[0].strip('" ').casefold().startswith("sep="):
        return ""
    counts = {one: min(line.count(one) for line in lines) for one in _DELIMITERS}
    usual = "\t" if file.suffix.lower() == ".tsv" else ","
    best = max(counts, key=lambda one: counts[one])
    return best if counts[best] > 0 and counts[usual] == 0 else ""


_DECIMAL_POINT = re.compile(r"(?<![\d.,])\d+\.\d+(?![\d.,])")  # in 1.2x10^3 too, and not in a date


def _has_decimal_comma(sheet: Sheet) -> bool:
    """Tell whether a number has a decimal comma for certain, as 1,250 has not, and no text a point between digits."""
    texts = [str(one) for one in np.unique(sheet.cells.astype(str))]
    return any(map(has_comma, texts)) and not any(map(_DECIMAL_POINT.search, texts))


def _look(file: Path, title: str, sheet: Sheet, options: dict[str, str | int], comments: list[str]) -> Look:
    row, rows = _header(sheet)
    if row > 1:
        options["header_row"] = row
    if rows > 1:
        options["header_rows"] = rows
        comments.append("The names of the columns take two rows; they are joined, the upper one first.")
    return Look(file, title, table_of(sheet, row, rows), options, tuple(comments))


def _header(sheet: Sheet) -> tuple[int, int]:
    """Return the first row of the header and how many there are: the first row that is nearly as full as any."""
    filled = [sum(bool(str(one).strip()) for one in row) for row in sheet.cells[:_TOP]]
    wanted = max(filled, default=0) / 2
    full = next((place for place, count in enumerate(filled) if count >= max(1, wanted)), 0)
    width = sheet.cells.shape[1]
    across = [one for one in sheet.merged if one[3] > one[1] and one[3] - one[1] + 1 < 0.9 * width]
    if any(top == full for top, *_ in across) and full + 1 < len(sheet.cells):
        return full + 1, 2
    if full > 0 and any(top == full - 1 for top, *_ in across):
        return full, 2
    return full + 1, 2 if full + 1 < len(sheet.cells) and _are_units(sheet.cells[full + 1].tolist()) else 1


def _are_units(row: Iterable[object]) -> bool:
    """Tell whether a row holds units and nothing else, as one below the names does."""
    texts = [str(one).strip() for one in row if str(one).strip()]
    return bool(texts) and all(units_in_name(f"x ({text})") or text in _OTHER_UNITS for text in texts)


def category_counts(values: pd.Series, most: int = 12) -> str:
    """Return the different texts of a column with their counts; the empty text where there are too many to be codes."""
    counts = values.value_counts()
    if len(counts) > most or any(len(str(one)) > 20 or may_identify(str(one)) for one in counts.index):
        return ""
    return ", ".join(f"{text} {count}" for text, count in counts.items())
