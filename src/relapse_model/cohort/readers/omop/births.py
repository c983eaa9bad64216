"""Births as PERSON tells them: by year, month and day, and by birth_datetime."""

from __future__ import annotations

import numpy as np
import pandas as pd

from relapse_model.cohort.readers.made_table import MadeTable
from relapse_model.cohort.readers.omop.found_persons import Persons

BIRTH = ("year_of_birth", "month_of_birth", "day_of_birth")
MOMENT, _DAY = "birth_datetime", len("1980-03-02")


def refuse_other_births(persons: Persons) -> None:
    """Refuse persons whose birth is one by its year, month and day, and another by birth_datetime."""
    table = persons.table
    if MOMENT not in table:
        return
    parts = table[MOMENT].str.strip().str.extract(r"^(\d{4})-(\d\d)-(\d\d)")
    clash = np.zeros(len(table), dtype=bool)
    for place, name in enumerate(BIRTH):
        if name in table:
            one, other = (pd.to_numeric(texts, errors="coerce") for texts in (table[name], parts[place]))
            clash |= (one.notna() & other.notna() & (one != 0) & (one != other)).to_numpy()
    expected = "one birth in both"
    persons.refuse(np.flatnonzero(clash), MOMENT, "another birth than that of year, month and day", expected)


def births_of(persons: Persons) -> MadeTable | None:
    """Return the births of the patients as far as PERSON tells them; None where it does not.

    Parameters
    ----------
    persons : Persons
    """
    if BIRTH[0] not in persons.table:
        return None
    births = births_as_texts(persons.table).where(persons.table[BIRTH[0]] != "", "")
    if MOMENT in persons.table:
        births = births.where(births != "", persons.table[MOMENT].str.strip().str[:_DAY])
    whole = (
        births.str.slice(stop=4) + births.str.slice(4, 7).replace("", "-01") + births.str.slice(7).replace("", "-01")
    )
    impossible = (births != "") & pd.to_datetime(whole, format="%Y-%m-%d", errors="coerce").isna()
    persons.refuse(np.flatnonzero(impossible), BIRTH[1], "a month or a day that there is not", "a date of birth")
    births = births.mask(impossible, "")
    rows = pd.DataFrame({"patient_id": persons.ids, "date": births.to_numpy(dtype=object)}, dtype=object)
    return MadeTable(rows[persons.among & (births != "").to_numpy()], "person", None, {"date": BIRTH[0]})


def births_as_texts(table: pd.DataFrame) -> pd.Series:
    """Return the dates of birth as far as they are known: YYYY, YYYY-MM or YYYY-MM-DD."""
    year = table["year_of_birth"]
    month, day = (table[name].str.zfill(2) if name in table else pd.Series("", index=table.index) for name in BIRTH[1:])
    month, day = month.where(~month.isin(["", "00"]), ""), day.where(~day.isin(["", "00"]), "")
    births: pd.Series = year + ("-" + month).where(month != "", "") + ("-" + day).where((month != "") & (day != ""), "")
    return births
