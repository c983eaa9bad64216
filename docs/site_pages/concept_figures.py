"""The figures of the concept pages, in the style of the library's own figures and from its own functions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from relapse_model.report.figures.style import FREE, GREY, GROUPS, INK, LOST, PALE, RELAPSE, new_figure, styled, svg
from site_pages.reference import write_if_changed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLANK = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}  # behind a text that crosses a line


def write_figures(folder: Path) -> None:
    """Write the figure of each concept as SVG.

    Parameters
    ----------
    folder : Path
    """
    for name, draw in FIGURES.items():
        write_if_changed(folder / f"{name}.svg", svg(draw()))


def _bare(axes: Axes, *, weeks: tuple[float, float]) -> None:
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xlim(*weeks)
    axes.set_xlabel("week")


@styled
def three_states() -> Figure:
    """Draw four patients between landmark and horizon: relapse, free, lost, and not at risk."""
    figure = new_figure(2.6)
    axes = figure.subplots()
    rows = (
        ("relapse: positive at week 24", RELAPSE, (0, 12, 24), 24),
        ("free: negative at the horizon", FREE, (0, 12, 24, 36, 48), None),
        ("lost: last seen at week 12", LOST, (0, 12), None),
        ("not at risk: positive before week 0", PALE, (-12,), -12),
    )
    for place, (label, colour, tests, positive) in enumerate(rows):
        y = len(rows) - place
        axes.plot([-20, max(tests)], [y, y], color=colour, linewidth=2)
        axes.plot(tests, [y] * len(tests), "o", color=colour, markerfacecolor="white")
        if positive is not None:
            axes.plot(positive, y, "o", color=colour)
        axes.text(-19, y + 0.22, label, color=INK, fontsize=9, bbox=BLANK)
    for week, name in ((0, "landmark"), (48, "horizon")):
        axes.axvline(week, color=INK, linewidth=0.8, linestyle="--")
        axes.text(week, 5.0, name, ha="center", fontsize=9, bbox=BLANK)
    axes.set_ylim(0.4, 5.3)
    _bare(axes, weeks=(-20, 54))
    return figure


@styled
def landmark() -> Figure:
    """Draw what is used and what is not: results before and after the landmark."""
    figure = new_figure(1.9)
    axes = figure.subplots()
    axes.axvspan(-40, 0, color=FREE, alpha=0.12, linewidth=0)
    axes.axvspan(0, 48, color=RELAPSE, alpha=0.12, linewidth=0)
    before, after = (-36, -24, -12, 0), (12, 24, 36, 48)
    axes.plot(before, [0.35] * 4, "o", color=FREE)
    axes.plot(after, [0.35] * 4, "o", color=RELAPSE, markerfacecolor="white")
    axes.axvline(0, color=INK, linewidth=0.8, linestyle="--")
    axes.text(-20, 0.72, "predictors:\nweek \N{LESS-THAN OR EQUAL TO} landmark", ha="center", va="center")
    axes.text(24, 0.72, "outcome:\nweek > landmark", ha="center", va="center")
    axes.set_ylim(0, 1)
    _bare(axes, weeks=(-40, 50))
    return figure


@styled
def laboratory_text() -> Figure:
    """Draw what a printed result says of the true value, against a threshold of 0.05 IU/mL."""
    figure = new_figure(2.4)
    axes = figure.subplots()
    rows = (
        ("0.12", 0.12, 0.12, "positive"),
        ("<0.05", 0.004, 0.05, "negative"),
        ("<0.10", 0.004, 0.10, "does not decide"),
        (">250", 250, 2500, "positive"),
    )
    for place, (text, low, high, verdict) in enumerate(rows):
        y = len(rows) - place
        axes.plot([low, high], [y, y], color=FREE, linewidth=5, solid_capstyle="butt")
        if low == high:
            axes.plot(low, y, "o", color=FREE)
        axes.text(1e-3, y, text, va="center", ha="right")
        axes.text(4e3, y, verdict, va="center", color=INK)
    axes.axvline(0.05, color=INK, linewidth=0.8, linestyle="--")
    axes.text(0.05, 4.6, "threshold", ha="center", fontsize=9)
    axes.set_xscale("log")
    axes.set_xlim(2e-3, 2500)
    axes.set_ylim(0.5, 4.9)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("HBsAg, IU/mL")
    for label in axes.texts:
        label.set_clip_on(False)
    return figure


@styled
def passive_antibody() -> Figure:
    """Draw a titre under HBIG: the patient's own part, and what each dose adds and loses again."""
    figure = new_figure(2.6)
    axes = figure.subplots()
    week = np.linspace(0, 24, 241)
    half_life = 3.0  # weeks
    passive = sum(150 * np.where(week >= dose, 0.5 ** ((week - dose) / half_life), 0.0) for dose in (0, 8, 16))
    own = np.full_like(week, 20.0)
    axes.stackplot(week, own, passive, colors=[FREE, GROUPS[2]], alpha=0.75, labels=["the patient's own", "from HBIG"])
    for dose in (0, 8, 16):
        axes.annotate("dose", (dose, 0), (dose, 225), ha="left", fontsize=9, color=GREY)
        axes.axvline(dose, color=GREY, linewidth=0.6, linestyle=":")
    axes.set(xlabel="week", ylabel="anti-HBs, mIU/mL", ylim=(0, 245), xlim=(0, 24))
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.18), ncols=2)
    return figure


@styled
def priors() -> Figure:
    """Draw a published odds ratio as a prior, and what 20 events would say alone."""
    figure = new_figure(2.6)
    axes = figure.subplots()
    log_odds = np.linspace(-4, 2, 400)
    mean, error = np.log(0.20), (np.log(0.75) - np.log(0.05)) / 3.92
    shrunk = (mean / (1 + error**2), error / np.sqrt(1 + error**2))
    for (centre, width), label, colour in (
        ((mean, error), "published: 0.20 (0.05 to 0.75)", GREY),
        (shrunk, "the prior, shrunk towards none", FREE),
    ):
        density = np.exp(-0.5 * ((log_odds - centre) / width) ** 2) / width
        axes.plot(np.exp(log_odds), density / np.sqrt(2 * np.pi), color=colour, label=label)
    axes.axvline(1, color=INK, linewidth=0.8, linestyle="--")
    axes.set_xscale("log")
    axes.set_xticks([0.05, 0.1, 0.2, 0.5, 1, 2, 5], ["0.05", "0.1", "0.2", "0.5", "1", "2", "5"])
    axes.minorticks_off()
    axes.set(xlabel="odds ratio per step of anti-HBs", yticks=[], ylim=(0, 1.2))
    axes.spines["left"].set_visible(False)
    axes.legend(loc="upper left", bbox_to_anchor=(-0.02, 1.05))
    return figure


@styled
def whole_procedure() -> Figure:
    """Draw the AUC of pure noise, with predictors selected before the folds and within them."""
    from relapse_model.validation import auc

    rng = np.random.default_rng(1)
    apparent, honest = [], []
    for _ in range(30):
        x, y = rng.normal(size=(132, 500)), rng.permutation(np.repeat([1.0, 0.0], [25, 107]))
        fold = rng.permutation(np.arange(132) % 5)
        chosen_before = _strongest(x, y)
        scores = np.zeros((2, 132))
        for one in range(5):
            train, test = fold != one, fold == one
            for row, chosen in enumerate((chosen_before, _strongest(x[train], y[train]))):
                signs = _association(x[train][:, chosen], y[train])
                scores[row, test] = x[test][:, chosen] @ signs
        apparent.append(auc(y, scores[0]))
        honest.append(auc(y, scores[1]))
    figure = new_figure(1.9)
    axes = figure.subplots()
    for place, (values, colour) in enumerate(((honest, FREE), (apparent, RELAPSE))):
        axes.plot(values, np.full(30, place) + rng.uniform(-0.15, 0.15, 30), "o", color=colour, alpha=0.6, markersize=4)
    axes.axvline(0.5, color=INK, linewidth=0.8, linestyle="--")
    axes.set_yticks([0, 1], ["selected again\nin each fold", "selected once,\nbefore the folds"])
    axes.set(xlabel="AUC of 500 columns of noise (0.5 is the truth)", xlim=(0.2, 1), ylim=(-0.5, 1.5))
    return figure


def _association(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return x[y == 1].mean(axis=0) - x[y == 0].mean(axis=0)


def _strongest(x: np.ndarray, y: np.ndarray, number: int = 8) -> np.ndarray:
    return np.argsort(-np.abs(_association(x, y)))[:number]


@styled
def twenty_events() -> Figure:
    """Draw the width of DeLong's interval of an AUC of 0.75 against the number of events."""
    from relapse_model.validation import auc_delong

    rng = np.random.default_rng(2)
    events = np.array([10, 20, 40, 80, 160, 320])
    shift = 0.954  # between two normal distributions: an AUC of 0.75
    limits = []
    for number in events:
        y = np.repeat([1.0, 0.0], [number, 5 * number])
        drawn = [auc_delong(y, rng.normal(size=y.size) + shift * y) for _ in range(40)]
        limits.append([np.mean([one.lower for one in drawn]), np.mean([one.upper for one in drawn])])
    low, high = np.array(limits).T
    figure = new_figure(2.6)
    axes = figure.subplots()
    axes.fill_between(events, low, high, color=FREE, alpha=0.25, linewidth=0)
    axes.axhline(0.75, color=FREE)
    axes.axvline(20, color=INK, linewidth=0.8, linestyle="--")
    axes.set_xscale("log")
    axes.set_xticks(events, [str(number) for number in events])
    axes.minorticks_off()
    axes.set(xlabel="events", ylabel="AUC, 95 % interval", ylim=(0.5, 1))
    return figure


@styled
def estimands() -> Figure:
    """Draw one patient under three strategies for an intercurrent event."""
    figure = new_figure(2.4)
    axes = figure.subplots()
    rows = (("treatment policy: followed on", 48, None), ("composite: a failure at week 20", 20, RELAPSE),
            ("hypothetical: censored at week 20", 20, LOST))  # fmt: skip
    for place, (label, end, colour) in enumerate(rows):
        y = len(rows) - place
        axes.plot([0, end], [y, y], color=FREE, linewidth=2)
        axes.plot(end, y, "o", color=colour or FREE, markerfacecolor="white" if colour == LOST else colour or FREE)
        axes.text(0.5, y + 0.2, label, fontsize=9, bbox=BLANK)
    axes.axvline(20, color=INK, linewidth=0.8, linestyle="--")
    axes.text(20.5, 3.75, "starts another drug", fontsize=9)
    axes.set_ylim(0.5, 4.1)
    _bare(axes, weeks=(0, 52))
    return figure


FIGURES: dict[str, Callable[[], Figure]] = {
    draw.__name__: draw
    for draw in (three_states, landmark, laboratory_text, passive_antibody, priors, whole_procedure, twenty_events,
                 estimands)
}  # fmt: skip
