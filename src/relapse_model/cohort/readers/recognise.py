"""What a file or folder that is no cohort folder looks like, and which reader fits; by names and first bytes only."""

from __future__ import annotations

import json
from pathlib import Path

_SPREADSHEETS = frozenset({".xlsx", ".xls", ".xlsm", ".ods", ".csv", ".tsv", ".txt"})
_DATABASES = frozenset({".duckdb", ".db"})
_OMOP_TABLES = frozenset({"measurement", "person"})
_LOOKED_INTO = 65_536  # bytes of the start of a file


def kind_of(path: Path) -> str | None:
    """Return the kind of export that a path looks like; None where it looks like none.

    Parameters
    ----------
    path : Path
        A file or folder that exists.

    Examples
    --------
    >>> kind_of(Path("examples/cohort/SYNTHETIC.txt")) is None
    True
    """
    if path.is_dir():
        return _kind_of_folder({entry.name.lower() for entry in path.iterdir() if not entry.name.startswith(".")})
    if not path.is_file():
        return None
    form = path.suffix.lower()
    if form in (".xpt", ".sas7bdat"):
        return "cdisc"
    if form == ".ndjson":
        return "fhir"
    if form in _DATABASES:
        return "omop"
    if form == ".json":
        return _kind_of_json(path)
    if form == ".xml":
        return "redcap" if b"<ODM" in _start(path) else None
    if form in (".csv", ".tsv") and _is_redcap(path):
        return "redcap"
    return "excel" if form in _SPREADSHEETS - {".txt"} else None


def _kind_of_folder(names: set[str]) -> str | None:
    forms = {Path(name).suffix for name in names}
    if {Path(name).stem for name in names} >= _OMOP_TABLES:
        return "omop"
    if ".xpt" in forms:
        return "cdisc"
    if ".ndjson" in forms or (".json" in forms and forms <= {".json", ".txt", ".md"}):
        return "fhir"
    return "excel" if forms & {".xlsx", ".xls", ".ods"} else None


def _kind_of_json(path: Path) -> str | None:
    start = _start(path)
    if b'"datasetJSONVersion"' in start:
        return "cdisc"
    return "fhir" if b'"resourceType"' in start else None


def _is_redcap(path: Path) -> bool:
    header = _start(path).split(b"\n", 1)[0]
    return any(one in header for one in (b"redcap_event_name", b"redcap_repeat_instrument", b"record_id"))


def _start(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_LOOKED_INTO)
    except OSError:
        return b""


def way_in(path: Path) -> str:
    """Say what to do with a path that is no cohort folder; empty where it looks like nothing that is read.

    Parameters
    ----------
    path : Path
    """
    kind = kind_of(path)
    if kind is None:
        return ""
    quoted = json.dumps(str(path), ensure_ascii=False)
    return (
        f"It looks like an export of the kind {kind!r}: write a mapping with "
        f"`relapse-model propose-mapping {kind} {quoted} --out map.toml`, then read it with "
        f"`relapse-model read {kind} {quoted} --mapping map.toml --out COHORT`"
    )
