"""One table of a cohort folder, read a block of rows at a time, and written in parts that give the same rows back."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.cohort_files import (
    csv_header,
    not_parquet,
    not_utf8,
    table_file,
    unreadable,
    wrong_count,
    wrong_quotes,
)
from relapse_model.column_reader import is_whole, texts
from relapse_model.errors import CohortError, Problem

if TYPE_CHECKING:
    import pyarrow as pa

Numbers = NDArray[np.int64]
_ROWS = 50_000  # of a block
_NUMBER = "row number of the whole table"


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Consecutive rows of a table.

    Attributes
    ----------
    numbers : array of int
        As a spreadsheet counts the rows of the file: the header is row 1.
    ids : list of str
        Identifiers as the gate reads them, without spaces around them.
    rows : object
        The rows, as the form of the table keeps them.
    """

    numbers: Numbers
    ids: list[str]
    rows: Any


class CsvBlocks:
    """A CSV table: the same rows, and the same refusals of a broken file, as `read_cohort` has.

    Parameters
    ----------
    file : Path

    Raises
    ------
    CohortError
        If there is no header, or the text before it ends is not UTF-8.
    """

    form = "csv"

    def __init__(self, file: Path):
        self.file = file
        first = next(self._records(), None)
        if first is not None and not any(cell.strip() for cell in first):
            first = first if any(cell.strip() for row in self._records() for cell in row) else None
        self.columns = csv_header(first, file.name)

    def blocks(self) -> Iterator[Block]:
        """Yield the rows; a row with too many or too few cells refuses the file after the last of them."""
        owner = _owner(self.columns)
        numbers: list[int] = []
        rows: list[list[str]] = []
        wrong: list[Problem] = []
        for number, row in self._numbered():
            if len(row) != len(self.columns):
                wrong.append(wrong_count(self.file.name, number, len(row), len(self.columns)))
                continue
            numbers.append(number)
            rows.append(row)
            if len(rows) == _ROWS:
                yield Block(np.array(numbers), [one[owner].strip() for one in rows], rows)
                numbers, rows = [], []
        if wrong:
            raise CohortError("the cohort was refused", wrong)
        yield Block(np.array(numbers, dtype=np.int64), [one[owner].strip() for one in rows], rows)

    def append(self, block: Block, chosen: NDArray[np.intp], part: Path) -> None:
        """Write some rows of a block at the end of a part."""
        with part.open("a", newline="", encoding="utf-8") as file:
            # All in quotes: before 3.13 Python does not quote a carriage return on its own.
            write = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n").writerow
            for place in chosen.tolist():
                write([block.numbers[place], *block.rows[place]])

    def load(self, part: Path) -> tuple[pd.DataFrame, Numbers]:
        """Return the rows of a part, as `read_cohort` would read them, and their numbers."""
        rows: list[list[str]] = []
        if part.exists():
            with part.open(newline="", encoding="utf-8") as file:
                rows = list(csv.reader(file, strict=True))
        numbers = np.array([int(row.pop(0)) for row in rows], dtype=np.int64)
        return pd.DataFrame(rows, columns=self.columns, dtype=object), numbers

    def _numbered(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the rows under the header with their numbers; blank ones at the end are none."""
        blank: list[tuple[int, list[str]]] = []
        for number, row in enumerate(self._records(), start=1):
            if number == 1:
                continue
            if not (row and row[0].strip()) and not any(cell.strip() for cell in row):
                blank.append((number, row))
                continue
            yield from blank
            blank = []
            yield number, row

    def _records(self) -> Iterator[list[str]]:
        number = 0
        try:
            with self.file.open(newline="", encoding="utf-8-sig") as text:
                for row in csv.reader(_without_zeros(text), strict=True):
                    number += 1
                    yield row
        except csv.Error as error:
            raise wrong_quotes(self.file.name, error, number + 1) from None
        except UnicodeError:
            with self.file.open("rb") as lines:
                raise not_utf8(lines, self.file.name) from None
        except OSError as error:
            raise unreadable(self.file, error) from None


class ParquetBlocks:
    """A Parquet table: the same rows as `read_cohort` reads.

    Parameters
    ----------
    file : Path

    Raises
    ------
    CohortError
        If the file is not Parquet, or pyarrow is not installed.
    """

    form = "parquet"

    def __init__(self, file: Path):
        self.file = file
        try:
            import pyarrow.parquet as parquet

            with parquet.ParquetFile(file) as opened:
                self.schema: pa.Schema = opened.schema_arrow
            self.columns = [str(name) for name in self.schema.empty_table().to_pandas().columns]
            # A column of whole numbers is read without ".0", which a part must not take for itself.
            self.fractional = frozenset(self._fractional())
        except Exception as error:
            raise not_parquet(file, error) from None

    def blocks(self) -> Iterator[Block]:
        """Yield the rows."""
        number, owner = 2, self.columns[_owner(self.columns)]
        for table in self._tables():
            ids = texts(self._frame(table)[owner]).tolist()
            yield Block(np.arange(number, number + len(ids), dtype=np.int64), ids, table)
            number += len(ids)

    def append(self, block: Block, chosen: NDArray[np.intp], part: Path) -> None:
        """Write some rows of a block at the end of a part: one Arrow stream after the other."""
        import pyarrow as pa

        rows = block.rows.take(pa.array(chosen)).append_column(_NUMBER, pa.array(block.numbers[chosen]))
        with part.open("ab") as file, pa.ipc.new_stream(file, rows.schema) as stream:
            stream.write_table(rows)

    def load(self, part: Path) -> tuple[pd.DataFrame, Numbers]:
        """Return the rows of a part, as `read_cohort` would read them, and their numbers."""
        import pyarrow as pa

        empty = self.schema.empty_table()
        tables = [empty.append_column(_NUMBER, pa.array([], type=pa.int64()))]
        if part.exists():
            with pa.OSFile(str(part), "rb") as file:
                while file.tell() < file.size():
                    tables.append(pa.ipc.open_stream(file).read_all())
        whole = pa.concat_tables(tables).unify_dictionaries()
        numbers = whole.column(_NUMBER).to_numpy().astype(np.int64)
        return self._frame(whole.drop_columns(_NUMBER)), numbers

    def _tables(self) -> Iterator[pa.Table]:
        import pyarrow as pa
        import pyarrow.parquet as parquet

        with parquet.ParquetFile(self.file) as opened:
            for batch in opened.iter_batches(batch_size=_ROWS):
                yield pa.Table.from_batches([batch]).cast(self.schema)

    def _frame(self, table: pa.Table) -> pd.DataFrame:
        frame: pd.DataFrame = table.replace_schema_metadata(self.schema.metadata).to_pandas()
        frame.columns = pd.Index(self.columns)
        for name in self.fractional:
            if is_whole(frame[name]):
                frame[name] = frame[name].astype(object)
        return frame

    def _fractional(self) -> Iterator[str]:
        """Yield the columns of floats of which some are not whole."""
        floats = [field.name for field in self.schema if str(field.type) in ("float", "double", "halffloat")]
        for name in floats:
            if self.columns.count(name) == 1 and not all(
                is_whole(table.column(name).to_pandas()) for table in self._tables()
            ):
                yield name


def open_blocks(folder: Path, name: str) -> CsvBlocks | ParquetBlocks | None:
    """Return the table of a cohort folder, `None` where an optional one is absent.

    Parameters
    ----------
    folder : Path
    name : str
        A key of `TABLES`.

    Raises
    ------
    CohortError
        As `read_cohort`.
    """
    file = table_file(folder, name)
    if file is None:
        return None
    return CsvBlocks(file) if file.suffix == ".csv" else ParquetBlocks(file)


def _owner(columns: list[str]) -> int:
    return [name.strip().lstrip("\ufeff") for name in columns].index("patient_id")


def _without_zeros(text: Iterator[str]) -> Iterator[str]:
    for line in text:
        if "\0" in line:
            raise UnicodeError("a zero byte")
        yield line
