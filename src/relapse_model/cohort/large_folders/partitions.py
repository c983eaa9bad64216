"""The partitions of a cohort folder on disk: Parquet files of consecutive patients, and what is known of the whole."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.gate import checked
from relapse_model.cohort.tables.parquet_table import frame_of
from relapse_model.cohort.tables.part_of_whole import WholeTables
from relapse_model.errors import RelapseModelError
from relapse_model.study.study import Study

if TYPE_CHECKING:
    import pyarrow as pa

Numbers = NDArray[np.int64]
ROW = "row"  # column of a part: the number of each row in the whole table
MANIFEST, IDENTIFIERS = "manifest.json", "identifiers.json"
FORM = "relapse-model partitions 1"


class DamagedPartError(RelapseModelError):
    """A part is not as it was written."""


@dataclass(frozen=True, slots=True)
class TableOfParts:
    """What must be known of a table to read its parts as the whole is read.

    Attributes
    ----------
    columns : list of str
        As the gate takes them.
    schema : str
        Of a Parquet table, as Arrow writes it, in base 64; empty for CSV, of which all columns are texts.
    fractional : list of str
        See `ParquetTable`.
    """

    columns: list[str]
    schema: str = ""
    fractional: list[str] = field(default_factory=list)

    def frame(self, rows: pa.Table) -> pd.DataFrame:
        """Return rows of the table, of one part or of several, as `read_cohort` reads them."""
        import pyarrow as pa

        if self.schema:
            schema = pa.ipc.read_schema(pa.py_buffer(base64.b64decode(self.schema)))
            return frame_of(rows.rename_columns(schema.names).cast(schema), schema, self.columns, set(self.fractional))
        made: pd.DataFrame = rows.unify_dictionaries().to_pandas()
        return made.set_axis(self.columns, axis=1)


@dataclass(frozen=True, eq=False)
class Partitions:
    """The parts of a cohort folder, made by `partition`, or opened where they lie.

    A part holds all rows of its patients, in the order of the files: of patients who follow one another in the patients
    table. An identifier that stands on several rows is in the part of the first of them, so that the gate sees them
    together.

    Attributes
    ----------
    folder : Path
        Where the parts lie.
    manifest : dict
        What was counted, and the SHA-256 of every file.
    """

    folder: Path
    manifest: dict[str, Any]

    @classmethod
    def opened(cls, folder: str | Path) -> Partitions:
        """Open the partitions in a folder.

        Raises
        ------
        RelapseModelError
            If there are none, or not all.
        """
        path = Path(folder)
        try:
            manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            manifest = {}
        if not isinstance(manifest, dict) or manifest.get("form") != FORM:
            raise RelapseModelError(
                f"{path}: no complete partitions of this version ({MANIFEST} is lacking or of another form); expected "
                "a folder that partition(folder, out) has written to its end. Make them again."
            )
        return cls(path, manifest)

    def __len__(self) -> int:
        """Return the number of parts."""
        return len(self.manifest["starts"])

    def __repr__(self) -> str:
        """Return what there is of it."""
        return f"Partitions({len(self)} parts, {self.patients} patients)"

    @property
    def patients(self) -> int:
        """Return the number of rows of the patients table."""
        return int(self.manifest["patients"])

    @property
    def unattached(self) -> Mapping[str, tuple[int, ...]]:
        """Return for each table the numbers of its rows whose patient is not in the patients table."""
        return {name: tuple(rows) for name, rows in self.manifest["unattached"].items() if rows}

    def end(self, number: int) -> float:
        """Return the row of the patients table with which the next part starts; infinity after the last."""
        starts = self.manifest["starts"]
        return float(starts[number + 1]) if number + 1 < len(self) else np.inf

    def cohort(self, number: int, study: Study) -> tuple[Cohort, Numbers]:
        """Read a part through the gate; problems are listed, and count the rows of the whole files.

        Parameters
        ----------
        number : int
            Of the part, from 0.
        study : Study

        Returns
        -------
        cohort : Cohort
        rows : array of int
            The number of each row of the part's patients table, refused ones among them.

        Raises
        ------
        RelapseModelError
            If a part is not as it was written.
        """
        frames: dict[str, pd.DataFrame] = {}
        rows: dict[str, Numbers] = {}
        for name, kept in self.manifest["tables"].items():
            part = self._part(name, number)
            rows[name] = part.column(ROW).to_numpy()
            frames[name] = TableOfParts(**kept).frame(part.drop_columns([ROW]))
        whole = WholeTables(rows, lambda: self._identifiers, bool(self.manifest["patients_known"]))
        synthetic = bool(self.manifest["synthetic"])
        cohort = checked(frames, study=study, on_problems="list", dash=None, synthetic=synthetic, whole=whole)
        return cohort, rows["patients"]

    def _part(self, name: str, number: int) -> pa.Table:
        """Return the rows of a part, no rows where it has none."""
        import pyarrow as pa
        import pyarrow.parquet as parquet

        file = part_name(name, number)
        if file not in self.manifest["sums"]:
            file = part_name(name, None)
        rows: pa.Table = parquet.read_table(pa.BufferReader(self._content(file)))
        return rows

    @cached_property
    def _identifiers(self) -> frozenset[str]:
        return frozenset(json.loads(self._content(IDENTIFIERS)))

    def _content(self, file: str) -> bytes:
        path = self.folder / file
        content = path.read_bytes() if path.exists() else b""
        if hashlib.sha256(content).hexdigest() != self.manifest["sums"][file]:
            raise DamagedPartError(
                f"{file} in the folder {self.folder.name} is not as it was written (a full disk, a machine that "
                "stopped, or a folder that this machine does not see?). Make the partitions again, from the beginning."
            )
        return content


def part_name(table: str, number: int | None) -> str:
    """Return the name of the file of a part; None for the one without rows.

    Examples
    --------
    >>> part_name("labs", 7)
    'labs-00007.parquet'
    """
    return f"{table}-none.parquet" if number is None else f"{table}-{number:05d}.parquet"
