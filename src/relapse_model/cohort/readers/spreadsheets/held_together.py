"""What is held together when every column was read: how numbers are printed, and conditions that no row fits."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from relapse_model.cohort.readers.decimal_signs import (
    NO_THOUSANDS,
    NOT_BESIDE_COMMAS,
    has_comma,
    may_be_thousands,
    parts_thousands,
)
from relapse_model.cohort.readers.idle_conditions import condition_of, idle_entries, key_of, not_there
from relapse_model.cohort.readers.spreadsheets.reading import Reading


def refuse_other_decimals(reading: Reading) -> None:
    """Refuse points that may part thousands: in the visits of an entry, and in a source whose numbers have commas.

    A sheet for which ``decimal`` is stated needs no other to be understood.

    Parameters
    ----------
    reading : Reading
        After everything was read.
    """
    texts = {at: [str(one) for one in values.unique()] for at, (_, values) in reading.numbers_read.items()}
    groups: dict[object, list[tuple[str, str]]] = {}
    for at, (of, _) in reading.numbers_read.items():
        groups.setdefault(at if of is None else of, []).append(at)
    for columns in groups.values():
        joined = list(dict.fromkeys(text for at in columns for text in texts[at]))
        wrong = {text for text, one in zip(joined, may_be_thousands(joined), strict=True) if one}
        if len(columns) > 1 and wrong:
            for at in columns:
                _refuse(reading, at, wrong, *NO_THOUSANDS)
    commas = [at for at, own in texts.items() if any(map(has_comma, own))]
    if not commas:
        return
    expected, advice = NOT_BESIDE_COMMAS
    for at, own in texts.items():
        if "decimal" not in reading.options(at[0]):
            _refuse(reading, at, filter(parts_thousands, own), expected.format(commas[0][1]), advice)


def _refuse(reading: Reading, at: tuple[str, str], texts: Iterable[str], expected: str, advice: str) -> None:
    source, name = at
    table, values = reading.tables[source], reading.numbers_read[at][1]
    wrong = values.isin(list(texts)).to_numpy(dtype=bool) & ~table.numeric(table.found(name)[0])
    for row in np.flatnonzero(wrong & ~reading.strangers(source)).tolist():
        reading.cell_problem(source, row, name, reading.shown(values.iloc[row]), expected, advice)


def refuse_idle_conditions(reading: Reading) -> None:
    """Refuse conditions that no row fits, if nothing else is read of the same; note them, and texts that stand nowhere.

    Parameters
    ----------
    reading : Reading
        After everything was read.
    """
    for (place, name, wanted), columns in reading.conditions.items():
        if idle := not_there(wanted, pd.concat(columns, ignore_index=True)):
            reading.notes.append(f"{key_of(place)}: {', '.join(map(repr, idle))} stands in no row of {name!r}")
    for entry, problem in idle_entries(reading.mapping, reading.fitting):
        if problem is None:
            title = reading.tables[entry.source].name
            reading.notes.append(f"{title}: no row fits when {condition_of(entry)}, so that nothing is read by it")
        else:
            reading.refuse(problem)
