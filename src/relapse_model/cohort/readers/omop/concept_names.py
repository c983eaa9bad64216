"""What the vocabulary calls the concepts that a mapping gives a meaning to."""

from __future__ import annotations

from relapse_model.cohort.readers.omop.cdm import CONCEPTS
from relapse_model.cohort.readers.omop.tables import Query, Tables, rows_of
from relapse_model.cohort.readers.source_mapping import SourceMapping

_COLUMNS = ("concept_id", "concept_name")


def concept_names(tables: Tables, mapping: SourceMapping) -> dict[str, dict[str, str]]:
    """Return, by column of concepts, the names of those that the mapping gives a meaning to.

    They are those of the table CONCEPT, and of the two sexes where the source does not have it.

    Parameters
    ----------
    tables : Tables
    mapping : SourceMapping
    """
    entries = (*mapping.labs, *mapping.treatments, *([] if mapping.outcome is None else [mapping.outcome]))
    fields = [*mapping.patients.values(), *(one for entry in entries for one in entry.fields.values())]
    coded = [one for one in fields if one.name.lower().endswith("concept_id") and one.values]
    asked = tuple(dict.fromkeys(code for one in coded for code in one.values if code.isascii() and code.isdigit()))
    names = {code: CONCEPTS[code] for code in asked if code in CONCEPTS}
    if asked and set(_COLUMNS) <= set(tables.columns("concept")):
        rows = rows_of(tables, Query("concept", _COLUMNS, {"concept_id": asked}))
        names |= {code: name for code, name in rows.itertuples(index=False) if name}
    found: dict[str, dict[str, str]] = {}
    for one in coded:
        known = {code: names[code] for code in one.values if code in names}
        found[one.name] = found.get(one.name, {}) | known
    return found
