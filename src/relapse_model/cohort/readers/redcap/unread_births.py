"""Fields of births that the mapping does not name: ages are held against them."""

from __future__ import annotations

from relapse_model.cohort.readers.ages_and_births import ages_beside_births
from relapse_model.cohort.readers.births_named import births_of, is_birth
from relapse_model.cohort.readers.field_texts import read_field
from relapse_model.cohort.readers.made_table import MadeTable
from relapse_model.cohort.readers.redcap.export import Export
from relapse_model.cohort.readers.redcap.not_counted import called_as
from relapse_model.cohort.readers.source_mapping import Field, SourceMapping
from relapse_model.cohort.readers.source_table import SourceTable
from relapse_model.errors import Problem


def other_ages(export: Export, patients: MadeTable, table: SourceTable, mapping: SourceMapping) -> list[Problem]:
    """Return a problem for each age that is not the one by a field of births that is not read.

    Parameters
    ----------
    export : Export
    patients, table
        As made, and as it stands in the source, under the patients' identifiers.
    mapping : SourceMapping
    """
    births = _unread_births(export, table, mapping)
    return [] if births is None else list(ages_beside_births(patients, births))


def _unread_births(export: Export, table: SourceTable, mapping: SourceMapping) -> MadeTable | None:
    """Return the births of the first field that is called so and tells any; None where a birth is read for patients."""
    named = {one.name for one in mapping.patients.values()}
    if any(is_birth([what, *called_as(export, one.name)]) for what, one in mapping.patients.items()):
        return None
    for name in export.columns:
        if name in named or not is_birth(called_as(export, name)):
            continue
        texts = export.columns[name]
        read = read_field(texts, Field(name), mapping, date=True)
        found = births_of(name, texts, read.values.mask(read.bad, ""), table.keys, table.number, table.name)
        if found is not None:
            return found
    return None
