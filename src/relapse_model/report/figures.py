"""Figures of a validation and of a model, in one style; each function returns a Matplotlib `Figure`."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, wraps
from math import ceil
from textwrap import shorten
from typing import TYPE_CHECKING, Any, ParamSpec

import numpy as np
from numpy.typing import ArrayLike, NDArray

from relapse_model.errors import RelapseModelError
from relapse_model.features.design import design
from relapse_model.scoring import unit_shown
from relapse_model.study import Predictor
from relapse_model.validation.calibration import (
    CalibrationCurve,
    calibration_curve,
    calibration_intercept,
    calibration_slope,
)
from relapse_model.validation.estimate import Estimate, normal_quantile
from relapse_model.validation.net_benefit import NetBenefit

if TYPE_CHECKING:
    import shap
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from relapse_model.model import RelapseModel

P = ParamSpec("P")
Floats = NDArray[np.float64]
# Okabe and Ito's palette, made for all kinds of colour vision. Outcomes and groups never share a colour.
INK, GREY, PALE = "#222222", "#6e6e6e", "#d9d9d9"
RELAPSE, FREE, LOST = "#d55e00", "#0072b2", GREY
GROUPS = ("#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#222222")
WIDTH = 4.4  # inches: text stays legible when a telephone shrinks the figure to its screen
EVENTS_FOR_A_CURVE = 100  # fewer do not support a smooth calibration curve (Van Calster et al. 2016)
LEVEL = 0.9  # of the intervals of coefficients
_STEPS = (1, 2, 4, 8, 12, 24, 48, 96, 192)  # weeks between the ticks of a time axis
_CJK = ("Noto Sans CJK SC", "Source Han Sans SC", "Microsoft YaHei", "PingFang SC", "WenQuanYi Micro Hei")


def styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Give a figure function the style of this module, and leave the caller's settings alone."""

    @wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with _style(), _quiet_about_letters():
            figure = draw(*args, **kwargs)
            # Arrange and keep it: another drawing would differ in the last digit. Twice, since the first
            # arrangement can make place for other ticks.
            figure.draw_without_rendering()
            figure.draw_without_rendering()
            figure.set_layout_engine("none")
        return figure

    return drawn


@styled
def calibration_figure(
    relapse: ArrayLike,
    risk: ArrayLike,
    weight: ArrayLike | None = None,
    *,
    intercept: Estimate | None = None,
    slope: Estimate | None = None,
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

    Returns
    -------
    Figure
    """
    y, p = np.asarray(relapse, dtype=float), np.asarray(risk, dtype=float)
    known = ~np.isnan(y)
    y, p, w = y[known], p[known], None if weight is None else np.asarray(weight, dtype=float)[known]
    figure = _figure(5.0)
    main, below = figure.subplots(2, 1, sharex=True, height_ratios=[3.4, 1])
    curve = _or_reason(calibration_curve, y, p, w)
    top = _upper_limit(p, curve)
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
    figure = _figure(3.5)
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
    figure = _figure(3.5)
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


@styled
def kaplan_meier_figure(
    time: ArrayLike,
    event: ArrayLike,
    group: ArrayLike | None = None,
    *,
    start: float = 0.0,
    horizon: float | None = None,
) -> Figure:
    """Draw freedom from relapse with 95 % intervals and the numbers at risk, by group if there are groups.

    Assumes that a relapse happens at its first positive test and that the end of follow-up tells nothing.

    Parameters
    ----------
    time : array-like of shape (n,)
        Week of the first positive test, or last week known free of relapse.
    event : array-like of shape (n,)
        1 for a relapse, 0 for the end of follow-up.
    group : array-like of shape (n,), optional
        Such as the arm.
    start : float
        Week from which patients were followed: the landmark.
    horizon : float, optional
        Week to be marked.

    Returns
    -------
    Figure
    """
    t, d = np.asarray(time, dtype=float), np.asarray(event, dtype=float)
    label = np.full(len(t), "all patients", dtype=object) if group is None else np.asarray(group, dtype=object)
    names = sorted({str(name) for name in label})
    figure = _figure(3.5 + 0.2 * len(names))
    main, table = figure.subplots(2, 1, sharex=True, height_ratios=[10, 0.9 * len(names) + 0.9])
    for name, colour in zip(names, _colours(len(names)), strict=True):
        rows = label.astype(str) == name
        _draw_survival(main, t[rows], d[rows], start, colour, f"{_plain(name)} (n = {int(rows.sum())})")
    if horizon is not None:
        main.axvline(horizon, color=GREY, linewidth=0.8, linestyle=":")
    ticks = _weeks(start, float(t.max()))
    main.set(ylim=(0, 1.02), ylabel="Free of relapse", xlim=(start, start + 1.02 * (float(t.max()) - start)))
    main.set_yticks(np.arange(0, 1.01, 0.25), [f"{share:.0%}" for share in np.arange(0, 1.01, 0.25)])
    main.legend(loc="lower left")
    main.set_title("Freedom from relapse\nKaplan-Meier, 95 % intervals")
    _risk_table(table, names, label.astype(str), t, ticks)
    return figure


@styled
def coefficients_figure(model: RelapseModel) -> Figure:
    """Draw what was believed of each predictor beside what is believed after these patients.

    Assumes a model of the prior-informed logistic regression. Points are means and bars 90 % intervals, normal
    on the log-odds scale, shown as odds ratios per the step that stands with the predictor.

    Parameters
    ----------
    model : RelapseModel

    Returns
    -------
    Figure

    Raises
    ------
    RelapseModelError
        If the model's classifier has no priors.
    """
    rows = coefficient_table(model)
    figure = _figure(1.3 + 0.6 * len(rows))
    axes = figure.subplots()
    _draw_ratios(axes, [row["prior"] for row in rows], 0.12, GREY, "s", "before: the study's prior")
    _draw_ratios(axes, [row["posterior"] for row in rows], 0.42, FREE, "o", "after these patients")
    for place, row in enumerate(rows):
        short = shorten(row["label"], 58 - len(row["step"]), placeholder=" ...")
        label = _plain(f"{short}, {row['step']}")
        text = axes.text(0.0, place - 0.2, label, transform=axes.get_yaxis_transform(), va="center")
        text.set_in_layout(False)  # it runs on over the numbers' column, where nothing else stands
    axes.axvline(1, color=INK, linewidth=0.8, zorder=0)
    _odds_ratio_axis(axes)
    axes.set(ylim=(len(rows) - 0.3, -0.5), yticks=[], xlabel="Odds ratio, 90 % interval (log scale)")
    axes.spines["left"].set_visible(False)
    figure.legend(loc="outside lower left", ncols=2)
    axes.set_title("What was known, and what these patients add")
    return figure


@styled
def shap_summary_figure(explanation: shap.Explanation) -> Figure:
    """Draw the beeswarm of the shap library: one dot per patient and predictor.

    Parameters
    ----------
    explanation : shap.Explanation
        Of several patients, as `RelapseModel.explain` returns it.

    Returns
    -------
    Figure
    """
    import shap
    from matplotlib.figure import Figure

    predictors = explanation.values.shape[1]
    figure = Figure(figsize=(6.4, 1.2 + 0.36 * predictors))
    axes = figure.subplots()
    with _fixed_global_seed():  # shap shuffles the dots with NumPy's global generator
        shap.plots.beeswarm(
            _named(explanation), max_display=predictors, ax=axes, show=False, plot_size=None, s=14,
            color_bar_label="Value of the predictor",
        )  # fmt: skip
    _small_text(figure)
    axes.set_xlabel("SHAP value")
    _fit_around(figure, "What drives the risks", f"Effect of each predictor on the {_output(explanation)}")
    return figure


@styled
def waterfall_figure(explanation: shap.Explanation, row: int) -> Figure:
    """Draw the waterfall of the shap library: how the predictors of one patient add up to the log-odds.

    Parameters
    ----------
    explanation : shap.Explanation
    row : int
        Position of the patient.

    Returns
    -------
    Figure
    """
    import shap
    from matplotlib import pyplot as plt

    # shap draws a waterfall on pyplot's current figure only: lend it one, and take it back.
    with plt.ioff():
        figure = plt.figure()
        try:
            shap.plots.waterfall(_named(explanation)[row], max_display=explanation.values.shape[1], show=False)
        finally:
            plt.close(figure)
    _small_text(figure)
    note = f"{_output(explanation)}: from the base value E[f(X)] to this patient's f(x)"
    _fit_around(figure, "What makes up this patient's risk", note)
    return figure


def svg(figure: Figure) -> str:
    """Return a figure as SVG with text as text; the same figure gives the same characters.

    Parameters
    ----------
    figure : Figure
    """
    buffer = io.StringIO()
    with _style(), _quiet_about_letters():
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()


def png(figure: Figure, dpi: int = 200) -> bytes:
    """Return a figure as PNG.

    Parameters
    ----------
    figure : Figure
    dpi : int
    """
    buffer = io.BytesIO()
    with _style():
        figure.savefig(buffer, format="png", dpi=dpi, metadata={"Software": None})
    return buffer.getvalue()


def kaplan_meier(time: ArrayLike, event: ArrayLike) -> tuple[Floats, Floats, Floats, Floats]:
    """Return the Kaplan-Meier estimate at the times of events, with 95 % limits on the log-log scale.

    Parameters
    ----------
    time, event : array-like of shape (n,)
        Those whose follow-up ends at the time of an event count as at risk of it.

    Returns
    -------
    time, free, lower, upper : ndarray of shape (k,)

    Notes
    -----
    Greenwood's variance; Kalbfleisch and Prentice's log-log limits. Where nobody is left free the lower limit
    is 0 and the upper one stays where it was.

    Examples
    --------
    >>> kaplan_meier([1, 2, 3, 4], [1, 0, 1, 0])[1].tolist()
    [0.75, 0.375]
    """
    t, d = np.asarray(time, dtype=float), np.asarray(event, dtype=float) == 1
    times = np.unique(t[d])
    at_risk = np.array([(t >= moment).sum() for moment in times], dtype=float)
    events = np.array([(d & (t == moment)).sum() for moment in times], dtype=float)
    free = np.cumprod(1 - events / at_risk)
    inside = free > 0
    log = np.log(free[inside])
    variance = np.cumsum(events[inside] / (at_risk[inside] * (at_risk[inside] - events[inside])))
    reach = normal_quantile(0.95) * np.sqrt(variance) / np.abs(log)
    lower, upper = np.exp(log * np.exp(reach)), np.exp(log * np.exp(-reach))
    gone = int((~inside).sum())  # 0 or 1: the last time
    last = float(upper[-1]) if len(upper) else 1.0
    return times, free, np.append(lower, np.zeros(gone)), np.append(upper, np.full(gone, last))


def coefficient_table(model: RelapseModel) -> list[dict[str, Any]]:
    """Return the odds ratios (mean, lower, upper) of each column before and after, with its label and step.

    Parameters
    ----------
    model : RelapseModel

    Raises
    ------
    RelapseModelError
        If the model's classifier has no priors.
    """
    fitted: Any = model.classifier
    if not hasattr(fitted, "prior_mean_"):
        raise RelapseModelError(
            f"Coefficients: the classifier is {model.classifier_name!r}; expected 'prior_logistic', which alone has "
            "priors. Look at `explain` for the others."
        )
    columns = design(model.study)
    z = normal_quantile(LEVEL)
    rows = []
    for column, name in enumerate(columns.names):
        predictor = model.study.predictors[columns.predictor[column]]
        step, words = coefficient_step(predictor, float(fitted.scale_[column]), name.partition("=")[2])
        ratios = {
            key: tuple(float(np.exp(step * (mean[column] + reach * sd[column]))) for reach in (0, -z, z))
            for key, mean, sd in (
                ("prior", fitted.prior_mean_, fitted.prior_sd_),
                ("posterior", fitted.coef_mean_, fitted.coef_sd_),
            )
        }
        rows.append({"label": predictor.label, "step": words, **ratios})
    return rows


def coefficient_step(predictor: Predictor, scale: float | None = None, level: str = "") -> tuple[float, str]:
    """Return the step of a predictor by which an odds ratio is told, and the step in words.

    It is the step of the study's prior; without a prior, a standard deviation.

    Parameters
    ----------
    predictor : Predictor
    scale : float, optional
        Standard deviation in the training cohort, where it is known.
    level : str
        Of a predictor with levels: the one compared with the reference.
    """
    unit = unit_shown(predictor)
    if level:
        return 1.0, f"{level} against {predictor.levels[0]}"
    if unit == "0/1" or predictor.equals is not None:
        return 1.0, "yes against no"
    per = "sd" if predictor.prior is None else predictor.prior.per
    if per == "sd":
        return (
            scale or 1.0,
            "per SD" if scale is None else f"per SD ({scale:.2g}{_on_scale(predictor, unit)})",
        )
    if not isinstance(per, str):
        return float(per), f"per {per:g} {unit}".rstrip()
    return 1.0, _one_step(predictor, unit)


def _one_step(predictor: Predictor, unit: str) -> str:
    if predictor.scale == "log10":
        return f"per {unit}" if unit.startswith("log10") else "per tenfold"
    singular = {"years": "year", "weeks": "week", "days": "day", "months": "month"}
    return f"per {singular.get(unit, unit) or 'unit'}"


def _on_scale(predictor: Predictor, unit: str) -> str:
    log = predictor.scale == "log10" and not unit.startswith("log10")
    return f" log10 {unit}".rstrip() if log else f" {unit}".rstrip()


@contextmanager
def _style() -> Iterator[None]:
    import matplotlib

    settings: dict[Any, Any] = {
        "font.family": _families(), "font.size": 9.5, "text.color": INK,
        "axes.titlesize": 10.5, "axes.titlelocation": "left", "axes.labelsize": 9.5, "axes.labelcolor": INK,
        "axes.edgecolor": GREY, "axes.linewidth": 0.8, "axes.spines.top": False, "axes.spines.right": False,
        "xtick.color": GREY, "ytick.color": GREY, "xtick.labelcolor": INK, "ytick.labelcolor": INK,
        "xtick.labelsize": 9, "ytick.labelsize": 9, "legend.frameon": False, "legend.fontsize": 9,
        "legend.title_fontsize": 9, "lines.solid_capstyle": "butt", "savefig.facecolor": "white",
        "svg.fonttype": "none", "svg.hashsalt": "relapse-model", "text.usetex": False,
        "text.hinting": "none",  # letters as wide in the file as when the figure was arranged
    }  # fmt: skip
    with matplotlib.rc_context(settings):
        yield


@contextmanager
def _quiet_about_letters() -> Iterator[None]:
    """Letters that Matplotlib's fonts lack stay letters in an SVG: the browser has a font for them."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


@cache
def _families() -> list[str]:
    """Return the fonts: Matplotlib's own, and for Chinese one that this computer has."""
    from matplotlib import font_manager

    present = set(font_manager.get_font_names())
    return ["DejaVu Sans", *[name for name in _CJK if name in present][:1], "sans-serif"]


def _figure(height: float, width: float = WIDTH) -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def _plain(text: str) -> str:
    """Return text in which a dollar sign is a dollar sign, and not the start of a formula."""
    return text.replace("$", r"\$")


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


def _colours(groups: int) -> list[str]:
    return [FREE] if groups == 1 else [GROUPS[place % len(GROUPS)] for place in range(groups)]


def _draw_survival(axes: Axes, time: Floats, event: Floats, start: float, colour: str, label: str) -> None:
    times, free, lower, upper = kaplan_meier(time, event)
    end = float(time.max())
    x = np.concatenate([[start], times, [end]])
    steps = [np.concatenate([[1.0], values, values[-1:] if len(values) else [1.0]]) for values in (free, lower, upper)]
    axes.fill_between(x, steps[1], steps[2], step="post", color=colour, alpha=0.13, linewidth=0)
    axes.step(x, steps[0], where="post", color=colour, linewidth=1.8, label=label)
    left = np.unique(time[event != 1])
    at = np.searchsorted(times, left, side="right")
    axes.plot(left, steps[0][at], linestyle="none", marker="|", markersize=5, color=colour, alpha=0.7)


def _weeks(start: float, end: float) -> Floats:
    step = next((step for step in _STEPS if (end - start) / step <= 6), _STEPS[-1])
    return np.arange(start, end + 1e-9, step)


def _risk_table(axes: Axes, names: list[str], label: NDArray[Any], time: Floats, ticks: Floats) -> None:
    axes.set(ylim=(len(names) - 0.4, -1.5), yticks=[], xlabel="Week since enrolment")
    axes.set_xticks(ticks)
    axes.spines["left"].set_visible(False)
    axes.text(
        0.0,
        -1,
        "Still followed and free of relapse",
        transform=axes.get_yaxis_transform(),
        va="center",
        fontsize=9,
    )
    for row, (name, colour) in enumerate(zip(names, _colours(len(names)), strict=True)):
        for tick in ticks:
            count = int(((label == name) & (time >= tick)).sum())
            side = "left" if tick == ticks[0] else "center"
            axes.text(tick, row, str(count), ha=side, va="center", fontsize=9, color=colour, fontweight="bold")


def _draw_ratios(
    axes: Axes, ratios: list[tuple[float, float, float]], below: float, colour: str, marker: str, label: str
) -> None:
    middle = np.array(ratios)
    reach = np.abs(middle[:, 1:] - middle[:, :1]).T
    place = np.arange(len(ratios)) + below
    bar: dict[str, Any] = {"color": colour, "markersize": 4.5, "linewidth": 1.6}
    axes.errorbar(middle[:, 0], place, xerr=reach, fmt=marker, label=label, **bar)
    for row, (ratio, low, high) in enumerate(ratios):
        text = f"{ratio:.2f} ({low:.2f} to {high:.2f})"
        beside = axes.get_yaxis_transform()
        axes.text(1.02, row + below, text, transform=beside, va="center", fontsize=8.5, color=colour)


def _odds_ratio_axis(axes: Axes) -> None:
    from matplotlib.ticker import NullLocator

    axes.set_xscale("log")
    low, high = axes.get_xlim()
    ticks = [tick for tick in (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50) if low <= tick <= high]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.xaxis.set_minor_locator(NullLocator())


def _named(explanation: shap.Explanation) -> shap.Explanation:
    """Return the explanation with names that Matplotlib does not take for formulas."""
    import shap

    return shap.Explanation(
        values=explanation.values,
        base_values=explanation.base_values,
        data=explanation.data,
        feature_names=[_plain(str(name)) for name in explanation.feature_names],
        output_names=explanation.output_names,
    )


def _output(explanation: shap.Explanation) -> str:
    names = explanation.output_names
    return names if isinstance(names, str) else "log-odds of relapse"


def _fit_around(figure: Figure, title: str, note: str) -> None:
    """Make a figure as large as what is drawn on it, with a title above; the axes keep their size in inches."""
    figure.draw_without_rendering()  # or the labels would not know yet where they stand
    box = figure.get_tightbbox()
    margin, above = 0.1, 0.6
    old_width, old_height = figure.get_size_inches()
    width, height = box.width + 2 * margin, box.height + 2 * margin + above
    places = [axes.get_position(original=True) for axes in figure.axes]
    for axes, place in zip(figure.axes, places, strict=True):
        left, bottom = place.x0 * old_width - box.x0 + margin, place.y0 * old_height - box.y0 + margin
        size = (place.width * old_width / width, place.height * old_height / height)
        axes.set_position((left / width, bottom / height, *size))
    figure.set_size_inches(width, height)
    figure.text(margin / width, 1 - 0.1 / height, _plain(title), va="top", fontsize=10.5)
    figure.text(margin / width, 1 - 0.34 / height, _plain(note), va="top")


def _small_text(figure: Figure) -> None:
    """Bring the large letters of shap down to those of the other figures."""
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        if isinstance(text, Text):
            text.set_fontsize(min(9.5, float(text.get_fontsize())))


@contextmanager
def _fixed_global_seed() -> Iterator[None]:
    state = np.random.get_state()
    np.random.seed(0)
    try:
        yield
    finally:
        np.random.set_state(state)
