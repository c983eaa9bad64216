"""The persons of an OMOP source, their columns, and time zero of each."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.cohort.readers.index_dates import ages_at, picked_days, read_index_file
from relapse_model.cohort.readers.made_table import MadeTable
from relapse_model.cohort.readers.omop.births import BIRTH, MOMENT, births_as_texts, refuse_other_births
from relapse_model.cohort.readers.omop.cdm import CDM, SEXES
from relapse_model.cohort.readers.omop.found_persons import NOBODY, Persons
from relapse_model.cohort.readers.omop.tables import Query, Tables, rows_of
from relapse_model.cohort.readers.omop.wanted import Asked
from relapse_model.cohort.readers.second_sex import sex_named
from relapse_model.cohort.readers.source_dates import iso_dates
from relapse_model.cohort.readers.source_mapping import Field, SourceMapping
from relapse_model.cohort.readers.source_values import is_missing, meanings_of
from relapse_model.cohort.reading_report import LeftOut, SourceReading
from relapse_model.cohort.tables.identifiers import identifier_key
from relapse_model.errors import Problem

COLUMN = "enrolment_date"
_LEAVE = 'Or leave such persons out: others = "leave out" under [time]'
_SEVERAL = 'State which counts: pick = "first" or "last" under [time]'


def read_persons(tables: Tables, mapping: SourceMapping, asked: Asked, folder: Path) -> Persons:
    """Return the persons that the mapping asks for, with time zero of each.

    Parameters
    ----------
    tables : Tables
    mapping : SourceMapping
    asked : Asked
    folder : Path
        Of the file that ``[time]`` may name.
    """
    known = tables.columns("person")
    own = [one.name.lower() for one in mapping.patients.values() if (one.source or "person").lower() == "person"]
    names = ("person_id", mapping.patient_id.name.lower(), *own, *map(str.lower, mapping.patients_when), *BIRTH,
             MOMENT, "gender_source_value")  # fmt: skip
    if mapping.time.zero is not None and not mapping.time.zero.source:
        names = (*names, mapping.time.zero.name.lower())
    query = Query("person", tuple(dict.fromkeys(name for name in names if name in known)), cohort=asked.cohort)
    table = rows_of(tables, query)
    order = pd.to_numeric(table["person_id"], errors="coerce").to_numpy(dtype=float)  # a database has none
    table = table.iloc[np.argsort(order, kind="stable")].reset_index(drop=True)
    among = np.ones(len(table), dtype=bool)
    for column, values in mapping.patients_when.items():
        among &= table[column.lower()].isin(values).to_numpy()
    persons = Persons(table, table[mapping.patient_id.name.lower()].to_numpy(dtype=object), among,
                      np.full(len(table), "", dtype=object), np.full(len(table), "", dtype=object))  # fmt: skip
    _sexes(persons, mapping)
    refuse_other_births(persons)
    again = (table["person_id"].duplicated(keep=False) & among).to_numpy()
    persons.refuse(np.flatnonzero(again), "person_id", "a person who stands on several rows", "one row for each person")
    other = int((~among).sum())
    _index(tables, mapping, asked, folder, persons)
    without = among & (persons.dates == "")
    if mapping.time.options.get("others") == "leave out":
        persons.among = among & ~without
    else:
        listed = {problem.patient for problem in persons.problems}
        places = [place for place in np.flatnonzero(without).tolist() if persons.key(place) not in listed]
        persons.refuse(places, COLUMN, "no time zero", "one for each person", _LEAVE)
    left = (LeftOut("not as the mapping's 'when' asks", other), LeftOut("without time zero, left out",
            int((among & ~persons.among).sum())))  # fmt: skip
    persons.readings.insert(0, SourceReading(
        "person", "rows", len(table), int(persons.among.sum()), tuple(one for one in left if one.count)
    ))  # fmt: skip
    return persons


def _index(tables: Tables, mapping: SourceMapping, asked: Asked, folder: Path, persons: Persons) -> None:
    """Fill in time zero: from a file, the cohort's start, events, or a column."""
    time, zero = mapping.time, mapping.time.zero
    if time.file:
        file = read_index_file(time, folder)
        persons.problems += [problem for problem in file.problems if _concerns(problem, persons)]
        keys = pd.Series([identifier_key(str(one)) for one in persons.ids], dtype=object)
        persons.dates[:] = keys.map(file.dates.astype(object)).astype(object).fillna("").to_numpy()
        return
    if zero is not None and (zero.source or "person").lower() == "person":
        rows = persons.table[["person_id", zero.name.lower()]]
        _pick(rows, "person", zero.name.lower(), mapping, persons, counted=False)
        return
    if asked.events is not None:
        table = asked.events.table
        columns, among = ("person_id", CDM[table].start), dict(asked.events.among)
    elif zero is not None:
        table, columns = zero.source.lower(), ("person_id", zero.name.lower())
        codes = tuple(zero.options.get("codes", ()))
        among = {CDM[table].concept: codes} if codes and table in CDM else {}
    else:
        table, columns = "cohort", ("subject_id", "cohort_start_date")
        among = {"cohort_definition_id": (str(time.options["cohort_definition_id"]),)}
    cohort = asked.cohort if table != "cohort" else None
    rows = rows_of(tables, Query(table, columns, among, cohort))
    _pick(rows.set_axis(["person_id", columns[1]], axis=1), table, columns[1], mapping, persons, counted=True)


def _concerns(problem: Problem, persons: Persons) -> bool:
    """Tell whether a problem of a file is one of the file, or of a patient of the cohort."""
    if problem.patient is None:
        return True
    return any(persons.among[place] and persons.key(place) == problem.patient for place in range(len(persons.ids)))


def _pick(
    rows: pd.DataFrame, table: str, column: str, mapping: SourceMapping, persons: Persons, *, counted: bool
) -> None:
    """Take the first, last or only date of each person."""
    position = persons.positions(rows["person_id"])
    days, bad = iso_dates(rows[column], mapping.time.dates, mapping.time.partial)  # type: ignore[arg-type]
    persons.refuse(position[bad & (position >= 0)], COLUMN, f"no date in {column} of {table}", "a date as YYYY-MM-DD")
    usable = (position >= 0) & ~bad & (days != "").to_numpy()
    chosen, several = picked_days(days[usable], position[usable], mapping.time.options.get("pick"))
    if counted:
        undated = position[(position >= 0) & ~bad & (days == "").to_numpy()]
        # Which of the events is the first, the last or the only one is not known; without any date there is none.
        persons.refuse(sorted({*undated.tolist()} & {*chosen.index, *several}), COLUMN,
                       f"an event of {table} without a date, among those of which one counts", "a date of each",
                       "Correct it, or leave such events out")  # fmt: skip
    persons.refuse(several, COLUMN, "several days of time zero", "one day", _SEVERAL)
    places = chosen.index.to_numpy(dtype=np.intp)
    persons.dates[places] = chosen.to_numpy(dtype=object)
    if counted:
        taken = usable & (days.str[:10].to_numpy(dtype=object) == np.append(persons.dates, "-")[position])
        reasons = Counter(
            np.where(position < 0, NOBODY, np.where(~usable, "without a date", "another date than that of time zero"))[
                ~taken
            ]
        )
        left = tuple(LeftOut(str(reason), count) for reason, count in sorted(reasons.items()))
        persons.readings.append(SourceReading(f"{table} (time zero)", "rows", len(rows), int(taken.sum()), left))


def patients_table(tables: Tables, mapping: SourceMapping, asked: Asked, persons: Persons) -> MadeTable:
    """Return the patients table; what in it cannot be read is added to the problems of the persons.

    Parameters
    ----------
    tables : Tables
    mapping : SourceMapping
    asked : Asked
    persons : Persons
    """
    found: dict[str, object] = {"patient_id": persons.ids, COLUMN: persons.dates}
    for column, one in mapping.patients.items():
        values = _column(tables, one, asked, persons)
        values = values.mask(is_missing(values, mapping.missing), "")
        name = one.name.lower()
        if column == "age_years" and name in ("year_of_birth", "birth_datetime"):
            births = births_as_texts(persons.table) if name == "year_of_birth" else values.str[:10]
            values, _, bad = ages_at(births, pd.Series(persons.dates), mapping.time.partial)  # type: ignore[arg-type]
            persons.refuse(np.flatnonzero(bad), name, "no date", "a date of birth, or its year")
        known = one.values or ({**SEXES, "0": ""} if name == "gender_concept_id" else {})
        read = meanings_of(values, known)
        persons.refuse(np.flatnonzero(read.unknown), one.name, "a text without a meaning in the mapping",
                       f"one of {', '.join(known)}", _concepts_to_state(name, values[read.unknown]))  # fmt: skip
        found[column] = read.values.to_numpy(dtype=object)
    called: dict[str, str | NDArray[np.object_]] = {
        column: one.name for column, one in (("patient_id", mapping.patient_id), *mapping.patients.items())
    }
    return MadeTable(pd.DataFrame(found, dtype=object)[persons.among].reset_index(drop=True), "person", None, called)


def _concepts_to_state(column: str, unknown: pd.Series) -> str:
    """Say how a concept of a sex gets a meaning, such as that it is not known; of other columns, nothing."""
    concepts = [one for one in unknown.unique() if str(one).isdigit()] if column == "gender_concept_id" else []
    if not concepts:
        return ""
    said = ", ".join(f'{one} = ""' for one in concepts)
    return f"If the concept says that the sex is neither or not known, add to the values of sex in the mapping: {said}"


def _sexes(persons: Persons, mapping: SourceMapping) -> None:
    """Refuse persons whose sex is one by its concept and another as the source printed it."""
    table, names = persons.table, ("gender_concept_id", "gender_source_value")
    if not set(names) <= set(table) or all(one.name.lower() != names[0] for one in mapping.patients.values()):
        return
    by_concept = table[names[0]].map(SEXES)
    printed = table[names[1]].map({text: sex_named(text) for text in table[names[1]].unique()})
    clash = (by_concept.notna() & (printed != "") & (by_concept != printed)).to_numpy()
    persons.refuse(np.flatnonzero(clash), names[1], "another sex than that of gender_concept_id", "one of the two")


def _column(tables: Tables, one: Field, asked: Asked, persons: Persons) -> pd.Series:
    """Return a column of persons, from PERSON or from another table in which it is the same in all rows of a person."""
    name, table = one.name.lower(), (one.source or "person").lower()
    if table == "person":
        return persons.table[name].reset_index(drop=True)
    codes = tuple(one.options.get("codes", ()))
    among = {CDM[table].concept: codes} if codes and table in CDM else {}
    rows = rows_of(tables, Query(table, ("person_id", name), among, asked.cohort))
    rows = rows[rows[name] != ""]
    position = persons.positions(rows["person_id"])
    values = rows[name][position >= 0].groupby(position[position >= 0])
    first, several = values.first(), values.nunique() > 1
    persons.refuse(several.index[several].to_numpy(dtype=np.intp), one.name, "several different values",
                   "one for each person")  # fmt: skip
    return (
        pd.Series(np.arange(len(persons.ids))).map(first.where(~several, "").astype(object)).astype(object).fillna("")
    )
