"""The benefit of treatment by predicted risk: what the trial shows in groups, beside the curve of one effect."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from relapse_model.report.figures.style import FREE, GREY, INK, one_axes, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@styled
def benefit_figure(groups: pd.DataFrame, curve: pd.DataFrame, treatment: str, *, ax: Axes | None = None) -> Figure:
    """Draw the benefit of each group of predicted risk with its interval, and what one effect on the log-odds says.

    Parameters
    ----------
    groups : DataFrame
        ``predicted_control, benefit, lower, upper``, as `BenefitReport.groups`.
    curve : DataFrame
        ``risk, benefit, lower, upper``.
    treatment : str
        Name of the treatment.
    ax : Axes, optional
        To draw on, in a figure of your own.
    """
    figure, axes = one_axes(ax, 3.4)
    risk = 100 * curve["risk"].to_numpy()
    axes.fill_between(risk, 100 * curve["lower"], 100 * curve["upper"], color=FREE, alpha=0.15, linewidth=0)
    axes.plot(risk, 100 * curve["benefit"], color=FREE, label="one effect for all (90 % band)")
    axes.axhline(0.0, color=GREY, linewidth=0.8)
    known = groups[groups["benefit"].notna()]
    middle = 100 * known["benefit"].to_numpy()
    ends = 100 * np.abs(known[["lower", "upper"]].to_numpy().T - known["benefit"].to_numpy())
    axes.errorbar(
        100 * known["predicted_control"], middle, yerr=ends, fmt="o", color=INK, markersize=4.5, linewidth=1.2,
        capsize=2.5, label="groups of the trial (95 %)",
    )  # fmt: skip
    axes.set_xlabel("Predicted risk in the control arm (%)")
    axes.set_ylabel(f"Benefit of {treatment} (percentage points)")
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=1, borderaxespad=0.2)
    return figure
