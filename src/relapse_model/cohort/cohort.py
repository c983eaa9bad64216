"""The cohort: patients, their laboratory results, treatments and outcomes, as they passed the one gate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.cohort.tables.coded_columns import encoded
from relapse_model.cohort.tables.column_values import is_whole, without_codes
from relapse_model.cohort.tables.columns import OURS, TABLES
from relapse_model.cohort.tables.frozen import frozen
from relapse_model.cohort.tables.identifiers import identifier_key
from relapse_model.display.html_summary import html_summary
from relapse_model.errors import CohortError, Problem, RelapseModelError
from relapse_model.files import csv_text, write_bytes
from relapse_model.study.study import TimeIndex

if TYPE_CHECKING:
    from relapse_model.cohort.reading_report import ReadingReport


@dataclass(frozen=True, eq=False)
class Cohort:
    """The tables of a cohort, checked. Made by `read_cohort` or `make_cohort`, never by hand.

    Time is the week since enrolment in every table. Laboratory results are kept exactly as printed (`value`)
    beside what was read from them: a number, its comparator, bounds, and whether anything was detected.

    An edit of a table in place (``cohort.labs.loc[...] = ...``) raises: what was read from the cell would not follow.
    Edit what `tables` returns, and make another cohort of it.

    Attributes
    ----------
    patients : DataFrame
        One row per patient, `patient_id` unique.
    labs : DataFrame
        One row per result; `patient` is the position of its patient in `patients`, `patient_id` the identifier. From
        10,000 rows on, columns of texts are categories; `tables` returns them as texts.
    treatments, outcomes, adverse_events : DataFrame or None
        ``None`` where the cohort has no such table: then nothing is known, which is not "nobody was treated".
    rejected : DataFrame
        Patients refused at the gate (`patient_id`, `reason`), when asked to list rather than to raise.
    problems : tuple of Problem
        All that was found wrong, when asked to list.
    synthetic : bool
        Whether the cohort says of itself that it was simulated.
    remarks : tuple of Problem
        What was found of these patients that may be right, and should be looked at: rows that stand twice under
        another row number, and count once; weeks more than ten years from enrolment.
    codes_read : mapping
        For columns of the patients table, the codes that were replaced by what they mean (the study's `codes`).
    reading : ReadingReport or None
        How a hospital's export was read, if the cohort was made of one.
    index : TimeIndex or None
        What week 0 is, where it was found in the data as the study says.
    """

    patients: pd.DataFrame
    labs: pd.DataFrame
    treatments: pd.DataFrame | None
    outcomes: pd.DataFrame | None
    adverse_events: pd.DataFrame | None = None
    rejected: pd.DataFrame = field(default_factory=lambda: pd.DataFrame({"patient_id": [], "reason": []}, dtype=object))
    problems: tuple[Problem, ...] = ()
    synthetic: bool = False
    remarks: tuple[Problem, ...] = ()
    codes_read: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    reading: ReadingReport | None = None
    index: TimeIndex | None = None

    def __post_init__(self) -> None:
        """Freeze the tables: what was derived from a cell would not follow an edit of it."""
        for name in (*TABLES, "rejected"):
            table = getattr(self, name)
            if table is not None:
                object.__setattr__(self, name, frozen(table))

    def __len__(self) -> int:
        """Return the number of patients."""
        return len(self.patients)

    @property
    def patient_ids(self) -> pd.Index[Any]:
        """Return the identifiers, in the order of the patients table."""
        ids: pd.Index[Any] = pd.Index(self.patients["patient_id"], name="patient_id")
        return ids

    def __repr__(self) -> str:
        """Return the sizes only: a cohort never prints its patients."""
        named = ((name, getattr(self, name)) for name in ("patients", "labs", "treatments", "adverse_events"))
        sizes = ", ".join(f"{len(one):,} {name.replace('_', ' ')}" for name, one in named if one is not None)
        return f"Cohort({sizes}{', synthetic' if self.synthetic else ''})"

    def _repr_html_(self) -> str:
        """Return the sizes only, as a notebook shows them: a cohort never prints its patients."""
        weeks = "" if self.labs.empty else f"{self.labs['week'].min():g} to {self.labs['week'].max():g}"
        facts = [
            ("patients", len(self)),
            ("laboratory results", len(self.labs)),
            ("analytes", ", ".join(sorted(map(str, self.labs["analyte"].unique())))),
            ("weeks of the results", weeks),
            ("treatments", None if self.treatments is None else len(self.treatments)),
            ("outcomes", None if self.outcomes is None else len(self.outcomes)),
            ("adverse events", None if self.adverse_events is None else len(self.adverse_events)),
            ("patients refused", len(self.rejected) or None),
        ]
        return html_summary("Cohort, synthetic" if self.synthetic else "Cohort", facts)

    def __eq__(self, other: object) -> bool:
        """Tell whether two cohorts would write the same folder."""
        return self._files() == other._files() if isinstance(other, Cohort) else NotImplemented

    def take(self, positions: NDArray[np.intp]) -> Cohort:
        """Return the cohort of some of the patients, by position; no patient twice.

        Parameters
        ----------
        positions : array of int
            Positions in the patients table.

        Raises
        ------
        RelapseModelError
            If a position comes twice: two patients of one identifier are no cohort.
        """
        if len(np.unique(positions)) < len(positions):
            raise RelapseModelError("take: a position came twice; expected each patient once at most.")
        new = np.full(len(self), -1)
        new[positions] = np.arange(len(positions))
        return Cohort(
            patients=self.patients.iloc[positions].reset_index(drop=True),
            labs=_follow(self.labs, new),
            treatments=None if self.treatments is None else _follow(self.treatments, new),
            outcomes=None if self.outcomes is None else _follow(self.outcomes, new),
            adverse_events=None if self.adverse_events is None else _follow(self.adverse_events, new),
            synthetic=self.synthetic,
            remarks=self._remarks_of(positions),
            codes_read=self.codes_read,
            index=self.index,
        )

    def identifier_keys(self) -> frozenset[str]:
        """Return the keys of the identifiers of all patients, rejected ones among them, as problems have them."""
        texts = (*self.patient_ids, *self.rejected["patient_id"])
        return frozenset(identifier_key(str(text)) for text in texts)

    def noted_rows(self) -> dict[str, tuple[int, ...]]:
        """Return for each table the numbers of the rows of which there is a remark, as a spreadsheet shows them."""
        rows: dict[str, set[int]] = {}
        for remark in self.remarks:
            if remark.row is not None:
                rows.setdefault(remark.table, set()).add(remark.row)
        return {name: tuple(sorted(found)) for name, found in sorted(rows.items())}

    def _remarks_of(self, positions: NDArray[np.intp]) -> tuple[Problem, ...]:
        if not self.remarks:
            return ()
        kept = {identifier_key(str(text)) for text in self.patient_ids[positions]}
        return tuple(remark for remark in self.remarks if remark.patient in kept)

    def tables(self) -> Mapping[str, pd.DataFrame]:
        """Return the tables in the form of the cohort folder, as `make_cohort` takes them."""
        patients = self.patients.assign(
            **{column: encoded(self.patients[column], codes) for column, codes in self.codes_read.items()}
        )
        tables = {"patients": patients}
        for name in ("labs", "treatments", "outcomes", "adverse_events"):
            table = getattr(self, name)
            if table is not None:
                exported = table.drop(columns=[*OURS[name], "patient_id"], errors="ignore")
                exported.insert(0, "patient_id", self.patient_ids.to_numpy()[table["patient"].to_numpy()])
                texts = [one for one in TABLES[name] if one in exported and exported[one].dtype == "category"]
                tables[name] = exported.assign(**{one: without_codes(exported[one]) for one in texts})
        return tables

    def write(self, folder: str | Path, form: Literal["csv", "parquet"] = "csv") -> None:
        """Write the cohort folder, each file complete or not at all; of patients, for its owner alone.

        Parameters
        ----------
        folder : str or Path
            Made if it does not exist.
        form : {"csv", "parquet"}
            UTF-8 CSV, or Parquet.

        Raises
        ------
        CohortError
            If the folder holds a table of another cohort that this one would not replace, or the cohort is simulated
            and the tables are not.
        """
        path, files = Path(folder), self._files() if form == "csv" else self._parquet_files()
        path.mkdir(parents=True, exist_ok=True)
        read = [f"{name}.{form}" for name in TABLES for form in ("csv", "parquet")] + [SYNTHETIC_FILE]
        left = [name for name in read if name not in files and (path / name).exists()]
        if left:
            raise CohortError("the cohort was not written", [
                Problem(name, None, None, "a file of another cohort", "a folder without it",
                        "It would be read as part of this cohort: write to a new folder, or take it out")
                for name in left
            ])  # fmt: skip
        if self.synthetic and not (path / SYNTHETIC_FILE).exists():
            real = [name for name in read if (path / name).exists()]
            if real:
                raise CohortError("the cohort was not written", [
                    Problem(name, None, None, "a table that is not synthetic", "a folder without it",
                            "A simulated cohort never replaces patients: write to a new folder")
                    for name in real
                ])  # fmt: skip
        for name, content in files.items():
            write_bytes(
                content.encode("utf-8") if isinstance(content, str) else content, path / name,
                private=not self.synthetic,
            )  # fmt: skip

    def _parquet_files(self) -> dict[str, bytes]:
        """Return the name and bytes of every file of the cohort folder as Parquet; texts stay as they were printed."""
        tables = {name: table.apply(as_integers) for name, table in self.tables().items()}
        files = {f"{name}.parquet": parquet_bytes(table, name) for name, table in tables.items()}
        return files | ({SYNTHETIC_FILE: SYNTHETIC_NOTE.encode("utf-8")} if self.synthetic else {})

    def _files(self) -> Mapping[str, str | bytes]:
        """Return the name and text of every file of the cohort folder."""
        files = {f"{name}.csv": csv_text(table.apply(as_integers)) for name, table in self.tables().items()}
        return files | ({SYNTHETIC_FILE: SYNTHETIC_NOTE} if self.synthetic else {})


def parquet_bytes(table: pd.DataFrame, name: str) -> bytes:
    """Return a table as the bytes of a Parquet file.

    Raises
    ------
    CohortError
        Without pyarrow.
    """
    try:
        return bytes(table.to_parquet(index=False, engine="pyarrow"))
    except ImportError:
        advice = "Install it with: pip install pyarrow"
        problem = Problem(f"{name}.parquet", None, None, "pyarrow is not installed", "pyarrow, or CSV", advice)
        raise CohortError("the cohort was not written", [problem]) from None


COUNTED_ONCE = "says the same as an earlier row or visit, day and value included: counted once"  # in a remark
SYNTHETIC_FILE = "SYNTHETIC.txt"
SYNTHETIC_NOTE = (
    "This cohort is synthetic: simulated patients, nobody's data. Not for any conclusion about treatment.\n"
)


def with_identifiers(table: pd.DataFrame, spelled: pd.Series) -> pd.DataFrame:
    """Return a table with the identifier of each row's patient after the position; as categories, it costs little.

    Parameters
    ----------
    table : DataFrame
        With `patient`, positions.
    spelled : Series
        The identifiers, by position.
    """
    texts = pd.Index(spelled, dtype=object)
    ids = pd.Categorical.from_codes(table["patient"].to_numpy(), categories=texts, validate=False)
    table.insert(1, "patient_id", pd.Series(ids, index=table.index, copy=False))
    return table


def _follow(table: pd.DataFrame, new: NDArray[Any]) -> pd.DataFrame:
    patient = new[table["patient"].to_numpy()]
    kept = patient >= 0
    followed: pd.DataFrame = table.loc[kept].assign(patient=patient[kept]).reset_index(drop=True)
    return followed


def as_integers(column: pd.Series) -> pd.Series:
    """Write 1 rather than 1.0 where a column holds whole numbers only."""
    return column.astype("Int64") if is_whole(column) else column
