"""Conditions of a mapping (``when``) that no row fits: a slip of the pen, for which nothing would be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from relapse_model.cohort.readers.entry_rows import in_mapping, place_of
from relapse_model.cohort.readers.second_names import NAMED
from relapse_model.cohort.readers.source_mapping import Entry, SourceMapping
from relapse_model.cohort.readers.source_values import text_key
from relapse_model.errors import Problem
from relapse_model.study.line_numbers import Place
from relapse_model.study.names import name_key

_EXPECTED = "rows that fit, since no other entry is about the same"
_CORRECT = "Correct 'when'; or take the entry out, if there are none"
_ADVICE = "Correct it as the column spells it; take the entry out if there is nothing to read"


def not_there(wanted: Sequence[str], values: pd.Series) -> list[str]:
    """Return which of the texts that a condition names stand in no row.

    Parameters
    ----------
    wanted : sequence of str
    values : Series
        Texts of the column.

    Examples
    --------
    >>> not_there(["HBsAb", "hbsag"], pd.Series(["HBsAg", ""]))
    ['HBsAb']
    """
    there = {text_key(str(one)) for one in values.unique()}
    return [text for text in wanted if text_key(text) not in there]


def idle_entries(
    mapping: SourceMapping, rows: Mapping[tuple[str, int], int]
) -> Iterator[tuple[Entry, Problem | None]]:  # fmt: skip
    """Yield the entries whose condition no row fits; with a problem where no other entry has rows of the same.

    Parameters
    ----------
    mapping : SourceMapping
    rows : mapping of (str, int) to int
        How many rows fit each entry, by its section and position.
    """
    entries = [*mapping.labs, *mapping.treatments, *([mapping.outcome] if mapping.outcome else [])]
    told = {_about(one) for one in entries if rows.get((one.section, one.position), 0)}
    for one in entries:
        if not one.when or rows.get((one.section, one.position)) != 0:
            continue
        if _about(one) in told:
            yield one, None
        else:
            place = (*place_of(one), "when")
            yield one, in_mapping(mapping, place, "no row that fits", _EXPECTED, _ADVICE)


def unmet_conditions(
    mapping: SourceMapping, entries: Sequence[tuple[Entry, int, int]]
) -> tuple[list[Problem], list[str]]:
    """Return what is refused, and notes, where rows have the codes of an entry and none is as its ``when`` asks.

    Refused is an analyte of which nothing is read for that; of an agent, or an analyte that other entries read, it is
    noted.

    Parameters
    ----------
    mapping : SourceMapping
    entries : sequence of (Entry, int, int)
        Each with how many rows have its codes, and how many of these are as its ``when`` asks.
    """
    read = {_about(entry) for entry, _, met in entries if met}
    problems, notes = [], []
    for entry, came, met in _each_once(entries):
        if not entry.when or not came or met or entry.section not in NAMED:
            continue
        named = entry.constants.get(NAMED[entry.section], "")
        found = f"{came:,} rows of {named}, and none as 'when' asks"
        if entry.section == "labs" and _about(entry) not in read:
            place = (*place_of(entry), "when")
            problems.append(in_mapping(mapping, place, found, "values that occur together", _CORRECT))
        else:
            notes.append(f"{found}: see whether 'when' is right")
    return problems, notes


def condition_of(entry: Entry) -> str:
    """Return the condition of an entry, as a note tells it."""
    return " and ".join(f"{name} = {' or '.join(map(repr, texts))}" for name, texts in entry.when.items())


def key_of(place: Place) -> str:
    """Return a place in a mapping as messages name it, counted from 1."""
    return ".".join(str(part + 1) if isinstance(part, int) else part for part in place)


def _about(entry: Entry) -> tuple[str, str]:
    """Return what an entry is about: its analyte or agent, or the column that names it."""
    for key in ("analyte", "agent"):
        if key in entry.constants:
            return entry.section, name_key(entry.constants[key])
        if key in entry.fields:
            return entry.section, f"{entry.source}: {entry.fields[key].name}"
    return entry.section, ""


def _each_once(entries: Sequence[tuple[Entry, int, int]]) -> Iterator[tuple[Entry, int, int]]:
    """Yield each entry with its rows in all tables of the source."""
    sums: dict[tuple[str, int], tuple[Entry, int, int]] = {}
    for entry, came, met in entries:
        key = entry.section, entry.position
        _, before, met_before = sums.get(key, (entry, 0, 0))
        sums[key] = entry, before + came, met_before + met
    yield from sums.values()
