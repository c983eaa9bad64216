"""What a part of a cohort must know of the whole, so that nothing said of it depends on how it was split."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class WholeTables:
    """The tables that a part was taken of.

    Attributes
    ----------
    rows : mapping of str to array of int
        For each table, the number of each row of the part in the whole; as in a spreadsheet, the header is row 1.
    identifiers : callable
        Returns what no message may show, of the whole (see `bare_identifiers`). Called when there is a message.
    patients_known : bool
        Whether the other tables have rows of any patient of the patients table.
    """

    rows: Mapping[str, NDArray[np.int64]]
    identifiers: Callable[[], frozenset[str]]
    patients_known: bool


_AROUND = re.compile(r"^\W+|\W+$")


def block_patients(patients: int) -> int:
    """Return of how many rows of the patients table a block is, of which a part has one or more whole ones.

    Risks are computed a block at a time: sums of numbers side by side depend, in their last digit, on how many rows are
    taken together, and must not depend on how many parts there are.

    Parameters
    ----------
    patients : int
        Rows of the whole table.

    Examples
    --------
    >>> [block_patients(rows) for rows in (1, 64, 65, 20_000, 1_000_000)]
    [1, 1, 2, 313, 1024]
    """
    return min(1024, max(1, -(-patients // 64)))


def bare_identifiers(texts: Iterable[str]) -> frozenset[str]:
    """Return identifiers as they are looked for in messages: without signs around them, in lower case.

    A short number says nothing of anybody, and much of what is wrong: it is left out.

    Examples
    --------
    >>> sorted(bare_identifiers(["(ZHANG-1985)", "12", "12345", "x"]))
    ['12345', 'zhang-1985']
    """
    # Most have no sign around them, and a search for it would take most of the time of a million.
    bare = {
        (text if text[:1].isalnum() and text[-1:].isalnum() else _AROUND.sub("", text)).casefold() for text in texts
    }
    return frozenset(text for text in bare if len(text) > (4 if text.isdecimal() else 1))


def holds_identifier(text: str, known: frozenset[str]) -> bool:
    """Tell whether one of some identifiers stands in a text, not as a part of a longer word or number.

    Writing without spaces between words has no longer words: there an identifier is found wherever it stands.

    Parameters
    ----------
    text : str
    known : frozenset of str
        As `bare_identifiers` returns them.

    Examples
    --------
    >>> known = frozenset({"ab-12", "张三", "12345"})
    >>> [holds_identifier(text, known) for text in ("AB-12 ?", "张三转院", "0123456", "x(12345)")]
    [True, True, False, True]
    """
    low = text.casefold()
    for length in {len(one) for one in known}:
        for start in range(len(low) - length + 1):
            end = start + length
            part = low[start:end]
            if part in known and not (_goes_on(low[:start][-1:], part[0]) or _goes_on(part[-1], low[end : end + 1])):
                return True
    return False


def _goes_on(before: str, after: str) -> bool:
    """Tell whether two letters or digits side by side are of one word."""
    return before.isascii() and after.isascii() and before.isalnum() and after.isalnum()
