"""A forest plot of performance by group: each group predicted by a model of all the others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from relapse_model.report.figures.forest_rows import two_lines
from relapse_model.report.figures.style import FREE, GREY, INK, new_figure, plain, styled
from relapse_model.report.figures.ticks import put_log_ticks
from relapse_model.small_counts import HIDDEN
from relapse_model.validation.estimate import Estimate
from relapse_model.validation.subgroups import Subgroup

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDEST = (0.05, 20.0)  # of observed over expected: beyond it, an arrow would say as much
_LONGEST = 52  # letters of a line


def shown_groups(groups: Sequence[Subgroup]) -> list[Subgroup]:
    """Return the groups that have any figure to draw."""
    return [group for group in groups if not group.hidden and group.measures]


@styled
def forest_figure(groups: Sequence[Subgroup], title: str = "Each centre, by a model of the others") -> Figure:
    """Draw AUC and observed over expected relapses of each group, with their intervals.

    Groups without figures are not drawn: list them beside it. Limits of observed over expected are cut at 0.05
    and 20.

    Parameters
    ----------
    groups : sequence of Subgroup
        At least one of them with figures.
    title : str

    Returns
    -------
    Figure
    """
    rows = shown_groups(groups)
    figure = new_figure(1.9 + 0.9 * len(rows))
    first, second = figure.subplots(2, 1)
    _panel(first, rows, "auc", "AUC (0.5 is chance)", 0.5)
    first.set_xlim(min(0.4, first.get_xlim()[0]), 1.0)
    _panel(second, rows, "observed_expected", "Observed / expected (ideal value 1)", 1.0)
    _ratio_axis(second)
    first.set_title(title)
    return figure


def _panel(axes: Axes, rows: Sequence[Subgroup], name: str, label: str, reference: float) -> None:
    beside = axes.get_yaxis_transform()
    for place, group in enumerate(rows):
        found = group.measures.get(name)
        hidden = HIDDEN in (group.patients, group.events)
        words = two_lines(group.name, "" if hidden else f": {group.patients} patients, {group.events} events", _LONGEST)
        text = axes.text(
            0.0, place - 0.25, plain(words), transform=beside, va="center", fontsize=8.5, linespacing=1.05,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0},
        )  # fmt: skip
        text.set_in_layout(False)
        estimate = str(found) if found is not None else "not estimable"
        axes.text(
            1.02, place + 0.2, estimate, transform=beside, va="center", fontsize=8.5, color=INK if found else GREY
        )
        if found is not None:
            _bar(axes, found, place + 0.2, _WIDEST if name == "observed_expected" else (0.0, 1.0))
    axes.axvline(reference, color=INK, linewidth=0.8, zorder=0)
    axes.set(ylim=(len(rows) - 0.4, -0.6), yticks=[], xlabel=label)
    axes.spines["left"].set_visible(False)


def _bar(axes: Axes, found: Estimate, place: float, widest: tuple[float, float]) -> None:
    value, low, high = np.clip([found.value, found.lower, found.upper], *widest)
    axes.plot([low, high], [place, place], color=FREE, linewidth=1.6)
    axes.plot([value], [place], marker="s", markersize=5, color=FREE, linestyle="none")


def _ratio_axis(axes: Axes) -> None:
    axes.set_xscale("log")
    low, high = axes.get_xlim()
    low, high = max(_WIDEST[0] * 0.9, min(low, 0.45)), min(_WIDEST[1] * 1.1, max(high, 2.2))
    axes.set_xlim(low, high)
    put_log_ticks(axes.xaxis, low, high)
