"""What was made of the rows of one table, and what is counted of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from relapse_model.cohort.readers.omop.wanted import Wanted
from relapse_model.cohort.readers.second_names import LoincMet
from relapse_model.cohort.readers.source_mapping import Entry
from relapse_model.errors import Problem


@dataclass(slots=True, eq=False)
class Events:
    """What was made of one table.

    Attributes
    ----------
    rows : list of DataFrame
        Of the cohort's table, with ``number``, the key in the source.
    problems : list of Problem
    left : Counter
        Rows that were not used, by reason.
    read : int
        Rows that were looked at.
    beside : Counter
        Concepts without a meaning in the mapping beside a number, by analyte and concept.
    strangers : set of str
        Persons of rows that are asked for, whom PERSON does not have.
    zoned : int
        Times with an offset that are not used, since the zone of the hospital is not known.
    loinc : LoincMet
        LOINC codes that the source's own codes are.
    concepts : Counter
        Rows of results by analyte and concept.
    came, met : Counter
        Rows of each entry with ``when``, by its place among those of the table, and those that are as it asks.
    told : Counter
        Courses of which a column that is not read says more, by agent and what it is.
    """

    rows: list[pd.DataFrame] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    left: Counter[str] = field(default_factory=Counter)
    read: int = 0
    beside: Counter[tuple[str, str]] = field(default_factory=Counter)
    strangers: set[str] = field(default_factory=set)
    zoned: int = 0
    loinc: LoincMet = field(default_factory=LoincMet)
    concepts: Counter[tuple[str, str]] = field(default_factory=Counter)
    came: Counter[int] = field(default_factory=Counter)
    met: Counter[int] = field(default_factory=Counter)
    told: Counter[tuple[str, str]] = field(default_factory=Counter)

    def count(self, chunk: pd.DataFrame, wanted: tuple[Wanted, ...], concept: str) -> None:
        """Count the rows of entries with ``when``: those of their concepts, and those that are as it asks."""
        for place, each in enumerate(wanted):
            if each.entry.when:
                codes = each.among.get(concept)
                own = np.ones(len(chunk), dtype=bool) if codes is None else chunk[concept].isin(codes).to_numpy()
                self.came[place] += int(own.sum())
                for column, values in each.among.items():
                    own = own & chunk[column].isin(values).to_numpy()
                self.met[place] += int(own.sum())

    def entries(self, wanted: tuple[Wanted, ...]) -> list[tuple[Entry, int, int]]:
        """Return each entry with its rows, as `unmet` asks for them."""
        names = Counter(name for rows in self.rows for name in rows.get("analyte", rows.get("agent", [])))
        return [
            (each.entry, self.came[place], self.met[place])
            if each.entry.when
            else (each.entry, names[each.name], names[each.name])
            for place, each in enumerate(wanted)
        ]

    def table(self) -> pd.DataFrame:
        """Return all rows."""
        return pd.concat(self.rows, ignore_index=True) if self.rows else pd.DataFrame()
