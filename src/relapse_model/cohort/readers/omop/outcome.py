"""An outcome by concepts: the first event after time zero within the observation period, else its end free of it.

Events that compete with it, such as death, are those of the same kind under a name of their own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Positions
from relapse_model.cohort.readers.entry_rows import in_mapping, leaving_out
from relapse_model.cohort.readers.made_table import MadeTable
from relapse_model.cohort.readers.not_found import NONE
from relapse_model.cohort.readers.omop.cdm import CDM
from relapse_model.cohort.readers.omop.events import OTHER, left_out
from relapse_model.cohort.readers.omop.found_persons import Persons
from relapse_model.cohort.readers.omop.observed import PERIOD
from relapse_model.cohort.readers.omop.tables import Query, Tables, rows_of
from relapse_model.cohort.readers.omop.wanted import Asked, Wanted
from relapse_model.cohort.readers.other_things import OF_OUTCOMES, other_things
from relapse_model.cohort.readers.source_dates import iso_dates
from relapse_model.cohort.readers.source_mapping import SourceMapping
from relapse_model.cohort.reading_report import LeftOut, SourceReading
from relapse_model.errors import Problem, SourceError

_EARLY, _LATE = "on the day of time zero, or before it", "after the observation period of time zero"
_LATER = "after the first event"
_SAID = ("condition_status_source_value", "stop_reason", "qualifier_source_value")
_NEVER = "~"  # sorts after every day


def read_outcome(
    tables: Tables, asked: Asked, persons: Persons, mapping: SourceMapping
) -> tuple[MadeTable, tuple[SourceReading, ...]]:  # fmt: skip
    """Return the outcomes table: the first event after time zero, the outcome or a competing one; else free to the end.

    The end is that of the observation period in which time zero lies: a gap between two periods is not known.

    Parameters
    ----------
    tables : Tables
    asked : Asked
    persons : Persons
        A person whose time zero lies in no observation period is refused, and so is one of whom two events of one day
        are known: nothing says which of them came first.
    mapping : SourceMapping

    Raises
    ------
    SourceError
        If no row has a code of the outcome, or of a competing event: mistyped, it would make everybody free.
    """
    ends, periods = _ends(tables, asked, persons)
    absent = [problem for wanted in asked.outcome for problem in _absent(tables, wanted, asked, mapping)]
    if absent:
        raise SourceError("the OMOP source was refused", absent)
    each = [_events(tables, wanted, asked, persons, ends) for wanted in asked.outcome]
    days = pd.DataFrame({place: one.first for place, one in enumerate(each)}, dtype=object).fillna(_NEVER)
    days = days.reindex(range(len(ends))).fillna(_NEVER)
    every = days.to_numpy(dtype=object)
    first, which = every.min(axis=1), every.argmin(axis=1)
    together = np.flatnonzero((first != _NEVER) & ((every == first[:, None]).sum(axis=1) > 1))
    persons.refuse(together, "date", "an event and a competing event on one day", "which of them came first",
                   "Leave one of them out: when = { ... }")  # fmt: skip
    places = np.flatnonzero(persons.among & (ends != ""))
    came, name = first[places] != _NEVER, np.array([one.wanted.name for one in each], dtype=object)[which[places]]
    columns = {
        "patient_id": persons.ids[places], "relapse": np.where(came & (which[places] == 0), "1", "0"),
        "date": np.where(came, first[places], ends[places]),
    }  # fmt: skip
    if len(each) > 1:
        competes = came & (which[places] > 0)
        columns["relapse"] = np.where(competes, "", columns["relapse"])  # whether it would have come is not known
        columns["event"] = np.where(competes, "competing", np.where(came, "relapse", "free"))
        columns["competing_event"] = np.where(competes, name, "")
    table = pd.DataFrame(columns, dtype=object)
    start = CDM[asked.outcome[0].table].start
    readings = (*(one.reading(first) for one in each), periods)
    return MadeTable(table, asked.outcome[0].table, None, {"date": start}), readings


def deaths_as_losses(asked: Asked, persons: Persons, outcomes: MadeTable) -> list[str]:
    """Return a note on persons who are free of the outcome until they died, where death is not asked for.

    Parameters
    ----------
    asked : Asked
    persons : Persons
    outcomes : MadeTable
    """
    if any(one.table == "death" for one in asked.outcome):
        return []
    died = pd.Series(persons.deaths, index=persons.ids)
    rows = outcomes.rows
    day = rows["patient_id"].map(died[~died.index.duplicated()]).fillna("").astype(str)
    count = int(((day != "") & (rows["relapse"] == "0") & (rows["date"] == day)).sum())
    said = (
        f"outcome: follow-up of {count:,} persons ends with their death, as if they were lost then; if death competes "
        'with the outcome, state it: [outcome.competing] death = { source = "death" }'
    )
    return [said] if count else []


def _absent(tables: Tables, wanted: Wanted, asked: Asked, mapping: SourceMapping) -> list[Problem]:
    """Refuse codes that no row of the table has, of whichever person."""
    entry, concept = wanted.entry, CDM[wanted.table].concept
    if entry.options.get("may_be_absent") or not wanted.among:
        return []
    place = ("outcome",) if wanted.name == "relapse" else ("outcome", "competing", wanted.name)
    if not any(len(chunk) for chunk in tables.chunks(Query(wanted.table, ("person_id",), wanted.among, asked.cohort))):
        found = f"no row of {wanted.table} has these codes, or is as 'when' asks"
        if not any(len(chunk) for chunk in tables.chunks(Query(wanted.table, ("person_id",), wanted.among))):
            return [in_mapping(mapping, place, found, "rows of the outcome", NONE)]
    if not entry.codes or entry.options.get("descendants"):
        return []
    met = {code for code, count in tables.counts(wanted.table, concept, None).items() if count}
    return [
        in_mapping(mapping, (*place, "codes"), f"{code}, which no row of {wanted.table} has", "codes that occur", NONE)
        for code in entry.codes if code not in met
    ]  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class _Events:
    """The rows of one event: the person and day of each, why it does not count (or nothing), and the first of each."""

    wanted: Wanted
    position: Positions
    day: NDArray[np.object_]
    fate: NDArray[np.object_]
    first: pd.Series

    def reading(self, first: NDArray[np.object_]) -> SourceReading:
        """Return what became of the rows, with the first day of any event of each person."""
        late = (self.fate == "") & (self.day != np.append(first, _NEVER)[self.position])
        fate = np.where(late, _LATER, self.fate)
        reasons = pd.Series(fate[fate != ""]).value_counts()
        left = tuple(LeftOut(str(reason), int(count)) for reason, count in sorted(reasons.items()))
        what = "outcome" if self.wanted.name == "relapse" else f"competing event {self.wanted.name!r}"
        return SourceReading(f"{self.wanted.table} ({what})", "rows", len(fate), int((fate == "").sum()), left)


def _events(tables: Tables, wanted: Wanted, asked: Asked, persons: Persons, ends: NDArray[np.object_]) -> _Events:
    """Return the rows of one event, and the first day of each person after time zero and within the observation."""
    known = CDM[wanted.table]
    said = [
        one for one in (known.source_code, *_SAID) if one in tables.columns(wanted.table) and one not in wanted.among
    ]
    columns = tuple(dict.fromkeys(("person_id", known.start, *said, *wanted.unless)))
    rows = rows_of(tables, Query(wanted.table, columns, wanted.among, asked.cohort))
    position = persons.positions(rows["person_id"])
    days, bad = iso_dates(rows[known.start])
    fate = persons.fates(position)
    fate[(fate == "") & left_out(rows, wanted)] = OTHER
    undated = (fate == "") & (bad | (days == "").to_numpy())
    persons.refuse(position[undated], known.start, f"an event of {wanted.table} without a date", "a date as YYYY-MM-DD")
    fate[undated] = "refused"
    for column in said:
        denied = (fate == "") & (other_things(rows[column], OF_OUTCOMES) != "")
        found = f"an event of {wanted.table} that was ruled out, or is not the person's own"
        advice = f"If it is none, {leaving_out(column)}"
        persons.refuse(position[denied], column, found, "an event of the person", advice)
        fate[denied] = "refused"
    day = days.str[:10].to_numpy(dtype=object)
    zero, end = (np.append(texts, "")[position] for texts in (persons.dates, ends))
    usable = fate == ""
    fate[usable & (day <= zero)] = _EARLY
    fate[(fate == "") & (day > end)] = _LATE
    return _Events(wanted, position, day, fate, pd.Series(day)[fate == ""].groupby(position[fate == ""]).min())


def _ends(tables: Tables, asked: Asked, persons: Persons) -> tuple[NDArray[np.object_], SourceReading]:
    """Return for each person the end of the observation period of time zero."""
    rows = rows_of(tables, Query("observation_period", PERIOD, cohort=asked.cohort))
    position = persons.positions(rows["person_id"])
    start, end = (iso_dates(rows[name])[0].str[:10].to_numpy(dtype=object) for name in PERIOD[1:])
    zero = np.append(persons.dates, "")[position]
    holds = (persons.fates(position) == "") & (start != "") & (start <= zero) & (zero <= end)
    ends = np.full(len(persons.ids), "", dtype=object)
    last = pd.Series(end)[holds].groupby(position[holds]).max()
    ends[last.index.to_numpy(dtype=np.intp)] = last.to_numpy(dtype=object)
    earlier = (persons.deaths != "") & (ends != "") & (persons.deaths < ends)
    ends[earlier] = persons.deaths[earlier]  # nobody is observed after death
    lacking = np.flatnonzero(persons.among & (persons.dates != "") & (ends == ""))
    persons.refuse(lacking, "observation_period_end_date", "time zero lies in no observation period",
                   "one that holds it", "Until when the person was observed is not known")  # fmt: skip
    other = int((~holds).sum())
    left = (LeftOut("of another time, or of a person who is not used", other),) if other else ()
    return ends, SourceReading("observation_period", "rows", len(rows), int(holds.sum()), left)
