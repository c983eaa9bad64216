"""Doses of an agent beside the dates of a form: a field that its name or label calls the dose, by its number if any."""

from __future__ import annotations

import re

from relapse_model.cohort.readers.label_words import plain_words
from relapse_model.cohort.readers.proposed_text import MUST, quoted
from relapse_model.cohort.readers.redcap.found_fields import Found
from relapse_model.cohort.readers.redcap.proposal import Proposal, note_of
from relapse_model.cohort.readers.signs_beside import analytes_in
from relapse_model.study.names_known import agent_names

_DOSE = re.compile(r"(?<![a-z])(?:dose|dosage|amount|dosis|menge|cantidad)(?![a-z])|剂量|用量")
_NUMBER = re.compile(r"(?<![\d.a-z])(\d{1,2})(?:st|nd|rd|th|\.)?(?!\d|[a-z]|\.\d)")
_UNIT = re.compile(
    r"[(\[（]\s*((?:[kmuµμ]|mc)?(?:iu|ui|ie|g|u)(?:/(?:kg|week|wk|day|d))?)\s*[)\]）]\s*$", re.IGNORECASE
)


def without_number(text: str) -> str:
    """Return a name or a label without the number of a dose.

    Examples
    --------
    >>> without_number("HBIG 2nd dose date"), without_number("hbig_2_date")
    ('hbig dose date', 'hbig date')
    """
    return " ".join(_NUMBER.sub(" ", plain_words(text)).split())


def doses_of(proposal: Proposal, agent: str, form: str) -> list[Found]:
    """Return the fields of a form that are called the dose of an agent."""
    names = agent_names(proposal.study)
    return [
        one for one in proposal.found
        if one.form == form and not one.date and one.name not in proposal.named
        and any(_DOSE.search(plain_words(text)) and analytes_in(plain_words(text), names) == {agent}
                for text in (one.name, one.label))
    ]  # fmt: skip


def is_beside(dose: Found, day: Found, days: int) -> bool:
    """Tell whether a dose may be that of a day: the only day, or the one of its number."""
    return days == 1 or numbers(dose) == numbers(day)


def numbers(one: Found) -> tuple[str, ...]:
    """Return the numbers in the name of a field."""
    return tuple(re.findall(r"\d+", one.name))


def dose_lines(proposal: Proposal, day: Found, doses: list[Found]) -> list[str]:
    """Return the lines of the dose of a course, and of its unit: of the label, or asked for."""
    proposal.named.update(one.name for one in doses)
    if len(doses) != 1:
        asked = f"{MUST}Which of them is the dose of {day.name}?"
        return [*([asked] if doses else []), *(f"{MUST}dose = {quoted(one.name)}  # {note_of(one)}" for one in doses)]
    (one,) = doses
    found = _UNIT.search(one.label) or _UNIT.search(f"({one.note})")
    unit = found[1] if found else one.unit
    lines = [f"dose = {quoted(one.name)}  # {note_of(one)}"]
    return [*lines, f"unit = {quoted(unit)}" if unit else f'{MUST}unit = "..."  # of the dose']
