"""Figures of one patient: what makes up the risk, and the antibody with the part that was given as a drug."""

from __future__ import annotations

from textwrap import shorten
from typing import TYPE_CHECKING, Any

import numpy as np

from relapse_model.arrays import Floats
from relapse_model.cohort.tables.identifiers import same_identifier
from relapse_model.errors import RelapseModelError
from relapse_model.features.antibody_filter import FLOOR
from relapse_model.model.explanation.patient_input import percent_in_tenths, risk_percent
from relapse_model.model.explanation.titre_course import TitreCourse, titre_course
from relapse_model.report.figures.style import (
    FREE,
    GREY,
    GROUPS,
    INK,
    PALE,
    RELAPSE,
    new_figure,
    plain,
    put_legend,
    styled,
)
from relapse_model.report.figures.ticks import week_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from relapse_model.cohort.cohort import Cohort
    from relapse_model.cohort.measurements import Measurements
    from relapse_model.model.explanation.patient import PatientExplanation
    from relapse_model.model.relapse_model import RelapseModel

_OWN, _PASSIVE = GROUPS[0], GROUPS[2]
_RISKS = np.array(
    [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 20, 25, 30, 40, 50, 60, 70, 80, 85, 90, 95, 98, 99, 99.5, 99.8, 99.9]
)
_APART = 0.12  # of the width of the axis, between two of the risks that are written below it
_BESIDE = 6.5  # points
_FEWEST_WEEKS = 8.0  # on the axis of a course, however few results there are
_LONGEST = 64  # letters of a line above a bar


@styled
def patient_figure(explanation: PatientExplanation) -> Figure:
    """Draw how the values of one patient raise and lower the risk, from the reference down to the patient.

    Bars are added on the log-odds scale, where the model adds them; the axis shows the risks. The figure does not say
    whose it is.

    Parameters
    ----------
    explanation : PatientExplanation
        As `explain_patient` returns it.

    Returns
    -------
    Figure
    """
    steps = np.array([_log_odds(risk) for risk in explanation.steps()])
    last = len(explanation.inputs) + 1
    figure = new_figure(1.5 + 0.42 * (last + 1))
    axes = figure.subplots()
    _risk_row(axes, 0, steps[0], f"{explanation.base_words[0].upper()}{explanation.base_words[1:]}", GREY)
    for row, one in enumerate(explanation.inputs, start=1):
        value, compared = one.value_shown, one.reference_shown.removesuffix(one.unit).rstrip()
        label = f"{one.label}: {value} (reference {compared})"
        _row_label(axes, row, label if len(label) <= _LONGEST else f"{one.label}: {value}")
        _bar(axes, row, steps[row - 1], steps[row], one.effect)
    _risk_row(axes, last, steps[-1], "This patient", INK)
    limits = [_log_odds(explanation.lower), _log_odds(explanation.upper)]
    axes.plot(limits, [last + 0.2, last + 0.2], color=INK, linewidth=1.6)
    _risk_axis(axes, np.concatenate([steps, limits]), last)
    axes.set_xlabel(f"Risk by week {explanation.horizon_weeks:g} (log-odds scale)")
    shown = (
        f"{risk_percent(explanation.risk)} % ({risk_percent(explanation.lower)} to {risk_percent(explanation.upper)} %)"
    )
    axes.set_title(
        f"What makes up the risk of {plain(shorten(explanation.outcome, 40, placeholder=' ...'))}\n"
        f"{shown}, {100 * explanation.level:.0f} % interval"
    )
    return figure


@styled
def patient_trajectory_figure(
    model: RelapseModel,
    cohort: Cohort,
    patient_id: str,
    *,
    analyte: str | None = None,
    landmark_week: float | None = None,
) -> Figure:
    """Draw the titres of one patient over time, the doses, and the own and the passive part of the antibody.

    The own part at a titre is what was known in that week, with its 90 % interval; the line of the passive part is that
    of a typical patient. Without [passive_antibody] in the study, or without doses, only the titres are drawn. The
    figure does not say whose it is.

    Parameters
    ----------
    model : RelapseModel
    cohort : Cohort
    patient_id : str
    analyte : str, optional
        By default that of [passive_antibody], else the first that a predictor reads.
    landmark_week : float, optional
        Marked as the week of the prediction; later titres are drawn, but the risk does not rest on them.

    Returns
    -------
    Figure

    Raises
    ------
    RelapseModelError
        For an unknown patient or analyte, or a patient without a titre.
    """
    name = _analyte(model, analyte)
    places = same_identifier(patient_id, cohort.patient_ids)
    if not places:
        raise RelapseModelError(
            f"trajectory_figure: no patient {str(patient_id)!r} among the {len(cohort)} of this cohort; expected an "
            "identifier as it stands in the patients table."
        )
    course = titre_course(cohort, model.study, places[0], name)
    rule = model.study.analytes[name]
    if not len(course.titres.week):
        raise RelapseModelError(
            f"trajectory_figure: patient {str(patient_id)!r} has no result of {name!r} with a number; expected one."
        )
    figure = new_figure(4.2)
    axes = figure.subplots()
    logarithmic = bool((course.titres.value > 0).all()) and rule.scale == "log10"
    axes.set_yscale("log" if logarithmic else "linear")
    _draw_parts(axes, course)
    _draw_titres(axes, course.titres)
    _mark_landmark(axes, model.landmark(landmark_week))
    _titre_axes(axes, course, logarithmic)
    _week_axis(axes, np.concatenate([course.titres.week, course.dose_week, [model.landmark(landmark_week)]]))
    axes.set(xlabel="Week", ylabel=plain(f"{rule.label} ({rule.unit})"))
    title = f"{rule.label} and injected antibody" if course.own is not None else f"{rule.label} over time"
    axes.set_title(plain(title), pad=16)
    put_legend(figure, axes, None, ncols=2)
    return figure


def _log_odds(risk: Any) -> Any:
    return np.log(risk) - np.log1p(-risk)


def _row_label(axes: Axes, row: int, text: str, colour: str = INK) -> None:
    label = plain(shorten(text, _LONGEST, placeholder=" ..."))
    drawn = axes.text(
        0.0, row - 0.2, label, transform=axes.get_yaxis_transform(), va="center", color=colour, zorder=5,
        bbox={"facecolor": "white", "linewidth": 0, "pad": 1.5},
    )  # fmt: skip
    drawn.set_in_layout(False)  # it runs on over the words' column, where nothing else stands


def _risk_row(axes: Axes, row: int, log_odds: float, text: str, colour: str) -> None:
    risk = percent_in_tenths(1.0 / (1.0 + np.exp(-log_odds)))
    _row_label(axes, row, f"{text}: {risk} %", colour)
    axes.plot([log_odds], [row + 0.2], marker="D", markersize=5, color=colour, linestyle="none")


def _bar(axes: Axes, row: int, before: float, after: float, effect: str) -> None:
    colour = RELAPSE if after > before else FREE
    axes.barh(row + 0.2, after - before, left=before, height=0.3, color=colour, linewidth=0)
    axes.plot([after, after], [row + 0.2, row + 1.2], color=GREY, linewidth=0.7, zorder=0)
    hardly = effect == "hardly changes"
    words = "hardly any" if hardly else f"{effect}, to {percent_in_tenths(1.0 / (1.0 + np.exp(-after)))} %"
    beside, shade = axes.get_yaxis_transform(), GREY if hardly else colour
    axes.text(1.02, row + 0.2, words, transform=beside, va="center", fontsize=8.5, color=shade)


def _risk_axis(axes: Axes, reached: Floats, last: int) -> None:
    from matplotlib.ticker import NullLocator

    low, high = float(reached.min()), float(reached.max())
    margin = max(0.25, 0.06 * (high - low))
    axes.set_xlim(low - margin, high + margin)
    ticks: list[float] = []
    for risk in _RISKS[(_log_odds(_RISKS / 100) >= low - margin) & (_log_odds(_RISKS / 100) <= high + margin)]:
        apart = _APART * (high - low + 2 * margin)
        if not ticks or _log_odds(risk / 100) - _log_odds(ticks[-1] / 100) >= apart:
            ticks.append(float(risk))
    axes.set_xticks([_log_odds(risk / 100) for risk in ticks], [f"{risk:g} %" for risk in ticks])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set(ylim=(last + 0.6, -0.6), yticks=[])
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", color=PALE, linewidth=0.6)
    axes.set_axisbelow(True)


def _analyte(model: RelapseModel, asked: str | None) -> str:
    study = model.study
    passive = study.passive_antibody
    read = [predictor.analyte for predictor in study.predictors if predictor.analyte is not None]
    name = asked or (passive.analyte if passive is not None else next(iter(read), None))
    if name is None or name not in study.analytes:
        raise RelapseModelError(
            f"trajectory_figure: analyte {name!r}; expected one of the study: {', '.join(study.analytes) or 'none'}."
        )
    return name


def _draw_titres(axes: Axes, titres: Measurements) -> None:
    """Draw results as dots, and those beyond a limit as arrows at the limit."""
    below = (titres.lower < titres.upper) & np.isfinite(titres.upper)
    above = np.isposinf(titres.upper)
    level = np.where(below, titres.upper, np.where(above, titres.lower, titres.value))
    axes.plot(titres.week, level, color=INK, linewidth=0.7, alpha=0.35, zorder=2)
    for rows, marker, size, face, label in (
        (~below & ~above, "o", 5.0, INK, "measured"),
        (below, "v", 6.5, "white", "below the limit"),
        (above, "^", 6.5, "white", "above the limit"),
    ):
        if rows.any():
            axes.plot(
                titres.week[rows], level[rows], linestyle="none", marker=marker, markersize=size, color=INK,
                markerfacecolor=face, label=label, zorder=4,
            )  # fmt: skip


def _draw_parts(axes: Axes, course: TitreCourse) -> None:
    """Draw the doses, the passive part, and the own part with its interval."""
    label = f"dose of {' or '.join(course.agents)}"
    for place, week in enumerate(course.dose_week):
        axes.axvline(week, ymax=0.05, color=_PASSIVE, linewidth=2.5, label=label if place == 0 else None)
    if len(course.passive_week):
        axes.plot(
            course.passive_week, np.where(course.passive > 0, course.passive, np.nan), color=_PASSIVE, linewidth=1.2,
            linestyle=(0, (4, 2)), label="injected antibody, typical",
        )  # fmt: skip
    if course.own is None:
        return
    from matplotlib.transforms import ScaledTranslation

    own, passive = course.own, course.own.passive
    shown = passive > 0
    left, right = (  # of the titre of that week, which would hide them
        axes.transData + ScaledTranslation(way * _BESIDE / 72, 0, axes.figure.dpi_scale_trans) for way in (-1, 1)
    )
    axes.plot(
        course.own_week[shown], passive[shown], linestyle="none", marker="s", markersize=4.5, color=_PASSIVE,
        label="injected antibody, estimated", zorder=3, transform=left,
    )  # fmt: skip
    upper = np.where(np.isfinite(own.upper), own.upper, own.value)
    reach = np.array([own.value - own.lower, upper - own.value])
    axes.errorbar(
        course.own_week, own.value, yerr=reach, fmt="D", markersize=4.5, color=_OWN, linewidth=1.4,
        label="own antibody, 90 % interval", zorder=3, transform=right,
    )  # fmt: skip


def _mark_landmark(axes: Axes, week: float) -> None:
    axes.axvline(week, color=GREY, linewidth=0.9, linestyle=(0, (1, 2)), zorder=0)
    axes.annotate(  # above the axes, where no mark of a titre lies
        "prediction", (week, 1), (0, 2), xycoords=("data", "axes fraction"), textcoords="offset points", va="bottom",
        ha="center", fontsize=8.5, color=GREY,
    )  # fmt: skip


def _week_axis(axes: Axes, weeks: Floats) -> None:
    """Show some weeks around a single result, or few that lie together, with whole weeks below them."""
    low, high = float(weeks.min()), float(weeks.max())
    if high - low >= _FEWEST_WEEKS:
        return
    middle, half = (low + high) / 2, 0.55 * _FEWEST_WEEKS
    axes.set_xlim(middle - half, middle + half)
    axes.set_xticks(week_ticks(middle - half, middle + half))


def _titre_axes(axes: Axes, course: TitreCourse, logarithmic: bool) -> None:
    """Set the limits: the passive part is seen, but a passive part of next to nothing does not stretch the axis."""
    if not logarithmic:
        low, high = axes.dataLim.intervaly
        if high - low < 0.01 * max(abs(high), 1.0):  # one result, or equal ones: else the axis shows their rounding
            reach = max(abs(high), 1.0) / 2
            axes.set_ylim(low - reach, high + reach)
        return
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    titres = course.titres
    drawn = [titres.value, titres.upper[np.isfinite(titres.upper)], titres.lower[titres.lower > 0]]
    if course.own is not None:
        passive = np.concatenate([course.own.passive, course.passive])
        drawn += [course.own.lower, course.own.upper[np.isfinite(course.own.upper)], passive[passive >= FLOOR]]
    every = np.concatenate(drawn)
    low, high = float(every.min()), float(every.max())
    middle, half = np.sqrt(low * high), max(np.sqrt(high / low), 3.0)  # at least a decade
    axes.set_ylim(0.7 * middle / half, 1.6 * middle * half)
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if half < 30 else (1.0,)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.6g}"))
