"""Cells of a column of identifiers that hold none: empty ones, and numbers too long for a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from relapse_model.cohort.readers.refusal_advice import LOST_DIGITS
from relapse_model.cohort.readers.spreadsheets.table import Table
from relapse_model.errors import Problem

_POWER = r"[0-9](?:\.[0-9]+)?[eE]\+?[0-9]{2}"  # how a spreadsheet shows, and saves as text, a number too long for it
_DIGITS = 15
_ADVICE = (
    "Complete it; or, if such rows are no patients (totals, remarks), leave them out: "
    'not_patients = [""] for this source'
)


def odd_identifiers(table: Table, at: int, ids: pd.Series, name: str, *, empty: bool) -> Iterator[Problem]:
    """Yield a problem for each row whose identifier cannot be one.

    Parameters
    ----------
    table : Table
    at : int
        The place of the column.
    ids : Series
        Its texts.
    name : str
        What the mapping calls it.
    empty : bool
        Whether rows without an identifier are no patients, as the mapping says.
    """
    bad = table.bad_cells(at, shared=True)
    for row, why in bad.items():
        yield Problem(table.name, int(table.rows[row]), name, why, "an identifier")
    long = table.numeric(at) & (ids.str.len() > _DIGITS).to_numpy() | ids.str.fullmatch(_POWER).to_numpy(dtype=bool)
    for row in np.flatnonzero(long).tolist():
        what = f"a number of more than {_DIGITS} digits, of which a spreadsheet keeps {_DIGITS}"
        yield Problem(table.name, int(table.rows[row]), name, what, "an identifier as text", LOST_DIGITS)
    for row in np.flatnonzero((ids == "").to_numpy() & (not empty)).tolist():
        if not bad.get(row):
            yield Problem(table.name, int(table.rows[row]), name, "no identifier", "an identifier", _ADVICE)
