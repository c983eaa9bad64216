"""From a Common Data Model to a cohort."""

from __future__ import annotations

from pathlib import Path

from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.gate import Dash, OnProblems
from relapse_model.cohort.readers.idle_conditions import unmet_conditions
from relapse_model.cohort.readers.made_table import MadeTable
from relapse_model.cohort.readers.mapping_file import load_mapping
from relapse_model.cohort.readers.not_found import not_found, without_courses
from relapse_model.cohort.readers.omop.asked import asked_of
from relapse_model.cohort.readers.omop.births import births_of
from relapse_model.cohort.readers.omop.concept_names import concept_names
from relapse_model.cohort.readers.omop.courses import read_courses, told_of_courses
from relapse_model.cohort.readers.omop.deaths import read_deaths
from relapse_model.cohort.readers.omop.events import made_of, read_labs, reading_of
from relapse_model.cohort.readers.omop.found_events import Events
from relapse_model.cohort.readers.omop.found_persons import NOBODY
from relapse_model.cohort.readers.omop.observed import after_observation
from relapse_model.cohort.readers.omop.outcome import deaths_as_losses, read_outcome
from relapse_model.cohort.readers.omop.persons import patients_table, read_persons
from relapse_model.cohort.readers.omop.source import is_address, open_tables
from relapse_model.cohort.readers.omop.tables import Tables
from relapse_model.cohort.readers.omop.unread import unread_tables
from relapse_model.cohort.readers.omop.visits_of_others import read_visits
from relapse_model.cohort.readers.omop.vocabulary import codes_of
from relapse_model.cohort.readers.source_mapping import Entry, SourceMapping
from relapse_model.cohort.readers.to_cohort import cohort_of, study_of
from relapse_model.cohort.reading_report import NotMapped, ReadingReport, SourceReading
from relapse_model.errors import Problem, SourceError
from relapse_model.study.study import Study


def read_omop(
    source: str | Path,
    mapping: SourceMapping | str | Path,
    *,
    study: Study | None = None,
    on_problems: OnProblems = "raise",
    dash: Dash | None = None,
) -> Cohort:
    """Read an OMOP Common Data Model (5.4): what the mapping names by concept, in chunks, and nothing is written to it.

    A number stands with the comparator of its operator; where the text of the source has another one, the row is
    refused. Normal ranges (``range_low``, ``range_high``) are never taken for limits of an assay. What is not used is
    counted in `Cohort.reading`.

    Parameters
    ----------
    source : str or Path
        A folder of CSV or Parquet, a DuckDB file, or the SQLAlchemy URL of a database. No message shows a URL.
    mapping : SourceMapping, str or Path
        A mapping of the kind ``"omop"``. Files that it names are relative to the folder of the source; to that of the
        mapping, if the source is a database.
    study : Study, optional
        Default: the one that the mapping names.
    on_problems, dash
        As in `make_cohort`.

    Returns
    -------
    Cohort

    Raises
    ------
    MappingError, SourceError, CohortError
        With every problem, placed in the table and row where it stands.

    Examples
    --------
    >>> read_omop("postgresql+psycopg://reader@host/warehouse", "mapping.toml")  # doctest: +SKIP
    Cohort(132 patients, 4,180 labs, 395 treatments)
    """
    known = mapping if isinstance(mapping, SourceMapping) else load_mapping(mapping, "omop")
    beside = Path(".") if isinstance(mapping, SourceMapping) else Path(mapping).parent
    study = study_of(known, study, beside)
    tables = open_tables(source, known.source)
    folder = beside if is_address(source) else Path(source) if Path(source).is_dir() else Path(source).parent
    try:
        made, report, problems, births = _read(tables, known, study, folder)
        choices = concept_names(tables, known)
    finally:
        tables.close()
    return cohort_of(
        made, report, problems, study=study, mapping=known, choices=choices, births=births, on_problems=on_problems,
        dash=dash,
    )  # fmt: skip


def _read(
    tables: Tables, mapping: SourceMapping, study: Study | None, folder: Path
) -> tuple[dict[str, MadeTable], ReadingReport, list[Problem], MadeTable | None]:
    asked = asked_of(mapping, tables, study)
    persons = read_persons(tables, mapping, asked, folder)
    if persons.table.empty:
        raise SourceError("the OMOP source was refused", [
            Problem("person", None, None, "no rows", "one row per person", "Or no person is in the cohort asked for")
        ])  # fmt: skip
    read_deaths(tables, mapping, asked, persons)
    persons.visits = read_visits(tables)
    made = {"patients": patients_table(tables, mapping, asked, persons)}
    readings, others, problems = list[SourceReading](), list[NotMapped](), list[Problem]()
    beside, entries = list[str](), list[tuple[Entry, int, int]]()
    for section, wanted, read in (("labs", asked.labs, read_labs), ("treatments", asked.treatments, read_courses)):
        found = {
            table: read(tables, table, mapping, asked, persons) for table in dict.fromkeys(one.table for one in wanted)
        }
        for table, events in found.items():
            own = tuple(one for one in wanted if one.table == table)
            reading, not_mapped = reading_of(tables, table, own, events, asked.cohort)
            readings.append(reading)
            others += not_mapped
            problems += events.problems
            entries += events.entries(own)
            beside += _told(tables, table, events)
        if found:
            made[section] = made_of(found, section)
    beside += after_observation(tables, asked, persons, made.get("labs"))
    notes = [*beside, *_unmet(mapping, entries), *not_found(asked.names(), made), *without_courses(made)]
    if asked.outcome:
        made["outcomes"], more = read_outcome(tables, asked, persons, mapping)
        readings += more
        notes += deaths_as_losses(asked, persons, made["outcomes"])
    report = ReadingReport(
        "omop", (*persons.readings, *readings), not_mapped=tuple(others), never_read=_never_read(tables, mapping),
        notes=tuple(notes), not_read=unread_tables(tables, mapping, asked),
    )  # fmt: skip
    births = births_of(persons)  # first, since it adds what is wrong with them
    return made, report, [*persons.problems, *problems], births


def _told(tables: Tables, table: str, events: Events) -> list[str]:
    """Return the notes on the rows of one table."""
    return [
        *_beside(table, events),
        *_strangers(table, events),
        *_zoned(table, events),
        *told_of_courses(events),
        *_codes(tables, events),
    ]


def _beside(table: str, events: Events) -> list[str]:
    return [
        f"{table}: {count:,} numbers of {name} stand beside the concept {concept}, of which the mapping gives no "
        "meaning: the number counts; if the concept says otherwise, give its meaning under value.values of the entry"
        for (name, concept), count in sorted(events.beside.items())
    ]


def _unmet(mapping: SourceMapping, entries: list[tuple[Entry, int, int]]) -> list[str]:
    """Refuse analytes of which nothing is as ``when`` asks; return notes on the rest."""
    unread, notes = unmet_conditions(mapping, entries)
    if unread:
        raise SourceError("the OMOP source was refused", unread)
    return notes


def _codes(tables: Tables, events: Events) -> list[str]:
    """Return notes on LOINC codes that the study does not state for the analyte as which they are read."""
    loinc = events.loinc
    known = codes_of(tables, (concept for name, concept in events.concepts if loinc.states(name)))
    for (name, concept), count in events.concepts.items():
        if concept in known and loinc.states(name) and not loinc.seen(name, known[concept]):
            loinc.see(name, (known[concept],), (count,))
    return list(loinc.sentences())


def _zoned(table: str, events: Events) -> list[str]:
    """Tell of times that are not used: a day of another zone may be another day."""
    told = f"{table}: {events.zoned:,} times have an offset, and are not used, since the hospital's zone is not known: "
    return [f'{told}the days beside them count; state zone = "..." under [source]'] if events.zoned else []


def _strangers(table: str, events: Events) -> list[str]:
    count = events.left[NOBODY]
    persons = f"{len(events.strangers):,} persons whom the table PERSON does not have"
    return (
        [f"{table}: {count:,} rows are of {persons}, and are not used; see whether that table is whole"]
        if count
        else []
    )


def _never_read(tables: Tables, mapping: SourceMapping) -> tuple[str, ...]:
    name = "person_source_value"
    there = name in tables.columns("person") and mapping.patient_id.name.lower() != name
    return (f"person.{name}",) if there else ()
