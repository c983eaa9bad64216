"""The persons of a source: who they are in the cohort, their time zero and death, and what is wrong with them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Mask
from relapse_model.cohort.readers.omop.visits_of_others import Visits
from relapse_model.cohort.reading_report import SourceReading
from relapse_model.cohort.tables.identifiers import identifier_key
from relapse_model.errors import Problem

UNDATED = "of a person without time zero"
LEFT_OUT = "of a person whom the cohort leaves out"
NOBODY = "of no person of the table PERSON"

_CORRECT = "Correct the person's row in the source, or take it out if it does not count"


@dataclass(slots=True, eq=False)
class Persons:
    """The persons of a source.

    Attributes
    ----------
    table : DataFrame
        Rows of PERSON, as texts.
    ids : array of str
        Identifiers in the cohort.
    among : array of bool
        Whom the cohort has.
    dates : array of str
        Time zero; empty where there is none.
    deaths : array of str
        Day of death; empty where the source tells of none.
    problems : list of Problem
    readings : list of SourceReading
    visits : Visits or None
        Whose visits are; None where nothing is held against it.
    """

    table: pd.DataFrame
    ids: NDArray[np.object_]
    among: Mask
    dates: NDArray[np.object_]
    deaths: NDArray[np.object_]
    problems: list[Problem] = field(default_factory=list)
    readings: list[SourceReading] = field(default_factory=list)
    visits: Visits | None = None

    def positions(self, person: pd.Series) -> NDArray[np.intp]:
        """Return the place of each person in the table; -1 where there is none."""
        known = pd.Index(self.table["person_id"])
        unique = known[~known.duplicated()]
        place = np.flatnonzero(~known.duplicated())
        at = unique.get_indexer(pd.Index(person))
        return np.where(at >= 0, np.append(place, -1)[at], -1)

    def fates(self, position: NDArray[np.intp]) -> NDArray[np.object_]:
        """Return why rows of persons are not used; empty where they are."""
        among, dated = (np.append(mask, False)[position] for mask in (self.among, self.dates != ""))
        found = np.full(len(position), "", dtype=object)
        found[~dated] = UNDATED
        found[~among] = LEFT_OUT
        found[position < 0] = NOBODY
        return found

    def key(self, place: int) -> str:
        """Return the key of a patient, as problems have it."""
        return identifier_key(str(self.ids[place]))

    def refuse(
        self, places: NDArray[np.intp] | list[int], column: str, found: str, expected: str, advice: str = ""
    ) -> None:
        """Refuse patients of the cohort; the place in PERSON is not said, since a person_id says who it is."""
        for place in map(int, places):
            if self.among[place]:
                self.problems.append(
                    Problem("person", None, column, found, expected, advice or _CORRECT, self.key(place))
                )
