"""Rows that are joined to a visit of another person: either the row or the visit has the wrong person."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Mask
from relapse_model.cohort.readers.omop.tables import Query, Tables

VISIT = "visit_occurrence_id"
_TABLE, _PERSON = "visit_occurrence", "person_id"


@dataclass(frozen=True, slots=True, eq=False)
class Visits:
    """Whose visits are, in the order of their numbers.

    Attributes
    ----------
    number, person : array of float
        Whole numbers; a key that is none is not known here.
    """

    number: NDArray[np.float64]
    person: NDArray[np.float64]

    def of_others(self, rows: pd.DataFrame) -> Mask:
        """Tell which rows have a visit that is of another person; of a visit that is not known, nothing is said.

        Parameters
        ----------
        rows : DataFrame
            With ``person_id`` and ``visit_occurrence_id``, as texts.

        Examples
        --------
        >>> rows = pd.DataFrame({"person_id": ["1", "1", "1"], "visit_occurrence_id": ["7", "8", ""]})
        >>> Visits(np.array([7.0, 8.0]), np.array([1.0, 2.0])).of_others(rows).tolist()
        [False, True, False]
        """
        if VISIT not in rows or not len(self.number):
            return np.zeros(len(rows), dtype=bool)
        visit, own = _numbers(rows[VISIT]), _numbers(rows[_PERSON])
        at = np.minimum(np.searchsorted(self.number, visit), len(self.number) - 1)
        found: Mask = (self.number[at] == visit) & (self.person[at] != own) & ~np.isnan(own)
        return found


def read_visits(tables: Tables) -> Visits:
    """Return whose visits are, of all persons; a number that several visits have says nothing.

    Parameters
    ----------
    tables : Tables
    """
    none = np.zeros(0)
    if not {VISIT, _PERSON} <= set(tables.columns(_TABLE)):
        return Visits(none, none)
    pairs = [
        np.column_stack([_numbers(chunk[VISIT]), _numbers(chunk[_PERSON])])
        for chunk in tables.chunks(Query(_TABLE, (VISIT, _PERSON)))
    ]
    every = np.concatenate(pairs) if pairs else np.zeros((0, 2))
    every = every[~np.isnan(every).any(axis=1)]
    number, first, count = np.unique(every[:, 0], return_index=True, return_counts=True)
    once = count == 1
    return Visits(number[once], every[first[once], 1])


def _numbers(texts: pd.Series) -> NDArray[np.float64]:
    """Return keys as numbers; NaN where one is none, or so long that it is not exact as a number."""
    found: NDArray[np.float64] = pd.to_numeric(texts, errors="coerce").to_numpy(dtype=float, copy=True)
    found[np.abs(found) > 2**53] = np.nan
    return found
