"""Proposed entries of treatments: histories written as text, and sheets of one row per course or dose."""

from __future__ import annotations

import numpy as np

from relapse_model.cohort.readers.course_words import agent_and_day, going_on
from relapse_model.cohort.readers.proposed_text import quoted
from relapse_model.cohort.readers.spreadsheets.courses import entries_of, read_history
from relapse_model.cohort.readers.spreadsheets.header_words import (
    AGENTS,
    DOSE_UNITS,
    DOSES,
    ENDS,
    HISTORIES,
    STARTS,
    at_visit,
    bare_name,
)
from relapse_model.cohort.readers.spreadsheets.look import Look
from relapse_model.cohort.readers.spreadsheets.proposal import Proposal

_LISTED = 10  # rows in a comment


def histories(proposal: Proposal, source: str, look: Look) -> None:
    """Write an entry for a column of histories: one that is called so, or most of whose cells parse as such."""
    for place, name in enumerate(look.table.names):
        texts = look.texts(place)
        if proposal.uses(look, place) or not len(texts):
            continue
        read = {text: read_history(str(text), proposal.agents) for text in texts.unique()}
        sound = np.array([isinstance(read[text], list) and bool(read[text]) for text in texts])
        if bare_name(name) not in HISTORIES and not (sound.mean() > 0.5):
            continue
        proposal.use(look, place)
        proposal.add("", "[[treatments]]", f"# {sum(len(entries_of(str(text))) for text in texts)} entries")
        wrong = [int(look.table.rows[at]) for at in texts.index[~sound]]
        if wrong:
            rows = ", ".join(map(str, wrong[:_LISTED])) + (", ..." if len(wrong) > _LISTED else "")
            proposal.add(f"# These rows do not parse entirely and would be refused: {rows}")
        proposal.add(*([f"source = {quoted(source)}"] if source else []))
        proposal.add('form = "courses"', f"agent = {{ field = {quoted(name)} }}")
        empty = len(look.table) - len(texts)
        if empty:
            proposal.ask(
                f'{empty} cells are empty. "none" if these patients were given nothing, else "refuse".',
                'empty = "refuse"',
            )


def treatment_rows(proposal: Proposal, source: str, look: Look) -> None:
    """Write an entry for a sheet of one row per course or dose: its columns of agent, days, dose and unit."""
    bare = [bare_name(name) for name in look.table.names]

    def first(words: tuple[str, ...]) -> int | None:
        return next(
            (bare.index(word) for word in words if word in bare and not proposal.uses(look, bare.index(word))), None
        )

    agent, start = first(AGENTS), first(STARTS)
    if agent is None or start is None:
        return
    end, dose, unit = first(ENDS), first(DOSES), first(DOSE_UNITS)
    names = look.table.names
    places = {"start": start, "end": end, "dose": dose}
    proposal.use(look, *(place for place in (agent, start, end, dose, unit) if place is not None))
    counts = look.texts(agent).value_counts()
    proposal.add("", "[[treatments]]")
    for text, count in list(counts.items())[:_LISTED]:
        meaning = proposal.agents.meaning(str(text))
        said = meaning.name or (f"like {', '.join(meaning.doubt)}: give its meaning" if meaning.doubt else "not used")
        proposal.add(f"# {text}: {count}, {said}")
    proposal.add(*([f"source = {quoted(source)}"] if source else []), f"agent = {{ field = {quoted(names[agent])} }}")
    proposal.add(*(f"{key} = {quoted(names[place])}" for key, place in places.items() if place is not None))
    if unit is not None:
        proposal.add(f"unit = {{ field = {quoted(names[unit])} }}")
    elif dose is not None:
        proposal.ask("In which unit is the dose? There is no column of units.", 'unit = ""')


def dated_courses(proposal: Proposal, source: str, look: Look) -> None:
    """Write an entry for each agent that columns of dates are called by, such as "PegIFN start" and "PegIFN end".

    Parameters
    ----------
    proposal : Proposal
    source : str
        Its name in the mapping; empty for the sheet of the patients.
    look : Look
    """
    days: dict[str, dict[str, list[int]]] = {}
    for place, name in enumerate(look.table.names):
        said = None if proposal.uses(look, place) or at_visit(name) else agent_and_day(bare_name(name), proposal.agents)
        if said is not None and _dates(look, place):
            days.setdefault(said[0], {}).setdefault(said[1], []).append(place)
    for agent, found in days.items():
        starts, ends, alone = (found.get(day, []) for day in ("start", "end", ""))
        if not (len(starts) == 1 and len(ends) <= 1 and not alone) and not (len(alone) == 1 and not starts):
            proposal.add(f"# {agent}: several columns of dates; name each course in a [[treatments]] of its own")
            continue
        names = look.table.names
        first = (starts or alone)[0]
        proposal.use(look, first, *ends)
        proposal.add("", "[[treatments]]", *([f"source = {quoted(source)}"] if source else []))
        proposal.add(f"agent = {quoted(agent)}", f"start = {quoted(names[first])}")
        if alone:
            proposal.ask("Is it a single dose? Then it ends on its day; else name the column of its last day", (
                f"end = {quoted(names[first])}"
            ))  # fmt: skip
        elif ends:
            proposal.add(f"end = {quoted(names[ends[0]])}")
            lacking = len(look.texts(first)) - len(look.texts(ends[0]))
            proposal.add(*([f"#? {going_on(lacking)}"] if lacking > 0 else []))
        else:
            proposal.ask("Which column is its last day? A course without one goes on; or take the line out", 'end = ""')


def _dates(look: Look, place: int) -> bool:
    """Tell whether most cells of a column hold dates, in any order of their parts, and maybe several of them."""
    texts = look.texts(place)
    found = texts.str.contains(r"\d[-./年]\d{1,2}")
    return bool(len(texts)) and bool(found.mean() > 0.5)
