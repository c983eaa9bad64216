"""What a proposal asks of an adjudicated outcome: columns that are called relapse, outcome, death or last contact."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from relapse_model.cohort.readers.label_words import plain_words, relapse_or_free, says
from relapse_model.cohort.readers.proposed_text import comment, quoted, table_text
from relapse_model.cohort.readers.relapse_dates import is_relapse, is_relapse_date
from relapse_model.study.names import yes_or_no

WHETHER, RELAPSE_DAY, LAST_DAY = "event", "day of relapse", "last day"
_EVENTS = re.compile(
    r"(?:(?:study|clinical|final|primary|adjudicated) )?(?:outcomes?|end ?points?|end reason)|endpunkt|ereignis"
    r"|critère de jugement|événement|desenlace|evento|esito finale|结局|终点|终点事件|转归|随访结局|临床结局|研究结局"
)
_LAST = re.compile(
    r"(?:date of (?:the )?)?(?:last|latest) (?:contact|follow-?\s?up|visit|seen|known alive)(?: date)?"
    r"|censor(?:ing|ed)?(?: date)?"
    r"|(?:outcome|endpoint|end ?point|event) date|date of (?:outcome|endpoint|event)"
    r"|letzter kontakt|letzte visite|letztes follow-?up|datum (?:des letzten kontakts|der letzten visite)"
    r"|(?:date de (?:la )?)?dernière (?:visite|nouvelles?|consultation)|dernier contact|date des dernières nouvelles"
    r"|(?:fecha de (?:la )?)?última (?:visita|consulta)|(?:fecha de(?:l)? )?último (?:contacto|seguimiento)"
    r"|(?:data )?ultim[ao] (?:visita|contatto|follow-?up)"
    r"|(?:末次|最后(?:一次)?)(?:随访|访视|就诊|联系)(?:日期|时间)?|(?:结局|终点|终点事件|删失)(?:日期|时间)"
)
_ASKED = (
    "an adjudicated outcome? It is not read, since only a person knows what counts as one: without it, relapse is told "
    "by the results. To read it, take the # away, and put the day of relapse, and of those without one the day of the "
    "last contact, into one column of a copy; a death, or what else rules it out, is 'competing: death'"
)


def outcome_part(called: Sequence[str], *, dates: bool) -> str:
    """Return which part of an outcome a column is called by its name or label; nothing where none.

    Parameters
    ----------
    called : sequence of str
        Its name and its label.
    dates : bool
        Whether dates stand in it.

    Examples
    --------
    >>> [outcome_part([name], dates=False) for name in ("Relapse", "是否复发", "结局", "Age")]
    ['event', 'event', 'event', '']
    >>> [outcome_part([name], dates=True) for name in ("Relapse date", "末次随访日期", "Letzter Kontakt", "Visit date")]
    ['day of relapse', 'last day', 'last day', '']
    """
    names = [plain_words(one) for one in called if one]
    if dates:
        last = any(_LAST.fullmatch(one) for one in names)
        return RELAPSE_DAY if is_relapse_date(names) else LAST_DAY if last else ""
    return WHETHER if any(_EVENTS.fullmatch(one) or is_relapse(one) for one in names) else ""


def outcome_question(
    found: Mapping[str, Sequence[str]], texts: Mapping[str, Mapping[str, str]], where: str = ""
) -> list[str]:  # fmt: skip
    """Return the lines that ask about an outcome; none where no column is called one, or a day of relapse.

    Parameters
    ----------
    found : mapping of str to sequence of str
        Columns by what they are: `WHETHER`, `RELAPSE_DAY`, `LAST_DAY`.
    texts : mapping of str to mapping of str to str
        What stands in the columns of events: the labels of the codes, or the texts themselves.
    where : str
        Line that names the source, if it needs one.
    """
    events, days = found.get(WHETHER, ()), (*found.get(RELAPSE_DAY, ()), *found.get(LAST_DAY, ()))
    if not events and not found.get(RELAPSE_DAY):
        return []
    names = ", ".join(map(comment, (*events, *days)))
    lines = ["", f"#? {names}: {_ASKED}", "# [outcome]", *([f"# {where}"] if where else [])]
    for name in events[:1]:
        lines.append(f"# {_event_line(name, texts.get(name, {}))}")
    if not events:
        lines.append('# relapse = { field = "" }')
    lines.append(f"# date = {quoted(days[0] if len(days) == 1 and LAST_DAY in found else '')}")
    return lines


def _event_line(name: str, texts: Mapping[str, str]) -> str:
    """Return the line of the event: yes and no as they are, others with the meanings that they have."""
    answers = {code: says(label) for code, label in texts.items()}
    if texts and all(answer is not None and not relapse_or_free(texts[code]) for code, answer in answers.items()):
        coded = any(yes_or_no(code) is not answer for code, answer in answers.items())
        meanings = {code: str(int(bool(answer))) for code, answer in answers.items()}
        return f"relapse = {{ field = {quoted(name)}{f', values = {table_text(meanings.items())}' if coded else ''} }}"
    said = {code: relapse_or_free(label) or "?" for code, label in texts.items()}
    return f"event = {{ field = {quoted(name)}, values = {table_text(said.items())} }}"
