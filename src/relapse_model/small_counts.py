"""Counts as they may be disclosed: small ones hidden, with a second one from which a small one could be worked out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from relapse_model.arrays import Mask

SMALL = 5  # counts below it are not shown: they could point to a patient
HIDDEN = "hidden"  # what a small count could be worked out from
ROUNDED = 10  # counts in a model file that may leave are multiples of it, one way or the other
BELOW_ROUNDED = f"<{ROUNDED}"  # such a count of next to nobody
_ENDLESS = np.iinfo(np.intp).max


def hidden_cells(
    counts: NDArray[np.intp], *, zeros_disclosed: bool = False, unshown: Mask | None = None
) -> tuple[Mask, Mask]:
    """Return which counts are small, and which are hidden besides, so that no small one can be worked out.

    Assumes that each column adds up to a known number and, with several columns, that the last column is the sum of
    the others; and that the reader knows what is meant: a hidden count is 5 or more, a small one 1 to 4, or 0 to 4
    where its column has a 0 that is not disclosed. Of every count of 1 to 4 two values or more agree with all that is.
    The smallest counts are hidden first. Where even hiding all does not help, all are hidden alike and none is called
    small.

    Parameters
    ----------
    counts : array of int, shape (levels, groups)
    zeros_disclosed : bool
        Whether 0 is disclosed as it is; small otherwise.
    unshown : array of bool, shape (levels, groups), optional
        Counts that are shown nowhere, but that are not to be worked out either.

    Returns
    -------
    small, besides : array of bool, of the same shape

    Notes
    -----
    Counts that add up along rows and columns are a flow in a network. A count can be another one, the sums unchanged,
    if and only if a cycle passes through it along which every count may rise or fall by one.

    Examples
    --------
    >>> small, besides = hidden_cells(np.array([[2, 20, 22], [8, 30, 38]]))
    >>> small.tolist(), besides.tolist()
    ([[True, False, False], [False, False, False]], [[False, True, False], [True, True, False]])
    """
    small = (counts < SMALL) & ((counts > 0) | (not zeros_disclosed))
    away = np.zeros_like(small) if unshown is None else unshown
    least = np.where((counts > 0).all(axis=0) | zeros_disclosed, 1, 0)
    hide = small | away
    while True:
        _hide_second(hide, counts, away & ~small)
        low = np.where(away, 0, np.where(small, least, np.where(hide, SMALL, counts)))
        high = np.where(away, _ENDLESS, np.where(small, SMALL - 1, np.where(hide, _ENDLESS, counts)))
        known = [place for place in np.argwhere(small & (counts > 0)) if _is_known(place, counts, low, high)]
        if not known:
            return small, hide & ~small
        disclosed = np.argwhere(~hide & (counts >= SMALL))
        if not len(disclosed):
            return np.zeros_like(small), np.ones_like(small)
        beside = (disclosed == known[0]).any(axis=1)  # in its row or its column
        hide[tuple(disclosed[np.lexsort((counts[tuple(disclosed.T)], ~beside))[0]])] = True


def disclosed_counts(counts: Sequence[int]) -> tuple[str, ...]:
    """Return counts that add up to a known number as text: ``<5`` for small ones, others hidden as far as needed.

    Where all of them are 0 nobody is pointed at, and they are disclosed.

    Parameters
    ----------
    counts : sequence of int

    Examples
    --------
    >>> disclosed_counts([3, 20, 9]), disclosed_counts([3, 2, 20]), disclosed_counts([0, 0])
    (('<5', '20', 'hidden'), ('<5', '<5', '20'), ('0', '0'))

    Of 1 and 5, or of 4 and 4, the sum would disclose both:

    >>> disclosed_counts([1, 5, 20]), disclosed_counts([4, 4, 20])
    (('<5', 'hidden', 'hidden'), ('<5', '<5', 'hidden'))
    """
    if not any(counts):
        return ("0",) * len(counts)
    small, besides = hidden_cells(np.array(counts, dtype=np.intp)[:, None])
    return tuple(map(count_words, counts, small[:, 0], besides[:, 0]))


def disclosed_parts(counts: Sequence[int]) -> list[int | str]:
    """Return counts that add up to a known number, where 0 points at nobody: ``<5`` for 1 to 4, hidden where needed.

    Parameters
    ----------
    counts : sequence of int

    Examples
    --------
    >>> disclosed_parts([3, 20, 9]), disclosed_parts([0, 20, 9])
    (['<5', 20, 'hidden'], [0, 20, 9])
    """
    _, besides = hidden_cells(np.array(counts, dtype=np.intp)[:, None], zeros_disclosed=True)
    return [HIDDEN if besides[place, 0] else disclosed_count(count) for place, count in enumerate(counts)]


def count_words(count: int, is_small: bool, is_hidden: bool) -> str:
    """Return a count as it is disclosed where `hidden_cells` says this of it.

    Parameters
    ----------
    count : int
    is_small, is_hidden : bool
    """
    return f"<{SMALL}" if is_small else HIDDEN if is_hidden else str(count)


def disclosed_count(count: int) -> int | str:
    """Return a count of which no sum is disclosed: itself, or ``<5`` from 1 to 4.

    Parameters
    ----------
    count : int

    Examples
    --------
    >>> disclosed_count(0), disclosed_count(4), disclosed_count(5)
    (0, '<5', 5)
    """
    return count if count == 0 or count >= SMALL else f"<{SMALL}"


def _hide_second(hide: Mask, counts: NDArray[np.intp], harmless: Mask) -> None:
    """Hide a second count wherever a row or column has a single hidden one: the smallest of those that are not small.

    With one column, its rows are no sums. What is harmless if it is worked out needs no second one.
    """
    before = -1
    while hide.sum() != before:
        before = int(hide.sum())
        for lines, numbers, unasked in ((hide.T, counts.T, harmless.T), (hide, counts, harmless)):  # views
            for line, number, needless in zip(lines, numbers, unasked, strict=True):
                free = ~line & (number >= SMALL)
                if line.sum() == 1 and free.any() and not needless[line].any():
                    crossed = lines.any(axis=0)  # where something is hidden anyway, so that less is lost
                    line[np.lexsort((number, ~crossed, ~free))[0]] = True


def _is_known(place: NDArray[np.intp], counts: NDArray[np.intp], low: NDArray[np.intp], high: NDArray[np.intp]) -> bool:
    """Return whether no other count in this place agrees with the sums, all counts staying within their limits."""
    arcs: list[tuple[int, int]] = []
    own: list[tuple[int, int]] = []
    rows, columns = counts.shape
    for row, column in np.argwhere(low < high):
        rise = (int(row) if columns > 1 else 0, rows + int(column))
        if columns > 1 and column == columns - 1:
            rise = rise[::-1]
        count = counts[row, column]
        found = [rise] * bool(count < high[row, column]) + [rise[::-1]] * bool(count > low[row, column])
        (own if (row, column) == tuple(place) else arcs).extend(found)
    return not any(_leads(arcs, end, start) for start, end in own)


def _leads(arcs: list[tuple[int, int]], start: int, end: int) -> bool:
    """Return whether there is a way along the arcs."""
    seen, before = {start}, 0
    while len(seen) > before:
        before = len(seen)
        seen |= {head for tail, head in arcs if tail in seen}
    return end in seen
