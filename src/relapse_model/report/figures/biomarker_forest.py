"""A forest of candidates: the odds ratio of each, with its own interval and the one for all together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from relapse_model.report.figures.forest_rows import put_rows, rows_height
from relapse_model.report.figures.style import FREE, GREY, PALE, RELAPSE, one_axes, styled
from relapse_model.report.figures.ticks import put_log_ticks

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_ROWS = 30
_WIDEST = (0.05, 20.0)  # beyond it, the end of a line would say as much


@styled
def biomarker_forest(table: pd.DataFrame, *, ax: Axes | None = None) -> Figure:
    """Draw the candidates that were tested, the smallest adjusted p first.

    The thick line is the 95 % interval of the candidate alone, the thin one that for all candidates together, which is
    printed: it is the one to read. Limits are cut at 0.05 and 20.

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
    labels = [f"{row['label']}, {_per(str(row['per']))}" for row in rows]
    figure, axes = one_axes(ax, 0.7 + rows_height(labels))
    words = []
    for row in rows:
        low, value, high = np.exp([row["simultaneous_lower"], row["log_odds"], row["simultaneous_upper"]])
        words.append(f"{value:.2f} ({low:.2f} to {high:.2f})")
    for place, row in zip(put_rows(axes, labels, words), rows, strict=True):
        _line(axes, row, place)
    axes.axvline(1.0, color=GREY, linewidth=0.8, zorder=0)
    axes.set_xlabel("Odds ratio of the event (1: no effect)")
    axes.set_xscale("log")
    reach = min(1.1 * _WIDEST[1], max(2.2, *(1.0 / end if end < 1 else end for end in axes.get_xlim())))
    axes.set_xlim(1.0 / reach, reach)
    put_log_ticks(axes.xaxis, 1.0 / reach, reach)
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
    return {"yes": "yes versus no", "log10": "tenfold increase", "SD": "per\N{NO-BREAK SPACE}SD"}.get(per, per)
