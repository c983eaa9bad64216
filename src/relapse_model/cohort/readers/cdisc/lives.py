"""Births and deaths that the data sets of the subjects record, whatever the mapping reads of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from relapse_model.arrays import Mask
from relapse_model.cohort.readers.after_death import placed
from relapse_model.cohort.readers.ages_and_births import DATE
from relapse_model.cohort.readers.cdisc.data_set import DataSet
from relapse_model.cohort.readers.cdisc.library import PATIENTS, Library
from relapse_model.cohort.readers.cdisc.people import COUNTED, Subjects
from relapse_model.cohort.readers.cdisc.standard import ID
from relapse_model.cohort.readers.cdisc.study_days import References
from relapse_model.cohort.readers.cdisc.wanted import Wanted, is_study_day
from relapse_model.cohort.readers.label_words import plain_words
from relapse_model.cohort.readers.made_table import MadeTable
from relapse_model.cohort.readers.source_dates import iso_dates
from relapse_model.cohort.tables.identifiers import identifier_keys
from relapse_model.errors import Problem

BIRTHS, _DEATHS = ("BRTHDTC", "BRTHDT"), ("DTHDTC", "DTHDT")
_DIED = "DTHFL"
_DISPOSITION, _TERM, _END = ("DSDECOD", ("DEATH", "DIED")), "DSTERM", "DSSTDTC"
_TERM_DIED = re.compile(
    r"(?:the )?(?:patient|subject|participant)?\s*(?:has |had |is )?(?:died|deceased|dead)(?:[ ,;:.].*)?"
    r"|death(?: (?:due|from|by|caused)\b.*)?"
)
_FATAL = ("AESDTH", ("Y", "YES")), ("AEOUT", ("FATAL",))
_FATAL_END = "AEENDTC"
_DATED = {"day": "date", "start_day": "start_date"}
_SEVERAL = "Correct the one that is wrong"


@dataclass(frozen=True, slots=True, eq=False)
class Lives:
    """What is known of births and deaths.

    Attributes
    ----------
    births, deaths : MadeTable
        ``patient_id`` and ``date``, of patients of the cohort.
    problems : list of Problem
    notes : list of str
    """

    births: MadeTable
    deaths: MadeTable
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def lives_of(library: Library, subjects: Subjects, *, read: bool) -> Lives:
    """Return the births and deaths that DM, ADSL, DS and AE record.

    Parameters
    ----------
    library : Library
    subjects : Subjects
        Of whom they are returned.
    read : bool
        Whether the mapping reads an outcome.
    """
    every = [subjects.data, *(one for name in PATIENTS for one in library.find(name)[:1])]
    own = [one for one in dict.fromkeys(every) if ID in one]
    births = [rows for data in own for name in BIRTHS if name in data for rows in _rows(subjects, data, name)]
    deaths = [rows for data in own for name in _DEATHS if name in data for rows in _rows(subjects, data, name)]
    for data in library.find("DS"):
        if _DISPOSITION[0] in data and _END in data and ID in data:
            deaths += _rows(subjects, data, _END, data.holds(*_DISPOSITION))
    fatal = [(data, _fatal(data)) for data in library.find("AE") if ID in data]
    told = [(data, _END, _said_died(data)) for data in library.find("DS") if {_END, _TERM, ID} <= set(data.labels)]
    told += [(data, _FATAL_END, rows) for data, rows in fatal if _FATAL_END in data]
    known = {key for rows in deaths for key in identifier_keys(rows["patient_id"])}
    for one in (rows for each in told for rows in _rows(subjects, *each)):  # only of whom nothing else says the day
        own_rows = one[~identifier_keys(one["patient_id"]).isin(known).to_numpy()]
        deaths += [own_rows] if len(own_rows) else []
    table = _table(deaths)
    problems = [*_several(table), *(one for data in own for one in _unlike(subjects, data))]
    notes = [*_notes(subjects, own, births, table, read=read), *_fatal_undated(subjects, fatal, table)]
    return Lives(_table(births), table, problems, notes)


def _said_died(data: DataSet) -> Mask:
    """Tell which rows of DS are a death by their words: where their code is the cause, such as an adverse event."""
    coded = data.coded(_TERM)
    said = np.array([_TERM_DIED.fullmatch(plain_words(str(text))) is not None for text in coded.texts], dtype=bool)
    found: Mask = said[coded.codes]
    return found


def _fatal(data: DataSet) -> Mask:
    """Tell which adverse events ended in death."""
    found: Mask = np.zeros(data.rows, dtype=bool)
    for name, texts in _FATAL:
        if name in data:
            found |= data.holds(name, texts)
    return found


def _fatal_undated(subjects: Subjects, fatal: list[tuple[DataSet, Mask]], deaths: MadeTable) -> Iterator[str]:
    """Yield a note on patients with a fatal event of whom no data set says when they died."""
    dated = set(identifier_keys(deaths.rows["patient_id"]))
    every = {key for data, rows in fatal for key in subjects.table(data).keys[rows & _of_patients(subjects, data)]}
    if every - dated:
        yield f"{len(every - dated):,} patients have a fatal adverse event (AE), and no data set says when they died"


def _rows(subjects: Subjects, data: DataSet, variable: str, among: Mask | None = None) -> Iterator[pd.DataFrame]:
    """Yield the rows of a data set in which a date of a patient of the cohort stands, if there are any."""
    texts = data.texts(variable)
    chosen = (texts != "").to_numpy() & _of_patients(subjects, data)
    at = np.flatnonzero(chosen if among is None else chosen & among)
    if len(at):
        table = subjects.table(data, at)
        yield pd.DataFrame({
            "patient_id": table.patient, "date": texts.iloc[at].to_numpy(dtype=object), "source": data.name,
            "variable": variable, "number": table.number,
        })  # fmt: skip


def _of_patients(subjects: Subjects, data: DataSet) -> Mask:
    outside = [*subjects.outside(data).values(), np.zeros(data.rows, dtype=bool)]
    found: Mask = ~np.any(outside, axis=0)
    return found


def _table(found: list[pd.DataFrame]) -> MadeTable:
    columns = ["patient_id", "date", "source", "variable", "number"]
    rows = pd.concat([pd.DataFrame(columns=columns, dtype=object), *found], ignore_index=True)
    return MadeTable(
        rows[["patient_id", "date"]].astype(object), rows["source"].to_numpy(dtype=object),
        rows["number"].to_numpy(dtype=np.int64), {"date": rows["variable"].to_numpy(dtype=object)}, COUNTED,
    )  # fmt: skip


def _several(deaths: MadeTable) -> list[Problem]:
    """Refuse two days of death of one patient, and what is no date."""
    keys, texts = identifier_keys(deaths.rows["patient_id"]), deaths.rows["date"].astype(str)
    days, bad = iso_dates(texts, partial="middle")
    bad &= ~texts.str.fullmatch(r"\d{4}").to_numpy(dtype=bool)
    whole = days.str[:10][(texts.str.len() > len("2024-03")) & ~bad]
    first = whole.groupby(keys[whole.index].to_numpy()).transform("first")
    other = np.zeros(len(texts), dtype=bool)
    other[whole.index[whole != first]] = True
    return [
        *placed(deaths, other, keys, "date", "another day of death than elsewhere in the source", "one", _SEVERAL),
        *placed(deaths, bad, keys, "date", "no date", "the day of death", _SEVERAL),
    ]


def _unlike(subjects: Subjects, data: DataSet) -> list[Problem]:
    """Refuse a date of death beside the statement that nobody died."""
    dates = [name for name in _DEATHS if name in data]
    if _DIED not in data or not dates:
        return []
    dated = np.any([(data.texts(name) != "").to_numpy() for name in dates], axis=0)
    rows = dated & data.holds(_DIED, ("N",)) & _of_patients(subjects, data)
    return subjects.table(data).problems(rows, _DIED, f"no date in {dates[0]}, or 'Y'", _SEVERAL)


def _notes(
    subjects: Subjects, own: list[DataSet], births: list[pd.DataFrame], deaths: MadeTable, *, read: bool
) -> Iterator[str]:
    if births:
        names = " and ".join(dict.fromkeys(f"{one['source'][0]}.{one['variable'][0]}" for one in births))
        yield f"{names} served to see that nothing is dated before a birth; it is not kept"
    dated = set(identifier_keys(deaths.rows["patient_id"]))
    without: set[str] = set()
    for data in own:
        if _DIED in data:
            died = data.holds(_DIED, ("Y",)) & _of_patients(subjects, data)
            without |= set(subjects.table(data).keys[died]) - dated
    if dated:
        more = "" if read else ", and the mapping reads no outcome"
        yield f"{len(dated):,} patients died by the source: what is dated after their deaths is refused{more}"
    if without:
        yield f"{len(without):,} patients died by the source ({_DIED}), which does not say when"


def reference_days(subjects: Subjects, patients: MadeTable) -> pd.Series | None:
    """Return the day from which study days count of each patient, where the table states no time zero."""
    if DATE in patients.rows:
        return None
    found = np.full(len(patients.rows), "", dtype=object)
    keys = identifier_keys(patients.rows["patient_id"].astype(object))
    for name in ("RFSTDTC", "RFICDTC", "TRTSDT", "RANDDT"):
        if name in subjects.data:
            days = pd.Series(subjects.data.texts(name).to_numpy(dtype=object), index=subjects.table(subjects.data).keys)
            own = keys.map(days[~days.index.duplicated()]).fillna("").to_numpy(dtype=object)
            found = np.where(found != "", found, own)
    return pd.Series(found, dtype=object)


def with_dates(
    made: dict[str, MadeTable], wanted: list[Wanted], subjects: Subjects, references: References
) -> dict[str, MadeTable]:
    """Return tables with the dates that their study days are, so that they can be held against births and deaths.

    Parameters
    ----------
    made : dict of str to MadeTable
    wanted : list of Wanted
        What the tables were made of.
    subjects : Subjects
    references : References
        From which the study days count.
    """
    found = dict(made)
    for name, table in made.items():
        for day, date in _DATED.items():
            fields = [one.entry.fields[day] for one in wanted if day in one.entry.fields]
            if day not in table.rows or date in table.rows or not all(is_study_day(one) for one in fields):
                continue
            names = {"TRTSDT" if one.name == "ADY" else "RFSTDTC" for one in fields}
            if len(names) == 1 and (known := references.days.get(names.pop())) is not None:
                found[name] = _dated(table, day, date, subjects, known)
    return found


def _dated(table: MadeTable, day: str, date: str, subjects: Subjects, known: pd.Series) -> MadeTable:
    start = pd.Series(known.to_numpy(), index=identifier_keys(subjects.names.reindex(known.index).fillna("")))
    start = start[(start.index != "") & ~start.index.duplicated()]
    since = pd.to_numeric(table.rows[day], errors="coerce")
    at = identifier_keys(table.rows["patient_id"]).map(start).to_numpy(dtype=float) + since.to_numpy(dtype=float)
    days = pd.to_datetime(pd.Series(at, index=table.rows.index), unit="D", errors="coerce")
    called = {**table.called, date: table.called.get(day, day)}
    return replace(table, rows=table.rows.assign(**{date: days.dt.strftime("%Y-%m-%d").fillna("")}), called=called)
