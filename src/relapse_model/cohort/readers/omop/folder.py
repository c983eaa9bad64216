"""Tables of the Common Data Model as files: CSV or Parquet, in one folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from relapse_model.cohort.readers.omop.tables import CHUNK, Query, text_table
from relapse_model.cohort.readers.packages import needed
from relapse_model.errors import Problem, SourceError

_FORMS = (".csv", ".parquet")
_SEPARATORS = (",", "\t", ";", "|")
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
                problems.append(Problem(name, None, None, found, "one file of each table"))
            if max_bytes is not None and file.stat().st_size > max_bytes:
                found = f"{file.stat().st_size:,} bytes"
                problems.append(Problem(file.name, None, None, found, f"at most {max_bytes:,} (max_bytes)"))
            self.files[name] = file
        if not self.files:
            expected = "files of OMOP tables, such as MEASUREMENT.csv"
            problems.append(Problem(path.name, None, None, "no file ending in .csv or .parquet", expected))
        if problems:
            raise SourceError(_REFUSED, problems)

    def columns(self, table: str) -> tuple[str, ...]:
        """Return the columns of a table in lower case; none where there is no such table."""
        return tuple(name.lower() for name in self._named(table)) if table in self.files else ()

    def chunks(self, query: Query) -> Iterator[pd.DataFrame]:
        """Yield rows as texts, empty where there is nothing."""
        people = None if query.cohort is None else self._people(query.cohort)
        needed_columns = [
            *dict.fromkeys((*query.columns, *query.among, *(["person_id"] if people is not None else [])))
        ]
        for table in self._read(query.table, needed_columns):
            keep = np.ones(len(table), dtype=bool)
            for column, values in query.among.items():
                keep &= table[column].isin(values).to_numpy()
            if people is not None:
                keep &= table["person_id"].isin(people).to_numpy()
            if keep.any():
                yield table.loc[keep, list(query.columns)].reset_index(drop=True)

    def counts(self, table: str, column: str, cohort: int | None) -> Counter[str]:
        """Return how many rows have each value of a column."""
        found: Counter[str] = Counter()
        for chunk in self.chunks(Query(table, (column,), cohort=cohort)):
            found.update(Counter(chunk[column].tolist()))
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
                self._header[table] = [str(name) for name in self._csv(file, None, nrows=0).columns]
        return self._header[table]

    def _read(self, table: str, columns: list[str]) -> Iterator[pd.DataFrame]:
        file, names = self.files[table], self._named(table)
        wanted = {name: name.lower() for name in names if name.lower() in columns}
        if file.suffix.lower() == ".parquet":
            for batch in self._parquet(file).iter_batches(self.chunk, columns=list(wanted)):
                rows = list(zip(*(batch.column(name).to_pylist() for name in wanted), strict=True))
                yield text_table(rows, list(wanted.values()))
            return
        last = names[-1]  # a row that ends before it was cut
        usecols = [*wanted, *([] if last in wanted else [last])]
        start = 2
        try:
            for chunk in self._csv(file, usecols, chunksize=self.chunk):
                short = np.flatnonzero(chunk[last].isna().to_numpy())
                if len(short):
                    self._refuse(file, int(short[0]) + start, "a row with fewer cells than the header has names")
                start += len(chunk)
                yield chunk[list(wanted)].rename(columns=wanted).fillna("").apply(lambda column: column.str.strip())
        except (ValueError, OSError) as error:
            if isinstance(error, SourceError):
                raise
            self._refuse(file, None, f"it cannot be read ({type(error).__name__})")

    def _csv(self, file: Path, usecols: list[str] | None, **options: Any) -> Any:
        try:
            separator = _separator(file)
            return pd.read_csv(
                file, sep=separator, dtype=str, keep_default_na=False, encoding="utf-8-sig", usecols=usecols,
                index_col=False, **options,
            )  # fmt: skip
        except (ValueError, OSError) as error:
            self._refuse(file, None, f"it cannot be read ({type(error).__name__})")
            raise AssertionError from error

    def _parquet(self, file: Path) -> Any:
        parquet = needed("pyarrow.parquet", "reading Parquet")
        try:
            return parquet.ParquetFile(file)
        except (ValueError, OSError) as error:
            self._refuse(file, None, f"it cannot be read ({type(error).__name__})")
            raise AssertionError from error

    def _refuse(self, file: Path, row: int | None, found: str) -> None:
        problem = Problem(file.name, row, None, found, "a whole table in UTF-8", "Export it anew")
        raise SourceError(_REFUSED, [problem]) from None


def _separator(file: Path) -> str:
    """Return what stands between the names of the header: the separator that gives the most."""
    with file.open("rb") as opened:
        header = opened.readline(65_536).decode("utf-8-sig")
    return max(_SEPARATORS, key=header.count)
