"""The figures of a trial: failures over time by arm, and forests of differences. Counts of the arms in full."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from relapse_model.arrays import Floats
from relapse_model.report.figures.forest_rows import put_rows, rows_height
from relapse_model.report.figures.style import GREY, INK, colours, new_figure, one_axes, plain, put_legend, styled
from relapse_model.report.figures.survival import kaplan_meier

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TREATMENT, CONTROL = colours(2)  # as other pages colour groups, the treatment arm first
_MOST_TICKS = 7


@dataclass(frozen=True, slots=True)
class ForestRow:
    """One row: a difference with its interval; without one, a heading or a row that says why."""

    label: str
    value: float | None = None
    lower: float | None = None
    upper: float | None = None
    words: str = ""
    strong: bool = False


@styled
def failures_figure(time: Floats, event: Floats, treated: np.ndarray, names: tuple[str, str], week: float) -> Figure:
    """Draw the cumulative risk of failure by arm (Kaplan-Meier) with 95 % bands, and the numbers still at risk.

    Assumes that within an arm loss has nothing to do with the coming failure. Every step is drawn, and every number
    given.

    Parameters
    ----------
    time, event : array of shape (n,)
    treated : array of bool, shape (n,)
    names : tuple of str
        The treatment and the control arm.
    week : float
        Week of the endpoint.

    Returns
    -------
    Figure
    """
    figure = new_figure(3.9)
    main, table = figure.subplots(2, 1, sharex=True, height_ratios=[10, 3.4])
    highest = 0.1
    for name, who, colour in zip(names, (treated, ~treated), (TREATMENT, CONTROL), strict=True):
        times, *curves = kaplan_meier(time[who], event[who])
        inside = times <= week
        free, lower, upper = (np.append(1.0, values[inside]) for values in curves)
        at = np.append(0.0, times[inside])
        end = min(week, float(time[who].max()))
        at, free, lower, upper = (np.append(one, last) for one, last in (
            (at, end), (free, free[-1]), (lower, lower[-1]), (upper, upper[-1])))  # fmt: skip
        main.fill_between(at, 1 - upper, 1 - lower, step="post", color=colour, alpha=0.13, linewidth=0)
        main.step(at, 1 - free, where="post", color=colour, linewidth=1.8, label=plain(f"{name} (n = {who.sum()})"))
        highest = max(highest, float((1 - lower).max()))
    ticks = _ticks(week)
    top = min(1.0, 1.05 * highest)
    main.set(xlim=(0, 1.015 * week), ylim=(0, top), ylabel="Failed")
    shares = main.get_yticks()
    shares = shares[(shares >= 0) & (shares <= top)]
    main.set_yticks(shares, [f"{share:.0%}" for share in shares])
    put_legend(figure, main, None, ncols=2)
    main.set_title("Kaplan-Meier, 95 % bands")
    _numbers(table, time, treated, names, ticks)
    return figure


def _ticks(week: float) -> Floats:
    step = next(step for step in (1, 2, 4, 8, 12, 24, 48, 96, 192, np.inf) if week / step <= _MOST_TICKS)
    return np.arange(0, week + 1e-9, step) if np.isfinite(step) else np.array([0.0, week])


def _numbers(axes: Axes, time: Floats, treated: np.ndarray, names: tuple[str, str], ticks: Floats) -> None:
    axes.set(ylim=(1.6, -1.6), yticks=[], xlabel="Week since randomisation")
    axes.set_xticks(ticks)
    axes.spines["left"].set_visible(False)
    axes.text(0.0, -1, "Still followed and free of failure", transform=axes.get_yaxis_transform(), va="center",
              fontsize=9)  # fmt: skip
    for row, (who, colour) in enumerate(zip((treated, ~treated), (TREATMENT, CONTROL), strict=True)):
        for tick in ticks:
            side = "left" if tick == 0 else "right" if tick == ticks[-1] else "center"
            count = int((who & (time >= tick)).sum())
            axes.text(tick, row, str(count), ha=side, va="center", fontsize=9, color=colour, fontweight="bold")


@styled
def difference_forest(
    rows: Sequence[ForestRow], axis: str, sides: tuple[str, str], *, ax: Axes | None = None
) -> Figure:
    """Draw risk differences with their intervals, in percentage points, one above the other.

    Parameters
    ----------
    rows : sequence of ForestRow
        At least one of them with a value.
    axis : str
    sides : tuple of str
        What lies to the left and to the right of no difference.
    ax : Axes, optional
        To draw on, in a figure of your own.

    Returns
    -------
    Figure
    """
    labels = [row.label for row in rows]
    figure, axes = one_axes(ax, 0.85 + rows_height(labels))
    known = [row for row in rows if row.value is not None]
    reach = 100 * max(max(abs(row.lower or 0.0), abs(row.upper or 0.0)) for row in known)
    reach = min(100.0, 1.08 * max(reach, 5.0))
    places = put_rows(axes, labels, [row.words for row in rows], [row.strong for row in rows])
    for place, row in zip(places, rows, strict=True):
        if row.value is not None and row.lower is not None and row.upper is not None:
            value, low, high = (100 * one for one in (row.value, row.lower, row.upper))
            colour = TREATMENT if row.strong else INK
            axes.plot([low, high], [place, place], color=colour, linewidth=1.7)
            axes.plot([value], [place], marker="s", markersize=5, color=colour, linestyle="none")
    axes.axvline(0, color=GREY, linewidth=0.8, zorder=0)
    axes.set(xlim=(-reach, reach))
    axes.set_xlabel(f"{axis}\n{plain(sides[0])} \N{LEFTWARDS ARROW}   \N{RIGHTWARDS ARROW} {plain(sides[1])}")
    return figure
