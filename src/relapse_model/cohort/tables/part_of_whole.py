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


def bare_identifiers(texts: Iterable[str]) -> frozenset[str]:
    """Return identifiers as they are looked for in messages: without signs around them, in lower case.

    A short number says nothing of anybody, and much of what is wrong: it is left out.

    Examples
    --------
    >>> sorted(bare_identifiers(["(ZHANG-1985)", "12", "12345", "x"]))
    ['12345', 'zhang-1985']
    """
    bare = {re.sub(r"^\W+|\W+$", "", text).casefold() for text in texts}
    return frozenset(text for text in bare if len(text) > (4 if text.isdecimal() else 1))
