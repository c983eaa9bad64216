"""Where labels beneath an axis go so that none covers another: numbers are thinned out, names are moved."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from relapse_model.arrays import Floats


def fits(centres: Sequence[float] | Floats, widths: Sequence[float] | Floats, gap: float) -> bool:
    """Return whether labels can all stand right below their ticks.

    Parameters
    ----------
    centres, widths : array-like of shape (n,)
        Of the labels, in one unit of length.
    gap : float
        Least distance between two labels.

    Examples
    --------
    >>> fits([0.0, 1.0], [0.8, 0.8], 0.1), fits([0.0, 1.0], [1.0, 1.0], 0.1)
    (True, False)
    """
    order = np.argsort(centres, kind="stable")
    middle, half = np.asarray(centres, dtype=float)[order], np.asarray(widths, dtype=float)[order] / 2
    return bool((np.diff(middle) >= half[1:] + half[:-1] + gap).all())


def thinned(centres: Sequence[float] | Floats, widths: Sequence[float] | Floats, gap: float) -> list[int]:
    """Return which labels stay, from left to right: both ends, and between them as many as find room.

    Parameters
    ----------
    centres, widths : array-like of shape (n,)
    gap : float

    Examples
    --------
    >>> thinned([0.0, 0.5, 1.0, 2.0], [0.8] * 4, 0.1)
    [0, 2, 3]
    """
    middle, half = np.asarray(centres, dtype=float), np.asarray(widths, dtype=float) / 2
    order = [int(place) for place in np.argsort(middle, kind="stable")]
    if len(order) < 3:
        return order
    kept, last = [order[0]], order[-1]
    for place in order[1:-1]:
        clear_left = middle[place] - half[place] - gap >= middle[kept[-1]] + half[kept[-1]]
        if clear_left and middle[place] + half[place] + gap <= middle[last] - half[last]:
            kept.append(place)
    return [*kept, last]


def label_places(
    centres: Sequence[float] | Floats, widths: Sequence[float] | Floats, low: float, high: float, gap: float
) -> tuple[Floats, NDArray[np.intp]]:
    """Return where labels go when all must stay: side by side, or where they are too wide for that, stacked.

    Side by side they are moved as little as can be: the sum of the squared moves is the least that keeps the order,
    the gaps and the limits. Stacked, each has a line of its own and begins right of its tick, the rightmost tick
    first, so that straight lines down from the ticks pass left of the labels above.

    Parameters
    ----------
    centres, widths : array-like of shape (n,)
        Where the labels should stand, and how wide they are; none wider than from `low` to `high`.
    low, high : float
        Limits for the edges of the labels.
    gap : float
        Least distance between two labels, and of a stacked label from its tick.

    Returns
    -------
    places : ndarray of shape (n,)
        Centres of the labels.
    line : ndarray of shape (n,)
        0 for the line nearest the axis.

    Examples
    --------
    >>> places, line = label_places([1.0, 1.2], [1.0, 1.0], 0.0, 5.0, 0.2)
    >>> places.round(3).tolist(), line.tolist()
    ([0.5, 1.7], [0, 0])
    """
    middle, width = np.asarray(centres, dtype=float), np.asarray(widths, dtype=float)
    order = np.argsort(middle, kind="stable")
    places, line = np.empty(len(middle)), np.zeros(len(middle), dtype=np.intp)
    if width.sum() + gap * (len(width) - 1) <= high - low:
        places[order] = _apart(middle[order], width[order], low, high, gap)
        return places, line
    line[order] = np.arange(len(order))[::-1]
    return np.minimum(middle + gap + width / 2, high - width / 2), line


def _apart(middle: Floats, width: Floats, low: float, high: float, gap: float) -> Floats:
    """Move labels apart: with the least distances taken off, it is the nearest rising sequence, cut at the limits."""
    needed = np.concatenate([[0.0], np.cumsum(width[1:] / 2 + width[:-1] / 2 + gap)])
    rising = _nearest_rising(middle - needed)
    least, most = low + width[0] / 2, high - width[-1] / 2 - needed[-1]
    return np.asarray(np.clip(rising, least, max(least, most)) + needed)


def _nearest_rising(values: Floats) -> Floats:
    """Return the nearest sequence that never falls (least squares; pool adjacent violators)."""
    means: list[float] = []
    counts: list[int] = []
    for value in values:
        mean, count = float(value), 1
        while means and means[-1] > mean:
            before = counts.pop()
            mean = (means.pop() * before + mean * count) / (before + count)
            count += before
        means.append(mean)
        counts.append(count)
    return np.repeat(means, counts)
