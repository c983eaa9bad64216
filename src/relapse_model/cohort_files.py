"""Reading a cohort folder: CSV (UTF-8) or Parquet."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Literal

import pandas as pd

from relapse_model.cohort import SYNTHETIC_FILE, Cohort
from relapse_model.cohort_columns import TABLES
from relapse_model.cohort_gate import OnProblems, make_cohort
from relapse_model.errors import CohortError, Problem
from relapse_model.study import Study

_REQUIRED = ("patients", "labs")


def read_cohort(
    folder: str | Path,
    *,
    study: Study | None = None,
    on_problems: OnProblems = "raise",
    dash: Literal["refuse", "negative", "missing"] = "refuse",
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
    if problems:
        raise CohortError("the cohort was refused", problems)
    return make_cohort(
        **tables,
        study=study,
        on_problems=on_problems,
        dash=dash,
        synthetic=(path / SYNTHETIC_FILE).exists(),
    )


def _look_alikes(path: Path) -> list[Problem]:
    """Refuse a file whose name is nearly that of a table: unread, it would be data lost in silence."""
    found = []
    for file in sorted(path.iterdir()):
        if file.suffix.lower() not in (".csv", ".parquet") or file.stem in TABLES:
            continue
        near = difflib.get_close_matches(file.stem.lower(), TABLES, n=1, cutoff=0.8)
        if near:
            found.append(
                Problem(file.name, None, None, "not a table of the cohort folder", f"{near[0]}{file.suffix}",
                        "Rename it, or take it out of the folder")
            )  # fmt: skip
    return found


def _read_table(path: Path, name: str) -> pd.DataFrame | None:
    csv, parquet = path / f"{name}.csv", path / f"{name}.parquet"
    if csv.exists() and parquet.exists():
        raise _refusal(name, "both a CSV and a Parquet file", "one of them")
    if csv.exists():
        return _read_csv(csv)
    if parquet.exists():
        return _read_parquet(parquet)
    if name in _REQUIRED:
        raise _refusal(f"{name}.csv", "no such file in the folder", f"{name}.csv or {name}.parquet")
    return None


def _read_csv(file: Path) -> pd.DataFrame:
    content = file.read_bytes()
    if not content.strip():
        raise _refusal(file.name, "the file is empty", "a header and rows")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise _refusal(
            file.name, f"byte 0x{content[error.start]:02x} is not UTF-8", "UTF-8 text",
            "Save the file as CSV UTF-8 (a Chinese export is often GB18030)", line,
        ) from None  # fmt: skip
    header = text.split("\n", 1)[0]
    if "," not in header and (";" in header or "\t" in header):
        raise _refusal(file.name, "columns parted by ';' or tab", "columns parted by ','", row=1)
    return _parse_csv(text, file.name)


def _parse_csv(text: str, name: str) -> pd.DataFrame:
    import csv
    import io

    rows = list(csv.reader(io.StringIO(text, newline="")))
    while rows and not any(cell.strip() for cell in rows[-1]):
        rows.pop()
    header = [cell.strip() for cell in rows[0]]
    wrong = [
        Problem(name, number, None, f"{len(row)} cells", f"{len(header)}, as in the header",
                "A comma inside a value needs quotes around the value")
        for number, row in enumerate(rows[1:], start=2)
        if len(row) != len(header)
    ]  # fmt: skip
    if wrong:
        raise CohortError("the cohort was refused", wrong)
    return pd.DataFrame(rows[1:], columns=header, dtype=object)


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


def _refusal(table: str, found: str, expected: str, advice: str = "", row: int | None = None) -> CohortError:
    return CohortError("the cohort was refused", [Problem(table, row, None, found, expected, advice)])
