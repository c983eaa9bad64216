"""One sheet as text: what each cell shows, which cells hold numbers, which cannot be used, and what is not read."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Cell = tuple[int, int]  # row and column, from 0
Merged = tuple[int, int, int, int]  # first row, first column, last row, last column, from 0

_EXACT = 15  # digits that a spreadsheet keeps of a number


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """A sheet of a workbook, or a text file.

    Attributes
    ----------
    name : str
        Title of the sheet, or name of the file.
    cells : array of str, shape (rows, columns)
        What stands in each cell; empty where nothing does.
    numeric : array of bool, shape (rows, columns)
        Cells that hold a number which is not formatted as a date.
    unusable : mapping of (int, int) to str
        Cells that show nothing one could use, with the reason.
    merged : tuple
        Ranges of merged cells.
    epoch : date or None
        Day 0 of the workbook's date system; None for a text file.
    hidden_rows : tuple of int
        Numbers of hidden rows, from 1.
    notes : tuple of str
        What a person should know: what is hidden, and what is not read.
    file : Path or None
        From which it was read.
    title : str
        Of the sheet in its workbook; `name` may be longer.
    """

    name: str
    cells: NDArray[np.object_]
    numeric: NDArray[np.bool_]
    unusable: Mapping[Cell, str] = field(default_factory=dict)
    merged: tuple[Merged, ...] = ()
    epoch: datetime.date | None = None
    hidden_rows: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    file: Path | None = None
    title: str = ""

    def address(self, row: int, column: int) -> str:
        """Return the address of a cell, as a spreadsheet shows it.

        Examples
        --------
        >>> Sheet("Sheet1", np.empty((0, 0), object), np.empty((0, 0), bool)).address(6, 2)
        'Sheet1!C7'
        """
        return f"{self.name}!{column_letters(column)}{row + 1}"


def column_letters(column: int) -> str:
    """Return the letters of a column, counted from 0.

    Examples
    --------
    >>> column_letters(0), column_letters(25), column_letters(26), column_letters(68)
    ('A', 'Z', 'AA', 'BQ')
    """
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def number_text(number: float) -> str:
    """Return a number as a sheet shows it: 15 digits, so that 0.1 + 0.2 is 0.3.

    Examples
    --------
    >>> number_text(4740774.0), number_text(0.1 + 0.2), number_text(1e-7), number_text(-0.0)
    ('4740774', '0.3', '1e-07', '0')
    """
    if number == int(number) and abs(number) < 10**_EXACT:
        return str(int(number))
    return format(number, f".{_EXACT}g")


def cell_text(value: Any) -> str:
    """Return the value of a cell as text; dates as YYYY-MM-DD, with the time of day where there is one.

    Examples
    --------
    >>> cell_text(22.3), cell_text(True), cell_text(datetime.datetime(2024, 3, 2, 8, 30)), cell_text(None)
    ('22.3', 'TRUE', '2024-03-02 08:30:00', '')
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return number_text(float(value)) if abs(value) < float("inf") else ""
    if isinstance(value, datetime.datetime):
        return _moment(value)
    return value.isoformat() if isinstance(value, datetime.date) else str(value)


def _moment(value: datetime.datetime) -> str:
    """Round to a second, since a spreadsheet keeps the time as a fraction of the day."""
    seconds = (value + datetime.timedelta(microseconds=500_000)).replace(microsecond=0)
    midnight = seconds.time() == datetime.time(0)
    return seconds.date().isoformat() if midnight else seconds.isoformat(sep=" ")
