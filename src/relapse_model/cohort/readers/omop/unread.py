"""Tables of an OMOP source of which nothing is read: they are named, since notes and arms may stand there."""

from __future__ import annotations

from relapse_model.cohort.readers.omop.tables import Query, Tables
from relapse_model.cohort.readers.omop.wanted import Asked
from relapse_model.cohort.readers.source_mapping import SourceMapping

_OF_PERSONS = (
    "measurement", "observation", "note", "note_nlp", "drug_exposure", "condition_occurrence", "procedure_occurrence",
    "visit_occurrence", "visit_detail", "device_exposure", "specimen", "episode", "dose_era", "drug_era",
    "condition_era",
)  # fmt: skip


def unread_tables(tables: Tables, mapping: SourceMapping, asked: Asked) -> tuple[str, ...]:
    """Return the tables of persons that are not empty, and that nothing of the mapping names.

    Parameters
    ----------
    tables : Tables
    mapping : SourceMapping
    asked : Asked
    """
    every = (*asked.labs, *asked.treatments, *asked.outcome, *([asked.events] if asked.events else []))
    fields = [*mapping.patients.values(), *([mapping.time.zero] if mapping.time.zero else [])]
    read = {one.table for one in every} | {one.source.lower() for one in fields if one.source}
    return tuple(f"table {name}" for name in _OF_PERSONS if name not in read and _is_filled(tables, name))


def _is_filled(tables: Tables, name: str) -> bool:
    columns = tables.columns(name)
    return bool(columns) and next(tables.chunks(Query(name, columns[:1])), None) is not None
