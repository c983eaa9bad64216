"""How a predictor moves the model's log-odds, over its values in clinical units."""

from __future__ import annotations

from textwrap import shorten
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from relapse_model.report.style import FREE, GREY, Floats, new_figure, plain, styled
from relapse_model.report.table_one import SMALL
from relapse_model.report.ticks import put_log_ticks
from relapse_model.study import Predictor

if TYPE_CHECKING:
    import shap
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@styled
def dependence_figure(explanation: shap.Explanation, position: int, predictor: Predictor) -> Figure:
    """Draw the SHAP values of one predictor against its values: one unnamed dot for each patient.

    Assumes an explanation in clinical units, as `RelapseModel.explain` returns it. What is missing has no place on
    the axis of a number; how many these are is said above.

    Parameters
    ----------
    explanation : shap.Explanation
    position : int
        Of the predictor among the explained.
    predictor : Predictor

    Returns
    -------
    Figure
    """
    effect = np.asarray(explanation.values[:, position], dtype=float)
    shown = explanation.data[:, position]
    figure = new_figure(2.9)
    axes = figure.subplots()
    axes.axhline(0, color=GREY, linewidth=0.8, zorder=0)
    names, places, missing = _places(shown, predictor)
    axes.scatter(places, effect, s=12, color=FREE, alpha=0.5, linewidths=0)
    if names:
        axes.set_xticks(range(len(names)), [plain(shorten(name, 14, placeholder="...")) for name in names])
        axes.set_xlim(-0.6, len(names) - 0.4)
    elif predictor.scale == "log10" and predictor.kind not in ("change", "slope") and np.nanmin(places) > 0:
        _log_scale(axes, places)
    title = str(explanation.feature_names[position])
    axes.set(xlabel=plain(shorten(title, 48, placeholder=" ...")), ylabel="SHAP value (log-odds)")
    count = str(missing) if missing >= SMALL else f"<{SMALL}"
    note = f"; {count} missing, not shown" if missing else ""
    axes.set_title(plain(f"{shorten(predictor.label, 44, placeholder=' ...')}{note}"))
    return figure


def by_importance(explanation: shap.Explanation) -> list[int]:
    """Return the positions of the predictors that move the risk, the one that moves it most first."""
    size = np.abs(np.asarray(explanation.values, dtype=float)).mean(axis=0)
    return [int(place) for place in np.argsort(-size, kind="stable") if size[place] > 1e-9]


def _places(shown: NDArray[Any], predictor: Predictor) -> tuple[list[str], Floats, int]:
    """Return the names of categories (none for a number), the place of each patient, and how many have none."""
    if predictor.levels:
        names = [*predictor.levels, "missing"]
        codes = [names.index(value) if value in predictor.levels else len(names) - 1 for value in shown]
    else:
        numbers = np.asarray(shown, dtype=float)
        known = numbers[~np.isnan(numbers)]
        if not np.isin(known, (0.0, 1.0)).all():
            return [], numbers, len(numbers) - len(known)
        names = ["no", "yes", "missing"]
        codes = [2 if np.isnan(value) else int(value) for value in numbers]
    place = np.array(codes, dtype=float)
    if not (place == len(names) - 1).any():
        names = names[:-1]
    for code in np.unique(place):  # side by side, so that equal values are all seen
        rows = np.flatnonzero(place == code)
        place[rows] += np.linspace(-0.25, 0.25, len(rows)) if len(rows) > 1 else 0.0
    return names, place, 0


def _log_scale(axes: Axes, values: Floats) -> None:
    low, high = float(np.nanmin(values)) / 1.3, float(np.nanmax(values)) * 1.3
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    put_log_ticks(axes.xaxis, low, high)
