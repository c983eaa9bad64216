"""A CSV table, read by pyarrow a piece at a time: the same rows, and the same refusals, whole and in pieces."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.cohort.tables.column_values import categorical, narrowest
from relapse_model.cohort.tables.file_refusals import (
    MOST_SHOWN,
    csv_header,
    not_utf8,
    rows_not_shown,
    unreadable,
    wrong_count,
    wrong_quotes,
)
from relapse_model.errors import CohortError, Problem

if TYPE_CHECKING:
    import pyarrow as pa

    Rows: TypeAlias = pa.Table
    _Coded: TypeAlias = tuple[NDArray[Any], pa.Array]

_QUOTE, _COMMA, _LINE_FEED = b'",\n'
_MARK = b"\xef\xbb\xbf"
BYTES_WORTH = 262_144  # of a file: below, reading cell by cell takes no time
PIECE_BYTES = 2**22  # what is made of one stays in the processor's own memory
_ROWS = 50_000  # of a piece that is read cell by cell


class CsvTable:
    """A CSV table, each different text of a piece read once; every cell is exactly as it stands in the file.

    Pieces of plain lines are read by pyarrow (see `plain_rows`). From the first that is not plain on, the file is read
    cell by cell, which takes several times as long.

    Parameters
    ----------
    file : Path

    Attributes
    ----------
    columns : list of str
        The header.

    Raises
    ------
    CohortError
        If the file cannot be read, or has no header.
    """

    schema = None  # all columns are texts

    def __init__(self, file: Path):
        self.file = file
        first = next(self._records(), None)
        if first is not None and not any(cell.strip() for cell in first):
            first = first if any(cell.strip() for row in self._records() for cell in row) else None
        try:
            self.columns = csv_header(first, file.name)
        except CohortError:
            for _ in self._records():  # what is wrong with the text as a whole is said first
                pass
            raise

    def pieces(self) -> Iterator[Rows]:
        """Yield the rows, their columns named "0", "1", ...; a row of too many or too few cells refuses the file."""
        offset, number = 0, 1  # of the first byte and row that have not been read
        for rows, size in self._plain_pieces():
            if rows is not None:
                yield rows
            offset, number = offset + size, number + (1 if rows is None else rows.num_rows)
        for cells in self._careful(offset, number):
            yield _encoded(cells)

    def whole(self) -> pd.DataFrame:
        """Return all rows; the texts of a large file are categories."""
        if self._size() < BYTES_WORTH:
            cells = [row for piece in self._careful(0, 1) for row in zip(*piece, strict=True)]
            return pd.DataFrame(cells, columns=self.columns, dtype=object)
        return self._frame([_narrowed(rows) for rows in chain((self._no_rows(),), self.pieces())])

    def frame(self, rows: Rows) -> pd.DataFrame:
        """Return rows as the gate takes them.

        Parameters
        ----------
        rows : pyarrow.Table
            Of one piece.
        """
        return self._frame([_narrowed(rows)])

    def _frame(self, pieces: list[list[_Coded]]) -> pd.DataFrame:
        columns = enumerate(zip(*pieces, strict=True))
        made = pd.DataFrame({place: _categorical(column) for place, column in columns}, copy=False)
        return made.set_axis(self.columns, axis=1)

    def _no_rows(self) -> Rows:
        return _encoded([[] for _ in self.columns])

    def _size(self) -> int:
        try:
            return self.file.stat().st_size
        except OSError as error:
            raise unreadable(self.file, error) from None

    def _plain_pieces(self) -> Iterator[tuple[Rows | None, int]]:
        """Yield the header as None, and the pieces up to the first that is not plain, with the bytes of each."""
        if self._size() < BYTES_WORTH:
            return
        with self.file.open("rb") as file:
            header = file.readline(PIECE_BYTES)
            if header.count(b'"') % 2 or b"\r" in header.rstrip(b"\r\n") or not header.endswith(b"\n"):
                return
            yield None, len(header)
            for piece in whole_lines(file):
                rows = plain_rows(piece, len(self.columns))
                if rows is None:
                    return
                yield rows, len(piece)

    def _careful(self, offset: int, number: int) -> Iterator[list[list[str]]]:
        """Yield the columns of what follows an offset, read cell by cell."""
        rows: list[list[str]] = []
        wrong: list[Problem] = []
        counted = 0
        for count, row in self._numbered(offset, number):
            if len(row) != len(self.columns):
                counted += 1
                if counted <= MOST_SHOWN:
                    wrong.append(wrong_count(self.file.name, count, len(row), len(self.columns)))
                continue
            rows.append(row)
            if len(rows) == _ROWS:
                yield _turned(rows)
                rows = []
        if wrong:
            raise CohortError("the cohort was refused", [*wrong, *rows_not_shown(self.file.name, counted)])
        if rows:
            yield _turned(rows)

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
            raise self._no_text() or wrong_quotes(self.file.name, error, number) from None
        except UnicodeError:
            raise self._no_text() or unreadable(self.file, OSError(0, "changed while it was read")) from None
        except OSError as error:
            raise unreadable(self.file, error) from None

    def _no_text(self) -> CohortError | None:
        with self.file.open("rb") as lines:
            return not_utf8(lines, self.file.name)


def plain_rows(text: bytes, columns: int) -> Rows | None:
    r"""Return the rows of some lines of CSV as texts; None unless a reader of CSV would find one row in each line.

    Not plain are lines that are blank or have more or fewer cells than there are columns, a last row without any text,
    quotes within a cell or around a line end, a carriage return within a line, a zero byte, and what is not UTF-8.

    Parameters
    ----------
    text : bytes
        Whole lines; the last one may lack its end.
    columns : int

    Examples
    --------
    >>> plain_rows(b'1,<0.05\n"2, 3",<0.05\n', 2).to_pydict()
    {'0': ['1', '2, 3'], '1': ['<0.05', '<0.05']}
    >>> plain_rows(b"1\n", 2) is None
    True
    """
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    text = text.replace(b"\r\n", b"\n") if b"\r" in text else text
    if b"\r" in text or b"\0" in text or text.startswith((b"\n", _MARK)):
        return None
    quoted = b'"' in text
    if quoted and not _quotes_fit(np.frombuffer(text, dtype=np.uint8)):
        return None
    names = [str(place) for place in range(columns)]
    try:
        table = arrow_csv.read_csv(
            pa.py_buffer(text),
            read_options=arrow_csv.ReadOptions(column_names=names, block_size=2 * PIECE_BYTES),
            parse_options=arrow_csv.ParseOptions(quote_char='"' if quoted else False, ignore_empty_lines=False),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.dictionary(pa.int32(), pa.string())),
                strings_can_be_null=False, quoted_strings_can_be_null=False,
            ),
        )  # fmt: skip
    except pa.ArrowInvalid:
        return None
    if not table.num_rows or not any(str(column[-1]).strip() for column in table.columns):
        return None  # a blank row, perhaps at the end of the file
    table = table.unify_dictionaries().combine_chunks()
    first = table.column(0).chunk(0)
    if (first.null_count or "" in first.dictionary.to_pylist()) and b"\n\n" in text:
        return None  # a blank line is read as empty cells
    return table if _longest(table) <= csv.field_size_limit() else None


def whole_lines(file: BinaryIO) -> Iterator[bytes]:
    """Yield the content of a file in pieces that end where a line ends, up to a line that is too long for a piece."""
    while piece := file.read(PIECE_BYTES):
        rest = b"" if piece.endswith(b"\n") else file.readline(PIECE_BYTES)
        if len(rest) == PIECE_BYTES and not rest.endswith(b"\n"):
            return
        yield piece + rest


def _narrowed(rows: Rows) -> list[_Coded]:
    """Return the codes and texts of each column of a piece; of the narrowest codes, all pieces fit into memory."""
    columns = [one.chunk(0) if one.num_chunks == 1 else one.combine_chunks() for one in rows.columns]
    return [(one.indices.to_numpy().astype(narrowest(len(one.dictionary))), one.dictionary) for one in columns]


def _categorical(pieces: Sequence[_Coded]) -> pd.Categorical:
    """Return a column of all pieces, the texts of which are put together and not those of the rows."""
    import pyarrow as pa

    different = pa.chunked_array([texts for _, texts in pieces]).dictionary_encode().combine_chunks()
    texts = np.array(different.dictionary.to_pylist(), dtype=object)
    place = different.indices.to_numpy().astype(narrowest(len(texts)))
    codes = np.empty(sum(len(one) for one, _ in pieces), dtype=place.dtype)
    begin = first = 0
    for one, own in pieces:
        np.take(place[first : first + len(own)], one, out=codes[begin : begin + len(one)], mode="clip")
        begin, first = begin + len(one), first + len(own)
    return categorical(codes, texts)


def _longest(table: Rows) -> int:
    from pyarrow import compute

    return max(compute.max(compute.utf8_length(one.chunk(0).dictionary)).as_py() or 0 for one in table.columns)


def _quotes_fit(mark: NDArray[np.uint8]) -> bool:
    """Tell whether quotes stand first and last in a cell, no line ends between them, and nowhere else."""
    quotes = np.flatnonzero(mark == _QUOTE)
    if len(quotes) % 2:
        return False
    opening, closing = quotes[::2], quotes[1::2]
    before = mark[opening - 1]
    before[opening == 0] = _LINE_FEED
    after = mark[np.minimum(closing + 1, len(mark) - 1)]
    after[closing + 1 == len(mark)] = _LINE_FEED
    line_ends = np.flatnonzero(mark == _LINE_FEED)
    return bool(
        np.isin(before, (_COMMA, _LINE_FEED)).all()
        and np.isin(after, (_COMMA, _LINE_FEED)).all()
        and (np.searchsorted(line_ends, opening) == np.searchsorted(line_ends, closing)).all()
    )


def _turned(rows: list[list[str]]) -> list[list[str]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _encoded(columns: list[list[str]]) -> Rows:
    import pyarrow as pa

    coded = [pa.array(one, pa.string()).dictionary_encode() for one in columns]
    return pa.table(coded, names=[str(place) for place in range(len(columns))])


def _without_zeros(text: Iterator[str]) -> Iterator[str]:
    for line in text:
        if "\0" in line:
            raise UnicodeError("a zero byte")
        yield line
