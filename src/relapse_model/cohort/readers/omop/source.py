"""Which kind of OMOP source it is, and its tables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from relapse_model.cohort.readers.omop.database import DuckTables, SqlTables
from relapse_model.cohort.readers.omop.folder import Folder
from relapse_model.cohort.readers.omop.tables import CHUNK, Tables
from relapse_model.errors import Problem, SourceError

_DUCKDB = (".duckdb", ".ddb", ".db")


def is_address(source: object) -> bool:
    """Tell whether a source is the URL of a database."""
    return isinstance(source, str) and "://" in source


def open_tables(source: str | Path, options: Mapping[str, Any]) -> Tables:
    """Return the tables of a source: a folder, a DuckDB file, or a database by its URL.

    Parameters
    ----------
    source : str or Path
    options : mapping
        Of ``[source]``: schema, cohort_schema, chunk, max_bytes.

    Raises
    ------
    SourceError
        If it is none, or cannot be opened.
    """
    schemas = {"cdm": options.get("schema", ""), "cohort": options.get("cohort_schema") or options.get("schema", "")}
    chunk = options.get("chunk", CHUNK)
    if is_address(source):
        return SqlTables(str(source), schemas, chunk)
    path = Path(source)
    if path.is_dir():
        return Folder(path, chunk, options.get("max_bytes"))
    if path.is_file() and path.suffix.lower() in _DUCKDB:
        return DuckTables(path, schemas, chunk)
    found = "a file that is no DuckDB file" if path.exists() else f"no such file or folder in {path.parent.resolve()}"
    raise SourceError("the OMOP source was refused", [
        Problem(path.name, None, None, found, "a folder of CSV or Parquet, a .duckdb file, or the URL of a database")
    ])  # fmt: skip
