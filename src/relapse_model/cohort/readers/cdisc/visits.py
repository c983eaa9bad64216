"""Weeks by the names of visits (`[time.visits]`): for results without dates, and held against the dates of others."""

from __future__ import annotations

import numpy as np

from relapse_model.arrays import Floats, Mask
from relapse_model.cohort.readers.cdisc.data_set import Columns
from relapse_model.cohort.readers.cdisc.wanted import Wanted
from relapse_model.cohort.readers.entry_rows import in_mapping, place_of
from relapse_model.cohort.readers.label_words import plain_words
from relapse_model.cohort.readers.source_mapping import SourceMapping
from relapse_model.cohort.readers.visit_weeks import weeks_said
from relapse_model.errors import Problem

VISIT, NUMBER = "VISIT", "VISITNUM"


def visits_again(wanted: Wanted, chosen: Mask, mapping: SourceMapping) -> list[Problem]:
    """Refuse a visit whose name says the week of results and stands for several visits (VISITNUM).

    Parameters
    ----------
    wanted : Wanted
    chosen : array of bool
        Rows that count.
    mapping : SourceMapping
    """
    data, entry = wanted.data, wanted.entry
    week = entry.fields.get("week")
    if week is None or week.name != VISIT or NUMBER not in data or NUMBER in entry.when:
        return []
    problems = []
    for visit in data.counts(VISIT, chosen):
        numbers = data.counts(NUMBER, chosen & data.holds(VISIT, (visit,)))
        if len(numbers) > 1:
            said = ", ".join(f"{number} ({count:,})" for number, count in numbers.items())
            found = f"{data.name}: several {NUMBER} of {VISIT} {visit!r}: {said}"
            first = next(iter(numbers))
            advice = (
                f'Name each of them in an entry with its week: when = {{ {NUMBER} = "{first}" }} and '
                f'week = {{ field = "{VISIT}", values = {{ "{visit}" = "..." }} }}'
            )
            problems.append(in_mapping(mapping, place_of(entry), found, "one week of each visit", advice))
    return problems


def weeks_of_visits(columns: Columns, rows: int, mapping: SourceMapping) -> Floats:
    """Return the week that the mapping states for the visit of each row; NaN where it states none.

    Parameters
    ----------
    columns : Columns
    rows : int
    mapping : SourceMapping
    """
    if not mapping.time.visits or VISIT not in columns.data:
        return np.full(rows, np.nan)
    named = {plain_words(visit): week for visit, week in mapping.time.visits.items()}
    texts = columns[VISIT]
    return np.where(texts.map(plain_words).isin(named), weeks_said(texts, named), np.nan)
