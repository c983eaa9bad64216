"""A Parquet table, read a piece at a time: the same rows whole and in pieces."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from relapse_model.cohort.tables.column_values import is_whole
from relapse_model.cohort.tables.file_refusals import not_parquet

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS = 200_000  # of a piece


class ParquetTable:
    """A Parquet table.

    Parameters
    ----------
    file : Path

    Attributes
    ----------
    columns : list of str
        Of the data frame that pandas reads.
    schema : pyarrow.Schema
    fractional : set of str
        Columns of floats of which some are not whole; known once there are pieces. Where all are, they are read
        without ".0", which a part of whole ones among others must not take for itself.

    Raises
    ------
    CohortError
        If the file is not Parquet.
    """

    def __init__(self, file: Path):
        self.file = file
        self.fractional: set[str] = set()
        try:
            import pyarrow.parquet as parquet

            with parquet.ParquetFile(file) as opened:
                self.schema: pa.Schema = opened.schema_arrow
            self.columns = [str(name) for name in self.schema.empty_table().to_pandas().columns]
        except Exception as error:
            raise not_parquet(file, error) from None

    def pieces(self) -> Iterator[pa.Table]:
        """Yield the rows."""
        import pyarrow as pa
        import pyarrow.parquet as parquet

        floats = [field.name for field in self.schema if str(field.type) in ("float", "double", "halffloat")]
        once = [name for name in floats if self.schema.names.count(name) == 1]
        try:
            with parquet.ParquetFile(self.file) as opened:
                for batch in opened.iter_batches(_ROWS, columns=once) if once else ():
                    self.fractional |= {name for name in once if not is_whole(batch.column(name).to_pandas())}
                for batch in opened.iter_batches(_ROWS):
                    yield pa.Table.from_batches([batch]).cast(self.schema)
        except (OSError, pa.ArrowException) as error:
            raise not_parquet(self.file, error) from None

    def whole(self) -> pd.DataFrame:
        """Return all rows."""
        try:
            return pd.read_parquet(self.file)
        except Exception as error:
            raise not_parquet(self.file, error) from None

    def frame(self, rows: pa.Table) -> pd.DataFrame:
        """Return rows as `whole` reads them."""
        return frame_of(rows, self.schema, self.columns, self.fractional)


def frame_of(rows: pa.Table, schema: pa.Schema, columns: list[str], fractional: set[str]) -> pd.DataFrame:
    """Return rows of a Parquet table as pandas reads all of it.

    Parameters
    ----------
    rows : pyarrow.Table
    schema : pyarrow.Schema
    columns : list of str
    fractional : set of str
        As of `ParquetTable`.
    """
    made: pd.DataFrame = rows.unify_dictionaries().replace_schema_metadata(schema.metadata).to_pandas()
    made.columns = pd.Index(columns)
    for name in fractional:
        if is_whole(made[name]):
            made[name] = made[name].astype(object)
    return made
