"""What the laboratories printed, at the gate: results, units, limits, and several results of one day."""

from __future__ import annotations

import sys

import pandas as pd

from relapse_model.cohort.contradictions import contradictions
from relapse_model.cohort.gate_study import StudyAtTheGate
from relapse_model.cohort.gate_tables import MOST_UNREADABLE
from relapse_model.cohort.laboratory.lab_texts import NOT_READ
from relapse_model.cohort.laboratory.unit_conversion import (
    Grouped,
    groups_of_units,
    read_results,
    row_units,
    scale_problems,
    unit_problems,
)
from relapse_model.cohort.tables.column_values import rows_with
from relapse_model.cohort.tables.columns import READ_COLUMNS
from relapse_model.study.study import Laboratory, Study


class LaboratoryAtTheGate(StudyAtTheGate):
    """Reads and checks the results."""

    def laboratory(self, study: Study | None, conventions: Laboratory) -> None:
        """Read what the laboratories printed, and its units."""
        labs = self.tables.get("labs")
        if labs is None:
            return
        analytes = {} if study is None else study.analytes
        transformed = (
            labs["analyte"].isin([name for name, one in analytes.items() if one.negative]).to_numpy(dtype=bool)
        )
        read = read_results(labs["value"], labs["unit"], conventions, transformed, self.most and MOST_UNREADABLE)
        if "reason" in read:
            unread = rows_with(read["reason"], NOT_READ)
            bad = rows_with(read["kind"], "unreadable") & ~unread
            found = self.shown(read.loc[bad, "raw"], read.loc[bad, "reason"])
            self.refuse("labs", bad, "value", found, "a number or a laboratory's text")
            self.not_looked_at("labs", unread, "value", "a number or a laboratory's text")
        labs["unit"], clash = row_units(labs["unit"], read)
        self.refuse(
            "labs", clash, "unit", self.beside(labs.loc[clash, "value"], labs.loc[clash, "unit"]),
            "the unit printed with the value",
        )  # fmt: skip
        for column in READ_COLUMNS:
            labs[column] = read[column]
        before, others = len(self.problems), 0
        grouped = None if study is None else groups_of_units(labs, study)
        for rows, text, expected, advice in unit_problems(labs, study, grouped):
            if not len(rows):
                continue
            if self.most is not None and len(self.problems) - before >= self.most:
                self.refused_rows("labs")[rows] = True
                others += len(rows)
                continue
            wanted = "one unit for each analyte" if self.holds_identifier(expected) else expected
            self.refuse("labs", rows, "unit", self.printable(text) if text else "no unit", wanted, advice)
        # They come by unit, in the order in which units happen to turn up: a patient's first problem is that of a row.
        self.problems[before:] = sorted(self.problems[before:], key=lambda problem: problem.row or sys.maxsize)
        self.count_others("labs", others, "unit", "such as those")
        for mask, column, expected in scale_problems(labs, transformed):
            self.refuse("labs", mask, column, self.shown(labs[column][mask]) if mask.any() else [], expected)
        if grouped is not None and any(one.possible is not None for one in analytes.values()):
            self.impossible(labs, grouped)

    def beside(self, values: pd.Series, units: pd.Series) -> list[str]:
        """Return results with the units stated for them, as a message may show both."""
        pairs = zip(self.shown(values), self.shown(units), strict=True)
        return [f"{unit} for {value}" for value, unit in pairs]

    def impossible(self, labs: pd.DataFrame, grouped: Grouped) -> None:
        """Refuse results outside what a body, or an assay, can give, as the study states it."""
        from relapse_model.cohort.laboratory.below_limits import doubtful_limits
        from relapse_model.cohort.laboratory.possible_values import impossible_results  # models of before state none

        for rows, expected, advice in impossible_results(labs, grouped, self.refused_rows("labs")):
            value, unit = (labs[name].iloc[rows[: self.most]] for name in ("value", "unit"))
            found = self.shown(f"{one} {other}" for one, other in zip(value, unit, strict=True))
            self.refuse("labs", rows, "value", found, expected, advice)
        for rows, column, expected, asked in doubtful_limits(labs, grouped, self.refused_rows("labs")):
            value, unit = (labs[name].iloc[rows[: self.most]] for name in (column, "unit"))
            found = self.shown(f"{one:g} {other}" if column == "lower_limit" else f"{one} {other}"
                               for one, other in zip(value, unit, strict=True))  # fmt: skip
            self.refuse("labs", rows, column, found, expected, asked)

    def one_day(self, study: Study | None) -> None:
        """Refuse results of one day that contradict each other, unless the study says which of them counts."""
        labs = self.tables.get("labs")
        if labs is None or study is None or "week" not in labs:
            return
        rows = self.shared["labs"]
        sound = (self.ids["labs"].iloc[rows] != "").to_numpy() & (labs["kind"].iloc[rows] != "unreadable").to_numpy()
        sound &= ~self.refused_rows("labs")[rows]
        if "labs" in self.repeated:
            sound &= ~self.repeated["labs"][rows]
        for found in contradictions(labs, self.ids["labs"], rows[sound], study):
            said = [self.printable(labs["value"].iloc[row]) for row in found.rows]
            others = [said[1] if place == 0 else said[0] for place in range(len(said))]
            self.refuse(
                "labs", found.rows, "value",
                [f"{own}, and {other} on the same day" for own, other in zip(said, others, strict=True)],
                found.expected, found.advice,
            )  # fmt: skip
