"""The tables of a cohort folder, each to be read a block of rows at a time."""

from __future__ import annotations

from pathlib import Path

from relapse_model.cohort.folder import table_file
from relapse_model.cohort.large_folders.csv_table import CsvBlocks
from relapse_model.cohort.large_folders.parquet_table import ParquetBlocks


def open_blocks(
    folder: Path, name: str, required: tuple[str, ...] = ("patients", "labs")
) -> CsvBlocks | ParquetBlocks | None:
    """Return the table of a cohort folder, `None` where an optional one is absent.

    Parameters
    ----------
    folder : Path
    name : str
        A key of `TABLES`.
    required : tuple of str
        The tables that must be there.

    Raises
    ------
    CohortError
        As `read_cohort`.
    """
    file = table_file(folder, name, required)
    if file is None:
        return None
    return CsvBlocks(file) if file.suffix == ".csv" else ParquetBlocks(file)
