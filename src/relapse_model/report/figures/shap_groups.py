"""How the predictors enter the model: SHAP values of each, in patients with low, middle and high values of it."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from relapse_model.arrays import Floats
from relapse_model.report.figures.dependence import by_importance, places_of
from relapse_model.report.figures.marks_of_five import neighbours
from relapse_model.report.figures.style import GREY, GROUPS, INK, one_axes, plain, put_legend, styled
from relapse_model.small_counts import SMALL
from relapse_model.study.predictor import Predictor

if TYPE_CHECKING:
    import shap
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_THIRDS = (("low values, or no", GROUPS[3]), ("middle values", GREY), ("high values, or yes", GROUPS[1]))
_LEVEL = ("a level, or not known", INK)
MOST_SHOWN = 10
_WRAP = 22


@styled
def shap_groups_figure(
    explanation: shap.Explanation, predictors: tuple[Predictor, ...], *, ax: Axes | None = None
) -> Figure:
    """Draw mean and SD of the SHAP values of each predictor, by thirds of its values: five patients or more to a mark.

    The predictors that move the risk, of more than 10 the first 10, stand in the order of their mean absolute SHAP
    value. Equal values are not separated, so a predictor with few distinct values may have two marks, or one. Levels,
    and those of whom the value is not known, have marks of their own.

    Parameters
    ----------
    explanation : shap.Explanation
        Of several patients, as `RelapseModel.explain` returns it.
    predictors : tuple of Predictor
        Of the study, in the order of the explanation.
    ax : Axes, optional
        To draw on, in a figure of your own.

    Returns
    -------
    Figure
    """
    everything = by_importance(explanation)
    order = everything[:MOST_SHOWN]
    figure, axes = one_axes(ax, 1.5 + 0.42 * len(order))
    axes.axvline(0, color=GREY, linewidth=0.8, zorder=0)
    for row, place in enumerate(order):
        effect = np.asarray(explanation.values[:, place], dtype=float)
        _draw_row(axes, row, effect, _parts(explanation.data[:, place], predictors[place]))
    names = [
        plain(fill(str(explanation.feature_names[place]), _WRAP, max_lines=2, placeholder=" ...")) for place in order
    ]
    axes.set_yticks(range(len(order)), names)
    axes.set(ylim=(len(order) - 0.4, -0.6), xlabel="SHAP value (log-odds): mean and SD")
    for label, colour in _marked(axes):
        axes.plot([], [], marker="o", linestyle="none", markersize=4, color=colour, label=label)
    put_legend(figure, axes, ax, ncols=2)
    less = len(everything) - len(order)
    axes.set_title(
        "How the predictors enter the model" + (f"\n{less} with smaller effects are not shown" if less else "")
    )
    return figure


def _marked(axes: Axes) -> list[tuple[str, str]]:
    """Return the colours that the figure uses, with their labels: others would be looked for in it."""
    used = {line.get_color() for line in axes.lines if line.get_marker() == "o"}
    return [(label, colour) for label, colour in (*_THIRDS, _LEVEL) if colour in used]


def _draw_row(axes: Axes, row: int, effect: Floats, parts: list[tuple[NDArray[np.intp], str]]) -> None:
    shift = np.linspace(-0.22, 0.22, len(parts)) if len(parts) > 1 else np.zeros(len(parts))
    for (rows, colour), down in zip(parts, shift, strict=True):
        axes.errorbar(
            [effect[rows].mean()], [row + down], xerr=[effect[rows].std()], color=colour, fmt="o", markersize=4,
            elinewidth=1.2,
        )  # fmt: skip


def _parts(shown: NDArray[Any], predictor: Predictor) -> list[tuple[NDArray[np.intp], str]]:
    """Return groups of patients and the colour of each; one of fewer than 5 is not among them."""
    names, places, _ = places_of(shown, predictor)
    if names:
        colours = [_THIRDS[0][1], _THIRDS[2][1], _LEVEL[1]] if not predictor.levels else [_LEVEL[1]] * len(names)
        found = [(np.flatnonzero(places == code), colours[code]) for code in range(len(names))]
        return [(rows, colour) for rows, colour in found if len(rows) >= SMALL]
    known, missing = np.flatnonzero(~np.isnan(places)), np.flatnonzero(np.isnan(places))
    groups = [known[rows] for rows in neighbours(places[known], 3)]
    used = {1: (1,), 2: (0, 2), 3: (0, 1, 2)}.get(len(groups), ())
    parts = [(rows, _THIRDS[third][1]) for rows, third in zip(groups, used, strict=True)]
    return [*parts, (missing, _LEVEL[1])] if len(missing) >= SMALL else parts
