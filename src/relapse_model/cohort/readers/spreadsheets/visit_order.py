"""Visits whose dates are not in the order of their numbers: a date mistyped, more often than a visit moved."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from relapse_model.arrays import Mask
from relapse_model.cohort.readers.spreadsheets.parts import Part

_ROWS = 10  # named in a note


def out_of_order(parts: Iterable[Part]) -> Mask:
    """Tell in which rows a visit has an earlier date than a visit with a smaller number.

    Parameters
    ----------
    parts : iterable of Part
        Of one entry, one for each visit; those without dates, or whose visit is no number, are left out.
    """
    dated = [(float(part.visit), part.columns["date"].values) for part in parts
             if "date" in part.columns and part.visit.replace(".", "", 1).isdigit()]  # fmt: skip
    if len(dated) < 2:
        return np.zeros(0, dtype=bool)
    days = [values.str[:10] for _, values in sorted(dated, key=lambda one: one[0])]
    codes = pd.factorize(pd.concat(days), sort=True)[0].reshape(len(days), -1)
    empty = np.array([(one == "").to_numpy() for one in days])
    at = np.where(empty, -1, codes)  # in the order of the texts, which is that of ISO dates
    latest = np.maximum.accumulate(at, axis=0)
    return np.asarray((~empty[1:] & (at[1:] < latest[:-1])).any(axis=0))


def order_note(table: str, column: str, rows: list[int]) -> str:
    """Return the note of rows whose visits are out of order.

    Examples
    --------
    >>> order_note("Sheet1", "W{visit} date", [2, 7])
    'Sheet1, W{visit} date: in 2 rows the dates are not in the order of the visits (2, 7): look whether they are right'
    """
    shown = ", ".join(map(str, rows[:_ROWS])) + (", ..." if len(rows) > _ROWS else "")
    return (
        f"{table}, {column}: in {len(rows)} rows the dates are not in the order of the visits ({shown}): look whether "
        "they are right"
    )
