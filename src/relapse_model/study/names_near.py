"""Which of some names may be meant by another that is none of them: never antigen for antibody, nor a known analyte."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from functools import cache
from types import MappingProxyType

from relapse_model.study.analyte_library import analyte_library
from relapse_model.study.names import name_key
from relapse_model.study.resemblance import is_of_antibody, normalised

# A name that differs in the virus alone is one letter away, and another analyte.
_OTHER_VIRUS = re.compile(
    r"(?<![a-z])(?:(?:anti-?)?h([acde])v|hep(?:atitis)?[- ]?([acde])|(hiv|cmv|ebv|hpv))(?![a-z])|([甲丙丁戊])型?肝"
)
_LETTERS = {"甲": "a", "丙": "c", "丁": "d", "戊": "e"}


@cache
def library_keys() -> Mapping[str, str]:
    """Return the analyte of the library under the key of each of its spellings.

    Examples
    --------
    >>> library_keys()["antihbs"], library_keys().get("prealbumin")
    ('anti_hbs', None)
    """
    found: dict[str, str] = {}
    for name, one in analyte_library().items():
        declared = one.declared
        spellings = (name, declared["label"], *declared.get("synonyms", ()), *declared.get("loinc", ()))
        found |= {name_key(text): name for text in spellings}
    return MappingProxyType(found)


def near_names(name: str, among: Iterable[str], n: int = 1, cutoff: float = 0.6) -> list[str]:
    """Return names that are spelled nearly as another, the nearest first, as `difflib` has them.

    Left out are names of another analyte, where the library knows both, the antibody where the name is not of one
    (anti-HBs for HBs), or the other way round, and names of another virus (HBV DNA for an HIV viral load).

    Parameters
    ----------
    name : str
    among : iterable of str
    n : int
        At most so many.
    cutoff : float
        From 0 to 1: how near.

    Examples
    --------
    >>> near_names("hbsab", ["hbsag", "hbsab_iu"]), near_names("hbeag", ["hbsag"]), near_names("creatinin", ["alt"])
    (['hbsab_iu'], [], [])
    >>> near_names("hiv_dna", ["hbv_dna"]), near_names("hcv rna", ["hbv_rna", "hcv_rna"])
    ([], ['hcv_rna'])
    """
    own, antibody, viruses = library_keys().get(name_key(name)), is_of_antibody(name), _other_viruses(name)
    kept = [
        one
        for one in among
        if is_of_antibody(one) is antibody
        and _other_viruses(one) == viruses
        and (own is None or library_keys().get(name_key(one), own) == own)
    ]
    return difflib.get_close_matches(name, kept, n=n, cutoff=cutoff)


def _other_viruses(text: str) -> frozenset[str]:
    """Return the viruses other than that of hepatitis B that a name says it is of."""
    found = (next(filter(None, one)) for one in _OTHER_VIRUS.findall(normalised(text)))
    return frozenset(_LETTERS.get(one, one) for one in found)
