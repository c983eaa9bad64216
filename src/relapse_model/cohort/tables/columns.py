"""The columns of the cohort folder: the data contract, as a table to read."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import pandas as pd

from relapse_model.comparisons import DAYS_PER_MONTH
from relapse_model.errors import Problem


@dataclass(frozen=True, slots=True)
class Column:
    """What one column of one table holds.

    `kind` is ``"text"``, ``"number"``, ``"flag"`` (0/1, also as yes and no), ``"choice"``, ``"date"``, or ``"printed"``
    (a number or exactly what the laboratory printed). `spellings` are other words for the choices, in lower case.
    """

    kind: str = "text"
    required: bool = False
    low: float = -math.inf
    high: float = math.inf
    choices: tuple[str, ...] = ()
    spellings: Mapping[str, str] = field(default_factory=dict)

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
_SEXES = MappingProxyType(
    {
        **dict.fromkeys(
            (
                "f",
                "female",
                "woman",
                "女",
                "女性",
                "w",
                "weiblich",
                "frau",
                "féminin",
                "femenino",
                "mujer",
                "femme",
                "femmina",
                "femminile",
                "feminin",
            ),
            "F",
        ),
        **dict.fromkeys(
            (
                "m",
                "male",
                "man",
                "男",
                "男性",
                "männlich",
                "maennlich",
                "mann",
                "masculin",
                "masculino",
                "hombre",
                "varón",
                "homme",
                "maschio",
                "maschile",
            ),
            "M",
        ),  # H, V and a lone letter of Spanish (hombre, varón, mujer) need their meaning
    }
)

_GRADES = MappingProxyType(  # CTCAE 5.0
    {
        spelling: grade
        for grade, words in {
            "1": ("mild", "i", "轻度"),
            "2": ("moderate", "ii", "中度"),
            "3": ("severe", "iii", "重度"),
            "4": ("life-threatening", "life threatening", "iv", "危及生命"),
            "5": ("fatal", "death", "v", "死亡"),
        }.items()
        for spelling in (*words, f"grade {grade}", f"grade{grade}", f"g{grade}", f"{grade}级")
    }
)

_EVENTS = MappingProxyType({word: word for word in ("relapse", "free", "competing")})
INSTEAD: Mapping[str, tuple[str, ...]] = MappingProxyType({"relapse": ("event",)})  # columns that may stand for another

TABLES: Mapping[str, Mapping[str, Column]] = MappingProxyType(
    {
        "patients": {
            "patient_id": _ID,
            "enrolment_date": Column("date"),
            "centre": Column(),
            "arm": Column(),
            "sex": Column("choice", choices=("F", "M"), spellings=_SEXES),
            "age_years": Column("number", low=0, high=120),
            "bmi_kg_m2": Column("number", low=8, high=100),
            "hbv_genotype": Column(),
            "hbeag_positive_before_treatment": Column("flag"),
            "hbsag_before_treatment_iu_ml": Column("printed"),
            "pegifn_weeks": Column("number", low=0, high=5200),
            "consolidation_weeks": Column("number", low=0, high=5200),
            "prior_nuc": Column("flag"),
            "decompensated_cirrhosis": Column("flag"),
            "coinfection": Column("flag"),
            "malignancy": Column("flag"),
            "immunosuppression_within_6_months": Column("flag"),
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
            "event": Column("choice", choices=("relapse", "free", "competing"), spellings=_EVENTS),
            "competing_event": Column(),
        },
        "adverse_events": {
            "patient_id": _ID,
            "week": _WEEK_NEEDED,
            "term": _ID,
            "grade": Column("choice", choices=("1", "2", "3", "4", "5"), spellings=_GRADES),
            "serious": Column("flag"),
            "related": Column("flag"),
        },
    }
)

LOST_REASON = "lost_reason"  # further column of the patients table that trials keep
NEVER_EMPTY = ("patient_id", "week", "start_week", "analyte", "agent", "relapse", "term")
DATES: Mapping[str, str] = MappingProxyType({"week": "date", "start_week": "start_date", "end_week": "end_date"})
COUNTED: Mapping[str, Mapping[str, float]] = MappingProxyType(  # columns that may stand for weeks, days in one of each
    {
        f"{begin}week": MappingProxyType({f"{begin}day": 1.0, f"{begin}month": DAYS_PER_MONTH})
        for begin in ("", "start_", "end_")
    }
)
MISSING_WORDS = frozenset({"", "na", "n/a", "nan", "null", "none", "nat", "<na>"})
_PLACES = 5  # of a name that stands more than once, that are told
NAMES = frozenset({*DATES.values(), *(column for rules in TABLES.values() for column in rules)})
ARM = "arm"  # column of the patients table
FAR_WEEKS = 522  # ten years: what lies further from enrolment may be right, and is listed
READ_COLUMNS = ("number", "comparator", "lower", "upper", "detected", "log10", "kind")  # what the gate adds to labs
MINUTE = "minute_of_day"  # what the gate adds to labs where a time of day is known
OURS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "patients": (),
        "labs": ("patient", *READ_COLUMNS, MINUTE),
        **dict.fromkeys(("treatments", "outcomes", "adverse_events"), ("patient",)),
    }
)

_ROW_ID = re.compile(
    r"|unnamed_\d+|#|index|u?id|[ug]uid|key|pk|no|nr|num|序号|编号|行号|流水号|记录号|主键"
    r"|(row|line|record|rec|entry|result|item|seq|sequence|serial|export|db|labs?|test)_?(id|no|nr|num|number|key|index)"
    r"|row|line|seq|sequence|redcap_repeat_instance"
)


def no_labs() -> pd.DataFrame:
    """Return a labs table without a row, for a study that reads no results."""
    return pd.DataFrame({name: [] for name, rule in TABLES["labs"].items() if rule.required}, dtype=object)


def is_row_id(column: str) -> bool:
    """Tell whether a column that is none of the contract numbers the rows, by its name.

    Parameters
    ----------
    column : str

    Examples
    --------
    >>> [is_row_id(name) for name in ("Unnamed: 0", "record_id", "row no.", "lot_no", "patient_id")]
    [True, True, True, False, False]
    """
    bare = re.sub(r"[^\w#]+", "_", column.strip().casefold()).strip("_")
    return column not in NAMES and _ROW_ID.fullmatch(bare) is not None


_SAS_NAMES: Mapping[str, tuple[str, ...]] = MappingProxyType(  # CDISC's names for the columns that are needed
    {
        "patient_id": ("usubjid", "subjid"),
        "week": ("lbdtc", "lbdy", "visitnum", "ady"),
        "analyte": ("lbtestcd", "paramcd"),
        "value": ("lborres", "lbstresc", "aval"),
        "unit": ("lborresu", "lbstresu"),
        "agent": ("extrt", "cmdecod", "cmtrt"),
        "start_week": ("exstdtc", "cmstdtc"),
    }
)


def _plain(name: str) -> str:
    return re.sub(r"[^\w]+", "_", name.strip().casefold()).strip("_").replace("_", "")


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
    if NAMES.isdisjoint(column.casefold().replace(" ", "_") for column in columns):
        # What stands in the first row may be a patient: it is not shown.
        advice = "The first row must hold the names of the columns"
        return [Problem(name, 1, None, "none of the columns of this table", f"a header: {', '.join(rules)}", advice)]
    taken = [column for column in OURS[name] if column in columns]
    places: dict[str, list[int]] = {}
    for place, column in enumerate(columns, start=1):
        places.setdefault(column, []).append(place)
    return [
        *(_doubled(name, column, found) for column, found in places.items() if len(found) > 1),
        *(Problem(name, 1, column, "a name the library needs", "another name", "Rename it") for column in taken),
        *(
            Problem(name, None, column, "the column is missing", _wanted(column), _nearest(column, columns))
            for column, rule in rules.items()
            if rule.required
            and {column, DATES.get(column), *COUNTED.get(column, ()), *INSTEAD.get(column, ())}.isdisjoint(columns)
        ),
    ]


def _doubled(name: str, column: str, places: list[int]) -> Problem:
    """Say where a name stands twice; the name itself only if it is one of ours, for it may be a patient's."""
    more = f" and {len(places) - _PLACES:,} more" if len(places) > _PLACES else ""
    told = " and ".join(map(str, places[:_PLACES]))
    return Problem(
        name, 1, column if column in TABLES[name] else None, f"columns {told}{more} have one name", "one of them"
    )


def _wanted(column: str) -> str:
    """Say which columns may stand for one that is missing."""
    dates = [DATES[column]] if column in DATES else []
    instead = ", ".join(repr(other) for other in (*dates, *COUNTED.get(column, ()), *INSTEAD.get(column, ())))
    return f"a column {column!r}{f' (or {instead})' if instead else ''}"


def _nearest(column: str, columns: list[str]) -> str:
    """Say which column may be meant: of another case or separator, of the name that SAS tables use, or misspelled."""
    others = {_plain(other): other for other in reversed(columns) if other not in NAMES}
    wanted = {column, DATES.get(column, column), *COUNTED.get(column, ())}
    same = [others[name] for name in map(_plain, sorted(wanted)) if name in others]
    same += [others[name] for name in _SAS_NAMES.get(column, ()) if name in others]
    near = same or [others[name] for name in difflib.get_close_matches(_plain(column), others, n=1)]
    there = [other for other in dict.fromkeys(columns) if other in NAMES]
    rest = f", and {len(columns) - len(there)} more" if len(columns) > len(there) else ""
    return f"Did you mean the column {near[0]!r}?" if near else f"There are {', '.join(there)}{rest}"
