"""From the data sets of a trial in CDISC's form to a cohort."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.gate import Dash, OnProblems
from relapse_model.cohort.readers.after_death import after_death, last_days
from relapse_model.cohort.readers.ages_and_births import ages_beside_births
from relapse_model.cohort.readers.before_birth import before_birth
from relapse_model.cohort.readers.cdisc.data_set import REFUSED, Columns, DataSet, code_key
from relapse_model.cohort.readers.cdisc.library import Library, open_library
from relapse_model.cohort.readers.cdisc.lives import Lives, lives_of, reference_days, with_dates
from relapse_model.cohort.readers.cdisc.people import COUNTED, Subjects, never_read, patients_problems, subjects_of
from relapse_model.cohort.readers.cdisc.rows import OTHER_CODE, TakenRows, taken_rows
from relapse_model.cohort.readers.cdisc.said_beside import loinc_beside, said_beside
from relapse_model.cohort.readers.cdisc.second_statements import texts_alone
from relapse_model.cohort.readers.cdisc.sequence import numbered_twice
from relapse_model.cohort.readers.cdisc.signs_said import signs_problems
from relapse_model.cohort.readers.cdisc.standard import standard_of
from relapse_model.cohort.readers.cdisc.visits import weeks_of_visits
from relapse_model.cohort.readers.cdisc.wanted import Wishes, code_of
from relapse_model.cohort.readers.entry_rows import TIMES, in_mapping, made_of, place_of
from relapse_model.cohort.readers.idle_conditions import unmet_conditions
from relapse_model.cohort.readers.made_table import MadeTable
from relapse_model.cohort.readers.mapping_file import load_mapping
from relapse_model.cohort.readers.not_found import not_found, without_courses
from relapse_model.cohort.readers.outcome_events import unknown_where_competing
from relapse_model.cohort.readers.second_names import SecondNames
from relapse_model.cohort.readers.source_dates import local_dates
from relapse_model.cohort.readers.source_mapping import SourceMapping
from relapse_model.cohort.readers.source_table import Fates
from relapse_model.cohort.readers.to_cohort import cohort_of, study_of
from relapse_model.cohort.reading_report import NotMapped, ReadingReport
from relapse_model.errors import Problem, SourceError
from relapse_model.study.study import Study

_MADE = {"labs": "labs", "treatments": "treatments", "outcome": "outcomes"}
_NO_LABS = ("patient_id", "week", "analyte", "value", "unit")
_VISITS = ("AVISIT", "VISIT", "VISITNUM", "AVISITN")
_DATES = ("date", "start", "end")
_TIMES = ("enrolment_date", "date", "start_date", "end_date")


def read_cdisc(
    source: str | Path,
    mapping: SourceMapping | str | Path,
    *,
    study: Study | None = None,
    on_problems: OnProblems = "raise",
    dash: Dash | None = None,
) -> Cohort:
    """Read CDISC data sets: SDTM or ADaM, as transport files (XPT) or Dataset-JSON.

    Where the mapping is silent, variables mean what the standard says: a result is LBORRES with its unit, else
    LBSTRESC; study days have no day 0; CNSR = 0 is an event. Screen failures are no patients. What is not used is
    counted in `Cohort.reading`.

    Parameters
    ----------
    source : str or Path
        A folder of data sets, or one.
    mapping : SourceMapping, str or Path
        A mapping of the kind ``"cdisc"``. Files that it names are relative to the folder of the source.
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
        With every problem, placed in the data set and observation where it stands.

    Examples
    --------
    >>> read_cdisc("sdtm/", "mapping.toml")  # doctest: +SKIP
    Cohort(132 patients, 4,180 labs, 395 treatments)
    """
    known = mapping if isinstance(mapping, SourceMapping) else load_mapping(mapping, "cdisc")
    study = study_of(known, study, Path(".") if isinstance(mapping, SourceMapping) else Path(mapping).parent)
    path = Path(source)
    library = open_library(path, known.source)
    wishes = Wishes(library, known, study)
    dated = any(key in _DATES for one in wishes.all for key in one.entry.fields)
    _refuse([*wishes.problems, *patients_problems(library, known), *_times(known, wishes, dated=dated)])
    subjects = subjects_of(library, known, path if path.is_dir() else path.parent, dated=dated)
    fates = {one.data.name: Fates(one.data.rows) for one in wishes.all}
    twice = {one.name: numbered_twice(one) for one in {wanted.data for wanted in wishes.all}}
    taken = [taken_rows(one, subjects, known, fates[one.data.name], twice[one.data.name]) for one in wishes.all]
    unread, unmet_notes = unmet_conditions(known, [(one.wanted.entry, one.came, one.met) for one in taken])
    _refuse([*(problem for one in taken for problem in one.problems), *unread])
    lives = lives_of(library, subjects, read=known.outcome is not None)
    beside, beside_notes = said_beside(library, taken)
    made, notes = _made(subjects, taken, wishes)
    made = _in_zone(made, known.source.get("zone", ""))
    report = ReadingReport(
        "cdisc", tuple(_readings(library, subjects, fates)), not_mapped=tuple(_not_mapped(library, subjects, wishes)),
        never_read=tuple(name for data in _read(library, subjects, fates) for name in never_read(data)),
        notes=(*subjects.notes, *lives.notes, *(note for one in taken for note in one.notes), *unmet_notes, *notes,
               *beside_notes, *loinc_beside(taken, SecondNames(study))),
    )  # fmt: skip
    problems = [*subjects.problems, *(problem for one in taken for problem in one.rows.problems), *beside]
    problems += signs_problems(library, taken, study)
    problems += _lived(made, lives, subjects, wishes)
    return cohort_of(
        made, report, problems, study=study, mapping=known, labels=_labels(library), on_problems=on_problems, dash=dash,
    )  # fmt: skip


def _in_zone(made: dict[str, MadeTable], zone: str) -> dict[str, MadeTable]:
    """Return the tables with times that have an offset in the zone of the hospital, where the mapping states it."""
    if not zone:
        return made
    found = {}
    for name, table in made.items():
        local = {column: local_dates(table.rows[column], zone) for column in _TIMES if column in table.rows}
        found[name] = replace(table, rows=table.rows.assign(**local))
    return found


def _lived(made: dict[str, MadeTable], lives: Lives, subjects: Subjects, wishes: Wishes) -> list[Problem]:
    """Return what contradicts births and deaths."""
    lived = with_dates(made, wishes.all, subjects, subjects.references)
    problems = [*lives.problems, *after_death(lived, last_days(lives.deaths)), *before_birth(lived, lives.births)]
    patients = made["patients"]
    return [*problems, *ages_beside_births(patients, lives.births, reference_days(subjects, patients))]


def _labels(library: Library) -> dict[str, tuple[str, ...]]:
    """Return the labels of each variable, in whichever data sets."""
    found: dict[str, tuple[str, ...]] = {}
    for data in library.data:
        for variable, label in data.labels.items():
            found[variable] = (*found.get(variable, ()), label)
    return found


def _refuse(problems: Iterable[Problem]) -> None:
    every = list(problems)
    if every:
        raise SourceError(REFUSED, every)


def _times(mapping: SourceMapping, wishes: Wishes, *, dated: bool) -> Iterator[Problem]:
    if dated and mapping.time.zero is None and not mapping.time.file:
        yield in_mapping(mapping, ("time",), "dates, and no time zero", 'zero = { field = "RFSTDTC" } under [time]',
                         "It is the day from which weeks are counted")  # fmt: skip
    for section, keys in TIMES.items():
        entries = [one.entry for one in wishes.all if one.entry.section == section]
        kinds = [next(key for key in keys if key in entry.fields) for entry in entries]
        for entry, kind in zip(entries, kinds, strict=True):
            if kind != kinds[0]:
                advice = "State the same key in all entries of the section"
                yield in_mapping(mapping, place_of(entry), kind, f"{kinds[0]}, as in the entry before", advice)


def _made(
    subjects: Subjects, taken: list[TakenRows], wishes: Wishes
) -> tuple[dict[str, MadeTable], tuple[str, ...]]:  # fmt: skip
    """Return the tables, and notes on what was looked for and not found."""
    assert subjects.made is not None
    made = {"patients": subjects.made}
    for section, name in _MADE.items():
        table = made_of([one.rows for one in taken if one.wanted.entry.section == section])
        if table is not None:
            made[name] = table
    if "outcomes" in made:
        stated = wishes.mapping.outcome is not None and "relapse" in wishes.mapping.outcome.fields
        made["outcomes"] = made["outcomes"] if stated else unknown_where_competing(made["outcomes"])
    if "labs" in made:
        labs = [one for one in taken if one.wanted.entry.section == "labs"]
        made["labs"] = replace(
            made["labs"], visit=_visits(labs), visit_week=_weeks(labs, wishes.mapping),
            as_text=lambda: np.concatenate([texts_alone(one.wanted, one.rows) for one in labs]),  # few need it
        )  # fmt: skip
    else:
        none = pd.DataFrame({name: pd.Series(dtype=object) for name in _NO_LABS})
        made["labs"] = MadeTable(none, subjects.data.name)
    constants = [one.entry.constants for one in wishes.all]
    asked = {
        section: [one[key] for one in constants if key in one]
        for section, key in (("labs", "analyte"), ("treatments", "agent"))
    }
    return made, (*not_found(asked, made), *without_courses(made))


def _visits(taken: list[TakenRows]) -> Callable[[], NDArray[np.object_]]:
    """Return what returns the visit of each result, as its data set names it."""

    def visits() -> NDArray[np.object_]:
        found = []
        for one in taken:
            name = next((name for name in _VISITS if name in one.wanted.data), "")
            texts = one.rows.table.columns[name].to_numpy(dtype=object)[one.rows.at] if name else ""
            found.append(np.full(len(one.rows.at), texts, dtype=object))
        return np.concatenate(found)

    return visits


def _weeks(taken: list[TakenRows], mapping: SourceMapping) -> NDArray[np.float64] | None:
    """Return the week that the mapping states for the visit of each result; None where it states no visits."""
    if not mapping.time.visits:
        return None
    found = []
    for one in taken:
        columns = one.rows.table.columns
        assert isinstance(columns, Columns)
        found.append(weeks_of_visits(columns, len(one.rows.table), mapping)[one.rows.at])
    return np.concatenate(found)


def _read(library: Library, subjects: Subjects, fates: dict[str, Fates]) -> list[DataSet]:
    return [one for one in library.data if one.name in fates or one is subjects.data]


def _readings(library: Library, subjects: Subjects, fates: dict[str, Fates]) -> Iterator:  # type: ignore[type-arg]
    yield subjects.reading.reading(subjects.data.name, np.arange(subjects.data.rows) + 1, "", COUNTED + "s")
    for data in library.data:
        if data.name in fates:
            yield fates[data.name].reading(data.name, np.arange(data.rows) + 1, OTHER_CODE, COUNTED + "s")


def _not_mapped(library: Library, subjects: Subjects, wishes: Wishes) -> Iterator[NotMapped]:
    read = {one.data.name for one in wishes.all} | {subjects.data.name}
    for data in library.data:
        if data.name not in read:
            yield NotMapped("data sets", data.name, data.label, data.rows)
            continue
        standard = standard_of(data)
        code = code_of(data, standard)
        if code not in data:
            continue
        named = {code_key(text) for one in wishes.all if one.data is data for text in one.codes}
        if any(one.data is data and not one.codes for one in wishes.all):
            continue
        labels = data.first_of_each(code, standard.label) if standard.label in data else {}
        for text, count in data.counts(code).items():
            if code_key(text) not in named:
                label = labels.get(text, "")
                yield NotMapped(data.name, text, label if label != text else "", count)
