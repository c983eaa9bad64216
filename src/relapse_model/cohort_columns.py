"""The columns of the cohort folder: the data contract, as a table to read."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


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
            "lower_limit": Column("number", low=0),
            "upper_limit": Column("number", low=0),
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
