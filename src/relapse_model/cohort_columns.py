"""The columns of the cohort folder: the data contract, as a table to read."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from relapse_model.errors import Problem


@dataclass(frozen=True, slots=True)
class Column:
    """What one column of one table holds.

    `kind` is ``"text"``, ``"number"``, ``"flag"`` (0/1), ``"choice"``, ``"date"``, or ``"printed"`` (a number
    or exactly what the laboratory printed).
    """

    kind: str = "text"
    required: bool = False
    low: float = -math.inf
    high: float = math.inf
    choices: tuple[str, ...] = ()

    @property
    def expectation(self) -> str:
        """Say what is expected, for a message."""
        if self.kind == "number":
            low = f" from {self.low:g}" if math.isfinite(self.low) else ""
            return f"a number{low}{f' to {self.high:g}' if math.isfinite(self.high) else ''}"
        words = {
            "flag": "0 or 1",
            "date": "a date as YYYY-MM-DD",
            "choice": "one of " + ", ".join(self.choices),
        }
        return words.get(self.kind, "text")


_ID = Column(required=True)
_WEEK = Column("number", low=-5200, high=5200)  # a century: beyond it, a unit was mistaken
_WEEK_NEEDED = Column("number", required=True, low=-5200, high=5200)

TABLES: Mapping[str, Mapping[str, Column]] = MappingProxyType(
    {
        "patients": {
            "patient_id": _ID,
            "enrolment_date": Column("date"),
            "centre": Column(),
            "arm": Column(),
            "sex": Column("choice", choices=("F", "M")),
            "age_years": Column("number", low=0, high=120),
            "bmi_kg_m2": Column("number", low=8, high=100),
            "hbv_genotype": Column(),
            "hbeag_positive_before_treatment": Column("flag"),
            "hbsag_before_treatment_iu_ml": Column("printed"),
            "pegifn_weeks": Column("number", low=0, high=5200),
            "consolidation_weeks": Column("number", low=0, high=5200),
            "prior_nuc": Column("flag"),
        },
        "labs": {
            "patient_id": _ID,
            "week": _WEEK_NEEDED,
            "analyte": _ID,
            "value": Column("printed", required=True),
            "unit": Column(required=True),
            "assay": Column(),
            "lower_limit": Column("number"),
            "upper_limit": Column("number"),
        },
        "treatments": {
            "patient_id": _ID,
            "agent": _ID,
            "start_week": _WEEK_NEEDED,
            "end_week": _WEEK,
            "dose": Column("number", low=0),
            "unit": Column(),
        },
        "outcomes": {
            "patient_id": _ID,
            "relapse": Column("flag", required=True),
            "week": _WEEK_NEEDED,
        },
    }
)

NEVER_EMPTY = ("patient_id", "week", "start_week", "analyte", "agent", "relapse")
DATES: Mapping[str, str] = MappingProxyType({"week": "date", "start_week": "start_date", "end_week": "end_date"})
MISSING_WORDS = frozenset({"", "na", "n/a", "nan", "null", "none", "nat", "<na>"})
READ_COLUMNS = ("number", "comparator", "lower", "upper", "detected", "log10", "kind")  # what the gate adds to labs
OURS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"patients": (), "labs": ("patient", *READ_COLUMNS), "treatments": ("patient",), "outcomes": ("patient",)}
)


def column_problems(name: str, columns: list[str]) -> list[Problem]:
    """Return what is wrong with the columns of a table: missing, doubled, or of a name the library needs.

    Parameters
    ----------
    name : str
        A key of `TABLES`.
    columns : list of str
        As they stand in the first row.
    """
    rules = TABLES[name]
    dates = {date for week, date in DATES.items() if week in rules}
    if {column.casefold().replace(" ", "_") for column in columns}.isdisjoint({*rules, *dates}):
        # What stands in the first row may be a patient: it is not shown.
        advice = "The first row must hold the names of the columns"
        return [Problem(name, 1, None, "none of the columns of this table", f"a header: {', '.join(rules)}", advice)]
    doubled = [column for column in dict.fromkeys(columns) if columns.count(column) > 1]
    taken = [column for column in OURS[name] if column in columns]
    missing = [
        column
        for column, rule in rules.items()
        if rule.required and column not in columns and DATES.get(column) not in columns
    ]
    there = f"The columns are: {', '.join(columns)}"
    return [
        *(Problem(name, 1, column, "two columns of this name", "one") for column in doubled),
        *(Problem(name, 1, column, "a name the library needs", "another name", "Rename it") for column in taken),
        *(Problem(name, None, column, "the column is missing", f"a column {column!r}", there) for column in missing),
    ]
