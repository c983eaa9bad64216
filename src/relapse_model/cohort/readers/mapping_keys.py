"""The keys of a mapping file: which there are, what each may hold, and which reader knows it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from relapse_model.cohort.readers.source_values import text_key
from relapse_model.study.keys import Check, NotAllowed, flag, number, one_of, several, text, time_zone, whole_number

SECTIONS = ("mapping", "source", "sources", "time", "patients", "labs", "treatments", "outcome", "missing")
KINDS = ("excel", "redcap", "cdisc", "fhir", "omop")

MAPPING: Mapping[str, Check] = {"protocol": whole_number(1), "kind": one_of(*KINDS), "study": text}


def texts(value: Any) -> tuple[str, ...]:
    """Accept a list of texts or whole numbers, none twice; it may be empty."""
    if not isinstance(value, list) or any(isinstance(one, bool) or not isinstance(one, str | int) for one in value):
        raise NotAllowed('a list of texts, such as ["-99", "UNK"]')
    found = tuple(str(one) for one in value)
    if len(set(found)) < len(found):
        raise NotAllowed("a list without repetition")
    return found


def conditions(value: Any) -> dict[str, tuple[str, ...]]:
    """Accept a table from columns to the value, or the values, that a row must have."""
    if not isinstance(value, dict) or not value:
        raise NotAllowed('a table of columns and values, such as { PARAMCD = "TTDE" }')
    return {text(column): texts(one if isinstance(one, list) else [one]) for column, one in value.items()}


def visits(value: Any) -> dict[str, float]:
    """Accept a table from the names of visits to weeks since enrolment."""
    if not isinstance(value, dict) or not value:
        raise NotAllowed("a table of visits and weeks, such as { W0 = 0, W4 = 4 }")
    return {text(visit): number(-5200, 5200)(_of_text(week)) for visit, week in value.items()}


def _of_text(value: Any) -> Any:
    """Return a number that was written between quotes, in place of the dots of a proposal."""
    return float(value) if isinstance(value, str) and re.fullmatch(r"\s*-?\d+(?:\.\d+)?\s*", value) else value


def text_or_texts(value: Any) -> tuple[str, ...]:
    """Accept a text, or a list of them."""
    return texts([value] if isinstance(value, str) else value)


def sql_name(value: Any) -> str:
    """Accept the name of a schema: letters, digits, underscores and points, which SQL cannot read otherwise."""
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.]*", value):
        raise NotAllowed("the name of a schema: letters, digits, underscores and points, such as 'cdm_54'")
    return value


FIELD: Mapping[str, Check] = {"field": text, "values": lambda value: meanings(value), "unit": text, "source": text}


def meanings(value: Any) -> dict[str, str]:
    """Accept a table from what is printed to what it means; an empty meaning is "not known".

    Texts that are compared as one (``A`` and ``a``, ``1`` and ``1.0``) must mean the same, for
    the last would count for all.
    """
    if not isinstance(value, dict) or not value:
        raise NotAllowed('a table of meanings, such as { "1" = "M", "2" = "F" }')
    if any(isinstance(one, bool) or not isinstance(one, str | int | float) for one in value.values()):
        raise NotAllowed("texts or numbers on the right side of each meaning")
    first: dict[str, str] = {}
    for printed, meaning in value.items():
        other = first.setdefault(text_key(printed), printed)
        if str(value[other]) != str(meaning):
            raise NotAllowed(f"one meaning for {other!r} and {printed!r}, which are compared as one text")
    return {printed: str(meaning) for printed, meaning in value.items()}


_ABSENT: Mapping[str, Check] = {"may_be_absent": flag}  # codes of an outcome in no row, a file of a source
_COMPETING: Mapping[str, Check] = {"source": text, "codes": texts, "when": conditions, "descendants": flag, **_ABSENT}


def competing(value: Any) -> dict[str, dict[str, Any]]:
    """Accept a table from the names of competing events to where their rows stand."""
    if not isinstance(value, dict) or not value:
        raise NotAllowed('tables of competing events, such as { death = { source = "death" } }')
    found: dict[str, dict[str, Any]] = {}
    for name, one in value.items():
        unknown = sorted(set(one) - set(_COMPETING)) if isinstance(one, dict) else ["no table"]
        if unknown:
            raise NotAllowed(f"of {name!r}: some of {', '.join(_COMPETING)} (not {', '.join(unknown)})")
        found[text(name)] = {key: _COMPETING[key](entry) for key, entry in one.items()}
    return found


MISSING: Mapping[str, Check] = {"codes": texts, "results": texts}
TIME: Mapping[str, Check] = {
    "zero": lambda value: value,
    "file": text,
    "dates": one_of("ymd", "dmy", "mdy"),
    "partial": one_of("refuse", "middle"),
    "visits": visits,
    "visit_window": number(0, 520),
}
CONSTANT_OR_FIELD = ("analyte", "agent", "unit", "assay", "lower_limit", "upper_limit")
"""Keys whose plain text holds for every row, while ``{ field = ... }`` says where it stands."""

LABS = ("analyte", "unit", "assay", "lower_limit", "upper_limit", "value", "date", "day", "week", "comparator")
TREATMENTS = ("agent", "start", "end", "start_day", "end_day", "start_week", "end_week", "dose", "unit")
OUTCOME = ("relapse", "event", "competing_event", "date", "day", "week")
OF_EVERY_ENTRY: Mapping[str, Check] = {
    "codes": texts,
    "when": conditions,
    "source": text,
}


@dataclass(frozen=True, slots=True)
class KindKeys:
    """What one reader knows besides the keys of every mapping.

    Attributes
    ----------
    of_source, of_named, of_time, of_field, of_entry, of_outcome : mapping of str to Check
        Keys of ``[source]``, ``[sources.NAME]``, ``[time]``, of a ``{ field = ... }``, of an entry, and of
        ``[outcome]`` alone.
    """

    of_source: Mapping[str, Check] = field(default_factory=dict)
    of_named: Mapping[str, Check] = field(default_factory=dict)
    of_time: Mapping[str, Check] = field(default_factory=dict)
    of_field: Mapping[str, Check] = field(default_factory=dict)
    of_entry: Mapping[str, Check] = field(default_factory=dict)
    of_outcome: Mapping[str, Check] = field(default_factory=dict)


_TEXT_FILE: Mapping[str, Check] = {
    "encoding": text,
    "delimiter": text,
    "decimal": one_of(".", ","),
}
_SHEET: Mapping[str, Check] = {
    **_TEXT_FILE,
    "file": text,
    "sheet": text,
    "header_row": whole_number(1),
    "header_rows": whole_number(1),
    "unknown_patients": one_of("refuse", "list"),
    "not_patients": texts,
    "id": text,
}
_BYTES: Mapping[str, Check] = {"max_bytes": whole_number(1)}
_UNLESS: Mapping[str, Check] = {"unless": conditions}  # rows that are left out, where 'when' names those that count
_EVENTS: Mapping[str, Check] = {"pick": one_of("first", "last"), "others": one_of("refuse", "leave out")}
"""Which of several events is time zero, and what becomes of patients without one."""

OF_KIND: Mapping[str, KindKeys] = {
    "excel": KindKeys(
        of_source={**_SHEET, **_BYTES},
        of_named={**_SHEET, **_ABSENT},
        of_entry={"form": one_of("courses"), "separator": text, "empty": one_of("refuse", "none")},
    ),
    "redcap": KindKeys(
        of_source={
            **_TEXT_FILE,
            **_BYTES,
            "dictionary": text,
            "events": text,
            "repeating": several(text),
            "only_complete": flag,
            "not_patients": texts,
        },
        of_field={"event": text_or_texts, "boxes": texts},
        of_entry={"events": text_or_texts},
    ),
    "cdisc": KindKeys(
        of_source={**_BYTES, "encoding": text, "zone": time_zone},
        of_named={"file": text},
        of_time={"study_days": one_of("refuse", "list")},
        of_field={"study_day": flag, "when": conditions},
        of_entry=_UNLESS,
        of_outcome=_ABSENT,
    ),
    "fhir": KindKeys(
        of_source={**_BYTES, "zone": time_zone, "offsets": one_of("refuse", "as written")},
        of_time={"resource": text, "codes": texts, **_EVENTS},
        of_field={"codes": texts},
        of_entry={"resource": text, **_UNLESS},
        of_outcome=_ABSENT,
    ),
    "omop": KindKeys(
        of_source={
            **_BYTES,
            "schema": sql_name,
            "cohort_schema": sql_name,
            "cohort_definition_id": whole_number(0),
            "chunk": whole_number(1),
            "zone": time_zone,
        },
        of_time={"cohort_definition_id": whole_number(0), "table": text, "codes": texts, **_EVENTS},
        of_field={"codes": texts},
        of_entry={"descendants": flag, "competing": lambda value: competing(value), **_UNLESS},
        of_outcome=_ABSENT,
    ),
}
