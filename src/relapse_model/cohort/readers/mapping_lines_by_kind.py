"""Lines of a mapping that work, for keys of CDISC, FHIR and OMOP that were mistyped or stand in another section."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from relapse_model.study.line_numbers import Place

_ENTRY = "an entry"
_CODES = {
    "cdisc": 'codes = ["HBSAG"]', "fhir": 'codes = ["http://loinc.org|5193-8"]', "omop": "codes = [3006923]",
}  # fmt: skip
_WHEN = {
    "cdisc": 'when = { LBSPEC = "SERUM" }', "fhir": 'when = { "category.coding.code" = "laboratory" }',
    "omop": 'when = { measurement_source_value = "5193-8" }',
}  # fmt: skip
_UNLESS = {
    "cdisc": 'unless = { CMSTDTC = "" }', "fhir": 'unless = { "method.text" = "ELISA" }',
    "omop": "unless = { measurement_id = [11, 12] }",
}  # fmt: skip
_EVENTS = {"pick": 'pick = "first"', "others": 'others = "leave out"'}
_SOURCE = {"zone": 'zone = "Asia/Shanghai"', "max_bytes": "max_bytes = 8589934592"}
_LINES: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "cdisc": {
        "[source]": _SOURCE | {"encoding": 'encoding = "gb18030"'},
        "[sources.NAME]": {"file": 'file = "lb_2024.xpt"'},
        "[time]": {"study_days": 'study_days = "list"', "zero": 'zero = { field = "RFSTDTC" }'},
        "a field": {"study_day": 'day = { field = "AVAL", study_day = true }'},
        _ENTRY: {"source": 'source = "LB"'},
    },
    "fhir": {
        "[source]": _SOURCE | {"offsets": 'offsets = "as written"'},
        "[time]": _EVENTS | {"resource": 'resource = "Encounter"', "codes": 'codes = ["http://snomed.info/sct|11429006"]'},
        _ENTRY: {"resource": 'resource = "MedicationRequest"'},
    },
    "omop": {
        "[source]": _SOURCE | {"schema": 'schema = "cdm"', "cohort_schema": 'cohort_schema = "results"',
                               "cohort_definition_id": "cohort_definition_id = 7", "chunk": "chunk = 100000"},
        "[time]": _EVENTS | {"cohort_definition_id": "cohort_definition_id = 7", "table": 'table = "drug_exposure"',
                             "codes": "codes = [2000000901]"},
        _ENTRY: {"descendants": "descendants = true", "source": 'source = "observation"',
                 "competing": 'competing = { death = { source = "death" } }'},
    },
}  # fmt: skip
_MEANT: Mapping[str, Mapping[str, str]] = {
    "cdisc": dict.fromkeys(("domain", "dataset", "data_set", "table"), "source")
    | dict.fromkeys(("code", "testcd", "paramcd"), "codes"),
    "fhir": dict.fromkeys(("type", "resource_type", "resourcetype", "source"), "resource")
    | dict.fromkeys(("code", "system", "coding"), "codes"),
    "omop": dict.fromkeys(("table", "domain"), "source")
    | dict.fromkeys(("code", "concept", "concepts", "concept_id", "concept_ids", "concept_set"), "codes")
    | dict.fromkeys(("include_descendants", "descendant"), "descendants"),
}
"""What keys of other tools are called in a mapping."""


def line_that_works(kind: str, path: Place, key: str) -> str:
    """Return a line with a key as it may be written; nothing where none is known.

    Parameters
    ----------
    kind : str
        The reader.
    path : tuple
        Where the key stands.
    key : str

    Examples
    --------
    >>> line_that_works("omop", ("labs", 0), "descendants"), line_that_works("cdisc", ("time",), "study_days")
    ('descendants = true', 'study_days = "list"')
    """
    return _lines(kind).get(_section(path), {}).get(key, "")


def advice_on_value(kind: str, path: Place, key: str) -> str:
    """Return what to write instead of a value that a key cannot have."""
    line = line_that_works(kind, path, key)
    return f"Write it so, for example: {line}" if line else ""


def advice_on_key(kind: str, path: Place, key: str) -> str:
    """Return what to write instead of a key that a section does not have; nothing where nothing is known.

    Parameters
    ----------
    kind, path, key
        As in `line_that_works`.

    Examples
    --------
    >>> advice_on_key("cdisc", ("time",), "zone")
    'It stands under [source]: zone = "Asia/Shanghai"'
    >>> advice_on_key("omop", ("labs", 0), "concepts")
    'It is called codes: codes = [3006923]'
    """
    lines, section = _lines(kind), _section(path)
    meant = _MEANT.get(kind, {}).get(key.lower(), "")
    if meant == "resource" and path[:1] == ("labs",):
        return "Results are of Observation: take the key out"
    if meant in lines.get(section, {}):
        return f"It is called {meant}: {lines[section][meant]}"
    for other, keys in lines.items():
        if key in keys and other != section:
            where = other if other.startswith("[") else f"in {other}"
            return f"It stands {'under ' if other.startswith('[') else ''}{where}: {keys[key]}"
    near = difflib.get_close_matches(key, lines.get(section, {}), n=1, cutoff=0.6)
    return f"Did you mean {near[0]!r}? Such as {lines[section][near[0]]}" if near else ""


def _lines(kind: str) -> dict[str, Mapping[str, str]]:
    own = dict(_LINES.get(kind, {}))
    if kind in _CODES:
        own[_ENTRY] = {**own[_ENTRY], "codes": _CODES[kind], "when": _WHEN[kind], "unless": _UNLESS[kind]}
        own["[outcome]"] = {**own[_ENTRY], "may_be_absent": "may_be_absent = true"}
    return own


def _section(path: Place) -> str:
    """Return what a place is a part of, as messages call it."""
    first = path[0] if path else ""
    if first in ("labs", "treatments"):
        return _ENTRY if len(path) <= 2 else "a field"
    if first == "outcome":
        return "[outcome]" if len(path) == 1 else "a field"
    if first == "sources":
        return "[sources.NAME]"
    return f"[{first}]" if len(path) == 1 else "a field"
