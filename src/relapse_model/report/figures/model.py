"""Figures of one model: coefficients with their priors, and what drives the risks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np

from relapse_model.errors import RelapseModelError
from relapse_model.features.clinical_units import unit_shown
from relapse_model.features.design import design
from relapse_model.report.figures.forest_rows import two_lines
from relapse_model.report.figures.style import FREE, GREY, INK, LEVEL, one_axes, plain, put_legend, styled
from relapse_model.study.predictor import Predictor, StudyTerm
from relapse_model.study.study import Study
from relapse_model.validation.estimate import normal_quantile

if TYPE_CHECKING:
    import shap
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from relapse_model.model.relapse_model import RelapseModel


_WRAP = 20  # letters of a predictor's name in one line, so that the dots have most of the width


@styled
def coefficients_figure(model: RelapseModel, *, level: float = LEVEL, ax: Axes | None = None) -> Figure:
    """Draw what was believed of each predictor beside what is believed after these patients.

    Assumes a model of the prior-informed logistic regression. Points are means and bars their intervals,
    normal on the log-odds scale, shown as odds ratios per the step that stands with the predictor.

    Parameters
    ----------
    model : RelapseModel
    level : float
        Of the intervals.
    ax : Axes, optional
        To draw on, in a figure of your own.

    Returns
    -------
    Figure

    Raises
    ------
    RelapseModelError
        If the model's classifier has no priors.
    """
    rows = coefficient_table(model, level)
    before = "before: the study's prior" if model.study.has_priors else "before: small effects expected"
    figure, axes = one_axes(ax, 1.3 + 0.6 * len(rows))
    _draw_ratios(axes, [row["prior"] for row in rows], 0.12, GREY, "s", before)
    _draw_ratios(axes, [row["posterior"] for row in rows], 0.42, FREE, "o", "after these patients")
    for place, row in enumerate(rows):
        label = plain(two_lines(row["label"], f", {row['step']}", 58))
        text = axes.text(
            0.0, place - 0.2, label, transform=axes.get_yaxis_transform(), va="center", linespacing=1.05,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8},
        )  # fmt: skip
        text.set_in_layout(False)  # it runs on over the numbers' column, where nothing else stands
    axes.axvline(1, color=INK, linewidth=0.8, zorder=0)
    _odds_ratio_axis(axes)
    axes.set(ylim=(len(rows) - 0.3, -0.5), yticks=[], xlabel=f"Odds ratio, {100 * level:g} % interval (log scale)")
    axes.spines["left"].set_visible(False)
    put_legend(figure, axes, ax, ncols=2)
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
    figure = Figure(figsize=(3.2, 1.2 + 0.36 * predictors))
    axes = figure.subplots()
    with _fixed_global_seed():  # shap shuffles the dots with NumPy's global generator
        shap.plots.beeswarm(
            _named(explanation, _WRAP), max_display=predictors, ax=axes, show=False, plot_size=None, s=14,
            color_bar_label="Value of the predictor",
        )  # fmt: skip
    _small_text(figure)
    axes.set_xlabel("SHAP value")
    _fit_around(figure, "How the predictors enter the model", f"Effect of each predictor on the {_output(explanation)}")
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


def coefficient_table(model: RelapseModel, level: float = LEVEL) -> list[dict[str, Any]]:
    """Return the odds ratios (mean, lower, upper) of each column before and after, with its label and step.

    A column that was left out, since hardly anybody had it, has none.

    Parameters
    ----------
    model : RelapseModel
    level : float
        Of the intervals.

    Raises
    ------
    RelapseModelError
        If the model's classifier has no priors.
    """
    fitted: Any = model.classifier
    if not has_coefficients(model):
        raise RelapseModelError(
            f"Coefficients: the classifier is {model.classifier_name!r}; expected 'prior_logistic', which alone has "
            "priors. Look at `explain` for the others."
        )
    columns = design(model.study)
    steps = []
    for column, name in enumerate(columns.names):
        predictor = model.study.predictors[columns.predictor[column]]
        size, words = coefficient_step(predictor, float(fitted.scale_[column]), name.partition("=")[2])
        if words.startswith("per SD") and model.summary["predictors"][predictor.name]["mean"] is None:
            size, words = 1.0, "per unit"  # the deviation of a rare yes would tell how many have it
        steps.append((predictor.label, size, words))
    steps += [(term.label, 1.0, _term_step(term, model.study)) for term in model.study.terms]
    marked = [model.study.predictors[columns.predictor[column]] for column in fitted.indicators_]
    steps += [(f"{predictor.label} missing", 1.0, "missing against known") for predictor in marked]
    z = normal_quantile(level)
    rows = []
    for column, (label, step, words) in enumerate(steps):
        if fitted.coef_sd_[column] == 0:
            continue  # left out of the model: no odds ratio, and none of exactly 1
        ratios = {
            key: tuple(float(np.exp(step * (mean[column] + reach * sd[column]))) for reach in (0, -z, z))
            for key, mean, sd in (
                ("prior", fitted.prior_mean_, fitted.prior_sd_),
                ("posterior", fitted.coef_mean_, fitted.coef_sd_),
            )
        }
        rows.append({"label": label, "step": words, **ratios})
    return rows


def has_coefficients(model: RelapseModel) -> bool:
    """Return whether the model is the logistic regression with the study's priors, as it was fitted.

    Hazards have priors of another scale; a recalibrated model has other log-odds than its coefficients say.
    """
    fitted = all(hasattr(model.classifier, name) for name in ("prior_mean_", "indicators_"))
    return fitted and model.classifier_name == "prior_logistic"


def _term_step(term: StudyTerm, study: Study) -> str:
    """Say what one unit of a term is."""
    if len(term.factors) > 1:
        return "per unit of the product"
    factor = term.factors[0]
    if factor.saturating is not None:
        return "full effect against none"
    if factor.cap is not None or factor.minus is not None:
        return _one_step(study.predictor(factor.predictor), unit_shown(study.predictor(factor.predictor)))
    return "yes against no"


def coefficient_step(predictor: Predictor, scale: float | None = None, level: str = "") -> tuple[float, str]:
    """Return the step of a predictor by which an odds ratio is expressed, and the step in words.

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


def _named(explanation: shap.Explanation, wrap: int | None = None) -> shap.Explanation:
    """Return the explanation with names that Matplotlib does not take for formulas, and in two lines of that length."""
    import shap

    return shap.Explanation(
        values=explanation.values,
        base_values=explanation.base_values,
        data=explanation.data,
        feature_names=[
            plain(fill(str(name), wrap, max_lines=2, placeholder=" ...") if wrap else str(name))
            for name in explanation.feature_names
        ],
        output_names=explanation.output_names,
    )


def _output(explanation: shap.Explanation) -> str:
    names = explanation.output_names
    return names if isinstance(names, str) else "log-odds of the outcome"


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
    figure.text(margin / width, 1 - 0.1 / height, plain(title), va="top", fontsize=10.5)
    figure.text(margin / width, 1 - 0.34 / height, plain(note), va="top")


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
