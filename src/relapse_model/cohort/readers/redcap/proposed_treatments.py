"""Proposed entries of treatments: fields that name an agent, and dates that are called by one."""

from __future__ import annotations

import re
from collections.abc import Mapping

from relapse_model.cohort.readers.beside_rows import words_of
from relapse_model.cohort.readers.course_words import agent_and_day, going_on, last_day
from relapse_model.cohort.readers.proposed_text import MAY, MUST, comment, quoted
from relapse_model.cohort.readers.redcap.found_fields import Found
from relapse_model.cohort.readers.redcap.proposal import Proposal, note_of
from relapse_model.cohort.readers.redcap.proposed_doses import dose_lines, doses_of, is_beside, without_number
from relapse_model.study.names import NameTable
from relapse_model.study.names_known import agent_names

_START = re.compile(r"start|begin|first|from|given|date")
_ANY = frozenset(("drug", "agent", "treatment", "tx", "therapy", "name", "medication", "med", "date", "start", "stop"))
_END = re.compile(r"stop|end|last|until|to_date")


def treatment_lines(proposal: Proposal) -> list[str]:
    """Return the entries of treatments.

    Parameters
    ----------
    proposal : Proposal
    """
    names = agent_names(proposal.study)
    lines: list[str] = []
    for one in proposal.found:
        if one.name in proposal.named or one.date:
            continue
        texts = {text: names.meaning(one.choices.get(text, text)).name for text in (one.choices or one.texts)}
        known = [text for text, agent in texts.items() if agent is not None]
        if not known:
            continue
        proposal.named.add(one.name)
        lines += ["", "[[treatments]]", _agents(one, texts)]
        lines += _course(proposal, one)
    return [*lines, *_dated_courses(proposal)]


def _dated_courses(proposal: Proposal) -> list[str]:
    """Return an entry for each agent that fields of dates are called by, with its first day and its last."""
    names, lines = agent_names(proposal.study), list[str]()
    days: dict[tuple[str, str], dict[str, list[Found]]] = {}
    for one in proposal.found:
        if one.date and one.name not in proposal.named:
            said = next((said for text in (one.label, one.name) if (said := _agent_and_day(text, names))), None)
            agent = one.agent_in_name(names) if said is None else said[0]
            if agent is not None:
                days.setdefault((agent, one.form), {}).setdefault("" if said is None else said[1], []).append(one)
    for (agent, form), found in days.items():
        starts, ends = [*found.get("start", []), *found.get("", [])], found.get("end", [])
        doses = doses_of(proposal, agent, form)
        proposal.named.update(one.name for one in (*starts, *ends))
        for one in starts:
            last = ends[0] if len(ends) == len(starts) == 1 else None
            lines += ["", "[[treatments]]", f"agent = {quoted(agent)}", f"start = {quoted(one.name)}  # {note_of(one)}"]
            lines += _last(one, last, ends, single=one in found.get("", []))
            lines += dose_lines(proposal, one, [dose for dose in doses if is_beside(dose, one, len(starts))])
        if not starts:
            for one in ends:
                lines += ["", "[[treatments]]", f"agent = {quoted(agent)}", f'{MUST}start = "..."  # its first day']
                lines += [last_day(one.name, one.texts, f"  # {note_of(one)}")]
    return lines


def _last(one: Found, last: Found | None, ends: list[Found], *, single: bool) -> list[str]:
    """Return the lines of the last day of a course; a date that is called by its agent alone may be of one dose."""
    if last is not None:
        lacking = [f"{MUST}{going_on(one.filled - last.filled)}"] if last.filled < one.filled else []
        return [last_day(last.name, last.texts, f"  # {note_of(last)}"), *lacking]
    others = f"; one of {', '.join(each.name for each in ends)}" if ends else ""
    if single:
        asked = "Is it a single dose? Then it ends on its day; else name the field of its last day"
        return [f"{MUST}{asked}{others}", f"end = {quoted(one.name)}"]
    return [f'{MUST}end = "..."  # a course without an end goes on; a single dose ends on its day{others}']


def _agent_and_day(text: str, names: NameTable) -> tuple[str, str] | None:
    """Return what `agent_and_day` does, of a name or label with a number of its dose, too."""
    return agent_and_day(text, names) or agent_and_day(without_number(text), names)


def _of_others(day: Found, drug: Found, names: NameTable) -> bool:
    """Tell whether a date is called by an agent, as PegIFN start is, and not by the field of drugs, as NUC start is."""
    called = {said[0] for text in (day.label, day.name) if (said := agent_and_day(text, names)) is not None}
    own = {names.meaning(drug.choices.get(text, text)).name for text in (drug.choices or drug.texts)}
    return bool(called - own) and not words_of([day.name]) & (words_of([drug.name]) - _ANY)


def _agents(one: Found, texts: Mapping[str, str | None]) -> str:
    if not one.choices:
        return f"agent = {{ field = {quoted(one.name)} }}  # {comment(', '.join(sorted(texts)))}"
    stated = ", ".join(f"{quoted(code)} = {quoted(agent or one.choices[code])}" for code, agent in texts.items())
    return f"agent = {{ field = {quoted(one.name)}, values = {{ {stated} }} }}"


def _day(key: str, one: Found) -> str:
    note = f"  # {note_of(one)}"
    return last_day(one.name, one.texts, note) if key == "end" else f"{key} = {quoted(one.name)}{note}"


def _course(proposal: Proposal, drug: Found) -> list[str]:
    names = agent_names(proposal.study)
    dates = [one for one in proposal.dates(drug.form) if not _of_others(one, drug, names)]
    ends = [one for one in dates if _END.search(one.name)]
    starts = [one for one in dates if one not in ends and _START.search(one.name)]
    lines = []
    for key, fields in (("start", starts), ("end", ends)):
        mark = "" if len(fields) == 1 else "#? "
        lines += [f"{mark}{_day(key, one)}" for one in fields]
    doses = [one for one in proposal.found if one.form == drug.form and "dose" in one.name and not one.date]
    for one in doses:
        lines.append(
            f"{MAY}dose = {{ field = {quoted(one.name)}, unit = {quoted(one.unit or '...')} }}  # {note_of(one)}"
        )
    proposal.named.update(one.name for one in (*dates, *doses))
    return lines
