"""The risks of the patients, and those that models made from other samples of the patients would have given them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from relapse_model.report.figures.marks_of_five import neighbours
from relapse_model.report.figures.style import FREE, GREY, INK, one_axes, put_legend, styled
from relapse_model.validation.model_stability import Stability

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_GROUPS = 40


@styled
def stability_figure(risk: ArrayLike, stability: Stability, *, ax: Axes | None = None) -> Figure:
    """Draw the model's risks against the bands of the bootstrap models' risks, means of groups of 5 patients or more.

    Assumes that the risks and the bands are of the same patients, in one order. A group is of patients with
    neighbouring risks; with fewer than 5 patients nothing is drawn.

    Parameters
    ----------
    risk : array-like of shape (n,)
        Risks by the model of all patients.
    stability : Stability
    ax : Axes, optional
        To draw on, in a figure of your own.

    Returns
    -------
    Figure

    Notes
    -----
    Riley and Collins 2023, Biom J 65:2200302, who draw each patient.
    """
    p = 100 * np.asarray(risk, dtype=float)
    groups = neighbours(p, _MOST_GROUPS)
    middle, low, high = (
        np.array([values[rows].mean() for rows in groups])
        for values in (p, 100 * stability.lower, 100 * stability.upper)
    )
    top = min(100.0, 5 * float(np.ceil(1.03 * float(high.max(initial=20.0)) / 5)))
    figure, axes = one_axes(ax, 4.4)
    axes.vlines(middle, low, high, color=FREE, linewidth=1.4, alpha=0.45, label="2.5 to 97.5 % of the bootstrap models")
    axes.scatter(middle, middle, s=10, color=INK, linewidths=0, zorder=3, label="the model itself")
    axes.plot([0, top], [0, top], color=GREY, linewidth=0.8, linestyle=(0, (4, 3)), zorder=0)
    axes.set(xlim=(0, top), ylim=(0, top), xlabel="Risk by the model (%)", ylabel="Risk by bootstrap models (%)")
    put_legend(figure, axes, ax)
    drawn = stability.resamples - stability.failed
    axes.set_title(
        f"Would other patients have given the same risks?\n"
        f"{drawn} bootstrap models; mean difference {100 * stability.mape:.1f} points"
    )
    return figure
