"""The different pairs of two columns, so that each is looked at once however many rows there are."""

from __future__ import annotations

import pandas as pd

from relapse_model.arrays import Positions


def distinct_pairs(one: pd.Series, other: pd.Series) -> tuple[Positions, list[tuple[str, str]]]:
    """Return of each row the place of its pair, and the different pairs as texts.

    Without a tuple for each row, of which a million take longer than all else that is done with them.

    Parameters
    ----------
    one, other : Series
        Of one length.

    Examples
    --------
    >>> places, pairs = distinct_pairs(pd.Series(["5", "5", "7"]), pd.Series(["IU/mL", "IU/mL", ""]))
    >>> places.tolist(), pairs
    ([0, 0, 1], [('5', 'IU/mL'), ('7', '')])
    """
    first, ones = pd.factorize(one, use_na_sentinel=False)
    second, others = pd.factorize(other, use_na_sentinel=False)
    places, found = pd.factorize(first * max(len(others), 1) + second)
    return places, [(str(ones[pair // len(others)]), str(others[pair % len(others)])) for pair in found.tolist()]
