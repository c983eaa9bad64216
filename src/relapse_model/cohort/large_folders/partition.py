"""A cohort folder of any size, partitioned by patient into Parquet files that fit into memory."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from relapse_model.cohort.cohort import SYNTHETIC_FILE
from relapse_model.cohort.folder import cohort_files, look_alikes, open_table, require_cohort_folder
from relapse_model.cohort.gate import checked
from relapse_model.cohort.gate_study import required_tables
from relapse_model.cohort.large_folders.part_files import PartFiles
from relapse_model.cohort.large_folders.partitions import (
    FORM,
    IDENTIFIERS,
    MANIFEST,
    Numbers,
    Partitions,
    TableOfParts,
)
from relapse_model.cohort.tables.column_values import texts
from relapse_model.cohort.tables.columns import TABLES
from relapse_model.cohort.tables.csv_table import CsvTable
from relapse_model.cohort.tables.identifiers import identifier_keys
from relapse_model.cohort.tables.parquet_table import ParquetTable
from relapse_model.cohort.tables.part_of_whole import bare_identifiers, block_patients
from relapse_model.errors import CohortError, Problem, RelapseModelError
from relapse_model.files import require_folder, write_text
from relapse_model.study.study import Study

if TYPE_CHECKING:
    import pyarrow as pa

PART_PATIENTS = 20_000  # with 60 results each, about 1 GiB at the peak of scoring
_OPEN_FILES = 500  # at one time: of more parts, the tables are read several times
_WHOLE = re.compile(rf"({'|'.join(TABLES)})-(\d{{5}}|none)\.parquet|{re.escape(IDENTIFIERS)}|{re.escape(MANIFEST)}")
# A run that was killed while it wrote one of ours leaves it under a name of its own (see `write_text`).
_OURS = re.compile(rf"{_WHOLE.pattern}|\.({re.escape(IDENTIFIERS)}|{re.escape(MANIFEST)})\.[0-9a-f]+")


def partition(
    folder: str | Path,
    out: str | Path,
    *,
    parts: int | None = None,
    part_patients: int = PART_PATIENTS,
    study: Study | None = None,
    resume: bool = True,
    progress: bool = False,
) -> Partitions:
    """Partition a cohort folder by patient into Parquet files. Memory holds the identifiers, and a piece of a table.

    All rows of a patient come into one part, in the order of the files, with their row numbers. Nothing is checked but
    what refuses a file as a whole; what is wrong with a row is found when its part is read. Patients' rows are in the
    files: only the owner may enter the folder.

    Parameters
    ----------
    folder : str or Path
        As `read_cohort` takes it.
    out : str or Path
        A folder for the partitions alone, new or empty. Partitions of the same files that lie there complete are kept;
        those that an interrupted run left are made again. Anything else there is refused.
    parts : int, optional
        At most so many parts, of patients who follow one another in the patients table.
    part_patients : int, default=20_000
        Instead: patients of a part, rounded up to whole blocks (see `block_patients`).
    study : Study, optional
        By which they will be read: without laboratory results if it reads none.
    resume : bool, default=True
        Keep complete partitions of the same files; if not, make them again.
    progress : bool, default=False
        Show a progress bar if it takes more than a moment and the output is a terminal.

    Returns
    -------
    Partitions

    Raises
    ------
    CohortError
        If a file is broken as a whole, with the problems that `read_cohort` lists of it.
    RelapseModelError
        If a number cannot be used, or `out` holds something else.

    Examples
    --------
    Seven patients in three parts: rows 2 to 4 of the patients table, 5 to 7, and 8.

    >>> import tempfile
    >>> import relapse_model as rm
    >>> with tempfile.TemporaryDirectory() as here:
    ...     rm.simulate_cohort(7, seed=8).write(f"{here}/cohort")
    ...     found = rm.partition(f"{here}/cohort", f"{here}/parts", parts=3)
    ...     rows = [found.cohort(number, rm.load_study("hbsag-relapse"))[1].tolist() for number in range(3)]
    >>> found, rows
    (Partitions(3 parts, 7 patients), [[2, 3, 4], [5, 6, 7], [8]])
    """
    if (parts if parts is not None else part_patients) < 1:
        raise RelapseModelError(f"parts={parts}, part_patients={part_patients}; expected 1 or more.")
    source, target = Path(folder), Path(out)
    require_cohort_folder(source)
    require_folder(target)
    asked = {"parts": parts} if parts is not None else {"part_patients": part_patients}
    key = _key(source, {**asked, "required": required_tables(study)})
    found = _there(target)
    if found is not None and resume and found.manifest["key"] == key:
        return found
    clear_partitions(target)
    target.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        return _made(source, target, key, asked, study, progress)
    except CohortError:
        clear_partitions(target)  # patients' rows are not left behind
        raise


def clear_partitions(target: Path) -> None:
    """Remove the files of partitions; first what says that they are complete, should this be broken off.

    Parameters
    ----------
    target : Path
    """
    if target.is_dir():
        (target / MANIFEST).unlink(missing_ok=True)
        for file in target.iterdir():
            if _OURS.fullmatch(file.name):
                file.unlink()


def _there(target: Path) -> Partitions | None:
    """Return the partitions that lie in a folder, None where they are lacking or not whole; refuse other files."""
    if not target.exists():
        return None
    others = sorted(file.name for file in target.iterdir() if not _OURS.fullmatch(file.name))
    if others:
        raise RelapseModelError(
            f"{target}: it holds {', '.join(others[:3])}{', ...' if len(others) > 3 else ''}; expected a new or empty "
            "folder, or one of partitions alone. Choose another."
        )
    try:
        return Partitions.opened(target)
    except RelapseModelError:
        return None


def _key(folder: Path, settings: dict[str, object]) -> str:
    """Return a digest of all that the partitions depend on."""
    sums = {file.name: _sum(file) for file in cohort_files(folder) if file.is_file()}
    identity = json.dumps({"form": FORM, "settings": settings, "files": sums}, sort_keys=True)
    return hashlib.sha256(identity.encode("utf-8")).hexdigest()


def _sum(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _made(folder: Path, out: Path, key: str, asked: dict[str, int], study: Study | None, progress: bool) -> Partitions:
    """Make the partitions; the manifest comes last: it says that they are all there."""
    work = _Work(out, required_tables(study), progress)
    work.open_tables(folder)
    work.enter_patients(asked)
    work.write_tables()
    # What is wrong with columns is told by the heads of the tables; without a problem, nothing is.
    checked(work.heads, work.problems, study=study, on_problems="list", dash=None, synthetic=False)
    write_text(json.dumps(sorted(work.identifiers())), out / IDENTIFIERS, private=True)
    others = {name: count for name, count in work.rows.items() if name != "patients" and count}
    manifest = {
        "form": FORM,
        "key": key,
        "patients": work.rows["patients"],
        "starts": [row + 2 for row in work.starts],
        "synthetic": (folder / SYNTHETIC_FILE).exists(),
        "unattached": work.unattached,
        "patients_known": not others or any(count > len(work.unattached[name]) for name, count in others.items()),
        "tables": {name: asdict(_described(source)) for name, source in work.sources.items()},
        "sums": {file.name: _sum(file) for file in sorted(out.iterdir()) if _WHOLE.fullmatch(file.name)},
    }
    write_text(json.dumps(manifest), out / MANIFEST, private=True)
    return Partitions(out, manifest)


def _described(source: CsvTable | ParquetTable) -> TableOfParts:
    if isinstance(source, CsvTable):
        return TableOfParts(source.columns)
    schema = base64.b64encode(source.schema.serialize().to_pybytes()).decode("ascii")
    return TableOfParts(source.columns, schema, sorted(source.fractional))


@dataclass
class _Work:
    """A partition while it is being made."""

    out: Path
    required: tuple[str, ...]
    progress: bool
    found: dict[str, list[Problem]] = field(default_factory=dict)  # by table; what is of none stands under ""
    sources: dict[str, CsvTable | ParquetTable] = field(default_factory=dict)
    heads: dict[str, pd.DataFrame] = field(default_factory=dict)  # a first row of each table that could be read
    rows: dict[str, int] = field(default_factory=dict)
    unattached: dict[str, list[int]] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    known: pd.Index = field(default_factory=lambda: pd.Index([], dtype=object))  # identifiers of the patients table
    first: Numbers = field(default_factory=lambda: np.zeros(0, dtype=np.int64))  # the row, from 0, of each
    size: int = 1  # rows of the patients table in a part
    starts: list[int] = field(default_factory=list)  # the row, from 0, with which each part starts

    @property
    def problems(self) -> list[Problem]:
        """Return what is wrong with files, in the order of the tables."""
        return [one for name in ("", *TABLES) for one in self.found.get(name, ())]

    def open_tables(self, folder: Path) -> None:
        """Open all tables there are."""
        self.found[""] = look_alikes(folder)
        for name in TABLES:
            try:
                source = open_table(folder, name, self.required)
            except CohortError as error:
                self.found[name] = list(error.problems)
                continue
            if source is not None:
                self.sources[name] = source

    def enter_patients(self, asked: dict[str, int]) -> None:
        """Find the first row of each identifier, and the size of a part."""
        source, count, found = self.sources.get("patients"), 0, dict[str, int]()
        if source is None or _owner(source) is None:
            return
        try:
            for rows in source.pieces():
                codes, keys = _identifiers(source, rows)
                which, rows_of = np.unique(codes, return_index=True)
                for one in np.argsort(rows_of).tolist():
                    found.setdefault(keys[which[one]], count + int(rows_of[one]))
                count += rows.num_rows
        except CohortError:
            return  # it is found again where the table is written
        self.rows["patients"] = count
        # As objects: pandas would make strings of them, and objects of all of these again for each piece.
        self.known = pd.Index(list(found), dtype=object)
        self.first = np.fromiter(found.values(), dtype=np.int64, count=len(found))
        block = block_patients(count)
        wanted = -(-count // asked["parts"]) if "parts" in asked else asked["part_patients"]
        self.size = max(-(-wanted // block) * block, 1)
        self.starts = np.unique(self.first // self.size * self.size).tolist()  # of earlier patients alone there is none

    def write_tables(self) -> None:
        """Write the parts of all tables, of so many at a time as files can be open."""
        for begin in range(0, max(len(self.starts), 1), _OPEN_FILES):
            for name, source in self.sources.items():
                try:
                    self._write(name, source, range(begin, begin + _OPEN_FILES))
                except CohortError as error:
                    self.found[name] = list(error.problems)
                    self.heads.pop(name, None)
            if self.problems:
                return

    def identifiers(self) -> frozenset[str]:
        """Return what no message may show, of all tables."""
        return bare_identifiers([*self.known, *self.unknown])

    def _write(self, name: str, source: CsvTable | ParquetTable, parts: range) -> None:
        """Write the parts of a table that are in a range; the first time count its rows."""
        from tqdm import tqdm

        count, unattached, owner = 0, list[int](), _owner(source)
        with (
            tqdm(desc=f"part {name}", unit=" rows", delay=1.0, leave=False, disable=not self.progress or None) as bar,
            PartFiles(self.out, name) as files,
        ):
            for rows in source.pieces():
                self.heads.setdefault(name, source.frame(rows.slice(0, 1)))
                numbers = np.arange(count, count + rows.num_rows, dtype=np.int64) + 2
                if owner is not None:
                    part = self._parts_of(source, rows)
                    unattached += numbers[part < 0].tolist()
                    files.write(rows, numbers, part, parts)
                count += rows.num_rows
                bar.update(rows.num_rows)
            files.write_none(source)
        self.heads.setdefault(name, pd.DataFrame([], columns=source.columns, dtype=object))
        self.rows[name], self.unattached[name] = count, unattached

    def _parts_of(self, source: CsvTable | ParquetTable, rows: pa.Table) -> Numbers:
        """Return the part of each row, -1 for an unknown patient."""
        codes, keys = _identifiers(source, rows)
        place = self.known.get_indexer(pd.Index(keys, dtype=object))
        if (place < 0).any():
            self.unknown.update(keys[one] for one in np.intersect1d(np.flatnonzero(place < 0), codes).tolist())
        part = np.full(len(keys), -1, dtype=np.int64)
        part[place >= 0] = np.searchsorted(self.starts, self.first[place[place >= 0]], side="right") - 1
        return part[codes]


def _owner(source: CsvTable | ParquetTable) -> int | None:
    """Return the place of the column that says whose a row is, None where there is not one."""
    names = [column.strip().lstrip("\ufeff") for column in source.columns]
    return names.index("patient_id") if names.count("patient_id") == 1 else None


def _identifiers(source: CsvTable | ParquetTable, rows: pa.Table) -> tuple[Numbers, list[str]]:
    """Return which identifier each row has, and their keys, of which several may be one."""
    place = _owner(source) or 0
    if isinstance(source, CsvTable):
        column = rows.column(place).combine_chunks()
        codes, distinct = column.indices.to_numpy(), column.dictionary.to_pylist()
    else:
        codes, found = pd.factorize(texts(source.frame(rows).iloc[:, place]))
        distinct = found.tolist()
    return codes.astype(np.int64), identifier_keys(pd.Series(distinct, dtype=object)).tolist()
