"""Stability selection: how often a candidate is among the best in halves of the patients."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from relapse_model.arrays import Floats, Mask, Positions, generator
from relapse_model.development.screening.score_test import score_tests


def selection_frequencies(
    columns: ArrayLike,
    relapse: ArrayLike,
    base: ArrayLike,
    selected: int,
    weight: ArrayLike | None = None,
    offset: ArrayLike | None = None,
    *,
    pairs: int = 50,
    seed: int = 0,
) -> Floats:
    """Return how often each candidate is among the `selected` largest score statistics in halves of the patients.

    Complementary pairs of halves (Shah and Samworth 2013, doi:10.1111/j.1467-9868.2011.01034.x), each with half of the
    events. In every half the base is refitted, with Firth's penalty: there may be 5 events in it. Equal statistics
    keep the order of the candidates.

    Parameters
    ----------
    columns : array-like of shape (m, n)
    relapse : array-like of shape (n,)
    base : array-like of shape (n, k)
    selected : int
        In each half, q.
    weight, offset : array-like of shape (n,), optional
        As in `score_tests`.
    pairs : int
    seed : int

    Returns
    -------
    array, shape (m,)
        Shares of the 2 `pairs` halves.

    Examples
    --------
    >>> marker, noise, y = np.arange(40.0), np.tile([0.0, 1.0], 20), np.repeat([0, 1], 20)
    >>> selection_frequencies([noise, marker], y, np.empty((40, 0)), 1, pairs=5).tolist()
    [0.0, 1.0]
    """
    x = np.atleast_2d(np.asarray(columns, dtype=float))
    y = np.asarray(relapse, dtype=float)
    w = np.ones(y.size) if weight is None else np.asarray(weight, dtype=float)
    design = np.asarray(base, dtype=float)
    kinds = [np.flatnonzero((w > 0) & (y == kind)) for kind in (1, 0)]
    chosen = np.zeros(len(x))
    for half in _halves(kinds, y.size, pairs, generator(seed)):
        known = None if offset is None else np.asarray(offset)[half]
        z = np.abs(score_tests(x[:, half], y[half], design[half], w[half], known, firth=True, one_base=True).z)
        best = np.argsort(-np.round(np.where(np.isnan(z), -1.0, z), 9), kind="stable")[:selected]
        chosen[best[~np.isnan(z[best])]] += 1
    return chosen / (2 * pairs)


def _halves(kinds: list[Positions], patients: int, pairs: int, rng: np.random.Generator) -> Iterator[Mask]:
    """Yield the two halves of each pair, disjoint, with the same number of each kind of patient."""
    for _ in range(pairs):
        halves = np.zeros((2, patients), dtype=bool)
        for places in kinds:
            order = rng.permutation(places)
            size = len(order) // 2
            halves[0, order[:size]], halves[1, order[size : 2 * size]] = True, True
        yield from halves
