"""Concepts of a source by what they are to a study: evident, by the text of their rows, to be asked, and the others."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from relapse_model.cohort.readers.named_codes import Naming, verdict

NO_CONCEPT = ("", "0")
"""How a row says that its source's code has no standard concept."""
_BARE = "no concept: "


@dataclass(slots=True)
class ConceptMet:
    """A concept that was met: how often, with which codes of the source, units and answers."""

    count: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    units: Counter[tuple[str, str]] = field(default_factory=Counter)
    answers: Counter[tuple[str, str]] = field(default_factory=Counter)
    unread: int = 0


def key_of(concept: str, text: str) -> str:
    """Return under what a row is counted: its concept, else its own text.

    Examples
    --------
    >>> key_of("3006923", "ALT"), key_of("0", "ALT")
    ('3006923', 'no concept: ALT')
    """
    return f"{_BARE}{text}" if concept in NO_CONCEPT else concept


def bare_text(key: str) -> str | None:
    """Return the text of rows without a concept, from the key under which they are counted; None for a concept."""
    return key.removeprefix(_BARE) if key.startswith(_BARE) else None


@dataclass(slots=True)
class SortedCodes:
    """What the concepts of a source are.

    Attributes
    ----------
    known : mapping
        By name, the concepts that are evident, each with the rows that call it otherwise.
    by_text : mapping
        By name, the texts of rows without a concept, with what was met.
    asked : mapping
        By concept, what was met and what it may be.
    rest : mapping
    """

    known: dict[str, dict[str, Counter[str]]] = field(default_factory=lambda: defaultdict(dict))
    by_text: dict[str, dict[str, ConceptMet]] = field(default_factory=lambda: defaultdict(dict))
    asked: dict[str, tuple[ConceptMet, tuple[str, ...]]] = field(default_factory=dict)
    rest: dict[str, ConceptMet] = field(default_factory=dict)

    def odd_rows(
        self, own: Mapping[str, Counter[str]], met: Mapping[str, ConceptMet]
    ) -> tuple[Counter[str], list[str]]:
        """Return the texts by which rows of some concepts are called otherwise, and the texts of the others."""
        odd: Counter[str] = sum(own.values(), Counter())
        said: Counter[str] = sum((met[concept].codes for concept in own), Counter())
        return odd, [text for text in said if text not in odd]


def sorted_codes(met: Mapping[str, ConceptMet], names: Mapping[str, tuple[str, str]], naming: Naming) -> SortedCodes:
    """Sort concepts by what they are to a study.

    Parameters
    ----------
    met : mapping of str to ConceptMet
    names : mapping of str to tuple of str
        Name and code of concepts, where the source has the vocabulary.
    naming : Naming
    """
    found = SortedCodes()
    for concept, one in sorted(met.items(), key=lambda each: (-each[1].count, each[0])):
        text = bare_text(concept)
        if text is not None and (name := naming.named(text)) is not None:
            found.by_text[name][text] = one
            continue
        stated = (text,) if text else tuple(filter(None, names.get(concept, ())))
        said = verdict(stated, one.codes if text is None else {}, naming)
        if said.name is not None:
            found.known[said.name][concept] = said.odd
        elif said.doubt:
            found.asked[concept] = one, said.doubt
        else:
            found.rest[concept] = one
    return found
