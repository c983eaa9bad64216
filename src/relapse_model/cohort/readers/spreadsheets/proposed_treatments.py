"""Proposed entries of treatments: histories written as text, and sheets of one row per course or dose."""

from __future__ import annotations

import re

import numpy as np

from relapse_model.cohort.readers.course_words import agent_and_day, goes_on, going_on, last_day
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
from relapse_model.cohort.readers.spreadsheets.proposed_doses import (
    agent_and_dose,
    ask_end,
    dates_in,
    dose_lines,
    drug_column,
)
from relapse_model.study.names import NameTable

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

    agent = first(AGENTS)
    agent = drug_column(proposal, look) if agent is None else agent
    start, end = (first(words) if agent is None else _day_of(bare, agent, day, first(words))
                  for day, words in (("start", STARTS), ("end", ENDS)))  # fmt: skip
    if agent is None or start is None:
        return
    dose, unit = first(DOSES), first(DOSE_UNITS)
    names = look.table.names
    places = {"start": start, "end": end, "dose": dose}
    proposal.use(look, *(place for place in (agent, start, end, dose, unit) if place is not None))
    counts = look.texts(agent).value_counts()
    proposal.add("", "[[treatments]]")
    unknown = [str(text) for text in counts.index if not proposal.agents.meaning(str(text)).name][:_LISTED]
    if unknown:
        line = f'agent = {{ field = {quoted(names[agent])}, values = {{ {quoted(unknown[0])} = "..." }} }}'
        proposal.add(
            f"# Not known to the study: {', '.join(map(quoted, unknown))}. If one is an agent of it by another name, "
            f"give its meaning: {line}"
        )
    for text, count in list(counts.items())[:_LISTED]:
        meaning = proposal.agents.meaning(str(text))
        said = meaning.name or (f"like {', '.join(meaning.doubt)}: give its meaning" if meaning.doubt else "not used")
        proposal.add(f"# {text}: {count}, {said}")
    proposal.add(*([f"source = {quoted(source)}"] if source else []), f"agent = {{ field = {quoted(names[agent])} }}")
    proposal.add(
        *(last_day(names[place], map(str, look.texts(place))) if key == "end" else f"{key} = {quoted(names[place])}"
          for key, place in places.items() if place is not None)
    )  # fmt: skip
    if unit is not None:
        proposal.add(f"unit = {{ field = {quoted(names[unit])} }}")
    elif dose is not None:
        proposal.ask("In which unit is the dose? There is no column of units.", 'unit = ""')
    if end is not None:
        _ask_going_on(proposal, look, agent, start, end)


def _ask_going_on(proposal: Proposal, look: Look, agent: int, start: int, end: int) -> None:
    """Ask about courses of the study's agents that began and have no last day."""
    given = look.texts(agent).map(lambda text: proposal.agents.meaning(str(text)).name is not None)
    courses = look.texts(agent).index[given.to_numpy(dtype=bool)]
    lacking = courses.intersection(look.texts(start).index).difference(look.texts(end).index)
    proposal.add(*([f"#? {going_on(len(lacking))}"] if len(lacking) else []))


def _day_of(bare: list[str], agent: int, day: str, usual: int | None) -> int | None:
    """Return the column of a day that is called by that of the agents ("NUC start"), else the usual one."""
    own = NameTable({bare[agent]: ()}, (bare[agent],))
    return next((place for place, name in enumerate(bare) if agent_and_day(name, own) == (bare[agent], day)), usual)


def _ends(look: Look, place: int) -> bool:
    """Tell whether all cells of a column are dates, or say that a course goes on."""
    texts = [str(one) for one in look.texts(place).unique()]
    return bool(texts) and all(goes_on(one) or re.match(r"\d{1,4}[-./年]\d{1,2}", one) for one in texts)


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
    doses: dict[str, list[int]] = {}
    for place, name in enumerate(look.table.names):
        said = None if proposal.uses(look, place) or at_visit(name) else agent_and_day(bare_name(name), proposal.agents)
        if said is not None and (dates_in(look, place) or (said[1] == "end" and _ends(look, place))):
            days.setdefault(said[0], {}).setdefault(said[1], []).append(place)
        elif (amount := agent_and_dose(bare_name(name), proposal.agents)) and not proposal.uses(look, place):
            doses.setdefault(amount, []).append(place)
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
            ask_end(proposal, names[first])
            if len(doses.get(agent, [])) == 1:
                dose_lines(proposal, look, names[doses[agent][0]], doses[agent])
        elif ends:
            proposal.add(last_day(names[ends[0]], map(str, look.texts(ends[0]))))
            lacking = len(look.texts(first)) - len(look.texts(ends[0]))
            proposal.add(*([f"#? {going_on(lacking)}"] if lacking > 0 else []))
        else:
            proposal.ask("Which column is its last day? A course without one goes on; or take the line out", 'end = ""')
