"""Conditions that no row of the source meets: a slip of the pen in one would be a cohort without results."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from relapse_model.cohort.readers.entry_rows import in_mapping, place_of
from relapse_model.cohort.readers.second_names import NAMED
from relapse_model.cohort.readers.source_mapping import Entry, SourceMapping
from relapse_model.errors import Problem

_ADVICE = "Correct 'when'; or take the entry out, if there are none"


def unmet(mapping: SourceMapping, entries: Sequence[tuple[Entry, int, int]]) -> tuple[list[Problem], list[str]]:
    """Return what is refused, and notes, where rows have the codes of an entry and none is as its ``when`` asks.

    Refused is an analyte of which nothing is read for that; of an agent, or an analyte that other entries read, it is
    noted.

    Parameters
    ----------
    mapping : SourceMapping
    entries : sequence of (Entry, int, int)
        Each with how many rows have its codes, and how many of these are as its ``when`` asks.
    """
    read = {_named(entry) for entry, _, met in entries if met}
    problems, notes = [], []
    for entry, came, met in _each_once(entries):
        if not entry.when or not came or met or entry.section not in NAMED:
            continue
        found = f"{came:,} rows of {_named(entry)[1]}, and none as 'when' asks"
        if entry.section == "labs" and _named(entry) not in read:
            place = (*place_of(entry), "when")
            problems.append(in_mapping(mapping, place, found, "values that occur together", _ADVICE))
        else:
            notes.append(f"{found}: see whether 'when' is right")
    return problems, notes


def _named(entry: Entry) -> tuple[str, str]:
    return entry.section, entry.constants.get(NAMED.get(entry.section, ""), "")


def _each_once(entries: Sequence[tuple[Entry, int, int]]) -> Iterator[tuple[Entry, int, int]]:
    """Yield each entry with its rows in all tables of the source."""
    sums: dict[tuple[str, int], tuple[Entry, int, int]] = {}
    for entry, came, met in entries:
        key = entry.section, entry.position
        _, before, met_before = sums.get(key, (entry, 0, 0))
        sums[key] = entry, before + came, met_before + met
    yield from sums.values()
