"""Proposed entries of treatments: histories written as text, and sheets of one row per course or dose."""

from __future__ import annotations

import numpy as np

from relapse_model.cohort.readers.proposed_text import quoted
from relapse_model.cohort.readers.spreadsheets.courses import entries_of, read_history
from relapse_model.cohort.readers.spreadsheets.header_words import (
    AGENTS,
    DOSE_UNITS,
    DOSES,
    ENDS,
    HISTORIES,
    STARTS,
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
