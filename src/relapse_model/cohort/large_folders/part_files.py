"""The Parquet files of the parts of one table, while they are written."""

from __future__ import annotations

import os
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from relapse_model.cohort.large_folders.partitions import ROW, Numbers, part_name
from relapse_model.cohort.tables.csv_table import CsvTable
from relapse_model.cohort.tables.parquet_table import ParquetTable
from relapse_model.errors import RelapseModelError
from relapse_model.files import naming_full_disk

if TYPE_CHECKING:
    import pyarrow as pa


class PartFiles:
    """The files of the parts of a table, each opened when it has a first row.

    Parameters
    ----------
    folder : Path
    table : str
    """

    def __init__(self, folder: Path, table: str):
        self.folder, self.table = folder, table
        self.opened: dict[int | None, tuple[Any, Any]] = {}
        self.bytes = 0  # in memory, of the rows until now

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:  # what went wrong is told, not what goes wrong by it here
            with suppress(OSError, RelapseModelError):
                self._close()
            return
        self._close()

    def _close(self) -> None:
        with naming_full_disk(self.folder, self.bytes), ExitStack() as stack:
            for writer, file in self.opened.values():
                stack.callback(file.close)
                stack.callback(writer.close)

    def write(self, rows: pa.Table, numbers: Numbers, part: Numbers, parts: range) -> None:
        """Append rows to their parts, in their order.

        Parameters
        ----------
        rows : pyarrow.Table
        numbers : array of int
            Of each row in the whole table.
        part : array of int
            Of each row.
        parts : range
            Those that are written now; other rows are left out.
        """
        import pyarrow as pa

        named = rows.rename_columns([str(place) for place in range(rows.num_columns)])
        numbered = named.append_column(ROW, pa.array(numbers))
        self.bytes += numbered.nbytes
        order = np.argsort(part, kind="stable")
        found, begin = np.unique(part[order], return_index=True)
        for one, chosen in zip(found.tolist(), np.split(order, begin[1:]), strict=True):
            if one in parts:
                alone = len(chosen) == len(part)
                with naming_full_disk(self.folder, self.bytes):
                    self._writer(one, numbered.schema).write_table(numbered if alone else _taken(numbered, chosen))

    def write_none(self, source: CsvTable | ParquetTable) -> None:
        """Write the file of a part without rows.

        Parameters
        ----------
        source : CsvTable or ParquetTable
        """
        import pyarrow as pa

        text = pa.dictionary(pa.int32(), pa.string())
        types = [text] * len(source.columns) if source.schema is None else source.schema.types
        fields = [pa.field(str(place), kind) for place, kind in enumerate(types)]
        self._writer(None, pa.schema([*fields, pa.field(ROW, pa.int64())]))

    def _writer(self, number: int | None, schema: pa.Schema) -> Any:
        import pyarrow.parquet as parquet

        if number not in self.opened:
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0)
            file = os.fdopen(os.open(self.folder / part_name(self.table, number), flags, 0o600), "wb")
            self.opened[number] = (
                parquet.ParquetWriter(file, schema, compression="lz4", write_statistics=False),
                file,
            )
        return self.opened[number][0]


def _taken(rows: pa.Table, chosen: Numbers) -> pa.Table:
    """Return some rows, with those texts alone that stand in them."""
    import pyarrow as pa

    taken = rows.take(pa.array(chosen)).combine_chunks()
    columns = [
        _used(column.chunk(0)) if pa.types.is_dictionary(column.type) and column.num_chunks == 1 else column
        for column in taken.columns
    ]
    return pa.table(columns, schema=taken.schema)


def _used(column: pa.DictionaryArray) -> pa.DictionaryArray:
    import pyarrow as pa

    if column.null_count or len(column.dictionary) <= len(column) // 8:
        return column
    codes = column.indices.to_numpy()
    used = np.zeros(len(column.dictionary), dtype=bool)
    used[codes] = True
    place = np.cumsum(used, dtype=np.int64) - 1
    indices = pa.array(place[codes].astype(np.int32)).cast(column.indices.type)
    return pa.DictionaryArray.from_arrays(indices, column.dictionary.take(pa.array(np.flatnonzero(used))))
