"""The columns of visits that a proposal finds by their names: numbered ones, and EOT, ET and unscheduled ones."""

from __future__ import annotations

from dataclasses import dataclass

from relapse_model.cohort.readers.spreadsheets.header_words import AtVisit, at_visit, at_word_visit
from relapse_model.cohort.readers.spreadsheets.look import Look
from relapse_model.cohort.readers.spreadsheets.table import VISIT, name_of_column

BEFORE, WORD = "before", "word"  # what a visit counts: weeks before enrolment, perhaps; nothing


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """The columns of one pattern of visits."""

    pattern: str
    places: tuple[int, ...]
    visits: tuple[AtVisit, ...]


def columns_of_visits(look: Look) -> list[Columns]:
    """Return the patterns of visits among the names of the columns of a sheet; none has a visit twice."""
    found: dict[str, list[tuple[int, AtVisit]]] = {}
    for place, name in enumerate(look.table.names):
        visit = at_visit(name) or at_word_visit(name)
        if visit is not None:
            found.setdefault(visit.pattern, []).append((place, visit))
    _put_together(found, look)
    return [
        Columns(pattern, tuple(place for place, _ in own), tuple(visit for _, visit in own))
        for pattern, own in found.items() if len({visit.visit for _, visit in own}) == len(own)
    ]  # fmt: skip


def _put_together(found: dict[str, list[tuple[int, AtVisit]]], look: Look) -> None:
    """Put W-4 beside W0 and W12, and EOT beside W12: what else fits the pattern would be read twice."""
    for pattern in [one for one in found if f"-{VISIT}" in one]:
        plain = pattern.replace(f"-{VISIT}", VISIT)
        if plain in found:
            own = [
                (place, AtVisit(plain, f"-{one.visit}", BEFORE, one.rest.rstrip("-")))
                for place, one in found.pop(pattern)
            ]
            found[plain] = sorted([*found[plain], *own], key=lambda pair: pair[0])
    for pattern in [one for one, own in found.items() if own[0][1].counted == WORD]:
        rest = name_of_column(found[pattern][0][1].rest)
        for other in [one for one in found if one != pattern and name_of_column(found[one][0][1].rest) == rest]:
            whole = [(place, at_visit(look.table.names[place], whole=True) or one) for place, one in found[other]]
            if all(name_of_column(one.pattern) == name_of_column(pattern) for _, one in whole):
                del found[other]
                found[pattern] = sorted([*found[pattern], *whole], key=lambda pair: pair[0])


def week_of(one: AtVisit) -> str:
    """Return the week since enrolment that the name of a visit states; ``"..."`` where a person must say.

    Examples
    --------
    >>> [week_of(AtVisit("", *pair, "")) for pair in (("12", "week"), ("w12", "week"), ("EOT", "word"))]
    ['12', '12', '"..."']
    """
    digits = "".join(char for char in one.visit if char.isdigit())
    return str(int(digits)) if one.counted == "week" and digits else '"..."'
