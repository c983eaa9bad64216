"""What is said of a table's file that cannot be read: CSV that is broken, bytes that are no text, no Parquet."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

from relapse_model.errors import CohortError, Problem

MOST_SHOWN = 1000  # rows of one file whose number of cells is wrong; the others are counted
MOST_COLUMNS = 20_000
_ENCODING = "Save the file as CSV UTF-8 (a Chinese export is often GB18030, a 'Unicode text' of Excel UTF-16)"


def not_utf8(lines: Iterable[bytes], name: str) -> CohortError | None:
    """Return the refusal of a file that is not UTF-8 text: its first byte that is not, else its first zero; else None.

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
    if zero is None:
        return None
    return refusal(name, "bytes of zero between the letters", "UTF-8 text", _ENCODING, zero, "line")


def unreadable(file: Path, error: OSError) -> CohortError:
    """Return the refusal of a file that the system does not let be read."""
    return refusal(file.name, f"cannot be read ({error.strerror})", "a CSV file")


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


def rows_not_shown(name: str, wrong: int) -> list[Problem]:
    """Return the problem that counts the rows of a file that are as wrong as the first `MOST_SHOWN`; else nothing."""
    more = wrong - MOST_SHOWN
    counted = Problem(
        name, None, None, f"{more:,} more rows of a wrong number of cells", "as many as in the header", stands_for=more
    )
    return [counted] if more > 0 else []


def _mend(cells: int, wanted: int) -> str:
    if cells == 0:
        return "Take the blank row out"
    if cells < wanted:
        return "Every row has all its commas, also after empty cells"
    return "A comma inside a value needs quotes around the value"


def wrong_quotes(name: str, error: csv.Error, row: int) -> CohortError:
    """Return the refusal of a file whose quotes do not fit, from the row on in which that shows."""
    return refusal(
        name, f"quotes that do not close or do not fit ({error})", 'a value with quotes as "so ""quoted"" here"',
        "Look at this row and the next", row,
    )  # fmt: skip


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
