"""Reading a cohort folder: CSV (UTF-8) or Parquet."""

from __future__ import annotations

import csv
import difflib
import io
from pathlib import Path

import pandas as pd

from relapse_model.cohort import SYNTHETIC_FILE, Cohort
from relapse_model.cohort_columns import TABLES
from relapse_model.cohort_gate import Dash, OnProblems, checked
from relapse_model.errors import CohortError, Problem
from relapse_model.study import Study

_REQUIRED = ("patients", "labs")
_FORMS = (".csv", ".parquet")
_UNREAD_FORMS = (".xlsx", ".xls", ".ods", ".tsv", ".txt")
_ENCODING = "Save the file as CSV UTF-8 (a Chinese export is often GB18030, a 'Unicode text' of Excel UTF-16)"


def read_cohort(
    folder: str | Path,
    *,
    study: Study | None = None,
    on_problems: OnProblems = "raise",
    dash: Dash | None = None,
) -> Cohort:
    """Read a cohort folder and check it: the tables patients, labs and, where present, treatments, outcomes.

    Identifiers and laboratory texts are read as text, exactly as they stand. See `make_cohort` for the checks.

    Parameters
    ----------
    folder : str or Path
        With ``patients.csv`` and ``labs.csv`` (or ``.parquet``).
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
        problem = Problem(path.name or str(folder), None, None, "no such folder", "a cohort folder")
        raise CohortError("the cohort was refused", [problem])
    problems: list[Problem] = _look_alikes(path)
    tables: dict[str, pd.DataFrame] = {}
    for name in TABLES:
        try:
            table = _read_table(path, name)
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


def _look_alikes(path: Path) -> list[Problem]:
    """Refuse a file whose name is nearly that of a table: unread, it would be data lost in silence."""
    read = {f"{name}{form}" for name in TABLES for form in _FORMS}
    here = {file.name for file in path.iterdir()}
    found = []
    for name in sorted(here - read):
        stem, form = Path(name).stem.lower(), Path(name).suffix.lower()
        near = difflib.get_close_matches(stem, TABLES, n=1, cutoff=0.8) if form in (*_FORMS, *_UNREAD_FORMS) else []
        if near and (form in _FORMS or here.isdisjoint({f"{near[0]}{form}" for form in _FORMS})):
            expected = f"{near[0]}{form}" if form in _FORMS else f"{near[0]}.csv or {near[0]}.parquet"
            found.append(
                Problem(name, None, None, "not a table of the cohort folder", expected,
                        "Rename or export it, or take it out of the folder")
            )  # fmt: skip
    return found


def _read_table(path: Path, name: str) -> pd.DataFrame | None:
    csv_file, parquet_file = (path / f"{name}{form}" for form in _FORMS)
    if csv_file.exists() and parquet_file.exists():
        raise _refusal(name, "both a CSV and a Parquet file", "one of them")
    if csv_file.exists():
        return _parse_csv(_decoded(csv_file), csv_file.name)
    if parquet_file.exists():
        return _read_parquet(parquet_file)
    if name in _REQUIRED:
        raise _refusal(f"{name}.csv", "no such file in the folder", f"{name}.csv or {name}.parquet")
    return None


def _decoded(file: Path) -> str:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise _refusal(file.name, f"cannot be read ({error.strerror})", "a CSV file") from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        found = f"byte 0x{content[error.start]:02x} is not UTF-8"
        raise _refusal(file.name, found, "UTF-8 text", _ENCODING, line, "line") from None
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise _refusal(file.name, "bytes of zero between the letters", "UTF-8 text", _ENCODING, line, "line")
    return text


def _parse_csv(text: str, name: str) -> pd.DataFrame:
    rows = _rows(text, name)
    while rows and not any(cell.strip() for cell in rows[-1]):
        rows.pop()
    if not rows:
        raise _refusal(name, "the file is empty", "a header and rows")
    header = [cell.strip() for cell in rows[0]]
    if not any(header):
        raise _refusal(name, "a blank row", "the header", "Take the blank row out", 1)
    if len(header) < 2 and any(mark in text.split("\n", 1)[0] for mark in (";", "\t", "|")):
        raise _refusal(name, "columns parted by ';', '|' or tab", "columns parted by ','", row=1)
    wrong = [
        Problem(name, number, None, f"{len(row)} cells", f"{len(header)}, as in the header",
                _mend(len(row), len(header)))
        for number, row in enumerate(rows[1:], start=2)
        if len(row) != len(header)
    ]  # fmt: skip
    if wrong:
        raise CohortError("the cohort was refused", wrong)
    return pd.DataFrame(rows[1:], columns=header, dtype=object)


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
        raise _refusal(
            name, f"quotes that do not close or do not fit ({error})", 'a value with quotes as "so ""quoted"" here"',
            "Look at this row and the next", len(rows) + 1,
        ) from None  # fmt: skip
    return rows


def _read_parquet(file: Path) -> pd.DataFrame:
    try:
        return pd.read_parquet(file)
    except ImportError:
        raise _refusal(
            file.name, "Parquet, and pyarrow is not installed", "pyarrow, or CSV",
            "pip install 'relapse-model[parquet]'",
        ) from None  # fmt: skip
    except Exception as error:
        raise _refusal(file.name, f"not readable as Parquet ({type(error).__name__})", "a Parquet file") from None


def _refusal(
    table: str, found: str, expected: str, advice: str = "", row: int | None = None, counted: str = "row"
) -> CohortError:
    problem = Problem(table, row, None, found, expected, advice, counted=counted)
    return CohortError("the cohort was refused", [problem])
