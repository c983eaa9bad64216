"""How a predictor moves the model's log-odds, over its values in clinical units."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import shorten, wrap
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from relapse_model.arrays import Floats
from relapse_model.report.figures.marks_of_five import neighbours
from relapse_model.report.figures.style import FREE, GREY, new_figure, one_axes, plain, styled
from relapse_model.report.figures.ticks import put_log_ticks
from relapse_model.small_counts import SMALL
from relapse_model.study.predictor import Predictor
from relapse_model.study.predictor_kinds import DIFFERENCES

if TYPE_CHECKING:
    import shap
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_GROUPS = 20
_ACROSS = 2  # panels in a row
_LONGEST, _LONGEST_OF_PANEL = 48, 26  # letters of a title
_MARKS: dict[str, Any] = {"fmt": "", "marker": "o", "markersize": 4, "linewidth": 1.0, "elinewidth": 1.0, "alpha": 0.8}


@styled
def dependence_figure(
    explanation: shap.Explanation, position: int, predictor: Predictor, *, ax: Axes | None = None
) -> Figure:
    """Draw the SHAP values of one predictor against its values: mean and SD in groups of 5 patients or more.

    Assumes an explanation in clinical units, as `RelapseModel.explain` returns it. Groups are of neighbouring values,
    or of one level. What is missing has no place on the axis of a number; how many these are is said above. A level of
    fewer than 5 patients is named only.

    Parameters
    ----------
    explanation : shap.Explanation
    position : int
        Of the predictor among the explained.
    predictor : Predictor
    ax : Axes, optional
        Axes to draw on; by default a new figure.

    Returns
    -------
    Figure
    """
    figure, axes = one_axes(ax, 2.9)
    _draw_dependence(axes, explanation, position, predictor)
    return figure


@styled
def dependence_panels(
    explanation: shap.Explanation, positions: Sequence[int], predictors: Sequence[Predictor], *, exact: bool = False
) -> Figure:
    """Draw the SHAP values of several predictors, as `dependence_figure` does, on one scale of effects.

    Parameters
    ----------
    explanation : shap.Explanation
    positions : sequence of int
        Of the predictors, in the order in which they are drawn.
    predictors : sequence of Predictor
        Of the study.
    exact : bool
        Show all numbers as they are, for whoever owns the data.

    Returns
    -------
    Figure
    """
    rows = -(-len(positions) // _ACROSS)
    figure = new_figure(2.2 * rows)
    panels = figure.subplots(rows, min(_ACROSS, len(positions)), sharey=True, squeeze=False)
    for number, axes in enumerate(panels.flat):
        if number >= len(positions):
            axes.remove()
            continue
        place = positions[number]
        _draw_dependence(axes, explanation, place, predictors[place], longest=_LONGEST_OF_PANEL, exact=exact)
        if number % _ACROSS:
            axes.set_ylabel("")
        else:
            axes.set_ylabel("SHAP (log-odds)")
    return figure


def _draw_dependence(
    axes: Axes,
    explanation: shap.Explanation,
    position: int,
    predictor: Predictor,
    longest: int = _LONGEST,
    *,
    exact: bool = False,
) -> None:
    effect = np.asarray(explanation.values[:, position], dtype=float)
    shown = explanation.data[:, position]
    axes.axhline(0, color=GREY, linewidth=0.8, zorder=0)
    names, places, missing = places_of(shown, predictor)
    known = np.flatnonzero(~np.isnan(places))
    logarithmic = not names and _logarithmic(predictor) and len(known) > 0 and float(places[known].min()) > 0
    groups = [known[rows] for rows in neighbours(places[known], max(_MOST_GROUPS, len(names)))]
    if names:
        groups = [rows for code in range(len(names)) if len(rows := np.flatnonzero(places == code)) >= SMALL]
    across = np.array([_mean(places[rows], logarithmic) for rows in groups])
    middle, spread = (np.array([how(effect[rows]) for rows in groups]) for how in (np.mean, np.std))
    axes.errorbar(across, middle, yerr=spread, color=FREE, linestyle="none" if names else "-", **_MARKS)
    if names:
        axes.set_xticks(range(len(names)), [plain(shorten(name, 14, placeholder="...")) for name in names])
        axes.set_xlim(-0.6, len(names) - 0.4)
    elif logarithmic and len(across):
        _log_scale(axes, across)
    title = str(explanation.feature_names[position])
    axes.set(xlabel=plain(wrapped(title, longest)), ylabel="SHAP value (log-odds)")
    count = str(missing) if exact or missing >= SMALL else f"<{SMALL}"
    note = f"{'; ' if longest == _LONGEST else chr(10)}{count} missing, not shown" if missing else ""
    axes.set_title(plain(f"{wrapped(predictor.label, longest - 4)}{note}"))


def wrapped(text: str, longest: int) -> str:
    r"""Return a title in as many lines as it needs: no word of it is cut off.

    Parameters
    ----------
    text : str
    longest : int
        Letters of a line, unless one word is longer.

    Examples
    --------
    >>> wrapped("Consolidation after HBsAg loss (weeks)", 22)
    'Consolidation after\nHBsAg loss (weeks)'
    """
    return "\n".join(wrap(text, longest, break_long_words=False, break_on_hyphens=False))


def by_importance(explanation: shap.Explanation) -> list[int]:
    """Return the positions of the predictors that move the risk, the one that moves it most first."""
    size = np.abs(np.asarray(explanation.values, dtype=float)).mean(axis=0)
    return [int(place) for place in np.argsort(-size, kind="stable") if size[place] > 1e-9]


def places_of(shown: NDArray[Any], predictor: Predictor) -> tuple[list[str], Floats, int]:
    """Return the names of categories (none for a number), the place of each patient, and how many have none.

    Parameters
    ----------
    shown : array
        Values in clinical units, levels by name.
    predictor : Predictor
    """
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
    return names if (place == len(names) - 1).any() else names[:-1], place, 0


def _logarithmic(predictor: Predictor) -> bool:
    return predictor.scale == "log10" and predictor.kind not in DIFFERENCES


def _mean(values: Floats, logarithmic: bool) -> float:
    return float(10 ** np.log10(values).mean() if logarithmic else values.mean())


def _log_scale(axes: Axes, values: Floats) -> None:
    low, high = float(values.min()) / 1.3, float(values.max()) * 1.3
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    put_log_ticks(axes.xaxis, low, high)
