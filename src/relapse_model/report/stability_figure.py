"""Each patient's risk, and the risks that models made from other samples of the patients would have given."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from relapse_model.report.style import FREE, GREY, INK, new_figure, styled
from relapse_model.validation.stability import Stability

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@styled
def stability_figure(risk: ArrayLike, stability: Stability) -> Figure:
    """Draw for each patient the model's risk against the band of the bootstrap models' risks.

    Assumes that the risks and the bands are of the same patients, in one order. The dots are unnamed.

    Parameters
    ----------
    risk : array-like of shape (n,)
        Risks by the model of all patients.
    stability : Stability

    Returns
    -------
    Figure

    Notes
    -----
    Riley and Collins 2023, Biom J 65:2200302.
    """
    p = 100 * np.asarray(risk, dtype=float)
    low, high = 100 * stability.lower, 100 * stability.upper
    top = min(100.0, 5 * float(np.ceil(1.03 * max(p.max(), high.max()) / 5)))
    figure = new_figure(4.4)
    axes = figure.subplots()
    axes.vlines(p, low, high, color=FREE, linewidth=1.0, alpha=0.35, label="2.5 to 97.5 % of the bootstrap models")
    axes.scatter(p, p, s=8, color=INK, linewidths=0, zorder=3, label="the model itself")
    axes.plot([0, top], [0, top], color=GREY, linewidth=0.8, linestyle=(0, (4, 3)), zorder=0)
    axes.set(xlim=(0, top), ylim=(0, top), xlabel="Risk by the model (%)", ylabel="Risk by bootstrap models (%)")
    figure.legend(loc="outside lower left")
    drawn = stability.resamples - stability.failed
    axes.set_title(
        f"Would other patients have given the same risks?\n"
        f"{drawn} bootstrap models; mean difference {100 * stability.mape:.1f} points"
    )
    return figure
