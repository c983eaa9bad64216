"""Results that stand as text alone, in which a point may part thousands: 1.250 beside 0,12."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from relapse_model.cohort.gate_tables import FIRST_ROW
from relapse_model.cohort.readers.decimal_signs import NO_THOUSANDS, has_comma, may_be_thousands, parts_thousands
from relapse_model.cohort.readers.made_table import MadeTable
from relapse_model.cohort.tables.identifiers import identifier_keys
from relapse_model.errors import Problem

_ADVICE = (
    "Write all results with one decimal sign, or export them as numbers: LBSTRESN, value_as_number or valueQuantity "
    "says what a text beside it means"
)


def texts_beside_commas(made: Mapping[str, MadeTable]) -> Iterator[Problem]:
    """Yield a problem for each result that stands as text, and whose point may part thousands.

    So it may where any result of the source has a decimal comma, and by the other texts of its analyte.

    Parameters
    ----------
    made : mapping of str to MadeTable

    Examples
    --------
    >>> rows = pd.DataFrame({"patient_id": ["7"] * 3, "analyte": "alt", "value": ["1.250", "0,12", "1.250"]})
    >>> made = {"labs": MadeTable(rows, "LB", np.array([1, 2, 3]), as_text=np.array([True, True, False]))}
    >>> [one.row for one in texts_beside_commas(made)]
    [1]
    """
    table = made.get("labs")
    if table is None or table.as_text is None:
        return
    codes, printed = pd.factorize(table.rows["value"].astype(str))
    texts = [str(one) for one in printed]
    unsure = np.zeros(len(codes), dtype=bool)
    if any(map(has_comma, texts)):
        unsure |= np.array(list(map(parts_thousands, texts)), dtype=bool)[codes]
    for rows in table.rows.groupby("analyte", sort=False).indices.values():
        own = np.unique(codes[rows])
        which = np.zeros(len(texts), dtype=bool)
        which[own] = may_be_thousands([texts[place] for place in own])
        unsure[rows] |= which[codes[rows]]
    if not unsure.any():
        return
    as_text = table.as_text() if callable(table.as_text) else table.as_text
    keys = identifier_keys(table.rows["patient_id"].astype(object))
    for row in np.flatnonzero(unsure & as_text).tolist():
        found = repr(texts[codes[row]])
        yield table.place(
            Problem("labs", row + FIRST_ROW, "value", found, NO_THOUSANDS[0], _ADVICE, str(keys.iloc[row]))
        )
