"""The one gate for tables: everything that enters a cohort is checked here, once, and every problem is listed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Mask
from relapse_model.cohort.cohort import COUNTED_ONCE, Cohort
from relapse_model.cohort.contradictions import contradictions
from relapse_model.cohort.laboratory.unit_conversion import read_results, row_units, scale_problems, unit_problems
from relapse_model.cohort.study_columns import columns_read, levelled, levels_named, unusable_cells
from relapse_model.cohort.study_names import NAMED, advice_for, name_table, read_names
from relapse_model.cohort.tables import column_values as column_reader
from relapse_model.cohort.tables.coded_columns import decoded
from relapse_model.cohort.tables.column_values import read_column, read_texts
from relapse_model.cohort.tables.columns import (
    COUNTED,
    DATES,
    FAR_WEEKS,
    MINUTE,
    NEVER_EMPTY,
    READ_COLUMNS,
    TABLES,
    Column,
    column_problems,
    is_row_id,
)
from relapse_model.cohort.tables.days import ReadDays, read_days, refusals
from relapse_model.cohort.tables.identifiers import identifier_key, identifier_keys
from relapse_model.cohort.tables.part_of_whole import WholeTables, bare_identifiers
from relapse_model.comparisons import DAYS_PER_WEEK, before
from relapse_model.errors import CohortError, Problem, RelapseModelError
from relapse_model.study.study import Laboratory, Study, Time

OnProblems = Literal["raise", "list"]
Dash = Literal["refuse", "negative", "missing"]
FIRST_ROW = 2  # rows are numbered as in a spreadsheet: the header is row 1
_CENTURY = 5200  # weeks; as in the rules for week columns
_WORD_EDGE = r"\b|(?=[^\x00-\x7f])|(?<=[^\x00-\x7f])"  # Chinese is written without spaces
_SEARCHED = 120  # characters of a text; a message shows fewer


def make_cohort(
    patients: pd.DataFrame,
    labs: pd.DataFrame,
    treatments: pd.DataFrame | None = None,
    outcomes: pd.DataFrame | None = None,
    *,
    study: Study | None = None,
    on_problems: OnProblems = "raise",
    dash: Dash | None = None,
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
    dash : {"refuse", "negative", "missing"}, optional
        What a bare ``-`` means in this laboratory; by default as the study says, else refused.
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
    tables = {name: table for name, table in given.items() if table is not None}
    return checked(tables, study=study, on_problems=on_problems, dash=dash, synthetic=synthetic)


def checked(
    tables: Mapping[str, pd.DataFrame],
    found: Iterable[Problem] = (),
    *,
    study: Study | None,
    on_problems: OnProblems,
    dash: Dash | None,
    synthetic: bool,
    whole: WholeTables | None = None,
) -> Cohort:
    """Check the tables there are, and make a cohort of them unless a table is lacking or broken.

    Parameters
    ----------
    tables : mapping of str to DataFrame
    found : iterable of Problem
        What was wrong with the files of tables that could not be read.
    study, on_problems, dash, synthetic
        As in `make_cohort`.
    whole : WholeTables, optional
        What the tables are a part of, so that messages count the rows of the whole.
    """
    if on_problems not in ("raise", "list"):
        raise RelapseModelError(f"on_problems={on_problems!r}: expected 'raise' or 'list'.")
    clock = Time() if study is None else study.time
    gate = _Gate({name: _as_text_index(table) for name, table in tables.items()}, found, whole, clock)
    gate.broken_tables()
    gate.weeks_from_days_and_months()
    gate.codes(study)
    gate.weeks_from_dates()
    gate.typed_columns()
    gate.names(study)
    gate.identities()
    gate.intervals()
    gate.laboratory(study, _conventions(study, dash))
    gate.one_day(study)
    gate.predictors(study)
    gate.far_weeks()
    if gate.problems and (gate.broken or on_problems == "raise"):
        raise CohortError("the cohort was refused", gate.problems)
    return gate.cohort(synthetic)


def _conventions(study: Study | None, dash: Dash | None) -> Laboratory:
    """Return what the laboratory means by its texts: as asked for, else as the study says, else unknown."""
    stated = Laboratory() if study is None else study.laboratory
    return stated if dash is None else replace(stated, dash=dash)


def _as_text_index(table: pd.DataFrame) -> pd.DataFrame:
    renamed = table.rename(columns=lambda name: str(name).strip().lstrip("\ufeff"))
    return renamed.reset_index(drop=True).copy()


def _repeated(table: pd.DataFrame, columns: list[str]) -> Mask:
    try:
        return table.duplicated(subset=columns).to_numpy()
    except TypeError:  # lists in a column, as Parquet may have
        return table[columns].astype(str).duplicated().to_numpy()


class _Gate:
    """Holds the tables while they are checked, and what was found wrong with them.

    `broken` tells that a table is lacking, or can be checked only in part: then there is no cohort of any patient.
    """

    def __init__(
        self, tables: dict[str, pd.DataFrame], found: Iterable[Problem], whole: WholeTables | None, clock: Time
    ):
        self.tables = tables
        self.whole = whole
        self.clock = clock
        self.remarks: list[Problem] = []
        self.repeated: dict[str, Mask] = {}  # rows that stand twice under another row number
        self.problems = list(found)
        self.broken = bool(self.problems)
        self.dated: set[tuple[str, str]] = set()  # week columns that were made of dates, and checked as such
        self.ids: dict[str, pd.Series] = {}  # keys: one for all forms of an identifier
        self.codes_read: dict[str, dict[str, str]] = {}

    @cached_property
    def identifiers(self) -> frozenset[str]:
        """Return what must not be printed; a short number says nothing of anybody, and much of what is wrong."""
        if self.whole is not None:
            return self.whole.identifiers()
        return bare_identifiers(text for ids in self.ids.values() for text in ids.unique())

    @cached_property
    def patients_known(self) -> bool:
        """Tell whether there are patients, and the other tables speak of any of them."""
        if self.whole is not None:
            return self.whole.patients_known
        known = self.ids.get("patients", pd.Series(dtype=object))
        others = [ids for name, ids in self.ids.items() if name != "patients" and len(ids)]
        return len(known) > 0 and (not others or any(ids.isin(known).any() for ids in others))

    def holds_identifier(self, text: str) -> bool:
        """Tell whether a text holds an identifier of the tables: columns get mixed up, and remarks name people."""
        text = identifier_key(text[:_SEARCHED])
        edges = [match.start() for match in re.finditer(_WORD_EDGE, text)]
        return any(text[start:end].casefold() in self.identifiers for start in edges for end in edges if start < end)

    def shown(self, value: object, reason: str = "") -> str:
        """Return a value as a message may show it."""
        if not self.patients_known:
            return "a text that is not shown: the patients table is lacking or names others, and it may be a name"
        if self.holds_identifier(str(value)):
            return "a text that is not shown, since a patient's identifier is in it"
        return f"{column_reader.cell_shown(value)} ({reason})" if reason else column_reader.cell_shown(value)

    def row_number(self, table: str, row: int) -> int:
        """Return the number of a row as a spreadsheet of the whole table shows it."""
        return int(row) + FIRST_ROW if self.whole is None else int(self.whole.rows[table][row])

    def refuse(
        self, table: str, rows: Sequence[int] | Mask | NDArray[np.intp], column: str | None, found: Sequence[str] | str,
        expected: Sequence[str] | str, advice: str = "",
    ) -> None:  # fmt: skip
        """Add one problem for each of the rows (positions, or a mask)."""
        where = np.flatnonzero(rows) if isinstance(rows, np.ndarray) and rows.dtype == bool else rows
        ids = self.ids[table]
        for order, row in enumerate(where):
            what = found if isinstance(found, str) else found[order]
            wanted = expected if isinstance(expected, str) else expected[order]
            self.problems.append(
                Problem(table, self.row_number(table, row), column, what, wanted, advice, str(ids.iloc[row]))
            )

    def remark(self, table: str, rows: Mask, column: str | None, found: Sequence[str] | str, expected: str) -> None:
        """Note, of each of the rows, what may be right and should be looked at."""
        ids = self.ids[table]
        for order, row in enumerate(np.flatnonzero(rows).tolist()):
            what = found if isinstance(found, str) else found[order]
            self.remarks.append(
                Problem(table, self.row_number(table, row), column, what, expected, "", str(ids.iloc[row]))
            )

    def broken_tables(self) -> None:
        """Refuse, and leave out of the other checks, a table whose columns are not what they should be."""
        for name, table in list(self.tables.items()):
            wrong = column_problems(name, list(table.columns))
            if name == "patients" and not wrong and table.empty:
                wrong = [Problem(name, None, None, "no rows", "one row per patient")]
            if wrong:
                self.problems += wrong
                self.broken = True
                del self.tables[name]
            if list(table.columns).count("patient_id") == 1:
                self.ids[name] = identifier_keys(read_texts(table["patient_id"]))

    def weeks_from_days_and_months(self) -> None:
        """Count weeks from columns of days or months, where a table has neither weeks nor dates."""
        for name, table in self.tables.items():
            for week, units in COUNTED.items():
                given = [column for column in units if column in table]
                if week not in TABLES[name] or week in table or DATES[week] in table or not given:
                    continue
                if len(given) > 1:
                    self.broken = True
                    found = f"columns {' and '.join(map(repr, given))}, and no {week!r}"
                    self.problems.append(Problem(name, None, week, found, "one of them"))
                    continue
                days, weeks = units[given[0]], TABLES[name][week]
                rule = Column("number", low=weeks.low * DAYS_PER_WEEK / days, high=weeks.high * DAYS_PER_WEEK / days)
                read = read_column(table[given[0]], rule)
                self.refuse(name, read.bad, given[0], [self.shown(value) for value in read.came], rule.expectation)
                self.refuse_empty(name, week, given[0], read.empty & ~read.bad, rule.expectation)
                table[week] = read.values * days / DAYS_PER_WEEK
                self.dated.add((name, week))

    def refuse_empty(self, name: str, rule: str, column: str, empty: Mask, expected: str) -> None:
        """Refuse the empty cells of a column that is never empty; a relapse may stand in an unknown week."""
        if rule not in NEVER_EMPTY:
            return
        table, advice = self.tables[name], ""
        if (name, rule) == ("outcomes", "week") and "relapse" in table:
            empty = empty & ~(read_column(table["relapse"], TABLES[name]["relapse"]).values == 1)
            advice = "Without a relapse the week says until when the patient was known to be free of it"
        self.refuse(name, empty, column, "nothing", expected, advice)

    def weeks_from_dates(self) -> None:
        """Turn dates into weeks since enrolment, where a table has dates and no weeks; read the times of day."""
        for name, table in self.tables.items():
            for week, date in DATES.items():
                if week in TABLES[name] and date in table and week not in table and "patients" in self.tables:
                    self.week_from_date(name, week, date)
        labs = self.tables.get("labs")
        if labs is not None and DATES["week"] in labs and MINUTE not in labs:
            self.times_of_day(read_days(labs[DATES["week"]], self.clock.zone))

    def times_of_day(self, read: ReadDays) -> None:
        """Add the times of day of the results to the labs table, if there are any."""
        if not np.isnan(read.minute).all():
            self.tables["labs"][MINUTE] = read.minute

    @cached_property
    def enrolled(self) -> ReadDays:
        """Return the days of enrolment."""
        return read_days(self.tables["patients"]["enrolment_date"], self.clock.zone)

    def refuse_days(self, name: str, column: str, read: ReadDays) -> None:
        """Refuse the dates that cannot be read, or stand for something else."""
        for rows, expected in refusals(read):
            self.refuse(name, rows, column, [self.shown(value) for value in read.came[rows]], expected)

    def refuse_ahead(self, name: str, column: str, read: ReadDays, days: int, expected: str, refused: Mask) -> None:
        """Refuse the days that lie more than some days ahead of today, unless they were refused for something else."""
        ahead = (read.day > np.datetime64("today") + np.timedelta64(days, "D")) & ~refused
        found = [self.shown(value) for value in read.came[ahead]]
        self.refuse(name, ahead, column, found, expected, "A year that was mistyped?")

    def week_from_date(self, name: str, week: str, date: str) -> None:
        """Add a column of weeks; refuse the dates that cannot be counted from enrolment."""
        patients, table = self.tables["patients"], self.tables[name]
        if "enrolment_date" not in patients:
            self.broken = True
            self.problems.append(
                Problem("patients", None, "enrolment_date", "the column is missing",
                        f"enrolment_date, since {name} has {date!r} and no {week!r}")
            )  # fmt: skip
            return
        read, enrolled = read_days(table[date], self.clock.zone), self.enrolled
        owner = pd.Index(self.ids["patients"].drop_duplicates()).get_indexer(pd.Index(self.ids[name]))
        first = np.flatnonzero(~self.ids["patients"].duplicated().to_numpy())[owner]
        known = ~np.isnat(read.day) & (owner >= 0)
        days = (read.day - enrolled.day[first]) / np.timedelta64(86400, "s")
        # The last day of a course is one on treatment where the study says so: the course ends with that day.
        weeks = (days + (date == DATES["end_week"] and self.clock.course_end == "inclusive")) / 7
        weeks[owner < 0] = np.nan
        far = np.abs(weeks) > _CENTURY
        self.refuse_days(name, date, read)
        self.refuse(name, far, date, [self.shown(value) for value in table[date][far]],
                    "a date within a century of the enrolment_date")  # fmt: skip
        if week == "week":  # of a result or an outcome; a course may be planned
            self.refuse_ahead(name, date, read, 1, "a day that has come", far)
        self.refuse(name, known & enrolled.empty[first], date, "a date of a patient without enrolment_date",
                    "an enrolment_date in the patients table")  # fmt: skip
        self.refuse_empty(name, week, date, read.empty, "a date as YYYY-MM-DD")
        table[week] = weeks
        self.dated.add((name, week))

    def typed_columns(self) -> None:
        """Read every column of the contract by its rule."""
        for name, table in self.tables.items():
            for column, rule in TABLES[name].items():
                if column not in table.columns or rule.kind == "printed" or (name, column) in self.dated:
                    continue
                if rule.kind == "date":
                    self.refuse_days(name, column, self.enrolled)
                    soon = "a day that has come, or comes within a year"
                    self.refuse_ahead(name, column, self.enrolled, 366, soon, self.enrolled.bad)
                    continue
                read = read_column(table[column], rule)
                self.refuse(name, read.bad, column, [self.shown(value) for value in read.came], rule.expectation)
                self.refuse_empty(name, column, column, read.empty & ~read.bad, rule.expectation)
                table[column] = read.values

    def codes(self, study: Study | None) -> None:
        """Replace the codes of patients columns by what the study says they mean."""
        table = self.tables.get("patients")
        if study is None or table is None:
            return
        for column, codes in study.codes.items():
            if column in table and column != "patient_id":
                table[column] = decoded(table[column], dict(codes))
                self.codes_read[column] = dict(codes)

    def names(self, study: Study | None) -> None:
        """Give levels, analytes and agents the study's names; refuse one that only looks like what it asks for."""
        if study is None:
            return
        patients = self.tables.get("patients", pd.DataFrame())
        for column, levels in levels_named(study).items():
            if column in patients:
                patients[column] = levelled(patients[column], levels)
        for name, column in NAMED:
            if name not in self.tables:
                continue
            read = read_names(self.tables[name][column], name_table(study, column))
            came = [self.shown(text) for text in read.came]
            self.refuse(name, read.doubtful, column, came, read.expected, advice_for(column))
            self.tables[name][column] = read.values

    def identities(self) -> None:
        """Refuse unknown patients and rows that stand twice."""
        known = self.ids["patients"] if "patients" in self.tables else None
        if known is not None:
            self.refuse(
                "patients", known.duplicated(keep=False).to_numpy() & (known != "").to_numpy(), "patient_id",
                "an identifier that stands on more than one row", "one row per patient",
                "" if known.equals(read_texts(self.tables["patients"]["patient_id"]))
                else "Unseen spaces and other forms of the same letters make no other patient",
            )  # fmt: skip
        for name, table in self.tables.items():
            if name == "patients":
                continue
            if known is not None:
                unknown = ~self.ids[name].isin(known).to_numpy() & (self.ids[name] != "").to_numpy()
                self.refuse(
                    name, unknown, "patient_id", "an identifier that is not in the patients table",
                    "a patient of the patients table", "Add the patient there, or take the row out",
                )  # fmt: skip
            twice = _repeated(table, ["patient_id"] if name == "outcomes" else list(table.columns))
            what = "a second outcome of one patient" if name == "outcomes" else "the same row a second time"
            self.refuse(name, twice, None, what, "each row once", "Take the repetition out")
            own = [column for column in table.columns if not is_row_id(column)]
            if name != "outcomes" and len(own) < len(table.columns):
                self.repeated[name] = _repeated(table, own) & ~twice
                self.remark(name, self.repeated[name], None, COUNTED_ONCE, "each row once")

    def intervals(self) -> None:
        """Refuse a course that ends before it starts."""
        table = self.tables.get("treatments")
        if table is None or not {"start_week", "end_week"} <= set(table):
            return
        start, end = (table[name].to_numpy(dtype=float) for name in ("start_week", "end_week"))
        backwards = np.flatnonzero(before(end, start))
        found = [f"week {end[row]:g}, before the start in week {start[row]:g}" for row in backwards]
        column = DATES["end_week"] if ("treatments", "end_week") in self.dated else "end_week"
        self.refuse("treatments", backwards.tolist(), column, found, "the start or later")

    def one_day(self, study: Study | None) -> None:
        """Refuse results of one day that contradict each other, unless the study says which of them counts."""
        labs = self.tables.get("labs")
        if labs is None or study is None or "week" not in labs:
            return
        sound = (self.ids["labs"] != "").to_numpy() & (labs["kind"] != "unreadable").to_numpy()
        refused = [problem.row for problem in self.problems if problem.table == "labs" and problem.row is not None]
        if refused:
            numbers = np.arange(len(labs)) + FIRST_ROW if self.whole is None else self.whole.rows["labs"]
            sound &= ~np.isin(numbers, refused)
        if "labs" in self.repeated:
            sound &= ~self.repeated["labs"]
        for found in contradictions(labs, self.ids["labs"], sound, study):
            said = [self.shown(labs["value"].iloc[row]) for row in found.rows]
            others = [said[1] if place == 0 else said[0] for place in range(len(said))]
            self.refuse(
                "labs", found.rows, "value",
                [f"{own}, and {other} on the same day" for own, other in zip(said, others, strict=True)],
                found.expected, found.advice,
            )  # fmt: skip

    def far_weeks(self) -> None:
        """Note the weeks that lie further from enrolment than studies last: a year may be mistyped."""
        for name, table in self.tables.items():
            for week in DATES:
                if week in TABLES[name] and week in table:
                    weeks = table[week].to_numpy(dtype=float)
                    far = (np.abs(weeks) > FAR_WEEKS) & (np.abs(weeks) <= _CENTURY)
                    column = DATES[week] if (name, week) in self.dated else week
                    self.remark(name, far, column, [f"week {number:.0f}" for number in weeks[far]],
                                "a week within ten years of enrolment, or one that was looked at")  # fmt: skip

    def predictors(self, study: Study | None) -> None:
        """Refuse cells of the patients table that a predictor of the study cannot use."""
        table = self.tables.get("patients")
        if study is None or table is None:
            return
        for reader in columns_read(study):
            if reader.column not in table:
                continue
            found = unusable_cells(table[reader.column], reader)
            place = ("patients", reader.column)
            already = {problem.row for problem in self.problems if (problem.table, problem.column) == place}
            rows = [
                row for row in map(int, np.flatnonzero(found.rows)) if self.row_number("patients", row) not in already
            ]
            came = [self.shown(table[reader.column].iloc[row]) for row in rows]
            self.refuse("patients", rows, reader.column, came, found.expected, reader.purpose)

    def laboratory(self, study: Study | None, conventions: Laboratory) -> None:
        """Read what the laboratories printed, and its units."""
        labs = self.tables.get("labs")
        if labs is None:
            return
        analytes = {} if study is None else study.analytes
        transformed = (
            labs["analyte"].isin([name for name, one in analytes.items() if one.negative]).to_numpy(dtype=bool)
        )
        read = read_results(labs["value"], labs["unit"], conventions, transformed)
        bad = (read["kind"] == "unreadable").to_numpy()
        reasons = zip(read.loc[bad, "raw"], read.loc[bad, "reason"], strict=True)
        found = [self.shown(raw, reason) for raw, reason in reasons]
        self.refuse("labs", bad, "value", found, "a number or a laboratory's text")
        labs["unit"], clash = row_units(labs["unit"], read)
        self.refuse(
            "labs", clash, "unit", [self.shown(text) for text in labs.loc[clash, "unit"]],
            "the unit printed with the value",
        )  # fmt: skip
        for column in READ_COLUMNS:
            labs[column] = read[column].to_numpy()
        before = len(self.problems)
        for rows, text, expected, advice in unit_problems(labs, study):
            wanted = "one unit for each analyte" if self.holds_identifier(expected) else expected
            self.refuse("labs", rows, "unit", self.shown(text) if text else "no unit", wanted, advice)
        # They come by unit, in the order in which units happen to turn up: a patient's first problem is that of a row.
        self.problems[before:] = sorted(self.problems[before:], key=lambda problem: problem.row or 0)
        for mask, column, expected in scale_problems(labs, transformed):
            came = [self.shown(value) for value in labs[column].to_numpy(dtype=object)[mask]]
            self.refuse("labs", mask, column, came, expected)

    def cohort(self, synthetic: bool) -> Cohort:
        """Build the cohort from the patients without a problem; list the others."""
        reasons: dict[str, str] = {}
        for problem in self.problems:
            reasons.setdefault(problem.patient or "", str(problem))
        ids = self.ids["patients"]
        refused = ids.isin(reasons.keys()).to_numpy()
        patients = self.tables["patients"]
        spelled = patients["patient_id"].fillna("").astype(object)
        why = pd.Series([reasons[text] for text in ids[refused]], index=ids.index[refused], dtype=object)
        rejected = pd.DataFrame({"patient_id": spelled[refused], "reason": why})
        position = pd.Index(ids[~refused])
        return Cohort(
            patients=patients.loc[~refused].reset_index(drop=True),
            labs=self.attached("labs", position),
            treatments=self.attached("treatments", position) if "treatments" in self.tables else None,
            outcomes=self.attached("outcomes", position) if "outcomes" in self.tables else None,
            rejected=rejected,  # its index holds the row positions in the file, for output in the order of input
            problems=tuple(self.problems),
            synthetic=synthetic,
            remarks=tuple(one for one in self.remarks if one.patient in position),
            codes_read=self.codes_read,
        )

    def attached(self, name: str, position: pd.Index) -> pd.DataFrame:
        """Replace identifiers by positions in the patients table."""
        patient = position.get_indexer(pd.Index(self.ids[name]))
        table = self.tables[name].drop(columns="patient_id")
        table.insert(0, "patient", patient)
        kept = patient >= 0
        if name in self.repeated:
            kept &= ~self.repeated[name]
        return table.loc[kept].reset_index(drop=True)
