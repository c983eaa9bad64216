"""What rows of results say, as it is put together, and the looks at their cells that several checks share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Mask
from relapse_model.cohort.readers.omop.wanted import Wanted
from relapse_model.study.names import name_key

SAME = 0.005  # a share below which two numbers differ by rounding only
NUMBER_COUNTS = 'If the number counts, state it in the entry: value = { field = "value_as_number" }'


@dataclass(frozen=True, slots=True)
class Unclear:
    """Rows that cannot be read: where, what came, what was expected, what to do."""

    rows: Mask
    column: str
    found: list[str]
    expected: str
    advice: str = ""


@dataclass(slots=True, eq=False)
class Said:
    """What rows say.

    Attributes
    ----------
    value, unit, date : array of str
    empty : mapping of str to array of bool
        Rows that are no results, by reason.
    unclear : list of Unclear
    beside : mapping of str to int
        Concepts without a meaning in the mapping that stand beside a number, which counts.
    zoned : int
        Times with an offset that are not used, since the zone of the hospital is not known.
    """

    value: NDArray[np.object_]
    unit: NDArray[np.object_]
    date: NDArray[np.object_]
    empty: dict[str, Mask] = field(default_factory=dict)
    unclear: list[Unclear] = field(default_factory=list)
    beside: Mapping[str, int] = field(default_factory=dict)
    zoned: int = 0

    def refuse(self, rows: Mask, column: str, found: pd.Series, expected: str, advice: str = "") -> None:
        """Add rows that cannot be read, unless they were refused or are no results."""
        rows = rows & ~self.settled()
        if rows.any():
            self.unclear.append(Unclear(rows, column, [repr(one) for one in found[rows]], expected, advice))

    def settled_as(self, reason: str) -> Mask:
        """Tell which rows are no results for a reason."""
        return self.empty.get(reason, np.zeros(len(self.value), dtype=bool))

    def settled(self) -> Mask:
        """Tell which rows are refused, or no results."""
        gone = np.zeros(len(self.value), dtype=bool)
        for rows in (*self.empty.values(), *(one.rows for one in self.unclear)):
            gone |= rows
        return gone


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """What the text of the source says: whether it is a number, which, and with which comparator."""

    number: Mask
    comparator: NDArray[np.object_]
    value: NDArray[np.float64]
    missing: Mask


def looked_up(values: pd.Series, meanings: Mapping[str, str]) -> tuple[NDArray[np.object_], Mask]:
    """Return what texts mean, empty where they mean nothing, and where that is."""
    codes, distinct = pd.factorize(values)
    found = [meanings.get(str(one)) for one in distinct]
    texts = np.array([*(one or "" for one in found), ""], dtype=object)
    lacking = np.array([*(one is None for one in found), True], dtype=bool)
    return texts[codes], lacking[codes]


def meanings_of_entry(wanted: Wanted) -> dict[str, str]:
    """Return the meanings that the mapping states, by the keys under which texts are compared."""
    own = wanted.field("value")
    return {} if own is None else {name_key(one): text for one, text in own.values.items()}


def text_keys(printed: pd.Series) -> pd.Series:
    """Return texts under the keys by which meanings are found, each different one looked at once."""
    codes, distinct = pd.factorize(printed)
    keys = np.array([*(name_key(str(one)) for one in distinct), ""], dtype=object)
    return pd.Series(keys[codes], dtype=object)
