"""At which weeks curves of the outcome are read, and how these are joined: by the kind of outcome."""

from __future__ import annotations

from typing import Literal

import numpy as np

from relapse_model.arrays import Floats
from relapse_model.report.disclosure import FULL
from relapse_model.report.figures.ticks import STEPS
from relapse_model.study.study import Study

VISITS, DATES, BETWEEN = "visits", "dates", "between"  # how a curve is read
_MOST_TICKS = 6


def reading_of(study: Study, disclosure: str) -> str:
    """Return how curves of the study's outcome are read: ``"visits"``, ``"dates"`` or ``"between"``.

    Tests find an outcome at visits, some weeks after it came. One that is adjudicated has its date in the outcomes
    table, at which the curve steps; a report that hides small counts tells no date of one patient.

    Parameters
    ----------
    study : Study
    disclosure : {"full", "small-counts"}
    """
    if study.outcome.analyte is not None or study.outcome.column is not None:
        return VISITS
    return DATES if disclosure == FULL else BETWEEN


def drawstyle(reading: str) -> Literal["default", "steps-post"]:
    """Return how Matplotlib joins the weeks of a curve."""
    return "default" if reading == BETWEEN else "steps-post"


def weeks_and_horizon(start: float, end: float, horizon: float | None, most: int) -> Floats:
    """Return round weeks from the start, and the horizon where it is not after the end.

    Parameters
    ----------
    start, end : float
    horizon : float or None
    most : int
        Steps, at most.

    Examples
    --------
    >>> weeks_and_horizon(0.0, 26.3, 26.0, 7).tolist()
    [0.0, 4.0, 8.0, 12.0, 16.0, 20.0, 24.0, 26.0]
    """
    weeks = start + weeks_read(0.0, max(0.0, end - start), most, STEPS)
    return weeks if horizon is None or not start < horizon <= end else np.union1d(weeks, horizon)


def ticks_and_horizon(start: float, end: float, horizon: float | None) -> Floats:
    """Return round weeks for an axis, and the horizon in place of those that its number would touch.

    Parameters
    ----------
    start, end : float
    horizon : float or None

    Examples
    --------
    >>> ticks_and_horizon(0.0, 26.0, 26.0).tolist(), ticks_and_horizon(0.0, 48.0, 48.0).tolist()
    ([0.0, 8.0, 16.0, 26.0], [0.0, 8.0, 16.0, 24.0, 32.0, 40.0, 48.0])
    """
    ticks = start + weeks_read(0.0, end - start, _MOST_TICKS, STEPS)
    if horizon is None or not start < horizon <= end:
        return ticks
    apart = 0.1 * (end - start)
    return (
        np.append(ticks[(np.abs(ticks - horizon) >= apart) | (ticks == start)], horizon)
        if (horizon > ticks[-1] - apart)
        else ticks
    )


def weeks_read(start: float, end: float, most: int, steps: tuple[int, ...]) -> Floats:
    """Return weeks from the start, in round steps, the last at or before the end.

    Parameters
    ----------
    start, end : float
    most : int
        Steps, at most, unless the longest step is too short.
    steps : tuple of int

    Examples
    --------
    >>> weeks_read(0.0, 48.0, 6, (4, 8, 12)).tolist()
    [0.0, 8.0, 16.0, 24.0, 32.0, 40.0, 48.0]
    """
    step = next((step for step in steps if (end - start) / step <= most), steps[-1])
    return np.arange(start, end + 1e-9, step)
