"""Figures of a validation: calibration, decision curve, risks by outcome; each function returns a `Figure`."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, floor
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from relapse_model.arrays import Floats
from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.report.figures.marks_of_five import FEWEST_QUARTILES, outcome_groups, wide_bins
from relapse_model.report.figures.style import (
    FREE,
    GREY,
    GROUPS,
    INK,
    LOST,
    RELAPSE,
    new_figure,
    one_axes,
    put_legend,
    styled,
)
from relapse_model.small_counts import SMALL
from relapse_model.validation.calibration import calibration_intercept, calibration_slope
from relapse_model.validation.classification_measures import wilson
from relapse_model.validation.decision_curve import NetBenefit
from relapse_model.validation.estimate import Estimate
from relapse_model.validation.model_stability import CalibrationInstability
from relapse_model.validation.smooth_calibration import CalibrationCurve, calibration_curve
from relapse_model.validation.verdict import EVENTS_FOR_A_CURVE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


MOST_CURVES = 200  # of bootstrap models
_CURVE_QUANTILES = (0.025, 0.975)  # of the risks, between which the calibration curve is drawn
_BEYOND = 10  # patients beyond each of its ends, at least: there are no data for more of it
_FEWEST_FOR_A_CURVE = 40  # patients: of fewer, next to nothing would be left between its ends
_MOST_POINTS = 10  # of grouped patients
_EVENTS_PER_POINT = 5
_LEAST_SPAN = 0.3  # of the axes: narrower ones would make noise look large
_STEP = 0.02  # of risk, in the histogram below it


@styled
def calibration_figure(
    relapse: ArrayLike,
    risk: ArrayLike,
    weight: ArrayLike | None = None,
    *,
    intercept: Estimate | None = None,
    slope: Estimate | None = None,
    instability: CalibrationInstability | None = None,
) -> Figure:
    """Draw observed against predicted risk: points of grouped patients, a smooth curve, and the risks below it.

    A point is of patients with neighbouring risks, at least five with the outcome and five without, with Wilson's
    interval. The curve is drawn over the central 95 % of the risks, or less, so that ten patients lie beyond each of
    its ends, at steps of half a per cent; curves of bootstrap models too. A bar below it stands for five patients or
    more, its height for their number in 2 % of risk. Below 100 relapses the figure says that the curve is only
    indicative, and shows it pale; intercept and slope stand in the figure always.

    Parameters
    ----------
    relapse : array-like of shape (n,)
        1, 0, or NaN for the lost.
    risk : array-like of shape (n,)
        Predicted risk.
    weight : array-like of shape (n,), optional
        Censoring weights, 0 for the lost.
    intercept, slope : Estimate, optional
        To be shown; by default those of these risks.
    instability : CalibrationInstability, optional
        Curves of bootstrap models, drawn behind as thin pale lines.

    Returns
    -------
    Figure

    Raises
    ------
    InsufficientDataError
        If no outcome is known.
    """
    y, p = np.asarray(relapse, dtype=float), np.asarray(risk, dtype=float)
    known = ~np.isnan(y)
    if not known.any():
        raise InsufficientDataError(
            f"Calibration figure: no outcome is known of {y.size} patients; expected some with "
            "the outcome, and some without it."
        )
    y, p, w = y[known], p[known], None if weight is None else np.asarray(weight, dtype=float)[known]
    figure = new_figure(5.3)
    main, below = figure.subplots(2, 1, sharex=True, height_ratios=[3.4, 1])
    few = f"fewer than {_FEWEST_FOR_A_CURVE} patients with a known outcome"
    curve = _or_reason(calibration_curve, y, p, w) if len(y) >= _FEWEST_FOR_A_CURVE else few
    ends = _ends(p)
    points = grouped_points(y, p, w)
    low, top = _limits(p, curve, ends, points)
    if instability is not None and isinstance(curve, CalibrationCurve):
        _draw_instability(main, instability, ends)
    main.plot([low, top], [low, top], color=GREY, linewidth=0.9, linestyle=(0, (4, 3)), label="perfect")
    if isinstance(curve, CalibrationCurve):
        _draw_curve(main, curve, ends)
    _draw_points(main, points)
    figures = [
        f"Calibration in the large: {_measure_label(intercept or _or_reason(calibration_intercept, y, p, w))}",
        f"Calibration slope: {_measure_label(slope or _or_reason(calibration_slope, y, p, w))}",
    ]
    _frame(main, (low, top), figures, *_calibration_note(curve, int(y.sum())))
    _outcome_histogram(below, y, p, low, top)
    named = [a + b for a, b in zip(main.get_legend_handles_labels(), below.get_legend_handles_labels(), strict=True)]
    figure.legend(*named, loc="outside lower left", ncols=2)
    return figure


def _frame(main: Axes, limits: tuple[float, float], figures: list[str], note: str, colour: str) -> None:
    """Give the calibration plot its limits, title and note, and above it the figures, where no data are."""
    main.set(xlim=limits, ylim=limits, ylabel="Observed risk")
    # By the letters of the look: notes and title stand above each other in each of them.
    letters = float(main.xaxis.label.get_fontsize())
    height = 5 + 1.6 * len(figures) * letters
    main.set_title("Calibration", pad=height + 1.6 * letters)
    above: dict[str, Any] = {"xycoords": "axes fraction", "textcoords": "offset points"}
    main.annotate(note, (0, 1), (0, height), color=colour, weight="bold", **above)
    main.annotate("\n".join(figures), (0, 1), (0, 5), linespacing=1.3, **above)


@styled
def decision_curve_figure(curve: NetBenefit, *, ax: Axes | None = None) -> Figure:
    """Draw the net benefit of acting on the risks, on everybody, and on nobody.

    Parameters
    ----------
    curve : NetBenefit
    ax : Axes, optional
        To draw on, in a figure of your own.

    Returns
    -------
    Figure
    """
    figure, axes = one_axes(ax, 3.5)
    threshold = 100 * curve.thresholds
    axes.plot(threshold, curve.model, color=FREE, linewidth=2, label="by the model")
    axes.plot(threshold, curve.treat_all, color=GROUPS[2], linewidth=1.4, linestyle=(0, (5, 2)), label="everybody")
    axes.plot(threshold, np.zeros_like(threshold), color=INK, linewidth=1, label="nobody")
    best = float(max(curve.model.max(), curve.treat_all.max(), 0.01))
    axes.set(xlim=(threshold[0], threshold[-1]) if len(threshold) > 1 else None, ylim=(-0.4 * best, 1.25 * best))
    axes.set(xlabel="Risk threshold for action (%)", ylabel="Net benefit (events per patient)")
    put_legend(figure, axes, ax, ncols=3, title="Act on", alignment="left")
    axes.set_title("Decision curve")
    return figure


@styled
def risk_figure(relapse: ArrayLike, risk: ArrayLike, *, exact: bool = False, ax: Axes | None = None) -> Figure:
    """Draw the risks of the patients by what became of them; the lost are a group of their own.

    Bars across the boxes show how many have such a risk; each stands for five patients or more. Boxes are rounded to
    half a per cent. A group of fewer than 10 is named only.

    Parameters
    ----------
    relapse : array-like of shape (n,)
        1, 0, or NaN for the lost.
    risk : array-like of shape (n,)
        Predicted risk, best out of fold.
    exact : bool
        Show all numbers as they are, for whoever owns the data.
    ax : Axes, optional
        To draw on, in a figure of your own.

    Returns
    -------
    Figure
    """
    y, p = np.asarray(relapse, dtype=float), 100 * np.asarray(risk, dtype=float)
    everybody = (
        ("with the outcome", p[y == 1], RELAPSE),
        ("without it", p[y == 0], FREE),
        ("lost", p[np.isnan(y)], LOST),
    )
    groups = [group for group in everybody if len(group[1])]
    figure, axes = one_axes(ax, 3.5)
    top = min(100.0, max(5.0, 5 * ceil(1.04 * float(p.max(initial=0.0)) / 5)))
    for place, (_, values, colour) in enumerate(groups):
        if len(values) >= FEWEST_QUARTILES:
            _draw_box(axes, values, place, colour)
            _draw_bars(axes, values, place, colour, np.linspace(0, top, 31))
    shown = [f"n = {len(values)}" if exact or len(values) >= SMALL else f"n < {SMALL}" for _, values, _ in groups]
    axes.set_xticks(range(len(groups)), [f"{name}\n({n})" for (name, _, _), n in zip(groups, shown, strict=True)])
    axes.set(xlim=(-0.6, len(groups) - 0.4), ylim=(0, top))
    axes.set_ylabel("Predicted risk (%)")
    axes.set_title("Predicted risk by outcome")
    return figure


def _or_reason(measure: Callable[..., Any], *arrays: Floats | None) -> Any:
    try:
        return measure(*arrays)
    except RelapseModelError as error:
        return str(error)


def _measure_label(found: Estimate | str) -> str:
    return str(found) if isinstance(found, Estimate) else "cannot be estimated"


def _calibration_note(curve: CalibrationCurve | str, events: int) -> tuple[str, str]:
    if isinstance(curve, str):
        return f"{events} events: no smooth curve can be drawn", RELAPSE
    if events < EVENTS_FOR_A_CURVE:
        return f"{events} events (under {EVENTS_FOR_A_CURVE}): only indicative", RELAPSE
    return f"{events} events among {curve.n} patients", INK


def grouped_points(y: Floats, p: Floats, w: Floats | None = None) -> list[tuple[float, Estimate]]:
    """Return mean predicted risk and observed risk of patients with neighbouring risks, five or more of each outcome.

    Parameters
    ----------
    y, p : array of shape (n,)
        Known outcomes, and risks.
    w : array of shape (n,), optional
        Censoring weights; the interval is Wilson's at the effective number of patients.
    """
    weight = np.ones(len(y)) if w is None else w
    most = min(_MOST_POINTS, int(y.sum()) // _EVENTS_PER_POINT)
    points = []
    for rows in outcome_groups(p, y, most):
        total = float(weight[rows].sum())
        share = float((weight[rows] * y[rows]).sum() / total)
        effective = total**2 / float((weight[rows] ** 2).sum())
        points.append((float((weight[rows] * p[rows]).sum() / total), wilson(min(1.0, share), effective)))
    return points


def _ends(risk: Floats) -> tuple[float, float]:
    """Return the risks between which a curve has data."""
    beyond = max(_CURVE_QUANTILES[0], min(0.5, _BEYOND / len(risk)))
    low, high = np.quantile(risk, [beyond, 1 - beyond])
    return float(low), float(high)


def _limits(
    risk: Floats, curve: CalibrationCurve | str, ends: tuple[float, float], points: list[tuple[float, Estimate]]
) -> tuple[float, float]:
    """Return the limits of both axes: round, around all that is drawn, and 0.3 apart at least.

    They begin at 0 unless all of it lies in the upper part of the plot. Of the bootstrap models, some may leave it.
    """
    shown = [risk, *(np.array([observed.lower, observed.upper]) for _, observed in points)]
    if isinstance(curve, CalibrationCurve):
        inside = (curve.risk >= ends[0]) & (curve.risk <= ends[1])
        shown += [curve.lower[inside], curve.upper[inside]]
    everything = np.concatenate(shown)
    lowest, highest = float(everything.min()), float(everything.max())
    top = min(1.0, max(_LEAST_SPAN, ceil(10 * 1.02 * highest) / 10))
    if lowest < top / 3:
        return 0.0, top
    low = min(floor(10 * 0.98 * lowest) / 10, top - _LEAST_SPAN)
    return round(max(0.0, low), 1), top


def _draw_curve(axes: Axes, curve: CalibrationCurve, ends: tuple[float, float]) -> None:
    # Where the curve itself ends is one patient's risk.
    grid = np.arange(ceil(200 * ends[0]), int(200 * ends[1]) + 1) / 200
    observed, lower, upper = (np.interp(grid, curve.risk, one) for one in (curve.observed, curve.lower, curve.upper))
    firm = curve.events >= EVENTS_FOR_A_CURVE
    axes.fill_between(
        grid, lower, upper, color=FREE, alpha=0.18 if firm else 0.1, linewidth=0,
        label=f"{100 * curve.level:g} % interval",
    )  # fmt: skip
    axes.plot(
        grid, observed, color=FREE, linewidth=2 if firm else 1.4, alpha=1 if firm else 0.75,
        label="smooth curve" if firm else "smooth curve (indicative)",
    )  # fmt: skip


def _draw_points(axes: Axes, points: list[tuple[float, Estimate]]) -> None:
    if not points:
        return
    predicted = np.array([risk for risk, _ in points])
    observed, lower, upper = (
        np.array([getattr(one, name) for _, one in points]) for name in ("value", "lower", "upper")
    )
    axes.errorbar(
        predicted, observed, yerr=[observed - lower, upper - observed], fmt="o", markersize=5, color=INK,
        elinewidth=1.1, label="groups, 95 % interval", zorder=4,
    )  # fmt: skip


def _draw_instability(axes: Axes, found: CalibrationInstability, ends: tuple[float, float]) -> None:
    inside = (found.grid >= ends[0]) & (found.grid <= ends[1])
    for place, curve in enumerate(found.curves[:MOST_CURVES]):
        label = "bootstrap models" if place == 0 else None
        axes.plot(found.grid[inside], curve[inside], color=GREY, linewidth=0.5, alpha=0.25, zorder=0, label=label)


def _outcome_histogram(axes: Axes, relapse: Floats, risk: Floats, start: float, top: float) -> None:
    edges = np.linspace(start, top, round((top - start) / _STEP) + 1)
    most = 1.0
    for outcome, way, colour, label in ((1, 1, RELAPSE, "with the outcome"), (0, -1, FREE, "without it")):
        low, high, count = wide_bins(np.clip(risk[relapse == outcome], edges[0], edges[-1]), edges)
        height = count * _STEP / (high - low)
        axes.bar(low, way * height, high - low, align="edge", color=colour, label=label)
        most = max(most, float(height.max(initial=0)))
    axes.axhline(0, color=GREY, linewidth=0.6)
    tick = float(f"{most:.1g}") if float(f"{most:.1g}") <= most else float(int(most))
    axes.set_yticks([-tick, 0, tick], [f"{tick:g}", "0", f"{tick:g}"])
    axes.set(ylim=(-1.15 * most, 1.15 * most), xlabel="Predicted risk", ylabel=f"Patients\nper {100 * _STEP:g} %")


def _draw_box(axes: Axes, percents: Floats, place: float, colour: str) -> None:
    low, q1, median, q3, high = np.round(2 * np.quantile(percents, (0.05, 0.25, 0.5, 0.75, 0.95))) / 2
    box = {"whislo": low, "q1": q1, "med": median, "q3": q3, "whishi": high, "fliers": []}
    line = {"color": colour, "zorder": 4}
    axes.bxp(
        [box], positions=[place], widths=0.24, showfliers=False, manage_ticks=False, boxprops=line,
        whiskerprops=line, capprops=line, medianprops={"color": INK, "linewidth": 1.8, "zorder": 5},
    )  # fmt: skip


def _draw_bars(axes: Axes, percents: Floats, place: float, colour: str, edges: Floats) -> None:
    low, high, count = wide_bins(percents, edges)
    density = count / (high - low)
    width = 0.8 * density / density.max()
    axes.barh(low, width, high - low, left=place - width / 2, align="edge", color=colour, alpha=0.3)
