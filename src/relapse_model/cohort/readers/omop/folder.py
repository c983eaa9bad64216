"""Tables of the Common Data Model as files: CSV or Parquet, in one folder."""

from __future__ import annotations

import csv
import itertools
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from relapse_model.cohort.readers.omop.cdm import CDM
from relapse_model.cohort.readers.omop.tables import CHUNK, Query, text_table
from relapse_model.cohort.readers.packages import needed
from relapse_model.errors import Problem, SourceError

_FORMS = (".csv", ".parquet")
_SEPARATORS = (",", "\t", ";", "|")
_NOTHING = frozenset({"", "NA", "NULL", "NaN", "\\N"})  # as databases and R write it
_REFUSED = "the OMOP source was refused"


class Folder:
    """A folder of tables, one file each; names of files and columns in any case.

    Parameters
    ----------
    path : Path
    chunk : int
        Rows at once.
    max_bytes : int or None
        Of a file.

    Raises
    ------
    SourceError
        If a table is there twice, or a file is too large.
    """

    def __init__(self, path: Path, chunk: int = CHUNK, max_bytes: int | None = None):
        self.path, self.chunk = path, chunk
        self.files: dict[str, Path] = {}
        self._header: dict[str, list[str]] = {}
        self._chosen: dict[int, frozenset[str]] = {}
        problems = []
        for file in sorted(path.iterdir()):
            name = file.stem.lower()
            if file.suffix.lower() not in _FORMS or not file.is_file():
                continue
            if name in self.files:
                found = f"the files {self.files[name].name} and {file.name}"
                problems.append(Problem(name, None, None, found, "one file of each table", "Take the others out"))
            if max_bytes is not None and file.stat().st_size > max_bytes:
                found = f"{file.stat().st_size:,} bytes"
                problems.append(
                    Problem(file.name, None, None, found, f"at most {max_bytes:,} (max_bytes)", "Raise max_bytes")
                )
            self.files[name] = file
        if not self.files:
            expected = "files of OMOP tables, such as MEASUREMENT.csv"
            problems.append(
                Problem(
                    path.name,
                    None,
                    None,
                    "no file ending in .csv or .parquet",
                    expected,
                    "Name the folder that holds them",
                )
            )
        if problems:
            raise SourceError(_REFUSED, problems)

    def columns(self, table: str) -> tuple[str, ...]:
        """Return the columns of a table in lower case; none where there is no such table."""
        return tuple(name.lower() for name in self._named(table)) if table in self.files else ()

    def chunks(self, query: Query) -> Iterator[pd.DataFrame]:
        """Yield rows as texts, empty where there is nothing."""
        among = {column: frozenset(values) for column, values in query.among.items()}
        if query.cohort is not None:
            among["person_id"] = self._people(query.cohort) & among.get("person_id", self._people(query.cohort))
        file, names = self.files[query.table], self._named(query.table)
        places = {name.lower(): place for place, name in enumerate(names)}
        read = self._parquet_rows if file.suffix.lower() == ".parquet" else self._csv_rows
        for table in read(file, places, query.columns, among):
            if len(table):
                yield table

    def counts(self, table: str, column: str, cohort: int | None) -> Counter[str]:
        """Return how many rows have each value of a column."""
        found: Counter[str] = Counter()
        for chunk in self.chunks(Query(table, (column,), cohort=cohort)):
            found.update(Counter(chunk[column].tolist()))
        return found

    def counts_of(self, table: str, columns: tuple[str, ...]) -> Counter[tuple[str, ...]]:
        """Return how many rows have each combination of values of some columns."""
        found: Counter[tuple[str, ...]] = Counter()
        for chunk in self.chunks(Query(table, columns)):
            sizes = chunk.groupby(list(columns), sort=False).size()
            found.update({one if isinstance(one, tuple) else (one,): int(count) for one, count in sizes.items()})
        return found

    def close(self) -> None:
        """Nothing is open."""

    def _people(self, cohort: int) -> frozenset[str]:
        if cohort not in self._chosen:
            query = Query("cohort", ("subject_id",), {"cohort_definition_id": (str(cohort),)})
            self._chosen[cohort] = frozenset(text for chunk in self.chunks(query) for text in chunk["subject_id"])
        return self._chosen[cohort]

    def _named(self, table: str) -> list[str]:
        """Return the columns as the file spells them."""
        if table not in self._header:
            file = self.files[table]
            if file.suffix.lower() == ".parquet":
                self._header[table] = list(self._parquet(file).schema_arrow.names)
            else:
                self._header[table] = self._csv_header(file)
            lower = [name.lower() for name in self._header[table]]
            doubled = sorted({name for name in lower if lower.count(name) > 1} & set(_known(table)))
            if doubled:
                self._refuse(file, 1, f"several columns {doubled[0]!r}")
        return self._header[table]

    def _csv_header(self, file: Path) -> list[str]:
        try:
            with file.open(encoding="utf-8-sig", newline="") as opened:
                return next(csv.reader(opened, delimiter=_separator(file)), [])
        except (csv.Error, ValueError, OSError) as error:
            self._refuse(file, None, f"it cannot be read ({type(error).__name__})")
            raise AssertionError from error

    def _parquet_rows(
        self, file: Path, places: dict[str, int], columns: tuple[str, ...], among: dict[str, frozenset[str]]
    ) -> Iterator[pd.DataFrame]:
        needed_places = [places[name] for name in dict.fromkeys((*among, *columns))]
        try:
            opened = self._parquet(file)
            names = opened.schema_arrow.names
            for batch in opened.iter_batches(self.chunk, columns=[names[place] for place in needed_places]):
                keep = np.ones(len(batch), dtype=bool)
                for column, values in among.items():
                    cells = batch.column(names[places[column]]).to_pylist()
                    keep &= text_table([(cell,) for cell in cells], (column,))[column].isin(values).to_numpy()
                chosen = batch.filter(needed("pyarrow", "reading Parquet").array(keep))
                cells = [chosen.column(names[places[column]]).to_pylist() for column in columns]
                yield text_table(list(zip(*cells, strict=True)), columns)
        except (ValueError, OSError) as error:
            if isinstance(error, SourceError):
                raise
            self._refuse(file, None, f"it cannot be read ({type(error).__name__})")

    def _csv_rows(
        self, file: Path, places: dict[str, int], columns: tuple[str, ...], among: dict[str, frozenset[str]]
    ) -> Iterator[pd.DataFrame]:
        for rows in self._csv_lists(file, len(places)):
            chosen = rows
            for column, values in among.items():  # most rows are of other concepts: their cells are not looked at
                cells = _cells([row[places[column]] for row in chosen], column)
                chosen = [row for row, cell in zip(chosen, cells, strict=True) if cell in values]
            found = {column: _cells([row[places[column]] for row in chosen], column) for column in columns}
            yield pd.DataFrame(found, dtype=object)

    def _csv_lists(self, file: Path, cells: int) -> Iterator[list[list[str]]]:
        """Yield the rows of a CSV file below its header, all of as many cells as that has names."""
        row = 1
        try:
            with file.open(encoding="utf-8-sig", newline="") as opened:
                reader = csv.reader(opened, delimiter=_separator(file), strict=True)
                next(reader, None)
                while rows := list(itertools.islice(reader, self.chunk)):
                    for place, one in enumerate(rows) if set(map(len, rows)) != {cells} else ():
                        if one and len(one) != cells:
                            self._refuse(file, row + place + 1, f"{len(one)} cells, where the header has {cells} names")
                    row += len(rows)
                    yield [one for one in rows if one]
        except (csv.Error, ValueError, OSError) as error:
            if isinstance(error, SourceError):
                raise
            self._refuse(file, None, f"it cannot be read ({type(error).__name__})")

    def _parquet(self, file: Path) -> Any:
        parquet = needed("pyarrow.parquet", "reading Parquet")
        try:
            return parquet.ParquetFile(file)
        except (ValueError, OSError) as error:
            self._refuse(file, None, f"it cannot be read ({type(error).__name__})")
            raise AssertionError from error

    def _refuse(self, file: Path, row: int | None, found: str) -> None:
        problem = Problem(file.name, row, None, found, "a whole table in UTF-8", "Export it again")
        raise SourceError(_REFUSED, [problem]) from None


def _cells(cells: list[str], column: str) -> list[str]:
    """Return cells without what stands for nothing in exports; whole numbers of identifiers without a point."""
    found = ["" if cell in _NOTHING else cell.strip() for cell in cells]
    if column.endswith(("_id", "_of_birth")):
        return [cell[:-2] if cell.endswith(".0") else cell for cell in found]
    return found


def _known(table: str) -> tuple[str, ...]:
    """Return the columns whose names may be shown, since they are those of the Common Data Model."""
    own = CDM.get(table)
    named = (own.row, own.concept, own.start, own.end, own.moment, own.text, own.source_code) if own else ()
    return (*named, "person_id", "subject_id", "value_as_number", "unit_source_value")


def _separator(file: Path) -> str:
    """Return what stands between the names of the header: the separator that gives the most."""
    with file.open("rb") as opened:
        header = opened.readline(65_536).decode("utf-8-sig")
    return max(_SEPARATORS, key=header.count)
