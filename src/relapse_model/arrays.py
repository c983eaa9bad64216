"""Names of the arrays that functions take and return; numbers on a grid."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Positions = NDArray[np.intp]

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
