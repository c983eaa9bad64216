"""Births and deaths that the Patient resources tell, whatever the mapping reads of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from relapse_model.cohort.readers.after_death import last_days
from relapse_model.cohort.readers.fhir.cohort_tables import Kept
from relapse_model.cohort.readers.fhir.collect import Collector
from relapse_model.cohort.readers.fhir.elements import NotFhirError, text_in
from relapse_model.cohort.readers.fhir.files import Found
from relapse_model.cohort.readers.fhir.resource_types import BIRTH, DEATHS
from relapse_model.cohort.readers.fhir.times import local_time
from relapse_model.cohort.readers.made_table import MadeTable
from relapse_model.cohort.tables.identifiers import identifier_key
from relapse_model.errors import Problem

_PART = "0000-00"  # a date without its day has at most as many letters


@dataclass(frozen=True, slots=True, eq=False)
class Lives:
    """What is known of births and deaths of patients of the cohort.

    Attributes
    ----------
    births, deaths : MadeTable
        ``patient_id`` and ``date``.
    problems : list of Problem
    notes : list of str
    """

    births: MadeTable
    deaths: MadeTable
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def lives_of(collector: Collector, kept: Kept) -> Lives:
    """Return the births and deaths of the patients of the cohort.

    Parameters
    ----------
    collector : Collector
    kept : Kept
    """
    births: list[tuple[int, str]] = []
    deaths: list[tuple[int, str]] = []
    problems: list[Problem] = []
    without = 0
    for place in np.flatnonzero(kept.cohort).tolist():
        found = collector.patients.found[place]
        try:
            born, died = text_in(found.resource, BIRTH), _death(found, collector.cells.zone)
        except NotFhirError as wrong:
            own = identifier_key(str(kept.ids[place]))
            problems.append(Problem(found.file, found.number, wrong.element, wrong.found, wrong.expected, "", own,
                                    counted="entry"))  # fmt: skip
            continue
        if born:
            births.append((place, born))
        if died:
            deaths.append((place, died))
        without += died is None
    notes = list(_notes(len(deaths), without))
    told = last_days(_table(collector, kept, deaths, DEATHS[0]))
    return Lives(_table(collector, kept, births, BIRTH), told, problems, notes)


def _death(found: Found, zone: str) -> str | None:
    """Return the day of death as far as it is known; empty of the living, None where it is not known when."""
    moment, died = (text_in(found.resource, name) for name in DEATHS)
    if moment and died:
        raise NotFhirError(DEATHS[0], " and ".join(DEATHS), "one of them")
    if not moment:
        return None if died == "true" else ""
    day = moment if len(moment) <= len(_PART) else local_time(moment, zone)
    if day is None:
        raise NotFhirError(DEATHS[0], "no date", "a date as YYYY-MM-DD, YYYY-MM or YYYY")
    return day


def _notes(deaths: int, without: int) -> Iterator[str]:
    if deaths:
        yield f"{deaths:,} patients died by the source ({DEATHS[0]}): what is dated after their deaths is refused"
    if without:
        yield f"{without:,} patients died by the source ({DEATHS[1]}), which does not say when"


def _table(collector: Collector, kept: Kept, rows: list[tuple[int, str]], element: str) -> MadeTable:
    places = np.array([place for place, _ in rows], dtype=np.intp)
    found = [collector.patients.found[place] for place in places.tolist()]
    table = pd.DataFrame({"patient_id": kept.ids[places], "date": [text for _, text in rows]}, dtype=object)
    file = np.array([one.file for one in found], dtype=object)
    entry = np.array([one.number for one in found], dtype=np.int64)
    return MadeTable(table, file, entry, {"date": element}, counted="entry")
