"""A Parquet table, read a block of rows at a time, and written in parts that give the same rows back."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.cohort.folder import not_parquet
from relapse_model.cohort.large_folders.block_of_rows import Block, owner_column
from relapse_model.cohort.tables.column_values import is_whole, texts
from relapse_model.cohort.tables.identifiers import identifier_keys

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS = 50_000  # of a block


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
        number, owner = 2, self.columns[owner_column(self.columns)]
        for table in self._tables():
            ids = identifier_keys(texts(self._frame(table)[owner])).tolist()
            yield Block(np.arange(number, number + len(ids), dtype=np.int64), ids, table)
            number += len(ids)

    def written(self, block: Block, chosen: NDArray[np.intp]) -> bytes:
        """Return some rows of a block as a part holds them: an Arrow stream, after which others may follow."""
        import pyarrow as pa

        rows = block.rows.take(pa.array(chosen))
        content = io.BytesIO()
        with pa.ipc.new_stream(content, rows.schema) as stream:
            stream.write_table(rows)
        return content.getvalue()

    def read(self, part: bytes) -> pd.DataFrame:
        """Return the rows of a part, as `read_cohort` would read them."""
        import pyarrow as pa

        tables = [self.schema.empty_table()]
        with pa.BufferReader(part) as content:
            while content.tell() < content.size():
                tables.append(pa.ipc.open_stream(content).read_all())
        return self._frame(pa.concat_tables(tables).unify_dictionaries())

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
