"""From bundles and bulk data of a FHIR server to a cohort."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.gate import Dash, OnProblems
from relapse_model.cohort.readers.entry_rows import in_mapping
from relapse_model.cohort.readers.fhir.cells import Cells
from relapse_model.cohort.readers.fhir.cohort_tables import Kept, made_table, readings, rows_of
from relapse_model.cohort.readers.fhir.collect import ALWAYS_ASKED, Collector
from relapse_model.cohort.readers.fhir.elements import EXPORT_AGAIN, NotFhirError, texts_at
from relapse_model.cohort.readers.fhir.files import MAX_BYTES, Source
from relapse_model.cohort.readers.fhir.lives import lives_of
from relapse_model.cohort.readers.fhir.patient_columns import patient_columns
from relapse_model.cohort.readers.fhir.time_zero import Index, index_of
from relapse_model.cohort.readers.fhir.times import greenwich_beside, on_another_day
from relapse_model.cohort.readers.fhir.wanted import asked_of
from relapse_model.cohort.readers.idle_conditions import unmet_conditions
from relapse_model.cohort.readers.made_table import MadeTable
from relapse_model.cohort.readers.mapping_file import load_mapping
from relapse_model.cohort.readers.not_found import NONE, not_found
from relapse_model.cohort.readers.source_mapping import Entry, SourceMapping
from relapse_model.cohort.readers.to_cohort import cohort_of, study_of
from relapse_model.cohort.reading_report import NotMapped, ReadingReport
from relapse_model.cohort.tables.identifiers import identifier_key
from relapse_model.errors import Problem, SourceError
from relapse_model.study.study import Study


def read_fhir(
    source: str | Path,
    mapping: SourceMapping | str | Path,
    *,
    study: Study | None = None,
    on_problems: OnProblems = "raise",
    dash: Dash | None = None,
) -> Cohort:
    """Read FHIR R4 bundles or bulk data: what the mapping names by system and code, and nothing else.

    Resources are read one bundle, or one line, at a time. Results count with the status final, amended or corrected.
    The day of a time is that of its offset as written, or of the hospital's zone where the mapping or the study states
    it. What is not used is counted in `Cohort.reading`.

    Parameters
    ----------
    source : str or Path
        A bundle (.json), a bulk file (.ndjson), or a folder of them.
    mapping : SourceMapping, str or Path
        A mapping of the kind ``"fhir"``. Files that it names are relative to the folder of the source.
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
        With every problem, placed in the file and entry where it stands.

    Examples
    --------
    >>> read_fhir("bulk_export/", "mapping.toml")  # doctest: +SKIP
    Cohort(132 patients, 4,180 labs, 395 treatments)
    """
    known = mapping if isinstance(mapping, SourceMapping) else load_mapping(mapping, "fhir")
    beside = Path(".") if isinstance(mapping, SourceMapping) else Path(mapping).parent
    files = Source(Path(source), known.source.get("max_bytes", MAX_BYTES))
    return read_resources(files, known, study=study_of(known, study, beside), on_problems=on_problems, dash=dash)


def read_resources(
    files: Source,
    known: SourceMapping,
    *,
    study: Study | None,
    on_problems: OnProblems = "raise",
    dash: Dash | None = None,
) -> Cohort:
    """Read resources, wherever they are, as `read_fhir` reads those of files.

    Parameters
    ----------
    files : Source
    known : SourceMapping
        Of the kind ``"fhir"``.
    study, on_problems, dash
        As in `read_fhir`.
    """
    path = files.path
    asked = asked_of(known, study)
    zone = known.source.get("zone") or (None if study is None else study.time.zone) or ""
    collector = Collector(asked, zone, known.time.partial, known.missing)  # type: ignore[arg-type]
    files.ask(frozenset({*asked.by_type, *ALWAYS_ASKED}))
    collector.take_all(files.resources())
    if files.problems:
        raise SourceError("the FHIR export was refused", files.problems)
    if not collector.patients.found:
        problem = Problem(path.name, None, None, "no Patient resource", "one of each patient", "Export Patient too")
        raise SourceError("the FHIR export was refused", [problem])
    _refuse_greenwich(collector.cells, known, zone)
    unmet_notes = _refuse_absent(collector, known)
    folder = path if path.is_dir() else path.parent
    try:
        ids = _identifiers(collector)
        index = index_of(collector, rows_of(collector, "time"), ids, known.time, folder)
        made, kept, problems = _tables(collector, known, ids, index)
    except NotFhirError as wrong:
        problem = Problem("Patient", None, wrong.element, wrong.found, wrong.expected, EXPORT_AGAIN)
        raise SourceError("the FHIR export was refused", [problem]) from None
    lives = lives_of(collector, kept)
    notes = *lives.notes, *unmet_notes, *_notes(collector, files, made, zone)
    report = ReadingReport(
        "fhir", tuple(readings(collector, kept, index)), not_mapped=_not_mapped(collector),
        never_read=tuple(sorted(f"Patient.{name}" for name in collector.personal)), notes=notes,
    )  # fmt: skip
    problems = [*index.problems, *problems, *_refusals(collector, ids, kept), *lives.problems]
    return cohort_of(
        made, report, problems, study=study, mapping=known, deaths=lives.deaths, births=lives.births,
        on_problems=on_problems, dash=dash,
    )  # fmt: skip


def _refuse_greenwich(cells: Cells, mapping: SourceMapping, zone: str) -> None:
    """Refuse times in UTC of which the day is another one by the offset that other times of the export have."""
    count, offset = greenwich_beside(cells.clocks)
    if not count or zone or mapping.source.get("offsets") == "as written":
        return
    found = f"times in UTC beside others of {offset}, of which {count:,} would be of another day there"
    advice = (
        'State zone = "..." under [source], such as "Asia/Shanghai"; if each was written where it was measured, '
        'offsets = "as written"'
    )
    problem = in_mapping(mapping, ("source",), found, "the zone of the hospital", advice)
    raise SourceError("the FHIR export was refused", [problem])


def _refuse_absent(collector: Collector, mapping: SourceMapping) -> list[str]:
    """Refuse what no resource has, and would make nobody ill or leave nothing read; return notes on the rest."""
    unread, notes = unmet_conditions(mapping, list(_conditions(collector)))
    absent = [*_absent(collector, mapping), *unread]
    if absent:
        raise SourceError("the FHIR export was refused", absent)
    return notes


def _conditions(collector: Collector) -> Iterator[tuple[Entry, int, int]]:
    """Yield each entry with the results of its codes, and those that are as its ``when`` asks."""
    counts = {section: Counter(row[6] for row in rows) for section, rows in collector.rows.items()}
    for one in collector.asked.entries():
        if one.entry is None:
            continue
        if one.when:
            met = collector.cells.conditions[one]
            yield one.entry, met.total(), met[True]
        else:
            read = counts.get(one.section, Counter())[one.name]
            yield one.entry, read, read


def _absent(collector: Collector, mapping: SourceMapping) -> Iterable[Problem]:
    """Yield the codes of an outcome that no resource has: mistyped, it would be nobody's."""
    entry = mapping.outcome
    if entry is None or entry.options.get("may_be_absent"):
        return
    for code in entry.codes:
        if code not in collector.met:
            found = f"{code}, which no Observation has"
            yield in_mapping(mapping, ("outcome", "codes"), found, "codes that occur", NONE)
    whole = not collector.rows["outcome"] and not collector.refused
    if entry.when and whole and collector.met:
        found = "no Observation that is as 'when' asks"
        yield in_mapping(mapping, ("outcome", "when"), found, "Observations of the outcome", NONE)


def _identifiers(collector: Collector) -> NDArray[np.object_]:
    """Return the identifier of each patient; empty, which the gate refuses, where there is not one."""
    found = [texts_at(one.resource, collector.asked.patient_id) for one in collector.patients.found]
    return np.array([texts[0] if len(texts) == 1 else "" for texts in found], dtype=object)


def _tables(
    collector: Collector, mapping: SourceMapping, ids: NDArray[np.object_], index: Index
) -> tuple[dict[str, MadeTable], Kept, list[Problem]]:
    """Return the tables that there are, which patients they are of, and what was wrong with the patients' columns."""
    when = collector.asked.patients_when
    chosen = np.array(
        [
            all(set(texts_at(one.resource, path)) & set(texts) for path, texts in when)
            for one in collector.patients.found
        ],
        dtype=bool,
    )
    kept = Kept(ids, chosen & ~index.left_out, index.dates != "")
    patients, problems = patient_columns(collector, mapping, kept, index)
    made = {"patients": patients}
    rows = {section: rows_of(collector, section) for section in ("labs", "treatments", "outcome")}
    made["labs"] = made_table(rows["labs"], "labs", kept)
    if (rows["treatments"]["position"] >= 0).any():
        made["treatments"] = made_table(rows["treatments"], "treatments", kept)
    if mapping.outcome is not None:
        made["outcomes"] = made_table(rows["outcome"], "outcome", kept)
    return made, kept, problems


def _refusals(collector: Collector, ids: NDArray[np.object_], kept: Kept) -> Iterable[Problem]:
    """Yield what cannot be read of patients of the cohort, and of nobody who is known."""
    for one in collector.refused:
        position = collector.patients.position(one.subject)
        if (position is None and one.subject) or (position is not None and not kept.cohort[position]):
            continue  # counted in the report: about nobody of the cohort
        patient = None if position is None else identifier_key(ids[position])
        why = one.why
        yield Problem(
            one.found.file, one.found.number, f"{one.kind}.{why.element}", why.found, why.expected, why.advice, patient,
            counted="entry",
        )  # fmt: skip


def _not_mapped(collector: Collector) -> tuple[NotMapped, ...]:
    codes = [
        NotMapped(kind, code, label, count)
        for (kind, code, label), count in sorted(collector.unmapped.items(), key=lambda one: (-one[1], one[0]))
    ]
    return (*codes, *(NotMapped("resources", kind, "", count) for kind, count in sorted(collector.others.items())))


def _days(cells: Cells, zone: str) -> Iterable[str]:
    """Yield notes on times of which the day depends on a zone that nobody stated."""
    if cells.greenwich and not zone:
        yield (
            f"{cells.greenwich:,} times are in UTC, and count as days of Greenwich: if the hospital is elsewhere, "
            'state zone = "..." under [source]'
        )
    clocks = {one: count for one, count in cells.clocks.items() if one[0]}
    offsets = sorted({offset for offset, _ in clocks})
    other = on_another_day(clocks) if len(offsets) > 1 else 0
    if other:
        yield (
            f"times have {len(offsets)} offsets ({', '.join(offsets[:5])}), and count by the day of each as written: "
            f"{other:,} would be of another day by another of them; if the hospital has one zone, state "
            'zone = "..." under [source]'
        )


def _notes(collector: Collector, files: Source, made: dict[str, MadeTable], zone: str) -> Iterable[str]:
    if len(files.files) > 1:
        yield (
            f"{len(files.files):,} files were read in the order of their names; 'file 7' is the seventh of them, for a "
            "name may be that of a patient, and is shown only if it is that of a type of resource"
        )
    yield from _days(collector.cells, zone)
    if collector.cells.long_periods:
        yield f"{collector.cells.long_periods:,} results are of a period: the day of its end counts"
    yield from collector.told.sentences()
    yield from collector.taken_back.sentences()
    if files.pages:
        yield f"{files.pages:,} bundles are pages of a search with a next page: see that all pages are there"
    if files.without_resource:
        yield f"{files.without_resource:,} entries of bundles have no resource"
    if files.other_files:
        yield f"{files.other_files:,} files end neither in .json nor in .ndjson, and were not read"
    if files.manifests:
        yield f"{files.manifests:,} files are manifests of a bulk export"
    labs = made["labs"].rows
    again = int(labs.duplicated(["patient_id", "analyte", "date"]).sum())
    if again:
        yield f"{again:,} results have patient, analyte and time of another one; exact repetitions count once"
    asked = collector.asked.names()
    yield from not_found(asked, made)
    if asked["treatments"] and "treatments" not in made:
        yield "since no course was found at all, nothing is taken as known of treatment"
