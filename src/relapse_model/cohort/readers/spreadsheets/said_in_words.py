"""Columns beside a number that say in words whether it was detected, and that the mapping does not name."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from relapse_model.arrays import Mask
from relapse_model.cohort.readers.signs_beside import may_be_beside
from relapse_model.cohort.readers.source_mapping import Entry
from relapse_model.cohort.readers.spreadsheets.beside_values import at_visit_rest, pattern_of
from relapse_model.cohort.readers.spreadsheets.reading import Reading
from relapse_model.cohort.readers.spreadsheets.table import VISIT, name_of_column
from relapse_model.cohort.readers.words_beside import (
    EXPECTED,
    Stated,
    advice_on,
    denied_results,
    in_words_alone,
    is_about,
    stated_results,
    stated_signs,
)
from relapse_model.study.names import NameTable
from relapse_model.study.names_known import analyte_names
from relapse_model.study.study import Study


def refuse_denied_numbers(reading: Reading, study: Study | None) -> None:
    """Refuse numbers of which a column that is not read says in words that they were not detected.

    Parameters
    ----------
    reading : Reading
        After everything was read.
    study : Study or None
    """
    names = NameTable({}, ()) if study is None else analyte_names(study)
    for entry in reading.mapping.labs:
        alone: dict[str, int] = {}
        for visit, rows in reading.rows_read.get((entry.section, entry.position), {}).items():
            for name, stated in _words_beside(reading, entry, visit, names):
                if not _is_sign(entry, name, visit):
                    _refuse_rows(reading, entry, visit, (name, stated), rows, study)
                pattern = pattern_of(name) if visit else name
                empty = (reading.results_read[entry.position, visit]["printed"] == "").to_numpy()
                alone[pattern] = alone.get(pattern, 0) + int((empty & stated.in_words).sum())
        table, value = reading.tables[entry.source].name, entry.fields["value"].name
        notes = [in_words_alone(table, pattern, value, count) for pattern, count in alone.items() if count]
        reading.notes += [note for note in notes if note not in reading.notes]


def _is_sign(entry: Entry, name: str, visit: str) -> bool:
    """Tell whether a column is read as the comparator of an entry: it then tells nothing where there is no number."""
    sign = entry.fields.get("comparator")
    return sign is not None and name_of_column(sign.name.replace(VISIT, visit)) == name_of_column(name)


def _refuse_rows(
    reading: Reading, entry: Entry, visit: str, column: tuple[str, Stated], rows: Mask, study: Study | None
) -> None:  # fmt: skip
    name, stated = column
    results = reading.results_read[entry.position, visit]
    texts = reading.tables[entry.source].column(reading.tables[entry.source].names.index(name)).astype(str)
    advice = advice_on(pattern_of(name) if visit else name, stated.meanings)
    for row in np.flatnonzero(denied_results(results, stated.said, study) & rows).tolist():
        found = reading.shown(f"{texts[row].strip()} beside {results['value'].iloc[row]}")
        reading.cell_problem(entry.source, row, name, found, EXPECTED, advice)


def _words_beside(reading: Reading, entry: Entry, visit: str, names: NameTable) -> Iterator[tuple[str, Stated]]:
    table, value = reading.tables[entry.source], entry.fields["value"].name.replace(VISIT, visit)
    own = [value, at_visit_rest(value, visit) or ""]
    here = [one for one in reading.mapping.labs if one.source == entry.source and one.position != entry.position]
    others = [one.fields["value"].name for one in here if one.fields["value"].name != entry.fields["value"].name]
    used = reading.used[entry.source]
    for place, name in enumerate(table.names):
        rest = at_visit_rest(name, visit)
        if rest is None or (place in used and not _is_sign(entry, name, visit)):
            continue
        if any(name_of_column(one.replace(VISIT, visit)) == name_of_column(name) for one in others):
            continue
        analyte, stated = entry.constants.get("analyte", ""), None
        if is_about([rest], analyte, own, others, names):
            stated = stated_results([rest], table.column(place))
        elif place not in used:
            rests = (at_visit_rest(one, visit) for at, one in enumerate(table.names) if at not in {place, *used})
            if may_be_beside([rest], analyte, [one for one in rests if one], names):
                stated = stated_signs(table.column(place))
        if stated is not None:
            yield name, stated
