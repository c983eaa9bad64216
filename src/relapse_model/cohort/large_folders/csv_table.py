"""A CSV table, read a block of rows at a time, and written in parts that give the same rows back."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.cohort.folder import (
    MOST_TOLD,
    csv_header,
    not_utf8,
    rows_not_told,
    unreadable,
    wrong_count,
    wrong_quotes,
)
from relapse_model.cohort.large_folders.block_of_rows import Block, owner_column
from relapse_model.cohort.large_folders.plain_lines import PlainRows, read_cells, rows_of_plain_lines, whole_lines
from relapse_model.cohort.tables.identifiers import identifier_key
from relapse_model.errors import CohortError, Problem

_ROWS = 50_000  # of a block that is read cell by cell


class CsvBlocks:
    """A CSV table: the same rows, and the same refusals of a broken file, as `read_cohort` has.

    From the first line on that is not plain (see `rows_of_plain_lines`), it is read cell by cell, which takes several
    times as long.

    Parameters
    ----------
    file : Path

    Raises
    ------
    CohortError
        If there is no header, or the text before it ends is not UTF-8.
    """

    def __init__(self, file: Path):
        self.file = file
        first = next(self._records(), None)
        if first is not None and not any(cell.strip() for cell in first):
            first = first if any(cell.strip() for row in self._records() for cell in row) else None
        self.columns = csv_header(first, file.name)

    def blocks(self) -> Iterator[Block]:
        """Yield the rows; a row with too many or too few cells refuses the file after the last of them."""
        owner = owner_column(self.columns)
        offset, number = 0, 1  # of the first byte and row that have not been read
        for rows, size in self._plain_pieces():
            numbers = np.arange(number, number + len(rows))
            names = list(rows.cells(owner))
            known = {name: identifier_key(name.decode("utf-8")) for name in set(names)}
            header = number == 1
            yield Block(numbers[header:], [known[name] for name in names[header:]], rows.after(header))
            offset, number = offset + size, number + len(rows)
        yield from self._careful_blocks(owner, offset, number)

    def written(self, block: Block, chosen: NDArray[np.intp]) -> bytes:
        """Return some rows of a block, at least one, as a part holds them."""
        if isinstance(block.rows, PlainRows):
            return block.rows.taken(chosen)
        text = io.StringIO(newline="")
        # All in quotes: before 3.13 Python does not quote a carriage return on its own.
        quoted = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
        quoted.writerows(block.rows[place] for place in chosen.tolist())
        return text.getvalue().encode("utf-8")

    def read(self, part: bytes) -> pd.DataFrame:
        """Return the rows of a part, as `read_cohort` would read them."""
        return (
            read_cells(io.BytesIO(part), self.columns) if part else pd.DataFrame([], columns=self.columns, dtype=object)
        )

    def _plain_pieces(self) -> Iterator[tuple[PlainRows, int]]:
        """Yield the pieces of the file up to the first that is not plain, and how many bytes each was."""
        try:
            with self.file.open("rb") as file:
                for first, piece in enumerate(whole_lines(file)):
                    rows = rows_of_plain_lines(
                        piece if first else piece.removeprefix(b"\xef\xbb\xbf"), len(self.columns)
                    )
                    if rows is None:
                        return
                    yield rows, len(piece)
        except OSError as error:
            raise unreadable(self.file, error) from None

    def _careful_blocks(self, owner: int, offset: int, number: int) -> Iterator[Block]:
        """Yield what follows an offset, read cell by cell."""
        numbers: list[int] = []
        rows: list[list[str]] = []
        wrong: list[Problem] = []
        counted = 0
        for count, row in self._numbered(offset, number):
            if len(row) != len(self.columns):
                counted += 1
                if counted <= MOST_TOLD:
                    wrong.append(wrong_count(self.file.name, count, len(row), len(self.columns)))
                continue
            numbers.append(count)
            rows.append(row)
            if len(rows) == _ROWS:
                yield Block(np.array(numbers), [identifier_key(one[owner]) for one in rows], rows)
                numbers, rows = [], []
        if wrong:
            raise CohortError("the cohort was refused", [*wrong, *rows_not_told(self.file.name, counted)])
        yield Block(np.array(numbers, dtype=np.int64), [identifier_key(one[owner]) for one in rows], rows)

    def _numbered(self, offset: int, first: int) -> Iterator[tuple[int, list[str]]]:
        """Yield the rows under the header with their numbers; blank ones at the end are none."""
        blank: list[tuple[int, list[str]]] = []
        for number, row in enumerate(self._records(offset, first), start=first):
            if number == 1:
                continue
            if not (row and row[0].strip()) and not any(cell.strip() for cell in row):
                blank.append((number, row))
                continue
            yield from blank
            blank = []
            yield number, row

    def _records(self, offset: int = 0, number: int = 1) -> Iterator[list[str]]:
        """Yield the rows from an offset on, where the row of this number starts."""
        try:
            with self.file.open("rb") as file:
                file.seek(offset)
                text = io.TextIOWrapper(file, encoding="utf-8" if offset else "utf-8-sig", newline="")
                for row in csv.reader(_without_zeros(text), strict=True):
                    number += 1
                    yield row
        except csv.Error as error:
            raise wrong_quotes(self.file.name, error, number) from None
        except UnicodeError:
            with self.file.open("rb") as lines:
                raise not_utf8(lines, self.file.name) from None
        except OSError as error:
            raise unreadable(self.file, error) from None


def _without_zeros(text: Iterator[str]) -> Iterator[str]:
    for line in text:
        if "\0" in line:
            raise UnicodeError("a zero byte")
        yield line
