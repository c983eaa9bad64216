"""CSV text whose commas and line feeds all part cells: where they lie is found for a million rows at a time."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Numbers = NDArray[np.int64]
_COMMA, _LINE_FEED, _QUOTE, _SPACE = b',\n" '
_BYTES = 8 * 2**20  # of a piece


@dataclass(frozen=True, slots=True, eq=False)
class PlainRows:
    """Rows of CSV text, none of them blank, each with as many cells as the header.

    Attributes
    ----------
    text : bytes
        The rows, each ended by a line feed.
    ends : array of int, shape (n, columns)
        Where each cell ends: the places of the commas and line feeds.
    begin : int
        Where the first row begins.
    """

    text: bytes
    ends: Numbers
    begin: int = 0

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.ends)

    def cells(self, column: int) -> Iterator[bytes]:
        r"""Return the cells of a column, without quotes around them.

        Examples
        --------
        >>> list(rows_of_plain_lines(b'a,1\n"b",2\n', 2).cells(0))
        [b'a', b'b']
        """
        begin, end = (self.ends[:, column - 1] if column else self._row_ends()[:-1]) + 1, self.ends[:, column]
        around = np.frombuffer(self.text, dtype=np.uint8)[begin] == _QUOTE
        return map(self.text.__getitem__, map(slice, (begin + around).tolist(), (end - around).tolist()))

    def after(self, count: int) -> PlainRows:
        """Return the rows after the first ones."""
        return PlainRows(self.text, self.ends[count:], self.begin if not count else int(self.ends[count - 1, -1]) + 1)

    def taken(self, chosen: NDArray[np.intp]) -> bytes:
        """Return the text of some rows, at least one, in rising order."""
        ends = self._row_ends() + 1
        if chosen[-1] - chosen[0] == len(chosen) - 1:
            return self.text[ends[chosen[0]] : ends[chosen[-1] + 1]]
        return b"".join(map(self.text.__getitem__, map(slice, ends[chosen].tolist(), ends[chosen + 1].tolist())))

    def _row_ends(self) -> Numbers:
        """Return where the row before the first ends, and where each row does."""
        return np.concatenate([[self.begin - 1], self.ends[:, -1]])


def rows_of_plain_lines(text: bytes, columns: int) -> PlainRows | None:
    r"""Return the rows of some lines of CSV; `None` unless all is plain, and can be read by its separators alone.

    Plain are lines of UTF-8 of which none is blank, all with as many cells as there are columns, and quotes, if any,
    around whole cells without a comma, a line end or a quote within. What is not plain may still be sound CSV.

    Parameters
    ----------
    text : bytes
        Whole lines; the last one may lack its end. A carriage return before a line feed is taken out.
    columns : int
        Cells of a row.

    Examples
    --------
    >>> rows_of_plain_lines(b"a,1\r\nb,2", 2).ends.tolist()
    [[1, 3], [5, 7]]
    >>> rows_of_plain_lines(b'a,"1,2"\n', 2) is None
    True
    """
    text = text.replace(b"\r\n", b"\n")
    text = text if text.endswith(b"\n") else text + b"\n"
    if b"\r" in text or b"\0" in text or not _is_utf8(text):
        return None
    mark = np.frombuffer(text, dtype=np.uint8)
    separators = np.flatnonzero((mark == _COMMA) | (mark == _LINE_FEED))
    if len(separators) % columns:
        return None
    ends = separators.reshape(-1, columns)
    ends_row = mark[ends] == _LINE_FEED
    if ends_row[:, :-1].any() or not ends_row[:, -1].all():
        return None
    if np.diff(separators, prepend=-1).max() > csv.field_size_limit() or not _quotes_fit(mark, separators):
        return None
    rows = PlainRows(text, ends)
    return rows if _first_cells_filled(rows, mark) else None


def whole_lines(file: BinaryIO) -> Iterator[bytes]:
    """Yield the content of a file in pieces that end where a line ends, up to a line that is too long for a piece."""
    while piece := file.read(_BYTES):
        rest = file.readline(_BYTES)
        if len(rest) == _BYTES and not rest.endswith(b"\n"):
            return
        yield piece + rest


def read_cells(source: BinaryIO, columns: list[str]) -> pd.DataFrame:
    """Read CSV text that has no header and is known to be sound, every cell as text exactly as it stands.

    Parameters
    ----------
    source : file of bytes
    columns : list of str
    """
    table = pd.read_csv(
        source, header=None, names=list(range(len(columns))), index_col=False, dtype=object, na_filter=False,
        skip_blank_lines=False, low_memory=False, encoding="utf-8",
    )  # fmt: skip
    return table.set_axis(columns, axis=1)


def _is_utf8(text: bytes) -> bool:
    try:
        return text.isascii() or bool(text.decode("utf-8"))
    except UnicodeDecodeError:
        return False


def _quotes_fit(mark: NDArray[np.uint8], separators: Numbers) -> bool:
    """Tell whether quotes stand first and last in a cell, and nowhere else."""
    quotes = np.flatnonzero(mark == _QUOTE)
    if len(quotes) % 2:
        return False
    opening, closing = quotes[::2], quotes[1::2]
    cell = np.searchsorted(separators, opening)
    begin = np.concatenate([[-1], separators])[cell] + 1
    return bool((opening == begin).all() and (closing == separators[cell] - 1).all())


def _first_cells_filled(rows: PlainRows, mark: NDArray[np.uint8]) -> bool:
    """Tell whether the first cell of every row starts with more than a space; a blank row may be the end of a file."""
    begin = rows._row_ends()[:-1] + 1
    first = mark[begin]
    first = np.where(first == _QUOTE, mark[np.minimum(begin + 1, len(mark) - 1)], first)
    if np.isin(first, (_COMMA, _QUOTE)).any() or (first <= _SPACE).any():
        return False
    if (first < 128).all():
        return True
    # Spaces beyond ASCII, and a byte order mark, which the reader of a table would take for one.
    return all(cell.decode("utf-8").lstrip()[:1] not in ("", "\ufeff") for cell in rows.cells(0))
