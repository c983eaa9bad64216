"""From the tables that a reader made to a cohort: through the one gate, with every problem placed in the source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.gate import Dash, OnProblems, checked
from relapse_model.cohort.gate_tables import FIRST_ROW
from relapse_model.cohort.readers.advice_on_units import advice_on_unit
from relapse_model.cohort.readers.after_death import after_death
from relapse_model.cohort.readers.ages_and_births import ages_beside_births, ages_left_open
from relapse_model.cohort.readers.before_birth import before_birth
from relapse_model.cohort.readers.beside_numbers import negative_numbers
from relapse_model.cohort.readers.contradicting_columns import column_clashes
from relapse_model.cohort.readers.contradicting_meanings import meaning_clashes
from relapse_model.cohort.readers.contradicting_names import name_clashes
from relapse_model.cohort.readers.counted_once import with_repetitions
from relapse_model.cohort.readers.day_counts import day_counts
from relapse_model.cohort.readers.made_table import ROW, MadeTable
from relapse_model.cohort.readers.number_codes import code_like, numbers_of_nines, stated_codes, unsettled_words
from relapse_model.cohort.readers.outcome_events import with_names
from relapse_model.cohort.readers.read_by_word import read_by_word
from relapse_model.cohort.readers.refusal_advice import with_advice
from relapse_model.cohort.readers.same_meaning import Choices
from relapse_model.cohort.readers.source_mapping import SourceMapping, TimeZero
from relapse_model.cohort.readers.texts_beside_commas import texts_beside_commas
from relapse_model.cohort.readers.to_be_looked_at import to_be_looked_at
from relapse_model.cohort.readers.unanswered_units import units_by_line
from relapse_model.cohort.readers.unit_numbers import unit_numbers
from relapse_model.cohort.readers.units_in_names import Labels, unit_clashes
from relapse_model.cohort.readers.visit_weeks import far_from_visit
from relapse_model.cohort.readers.visits_on_one_day import with_differing_visits, with_visits
from relapse_model.cohort.reading_report import ReadingReport, UnitMet
from relapse_model.cohort.tables.identifiers import identifier_keys
from relapse_model.errors import CohortError, Problem, SourceError
from relapse_model.study.names import name_key
from relapse_model.study.names_known import analyte_names
from relapse_model.study.reader import load_study
from relapse_model.study.study import Study

_SPELLED = {"redcap": "REDCap export", "cdisc": "CDISC export", "fhir": "FHIR export", "omop": "OMOP source"}
_BIRTHS = frozenset(
    map(name_key, ("birth_year", "year_of_birth", "birth_date", "date_of_birth", "出生年份", "出生年", "出生日期"))
)  # columns of the patients table
_COUNTED_FROM = ("birthdate", "year_of_birth", "birth_datetime")  # of which FHIR and OMOP make ages
_DEATHS = frozenset(map(name_key, ("death_date", "date_of_death", "died_on", "死亡日期", "死亡时间")))


def study_of(mapping: SourceMapping, given: Study | None, folder: Path) -> Study | None:
    """Return the study to read with: the one given, else the one that the mapping names.

    Parameters
    ----------
    mapping : SourceMapping
    given : Study or None
    folder : Path
        Of the mapping file: a study file is named relative to it.
    """
    if given is not None or not mapping.study:
        return given
    name = mapping.study
    return load_study(folder / name if name.endswith(".toml") else name)


def cohort_of(
    made: Mapping[str, MadeTable],
    report: ReadingReport,
    found: Iterable[Problem] = (),
    *,
    study: Study | None,
    mapping: SourceMapping | None = None,
    labels: Labels | None = None,
    choices: Choices | None = None,
    deaths: MadeTable | None = None,
    births: MadeTable | None = None,
    on_problems: OnProblems = "raise",
    dash: Dash | None = None,
    synthetic: bool = False,
) -> Cohort:
    """Check the tables at the gate and return the cohort, with the report of the reading.

    Parameters
    ----------
    made : mapping of str to MadeTable
        ``"patients"``, and what else there is.
    report : ReadingReport
    found : iterable of Problem
        What the reader itself refused, placed in the source already; with `patient`, it concerns that patient alone.
    mapping : SourceMapping, optional
        Against whose units those that names of columns state are held (`unit_clashes`), and against whose meanings
        what codes are called and texts say (`meaning_clashes`).
    labels : mapping of str to tuple of str, optional
        What the source says of its columns besides their names.
    choices : mapping of str to mapping of str to str, optional
        What the source calls the codes of its columns.
    deaths : MadeTable, optional
        Deaths that the source records beside the outcomes, ``patient_id`` and ``date``: nothing is dated after one.
        By default those of a column ``death_date`` of patients; those that the outcomes tell, the gate knows.
    births : MadeTable, optional
        Births as far as the source tells them, in the same columns: nothing is dated before one. By default those of
        a column ``birth_year`` or ``birth_date`` of patients.
    study, on_problems, dash, synthetic
        As in `make_cohort`.

    Raises
    ------
    SourceError
        If a column is read in another unit than its name states, or a code with another meaning than its label.
    CohortError
        With every problem of the reader and of the gate.
    """
    if mapping is not None:
        clashes = [*unit_clashes(mapping, made, study, labels or {})]
        clashes += meaning_clashes(mapping, study, choices or {}, labels)
        clashes += name_clashes(mapping, study, labels or {})
        clashes += column_clashes(mapping, study, labels or {})
        if clashes:
            raise SourceError(refused_of(report.kind), clashes)
    report = replace(report, notes=(*report.notes, *_open_ages(made["patients"], births, mapping)))
    made = {name: with_names(table) if name == "outcomes" else table for name, table in made.items()}
    tables = {name: _with_row(table) for name, table in made.items()}
    refused = [*_lives(made, births, deaths), *unit_numbers(made), *negative_numbers(made, study), *day_counts(made)]
    refused += [*_codes(made, mapping, labels or {}), *texts_beside_commas(made)]
    try:
        cohort = checked(
            tables, (*found, *refused), study=study, on_problems=on_problems, dash=dash, synthetic=synthetic,
        )  # fmt: skip
    except CohortError as error:
        problems = _units_by_line(_with_visits(error.problems, made), made, mapping, study)
        raise CohortError(refused_of(report.kind), _each_once(problems, made, report.kind, mapping)) from None
    cohort = _in_source(cohort, made, report, mapping)
    window = TimeZero().visit_window if mapping is None else mapping.time.visit_window
    kept = set(identifier_keys(pd.Series(cohort.patient_ids, dtype=object)))
    odd = (*far_from_visit(made, window), *code_like(made, mapping))
    return replace(cohort, remarks=(*cohort.remarks, *(one for one in odd if one.patient in kept)))


def _codes(made: Mapping[str, MadeTable], mapping: SourceMapping | None, labels: Labels) -> Iterator[Problem]:
    """Yield what may be a code for no value, and of which the mapping does not say what it is."""
    yield from stated_codes(made, labels)
    yield from numbers_of_nines(made, mapping)
    yield from unsettled_words(made, mapping)


def _lives(made: Mapping[str, MadeTable], births: MadeTable | None, deaths: MadeTable | None) -> Iterator[Problem]:
    """Yield what births and deaths contradict: those of the source, else those of columns of the patients table."""
    births = _stated(made["patients"], _BIRTHS) if births is None else births
    deaths = _stated(made["patients"], _DEATHS) if deaths is None else deaths
    if deaths is not None:
        yield from after_death(made, deaths)
    if births is not None:
        yield from before_birth(made, births)
        yield from ages_beside_births(made["patients"], births)


def _open_ages(patients: MadeTable, births: MadeTable | None, mapping: SourceMapping | None) -> Iterator[str]:
    """Yield a note on ages that are not known, where they are counted from births."""
    age = None if mapping is None else mapping.patients.get("age_years")
    if births is not None and age is not None and age.name.lower() in _COUNTED_FROM:
        yield from ages_left_open(patients, births)


def _with_visits(problems: Sequence[Problem], made: Mapping[str, MadeTable]) -> list[Problem]:
    return list(with_differing_visits(problems, made["labs"]) if "labs" in made else problems)


def _units_by_line(
    problems: list[Problem], made: Mapping[str, MadeTable], mapping: SourceMapping | None, study: Study | None
) -> list[Problem]:
    if mapping is None or "labs" not in made:
        return problems
    return units_by_line(problems, made["labs"], mapping, None if study is None else analyte_names(study))


def refused_of(kind: str) -> str:
    """Return the first words of a refusal, with the kind as it is spelled.

    Examples
    --------
    >>> refused_of("redcap"), refused_of("excel")
    ('the REDCap export was refused', 'the export was refused')
    """
    return f"the {_SPELLED.get(kind, 'export')} was refused"


def _each_once(
    problems: Iterable[Problem], made: Mapping[str, MadeTable], kind: str, mapping: SourceMapping | None
) -> list[Problem]:
    """Return problems in their places; one cell of the source that several rows were made of is told once."""
    found: dict[object, Problem] = {}
    for number, problem in enumerate(problems):
        one = _placed(problem, made, kind, mapping)
        found.setdefault(one if problem.table in made else number, one)
    return list(found.values())


def _in_source(
    cohort: Cohort, made: Mapping[str, MadeTable], report: ReadingReport, mapping: SourceMapping | None
) -> Cohort:
    """Return a cohort whose problems and remarks have their place in the source, with the report."""
    remarks = cohort.remarks
    for name in ("labs", "treatments"):
        remarks = tuple(with_visits(remarks, made[name], name)) if name in made else remarks
    problems = [_placed(one, made, report.kind, mapping) for one in _with_visits(cohort.problems, made)]
    placed = {str(one): str(other) for one, other in zip(cohort.problems, problems, strict=True)}
    rejected = cohort.rejected.assign(reason=[placed.get(text, text) for text in cohort.rejected["reason"]])
    report = replace(report, notes=(*report.notes, *read_by_word(cohort), *_unknown(made)))
    report = with_repetitions(report, [(one.table, _placed(one, made, report.kind)) for one in cohort.remarks])
    return replace(
        cohort,
        rejected=rejected,
        problems=tuple(problems),
        remarks=(*(_placed(problem, made, report.kind) for problem in remarks), *to_be_looked_at(cohort, made)),
        reading=replace(report, units=_units_met(cohort)),
    )


def _unknown(made: Mapping[str, MadeTable]) -> Iterator[str]:
    """Yield the columns of patients of which nothing is known, and how many patients have no outcome."""
    patients = made["patients"].rows
    for column in patients.columns if len(patients) else ():
        if (patients[column].fillna("") == "").all():
            yield f"{column} is known of no patient"
    if "outcomes" in made and len(made["outcomes"].rows):
        told = identifier_keys(made["outcomes"].rows["patient_id"].astype(object))
        without = int((~identifier_keys(patients["patient_id"].astype(object)).isin(told)).sum())
        if without:
            yield f"of {without:,} patients the source tells no outcome"


def _stated(patients: MadeTable, names: frozenset[str]) -> MadeTable | None:
    """Return the days that a column of the patients table states by its name, if there is one."""
    column = next((name for name in patients.rows if name_key(str(name)) in names), None)
    if column is None:
        return None
    rows = patients.rows[["patient_id", column]].set_axis(["patient_id", "date"], axis=1)
    return replace(patients, rows=rows, called={"date": patients.called.get(str(column), str(column))})


def _with_row(table: MadeTable) -> pd.DataFrame:
    if table.number is None or ROW in table.rows or ("analyte" not in table.rows and "agent" not in table.rows):
        return table.rows
    return table.rows.assign(**{ROW: table.number})


def _placed(
    problem: Problem, made: Mapping[str, MadeTable], kind: str, mapping: SourceMapping | None = None
) -> Problem:
    if problem.table not in made:
        return with_advice(problem, kind)
    table = made[problem.table]
    placed = with_advice(table.place(problem), kind)
    if problem.table != "labs" or problem.row is None:
        return placed
    row = {str(key): value for key, value in table.rows.iloc[problem.row - FIRST_ROW].items()}
    return advice_on_unit(placed, row, kind, mapping)


def _units_met(cohort: Cohort) -> tuple[UnitMet, ...]:
    analyte, analytes = pd.factorize(cohort.labs["analyte"])
    unit, units = pd.factorize(cohort.labs["unit"])
    pairs, counts = np.unique(np.stack([analyte, unit]), axis=1, return_counts=True)
    met = [
        UnitMet(str(analytes[one]), "" if other < 0 else str(units[other]), int(count))
        for one, other, count in zip(*pairs, counts, strict=True)
    ]
    return tuple(sorted(met, key=lambda found: (found.analyte, found.unit)))
