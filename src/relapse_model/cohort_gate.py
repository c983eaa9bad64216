"""The one gate for tables: everything that enters a cohort is checked here, once, and every problem is listed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model import column_reader
from relapse_model.cohort import READ_COLUMNS, Cohort
from relapse_model.cohort_columns import DATES, NEVER_EMPTY, TABLES
from relapse_model.errors import CohortError, Problem
from relapse_model.lab_text import read_lab_texts
from relapse_model.study import Study
from relapse_model.unit_rules import row_units, unit_problems

Mask = NDArray[np.bool_]
OnProblems = Literal["raise", "list"]
FIRST_ROW = 2  # rows are numbered as in a spreadsheet: the header is row 1


def make_cohort(
    patients: pd.DataFrame,
    labs: pd.DataFrame,
    treatments: pd.DataFrame | None = None,
    outcomes: pd.DataFrame | None = None,
    *,
    study: Study | None = None,
    on_problems: OnProblems = "raise",
    dash: Literal["refuse", "negative", "missing"] = "refuse",
    synthetic: bool = False,
) -> Cohort:
    """Check tables in the form of the cohort folder and make a cohort of them.

    Nothing is corrected and nothing is dropped: a table that breaks the contract is refused, with every
    problem of every table at once.

    Parameters
    ----------
    patients, labs : DataFrame
        The required tables; columns as in the README's data contract. Extra columns are kept.
    treatments, outcomes : DataFrame, optional
        The optional ones.
    study : Study, optional
        Whose units are accepted. Without it, an analyte may come in one unit only.
    on_problems : {"raise", "list"}
        ``"list"`` keeps the sound patients and lists the others, with the reason, in `Cohort.rejected`
        (for scoring). A table that lacks a required column is refused all the same.
    dash : {"refuse", "negative", "missing"}
        What a bare ``-`` means in this laboratory.
    synthetic : bool
        Whether these are simulated patients.

    Returns
    -------
    Cohort

    Raises
    ------
    CohortError
        With all problems; no message carries a patient's identifier.

    Examples
    --------
    >>> import pandas as pd
    >>> import relapse_model as rm
    >>> rm.make_cohort(
    ...     pd.DataFrame({"patient_id": ["a", "b"], "sex": ["F", "M"]}),
    ...     pd.DataFrame(
    ...         {"patient_id": ["a"], "week": [0], "analyte": ["anti_hbs"], "value": ["<10"], "unit": ["mIU/mL"]}
    ...     ),
    ... )
    Cohort(2 patients, 1 labs)
    """
    given = {"patients": patients, "labs": labs, "treatments": treatments, "outcomes": outcomes}
    tables = {name: _as_text_index(table) for name, table in given.items() if table is not None}
    gate = _Gate(tables)
    gate.refuse_broken_tables()
    gate.weeks_from_dates()
    gate.typed_columns()
    gate.identities()
    gate.intervals()
    gate.laboratory(study, dash)
    if gate.problems and on_problems == "raise":
        raise CohortError("the cohort was refused", gate.problems)
    return gate.cohort(synthetic)


def _as_text_index(table: pd.DataFrame) -> pd.DataFrame:
    renamed = table.rename(columns=lambda name: str(name).strip().lstrip("\ufeff"))
    return renamed.reset_index(drop=True).copy()


class _Gate:
    """Holds the tables while they are checked, and what was found wrong with them."""

    def __init__(self, tables: dict[str, pd.DataFrame]):
        self.tables = tables
        self.problems: list[Problem] = []
        self.ids = {
            name: column_reader.texts(table["patient_id"]) for name, table in tables.items() if "patient_id" in table
        }

    def refuse(
        self, table: str, rows: Sequence[int] | Mask, column: str | None, found: Sequence[str] | str,
        expected: str, advice: str = "",
    ) -> None:  # fmt: skip
        """Add one problem for each of the rows (positions, or a mask)."""
        where = np.flatnonzero(rows) if isinstance(rows, np.ndarray) and rows.dtype == bool else rows
        ids = self.ids[table]
        for order, row in enumerate(where):
            what = found if isinstance(found, str) else found[order]
            self.problems.append(
                Problem(table, int(row) + FIRST_ROW, column, what, expected, advice, str(ids.iloc[row]))
            )

    def refuse_broken_tables(self) -> None:
        """Refuse at once what nothing further can be said of: a missing or doubled column, no patients."""
        for name, table in self.tables.items():
            doubled = table.columns[table.columns.duplicated()].unique()
            for column in doubled:
                self.problems.append(Problem(name, 1, column, "two columns of this name", "one"))
            for column, rule in TABLES[name].items():
                dated = DATES.get(column) in table.columns
                if rule.required and column not in table.columns and not dated:
                    columns = ", ".join(map(str, table.columns)) or "none"
                    self.problems.append(
                        Problem(name, None, column, "the column is missing", f"a column {column!r}",
                                f"The columns are: {columns}")
                    )  # fmt: skip
        if not self.problems and not len(self.tables["patients"]):
            self.problems.append(Problem("patients", None, None, "no rows", "one row per patient"))
        if self.problems:
            raise CohortError("the cohort was refused", self.problems)

    def weeks_from_dates(self) -> None:
        """Turn dates into weeks since enrolment, where a table has dates and no weeks."""
        for name, table in self.tables.items():
            for week, date in DATES.items():
                if week in TABLES[name] and date in table and week not in table:
                    table[week] = self.weeks_since_enrolment(name, date)

    def weeks_since_enrolment(self, name: str, date: str) -> pd.Series:
        patients, table = self.tables["patients"], self.tables[name]
        if "enrolment_date" not in patients:
            self.problems.append(
                Problem("patients", None, "enrolment_date", "the column is missing",
                        f"enrolment_date, since {name} has {date!r} and no week")
            )  # fmt: skip
            return pd.Series(0.0, index=table.index)
        read = column_reader.dates(table[date])
        self.refuse(name, read.bad, date, read.shown, "a date as YYYY-MM-DD")
        start = column_reader.dates(patients["enrolment_date"]).values
        unique = ~self.ids["patients"].duplicated().to_numpy()
        enrolled = pd.Series(start[unique], index=self.ids["patients"][unique])
        begin = self.ids[name].map(enrolled).to_numpy(dtype="datetime64[ns]")
        unknown = np.isnat(begin) & ~np.isnat(read.values) & self.ids[name].isin(enrolled.index).to_numpy()
        self.refuse(name, unknown, date, "a date", "a patient with an enrolment_date")
        weeks = (read.values - begin) / np.timedelta64(7 * 86400, "s")
        # A date already refused must not be refused again as a missing week.
        return pd.Series(np.where(read.bad | np.isnat(begin), 0.0, weeks), index=table.index)

    def typed_columns(self) -> None:
        """Read every column of the contract by its rule."""
        for name, table in self.tables.items():
            for column, rule in TABLES[name].items():
                if column not in table.columns or rule.kind == "printed":
                    continue
                read = column_reader.column(table[column], rule)
                self.refuse(name, read.bad, column, read.shown, rule.expectation)
                if column in NEVER_EMPTY:
                    self.refuse(name, read.empty & ~read.bad, column, "nothing", rule.expectation)
                table[column] = read.values

    def identities(self) -> None:
        """Refuse unknown patients and rows that stand twice."""
        known = self.ids["patients"]
        self.refuse(
            "patients", known.duplicated(keep=False).to_numpy() & (known != "").to_numpy(), "patient_id",
            "an identifier that stands on more than one row", "one row per patient",
        )  # fmt: skip
        for name, table in self.tables.items():
            if name == "patients":
                continue
            unknown = ~self.ids[name].isin(known).to_numpy() & (self.ids[name] != "").to_numpy()
            self.refuse(
                name, unknown, "patient_id", "an identifier that is not in the patients table",
                "a patient of the patients table", "Add the patient there, or take the row out",
            )  # fmt: skip
            key = ["patient_id"] if name == "outcomes" else list(table.columns)
            twice = table.duplicated(subset=key).to_numpy()
            what = "a second outcome of one patient" if name == "outcomes" else "the same row a second time"
            self.refuse(name, twice, None, what, "each row once", "Take the repetition out")

    def intervals(self) -> None:
        """Refuse a course that ends before it starts."""
        table = self.tables.get("treatments")
        if table is None or "end_week" not in table:
            return
        start, end = (table[name].to_numpy(dtype=float) for name in ("start_week", "end_week"))
        backwards = np.flatnonzero(end < start)
        found = [f"{end[row]:g}, before start_week {start[row]:g}" for row in backwards]
        self.refuse("treatments", backwards.tolist(), "end_week", found, "start_week or later")

    def laboratory(self, study: Study | None, dash: str) -> None:
        """Read what the laboratories printed, and its units."""
        labs = self.tables["labs"]
        read = read_lab_texts(labs["value"], dash=dash)
        bad = (read["kind"] == "unreadable").to_numpy()
        found = [
            f"{column_reader.shown(raw)} ({reason})"
            for raw, reason in zip(read.loc[bad, "raw"], read.loc[bad, "reason"], strict=True)
        ]
        self.refuse("labs", bad, "value", found, "a number or a laboratory's text")
        labs["unit"], clash = row_units(labs["unit"], read)
        self.refuse(
            "labs", clash, "unit", [column_reader.shown(text) for text in labs.loc[clash, "unit"]],
            "the unit printed with the value",
        )  # fmt: skip
        for column in READ_COLUMNS:
            labs[column] = read[column].to_numpy()
        for rows, text, expected, advice in unit_problems(labs, study):
            self.refuse("labs", rows, "unit", text, expected, advice)

    def cohort(self, synthetic: bool) -> Cohort:
        """Build the cohort from the patients without a problem; list the others."""
        reasons: dict[str, str] = {}
        for problem in self.problems:
            reasons.setdefault(problem.patient or "", str(problem))
        ids = self.ids["patients"]
        refused = ids.isin(reasons.keys()).to_numpy()
        rejected = pd.DataFrame({"patient_id": ids[refused], "reason": ids[refused].map(reasons)})
        patients = self.tables["patients"].loc[~refused]
        position = pd.Index(patients["patient_id"])
        return Cohort(
            patients=patients.reset_index(drop=True),
            labs=self.attached("labs", position),
            treatments=self.attached("treatments", position) if "treatments" in self.tables else None,
            outcomes=self.attached("outcomes", position) if "outcomes" in self.tables else None,
            rejected=rejected,  # its index holds the row positions in the file, for output in the order of input
            problems=tuple(self.problems),
            synthetic=synthetic,
        )

    def attached(self, name: str, position: pd.Index) -> pd.DataFrame:
        """Replace identifiers by positions in the patients table."""
        patient = position.get_indexer(pd.Index(self.ids[name]))
        table = self.tables[name].drop(columns="patient_id")
        table.insert(0, "patient", patient)
        return table.loc[patient >= 0].reset_index(drop=True)
