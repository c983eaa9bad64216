"""Units that are numbers: a column of something else, which no unit explains."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from relapse_model.cohort.gate_tables import FIRST_ROW
from relapse_model.cohort.readers.made_table import MadeTable
from relapse_model.cohort.tables.identifiers import identifier_keys
from relapse_model.errors import Problem

_ADVICE = "See that no other column is read as that of the units, and that none has moved"


def is_number(unit: str) -> bool:
    """Tell whether a unit is a number; ``1``, which UCUM has for what has no dimension, is a unit.

    Examples
    --------
    >>> [is_number(unit) for unit in ("200.0", "0,5", "1", "IU/mL", "10^9/L", "%", "")]
    [True, True, False, False, False, False, False]
    """
    plain = unicodedata.normalize("NFKC", unit).strip().replace(",", ".")
    if not plain[:1].isdigit() and plain[:1] not in ("-", "+", "."):
        return False
    try:
        float(plain)
    except ValueError:
        return False
    return plain != "1"


def unit_numbers(made: Mapping[str, MadeTable]) -> Iterator[Problem]:
    """Yield a problem for each result, and each course, whose unit is a number.

    Parameters
    ----------
    made : mapping of str to MadeTable
    """
    for name in ("labs", "treatments"):
        table = made.get(name)
        if table is None or "unit" not in table.rows or "patient_id" not in table.rows:
            continue
        codes, units = pd.factorize(table.rows["unit"].astype(object))
        wrong = np.array([*(is_number(str(one)) for one in units), False], dtype=bool)[codes]
        where = np.flatnonzero(wrong)
        keys = identifier_keys(table.rows["patient_id"].iloc[where])
        for row, key in zip(where.tolist(), keys, strict=True):
            found = repr(str(table.rows["unit"].iloc[row]))
            yield table.place(Problem("", row + FIRST_ROW, "unit", found, "a unit", _ADVICE, str(key)))
