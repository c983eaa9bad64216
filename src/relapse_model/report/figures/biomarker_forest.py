"""A forest of candidates: the odds ratio of each, with its own interval and the one for all together."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import shorten
from typing import TYPE_CHECKING, Any

import numpy as np

from relapse_model.report.figures.style import FREE, GREY, INK, PALE, RELAPSE, one_axes, plain, styled
from relapse_model.report.figures.ticks import put_log_ticks

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_ROWS = 30
_WIDEST = (0.05, 20.0)  # beyond it, the end of a line would say as much
_LONGEST = 34


@styled
def biomarker_forest(table: pd.DataFrame, *, ax: Axes | None = None) -> Figure:
    """Draw the candidates that were tested, the smallest adjusted p first.

    The thick line is the 95 % interval of the candidate alone, the thin one that for all candidates together. Limits
    are cut at 0.05 and 20.

    Parameters
    ----------
    table : DataFrame
        As `BiomarkerScreen.table`, of those with an estimate.
    ax : Axes, optional
        To draw on, in a figure of your own.

    Returns
    -------
    Figure
    """
    rows = table.head(MOST_ROWS).to_dict("records")
    figure, axes = one_axes(ax, 0.9 + 0.48 * len(rows))
    beside = axes.get_yaxis_transform()
    for place, row in enumerate(rows):
        words = f"{shorten(str(row['label']), _LONGEST, placeholder=' ...')}, {_per(str(row['per']))}"
        text = axes.text(
            0.0, place - 0.3, plain(words), transform=beside, va="center", fontsize=8.5,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0},
        )  # fmt: skip
        text.set_in_layout(False)
        low, value, high = np.exp([row["lower"], row["log_odds"], row["upper"]])
        interval = f"{value:.2f} ({low:.2f} to {high:.2f})"
        axes.text(1.02, place + 0.15, interval, transform=beside, va="center", fontsize=8.5, color=INK)
        _line(axes, row, place + 0.15)
    axes.axvline(1.0, color=INK, linewidth=0.8, zorder=0)
    axes.set(ylim=(len(rows) - 0.4, -0.7), yticks=[], xlabel="Odds ratio of the event (1: no effect)")
    axes.spines["left"].set_visible(False)
    axes.set_xscale("log")
    low, high = axes.get_xlim()
    low, high = max(_WIDEST[0] * 0.9, min(low, 0.45)), min(_WIDEST[1] * 1.1, max(high, 2.2))
    axes.set_xlim(low, high)
    put_log_ticks(axes.xaxis, low, high)
    return figure


def _line(axes: Axes, row: Mapping[Any, Any], place: float) -> None:
    colour = RELAPSE if row["selected"] else FREE if row["p"] < 1 else GREY
    limits = np.clip(
        np.exp([row["simultaneous_lower"], row["lower"], row["log_odds"], row["upper"], row["simultaneous_upper"]]),
        *_WIDEST,
    )
    axes.plot(limits[[0, 4]], [place, place], color=PALE, linewidth=2.4, zorder=1)
    axes.plot(limits[[0, 4]], [place, place], color=colour, linewidth=0.7, zorder=2)
    axes.plot(limits[[1, 3]], [place, place], color=colour, linewidth=2.4, zorder=3)
    axes.plot([limits[2]], [place], marker="s", markersize=5, color=colour, linestyle="none", zorder=4)


def _per(per: str) -> str:
    return {"yes": "yes versus no", "log10": "tenfold increase", "SD": "per SD"}.get(per, per)
