"""The unit that the label of a parameter states, in brackets at its end."""

from __future__ import annotations

import re

_BRACKETS = re.compile(r"[(\[]\s*([^()\[\]]+?)\s*[)\]]\s*$")


def unit_of_label(label: str) -> str:
    """Return what stands in brackets at the end of a label, as the unit does in PARAM.

    Parameters
    ----------
    label : str

    Examples
    --------
    >>> unit_of_label("Alanine Aminotransferase (U/L)"), unit_of_label("Bilirubin 1.5 x ULN")
    ('U/L', '')
    """
    found = _BRACKETS.search(label)
    return found[1] if found else ""
