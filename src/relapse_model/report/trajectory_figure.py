"""The results of one analyte over time: a thin line for each patient, coloured by what became of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from relapse_model.measurements import Measurements
from relapse_model.report.style import FREE, GREY, INK, LOST, RELAPSE, Floats, new_figure, plain, styled
from relapse_model.report.ticks import put_log_ticks, week_ticks
from relapse_model.study import Analyte

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_LINES = 300  # patients drawn; of more, equally spaced ones in the order of the cohort


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
) -> Figure:
    """Draw the results of the patients over time; an analyte on the log10 scale on a log axis.

    Results below the limit stand where the study puts them (half the limit, or the limit). The lines are unnamed.

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

    Returns
    -------
    Figure
    """
    start = landmark - 52.0 if first_week is None else first_week
    kept = results.valued()
    drawn = np.unique(kept.patient[(kept.patient >= 0) & (kept.week >= start)])
    drawn = drawn[np.linspace(0, len(drawn) - 1, min(MOST_LINES, len(drawn))).astype(int)] if len(drawn) else drawn
    kept = kept.rows(np.isin(kept.patient, drawn) & (kept.week >= start))
    figure = new_figure(3.7)
    axes = figure.subplots()
    for name, colour, members in (
        ("lost", LOST, np.isnan(relapse)), ("free", FREE, relapse == 0), ("relapse", RELAPSE, relapse == 1),
    ):  # fmt: skip
        _draw_group(axes, kept, drawn[members[drawn]], name, colour)
    for week in (landmark, horizon):
        axes.axvline(week, color=GREY, linewidth=0.8, linestyle=":", zorder=0)
    if threshold is not None:
        axes.axhline(threshold, color=INK, linewidth=0.8, linestyle=(0, (4, 3)), zorder=0)
    _scales(axes, kept, analyte)
    axes.set(xlabel="Week since enrolment", ylabel=plain(f"{analyte.label} ({analyte.unit})"))
    figure.legend(loc="outside lower left", ncols=3)
    axes.set_title(plain(f"{analyte.label} over time"))
    return figure


def _draw_group(axes: Axes, results: Measurements, patients: NDArray[np.intp], name: str, colour: str) -> None:
    label = f"{name} (n = {len(patients)})"
    alpha = 0.75 if name == "relapse" else 0.3
    for patient in patients:
        rows = results.patient == patient
        axes.plot(
            results.week[rows], results.value[rows], color=colour, linewidth=0.7, alpha=alpha,
            marker="." if rows.sum() == 1 else None, markersize=3,
        )  # fmt: skip
    if len(patients):
        axes.plot([], [], color=colour, linewidth=1.6, label=label)


def _scales(axes: Axes, results: Measurements, analyte: Analyte) -> None:
    if len(results.week):
        low, high = float(results.week.min()), float(results.week.max())
        axes.set_xticks(week_ticks(low, high))
    positive = results.value[results.value > 0]
    if analyte.scale == "log10" and len(positive):
        axes.set_yscale("log", nonpositive="clip")
        low, high = float(positive.min()) / 1.4, float(positive.max()) * 1.4
        axes.set_ylim(low, high)
        put_log_ticks(axes.yaxis, low, high)
