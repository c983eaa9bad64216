"""What a study asks of the tables at the gate: names, levels, columns that it can use, results where it reads any."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pandas as pd

from relapse_model.arrays import Mask
from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.gate_weeks import WeeksAtTheGate
from relapse_model.cohort.outcome_column import expected_cells, outcome_cells
from relapse_model.cohort.study_columns import column_readers, levels_named, unusable_cells, values_as_levels
from relapse_model.cohort.study_names import NAMED, advice_for, name_table, read_names
from relapse_model.cohort.tables.coded_columns import decoded
from relapse_model.cohort.tables.columns import no_labs
from relapse_model.cohort.tables.identifiers import identifier_keys
from relapse_model.errors import Problem
from relapse_model.study.names import is_no_competing_event, name_key
from relapse_model.study.names_known import reads_results
from relapse_model.study.study import Study


def required_tables(study: Study | None) -> tuple[str, ...]:
    """Return the tables that a cohort must have: no results where the study is known to read none.

    Parameters
    ----------
    study : Study or None
    """
    return ("patients",) if study is not None and not reads_results(study) else ("patients", "labs")


def _spelled_twice(names: Iterable[str]) -> list[str]:
    """Return the names that are one but for spaces, hyphens and brackets."""
    each = [str(name) for name in names]
    keys = [name_key(name) for name in each]
    return [name for name, key in zip(each, keys, strict=True) if keys.count(key) > 1]


_WORDS = {1.0: "relapse", 0.0: "free"}


class StudyAtTheGate(WeeksAtTheGate):
    """Checks the tables by what the study reads of them."""

    def labs_or_none(self, study: Study | None) -> None:
        """Take an absent labs table for an empty one where the study reads no results; refuse it elsewhere."""
        if "labs" in self.tables or any(problem.table.startswith("labs") for problem in self.problems):
            return
        if study is not None and not reads_results(study):
            self.tables["labs"] = no_labs()
            return
        self.broken = True
        advice = "" if study is not None else "A study that reads no results needs none: give it with study=..."
        self.problems.append(Problem("labs", None, None, "no such table", "a table of laboratory results", advice))

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
                patients[column] = values_as_levels(patients[column], levels)
        for name, column in NAMED:
            if name not in self.tables:
                continue
            read = read_names(self.tables[name][column], name_table(study, column))
            came = self.shown(read.came)
            self.refuse(name, read.doubtful, column, came, read.expected, advice_for(column))
            self.tables[name][column] = read.values

    def predictors(self, study: Study | None) -> None:
        """Refuse cells of the patients table that a predictor of the study cannot use."""
        table = self.tables.get("patients")
        if study is None or table is None:
            return
        for reader in column_readers(study):
            if reader.column not in table:
                continue
            found = unusable_cells(table[reader.column], reader)
            place = ("patients", reader.column)
            already = [problem.row for problem in self.problems if (problem.table, problem.column) == place]
            rows = np.flatnonzero(found.rows)
            rows = rows[~np.isin(self.row_numbers("patients", rows), [row for row in already if row is not None])]
            came = self.shown(table[reader.column].iloc[rows])
            self.refuse("patients", rows, reader.column, came, found.expected, reader.purpose)

    def outcome_column(self, study: Study | None) -> None:
        """Refuse cells of the column of the outcome that say neither yes nor no, and a second word on it.

        Of an outcomes table: the name of a competing event that the study does not list.
        """
        self.competing_events(study)
        table = self.tables.get("patients")
        if study is None or study.outcome.column is None or table is None:
            return
        column = study.outcome.column
        if "outcomes" in self.tables:
            self.broken = True
            found = f"an outcomes table, and column {column!r} as the outcome of the study"
            self.problems.append(Problem("outcomes", None, None, found, "one of them"))
        if column in table:
            bad = outcome_cells(table[column], study.outcome).unusable
            came = self.shown(table[column][bad])
            self.refuse("patients", bad, column, came, expected_cells(study.outcome), "It is the outcome")

    def events_of_outcomes(self) -> None:
        """Refuse an event that contradicts the yes or no beside it, a competing one without a name or with two.

        Where the table has no column of yes and no, it is made of the events: of a competing one it is not known
        whether somebody has looked for a relapse before it, and it stays empty.
        """
        table = self.tables.get("outcomes")
        if table is None or "event" not in table:
            if table is not None and "competing_event" in table:
                named = table["competing_event"].notna().to_numpy()
                self.refuse("outcomes", named, "competing_event", "a name, and no column 'event'", "event = competing")
            return
        event = table["event"].astype(object).where(table["event"].notna(), None)
        competing = (event == "competing").to_numpy(dtype=bool)
        if "relapse" in table:
            said = pd.to_numeric(table["relapse"], errors="coerce").to_numpy(dtype=float)
            wanted = event.map({"relapse": 1.0, "free": 0.0, "competing": 0.0}).to_numpy(dtype=float)
            apart = ~np.isnan(said) & ~np.isnan(wanted) & (said != wanted)
            self.refuse("outcomes", apart, "event", [f"{word}, and relapse = {int(one)}" for word, one in
                        zip(event[apart], said[apart], strict=True)], "the same in both")  # fmt: skip
            event = event.where(event.notna(), pd.Series(said).map(_WORDS).to_numpy(dtype=object))
            table["relapse"] = np.where(np.isnan(said) & ~competing, wanted, said)
        else:
            empty = event.isna().to_numpy()
            self.refuse("outcomes", empty, "event", "nothing", "one of relapse, free, competing")
            table["relapse"] = event.map({"relapse": 1.0, "free": 0.0}).to_numpy(dtype=float)
        table["event"] = event.to_numpy(dtype=object)
        self._names_of_competing(table, competing)

    def _names_of_competing(self, table: pd.DataFrame, competing: Mask) -> None:
        from relapse_model.cohort.outcome.competing import plain_name  # few cohorts have any

        if "competing_event" not in table:
            table["competing_event"] = pd.Series([None] * len(table), dtype=object)
        names = table["competing_event"].map(plain_name, na_action="ignore")
        table["competing_event"] = names.astype(object)
        named = names.notna().to_numpy(dtype=bool)
        advice = "Without it nobody can say what the risk is in the presence of"
        self.refuse("outcomes", competing & ~named, "competing_event", "nothing", "its name, such as death", advice)
        self.refuse("outcomes", named & ~competing, "competing_event", "a name, and another event",
                    "a name of a competing event only")  # fmt: skip
        none = names.map(is_no_competing_event, na_action="ignore").eq(True).to_numpy()
        self.refuse("outcomes", competing & none, "competing_event", self.shown(names[competing & none]),
                    "an event after which the outcome cannot come, such as death",
                    "The outcome is event = relapse; who was lost was free until then: event = free")  # fmt: skip
        twice = _spelled_twice(names[competing & ~none].dropna().unique())
        odd = names.isin(twice).to_numpy()
        self.refuse("outcomes", odd & competing, "competing_event", self.shown(names[odd & competing]),
                    "one spelling of each event: each would count as an event of its own")  # fmt: skip
        telling = [name for name in names.dropna().unique() if self.holds_identifier(name)]
        found = "a text that is not shown, since a patient's identifier is in it"
        self.refuse("outcomes", names.isin(telling).to_numpy(), "competing_event", found, "the event alone")

    def competing_events(self, study: Study | None) -> None:
        """Refuse the name of a competing event that the study does not list, where it lists any."""
        table = self.tables.get("outcomes")
        if study is None or table is None or "event" not in table or study.outcome.column is not None:
            return
        from relapse_model.cohort.outcome.competing import ADVICE, expected_names, unlisted_names

        names = table["competing_event"]
        bad = (table["event"] == "competing").to_numpy(dtype=bool) & names.notna().to_numpy()
        bad &= unlisted_names(names, study.outcome)
        same = names.map(name_key, na_action="ignore").eq(name_key(study.outcome.name)).to_numpy(dtype=bool)
        self.refuse("outcomes", same & ~bad, "competing_event", self.shown(names[same & ~bad]),
                    "another event than the outcome of the study", "The outcome itself is event = relapse")  # fmt: skip
        self.refuse("outcomes", bad, "competing_event", self.shown(names[bad]), expected_names(study.outcome), ADVICE)

    def free_against_tests(self, cohort: Cohort, study: Study) -> Cohort:
        """Note of whom the outcome is free, and the tests confirm it before: both stand, and the outcome counts."""
        if cohort.outcomes is None or study.outcome.analyte is None:
            return cohort
        from relapse_model.cohort.outcome.free_against_tests import confirmed_while_free  # few cohorts have any

        week = confirmed_while_free(cohort, study)
        told = pd.Series(week, index=identifier_keys(pd.Series(cohort.patient_ids, dtype=object))).dropna()
        if told.empty:
            return cohort
        rows = self.ids["outcomes"].isin(told.index).to_numpy()
        found = [
            f"free, and {study.outcome.name} in week {one:g} by the tests"
            for one in self.ids["outcomes"][rows].map(told)
        ]
        before = len(self.remarks)
        self.remark("outcomes", rows, None, found, "one of the two: as it stands, the outcome counts and not the tests")
        return replace(cohort, remarks=(*cohort.remarks, *self.remarks[before:]))
