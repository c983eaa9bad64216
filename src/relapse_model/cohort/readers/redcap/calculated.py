"""Calculated fields whose formula takes a logarithm: their numbers are none of the unit that goes with the result."""

from __future__ import annotations

import re
from collections.abc import Iterator

from relapse_model.cohort.readers.entry_rows import in_mapping, place_of
from relapse_model.cohort.readers.proposed_text import quoted
from relapse_model.cohort.readers.redcap.export import Export
from relapse_model.cohort.readers.source_mapping import Field, SourceMapping
from relapse_model.errors import Problem
from relapse_model.study.line_numbers import Place
from relapse_model.study.unit_spelling import is_log10, unit_key

_LOGARITHM = re.compile(r"(?<![a-z0-9_\[])(?P<name>log10|lg|log|ln)\s*\(", re.IGNORECASE)
_FIELDS = re.compile(r"\[[^\[\]]*\]")
DECIMAL, NATURAL = "a logarithm to the base 10", "a natural logarithm"


def logarithm_in(formula: str) -> str:
    """Return which logarithm a formula takes; nothing where it takes none.

    REDCap's ``log`` takes the base as its second argument, and is the natural one without it.

    Examples
    --------
    >>> logarithm_in("round(log([hbsag], 10), 2)"), logarithm_in("log([alt])"), logarithm_in("[log_date] + 1")
    ('a logarithm to the base 10', 'a natural logarithm', '')
    """
    plain = _FIELDS.sub("x", formula)
    found = _LOGARITHM.search(plain)
    if found is None:
        return ""
    if found["name"].casefold() in ("log10", "lg"):
        return DECIMAL
    return DECIMAL if re.search(r",\s*10\s*$", _inside(plain[found.end() :])) else NATURAL


def _inside(text: str) -> str:
    """Return what stands before the bracket that closes."""
    depth = 1
    for place, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if not depth:
            return text[:place]
    return text


def unsaid_logarithms(export: Export, mapping: SourceMapping) -> Iterator[Problem]:
    """Yield a problem for each result that is a logarithm by its formula, and not by the unit that the mapping states.

    Parameters
    ----------
    export : Export
    mapping : SourceMapping
    """
    fields: list[tuple[Place, Field, str]] = [
        ((*place_of(entry), "value"), value, entry.constants.get("unit", "") or value.unit)
        for entry in mapping.labs
        if (value := entry.fields.get("value")) is not None and "unit" not in entry.fields
    ]
    fields += [(("patients", column), one, one.unit) for column, one in mapping.patients.items()]
    for place, one, unit in fields:
        known = export.definition(one.name)
        taken = "" if known is None else logarithm_in(known.formula)
        if not taken or (taken == DECIMAL and is_log10(unit_key(unit))):
            continue
        found = f"{one.name!r}, by its formula {taken}"
        expected = "one to the base 10, with such a unit" if taken == NATURAL else "a unit that says so"
        advice = "Read the field from which it is calculated"
        if taken == DECIMAL:
            stated = quoted(f"log10 {unit or 'IU/mL'}")
            advice += f", or state unit = {stated}"
        yield in_mapping(mapping, place, found, expected, advice)
