"""Ticks that are read without effort: weeks in round steps, titres as plain numbers on a log axis."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from relapse_model.arrays import Floats

if TYPE_CHECKING:
    from matplotlib.axis import Axis

STEPS = (1, 2, 4, 8, 12, 24, 48, 96, 192, 480)  # weeks between the ticks of a time axis
_MOST = 6


def week_ticks(start: float, end: float) -> Floats:
    """Return round weeks from the first at or after the start.

    Parameters
    ----------
    start, end : float

    Examples
    --------
    >>> week_ticks(-30.0, 100.0).tolist()
    [-24.0, 0.0, 24.0, 48.0, 72.0, 96.0]
    """
    step = next((step for step in STEPS if (end - start) / step <= _MOST), STEPS[-1])
    return np.arange(np.ceil(start / step) * step, end + 1e-9, step)


def log_ticks(low: float, high: float) -> Floats:
    """Return ticks 1, 2, 5 x 10^k within the limits, or powers of ten, as many as find room.

    Parameters
    ----------
    low, high : float
        Limits of the axis, above 0.

    Examples
    --------
    >>> log_ticks(0.9, 60.0).tolist()
    [1.0, 2.0, 5.0, 10.0, 20.0, 50.0]
    >>> log_ticks(0.01, 20000.0).tolist()
    [0.01, 0.1, 1.0, 10.0, 100.0, 1000.0, 10000.0]
    """
    powers = 10.0 ** np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
    fine = np.array([float(f"{factor * power:.3g}") for power in powers for factor in (1, 2, 5)])
    inside = fine[(fine >= low) & (fine <= high)]
    if len(inside) > _MOST:
        whole = powers[(powers >= low) & (powers <= high)]
        whole = whole[:: int(np.ceil(len(whole) / (_MOST + 1)))]
        return whole if len(whole) > 2 else inside[::2]
    return inside


def put_log_ticks(axis: Axis, low: float, high: float) -> None:
    """Give a log axis its ticks, as plain numbers.

    Parameters
    ----------
    axis : matplotlib.axis.Axis
    low, high : float
        Its limits.
    """
    from matplotlib.ticker import NullLocator

    ticks = log_ticks(low, high)
    axis.set_ticks(list(ticks), [f"{tick:,.10g}" for tick in ticks])
    axis.set_minor_locator(NullLocator())
