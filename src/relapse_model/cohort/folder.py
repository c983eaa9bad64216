"""Reading a cohort folder: CSV (UTF-8) or Parquet."""

from __future__ import annotations

import difflib
import os
import re
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from relapse_model.cohort.cohort import SYNTHETIC_FILE, Cohort
from relapse_model.cohort.gate import Dash, OnProblems, checked
from relapse_model.cohort.gate_study import required_tables
from relapse_model.cohort.tables.columns import TABLES
from relapse_model.cohort.tables.csv_table import CsvTable
from relapse_model.cohort.tables.file_refusals import refusal
from relapse_model.errors import CohortError, Problem
from relapse_model.files import what_is_no_file
from relapse_model.study.study import Study

if TYPE_CHECKING:
    from relapse_model.cohort.tables.parquet_table import ParquetTable

_FORMS = (".csv", ".parquet")
_UNREAD_FORMS = (".xlsx", ".xls", ".ods", ".tsv", ".txt")
_PACKED_FORMS = (".gz", ".bz2", ".xz", ".zst", ".zip", ".7z", ".rar")
_BESIDE = re.compile(r"(?:[^a-z]+(?:copy)?)+$")  # what a file manager adds to the name of a second one


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
    require_cohort_folder(path)
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


def require_cohort_folder(path: Path) -> None:
    """Refuse a path that is no folder, or one in which there is what another reader takes.

    Parameters
    ----------
    path : Path
    """
    if not path.is_dir():
        raise CohortError("the cohort was refused", [_no_folder(path)])
    if all(table_missing(path, name) for name in TABLES) and (advice := _way_in(path)):
        problem = Problem(str(path), None, None, "no table of a cohort folder", "patients and labs", advice)
        raise CohortError("the cohort was refused", [problem])


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
    try:
        return named_like_tables({file.name for file in path.iterdir()})
    except OSError as error:
        raise refusal(str(path), f"cannot be read ({error.strerror})", "a cohort folder") from error


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
        near = near or [table for table in TABLES if table == stem]  # of whatever form: treatments.feather, treatments
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


def open_table(
    path: Path, name: str, required: tuple[str, ...] = ("patients", "labs")
) -> CsvTable | ParquetTable | None:
    """Return a table of a cohort folder, to be read whole or a piece at a time; `None` where an optional one is absent.

    Parameters
    ----------
    path : Path
        The folder.
    name : str
        A key of `TABLES`.
    required : tuple of str
        The tables that must be there.

    Raises
    ------
    CohortError
        As `read_cohort`.
    """
    file = table_file(path, name, required)
    if file is None:
        return None
    if file.suffix == ".csv":
        return CsvTable(file)
    from relapse_model.cohort.tables.parquet_table import ParquetTable

    return ParquetTable(file)


def _read_table(path: Path, name: str, required: tuple[str, ...]) -> pd.DataFrame | None:
    table = open_table(path, name, required)
    return None if table is None else table.whole()
