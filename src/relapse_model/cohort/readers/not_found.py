"""What a mapping asks for and a source lacks: reported, since "not recorded" must not pass for "never given"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, MutableMapping

import pandas as pd

from relapse_model.arrays import Mask
from relapse_model.cohort.readers.made_table import MadeTable

_NAMED = (("labs", "analyte", "no result was found of"), ("treatments", "agent", "no course was found of"))
_ZERO = re.compile(r"\s*0+(?:[.,]0*)?\s*")
_NEW = "; or write a study of what the source holds (`relapse-model study new`) and propose the mapping anew with it"
NONE = "Correct them; or state may_be_absent = true, if the source need not hold any"
"""What to do where no row has a code of an outcome: it would make every patient free of it."""


NO_AMOUNT = "Leave such rows out by 'when' if nothing was given; or let the mapping read no dose, if it is not known"
"""What to do about a course with a dose of 0."""


def no_amount(doses: pd.Series, agent: str) -> Mask:
    """Tell which doses are 0: whether nothing was given, or nobody knows how much, they do not say; a placebo has none.

    Examples
    --------
    >>> no_amount(pd.Series(["0", "0.0", "400", ""]), "hbig").tolist()
    [True, True, False, False]
    """
    zero: Mask = doses.map(is_zero).to_numpy(dtype=bool)
    return zero & ("placebo" not in agent.casefold())


def is_zero(dose: str) -> bool:
    """Tell whether a dose is printed as 0.

    Examples
    --------
    >>> [is_zero(one) for one in ("0", " 0,00", "0.5", "")]
    [True, True, False, False]
    """
    return _ZERO.fullmatch(dose) is not None


def not_found(asked: Mapping[str, Iterable[str]], made: Mapping[str, MadeTable]) -> tuple[str, ...]:
    """Return notes on the names that a mapping asks for, and of which no row came.

    Parameters
    ----------
    asked : mapping of str to iterable of str
        Analytes under ``"labs"``, agents under ``"treatments"``.
    made : mapping of str to MadeTable

    Examples
    --------
    >>> not_found({"labs": [], "treatments": ["nuc"]}, {})
    ('no course was found of nuc: look for other codes in the list of what the mapping does not name',)
    """
    notes = []
    for section, column, said in _NAMED:
        found = set(made[section].rows[column]) if section in made else set()
        lacking = sorted(set(asked.get(section, ())) - found)
        if lacking:
            names = ", ".join(lacking)
            also = "" if found or section != "labs" else _NEW
            notes.append(f"{said} {names}: look for other codes in the list of what the mapping does not name{also}")
    return tuple(notes)


def without_courses(made: MutableMapping[str, MadeTable]) -> tuple[str, ...]:
    """Take an empty table of treatments away, and say so: nothing found is not "never given".

    Parameters
    ----------
    made : mutable mapping of str to MadeTable
    """
    if "treatments" not in made or not made["treatments"].rows.empty:
        return ()
    del made["treatments"]
    return ("since no course was found at all, nothing is taken as known of treatment",)
