"""Shapley values of a function of a few numbers, against one reference: exact, or by permutations. Arrays only."""

from __future__ import annotations

from collections.abc import Callable
from math import factorial

import numpy as np
from numpy.typing import NDArray

from relapse_model.arrays import Floats

Function = Callable[[Floats], Floats]
EXACT_UP_TO = 10  # players: beyond, 2 ** players evaluations a row are too many
PERMUTATIONS = 32
_ROWS_AT_ONCE = 200_000


def permutation_orders(columns: int, permutations: int = PERMUTATIONS) -> list[NDArray[np.intp]]:
    """Return the orders in which columns join where all subsets are too many: the same at every call."""
    random = np.random.default_rng(0)
    return [random.permutation(columns) for _ in range(permutations)]


def shapley_values(function: Function, rows: Floats, reference: Floats, *, permutations: int = PERMUTATIONS) -> Floats:
    """Return how much each column moves the function from the reference to each row.

    A row's values add up to ``function(row) - function(reference)`` exactly, with either method. Exact (Shapley
    1953, doi:10.1515/9781400881970-018) up to 10 columns: every subset of columns is evaluated. Beyond, the mean
    over fixed random orders of the columns, each taken forwards and backwards.

    Parameters
    ----------
    function : callable
        From rows, shape (k, p), to numbers, shape (k,).
    rows : array, shape (n, p)
    reference : array, shape (p,)
    permutations : int
        Orders used beyond 10 columns.

    Returns
    -------
    array, shape (n, p)

    Examples
    --------
    A product is shared equally between its two factors.

    >>> import numpy as np
    >>> shapley_values(lambda x: x[:, 0] * x[:, 1], np.array([[2.0, 3.0]]), np.zeros(2))
    array([[3., 3.]])
    """
    columns = rows.shape[1]
    size = 2**columns if columns <= EXACT_UP_TO else 2 * permutations * (columns + 1)
    step = max(1, _ROWS_AT_ONCE // size)
    found = np.zeros(rows.shape)
    for start in range(0, len(rows), step):
        block = rows[start : start + step]
        if columns <= EXACT_UP_TO:
            found[start : start + step] = _exact(function, block, reference)
        else:
            found[start : start + step] = _by_permutations(function, block, reference, permutations)
    return found


def _evaluate(function: Function, rows: Floats, reference: Floats, present: NDArray[np.bool_]) -> Floats:
    """Evaluate every row with only some columns its own; `present` has shape (m, p), the result (n, m)."""
    mixed = np.where(present[None, :, :], rows[:, None, :], reference)
    return function(mixed.reshape(-1, rows.shape[1])).reshape(len(rows), len(present))


def _exact(function: Function, rows: Floats, reference: Floats) -> Floats:
    columns = rows.shape[1]
    subsets = np.arange(2**columns)
    present = (subsets[:, None] >> np.arange(columns) & 1).astype(bool)
    value = _evaluate(function, rows, reference, present)
    size = present.sum(axis=1)
    share = np.array([factorial(s) * factorial(columns - s - 1) / factorial(columns) for s in range(columns)])
    found = np.empty(rows.shape)
    for column in range(columns):
        without = subsets[~present[:, column]]
        gain = value[:, without | (1 << column)] - value[:, without]
        found[:, column] = gain @ share[size[without]]
    return found


def _by_permutations(function: Function, rows: Floats, reference: Floats, permutations: int) -> Floats:
    columns = rows.shape[1]
    found = np.zeros(rows.shape)
    for order in permutation_orders(columns, permutations):
        for one in (order, order[::-1]):
            present = np.zeros((columns + 1, columns), dtype=bool)
            for place, column in enumerate(one):
                present[place + 1 :, column] = True
            found[:, one] += np.diff(_evaluate(function, rows, reference, present), axis=1)
    return found / (2 * permutations)
