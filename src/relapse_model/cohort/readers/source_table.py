"""A table of an export as texts, what became of each of its rows, and how a message may show what stood there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Mask, Positions
from relapse_model.cohort.reading_report import LeftOut, SourceReading
from relapse_model.cohort.tables.column_values import cell_shown
from relapse_model.cohort.tables.identifiers import identifier_keys
from relapse_model.cohort.tables.part_of_whole import bare_identifiers, holds_identifier
from relapse_model.errors import Problem

REFUSED = "refused"


@dataclass(frozen=True, eq=False)
class SourceTable:
    """A table of an export.

    Attributes
    ----------
    name : str
        What messages call it: the file or data set.
    columns : mapping of str to Series
        Texts, empty where there is nothing; all of one length, with positions as index.
    number : array of int
        Of each row, as the source numbers it.
    patient : Series
        The patient's identifier of each row, as it is spelled; empty where there is none.
    counted : str
        What `number` counts.
    """

    name: str
    columns: Mapping[str, pd.Series]
    number: NDArray[np.int64]
    patient: pd.Series
    counted: str = "row"

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.number)

    @cached_property
    def keys(self) -> pd.Series:
        """Return the identifiers in the form in which they are compared."""
        return identifier_keys(self.patient)

    @cached_property
    def _identifiers(self) -> frozenset[str]:
        return bare_identifiers(str(key) for key in self.keys.unique())

    def shown(self, text: str) -> str:
        """Return what stood in a cell as a message may show it: short, and without any patient's identifier."""
        if holds_identifier(text, self._identifiers):
            return "a text that is not shown, since a patient's identifier is in it"
        return cell_shown(text)

    def problems(
        self, rows: Mask | Positions, column: str, expected: str, advice: str = "", found: str | pd.Series | None = None
    ) -> list[Problem]:
        """Return one problem for each of some rows, placed in the source.

        Parameters
        ----------
        rows : array
            Mask or positions.
        column : str
        expected, advice : str
        found : str or Series, optional
            What came; by default the text in the column.
        """
        where = np.flatnonzero(rows) if rows.dtype == bool else rows
        texts = self.columns[column] if found is None else found
        return [
            Problem(
                self.name, int(self.number[row]), column, texts if isinstance(texts, str) else self.shown(texts[row]),
                expected, advice, str(self.keys[row]), counted=self.counted,
            )
            for row in where.tolist()
        ]  # fmt: skip


class Fates:
    """What became of each row: used by something, or left out for the first reason that was given."""

    def __init__(self, rows: int):
        self.used: Mask = np.zeros(rows, dtype=bool)
        self._reasons: list[str] = [""]
        self._reason = np.zeros(rows, dtype=np.int16)  # its place among the reasons

    def use(self, rows: Mask) -> None:
        """Note that rows were used."""
        self.used |= rows

    def leave(self, rows: Mask, reason: str) -> None:
        """Note why rows were not used; it holds unless they are used for something else."""
        if reason not in self._reasons:
            self._reasons.append(reason)
        self._reason[rows & (self._reason == 0)] = self._reasons.index(reason)

    def reading(
        self, source: str, number: NDArray[np.int64] | None, otherwise: str, counted: str, among: Mask | None = None
    ) -> SourceReading:  # fmt: skip
        """Return the account.

        Parameters
        ----------
        source : str
        number : array of int or None
            Of each row, as the source numbers it.
        otherwise : str
            Why the rows were not used that nothing asked for.
        counted : str
        among : array of bool, optional
            The rows that are accounted for; by default all.
        """
        among = np.ones(len(self.used), dtype=bool) if among is None else among | self.used
        unused = among & ~self.used
        places, first = np.unique(self._reason[unused], return_index=True)
        left = []
        for place in places[np.argsort(first)].tolist():
            rows = np.flatnonzero((self._reason == place) & unused)
            reason = self._reasons[place] or otherwise
            left.append(LeftOut(reason, len(rows), () if number is None else tuple(number[rows].tolist())))
        return SourceReading(source, counted, int(among.sum()), int(self.used.sum()), tuple(left))
