"""Numbers of text fields of which nobody says whether a point is a decimal sign or parts thousands."""

from __future__ import annotations

from collections.abc import Iterator

from relapse_model.cohort.readers.decimal_signs import (
    NO_THOUSANDS,
    NOT_BESIDE_COMMAS,
    has_comma,
    may_be_thousands,
    parts_thousands,
)
from relapse_model.cohort.readers.redcap.export import Export
from relapse_model.cohort.readers.source_mapping import SourceMapping
from relapse_model.errors import Problem

_NUMBERS = ("value", "dose", "lower_limit", "upper_limit", "day", "week")
_VALIDATED = ("number", "integer", "int", "float", "date")  # beginnings: REDCap lets nothing else in


def unsure_decimals(export: Export, mapping: SourceMapping) -> Iterator[Problem]:
    """Yield a problem for each number whose point may part thousands, since others of the export have decimal commas.

    Fields that the dictionary validates, and an export of which the mapping states ``decimal``, are sure.

    Parameters
    ----------
    export : Export
    mapping : SourceMapping
    """
    if "decimal" in mapping.source:
        return
    named = [one.name for entry in (*mapping.labs, *mapping.treatments) for key, one in entry.fields.items()
             if key in _NUMBERS and not one.values]  # fmt: skip
    named += [one.name for one in mapping.patients.values() if not one.values]
    texts = {name: [str(text) for text in export.columns[name].unique()] for name in dict.fromkeys(named)
             if name in export.columns and not validated(export, name)}  # fmt: skip
    commas = [name for name, own in texts.items() if any(map(has_comma, own))]
    for name, own in texts.items():
        wrong = {text for text, one in zip(own, may_be_thousands(own), strict=True) if one}
        told = NO_THOUSANDS
        if not wrong and commas:
            wrong = set(filter(parts_thousands, own))
            told = (NOT_BESIDE_COMMAS[0].format(commas[0]), NOT_BESIDE_COMMAS[1])
        if wrong:
            yield from export.table.problems(export.columns[name].isin(list(wrong)).to_numpy(), name, *told)


def validated(export: Export, name: str) -> bool:
    """Tell whether the dictionary lets nothing but one way of writing numbers into a field."""
    known = export.definition(name)
    return known is not None and (known.validation.startswith(_VALIDATED) or known.type in ("calc", "slider"))
