"""Doses proposed from numbered columns ("HBIG date 1", "HBIG dose 1"), and what is asked of other treatments."""

from __future__ import annotations

import re
from collections.abc import Iterator

from relapse_model.cohort.readers.course_words import agent_and_day
from relapse_model.cohort.readers.identifying import may_identify
from relapse_model.cohort.readers.label_words import plain_words
from relapse_model.cohort.readers.other_days import NOT_OF_A_DOSE, not_of_a_dose
from relapse_model.cohort.readers.proposed_text import comment, quoted
from relapse_model.cohort.readers.signs_beside import analytes_in
from relapse_model.cohort.readers.spreadsheets.header_words import at_visit, bare_name, head_and_unit
from relapse_model.cohort.readers.spreadsheets.look import Look
from relapse_model.cohort.readers.spreadsheets.proposal import Proposal
from relapse_model.cohort.readers.spreadsheets.table import VISIT
from relapse_model.study.names import NameTable

_NUMBER = re.compile(r"(?<![\d.])(\d{1,2})(?!\d|\.\d)")
_ORDINAL = re.compile(
    r"(?<=\{visit\})(?:st|nd|rd|th|re|er|e|ª|º|\.)(?![a-z])|(?<!\w)(?:no|nr|n°|#)\.?(?=\s*\{visit\})|[第次针]"
)  # what goes with a number
_DOSE = re.compile(
    r"(?<![a-z])(?:dose|dosage|amount|dosis|menge|dosi|dosaggio|quantit[àé]|cantidad)(?![a-z])|剂量|用量", re.IGNORECASE
)
_LISTED = 8
_DATE = re.compile(
    r"\d{1,4}\s*[-./年]\s*\d{1,2}\s*[-./月]\s*\d|(?:19|20)\d\d[-./年]\d{1,2}"
    r"|[^\W\d_]{3,}\.?[\s\-/.,]+(?:del?\s+)?(?:\d{1,2}[\s,]+)?(?:19|20)\d\d(?!\d)"
)


def agent_and_dose(text: str, names: NameTable) -> str | None:
    """Return the agent whose dose the name of a column is; None where it is none.

    Examples
    --------
    >>> names = NameTable({"hbig": ()}, ("hbig",))
    >>> agent_and_dose("HBIG dose", names), agent_and_dose("HBIG 剂量", names), agent_and_dose("HBIG", names)
    ('hbig', 'hbig', None)
    """
    if not _DOSE.search(text):
        return None
    rest = " ".join(_DOSE.sub(" ", text).split()).strip(" -_:：")
    return names.meaning(rest).name if rest else None


def numbered_doses(proposal: Proposal, source: str, look: Look) -> None:
    """Write an entry for each agent whose doses stand in numbered columns of dates, with those of their amounts.

    Parameters
    ----------
    proposal : Proposal
    source : str
        Its name in the mapping; empty for the sheet of the patients.
    look : Look
    """
    days: dict[str, dict[str, list[int]]] = {}
    doses: dict[str, dict[str, list[int]]] = {}
    for place, pattern, plain in _numbered(proposal, look):
        if (agent := agent_and_dose(plain, proposal.agents)) is not None:
            doses.setdefault(agent, {}).setdefault(pattern, []).append(place)
        elif not_of_a_dose(plain):
            continue
        elif (said := agent_and_day(plain, proposal.agents)) is not None and not said[1] and dates_in(look, place):
            days.setdefault(said[0], {}).setdefault(pattern, []).append(place)
    for agent, found in days.items():
        if len(found) == 1:
            ((pattern, places),) = found.items()
            _write(proposal, source, look, agent, (pattern, places), doses.get(agent, {}))


def _numbered(proposal: Proposal, look: Look) -> Iterator[tuple[int, str, str]]:
    """Yield the unread columns with one number in their names: the pattern, and the name without number and unit."""
    for place, name in enumerate(look.table.names):
        numbers = list(_NUMBER.finditer(name))
        if proposal.uses(look, place) or at_visit(name) or len(numbers) != 1 or not len(look.texts(place)):
            continue
        start, end = numbers[0].span()
        pattern = name[:start] + VISIT + name[end:]
        plain = _ORDINAL.sub(" ", head_and_unit(pattern)[0].casefold()).replace(VISIT, " ").replace("_", " ")
        yield place, pattern, " ".join(plain.split()).strip(" -_:：")


def _write(
    proposal: Proposal, source: str, look: Look, agent: str, days: tuple[str, list[int]], doses: dict[str, list[int]]
) -> None:  # fmt: skip
    pattern, places = days
    proposal.use(look, *places)
    proposal.add("", "[[treatments]]", f"# {sum(len(look.texts(place)) for place in places)} doses")
    proposal.add(*([f"source = {quoted(source)}"] if source else []))
    proposal.add(f"agent = {quoted(agent)}", f"start = {quoted(pattern)}")
    ask_end(proposal, pattern)
    if len(doses) == 1:
        ((amount, columns),) = doses.items()
        dose_lines(proposal, look, amount, columns)


def ask_end(proposal: Proposal, name: str) -> None:
    """Ask whether a dated column is of single doses."""
    proposal.ask(
        "Is it a single dose? Then it ends on its day; else name the column of its last day", f"end = {quoted(name)}"
    )


def dose_lines(proposal: Proposal, look: Look, name: str, places: list[int]) -> None:
    """Write the dose, and its unit from the name of the column, or ask for it; cells with units of their own are told.

    Parameters
    ----------
    proposal : Proposal
    look : Look
    name : str
        Of the column, or the pattern of several.
    places : list of int
    """
    proposal.use(look, *places)
    proposal.add(f"dose = {quoted(name)}")
    unit = head_and_unit(name)[1]
    if re.fullmatch(r"[^\d\W]+|万[^\d\W]+", unit):
        proposal.add(f"unit = {quoted(unit)}")
    else:
        proposal.ask("In which unit is the dose? The name of its column states none", 'unit = ""')


def dates_in(look: Look, place: int) -> bool:
    """Tell whether most cells of a column hold dates, in any order of their parts, and maybe several of them."""
    texts = look.texts(place)
    found = texts.str.contains(_DATE)
    return bool(len(texts)) and bool(found.mean() > 0.5)


def sheet_of_doses(proposal: Proposal, source: str, look: Look) -> None:
    """Write an entry for a sheet that is called by an agent, and has no column of agents: a row for each dose.

    Parameters
    ----------
    proposal : Proposal
    source : str
        Its name in the mapping; empty for the sheet of the patients, which is none.
    look : Look
    """
    agents = analytes_in(plain_words(look.sheet or look.file.stem), proposal.agents) if source else set()
    unread = [place for place, name in enumerate(look.table.names) if not proposal.uses(look, place)]
    dated = [place for place in unread if dates_in(look, place)]
    days = [place for place in dated if not not_of_a_dose(look.table.names[place])] or dated
    doses = [place for place in unread if _DOSE.search(bare_name(look.table.names[place])) and place not in dated]
    if len(agents) != 1 or len(days) != 1 or len(doses) > 1:
        return
    name = look.table.names[days[0]]
    proposal.use(look, *days)
    proposal.add("", "[[treatments]]", f"# {len(look.texts(days[0]))} doses", f"source = {quoted(source)}")
    proposal.add(f"agent = {quoted(agents.pop())}")
    if not_of_a_dose(name):
        proposal.ask(
            f"{comment(name)} is called {NOT_OF_A_DOSE}: which column is the day on which the dose was given? If there "
            "is none, take this entry out, or name it if each dose was given on that day", 'start = ""',
        )  # fmt: skip
    else:
        proposal.add(f"start = {quoted(name)}")
    ask_end(proposal, "" if not_of_a_dose(name) else name)
    if doses:
        dose_lines(proposal, look, look.table.names[doses[0]], doses)


def drug_column(proposal: Proposal, look: Look) -> int | None:
    """Return the first unread column most of whose different texts are names of agents; None where there is none."""
    return next((place for place in range(len(look.table.names)) if _drugs(proposal, look, place)), None)


def _drugs(proposal: Proposal, look: Look, place: int) -> bool:
    if proposal.uses(look, place) or may_identify(look.table.names[place]):
        return False
    texts = [str(one) for one in look.texts(place).unique()]
    known = sum(proposal.agents.meaning(one).name is not None for one in texts)
    return known > len(texts) / 2  # an arm may be called by a drug, too


def unread_treatments(proposal: Proposal, look: Look) -> None:
    """Ask about columns that are called by an agent, or hold names of agents, and of which no entry was proposed.

    Parameters
    ----------
    proposal : Proposal
    look : Look
    """
    about: dict[str, list[str]] = {}
    drugs: list[str] = []
    for place, name in enumerate(look.table.names):
        if proposal.uses(look, place) or may_identify(name) or not len(look.texts(place)):
            continue
        named = analytes_in(bare_name(name), proposal.agents)
        if _drugs(proposal, look, place):
            drugs.append(name)
        elif len(named) == 1:
            about.setdefault(named.pop(), []).append(name)
    for agent, names in about.items():
        _ask(proposal, look, names, f"about {agent}", f"agent = {quoted(agent)}")
    for name in drugs:
        _ask(proposal, look, [name], "names of drugs", f"agent = {{ field = {quoted(name)} }}")


def _ask(proposal: Proposal, look: Look, names: list[str], what: str, agent: str) -> None:
    shown = ", ".join(names[:_LISTED]) + (", ..." if len(names) > _LISTED else "")
    proposal.add(
        "", f"#? {look.table.name}, {shown}: {what}, and not read, since it is not certain which columns are the first "
        "and the last day. If it was given, name them, and take the # away; else take these lines out",
        "# [[treatments]]", f"# {agent}", '# start = ""', '# end = ""  # the same column for a single dose',
    )  # fmt: skip
