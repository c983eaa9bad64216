"""The forecast of one patient's titre: median, 90 % band, and the limit below which another dose is due."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from relapse_model.report.figures.style import GROUPS, INK, one_axes, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LOWEST = 1.0  # mIU/mL: less is as good as none


@styled
def titre_forecast_figure(course: pd.DataFrame, below: float, *, ax: Axes | None = None) -> Figure:
    """Draw the forecast of a titre. The figure does not say whose it is.

    Parameters
    ----------
    course : DataFrame
        ``week, median, lower, upper`` in mIU/mL, as `DosingReport.course` returns it.
    below : float
        The limit of the rule.
    ax : Axes, optional
        To draw on, in a figure of your own.
    """
    figure, axes = one_axes(ax, 3.4)
    low, middle, high = (
        np.maximum(course[name].to_numpy(dtype=float), LOWEST) for name in ("lower", "median", "upper")
    )
    week = course["week"].to_numpy(dtype=float)
    axes.fill_between(week, low, high, color=GROUPS[0], alpha=0.2, linewidth=0, label="90 % band")
    axes.plot(week, middle, color=GROUPS[0], label="median")
    axes.axhline(below, color=INK, linewidth=0.8, linestyle="--", label=f"threshold of the rule, {below:g} mIU/mL")
    axes.set_yscale("log")
    low_end, high_end = np.log10(min(float(low.min()), below)), np.log10(max(float(high.max()), below))
    decades = 10.0 ** np.arange(np.floor(low_end), np.ceil(high_end) + 1)  # 1, 10, 100: not 10 to a power
    axes.set_ylim(decades[0], decades[-1])
    axes.set_yticks(decades, [f"{tick:,g}" for tick in decades])
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=1, borderaxespad=0.2)
    axes.set_xlim(week[0], week[-1])
    axes.set_xlabel("Week")
    axes.set_ylabel("Anti-HBs (mIU/mL)")
    return figure
