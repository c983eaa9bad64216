"""Observed outcomes over time in groups of predicted risk, with the predicted risk of each group beside them."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from relapse_model.arrays import Floats
from relapse_model.report.figures.style import GREY, GROUPS, one_axes, plain, put_legend, styled
from relapse_model.report.figures.survival import MOST_READINGS, read_curve
from relapse_model.report.figures.weeks_read import VISITS, drawstyle, ticks_and_horizon, weeks_and_horizon

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SHADES = (GROUPS[0], GROUPS[2], GROUPS[1])
_BESIDE = 0.03  # of the width, between the marks of two groups


@styled
def risk_groups_figure(
    time: ArrayLike,
    event: ArrayLike,
    groups: Sequence[tuple[str, ArrayLike, float, tuple[float, float, float] | None]],
    *,
    start: float = 0.0,
    horizon: float = 48.0,
    reading: str = VISITS,
    ax: Axes | None = None,
) -> Figure:
    """Draw the share with the outcome over time, by group; at the horizon what was observed beside what was predicted.

    The curves (1 minus Kaplan-Meier) are read every few weeks and end at the horizon, or where fewer than 5 are still
    followed: no step is the week of one patient. `reading` says how they are drawn where the outcome is dated.

    Parameters
    ----------
    time : array-like of shape (n,)
        Week of the outcome, or last week known free of it.
    event : array-like of shape (n,)
        1 for the outcome.
    groups : sequence of (str, array-like of int, float, tuple or None)
        Name, places of its patients, mean predicted risk at the horizon, and the observed one with its 95 % limits.
    start : float
        The landmark.
    horizon : float
    reading : {"visits", "dates", "between"}
        As `relapse_model.report.figures.survival.kaplan_meier_figure` takes it.
    ax : Axes, optional
        To draw on; a new figure by default.

    Returns
    -------
    Figure
    """
    t, d = np.asarray(time, dtype=float), np.asarray(event, dtype=float)
    figure, axes = one_axes(ax, 4.4)
    grid = weeks_and_horizon(start, horizon, horizon, MOST_READINGS)
    apart = _BESIDE * (horizon - start)
    top = 5.0
    for place, ((name, rows, predicted, observed), colour) in enumerate(zip(groups, _SHADES, strict=False)):
        those = np.asarray(rows, dtype=np.intp)
        reached = _draw_group(axes, t[those], d[those], grid, colour, f"{name} (n = {len(those)})", reading)
        week = horizon + (1 + 2 * place) * apart
        top = max(top, reached, _draw_at_horizon(axes, (week, week + 0.8 * apart), predicted, observed, colour))
    for marker, face, label in (("o", GREY, "observed, 95 % interval"), ("D", "white", "predicted, mean")):
        axes.plot([], [], marker=marker, color=GREY, markerfacecolor=face, linestyle="none", markersize=5, label=label)
    axes.axvline(horizon, color=GREY, linewidth=0.8, linestyle=":")
    right = horizon + (2 * len(groups) + 1) * apart
    axes.set(xlim=(start, right), ylim=(0, min(100, 10 * ceil(1.02 * top / 10))))
    axes.set_xticks(ticks_and_horizon(start, horizon, horizon))
    axes.set(xlabel="Week", ylabel="With the outcome (%)")
    put_legend(figure, axes, ax, ncols=2)
    axes.set_title(
        "Observed and predicted, by predicted risk\n1 minus Kaplan-Meier"
        if (d < 2).all()
        else "Observed and predicted, by predicted risk\nAalen-Johansen"
    )
    return figure


def _draw_at_horizon(
    axes: Axes,
    weeks: tuple[float, float],
    predicted: float,
    observed: tuple[float, float, float] | None,
    colour: str,
) -> float:
    """Draw what was observed beside what was predicted; return how high it reaches."""
    axes.plot(
        [weeks[1]], [100 * predicted], marker="D", markersize=6, color=colour, clip_on=False, zorder=5,
        markerfacecolor="white", markeredgewidth=1.6,
    )  # fmt: skip
    if observed is None:
        return 100 * predicted
    value, lower, upper = (100 * one for one in observed)
    axes.errorbar(
        [weeks[0]], [value], yerr=[[value - lower], [upper - value]], fmt="o", markersize=4.5, color=colour,
        clip_on=False, elinewidth=1.3,
    )  # fmt: skip
    return max(100 * predicted, upper)


def _draw_group(axes: Axes, time: Floats, event: Floats, grid: Floats, colour: str, label: str, reading: str) -> float:
    """Draw one group up to the end of the grid; return how high it reaches."""
    within = np.minimum(time, grid[-1])
    followed, free, *_ = read_curve(within, np.where(time > grid[-1], 0.0, event), grid, reading)
    if not len(followed):
        axes.plot([], [], color=colour, linewidth=1.8, label=plain(label))
        return 0.0
    found = 100 * (1 - free)
    axes.plot(followed, found, drawstyle=drawstyle(reading), color=colour, linewidth=1.8, label=plain(label))
    return float(found.max())
