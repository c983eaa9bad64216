"""Columns of remarks that say of patients that they were lost: asked about, since a reader does not take remarks."""

from __future__ import annotations

import re
from collections import Counter

from relapse_model.cohort.readers.identifying import may_identify
from relapse_model.cohort.readers.proposed_text import MAY, comment, quoted
from relapse_model.cohort.readers.spreadsheets.look import Look
from relapse_model.cohort.readers.spreadsheets.proposal import Proposal
from relapse_model.cohort.tables.columns import LOST_REASON

_MANY = 3  # cells that say so; fewer where they are half of those that are filled
_LOST = re.compile(
    r"(?<![a-zà-ÿ])(?:lost(?: to follow[- ]?up)?|withdr[ae]wn?|withdrawal|dropped out|drop-?out|died|dead|deceased"
    r"|death|verstorben|gestorben|verloren|abgebrochen|ausgeschieden|widerruf\w*|perdue? de vue|décédée?|retirée?"
    r"|fallecid[oa]|fallecimiento|abandon[oó]|perdid[oa]|decedut[oa]|decesso|pers[oa] al follow[- ]?up|ritirat[oa]"
    r")(?![a-zà-ÿ])|失访|失联|脱落|退出|撤回|死亡|去世|病故",
    re.IGNORECASE,
)
_LOST_THING = re.compile(r"\s*(?:weight|hair|card)")
_DENIED = re.compile(r"(?:\b(?:not?|never|nicht|kein\w*|pas|non|sin)\s|[无未没])[^,;.，；。]{0,12}$", re.IGNORECASE)


def says_lost(text: str) -> str:
    """Return the word by which a remark says that a patient was lost, withdrew or died; nothing where it says none.

    Parameters
    ----------
    text : str

    Examples
    --------
    >>> [says_lost(text) for text in ("失访", "Died in May", "not lost", "lost weight", "fasting")]
    ['失访', 'died', '', '', '']
    """
    found = _LOST.search(text)
    if found is None or _DENIED.search(text[: found.start()]) or _LOST_THING.match(text[found.end() :]):
        return ""
    return found[0].casefold()


def ask_of_loss(proposal: Proposal, look: Look) -> None:
    """Ask, in the section of the patients, about columns that nothing reads and of which many cells say so.

    The words alone are shown: the remarks around them may name somebody.

    Parameters
    ----------
    proposal : Proposal
    look : Look
        The sheet of the patients.
    """
    for place, name in enumerate(look.table.names):
        texts = look.texts(place)
        if proposal.uses(look, place) or not len(texts) or may_identify(name):
            continue
        said = Counter(word for text in texts if (word := says_lost(str(text))))
        count = said.total()
        if count < _MANY and 2 * count < len(texts):
            continue
        words = ", ".join(f"{word} {number}" for word, number in said.most_common())
        proposal.add_to_patients(
            f"# {comment(name)}: {count} of its {len(texts)} cells say that the patient was lost, withdrew or died "
            f"({words}). Is it why a patient was lost? Then take the line up. It tells no date: a death, or the day of "
            "the last contact, belongs in [outcome]",
            f"{MAY}{LOST_REASON} = {{ field = {quoted(name)} }}",
        )
