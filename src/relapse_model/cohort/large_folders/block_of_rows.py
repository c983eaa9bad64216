"""A block of consecutive rows of a table, and where each stands in the whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Consecutive rows of a table.

    Attributes
    ----------
    numbers : array of int
        As a spreadsheet counts the rows of the file: the header is row 1.
    ids : list of str
        Identifiers as the gate reads them: one key for all forms of each.
    rows : object
        The rows, as the form of the table keeps them.
    """

    numbers: Numbers
    ids: list[str]
    rows: Any


def owner_column(columns: list[str]) -> int:
    """Return the place of the column that says whose a row is.

    Parameters
    ----------
    columns : list of str
        As they stand in the file.

    Raises
    ------
    ValueError
        If there is none.
    """
    return [name.strip().lstrip("\ufeff") for name in columns].index("patient_id")
