"""An outcome by concepts: the first event after time zero within the observation period, else its end free of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.cohort.readers.made_table import MadeTable
from relapse_model.cohort.readers.omop.asked import Asked
from relapse_model.cohort.readers.omop.cdm import CDM
from relapse_model.cohort.readers.omop.persons import Persons
from relapse_model.cohort.readers.omop.tables import Query, Tables, rows_of
from relapse_model.cohort.readers.source_dates import iso_dates
from relapse_model.cohort.reading_report import LeftOut, SourceReading

_PERIOD = ("person_id", "observation_period_start_date", "observation_period_end_date")
_EARLY, _LATE = "on the day of time zero, or before it", "after the observation period of time zero"
_LATER = "after the first event"


def read_outcome(tables: Tables, asked: Asked, persons: Persons) -> tuple[MadeTable, tuple[SourceReading, ...]]:
    """Return the outcomes table: a relapse is the first event after time zero; else the person was free to the end.

    The end is that of the observation period in which time zero lies: a gap between two periods is not known.

    Parameters
    ----------
    tables : Tables
    asked : Asked
    persons : Persons
        A person whose time zero lies in no observation period is refused.
    """
    (wanted,) = asked.outcome
    ends, periods = _ends(tables, asked, persons)
    known = CDM[wanted.table]
    rows = rows_of(tables, Query(wanted.table, ("person_id", known.start), wanted.among, asked.cohort))
    position = persons.positions(rows["person_id"])
    days, bad = iso_dates(rows[known.start])
    fate = persons.fates(position)
    undated = (fate == "") & (bad | (days == "").to_numpy())
    persons.refuse(position[undated], known.start, f"an event of {wanted.table} without a date", "a date as YYYY-MM-DD")
    fate[undated] = "refused"
    day = days.str[:10].to_numpy(dtype=object)
    zero, end = (np.append(texts, "")[position] for texts in (persons.dates, ends))
    usable = fate == ""
    fate[usable & (day <= zero)] = _EARLY
    fate[(fate == "") & (day > end)] = _LATE
    first = pd.Series(day)[fate == ""].groupby(position[fate == ""]).min()
    of_person = pd.Series(range(len(ends))).map(first).astype(object).fillna("-").to_numpy(dtype=object)
    fate[(fate == "") & (day != np.append(of_person, "-")[position])] = _LATER
    places = np.flatnonzero(persons.among & (ends != ""))
    event = pd.Series(places).map(first).astype(object)
    table = pd.DataFrame({
        "patient_id": persons.ids[places], "relapse": np.where(event.notna(), "1", "0"),
        "date": event.where(event.notna(), pd.Series(ends[places])).to_numpy(dtype=object),
    }, dtype=object)  # fmt: skip
    reasons = pd.Series(fate[fate != ""]).value_counts()
    left = tuple(LeftOut(str(reason), int(count)) for reason, count in sorted(reasons.items()))
    reading = SourceReading(f"{wanted.table} (outcome)", "rows", len(rows), int((fate == "").sum()), left)
    return MadeTable(table, wanted.table, None, {"date": known.start}), (reading, periods)


def _ends(tables: Tables, asked: Asked, persons: Persons) -> tuple[NDArray[np.object_], SourceReading]:
    """Return for each person the end of the observation period of time zero."""
    rows = rows_of(tables, Query("observation_period", _PERIOD, cohort=asked.cohort))
    position = persons.positions(rows["person_id"])
    start, end = (iso_dates(rows[name])[0].str[:10].to_numpy(dtype=object) for name in _PERIOD[1:])
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
