"""Remarks that say of results that these may not be final: preliminary, a retest pending, corrected, a duplicate."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from relapse_model.cohort.laboratory.words import table
from relapse_model.cohort.readers.label_words import plain_words

_CLAUSES = re.compile(r"[,;.:!()/，；。：（）]\s*")
_UNFINISHED = re.compile(
    r"preliminary|prelim|provisional|interim|pending|not (?:yet )?(?:final|verified|validated|confirmed)|unverified"
    r"|to be (?:verified|confirmed|repeated|retested|reviewed)|awaiting|corrected|amended|revised"
    r"|vorläufig\w*|ausstehend|korrigiert|provisoire|préliminaire|en attente|corrigée?"
    r"|preliminar|pendiente|corregid[oa]|in attesa|corrett[oa]"
    r"|初步|暂定|待(?:复查|复检|复核|复测|确认|审核|核实)|复查中|复检中|已?(?:更正|修正|改正)"
)
_DUPLICATE = re.compile(
    r"duplicated?|duplicates?|doppelt\w*|doublon|duplicad[oa]|duplicat[oa]|重复(?:结果|录入|记录|值)?"
)
_WITH = table(
    """result | results | value | values | test | tests | report | lab | laboratory | sample | retest
    | recheck | repeat | repeated | confirmation | confirmatory | verification | review | pcr | is | are
    | was | the | a | of | by | still | only | this | entry | record | row | ergebnis | befund | wert
    | bestätigung | kontrolle | wiederholung | résultat | valeur | contrôle | confirmación | resultado
    | valor | repetición | risultato | conferma | ripetizione | 结果 | 报告 | 值 | 标本 | 样本"""
)  # words that leave the sense as it is; any other may turn it
_MOST = 5  # words of such a clause


def unfinished(text: str) -> str:
    """Return the clause of a remark that says, and nothing else, that its result may not be final, or stands twice.

    Parameters
    ----------
    text : str

    Examples
    --------
    >>> [unfinished(one) for one in ("Preliminary result", "Retest pending.", "fasting; duplicate", "待复查")]
    ['preliminary result', 'retest pending', 'duplicate', '待复查']
    >>> [unfinished(one) for one in ("fasting", "repeat in 3 months", "dose corrected", "visa pending", "建议复查")]
    ['', '', '', '', '']
    """
    clauses = [one.strip(" -") for one in _CLAUSES.split(plain_words(text))]
    return next((one for one in clauses if one and _says_so(one)), "")


def _says_so(clause: str) -> bool:
    if len(clause.split()) > _MOST:
        return False
    for said in (_UNFINISHED, _DUPLICATE):
        rest = said.sub(" ", clause)
        if rest != clause and set(rest.split()) <= _WITH:
            return True
    return False


def notes_on(name: str, texts: Iterable[object]) -> list[str]:
    """Return what the report says of results beside which a remark says that they may not be final, and asks.

    Parameters
    ----------
    name : str
        Of the table and its column of remarks.
    texts : iterable of str
        Beside rows with results that count, each row once.

    Examples
    --------
    >>> for one in notes_on("Sheet1, Remark", ["Retest pending", "", "fasting", "retest pending."]):
    ...     print(one)
    Sheet1, Remark: 2 rows that count are called 'retest pending'; do they count? If not, take them out of a copy
    """
    met = Counter(said for text in map(str, texts) if text and (said := unfinished(text)))
    return [f"{name}: {count:,} rows that count are called {said!r}; {_asked(said)}" for said, count in met.items()]


def _asked(said: str) -> str:
    twice = ": a result that stands twice with one value counts once already" if _DUPLICATE.search(said) else ""
    return f"do they count{twice}? If not, take them out of a copy"
