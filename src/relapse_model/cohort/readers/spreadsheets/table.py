"""A sheet with its header: columns found by name or by a pattern of visits, data rows with their numbers."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.cohort.readers.spreadsheets.sheet import Sheet
from relapse_model.study.names_near import near_names

VISIT = "{visit}"


@dataclass(frozen=True, eq=False)
class Table:
    """The data rows of a sheet under the names of its columns.

    Attributes
    ----------
    sheet : Sheet
    names : tuple of str
        Of the columns; of a header of two rows, both, separated by a space.
    rows : array of int
        Number of each data row in the sheet, from 1; rows without anything in them are left out.
    blank_rows : tuple of int
        Numbers of the rows left out between the data.
    """

    sheet: Sheet
    names: tuple[str, ...]
    rows: NDArray[np.int64]
    blank_rows: tuple[int, ...]

    @property
    def name(self) -> str:
        """Return what messages call it."""
        return self.sheet.name

    def __len__(self) -> int:
        """Return the number of data rows."""
        return len(self.rows)

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """Return the names, normalised."""
        return tuple(name_of_column(name) for name in self.names)

    def column(self, place: int, *, shared: bool = False) -> pd.Series:
        """Return the texts of a column.

        Parameters
        ----------
        place : int
        shared : bool
            Whether a cell that is merged over several rows holds for all of them, as an identifier or a date does.
        """
        cells = self.sheet.cells[:, place]
        if shared:
            cells = cells.copy()
            for top, left, bottom, right in self.sheet.merged:
                if left == right == place:
                    cells[top : bottom + 1] = cells[top]
        return pd.Series(cells[self.rows - 1], dtype=object)

    def numeric(self, place: int) -> NDArray[np.bool_]:
        """Tell which cells of a column hold numbers."""
        return np.asarray(self.sheet.numeric[self.rows - 1, place], dtype=bool)

    def bad_cells(self, place: int, *, shared: bool = False) -> dict[int, str]:
        """Return the data rows (from 0) in which a column has a cell that cannot be used, and why.

        Parameters
        ----------
        place : int
        shared : bool
            As in `column`: then cells merged over several rows can be used.
        """
        unusable = dict(self._unusable.get(place, {}))
        for top, left, bottom, right in self.sheet.merged:
            if left <= place <= right and not (shared and left == right):
                why = "merged cells, so that it is not certain whose value it is"
                unusable.update(dict.fromkeys(range(top, bottom + 1), why))
        rows = {row: int(np.searchsorted(self.rows, row + 1)) for row in unusable}
        return {
            at: f"{unusable[row]}, in cell {self.sheet.address(row, place)}"
            for row, at in rows.items()
            if at < len(self) and self.rows[at] == row + 1
        }

    @cached_property
    def _unusable(self) -> dict[int, dict[int, str]]:
        found: dict[int, dict[int, str]] = {}
        for (row, column), why in self.sheet.unusable.items():
            found.setdefault(column, {})[row] = why
        return found

    def found(self, name: str) -> list[int]:
        """Return the places of the columns of a name: exactly so, else in other case, width or spacing."""
        exact = [place for place, own in enumerate(self.names) if own == name]
        key = name_of_column(name)
        return exact or [place for place, own in enumerate(self.keys) if own == key]

    def visits(self, pattern: str) -> dict[str, list[int]]:
        """Return the visits of a pattern in the order of the columns, with the places of their columns.

        Parameters
        ----------
        pattern : str
            With ``{visit}`` once.
        """
        before, _, after = pattern.partition(VISIT)
        wanted = re.compile(_literal(before) + r"\s?(\S|\S.*?\S)\s?" + _literal(after))
        visits: dict[str, list[int]] = {}
        for place, key in enumerate(self.keys):
            if match := wanted.fullmatch(key):
                visits.setdefault(match[1], []).append(place)
        return visits

    def nearest(self, name: str) -> str:
        """Return an advice with the column whose name is nearest."""
        near = near_names(name_of_column(name), self.keys, cutoff=0.5)
        return f"Did you mean {self.names[self.keys.index(near[0])]!r}?" if near else ""


def _literal(text: str) -> str:
    return re.escape(name_of_column(text))


def name_of_column(name: str) -> str:
    """Return a name in the form in which names are compared: case, width and spacing make no difference.

    Examples
    --------
    >>> name_of_column("W0  HBsAg（IU/mL）")
    'w0 hbsag(iu/ml)'
    """
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def table_of(sheet: Sheet, header_row: int = 1, header_rows: int = 1) -> Table:
    """Split a sheet into its header and its data rows.

    Parameters
    ----------
    sheet : Sheet
    header_row : int
        Number of the row of names, the first of several, from 1.
    header_rows : int
        How many rows the names take. The upper ones hold over the cells that are merged with them; in a file that
        knows no merged cells, over the columns up to the next name.

    Examples
    --------
    >>> cells = np.array([["id", "W0", ""], ["", "date", "HBsAg"], ["7", "2024-03-02", "<0.05"]], dtype=object)
    >>> table_of(Sheet("s", cells, np.zeros((3, 3), bool)), header_rows=2).names
    ('id', 'W0 date', 'W0 HBsAg')
    """
    first = header_row - 1 + header_rows
    height, width = sheet.cells.shape
    upper = [_spread(sheet, row) for row in range(header_row - 1, min(first - 1, height))]
    lowest = [str(one) for one in sheet.cells[first - 1]] if first <= height else [""] * width
    names = [
        " ".join(part for part in (*(row[place] for row in upper), lowest[place]) if part.strip()).strip()
        for place in range(width)
    ]
    full = _filled_rows(sheet, first)
    last = int(np.flatnonzero(full)[-1]) + 1 if full.any() else 0
    blank = np.flatnonzero(~full[:last]) + first + 1
    return Table(sheet, tuple(names), np.flatnonzero(full) + first + 1, tuple(blank.tolist()))


def _filled_rows(sheet: Sheet, first: int) -> NDArray[np.bool_]:
    """Tell in which rows from `first` on anything stands that is seen."""
    body = sheet.cells[first:]
    printed = np.asarray(body != "", dtype=bool).reshape(body.shape)
    full = np.asarray(printed.any(axis=1), dtype=bool)
    leading = body[np.arange(len(body)), printed.argmax(axis=1)] if body.size else np.empty(0, dtype=object)
    for row in [at for at, text in enumerate(leading) if text and not text.strip()]:
        full[row] = any(str(text).strip() for text in body[row])
    for row, _ in sheet.unusable:
        if row >= first:
            full[row - first] = True
    return full


def _spread(sheet: Sheet, row: int) -> list[str]:
    """Return the names of an upper row of the header, each over all the columns that it is for."""
    names = [str(one).strip() for one in sheet.cells[row]]
    ranges = [one for one in sheet.merged if one[0] <= row <= one[2]]
    if sheet.merged:
        for top, left, _, right in ranges:
            names[left : right + 1] = [str(sheet.cells[top, left]).strip() if top == row else ""] * (right - left + 1)
        return names
    below = [str(one).strip() for one in sheet.cells[row + 1]] if row + 1 < len(sheet.cells) else names
    current = ""
    for place, name in enumerate(names):
        current = name or (current if below[place] else "")
        names[place] = current
    return names
