"""Until when persons were observed: results after it are listed."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.cohort.readers.made_table import MadeTable
from relapse_model.cohort.readers.omop.found_persons import Persons
from relapse_model.cohort.readers.omop.tables import Query, Tables, rows_of
from relapse_model.cohort.readers.omop.wanted import Asked
from relapse_model.cohort.readers.source_dates import iso_dates
from relapse_model.cohort.tables.identifiers import identifier_keys

PERIOD = ("person_id", "observation_period_start_date", "observation_period_end_date")


def after_observation(tables: Tables, asked: Asked, persons: Persons, labs: MadeTable | None) -> list[str]:
    """Return a note on the results that are dated after the last observation period of their person.

    Parameters
    ----------
    tables : Tables
    asked : Asked
    persons : Persons
    labs : MadeTable or None
    """
    if labs is None or not set(PERIOD) <= set(tables.columns("observation_period")):
        return []
    ends = _last_ends(tables, asked, persons)
    keys = pd.Series([persons.key(place) for place in range(len(persons.ids))], dtype=object)
    last = pd.Series(ends, index=keys)[~keys.duplicated().to_numpy()]
    until = identifier_keys(labs.rows["patient_id"]).map(last).fillna("").to_numpy(dtype=object)
    late = int(((until != "") & (labs.rows["date"].str[:10].to_numpy(dtype=object) > until)).sum())
    return [f"{late:,} results are dated after the last observation period of their person, and count"] if late else []


def _last_ends(tables: Tables, asked: Asked, persons: Persons) -> NDArray[np.object_]:
    rows = rows_of(tables, Query("observation_period", PERIOD, cohort=asked.cohort))
    position = persons.positions(rows["person_id"])
    days = iso_dates(rows[PERIOD[2]])[0].str[:10]
    last = days[position >= 0].groupby(position[position >= 0]).max()
    ends = np.full(len(persons.ids), "", dtype=object)
    ends[last.index.to_numpy(dtype=np.intp)] = last.to_numpy(dtype=object)
    return ends
