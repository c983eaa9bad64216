"""Names of assays and units: their spelling normalised, and none shown that holds a patient's identifier."""

from __future__ import annotations

import re

from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.tables.column_values import cell_shown
from relapse_model.cohort.tables.identifiers import identifier_key

_WORD_EDGE = re.compile(r"\b|(?=[^\x00-\x7f])|(?<=[^\x00-\x7f])")  # Chinese is written without spaces
_SEARCHED = 120  # characters of a name; a warning shows fewer


def identifiers(cohort: Cohort) -> frozenset[str]:
    """Return the identifiers of a cohort as they are looked for: without case, and long enough to mean somebody.

    Parameters
    ----------
    cohort : Cohort
    """
    bare = {re.sub(r"^\W+|\W+$", "", identifier_key(str(one))).casefold() for one in cohort.patient_ids}
    return frozenset(text for text in bare if len(text) > (4 if text.isdecimal() else 1))


def holds_identifier(text: str, known: frozenset[str]) -> bool:
    """Tell whether a text holds one of the identifiers as a word of it: columns get mixed up.

    Parameters
    ----------
    text : str
    known : frozenset of str
        As `identifiers` returns them.

    Examples
    --------
    >>> holds_identifier("Architect of P001", frozenset({"p001"})), holds_identifier("P0012", frozenset({"p001"}))
    (True, False)
    """
    text = identifier_key(text[:_SEARCHED]).casefold()
    edges = [match.start() for match in _WORD_EDGE.finditer(text)]
    return any(text[start:end] in known for start in edges for end in edges if start < end)


def shown_name(text: str, known: frozenset[str]) -> str:
    """Return a name as a warning may show it.

    Parameters
    ----------
    text : str
    known : frozenset of str
    """
    return "one that is not shown, since it holds an identifier" if holds_identifier(text, known) else cell_shown(text)


def assay_key(name: str) -> str:
    """Return a key under which the spellings of one assay meet: case and spaces are normalised, nothing else.

    Examples
    --------
    >>> assay_key(" Architect  HBsAg QT") == assay_key("ARCHITECT HBsAg QT")
    True
    """
    return " ".join(name.split()).casefold()
