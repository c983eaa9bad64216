"""Names of columns that say of which agent they are, and what: "PegIFN start", "HBIG last dose"."""

from __future__ import annotations

import re
from collections.abc import Iterable

from relapse_model.cohort.readers.label_words import plain_words
from relapse_model.cohort.readers.proposed_text import quoted, table_text
from relapse_model.study.names import NameTable

_END = re.compile(
    r"(?<![a-z])(?:stop(?:ped)?|end(?:ed)?|last(?: dose| injection| day)?|until|to|ende|fin|fine|arrêt)(?![a-z])"
    r"|结束|停药|停用|终止|末次"
)
_START = re.compile(
    r"(?<![a-z])(?:start(?:ed)?|begin|began|first(?: dose| injection| day)?|from|beginn|début|inicio|inizio)(?![a-z])"
    r"|开始|起始|首次"
)
_DATE = re.compile(
    r"(?<![a-z])(?:date|dt|dat|day|datum|fecha|data|de|du|di|of|given|dose|treatment|therapy|course|gabe|injektion"
    r"|injection|inyección|iniezione)(?![a-z])|日期|时间|治疗|注射|用药"
)

_GOES_ON = re.compile(
    r"on[- ]?going|continu(?:es?|ed|ing)|still (?:on|taking)(?: it)?|to date|present|current(?:ly)?|(?:fort)?laufend"
    r"|andauernd|weiterhin|en cours|en curso|continúa|in corso|仍在(?:用药?|服用?|使用)?|(?:继续|持续)(?:用药|服用)?"
    r"|进行中|(?:用药|服用|治疗)中|至今|目前(?:用药|服用)?"
)


def goes_on(text: str) -> bool:
    """Tell whether a text in place of a last day says that a course goes on.

    Examples
    --------
    >>> [goes_on(text) for text in ("Ongoing", "laufend", "继续用药", "stopped", "2022-01-03")]
    [True, True, True, False, False]
    """
    return _GOES_ON.fullmatch(plain_words(text).strip(" .。")) is not None


def last_day(name: str, texts: Iterable[str], note: str = "") -> str:
    """Return the line of a last day, with the texts that say that a course goes on.

    Examples
    --------
    >>> last_day("Stop", ["2022-01-03", "ongoing"]), last_day("Stop", ["2022-01-03"])
    ('end = { field = "Stop", values = { "ongoing" = "" } }', 'end = "Stop"')
    """
    words = [text for text in dict.fromkeys(texts) if goes_on(text)]
    if not words:
        return f"end = {quoted(name)}{note}"
    return f"end = {{ field = {quoted(name)}, values = {table_text((word, '') for word in words)} }}{note}"


def agent_and_day(text: str, names: NameTable) -> tuple[str, str] | None:
    """Return the agent that the name or label of a date is about, and which day of its course; None where of none.

    Parameters
    ----------
    text : str
    names : NameTable
        Of the agents of a study.

    Returns
    -------
    (agent, day) or None
        The day is ``"start"``, ``"end"``, or the empty text where the name does not say.

    Examples
    --------
    >>> names = NameTable({"pegifn": ("Peg-IFN",), "hbig": ()}, ("pegifn", "hbig"))
    >>> [agent_and_day(text, names) for text in ("Peg-IFN start", "peg-ifn last dose", "HBIG date", "Visit date")]
    [('pegifn', 'start'), ('pegifn', 'end'), ('hbig', ''), None]
    """
    plain = plain_words(text)
    day = "end" if _END.search(plain) else "start" if _START.search(plain) else ""
    rest = " ".join(_DATE.sub(" ", (_END if day == "end" else _START).sub(" ", plain)).split())
    agent = names.meaning(rest.strip(" -:：")).name if rest else None
    return None if agent is None else (agent, day)


def going_on(count: int) -> str:
    """Ask whether courses without a last day go on.

    Parameters
    ----------
    count : int
    """
    return (
        f"{count:,} of its courses have no last day, and are read as going on: is that so? If a day is not known, put "
        "a code into a copy and state it under [missing]"
    )
