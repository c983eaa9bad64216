"""Two decimal conventions in one source: 1.234 beside 0,12 may be a thousand, and so may 1.000 beside 1000."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import numpy as np

from relapse_model.arrays import Mask

_NUMBER = re.compile(r"[^0-9.,]*([0-9]+(?:[.,][0-9]+)*)(?:\s*[x×*·]\s*10\s*(?:\^|\*\*)?\s*[+-]?[0-9]+)?[^0-9]*")
_THOUSANDS = re.compile(r"[1-9][0-9]{0,2}(?:\.[0-9]{3})+")
_COMMA = re.compile(r"[0-9]+,(?:[0-9]{1,2}|[0-9]{4,})|0,[0-9]+")
_POINT = re.compile(r"[0-9]+\.(?:[0-9]{1,2}|[0-9]{4,})|0\.[0-9]+")
_SCIENTIFIC = re.compile(r"[^0-9.,]*([0-9]+\.[0-9]+)\s*(?:[x×*·]\s*10|e[+-]?[0-9])", re.IGNORECASE)
_ROUND = re.compile(r"[1-9][0-9]{0,2}\.000")
_LARGE = re.compile(r"[1-9][0-9]{3,}")
NO_THOUSANDS = (
    "a number whose point cannot part thousands, as other numbers of the column let it",
    "Write it in a copy so that it can be one number only: 1234 without the point, or 1.2340 with a further 0",
)
NOT_BESIDE_COMMAS = (
    "a number whose point cannot part thousands, as it does where {0!r} has decimal commas",
    f'State decimal = "." for its source if the point is a decimal sign there. {NO_THOUSANDS[1]}',
)
WITH_COMMA = (
    "a number with one decimal comma, and no point",
    "Write it in a copy with a comma (12,5), or without the point if it parts thousands (1250)",
)
"""What is expected, and an advice; of a column, and of the others of the source."""


def may_be_thousands(texts: Sequence[str]) -> Mask:
    """Tell in which texts of a column a point before three digits may part thousands.

    So it may where another number has a decimal comma; and ``1.000``, where another is a whole number of four digits
    and none has decimals.

    Parameters
    ----------
    texts : sequence of str
        The different texts of the column.

    Examples
    --------
    >>> [may_be_thousands(one).tolist() for one in (["0,12", "1.234"], ["1.000", "1000"], ["1.234", "0.12", "1520"])]
    [[False, True], [True, False], [False, False, False]]
    """
    numbers = [_bare(text) for text in texts]

    def which(pattern: re.Pattern[str]) -> Mask:
        return np.array([pattern.fullmatch(one) is not None for one in numbers], dtype=bool)

    if which(_COMMA).any():
        return which(_THOUSANDS)
    unsure = which(_ROUND)
    plain = which(_LARGE).any() and not which(_POINT).any() and not (which(_THOUSANDS) & ~unsure).any()
    return unsure if plain else np.zeros(len(texts), dtype=bool)


def has_comma(text: str) -> bool:
    """Tell whether a text holds a number with a decimal comma for certain.

    Examples
    --------
    >>> [has_comma(one) for one in ("0,12", "<0,05 IU/mL", "1,234", "0.12", "1,5", "1,2×10^3")]
    [True, True, False, False, True, True]
    """
    return _COMMA.fullmatch(_bare(text)) is not None


def parts_thousands(text: str) -> bool:
    """Tell whether a text holds a number whose point may part thousands.

    Examples
    --------
    >>> [parts_thousands(one) for one in ("1.234", "0.123", "1.23", ">1.000.000", "1.250 x 10^3")]
    [True, False, False, True, True]
    """
    return _THOUSANDS.fullmatch(_bare(text)) is not None


def is_scientific(text: str) -> bool:
    """Tell whether a number has a power of ten, so that the point before it parts no thousands.

    Examples
    --------
    >>> [is_scientific(one) for one in ("1.2×10^3", "<1.25E+03", "1.250×10^3", "1.2")]
    [True, True, False, False]
    """
    found = _SCIENTIFIC.match(unicodedata.normalize("NFKC", text).strip())
    return found is not None and not _THOUSANDS.fullmatch(found[1])


def _bare(text: str) -> str:
    """Return the number of a text, if it holds one and no other."""
    found = _NUMBER.fullmatch(unicodedata.normalize("NFKC", text).strip())
    return "" if found is None else found[1]
