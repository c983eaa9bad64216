"""Of a labs table, what results are read from: arrays that are cut and looked at without pandas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Floats, Mask, Positions
from relapse_model.cohort.tables.column_values import codes_of
from relapse_model.cohort.tables.columns import MINUTE


@dataclass(frozen=True, slots=True, eq=False)
class CodedTexts:
    """A column of texts: the number of each row's text, -1 for none, and the texts, each once."""

    codes: NDArray[np.signedinteger[Any]]
    texts: NDArray[np.object_]

    def take(self, rows: NDArray[np.signedinteger[Any]]) -> CodedTexts:
        """Return some of the rows, by position."""
        return CodedTexts(self.codes[rows], self.texts)

    def among(self, *texts: str) -> Mask:
        """Tell which rows have one of these texts."""
        found = np.zeros(len(self.codes), dtype=bool)
        for code, one in enumerate(self.texts):
            if one in texts:
                found |= self.codes == code
        return found

    def rank(self) -> Positions:
        """Return the place of each row's text in the order of the texts; no text comes last."""
        place = np.empty(len(self.texts) + 1, dtype=np.intp)
        place[np.argsort(self.texts.astype(str))] = np.arange(len(self.texts))
        place[-1] = len(self.texts)
        of_row: Positions = place[self.codes]
        return of_row


@dataclass(frozen=True, slots=True, eq=False)
class LabRows:
    """Rows of a labs table that the gate has read; a column that the table lacks is None.

    `detected` is 1, 0, or -1 where the laboratory did not say.
    """

    patient: Positions
    week: Floats
    number: Floats
    lower: Floats
    upper: Floats
    detected: NDArray[np.int8]
    kind: CodedTexts
    comparator: CodedTexts
    unit: CodedTexts
    assay: CodedTexts | None
    lower_limit: Floats | None
    minute: Floats | None

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.week)

    def take(self, rows: NDArray[np.signedinteger[Any]]) -> LabRows:
        """Return some of the rows, by position."""
        return LabRows(
            self.patient[rows], self.week[rows], self.number[rows], self.lower[rows], self.upper[rows],
            self.detected[rows], self.kind.take(rows), self.comparator.take(rows), self.unit.take(rows),
            None if self.assay is None else self.assay.take(rows),
            None if self.lower_limit is None else self.lower_limit[rows],
            None if self.minute is None else self.minute[rows],
        )  # fmt: skip


def lab_rows(labs: pd.DataFrame) -> LabRows:
    """Return of a labs table what results are read from.

    Parameters
    ----------
    labs : DataFrame
        As the gate has read it.
    """

    def numbers(name: str) -> Floats:
        return labs[name].to_numpy(dtype=float)

    return LabRows(
        patient=labs["patient"].to_numpy(dtype=np.intp),
        week=numbers("week"),
        number=numbers("number"),
        lower=numbers("lower"),
        upper=numbers("upper"),
        detected=_detection(labs["detected"]),
        kind=coded(labs["kind"]),
        comparator=coded(labs["comparator"]),
        unit=coded(labs["unit"]),
        assay=coded(labs["assay"]) if "assay" in labs else None,
        lower_limit=numbers("lower_limit") if "lower_limit" in labs else None,
        minute=numbers(MINUTE) if MINUTE in labs else None,
    )


def coded(column: pd.Series) -> CodedTexts:
    """Return a column of texts as numbers and texts.

    Parameters
    ----------
    column : Series
    """
    codes, texts = codes_of(column)
    return CodedTexts(codes, np.asarray(texts, dtype=object))


def _detection(column: pd.Series) -> NDArray[np.int8]:
    said = column.to_numpy(dtype=object).astype(np.float32)  # of True, False and None
    said[np.isnan(said)] = -1
    return said.astype(np.int8)
