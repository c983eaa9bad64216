"""Names of the arrays that functions take and return; numbers on a grid, and seeds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from relapse_model.errors import RelapseModelError

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Positions = NDArray[np.intp]

LARGEST_VALUE = 1e30  # no measurement is beyond it; squares and 32-bit numbers overflow there

_STEPS = (0.5, 1.0, 2.0, 5.0)  # times a power of ten


def grid_step(most: float) -> float:
    """Return the largest of 1, 2 and 5, times a power of ten, that is not above a number; 0 of 0.

    Parameters
    ----------
    most : float
        0 or more.

    Examples
    --------
    >>> grid_step(0.94), grid_step(7.5), grid_step(2.0)
    (0.5, 5.0, 2.0)
    """
    if not most > 0:
        return 0.0
    power = 10.0 ** np.floor(np.log10(most))
    return float(max(step * power for step in _STEPS if step * power <= most * (1 + 1e-9)))


def on_grid(value: float, step: float, to: Callable[[float], float] = np.rint) -> float:
    """Return a number rounded to whole steps; itself where there is no step.

    Parameters
    ----------
    value : float
    step : float
    to : callable
        `numpy.rint`, or `numpy.floor` and `numpy.ceil` for the ends of a range.

    Examples
    --------
    >>> on_grid(39.04, 0.5), on_grid(26.52, 0.5, np.floor), on_grid(1.47, 0.05)
    (39.0, 26.5, 1.45)
    """
    if step == 0:
        return float(value)
    return float(f"{to(value / step) * step:.12g}")


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
