"""Which warnings say that nobody like the patient was studied: the risk is then not to be relied on."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pandas as pd

_NEXT_WARNING = re.compile(r"; (?=RS\d{3} )")  # a warning may itself hold a semicolon
UNLIKE = frozenset({"RS202", "RS203", "RS206", "RS208"})  # values, their combination, criteria, and the week
DO_NOT_RELY = "Do not rely on this risk: this patient is unlike the patients studied."


def each_warning(warnings: str) -> tuple[str, ...]:
    """Return the warnings of a patient, which `score` joins, one by one.

    Parameters
    ----------
    warnings : str

    Examples
    --------
    >>> each_warning("RS201 missing: Age; RS203 far; see why"), each_warning("")
    (('RS201 missing: Age', 'RS203 far; see why'), ())
    """
    return tuple(_NEXT_WARNING.split(warnings)) if warnings else ()


def unlike_studied(warnings: Iterable[str]) -> bool:
    """Tell whether any of a patient's warnings says that nobody like the patient was studied.

    Parameters
    ----------
    warnings : iterable of str
        Each begins with its code.

    Examples
    --------
    >>> unlike_studied(["RS201 missing: Age"]), unlike_studied(["RS206 eligibility criterion not met: I1"])
    (False, True)
    """
    return any(one[:5] in UNLIKE for one in warnings)


def unlike_count(scores: pd.DataFrame) -> int:
    """Return of how many patients the scores say that nobody like them was studied.

    Parameters
    ----------
    scores : DataFrame
        As `score` returns them: a patient who is not scored has no warnings.
    """
    return sum(unlike_studied(each_warning(str(one))) for one in scores["warnings"].fillna(""))


def unlike_words(count: int) -> str:
    """Return what holds for so many patients who are unlike those studied; empty for none.

    Parameters
    ----------
    count : int

    Examples
    --------
    >>> unlike_words(1)
    'Do not rely on the risk of 1 patient, who is unlike the patients studied (RS202, RS203, RS206 or RS208).'
    """
    if not count:
        return ""
    who = "1 patient, who is" if count == 1 else f"{count} patients, who are"
    *first, last = sorted(UNLIKE)
    codes = f"{', '.join(first)} or {last}"
    risk = "risk" if count == 1 else "risks"
    return f"Do not rely on the {risk} of {who} unlike the patients studied ({codes})."
