"""Reading a cohort folder: CSV (UTF-8) or Parquet."""

from __future__ import annotations

import csv
import difflib
import io
import os
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from relapse_model.cohort.cohort import SYNTHETIC_FILE, Cohort
from relapse_model.cohort.gate import Dash, OnProblems, checked
from relapse_model.cohort.gate_study import required_tables
from relapse_model.cohort.tables.columns import TABLES
from relapse_model.cohort.tables.csv_columns import BYTES_WORTH, dictionary_columns
from relapse_model.errors import CohortError, Problem
from relapse_model.files import what_is_no_file
from relapse_model.study.study import Study

_FORMS = (".csv", ".parquet")
_UNREAD_FORMS = (".xlsx", ".xls", ".ods", ".tsv", ".txt")
_PACKED_FORMS = (".gz", ".bz2", ".xz", ".zst", ".zip", ".7z", ".rar")
_BESIDE = re.compile(r"(?:[^a-z]+(?:copy)?)+$")  # what a file manager adds to the name of a second one
MOST_TOLD = 1000  # rows of one file whose number of cells is wrong; the others are counted
MOST_COLUMNS = 20_000
_ENCODING = "Save the file as CSV UTF-8 (a Chinese export is often GB18030, a 'Unicode text' of Excel UTF-16)"


def read_cohort(
    folder: str | Path,
    *,
    study: Study | None = None,
    on_problems: OnProblems = "raise",
    dash: Dash | None = None,
) -> Cohort:
    """Read a cohort folder and check it: the tables patients, labs and, where present, the others.

    Identifiers and laboratory texts are read as text, exactly as they stand. See `make_cohort` for the checks.

    Parameters
    ----------
    folder : str or Path
        With ``patients.csv`` and ``labs.csv`` (or ``.parquet``); without labs if the study reads no results.
    study, on_problems, dash
        As in `make_cohort`.

    Returns
    -------
    Cohort

    Raises
    ------
    CohortError
        With all problems of all tables.

    Examples
    --------
    >>> import relapse_model as rm
    >>> rm.read_cohort("examples/cohort")  # doctest: +SKIP
    Cohort(132 patients, ..., synthetic)
    """
    path = Path(folder)
    if not path.is_dir():
        raise CohortError("the cohort was refused", [_no_folder(path)])
    if all(table_missing(path, name) for name in TABLES) and (advice := _way_in(path)):
        problem = Problem(str(path), None, None, "no table of a cohort folder", "patients and labs", advice)
        raise CohortError("the cohort was refused", [problem])
    problems: list[Problem] = look_alikes(path)
    tables: dict[str, pd.DataFrame] = {}
    for name in TABLES:
        try:
            table = _read_table(path, name, required_tables(study))
        except CohortError as error:
            problems.extend(error.problems)
            continue
        if table is not None:
            tables[name] = table
    return checked(
        tables,
        problems,
        study=study,
        on_problems=on_problems,
        dash=dash,
        synthetic=(path / SYNTHETIC_FILE).exists(),
    )


def folder_tables(folder: str | Path) -> dict[str, pd.DataFrame]:
    """Return the tables of a cohort folder as they stand, unchecked: to see what there is before there is a study.

    Parameters
    ----------
    folder : str or Path

    Raises
    ------
    CohortError
        If there is no patients table, or a file cannot be read.
    """
    path = Path(folder)
    if not path.is_dir():
        raise CohortError("the cohort was refused", [_no_folder(path)])
    found = {name: _read_table(path, name, ("patients",)) for name in TABLES}
    return {name: table for name, table in found.items() if table is not None}


def _no_folder(path: Path) -> Problem:
    """Say what a path is that is no folder, and where it was looked for."""
    if path.exists():
        own = path.suffix in _FORMS and path.stem in TABLES
        advice = "Give the folder that holds it" if own else _way_in(path)
        return Problem(str(path), None, None, "a file", "a cohort folder", advice)
    there = path.parent.resolve()
    found = f"no such folder in {there}" if there.is_dir() else f"no such folder; nor is there a folder {there}"
    return Problem(str(path), None, None, found, "a cohort folder")


def _way_in(path: Path) -> str:
    from relapse_model.cohort.readers.recognise import way_in

    return way_in(path)


def look_alikes(path: Path) -> list[Problem]:
    """Refuse a file whose name is nearly that of a table: unread, it would be data lost in silence.

    Parameters
    ----------
    path : Path
        The folder.
    """
    return named_like_tables({file.name for file in path.iterdir()})


def named_like_tables(here: set[str]) -> list[Problem]:
    """Return a problem for each name in a cohort folder that is nearly, but not quite, that of a table.

    Parameters
    ----------
    here : set of str
        The names of all files of the folder.
    """
    read = {f"{name}{form}" for name in TABLES for form in _FORMS}
    found = []
    for name in sorted(here - read):
        whole = unicodedata.normalize("NFKC", name).strip().lower()
        stem, form = Path(whole).stem, Path(whole).suffix
        if packed := _packed_table(whole):
            expected = f"{packed}.csv or {packed}.parquet"
            found.append(Problem(name, None, None, "a packed table, which is not read", expected, "Unpack it"))
            continue
        stem = _BESIDE.sub("", stem) if form in _FORMS and _BESIDE.sub("", stem) in TABLES else stem
        near = difflib.get_close_matches(stem, TABLES, n=1, cutoff=0.8) if form in (*_FORMS, *_UNREAD_FORMS) else []
        if near and (form in _FORMS or here.isdisjoint({f"{near[0]}{form}" for form in _FORMS})):
            expected = f"{near[0]}{form}" if form in _FORMS else f"{near[0]}.csv or {near[0]}.parquet"
            found.append(
                Problem(name, None, None, "not a table of the cohort folder", expected,
                        "Rename or export it, or take it out of the folder")
            )  # fmt: skip
    return found


def _packed_table(name: str) -> str | None:
    """Return the table that a packed file is named after."""
    stem, form = Path(name).stem, Path(name).suffix
    inner = Path(stem).stem if Path(stem).suffix in (*_FORMS, *_UNREAD_FORMS) else stem
    return inner if form in _PACKED_FORMS and inner in TABLES else None


def cohort_files(path: Path) -> list[Path]:
    """Return every file that is read of a cohort folder, or would be if it were there.

    Parameters
    ----------
    path : Path
        The folder.
    """
    return [path / f"{name}{form}" for name in TABLES for form in _FORMS] + [path / SYNTHETIC_FILE]


def table_file(path: Path, name: str, required: tuple[str, ...] = ("patients", "labs")) -> Path | None:
    """Return the file of a table, `None` where an optional one is absent; refuse two files of one table.

    Parameters
    ----------
    path : Path
        The folder.
    name : str
        A key of `TABLES`.
    required : tuple of str
        The tables that must be there.
    """
    csv_file, parquet_file = (path / f"{name}{form}" for form in _FORMS)
    for file in (csv_file, parquet_file):
        if what := what_is_no_file(file):  # never "no such table": what it should hold would be missed in silence
            raise refusal(file.name, what, "a file", "Put the table there, or take this name out of the folder")
    if csv_file.exists() and parquet_file.exists():
        raise refusal(name, "both a CSV and a Parquet file", "one of them")
    if csv_file.exists():
        return csv_file
    if parquet_file.exists():
        return parquet_file
    if name in required:
        raise refusal(f"{name}.csv", "no such file in the folder", f"{name}.csv or {name}.parquet")
    return None


def table_missing(path: Path, name: str) -> bool:
    """Tell whether a folder has no file of a table."""
    return not any(os.path.lexists(path / f"{name}{form}") for form in _FORMS)


def _read_table(path: Path, name: str, required: tuple[str, ...]) -> pd.DataFrame | None:
    file = table_file(path, name, required)
    if file is None:
        return None
    return _read_csv(file) if file.suffix == ".csv" else _read_parquet(file)


def _read_csv(file: Path) -> pd.DataFrame:
    """Read a CSV file: a large one column by column where that can be done, else cell by cell."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise unreadable(file, error) from None
    if len(content) >= BYTES_WORTH:
        header = next(io.BytesIO(content)).rstrip(b"\n").decode("utf-8-sig", "backslashreplace").rstrip("\r").split(",")
        if len(header) > MOST_COLUMNS:  # before anything is read into so many
            csv_header(header, file.name)
        table = dictionary_columns(content, len(header)) if all(map(_is_plain, header)) else None
        if table is not None:
            return table.set_axis(csv_header(header, file.name), axis=1)
    return _parse_csv(_decoded(content, file.name), file.name)


def _is_plain(cell: str) -> bool:
    """Tell whether a cell of the header is filled, and was UTF-8."""
    return bool(cell.strip()) and "\\" not in cell


def _decoded(content: bytes, name: str) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise not_utf8(content.split(b"\n"), name)
    return text


def not_utf8(lines: Iterable[bytes], name: str) -> CohortError:
    """Return the refusal of a file that is not UTF-8 text: its first byte that is not, else its first zero.

    Parameters
    ----------
    lines : iterable of bytes
        As they are separated by line feeds.
    name : str
        Of the file.
    """
    zero = None
    for number, line in enumerate(lines, start=1):
        try:
            line.decode("utf-8")
        except UnicodeDecodeError as error:
            found = f"byte 0x{line[error.start]:02x} is not UTF-8"
            return refusal(name, found, "UTF-8 text", _ENCODING, number, "line")
        zero = number if zero is None and b"\0" in line else zero
    return refusal(name, "bytes of zero between the letters", "UTF-8 text", _ENCODING, zero, "line")


def unreadable(file: Path, error: OSError) -> CohortError:
    """Return the refusal of a file that the system does not let be read."""
    return refusal(file.name, f"cannot be read ({error.strerror})", "a CSV file")


def _parse_csv(text: str, name: str) -> pd.DataFrame:
    rows = _rows(text, name)
    while rows and not any(cell.strip() for cell in rows[-1]):
        rows.pop()
    header = csv_header(rows[0] if rows else None, name)
    wrong = [number for number, row in enumerate(rows[1:], start=2) if len(row) != len(header)]
    if wrong:
        told = [wrong_count(name, number, len(rows[number - 1]), len(header)) for number in wrong[:MOST_TOLD]]
        raise CohortError("the cohort was refused", [*told, *rows_not_told(name, len(wrong))])
    return pd.DataFrame(rows[1:], columns=header, dtype=object)


def csv_header(row: list[str] | None, name: str) -> list[str]:
    """Return the names of the columns from the first row of a file, `None` where it has none.

    Parameters
    ----------
    row : list of str or None
    name : str
        Of the file.
    """
    if row is None:
        raise refusal(name, "the file is empty", "a header and rows")
    if len(row) > MOST_COLUMNS:
        raise refusal(
            name, f"{len(row):,} columns", f"at most {MOST_COLUMNS:,}", "Leave out those that nothing reads", 1
        )
    header = [cell.strip() for cell in row]
    if not any(header):
        raise refusal(name, "a blank row", "the header", "Take the blank row out", 1)
    if header[0].casefold().startswith("sep="):
        raise refusal(name, "the line 'sep=...' of a spreadsheet", "the header", "Take this line out", 1)
    if header[0].startswith("#") and not any(header[1:]):
        raise refusal(name, "a comment", "the header", "Take the comments out", 1)
    if len(header) < 2 and any(mark in header[0].split("\n", 1)[0] for mark in (";", "\t", "|")):
        raise refusal(name, "columns separated by ';', '|' or tab", "columns separated by ','", row=1)
    return header


def wrong_count(name: str, number: int, cells: int, wanted: int) -> Problem:
    """Return the problem of a row that has more or fewer cells than the header."""
    return Problem(name, number, None, f"{cells} cells", f"{wanted}, as in the header", _mend(cells, wanted))


def rows_not_told(name: str, wrong: int) -> list[Problem]:
    """Return the problem that counts the rows of a file that are as wrong as the first `MOST_TOLD`; else nothing."""
    more = wrong - MOST_TOLD
    if more <= 0:
        return []
    found = f"{more:,} more rows of a wrong number of cells"
    return [Problem(name, None, None, found, "as many as in the header", stands_for=more)]


def _mend(cells: int, wanted: int) -> str:
    if cells == 0:
        return "Take the blank row out"
    if cells < wanted:
        return "Every row has all its commas, also after empty cells"
    return "A comma inside a value needs quotes around the value"


def _rows(text: str, name: str) -> list[list[str]]:
    """Split the text into rows and cells; a quote that is never closed would swallow the rows after it."""
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), strict=True):
            rows.append(row)
    except csv.Error as error:
        raise wrong_quotes(name, error, len(rows) + 1) from None
    return rows


def wrong_quotes(name: str, error: csv.Error, row: int) -> CohortError:
    """Return the refusal of a file whose quotes do not fit, from the row on in which that shows."""
    return refusal(
        name, f"quotes that do not close or do not fit ({error})", 'a value with quotes as "so ""quoted"" here"',
        "Look at this row and the next", row,
    )  # fmt: skip


def _read_parquet(file: Path) -> pd.DataFrame:
    try:
        return pd.read_parquet(file)
    except Exception as error:
        raise not_parquet(file, error) from None


def not_parquet(file: Path, error: Exception) -> CohortError:
    """Return the refusal of a Parquet file that cannot be read, or not without pyarrow."""
    if isinstance(error, ImportError):
        return refusal(
            file.name, "Parquet, and pyarrow is not installed", "pyarrow, or CSV",
            "pip install pyarrow",
        )  # fmt: skip
    return refusal(file.name, f"not readable as Parquet ({type(error).__name__})", "a Parquet file")


def refusal(
    table: str, found: str, expected: str, advice: str = "", row: int | None = None, counted: str = "row"
) -> CohortError:
    """Return the refusal of a cohort for one problem of a file; the arguments are those of `Problem`."""
    problem = Problem(table, row, None, found, expected, advice, counted=counted)
    return CohortError("the cohort was refused", [problem])
