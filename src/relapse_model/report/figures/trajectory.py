"""The results of one analyte over time: median and quartiles, by what became of the patients."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from relapse_model.arrays import Floats
from relapse_model.cohort.measurements import Measurements
from relapse_model.comparisons import before
from relapse_model.report.figures.marks_of_five import FEWEST_QUARTILES, two_figures
from relapse_model.report.figures.style import FREE, GREY, INK, LOST, RELAPSE, one_axes, plain, put_legend, styled
from relapse_model.report.figures.ticks import STEPS, put_log_ticks, week_ticks
from relapse_model.study.analyte import Analyte

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_PERIODS = 20
_WIDER = 1.3  # points, of a line than of the one drawn over it: lines on the same values are all seen


@styled
def trajectory_figure(
    results: Measurements,
    relapse: Floats,
    analyte: Analyte,
    *,
    landmark: float,
    horizon: float,
    first_week: float | None = None,
    threshold: float | None = None,
    ax: Axes | None = None,
) -> Figure:
    """Draw the results of the patients over time: median and quartiles by period, of relapse, free and lost apart.

    A patient counts once in a period, by the mean of the results there (geometric on the log10 scale). A period in
    which fewer than 10 of a group have a result is a gap, and values have two significant figures: no line is a
    patient's. Results below the limit stand where the study puts them (half the limit, or the limit).

    Parameters
    ----------
    results : Measurements
        ``patient`` is the position in `relapse`; rows of other patients are negative, and not drawn.
    relapse : array of shape (n,)
        1, 0, or NaN for the lost.
    analyte : Analyte
    landmark, horizon : float
        Weeks to be marked.
    first_week : float, optional
        Earlier results are not drawn; by default a year before the landmark.
    threshold : float, optional
        Level to be marked, such as that of a relapse.
    ax : Axes, optional
        To draw on, in a figure of your own.

    Returns
    -------
    Figure
    """
    start = landmark - 52.0 if first_week is None else first_week
    kept = results.valued()
    kept = kept.rows((kept.patient >= 0) & ~before(kept.week, start))
    figure, axes = one_axes(ax, 3.7)
    drawn: list[Floats] = []
    length = _period(kept.week)
    for under, (name, colour, members) in enumerate((
        ("outcome", RELAPSE, relapse == 1), ("free", FREE, relapse == 0), ("lost", LOST, np.isnan(relapse)),
    )):  # fmt: skip
        weeks, quartiles = _by_period(kept.rows(members[kept.patient]), analyte, landmark, length)
        if len(weeks) and not np.isnan(quartiles).all():
            drawn.append(np.column_stack([weeks, quartiles.T]))
            axes.fill_between(weeks, quartiles[0], quartiles[2], color=colour, alpha=0.15, linewidth=0)
            axes.plot(
                weeks, quartiles[1], color=colour, linewidth=1.6 + _WIDER * under, marker=".",
                markersize=6 + 2 * _WIDER * under, label=name, zorder=3 - 0.1 * under,
            )  # fmt: skip
    for week in (landmark, horizon):
        axes.axvline(week, color=GREY, linewidth=0.8, linestyle=":", zorder=0)
    if threshold is not None:
        axes.axhline(threshold, color=INK, linewidth=0.8, linestyle=(0, (4, 3)), zorder=0)
    if drawn:
        _scales(axes, np.concatenate(drawn), analyte)
        put_legend(figure, axes, ax, ncols=3)
    axes.set(xlabel="Week", ylabel=plain(f"{analyte.label} ({analyte.unit})"))
    axes.set_title(plain(f"{analyte.label} over time\nmedian and quartiles by {length:g} weeks"))
    return figure


def _period(week: Floats) -> float:
    """Return the weeks of a period: a round number, 12 or more."""
    span = float(np.ptp(week)) if len(week) else 0.0
    return next((float(step) for step in STEPS if step >= 12 and span / step <= _MOST_PERIODS), float(STEPS[-1]))


def _by_period(results: Measurements, analyte: Analyte, landmark: float, length: float) -> tuple[Floats, Floats]:
    """Return the middle of each period, counted from the landmark, and the quartiles there; NaN for too few."""
    if not len(results.week):
        return np.empty(0), np.empty((3, 0))
    period = np.floor((results.week - landmark) / length + 0.5).astype(int)
    numbers = np.arange(period.min(), period.max() + 1)
    logarithmic = analyte.scale == "log10" and bool((results.value > 0).all())
    value = np.log10(results.value) if logarithmic else results.value
    quartiles = np.full((3, len(numbers)), np.nan)
    for column, number in enumerate(numbers):
        rows = period == number
        who, place = np.unique(results.patient[rows], return_inverse=True)
        if len(who) >= FEWEST_QUARTILES:
            own = np.bincount(place, value[rows]) / np.bincount(place)
            found = np.quantile(own, (0.25, 0.5, 0.75))
            quartiles[:, column] = two_figures(10**found if logarithmic else found)
    return landmark + length * numbers, quartiles


def _scales(axes: Axes, drawn: Floats, analyte: Analyte) -> None:
    drawn = drawn[~np.isnan(drawn).any(axis=1)]
    axes.set_xticks(week_ticks(float(drawn[:, 0].min()), float(drawn[:, 0].max())))
    value = drawn[:, 1:]
    positive = value[value > 0]
    if analyte.scale == "log10" and len(positive):
        axes.set_yscale("log", nonpositive="clip")
        low, high = float(positive.min()) / 1.4, float(positive.max()) * 1.4
        axes.set_ylim(low, high)
        put_log_ticks(axes.yaxis, low, high)
