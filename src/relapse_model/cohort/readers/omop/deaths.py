"""The table DEATH: until when a person lived. Nothing happens after it, and nobody dies twice or before time zero."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Mask
from relapse_model.cohort.readers.index_dates import picked_days
from relapse_model.cohort.readers.omop.found_persons import Persons
from relapse_model.cohort.readers.omop.tables import Query, Tables, rows_of
from relapse_model.cohort.readers.omop.wanted import Asked
from relapse_model.cohort.readers.source_dates import iso_dates
from relapse_model.cohort.readers.source_mapping import SourceMapping

_COLUMNS = ("person_id", "death_date")


def read_deaths(tables: Tables, mapping: SourceMapping, asked: Asked, persons: Persons) -> None:
    """Fill in the day of death of each person, where the source has the table; refuse what contradicts itself.

    Parameters
    ----------
    tables : Tables
    mapping : SourceMapping
    asked : Asked
    persons : Persons
        Time zero of each is known.
    """
    if not set(_COLUMNS) <= set(tables.columns("death")):
        return
    rows = rows_of(tables, Query("death", _COLUMNS, cohort=asked.cohort))
    position = persons.positions(rows["person_id"])
    days, bad = iso_dates(rows["death_date"], "ymd", mapping.time.partial)  # type: ignore[arg-type]
    unknown = (position >= 0) & (bad | (days == "").to_numpy())
    persons.refuse(position[unknown], "death_date", "a death without a date", "a date as YYYY-MM-DD")
    known = (position >= 0) & ~unknown
    chosen, several = picked_days(days[known], position[known], None)
    persons.refuse(several, "death_date", "several days of death", "one for each person")
    persons.deaths[chosen.index.to_numpy(dtype=np.intp)] = chosen.to_numpy(dtype=object)
    early = (persons.deaths != "") & (persons.dates != "") & (persons.deaths < persons.dates)
    persons.refuse(np.flatnonzero(early), "death_date", "a death before time zero", "time zero in the person's life")


def after_death(days: NDArray[np.object_] | pd.Series, position: NDArray[np.intp], persons: Persons) -> Mask:
    """Tell which days lie after the death of the person whose they are.

    Parameters
    ----------
    days : array of str
        YYYY-MM-DD, a time of day allowed; empty where not known.
    position : array of int
        Of the person in the table.
    persons : Persons
    """
    died = np.append(persons.deaths, "")[position]
    day = pd.Series(days, dtype=object).str[:10].to_numpy(dtype=object)
    found: Mask = (died != "") & (day != "") & (day > died)
    return found
