"""What to do about a result that is not possible in its unit: what a mapping can say where each row has a unit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from relapse_model.cohort.laboratory.lab_text import read_lab_text
from relapse_model.cohort.readers.entry_rows import leaving_out
from relapse_model.cohort.readers.source_mapping import SourceMapping
from relapse_model.errors import Problem

_STATE = re.compile(r'Then state the unit that it is in, such as unit = ("[^"]+")\.')
_ALL_ROWS = "; if all of them are wrong, correct the source, or take its entry out of the mapping"


def advice_on_unit(problem: Problem, row: Mapping[str, object], kind: str, mapping: SourceMapping | None) -> Problem:
    """Return a problem in its place whose advice leads on: a unit stated in the mapping gives way to that of a row.

    Parameters
    ----------
    problem : Problem
        In its place in the source.
    row : mapping of str to object
        The result as the reader made it: ``analyte``, ``value`` and ``unit``.
    kind : str
        The reader.
    mapping : SourceMapping or None

    Examples
    --------
    >>> asked = 'Is it in g/L? Then state the unit that it is in, such as unit = "g/L". If it is right, ...'
    >>> found = Problem("LB", 1, "LBORRES", "'69.3 g/dL'", "total_protein from 10 to 250 g/L", asked)
    >>> row = {"analyte": "total_protein", "value": "69.3", "unit": "g/dL"}
    >>> print(advice_on_unit(found, row, "cdisc", None).advice)  # doctest: +ELLIPSIS
    Is it in g/L? Then correct its unit in the source; or leave such rows out: unless = { LBORRES = "69.3" } in ...
    """
    if _STATE.search(problem.advice) is None or mapping_states(mapping, row):
        return problem
    way = _leaving_out(problem, str(row.get("value", "")).strip(), kind)
    said = f"Then correct its unit in the source{f'; or {way}' if way else ', or in a copy of it'}{_ALL_ROWS}."
    return replace(problem, advice=_STATE.sub(lambda _: said, problem.advice))


def mapping_states(mapping: SourceMapping | None, row: Mapping[str, object]) -> bool:
    """Tell whether the unit of a result is that which the mapping states, so that another may be stated."""
    if mapping is None or mapping.kind not in ("excel", "redcap"):
        return False  # in the others, units stand in the rows, and one that the mapping states is for those without
    unit, analyte = str(row.get("unit", "")), row.get("analyte")
    if read_lab_text(str(row.get("value", ""))).unit:
        return False
    return any(
        unit == entry.constants.get("unit") and entry.constants.get("analyte", analyte) == analyte
        for entry in mapping.labs
    )


def _leaving_out(problem: Problem, value: str, kind: str) -> str:
    if '"' in value or "\\" in value:
        return ""
    if kind == "omop" and problem.counted.endswith("_id") and problem.row is not None:
        return leaving_out(problem.counted, str(problem.row)).replace(f'"{problem.row}"', str(problem.row))
    if kind == "cdisc" and re.fullmatch(r"\w+", problem.column or ""):
        return leaving_out(problem.column or "", value)
    if kind == "fhir" and problem.column == "valueQuantity":
        return leaving_out("valueQuantity.value", value.lstrip("<>="))
    return ""
