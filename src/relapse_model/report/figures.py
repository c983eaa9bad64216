"""Figures of a validation and of a model, in one style; each function returns a Matplotlib `Figure`."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from relapse_model.errors import RelapseModelError
from relapse_model.report.style import FREE, GREY, GROUPS, INK, LOST, RELAPSE, Floats, new_figure, styled
from relapse_model.validation.calibration import (
    CalibrationCurve,
    calibration_curve,
    calibration_intercept,
    calibration_slope,
)
from relapse_model.validation.estimate import Estimate
from relapse_model.validation.net_benefit import NetBenefit
from relapse_model.validation.stability import CalibrationInstability

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


MOST_CURVES = 200  # of bootstrap models
EVENTS_FOR_A_CURVE = 100  # fewer do not support a smooth calibration curve (Van Calster et al. 2016)


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
    """Draw observed against predicted risk: a smooth curve with its interval, and the risks below it.

    Below 100 relapses the figure says that the curve is only indicative, and shows it pale; intercept and
    slope stand in the figure always.

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
    """
    y, p = np.asarray(relapse, dtype=float), np.asarray(risk, dtype=float)
    known = ~np.isnan(y)
    y, p, w = y[known], p[known], None if weight is None else np.asarray(weight, dtype=float)[known]
    figure = new_figure(5.0)
    main, below = figure.subplots(2, 1, sharex=True, height_ratios=[3.4, 1])
    curve = _or_reason(calibration_curve, y, p, w)
    top = _upper_limit(p, curve)
    if instability is not None:
        _draw_instability(main, instability)
    main.plot([0, top], [0, top], color=GREY, linewidth=0.9, linestyle=(0, (4, 3)), label="perfect")
    if isinstance(curve, CalibrationCurve):
        _draw_curve(main, curve)
    figures = [
        f"Calibration in the large: {_shown(intercept or _or_reason(calibration_intercept, y, p, w))}",
        f"Calibration slope: {_shown(slope or _or_reason(calibration_slope, y, p, w))}",
    ]
    main.text(0.03, 0.97, "\n".join(figures), transform=main.transAxes, va="top", linespacing=1.4)
    main.legend(loc="lower right")
    main.set(xlim=(0, top), ylim=(0, top), ylabel="Observed risk")
    main.set_title("Calibration\n")
    note, colour = _calibration_note(curve, int(y.sum()))
    main.annotate(
        note,
        (0, 1),
        (0, 5),
        xycoords="axes fraction",
        textcoords="offset points",
        color=colour,
        weight="bold",
    )
    _outcome_histogram(below, y, p, top)
    return figure


@styled
def decision_curve_figure(curve: NetBenefit) -> Figure:
    """Draw the net benefit of acting on the risks, on everybody, and on nobody.

    Parameters
    ----------
    curve : NetBenefit

    Returns
    -------
    Figure
    """
    figure = new_figure(3.5)
    axes = figure.subplots()
    threshold = 100 * curve.thresholds
    axes.plot(threshold, curve.model, color=FREE, linewidth=2, label="by the model")
    axes.plot(threshold, curve.treat_all, color=GROUPS[2], linewidth=1.4, linestyle=(0, (5, 2)), label="everybody")
    axes.plot(threshold, np.zeros_like(threshold), color=INK, linewidth=1, label="nobody")
    best = float(max(curve.model.max(), curve.treat_all.max(), 0.01))
    axes.set(xlim=(threshold[0], threshold[-1]) if len(threshold) > 1 else None, ylim=(-0.4 * best, 1.25 * best))
    axes.set(xlabel="Risk from which one would act (%)", ylabel="Net benefit (relapses per patient)")
    axes.legend(loc="upper right", title="Act on", alignment="left")
    axes.set_title("Decision curve")
    return figure


@styled
def risk_figure(relapse: ArrayLike, risk: ArrayLike) -> Figure:
    """Draw the risk of every patient by what became of them; the lost are a group of their own.

    Parameters
    ----------
    relapse : array-like of shape (n,)
        1, 0, or NaN for the lost.
    risk : array-like of shape (n,)
        Predicted risk, best out of fold.

    Returns
    -------
    Figure
    """
    y, p = np.asarray(relapse, dtype=float), 100 * np.asarray(risk, dtype=float)
    everybody = (
        ("relapse", p[y == 1], RELAPSE),
        ("free of relapse", p[y == 0], FREE),
        ("lost", p[np.isnan(y)], LOST),
    )
    groups = [group for group in everybody if len(group[1])]
    figure = new_figure(3.5)
    axes = figure.subplots()
    for place, (_, values, colour) in enumerate(groups):
        axes.boxplot(
            values, positions=[place], widths=0.62, showfliers=False, manage_ticks=False, whis=(5, 95),
            boxprops={"color": colour}, whiskerprops={"color": colour}, capprops={"color": colour},
            medianprops={"color": INK, "linewidth": 1.8},
        )  # fmt: skip
        across = place + _spread(values, float(p.max()))
        axes.scatter(across, values, s=11, color=colour, alpha=0.55, linewidths=0, zorder=3)
    axes.set_xticks(range(len(groups)), [f"{name}\n(n = {len(values)})" for name, values, _ in groups])
    axes.set(xlim=(-0.6, len(groups) - 0.4), ylim=(0, min(100.0, 1.08 * float(p.max()))))
    axes.set_ylabel("Predicted risk (%)")
    axes.set_title("Predicted risk by outcome")
    return figure


def _or_reason(measure: Callable[..., Any], *arrays: Floats | None) -> Any:
    try:
        return measure(*arrays)
    except RelapseModelError as error:
        return str(error)


def _shown(found: Estimate | str) -> str:
    return str(found) if isinstance(found, Estimate) else "cannot be estimated"


def _calibration_note(curve: CalibrationCurve | str, events: int) -> tuple[str, str]:
    if isinstance(curve, str):
        return f"{events} relapses: no smooth curve can be drawn", RELAPSE
    if events < EVENTS_FOR_A_CURVE:
        return f"{events} relapses (under {EVENTS_FOR_A_CURVE}): only indicative", RELAPSE
    return f"{events} relapses among {curve.n} patients", INK


def _upper_limit(risk: Floats, curve: CalibrationCurve | str) -> float:
    highest = float(risk.max())
    if isinstance(curve, CalibrationCurve):
        highest = max(highest, float(curve.observed.max()))
    return min(1.0, max(0.3, ceil(10 * 1.02 * highest) / 10))


def _draw_curve(axes: Axes, curve: CalibrationCurve) -> None:
    firm = curve.events >= EVENTS_FOR_A_CURVE
    axes.fill_between(
        curve.risk, curve.lower, curve.upper, color=FREE, alpha=0.18 if firm else 0.1, linewidth=0,
        label=f"{100 * curve.level:g} % interval",
    )  # fmt: skip
    axes.plot(
        curve.risk, curve.observed, color=FREE, linewidth=2 if firm else 1.4, alpha=1 if firm else 0.75,
        label="smooth curve" if firm else "smooth curve (indicative)",
    )  # fmt: skip


def _draw_instability(axes: Axes, found: CalibrationInstability) -> None:
    for place, curve in enumerate(found.curves[:MOST_CURVES]):
        label = "bootstrap models" if place == 0 else None
        axes.plot(found.grid, curve, color=GREY, linewidth=0.5, alpha=0.25, zorder=0, label=label)


def _outcome_histogram(axes: Axes, relapse: Floats, risk: Floats, top: float) -> None:
    bins = np.linspace(0, top, 31)
    up, _ = np.histogram(risk[relapse == 1], bins)
    down, _ = np.histogram(risk[relapse == 0], bins)
    width = bins[1] - bins[0]
    axes.bar(bins[:-1], up, width, align="edge", color=RELAPSE, label="relapse")
    axes.bar(bins[:-1], -down, width, align="edge", color=FREE, label="free")
    axes.axhline(0, color=GREY, linewidth=0.6)
    most = int(max(up.max(), down.max(), 1))
    axes.set_yticks([-most, 0, most], [str(most), "0", str(most)])
    axes.set(ylim=(-1.15 * most, 1.15 * most), xlabel="Predicted risk", ylabel="Patients")
    axes.legend(loc="upper right", ncols=2, borderaxespad=0.0)


def _spread(values: Floats, highest: float) -> Floats:
    """Return sideways places that keep dots of nearly equal risk apart, the same every time."""
    band = np.floor(values / max(highest, 1e-9) * 45).astype(int)
    place = np.zeros(len(values))
    for one in np.unique(band):
        rows = np.flatnonzero(band == one)
        place[rows] = np.arange(len(rows)) - (len(rows) - 1) / 2
    return place * min(0.05, 0.58 / max(1.0, float(np.ptp(place))))
