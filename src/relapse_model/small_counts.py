"""Counts as they may be told: small ones hidden, with a second one from which a small one could be worked out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]

SMALL = 5  # counts below it are not shown: they could point to a patient
HIDDEN = "hidden"  # what a small count could be worked out from


def hidden_cells(counts: NDArray[np.intp]) -> tuple[Mask, Mask]:
    """Return which counts are small, and which are hidden besides, so that no line has a single one hidden.

    Assumes that each column adds up to a known number and, with several columns, that the last column is the sum of
    the others.

    Parameters
    ----------
    counts : array of int, shape (levels, groups)

    Returns
    -------
    small, besides : array of bool, of the same shape

    Examples
    --------
    >>> small, besides = hidden_cells(np.array([[2, 20, 22], [8, 30, 38]]))
    >>> small.tolist(), besides.tolist()
    ([[True, False, False], [False, False, False]], [[False, True, False], [True, True, False]])
    """
    small = counts < SMALL
    hide = small.copy()
    before = -1
    while hide.sum() != before:
        before = int(hide.sum())
        for lines, numbers in ((hide.T, counts.T), (hide, counts)):  # views: `hide` changes
            for line, number in zip(lines, numbers, strict=True):
                if line.sum() == 1 and len(line) > 1:
                    crossed = lines.any(axis=0)  # where something is hidden anyway, so that less is lost
                    line[np.lexsort((number, ~crossed, line))[0]] = True
    return small, hide & ~small


def told_counts(counts: Sequence[int]) -> tuple[str, ...]:
    """Return counts that add up to a known number as text: ``<5`` for small ones, and another hidden if it is alone.

    Where all of them are 0 nobody is pointed at, and they are told.

    Parameters
    ----------
    counts : sequence of int

    Examples
    --------
    >>> told_counts([3, 20, 9]), told_counts([3, 2, 20]), told_counts([0, 0])
    (('<5', '20', 'hidden'), ('<5', '<5', '20'), ('0', '0'))
    """
    if not any(counts):
        return ("0",) * len(counts)
    small, besides = hidden_cells(np.array(counts, dtype=np.intp)[:, None])
    return tuple(
        f"<{SMALL}" if is_small else HIDDEN if is_hidden else str(count)
        for count, is_small, is_hidden in zip(counts, small[:, 0], besides[:, 0], strict=True)
    )


def told_count(count: int) -> int | str:
    """Return a count of which no sum is told: itself, or ``<5`` from 1 to 4.

    Parameters
    ----------
    count : int

    Examples
    --------
    >>> told_count(0), told_count(4), told_count(5)
    (0, '<5', 5)
    """
    return count if count == 0 or count >= SMALL else f"<{SMALL}"
