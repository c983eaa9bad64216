"""The nomogram of a logistic model: values to points, points to a total, the total to a risk, by ruler alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from textwrap import shorten
from typing import TYPE_CHECKING, Any

import numpy as np

from relapse_model.arrays import Floats
from relapse_model.errors import InsufficientDataError
from relapse_model.features.clinical_units import predictor_title
from relapse_model.model.explanation.points_bins import (
    central_range,
    is_yes_or_no,
    model_scale,
    number_words,
    round_ladders,
)
from relapse_model.model.explanation.shap_values import reference_codes
from relapse_model.model.explanation.single_effects import FLAT, additive_effect, model_log_odds, require_logistic
from relapse_model.report.figures.label_places import fits, label_places, thinned
from relapse_model.report.figures.style import FREE, GREY, INK, PALE, RELAPSE, WIDTH, new_figure, plain, styled
from relapse_model.study.predictor import Predictor
from relapse_model.validation.logistic_fit import log_odds

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from relapse_model.model.relapse_model import RelapseModel

POINTS = 100.0  # of the predictor with the widest effect
_CURVE = 101  # values at which the effect of a number is read off the model
_MOST_TICKS = 9
_PERCENTS = (
    (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 98, 99, 99.5, 99.8, 99.9),
    tuple(range(1, 100)),
    tuple(tenth / 10 for tenth in range(1, 1000)),
)  # fmt: skip

# Inches. The line of a predictor lies below its name; labels hang below the line.
_SIDE, _EDGE = 0.32, 0.06
_NAME, _MINOR, _TICK, _LEADER, _LINE, _BETWEEN = 0.16, 0.035, 0.05, 0.05, 0.15, 0.12
_GAP = 0.07
_NAME_SIZE, _TICK_SIZE = 9.0, 8.5
_HEAD = 0.62
_LONGEST_NAME, _LONGEST_LEVEL = 66, 40  # letters; a name that is wider than the figure is drawn smaller
_BACKGROUND = {"facecolor": "white", "edgecolor": "none", "pad": 0.3}  # no line runs through a label


@dataclass(frozen=True, slots=True)
class NomogramAxis:
    """One axis of a nomogram.

    Attributes
    ----------
    title : str
        Label of the predictor with its unit.
    low, high : float
        Least and largest effect over the training range, log-odds against the reference patient.
    ticks : tuple of (tuple of str, ndarray)
        Sets of ticks, the coarsest first: what is written, and the effect there. One set for levels, which are
        always shown all; none where nothing is known of the range.
    """

    title: str
    low: float
    high: float
    ticks: tuple[tuple[tuple[str, ...], Floats], ...]
    all_shown: bool = False


@styled
def nomogram_figure(model: RelapseModel) -> Figure:
    """Draw the nomogram of a logistic model: one axis per predictor, the total of the points, the risk.

    Assumes log-odds that are all but a sum of one function per predictor: each is read off the model for the
    reference patient (means, commonest levels) with this one predictor changed, over the training range (5th to
    95th percentile); so a product of predictors is seen at the others' means only. The predictor with the widest
    effect spans 100 points. Where an effect rises and falls again, both branches lie on one line. Values that are
    missing have no place in a nomogram; `relapse_model.model.explanation.points_score.points_score` gives them points.

    Parameters
    ----------
    model : RelapseModel
        Of one of the classifiers prior_logistic, ridge_logistic, elastic_net.

    Returns
    -------
    Figure

    Raises
    ------
    RelapseModelError
        If the classifier is not a logistic one.
    InsufficientDataError
        If no predictor moves the risk of the model.

    Notes
    -----
    Harrell, Regression Modeling Strategies, 2nd edition (2015), section 11.2.
    """
    axes_of = nomogram_axes(model)
    unit = max(one.high - one.low for one in axes_of) / POINTS
    total = sum(one.high - one.low for one in axes_of) / unit
    base = float(model_log_odds(model, reference_codes(model)[None, :])[0]) + sum(one.low for one in axes_of)
    figure = new_figure(1.0)
    figure.set_layout_engine("none")  # every place is given in inches
    axes = figure.add_axes((0, 0, 1, 1))
    board = _Board(axes, _HEAD)
    points = np.arange(0, POINTS + 1, 10)
    board.scale("Points", [f"{point:g}" for point in points], points / POINTS, INK, finer=2)
    first = board.line
    for one in axes_of:
        _draw_predictor(board, one, unit)
    board.axes.vlines(_across(points / POINTS), first, board.line, color=PALE, linewidth=0.5, zorder=0)
    marks = _total_marks(total)
    board.scale("Total points", [number_words(mark) for mark in marks], np.array(marks) / total, INK, finer=5)
    percents, places = _risk_marks(base, unit, total)
    outcome = (
        f"{shorten(model.study.outcome.name, 36, placeholder=' ...')} by week {model.study.prediction.horizon_weeks:g}"
    )
    board.scale(f"Risk of {outcome} (%)", percents, places, RELAPSE)
    _finish(figure, board)
    return figure


def nomogram_axes(model: RelapseModel) -> list[NomogramAxis]:
    """Return the axis of each predictor of the study, in its order.

    Parameters
    ----------
    model : RelapseModel

    Raises
    ------
    RelapseModelError
        If the classifier is not a logistic one.
    InsufficientDataError
        If no predictor moves the risk of the model.
    """
    require_logistic(model, "nomogram")
    found = [_axis(model, place, predictor) for place, predictor in enumerate(model.study.predictors)]
    if max(one.high - one.low for one in found) < FLAT:
        raise InsufficientDataError(
            "nomogram: no predictor moves the risk of this model, so there is nothing to draw; expected one that does."
        )
    return found


def _axis(model: RelapseModel, place: int, predictor: Predictor) -> NomogramAxis:
    training, unit = model.summary["predictors"][predictor.name], predictor_title(predictor)[len(predictor.label) :]
    title = shorten(predictor.label, _LONGEST_NAME - len(unit), placeholder=" ...") + unit
    names = predictor.levels or (("no", "yes") if is_yes_or_no(predictor, training) else ())
    if names:
        effect = additive_effect(model, place, np.arange(len(names)))
        short = tuple(shorten(name, _LONGEST_LEVEL, placeholder=" ...") for name in names)
        return NomogramAxis(title, float(effect.min()), float(effect.max()), ((short, effect),), True)
    if training["p05"] is None or not training["p95"] > training["p05"]:
        return NomogramAxis(title, 0.0, 0.0, ())
    ladders = [ticks for ticks in round_ladders(*central_range(predictor, training), predictor) if len(ticks) > 1]
    curve = additive_effect(model, place, np.linspace(training["p05"], training["p95"], _CURVE))
    effects = [additive_effect(model, place, model_scale(ticks, predictor)) for ticks in ladders]
    everything = np.concatenate([curve, *effects])
    ticks = tuple((tuple(map(number_words, one)), effect) for one, effect in zip(ladders, effects, strict=True))
    return NomogramAxis(title, float(everything.min()), float(everything.max()), ticks)


class _Board:
    """The sheet, in inches from its upper left corner; axes are added from above downwards."""

    def __init__(self, axes: Axes, top: float):
        self.axes, self.top, self.line = axes, top, top
        figure = axes.figure
        self._dpi = figure.dpi
        axes.set(xlim=(0, WIDTH), ylim=(1, 0))
        axes.set_axis_off()

    def width(self, text: str, size: float = _TICK_SIZE) -> float:
        """Return the width of a text."""
        drawn = self.axes.text(0, 0, plain(text), fontsize=size)
        width = float(drawn.get_window_extent().width) / self._dpi
        drawn.remove()
        return width

    def name(self, title: str, colour: str = INK) -> None:
        """Write the name of an axis, and go down to its line."""
        size = _NAME_SIZE * min(1.0, 0.97 * (WIDTH - 2 * _EDGE) / self.width(title, _NAME_SIZE))
        self.axes.text(_EDGE, self.top + _NAME / 2, plain(title), va="center", fontsize=size, color=colour)
        self.line = self.top + _NAME + 0.06

    def scale(self, title: str, labels: Sequence[str], shares: Floats, colour: str, finer: int = 1) -> None:
        """Add an axis over the whole width, with its ticks at shares of it; labels without room are left out.

        Between two of equal ticks `finer` - 1 are marked without a label.
        """
        self.name(title, colour)
        self.stroke(0.0, 1.0, colour)
        places = _across(shares)
        step = (places[1] - places[0]) / finer if len(places) > 1 else WIDTH
        self.marks(np.arange(places[0], places[-1], step) if finer > 1 else places, colour)
        kept = thinned(places, [self.width(label) for label in labels], _GAP)
        self.labels([labels[one] for one in kept], places[kept], colour)

    def stroke(self, low: float, high: float, colour: str) -> None:
        """Draw the line of an axis between two shares of the width."""
        self.axes.plot(_across(np.array([low, high])), [self.line] * 2, color=colour, linewidth=1.4)

    def marks(self, places: Floats, colour: str) -> None:
        """Draw ticks without labels."""
        for place in places:
            self._mark([place, place], [0.0, _MINOR], colour)

    def labels(self, labels: Sequence[str], places: Floats, colour: str) -> None:
        """Write labels below ticks, moved apart where they are too near, and go on to the next axis."""
        widths = [self.width(label) for label in labels]
        moved, lines = label_places(places, widths, _EDGE, WIDTH - _EDGE, _GAP)
        stacked = bool(lines.any())
        for label, width, tick, place, line in zip(labels, widths, places, moved, lines, strict=True):
            below = _TICK + _LEADER + _LINE * float(line)
            beside = stacked and place - width / 2 > tick
            ends = [tick, tick, place - width / 2] if beside else [tick, tick, tick if stacked else place]
            down = below + _LINE / 2 if beside else below
            self._mark(ends, [0.0, down if stacked else _TICK, down], colour)
            self.axes.text(
                place, self.line + below, plain(label), va="top", ha="center", fontsize=_TICK_SIZE, color=INK,
                bbox=_BACKGROUND,
            )  # fmt: skip
        self.top = self.line + _TICK + _LEADER + _LINE * (1 + int(max(lines, default=0))) + _BETWEEN

    def remark(self, words: str) -> None:
        """Write a remark where an axis would stand."""
        self.axes.text(_SIDE, self.line, words, va="center", fontsize=_TICK_SIZE, color=GREY)
        self.top = self.line + 0.07 + _BETWEEN

    def _mark(self, across: list[float], down: list[float], colour: str) -> None:
        self.axes.plot(across, [self.line + one for one in down], color=colour, linewidth=0.8)


def _draw_predictor(board: _Board, one: NomogramAxis, unit: float) -> None:
    board.name(one.title)
    if one.high - one.low < FLAT:
        board.remark("no effect" if one.ticks else "no range in the training cohort")
        return
    board.stroke(0.0, (one.high - one.low) / unit / POINTS, FREE)
    places = [_across((effects - one.low) / unit / POINTS) for _, effects in one.ticks]
    chosen, kept = (0, list(range(len(places[0])))) if one.all_shown else _shown_ticks(one, places, board.width)
    words = one.ticks[chosen][0]
    board.marks(places[_finer(one, chosen)], FREE)
    board.labels([words[tick] for tick in kept], places[chosen][kept], FREE)


def _shown_ticks(one: NomogramAxis, places: list[Floats], width: Callable[[str], float]) -> tuple[int, list[int]]:
    """Return the finest set of ticks whose labels all find room, and its ticks; else the ends of the coarsest."""
    for chosen in range(len(places) - 1, -1, -1):
        words = one.ticks[chosen][0]
        if len(words) <= _MOST_TICKS and fits(places[chosen], [width(word) for word in words], _GAP):
            return chosen, list(range(len(words)))
    return 0, thinned(places[0], [WIDTH] * len(places[0]), 0.0)  # nothing finds room between the ends


def _finer(one: NomogramAxis, chosen: int) -> int:
    """Return the next finer set of ticks that has all of the chosen: its other ticks are marked without a label."""
    words = one.ticks[chosen][0]
    finer = (place for place in range(chosen + 1, len(one.ticks)) if set(words) < set(one.ticks[place][0]))
    return next(finer, chosen)


def _across(shares: Floats) -> Floats:
    """Return places in inches of shares of the width."""
    return _SIDE + (WIDTH - 2 * _SIDE) * np.asarray(shares, dtype=float)


def _total_marks(total: float) -> list[float]:
    step = next(step for step in (10, 20, 50, 100, 200, 500, 1000, 2000, 5000) if total / step <= 10 or step == 5000)
    return [float(mark) for mark in np.arange(0, total + 1e-9, step)]


def _risk_marks(base: float, unit: float, total: float) -> tuple[list[str], Floats]:
    """Return round risks in per cent, and their shares of the axis of the total."""
    for percents in _PERCENTS:
        shares = (log_odds(np.array(percents, dtype=float) / 100) - base) / unit / total
        inside = (shares >= 0) & (shares <= 1)
        if inside.sum() >= 4 or percents is _PERCENTS[-1]:
            break
    return [number_words(percent) for percent, shown in zip(percents, inside, strict=True) if shown], shares[inside]


def _finish(figure: Figure, board: _Board) -> None:
    """Give the sheet its height, and write its head."""
    height = board.top
    figure.set_size_inches(WIDTH, height)
    board.axes.set_ylim(height, 0)
    words: dict[str, Any] = {"va": "top", "color": INK}
    board.axes.text(_EDGE, 0.06, "Nomogram", fontsize=10.5, **words)
    note = "Read the points above each value, and the risk below their total."
    board.axes.text(_EDGE, 0.29, note, fontsize=_TICK_SIZE, **(words | {"color": GREY}))
