"""Viruses that a text names: a viral load, an antigen or an antibody of another virus is another analyte."""

from __future__ import annotations

import re
from collections.abc import Iterable

from relapse_model.cohort.readers.label_words import plain_words

_HEPATITIS = {"a": "甲", "b": "乙", "c": "丙", "d": "丁", "e": "戊"}
_NAMED = {
    **{
        f"H{letter.upper()}V": re.compile(
            rf"(?<![a-z])(?:(?:anti[- ]?)?h{letter}v|hep(?:atitis)?[- ]?{letter}(?: virus)?)(?![a-z])|{chinese}型?肝"
        )
        for letter, chinese in _HEPATITIS.items()
    },
    "HIV": re.compile(r"(?<![a-z])hiv(?![a-z])|human immunodeficiency|艾滋|人类?免疫缺陷"),
    "CMV": re.compile(r"(?<![a-z])cmv(?![a-z])|cytomegalo|巨细胞"),
    "EBV": re.compile(r"(?<![a-z])ebv(?![a-z])|epstein"),
    "HPV": re.compile(r"(?<![a-z])hpv(?![a-z])|papilloma"),
}
_PARTS_OF_B = re.compile(r"(?<![a-z])(?:anti[- ]?)?hb(?:s|e|c|x|cr)?(?:ag|ab)?(?![a-z])")


def viruses_in(text: str) -> frozenset[str]:
    """Return the viruses that a text names.

    Examples
    --------
    >>> sorted(viruses_in("HIV-1 viral load")), sorted(viruses_in("乙肝表面抗原 HBsAg")), sorted(viruses_in("ALT"))
    (['HIV'], ['HBV'], [])
    """
    plain = plain_words(text)
    found = {name for name, words in _NAMED.items() if words.search(plain)}
    return frozenset(found | ({"HBV"} if _PARTS_OF_B.search(plain) else set()))


def of_other_virus(text: str, names: Iterable[str]) -> bool:
    """Tell whether a text names viruses, and none of those that the names of an analyte name.

    Parameters
    ----------
    text : str
    names : iterable of str
        Name, label and synonyms of the analyte: if they name no virus, nothing is another one.

    Examples
    --------
    >>> [of_other_virus(text, ["viral_load", "HBV DNA"]) for text in ("HIV viral load", "HBV DNA", "viral load")]
    [True, False, False]
    >>> of_other_virus("ALT, HIV clinic", ["alt", "ALT"])
    False
    """
    said = viruses_in(text)
    own = frozenset[str]().union(*map(viruses_in, names)) if said else frozenset[str]()
    return bool(own) and bool(said) and not said & own
