"""A cohort folder split by patient into chunks that fit into memory, and read back one at a time."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from relapse_model.cohort.cohort import SYNTHETIC_FILE, Cohort
from relapse_model.cohort.folder import look_alikes
from relapse_model.cohort.gate import checked
from relapse_model.cohort.gate_study import required_tables
from relapse_model.cohort.large_folders.block_of_rows import Block, Numbers
from relapse_model.cohort.large_folders.csv_table import CsvBlocks
from relapse_model.cohort.large_folders.open_table import open_blocks
from relapse_model.cohort.large_folders.parquet_table import ParquetBlocks
from relapse_model.cohort.large_folders.parts_on_disk import TableParts
from relapse_model.cohort.tables.columns import TABLES, column_problems
from relapse_model.cohort.tables.part_of_whole import WholeTables, bare_identifiers
from relapse_model.errors import CohortError, Problem
from relapse_model.files import write_text
from relapse_model.study.study import Study

Source = CsvBlocks | ParquetBlocks
_COUNTED, _IDENTIFIERS = "chunks.json", "identifiers.json"


@dataclass(frozen=True, eq=False)
class CohortChunks:
    """The chunks of a cohort folder. Made by `split_cohort`, or found again by `opened`.

    A chunk holds all rows of its patients, in the order of the files. An identifier that stands on several rows is
    in the chunk of the first of them, so that the gate sees them together.

    Attributes
    ----------
    folder : Path
        The cohort folder, which must still be as it was split.
    work : Path
        Where the chunks lie.
    counts : dict
        What was counted when it was split.
    """

    folder: Path
    work: Path
    counts: dict[str, Any]

    @classmethod
    def opened(cls, folder: Path, work: Path, key: str) -> CohortChunks | None:
        """Return the chunks that lie in a work folder, `None` where there are none of this key or not all."""
        try:
            counts = json.loads((work / _COUNTED).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return cls(folder, work, counts) if counts.get("key") == key else None

    @staticmethod
    def forget(work: Path) -> None:
        """Make the chunks of a work folder unknown, before they are removed one by one."""
        (work / _COUNTED).unlink(missing_ok=True)

    def __len__(self) -> int:
        """Return the number of chunks."""
        return len(self.counts["starts"])

    @property
    def patients(self) -> int:
        """Return the number of rows of the patients table."""
        return int(self.counts["patients"])

    @property
    def unattached(self) -> Mapping[str, tuple[int, ...]]:
        """Return for each table the numbers of its rows whose patient is not in the patients table."""
        return {name: tuple(rows) for name, rows in self.counts["unattached"].items() if rows}

    def end(self, number: int) -> float:
        """Return the row of the patients table with which the next chunk starts; infinity after the last."""
        starts = self.counts["starts"]
        return float(starts[number + 1]) if number + 1 < len(starts) else np.inf

    def cohort(self, number: int, study: Study) -> tuple[Cohort, Numbers]:
        """Read a chunk through the gate; problems are listed, and count the rows of the whole files.

        Parameters
        ----------
        number : int
            Of the chunk, from 0.
        study : Study

        Returns
        -------
        cohort : Cohort
        rows : array of int
            The number of each row of the chunk's patients table, refused ones among them.

        Raises
        ------
        RelapseModelError
            If a part is not as it was written.
        """
        tables: dict[str, pd.DataFrame] = {}
        rows: dict[str, Numbers] = {}
        parts = TableParts(self.work, self.counts["sums"])
        for name, source in self.sources.items():
            content, rows[name] = parts.read(name, number)
            tables[name] = source.read(content)
        whole = WholeTables(rows, lambda: self._identifiers, bool(self.counts["patients_known"]))
        synthetic = (self.folder / SYNTHETIC_FILE).exists()
        cohort = checked(tables, study=study, on_problems="list", dash=None, synthetic=synthetic, whole=whole)
        return cohort, rows["patients"]

    @cached_property
    def sources(self) -> dict[str, Source]:
        """Return the tables of the folder, opened once."""
        return {name: source for name in TABLES if (source := open_blocks(self.folder, name, ())) is not None}

    @cached_property
    def _identifiers(self) -> frozenset[str]:
        return frozenset(json.loads((self.work / _IDENTIFIERS).read_text(encoding="utf-8")))


def split_cohort(
    folder: Path, work: Path, *, chunk_patients: int, key: str, progress: bool = False, study: Study | None = None
) -> CohortChunks:
    """Split a cohort folder by patient. Memory holds the identifiers, and one block of rows.

    Parameters
    ----------
    folder : Path
        As `read_cohort` takes it.
    work : Path
        An empty folder, of this cohort alone; the chunks hold patients' rows. Whatever is in it when this function
        does not come to its end is not taken for chunks.
    chunk_patients : int
        Patients of a chunk.
    key : str
        By which the chunks are found again.
    progress : bool
        Show a progress bar if it takes more than a moment and the output is a terminal.
    study : Study, optional
        By which they will be read: without laboratory results if it reads none.

    Raises
    ------
    CohortError
        If a file is broken as a whole, with all such problems of all tables, as `read_cohort` has them. What is wrong
        with a row is found when its chunk is read.
    """
    sources = _open_all(folder, required_tables(study))
    owners = _Owners(chunk_patients)
    problems: list[Problem] = []
    counted = {name: _Counted() for name in sources}
    parts = TableParts(work)
    for name, source in sources.items():
        try:
            _spill(name, source, owners, counted[name], parts, progress)
        except CohortError as error:
            problems += error.problems
    if problems:
        raise CohortError("the cohort was refused", problems)
    others = [one for name, one in counted.items() if name != "patients" and one.rows]
    write_text(json.dumps(sorted(owners.identifiers())), work / _IDENTIFIERS, private=True)
    counts = {
        "key": key,
        "patients": counted["patients"].rows,
        "starts": owners.starts,
        "sums": parts.sums,
        "unattached": {name: one.unattached for name, one in counted.items()},
        "patients_known": not others or any(one.rows > len(one.unattached) for one in others),
    }
    write_text(json.dumps(counts), work / _COUNTED, private=True)  # last: it says that the chunks are all there
    return CohortChunks(folder, work, counts)


@dataclass
class _Counted:
    """Rows of a table, and those of unknown patients."""

    rows: int = 0
    unattached: list[int] = field(default_factory=list)


class _Owners:
    """Which chunk an identifier belongs to; an empty one is an identifier like others."""

    def __init__(self, chunk_patients: int):
        self.chunk_patients = chunk_patients
        self.chunk: dict[str, int] = {}
        self.starts: list[int] = []
        self.unknown: set[str] = set()

    def enter(self, block: Block) -> Numbers:
        """Give each row of the patients table its chunk."""
        found = np.empty(len(block.ids), dtype=np.int64)
        for place, text in enumerate(block.ids):
            chunk = self.chunk.setdefault(text, len(self.chunk) // self.chunk_patients)
            if chunk == len(self.starts):
                self.starts.append(int(block.numbers[place]))
            found[place] = chunk
        return found

    def find(self, ids: Sequence[str]) -> Numbers:
        """Return the chunk of each row of another table, -1 for an unknown patient."""
        found = np.array([self.chunk.get(text, -1) for text in ids], dtype=np.int64)
        self.unknown.update(ids[place] for place in np.flatnonzero(found < 0).tolist())
        return found

    def identifiers(self) -> frozenset[str]:
        """Return what no message may show, of all tables."""
        return bare_identifiers(text for texts in (self.chunk, self.unknown) for text in texts)


def _open_all(folder: Path, required: tuple[str, ...]) -> dict[str, Source]:
    """Open all tables; refuse the folder where one is lacking, or its columns are not those of the contract."""
    problems: list[Problem] = look_alikes(folder)
    sources: dict[str, Source] = {}
    for name in TABLES:
        try:
            source = open_blocks(folder, name, required)
        except CohortError as error:
            problems += error.problems
            continue
        if source is not None:
            sources[name] = source
            problems += column_problems(name, [column.strip().lstrip("\ufeff") for column in source.columns])
    if problems:
        raise CohortError("the cohort was refused", problems)
    return sources


def _spill(name: str, source: Source, owners: _Owners, counted: _Counted, parts: TableParts, progress: bool) -> None:
    """Write the rows of a table to the parts of its chunks."""
    from tqdm import tqdm

    with tqdm(desc=f"part {name}", unit=" rows", delay=1.0, leave=False, disable=not progress or None) as bar:
        for block in source.blocks():
            chunk = owners.enter(block) if name == "patients" else owners.find(block.ids)
            order = np.argsort(chunk, kind="stable")
            found, begin = np.unique(chunk[order], return_index=True)
            for one, chosen in zip(found.tolist(), np.split(order, begin[1:]), strict=False):
                if one < 0:
                    counted.unattached += block.numbers[chosen].tolist()
                else:
                    parts.append(name, one, source.written(block, chosen), block.numbers[chosen])
            counted.rows += len(chunk)
            bar.update(len(chunk))
