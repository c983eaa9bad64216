"""Columns beside a number that say in words whether it was detected, and that the mapping does not name."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from relapse_model.arrays import Mask
from relapse_model.cohort.readers.results_named import ADVICE, may_name_results, named_results
from relapse_model.cohort.readers.signs_beside import may_be_beside
from relapse_model.cohort.readers.source_mapping import Entry
from relapse_model.cohort.readers.spreadsheets.beside_values import at_visit_rest, pattern_of
from relapse_model.cohort.readers.spreadsheets.header_words import at_visit
from relapse_model.cohort.readers.spreadsheets.reading import Reading
from relapse_model.cohort.readers.spreadsheets.table import VISIT, name_of_column
from relapse_model.cohort.readers.words_beside import (
    ABSENT,
    EXPECTED,
    NEGATIVE,
    POSITIVE,
    PRESENT,
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

_WORDS = (NEGATIVE, ABSENT, POSITIVE, PRESENT)  # signs are looked for beside the number alone


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
            _refuse_named(reading, entry, visit, rows, study)
            for name, stated in _words_beside(reading, entry, visit, names):
                if not _is_sign(entry, name, visit):
                    _refuse_rows(reading, entry, visit, (name, stated), rows, study)
                pattern = pattern_of(name) if visit else name
                empty = (reading.results_read[entry.position, visit]["printed"] == "").to_numpy()
                alone[pattern] = alone.get(pattern, 0) + int((empty & stated.in_words).sum())
        table, value = reading.tables[entry.source].name, entry.fields["value"].name
        notes = [in_words_alone(table, pattern, value, count) for pattern, count in alone.items() if count]
        reading.notes += [note for note in notes if note not in reading.notes]
    for source in reading.tables:
        _refuse_all_denied(reading, source, names, study)


def _refuse_all_denied(reading: Reading, source: str, names: NameTable, study: Study | None) -> None:
    """Refuse rows of which a column without a visit, or without an analyte, denies every number that it may be about.

    Parameters
    ----------
    reading : Reading
    source : str
        Its name in the mapping.
    names : NameTable
        Of the analytes.
    study : Study or None
    """
    table = reading.tables[source]
    for place, name in enumerate(table.names):
        if place in reading.used[source] or at_visit(name) is not None:
            continue
        about = list(_numbers_of(reading, source, name, names))
        stated = stated_results([name], table.column(place)) if about else None
        if stated is None:
            continue
        said = np.where(np.isin(stated.said, _WORDS), stated.said, "")
        denied = [denied_results(results, said, study) & rows for results, rows in about]
        every = np.logical_and.reduce([one | ~rows for one, (_, rows) in zip(denied, about, strict=True)])
        texts, advice = table.column(place).astype(str).str.strip(), advice_on(name, stated.meanings)
        for row in np.flatnonzero(every & np.logical_or.reduce(denied)).tolist():
            value = next(
                results["value"].iloc[row] for (results, _), one in zip(about, denied, strict=True) if one[row]
            )
            found = reading.shown(f"{texts[row]} beside {value}")
            reading.cell_problem(source, row, name, found, EXPECTED, advice)


def _numbers_of(reading: Reading, source: str, name: str, names: NameTable) -> Iterator[tuple[pd.DataFrame, Mask]]:
    """Yield the results of a row that a column without a visit may be about, with the rows that have them."""
    for entry in reading.mapping.labs:
        for visit, rows in reading.rows_read.get((entry.section, entry.position), {}).items():
            value = entry.fields["value"].name.replace(VISIT, visit)
            own = [value, at_visit_rest(value, visit) or ""]
            if entry.source == source and is_about([name], entry.constants.get("analyte", ""), own, (), names):
                results = reading.results_read[entry.position, visit]
                yield results, rows & results["value"].astype(str).str.contains(r"\d").to_numpy(dtype=bool)


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


def _refuse_named(reading: Reading, entry: Entry, visit: str, rows: Mask, study: Study | None) -> None:
    """Refuse numbers beside which a remark names their analyte and says another result of it."""
    if study is None:
        return
    table, names = reading.tables[entry.source], analyte_names(study)
    results = reading.results_read[entry.position, visit]
    for place, name in enumerate(table.names):
        rest = at_visit_rest(name, visit)
        if rest is None or place in reading.used[entry.source] or not may_name_results([rest]):
            continue
        said = named_results(table.column(place), results["analyte"], names)
        texts = table.column(place).astype(str)
        for row in np.flatnonzero(denied_results(results, said, study) & rows).tolist():
            found = reading.shown(f"{texts[row].strip()} beside {results['value'].iloc[row]}")
            reading.cell_problem(entry.source, row, name, found, EXPECTED, ADVICE)


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
