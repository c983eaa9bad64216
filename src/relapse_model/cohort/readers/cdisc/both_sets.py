"""Variables that DM and ADSL both have are the same by the standard: where they differ, nobody knows which counts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pandas as pd

from relapse_model.cohort.readers.cdisc.data_set import DataSet
from relapse_model.cohort.readers.cdisc.library import PATIENTS, Library
from relapse_model.cohort.readers.cdisc.standard import ID
from relapse_model.cohort.readers.source_table import SourceTable
from relapse_model.cohort.tables.identifiers import identifier_keys
from relapse_model.errors import Problem

_DAY = len("2024-03-02")


def other_in_both(library: Library, table: SourceTable, data: DataSet, names: Iterable[str]) -> list[Problem]:
    """Refuse subjects of whom DM and ADSL say different things in a variable that is read.

    Parameters
    ----------
    library : Library
    table : SourceTable
        The data set of the subjects, under their identifiers; rows without one are not looked at.
    data : DataSet
        The same.
    names : iterable of str
        Variables that are read.
    """
    others = [one for name in PATIENTS for one in library.find(name)[:1] if one is not data and ID in one]
    if data.name not in PATIENTS or not others:
        return []
    other, keys = others[0], identifier_keys(data.texts(ID))
    at = pd.Series(np.arange(other.rows), index=identifier_keys(other.texts(ID)))
    row = keys.map(at[~at.index.duplicated()]).to_numpy(dtype=float)
    problems: list[Problem] = []
    for name in dict.fromkeys(names):
        if name in data and name in other:
            there = np.nan_to_num(row, nan=0).astype(np.intp)
            own, beside = data.texts(name), other.texts(name).iloc[there].reset_index(drop=True)
            wrong = ~np.isnan(row) & (own != "").to_numpy() & (beside != "").to_numpy() & ~_same(own, beside)
            wrong &= (table.patient != "").to_numpy()
            found = table.problems(wrong, name, f"what {other.name} says of the subject", "Correct one of the two", "")
            problems += [
                replace(one, found=f"{table.shown(own[place])}, and {table.shown(beside[place])} in {other.name}")
                for one, place in zip(found, np.flatnonzero(wrong).tolist(), strict=True)
            ]
    return problems


def _same(one: pd.Series, other: pd.Series) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Tell which texts are one text in any case, one number, or one day."""
    numbers = [pd.to_numeric(texts, errors="coerce") for texts in (one, other)]
    dates = [texts.str[:_DAY] for texts in (one, other)]
    day = (dates[0] == dates[1]) & dates[0].str.fullmatch(r"\d{4}-\d\d-\d\d")
    same = (one.str.strip().str.casefold() == other.str.strip().str.casefold()) | (numbers[0] == numbers[1]) | day
    return same.to_numpy(dtype=bool)
