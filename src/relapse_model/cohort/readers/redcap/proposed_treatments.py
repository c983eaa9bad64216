"""Proposed entries of treatments: fields that name an agent, and dates that are called by one."""

from __future__ import annotations

import re
from collections.abc import Mapping

from relapse_model.cohort.readers.course_words import agent_and_day, going_on
from relapse_model.cohort.readers.proposed_text import MAY, MUST, comment, quoted
from relapse_model.cohort.readers.redcap.found_fields import Found
from relapse_model.cohort.readers.redcap.proposal import Proposal, note_of
from relapse_model.study.names_known import agent_names

_START = re.compile(r"start|begin|first|from|given|date")
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
        lines += _course(proposal, one.form)
    return [*lines, *_dated_courses(proposal)]


def _dated_courses(proposal: Proposal) -> list[str]:
    """Return an entry for each agent that fields of dates are called by, with its first day and its last."""
    names, lines = agent_names(proposal.study), list[str]()
    days: dict[tuple[str, str], dict[str, list[Found]]] = {}
    for one in proposal.found:
        if one.date and one.name not in proposal.named:
            said = next((said for text in (one.label, one.name) if (said := agent_and_day(text, names))), None)
            agent = one.agent_in_name(names) if said is None else said[0]
            if agent is not None:
                kind = "end" if said is not None and said[1] == "end" else "start"
                days.setdefault((agent, one.form), {}).setdefault(kind, []).append(one)
    for (agent, _), found in days.items():
        starts, ends = found.get("start", []), found.get("end", [])
        proposal.named.update(one.name for one in (*starts, *ends))
        for one in starts or ends:
            last = ends[0] if starts and len(ends) == len(starts) == 1 else None
            lines += ["", "[[treatments]]", f"agent = {quoted(agent)}"]
            if not starts:
                lines += [f'{MUST}start = "..."  # its first day', f"end = {quoted(one.name)}  # {note_of(one)}"]
                continue
            lines.append(f"start = {quoted(one.name)}  # {note_of(one)}")
            others = f"; one of {', '.join(each.name for each in ends)}" if ends else ""
            lines.append(
                f'{MAY}end = "..."  # a course without an end goes on; a single dose ends on its day{others}'
                if last is None
                else f"end = {quoted(last.name)}  # {note_of(last)}"
            )
            if last is not None and last.filled < one.filled:
                lines.append(f"{MUST}{going_on(one.filled - last.filled)}")
    return lines


def _agents(one: Found, texts: Mapping[str, str | None]) -> str:
    if not one.choices:
        return f"agent = {{ field = {quoted(one.name)} }}  # {comment(', '.join(sorted(texts)))}"
    stated = ", ".join(f"{quoted(code)} = {quoted(agent or one.choices[code])}" for code, agent in texts.items())
    return f"agent = {{ field = {quoted(one.name)}, values = {{ {stated} }} }}"


def _course(proposal: Proposal, form: str) -> list[str]:
    dates = proposal.dates(form)
    ends = [one for one in dates if _END.search(one.name)]
    starts = [one for one in dates if one not in ends and _START.search(one.name)]
    lines = []
    for key, fields in (("start", starts), ("end", ends)):
        mark = "" if len(fields) == 1 else "#? "
        lines += [f"{mark}{key} = {quoted(one.name)}  # {note_of(one)}" for one in fields]
    doses = [one for one in proposal.found if one.form == form and "dose" in one.name and not one.date]
    for one in doses:
        lines.append(
            f"{MAY}dose = {{ field = {quoted(one.name)}, unit = {quoted(one.unit or '...')} }}  # {note_of(one)}"
        )
    proposal.named.update(one.name for one in (*dates, *doses))
    return lines
