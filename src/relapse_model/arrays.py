"""Names of the arrays that functions take and return; the largest value; seeds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from relapse_model.errors import RelapseModelError

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Positions = NDArray[np.intp]

LARGEST_VALUE = 1e30  # no measurement is beyond it; squares and 32-bit numbers overflow there


def require_seed(seed: object) -> int:
    """Return a seed as a plain whole number; refuse one that a generator does not take, or a model file cannot hold.

    Parameters
    ----------
    seed : int
        One of numpy's too.

    Raises
    ------
    RelapseModelError
        For anything else, None too: what nobody can repeat is no result. The error says what came, before a minute is
        spent on training.

    Examples
    --------
    >>> require_seed(np.int64(3))
    3
    """
    if not isinstance(seed, int | np.integer) or isinstance(seed, bool) or not 0 <= seed < 2**32:
        raise RelapseModelError(f"seed is {seed!r}; expected a whole number from 0 to {2**32 - 1}.")
    return int(seed)


def generator(seed: int | np.random.Generator) -> np.random.Generator:
    """Return the random numbers of a seed, or a generator as it is; refuse what cannot be repeated.

    Parameters
    ----------
    seed : int or numpy.random.Generator

    Raises
    ------
    RelapseModelError
        As `require_seed`.

    Examples
    --------
    >>> bool(generator(np.int64(3)).random() == np.random.default_rng(3).random())
    True
    """
    return seed if isinstance(seed, np.random.Generator) else np.random.default_rng(require_seed(seed))
