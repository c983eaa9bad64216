"""The one gate for tables: everything that enters a cohort is checked here, once, and every problem is listed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Literal

import numpy as np
import pandas as pd

from relapse_model.cohort.cohort import COUNTED_ONCE, Cohort, with_identifiers
from relapse_model.cohort.contradictions import shared_days
from relapse_model.cohort.deaths import contradicted
from relapse_model.cohort.gate_laboratory import LaboratoryAtTheGate
from relapse_model.cohort.gate_study import required_tables
from relapse_model.cohort.gate_tables import MOST_NAMES
from relapse_model.cohort.index_week import WITHOUT_INDEX, counted_from, index_weeks
from relapse_model.cohort.study_names import NAMED
from relapse_model.cohort.tables.column_values import (
    codes_of,
    read_column,
    read_texts,
    rows_where,
    with_codes,
    without_codes,
)
from relapse_model.cohort.tables.columns import (
    DATES,
    TABLES,
    column_problems,
    is_row_id,
)
from relapse_model.cohort.tables.data_frames import data_frames
from relapse_model.cohort.tables.identifiers import nearly_known, row_keys
from relapse_model.cohort.tables.part_of_whole import WholeTables
from relapse_model.cohort.tables.repeated_rows import repeated
from relapse_model.errors import CohortError, Problem, RelapseModelError
from relapse_model.study.study import Laboratory, Study, Time, TimeIndex

_REPEATED = {  # what else than a repetition it may be
    "treatments": "Take the repetition out; if it was given twice that day (two vials), write one row with the sum"
}
_NAME_AND_WEEK = {"labs": ("analyte", "week"), "treatments": ("agent", "start_week")}
_MANY_ROWS = 10_000  # from here on texts stay categories in the cohort's tables: each different one is kept once
OnProblems = Literal["raise", "list"]
Dash = Literal["refuse", "negative", "missing"]


def make_cohort(
    patients: pd.DataFrame,
    labs: pd.DataFrame | None = None,
    treatments: pd.DataFrame | None = None,
    outcomes: pd.DataFrame | None = None,
    *,
    adverse_events: pd.DataFrame | None = None,
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
        The required tables; columns as in the README's data contract. Extra columns are kept. A study that reads no
        results needs no labs.
    treatments, outcomes, adverse_events : DataFrame, optional
        The optional ones.
    study : Study, optional
        Whose units are accepted. Without it, an analyte may come in one unit only.
    on_problems : {"raise", "list"}
        ``"list"`` keeps the sound patients and lists the others, with the reason, in `Cohort.rejected`
        (for scoring). A table that lacks a required column is refused all the same, with all problems of whole tables.
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
    given["adverse_events"] = adverse_events
    tables = data_frames(given, required=required_tables(study))
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
    own = {name: _own_table(name, table) for name, table in tables.items()}
    gate = _Gate(own, found, whole, clock, every=on_problems == "list")
    gate.too_many_names()
    gate.labs_or_none(study)
    gate.broken_tables()
    gate.weeks_from_days_and_months()
    gate.codes(study)
    gate.weeks_from_dates()
    gate.typed_columns()
    gate.events_of_outcomes()
    gate.names(study)
    gate.identities()
    gate.order_in_time()
    gate.deaths_and_adverse_events(study)
    gate.laboratory(study, _conventions(study, dash))
    gate.one_day(study)
    gate.predictors(study)
    gate.outcome_column(study)
    gate.far_weeks()
    if gate.broken and on_problems == "list":  # what is wrong with a row would cost its patient, not the cohort
        raise CohortError("the cohort was refused", [one for one in gate.problems if one.patient is None])
    if gate.problems and on_problems == "raise":
        raise CohortError("the cohort was refused", gate.problems)
    cohort = gate.cohort(synthetic)
    if study is not None and study.time.index is not None:
        cohort = gate.from_index(cohort, study, study.time.index, synthetic=synthetic, listed=on_problems == "list")
    return cohort if study is None or on_problems == "list" else gate.free_against_tests(cohort, study)


def _conventions(study: Study | None, dash: Dash | None) -> Laboratory:
    """Return what the laboratory means by its texts: as asked for, else as the study says, else unknown."""
    stated = Laboratory() if study is None else study.laboratory
    return stated if dash is None else replace(stated, dash=dash)


def _own_table(name: str, table: pd.DataFrame) -> pd.DataFrame:
    """Return a table that the gate may change, its rows counted from 0; each text of many rows stands in it once."""
    renamed = table.rename(columns=lambda name: str(name).strip().lstrip("\ufeff"))
    own = renamed.reset_index(drop=True).copy(deep=False)
    if name == "patients":
        return own
    texts = [column for column in TABLES[name] if list(own.columns).count(column) == 1]
    return own.assign(**{column: with_codes(own[column]) for column in texts})


class _Gate(LaboratoryAtTheGate):
    """The checks, in the order in which `checked` makes them."""

    def too_many_names(self) -> None:
        """Refuse a table of more different units or names than there are: looking each up would take minutes."""
        if self.most is None:
            return
        for name, column in (*NAMED, ("labs", "unit")):
            table = self.tables.get(name)
            if table is None or list(table.columns).count(column) != 1:
                continue
            different = len(codes_of(table[column])[1])
            if different > MOST_NAMES and (different := table[column].nunique()) > MOST_NAMES:
                found, expected = f"{different:,} different texts", f"a few names, at most {MOST_NAMES:,}"
                self.problems.append(Problem(name, None, column, found, expected, "Were columns exchanged?"))
                self.broken = True
                del self.tables[name]

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
                self.ids[name] = row_keys(table["patient_id"], coded=name != "patients")

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
                read = read_column(table[column], rule, coded=name == "labs", sort=column != "patient_id")
                self.refuse(name, read.bad, column, self.shown(read.came), rule.expectation)
                self.refuse_empty(name, column, column, read.empty & ~read.bad, rule.expectation)
                table[column] = pd.Series(read.values, index=table.index, copy=False)

    def identities(self) -> None:
        """Refuse unknown patients and rows that stand twice."""
        known = self.ids["patients"] if "patients" in self.tables else None
        there = pd.Index([] if known is None else known.unique(), dtype=object)
        if known is not None:
            twice = known.duplicated(keep=False).to_numpy() & (known != "").to_numpy()
            self.refuse(
                "patients", twice, "patient_id", "an identifier that stands on more than one row",
                "one row per patient",
                "" if not twice.any() or known.equals(read_texts(self.tables["patients"]["patient_id"]))
                else "Unseen spaces and other forms of the same letters make no other patient",
            )  # fmt: skip
        for name, table in self.tables.items():
            if name == "patients":
                continue
            if known is not None:
                unknown = rows_where(self.ids[name], lambda ids: (there.get_indexer(ids) < 0) & (ids != ""))
                for rows, advice in nearly_known(self.ids[name], known, unknown):
                    self.refuse(
                        name, rows, "patient_id", "an identifier that is not in the patients table",
                        "a patient of the patients table", advice,
                    )  # fmt: skip
            named, week = _NAME_AND_WEEK.get(name, ("", ""))
            if week in table:
                self.shared[name] = shared_days(table[week], self.ids[name], table[named])
            columns = ["patient_id"] if name == "outcomes" else list(table.columns)
            twice = repeated(table, columns, self.shared.get(name))
            what = "a second outcome of one patient" if name == "outcomes" else "the same row a second time"
            self.refuse(name, twice, None, what, "each row once", _REPEATED.get(name, "Take the repetition out"))
            own = [column for column in table.columns if not is_row_id(column)]
            if name != "outcomes" and len(own) < len(table.columns):
                self.repeated[name] = repeated(table, own, self.shared.get(name)) & ~twice
                self.remark(name, self.repeated[name], None, COUNTED_ONCE, "each row once")

    def deaths_and_adverse_events(self, study: Study | None) -> None:
        """Refuse what contradicts a death, and a term that names a patient: reports print the terms."""
        for one in contradicted(self.tables, self.ids, "" if study is None else study.outcome.name):
            column = DATES[one.column] if (one.table, one.column) in self.dated else one.column
            if one.counts:
                self.remark(one.table, one.rows, column, one.found, one.expected)
            else:
                self.refuse(one.table, one.rows, column, one.found, one.expected, one.advice)
        table = self.tables.get("adverse_events")
        if table is None or "term" not in table:
            return
        terms = table["term"].dropna()
        naming = [term for term in terms.unique() if self.holds_identifier(term)]
        if naming:
            found = "a text that is not shown, since a patient's identifier is in it"
            self.refuse("adverse_events", table["term"].isin(naming).to_numpy(), "term", found, "the event alone")

    def from_index(self, cohort: Cohort, study: Study, index: TimeIndex, *, synthetic: bool, listed: bool) -> Cohort:
        """Count the weeks of every table from the index of each patient; refuse, or leave out, those without one."""
        found = index_weeks(cohort, study, index)
        without = np.isnan(found.week)
        kept = np.flatnonzero(~self.ids["patients"].isin({one.patient for one in self.problems}).to_numpy())
        rows, reasons = kept[without], list(found.reason[without])
        if index.without == "leave out":
            left = pd.DataFrame(
                {"patient_id": cohort.patient_ids[without], "reason": reasons}, index=rows, dtype=object
            )
            rejected = pd.concat([cohort.rejected, left]).sort_index() if len(left) else cohort.rejected
            return counted_from(cohort, index, found.week, rejected)
        self.refuse("patients", rows, None, reasons, "a week 0 that the results tell", WITHOUT_INDEX)
        if self.problems and not listed:
            raise CohortError("the cohort was refused", self.problems)
        cohort = self.cohort(synthetic)
        return counted_from(cohort, index, found.week[~without], cohort.rejected)

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
        position, kept = pd.Index(ids[~refused]), spelled[~refused]
        return Cohort(
            patients=patients.loc[~refused].reset_index(drop=True),
            labs=self.attached("labs", position, kept),
            treatments=self.attached("treatments", position, kept) if "treatments" in self.tables else None,
            outcomes=self.attached("outcomes", position, kept) if "outcomes" in self.tables else None,
            adverse_events=self.attached("adverse_events", position, kept) if "adverse_events" in self.tables else None,
            rejected=rejected,  # its index holds the row positions in the file, for output in the order of input
            problems=tuple(self.problems),
            synthetic=synthetic,
            remarks=tuple(one for one in self.remarks if one.patient in position),
            codes_read=self.codes_read,
        )

    def attached(self, name: str, position: pd.Index, spelled: pd.Series) -> pd.DataFrame:
        """Put positions in the patients table, and its spelling of the identifiers, for what the table had."""
        codes, texts = codes_of(self.ids[name])
        patient = position.get_indexer(pd.Index(texts.to_numpy(dtype=object), dtype=object))[codes]
        table = self.tables[name].drop(columns="patient_id")
        table.insert(0, "patient", pd.Series(patient, index=table.index, copy=False))
        kept = patient >= 0
        if name in self.repeated:
            kept &= ~self.repeated[name]
        rows = table if kept.all() else table.loc[kept].reset_index(drop=True)
        if len(rows) < _MANY_ROWS:
            coded = {str(one): without_codes(rows[one]) for one in rows if rows[one].dtype == "category"}
            rows = rows.assign(**coded)
        return with_identifiers(rows, spelled)
