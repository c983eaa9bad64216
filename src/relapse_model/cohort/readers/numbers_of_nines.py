"""Long numbers of nines alone, as sources write where there is no number."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from relapse_model.cohort.gate_tables import FIRST_ROW
from relapse_model.cohort.readers.made_table import MadeTable
from relapse_model.cohort.readers.source_mapping import SourceMapping
from relapse_model.cohort.readers.source_values import text_key
from relapse_model.cohort.tables.identifiers import identifier_keys
from relapse_model.errors import Problem

_NINES = re.compile(r"9{6,}(?:\.[09]+)?")  # of fewer a result may be made by chance
_FOUND = "{!r}, a number of nines alone, as it is written where there is none"
_EXPECTED = "a result"
_ADVICE = 'State under [missing] what it is: codes = ["{0}"] if it means no value, results = ["{0}"] if it is one'


def numbers_of_nines(made: Mapping[str, MadeTable], mapping: SourceMapping | None) -> Iterator[Problem]:
    """Yield a problem for each result of six or more nines alone, and of which the mapping says nothing.

    Of fewer, which may be results, `code_like` says so.

    Parameters
    ----------
    made : mapping of str to MadeTable
    mapping : SourceMapping or None
        Whose ``results`` under ``[missing]`` say which are results.

    Examples
    --------
    >>> rows = pd.DataFrame({"patient_id": ["7"] * 4, "value": ["9999999", "9999", "99", "<999999"]})
    >>> made = {"labs": MadeTable(rows, "LB", np.array([1, 2, 3, 4]), {"value": "LBORRES"})}
    >>> [one.row for one in numbers_of_nines(made, None)]
    [1]
    """
    table = made.get("labs")
    if table is None or "value" not in table.rows:
        return
    codes, texts = pd.factorize(table.rows["value"].astype(object))
    stated = set() if mapping is None else set(map(text_key, mapping.results))
    nines = [text for text in map(str, texts) if _NINES.fullmatch(text.strip()) and text_key(text) not in stated]
    if not nines:
        return
    wrong = np.array([*(str(text) in nines for text in texts), False], dtype=bool)[codes]
    for row in np.flatnonzero(wrong).tolist():
        text = str(table.rows["value"].iloc[row]).strip()
        key = str(identifier_keys(table.rows["patient_id"].iloc[[row]]).iloc[0])
        found, advice = _FOUND.format(text), _ADVICE.format(text)
        yield table.place(Problem("", row + FIRST_ROW, "value", found, _EXPECTED, advice, key))
