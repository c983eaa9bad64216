"""What more patients would bring: discrimination and share of the attainable gain, with the priors and without."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from relapse_model.report.figures.style import FREE, GREY, RELAPSE, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from relapse_model.development.learning_curve.result import ExpectedPerformance, LearningCurve


@styled
def learning_curve_figure(curve: LearningCurve) -> Figure:
    """Draw the expected AUC and the share of the attainable gain by the number of patients.

    Assumes what the curve assumes: that the priors of the study hold, or the defaults that stand for them.

    Parameters
    ----------
    curve : LearningCurve

    Returns
    -------
    Figure
    """
    figure = new_figure(3.6)
    left, right = figure.subplots(1, 2)
    patients = np.array([point.patients for point in curve.points], dtype=float)
    own, other = curve.models
    kinds = ((own, FREE, "o", [point.with_priors for point in curve.points]),
             (other, RELAPSE, "s", [point.without for point in curve.points]))  # fmt: skip
    for label, colour, marker, found in kinds:
        _draw(left, patients, [one.auc for one in found], colour, marker, label)
        _draw(right, patients, [_share(one) for one in found], colour, marker, label)
    attainable = [point.attainable_auc for point in curve.points]
    left.plot(patients, attainable, color=GREY, linewidth=0.9, linestyle=":", label="attainable")
    right.axhline(1.0, color=GREY, linewidth=0.9, linestyle=":")
    right.axhline(0.0, color=GREY, linewidth=0.6)
    for axes in (left, right):
        axes.set_xscale("log")
        axes.set_xticks(patients, [f"{number:g}" for number in patients])
        axes.minorticks_off()
        axes.set_xlabel("Patients")
    left.set(ylabel="AUC", ylim=(0.5, max(0.8, 1.03 * max(attainable))))
    right.set(ylabel="Share of the attainable gain", ylim=(max(-1.0, min(-0.05, right.get_ylim()[0])), 1.08))
    left.set_title("Discrimination\n10th to 90th percentile\nof the simulations")  # no line wider than half a column
    right.set_title("Log loss\n± 2 standard errors\n ")
    _legend(figure, left, "" if curve.study.has_priors else "No priors stated: small effects assumed")
    return figure


def _legend(figure: Figure, axes: Axes, title: str) -> None:
    """Put the legend below; under each other where beside each other they would be cut off."""
    handles, labels = axes.get_legend_handles_labels()
    for columns in (3, 2, 1):
        below = figure.legend(
            handles, labels, loc="outside lower left", ncols=columns, title=title or None, alignment="left"
        )
        if columns == 1 or below.get_window_extent().width <= figure.bbox.width:
            return
        below.remove()


def _share(found: ExpectedPerformance) -> tuple[float, float, float]:
    reach = 2 * found.share_error
    return found.share, found.share - reach, found.share + reach


def _draw(
    axes: Axes, patients: np.ndarray, values: list[tuple[float, float, float]], colour: str, marker: str, label: str
) -> None:
    middle, low, high = np.array(values).T
    axes.plot(patients, middle, color=colour, marker=marker, markersize=4, linewidth=1.6, label=label)
    axes.fill_between(patients, low, high, color=colour, alpha=0.13, linewidth=0)
