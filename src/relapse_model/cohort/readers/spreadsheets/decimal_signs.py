"""Two decimal conventions in one column: 1.234 beside 0,12 may be a thousand, and so may 1.000 beside 1000."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import numpy as np

from relapse_model.arrays import Mask

_NUMBER = re.compile(r"[^0-9.,]*([0-9]+(?:[.,][0-9]+)*)[^0-9]*")
_THOUSANDS = re.compile(r"[1-9][0-9]{0,2}(?:\.[0-9]{3})+")
_COMMA = re.compile(r"[0-9]+,(?:[0-9]{1,2}|[0-9]{4,})|0,[0-9]+")
_POINT = re.compile(r"[0-9]+\.(?:[0-9]{1,2}|[0-9]{4,})|0\.[0-9]+")
_ROUND = re.compile(r"[1-9][0-9]{0,2}\.000")
_LARGE = re.compile(r"[1-9][0-9]{3,}")


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
    found = [_NUMBER.fullmatch(unicodedata.normalize("NFKC", text).strip()) for text in texts]
    numbers = ["" if one is None else one[1] for one in found]

    def which(pattern: re.Pattern[str]) -> Mask:
        return np.array([pattern.fullmatch(one) is not None for one in numbers], dtype=bool)

    if which(_COMMA).any():
        return which(_THOUSANDS)
    unsure = which(_ROUND)
    plain = which(_LARGE).any() and not which(_POINT).any() and not (which(_THOUSANDS) & ~unsure).any()
    return unsure if plain else np.zeros(len(texts), dtype=bool)
