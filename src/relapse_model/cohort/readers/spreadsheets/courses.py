"""Histories of treatment written as text: each entry an agent, its dose, and the first and last day; else refused."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from relapse_model.cohort.readers.beside_rows import OFTEN
from relapse_model.cohort.readers.source_dates import Order, iso_date
from relapse_model.study.names import NameTable

SEPARATORS = "；;\n"
_DAY = r"\d{1,4}\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,4}\s*日?|\d{8}"
_NOW = r"至今|今|现在|now|present|ongoing|today"
_RANGE = rf"(?P<start>{_DAY})\s*(?:-|~|至|到|–|—|to\b)\s*(?P<end>{_DAY}|{_NOW})"
_ONGOING = rf"(?P<start>{_DAY})\s*(?P<end>{_NOW}|起)"
_TIMES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (rf"(?P<head>.*?)[\s:,]*(?<!\d){_RANGE}", rf"(?P<head>.*?)[\s:,]*(?<!\d){_ONGOING}",
                    rf"{_RANGE}(?!\d)[\s:,]*(?P<head>.*)", rf"{_ONGOING}[\s:,]*(?P<head>.*)")
)  # fmt: skip
_DOSE = re.compile(
    r"[\s,]*(?P<dose>\d+(?:\.\d+)?)\s*(?P<unit>ug|[μµ]g|mcg|mg|g|miu|kiu|iu|u|万iu|万u|万单位|国际单位|单位)$",
    re.IGNORECASE,
)
_HOW = re.compile(
    r"(?:[\s,/]+(?:im|iv|sc|ih|po|qd|bid|tid|qid|qod|qw|q2w|q4w|qm|biw|tiw|qn|once)"
    r"|[\s,/]*(?:皮下注射|肌肉注射|肌内注射|肌注|静脉注射|静脉滴注|静滴|口服"
    r"|每日一次|每天一次|每周一次|每两周一次|每月一次|1次/日|1次/天|1次/周|1次/月))$",
    re.IGNORECASE,
)
NONE_GIVEN = frozenset({"无", "没有", "none", "no", "nil", "未用药", "无用药史"})


@dataclass(frozen=True, slots=True)
class Course:
    """One entry of a history.

    Attributes
    ----------
    agent : str
        The study's name.
    start, end : str
        YYYY-MM-DD; `end` is empty where the course goes on.
    dose, unit : str
        Of a single day's dose; empty for a course of more days, whose dose is that of each time, not a total.
    """

    agent: str
    start: str
    end: str
    dose: str = ""
    unit: str = ""


class NotACourse(ValueError):
    """An entry that does not parse entirely; the reason does not repeat the text."""


def entries_of(text: str, separators: str = SEPARATORS) -> list[str]:
    """Split a history into its entries; any of the separators parts them.

    Examples
    --------
    >>> entries_of("ETV 2020.02.07-2023.12.13；HBIG 400IU im 2024.05.01-2024.05.01；")
    ['ETV 2020.02.07-2023.12.13', 'HBIG 400IU im 2024.05.01-2024.05.01']
    """
    parts = re.split(f"[{re.escape(separators)}]", text)
    return [part.strip() for part in parts if part.strip()]


def read_course(text: str, names: NameTable, order: Order = "ymd") -> Course:
    """Read one entry: agent, dose and manner of giving if stated, first day and last day.

    Parameters
    ----------
    text : str
    names : NameTable
        Of the agents of the study.
    order : {"ymd", "dmy", "mdy"}
        Of the parts of dates.

    Raises
    ------
    NotACourse
        If any part of the entry is not understood, a single date among them: it may be one dose or the first of many.

    Examples
    --------
    >>> names = NameTable({"pegifn": ("派罗欣", "PEG-IFN alfa-2b"), "hbig": ()}, ("pegifn", "hbig"))
    >>> read_course("派罗欣180ug qw 2023.07.22-2024.02.24", names)
    Course(agent='pegifn', start='2023-07-22', end='2024-02-24', dose='', unit='')
    >>> read_course("HBIG 400IU im 2024.04.06-2024.04.06", names).dose
    '400'
    >>> read_course("PEG-IFNα-2b 180μg 2023.05.01-2024.03.04", names).agent
    'pegifn'
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    found = next((match for one in _TIMES if (match := one.fullmatch(plain))), None)
    if found is None:
        raise NotACourse("no first and last day (a single date may be one dose, or the first of many)")
    start = iso_date(found["start"], order)
    end = iso_date(found["end"], order) if found["end"][0].isdigit() else ""
    if start is None or end is None:
        raise NotACourse("a date that is none")
    if end and end < start:
        raise NotACourse("a last day before the first")
    agent, dose, unit = _agent_and_dose(found["head"].strip(" :,"), names)
    if dose and start == end and OFTEN.search(found["head"]):
        raise NotACourse("several times a day, so that the dose of the day is not the one that is stated")
    return Course(agent, start, end, dose, unit) if start == end else Course(agent, start, end)


def _agent_and_dose(head: str, names: NameTable) -> tuple[str, str, str]:
    """Take the manner of giving and one dose off the end, until an agent of the study is left."""
    rest, dose, unit = head, "", ""
    while rest:
        meaning = names.meaning(rest)
        if meaning.name is not None:
            return meaning.name, dose, unit
        if how := _HOW.search(rest):
            rest = rest[: how.start()].rstrip(" ,")
        elif not dose and (amount := _DOSE.search(rest)):
            dose, unit = amount["dose"], amount["unit"]
            rest = rest[: amount.start()].rstrip(" ,")
        else:
            break
    raise NotACourse("no agent of the study by that name, or words beside agent, dose and manner of giving")


def read_history(
    text: str, names: NameTable, order: Order = "ymd", separators: str = SEPARATORS
) -> list[Course] | tuple[int, str]:
    """Read a history; of one that does not parse entirely, the number of the first such entry and why.

    Examples
    --------
    >>> names = NameTable({"entecavir": ("ETV",)}, ("entecavir",))
    >>> read_history("ETV 2020.02.07-2023.12.13；ETV since May", names)[0], read_history("无", names)
    (2, [])
    """
    entries = entries_of(text, separators)
    if len(entries) == 1 and unicodedata.normalize("NFKC", entries[0]).casefold() in NONE_GIVEN:
        return []
    courses: list[Course] = []
    for number, entry in enumerate(entries, start=1):
        try:
            courses.append(read_course(entry, names, order))
        except NotACourse as error:
            return number, str(error)
    return courses
