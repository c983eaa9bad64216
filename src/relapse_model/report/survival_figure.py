"""Freedom from relapse over time, with the numbers at risk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from relapse_model.report.style import GREY, Floats, colours, new_figure, plain, styled
from relapse_model.report.ticks import STEPS
from relapse_model.validation.estimate import normal_quantile

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


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
    figure = new_figure(3.5 + 0.2 * len(names))
    main, table = figure.subplots(2, 1, sharex=True, height_ratios=[10, 0.9 * len(names) + 0.9])
    for name, colour in zip(names, colours(len(names)), strict=True):
        rows = label.astype(str) == name
        _draw_survival(main, t[rows], d[rows], start, colour, f"{plain(name)} (n = {int(rows.sum())})")
    if horizon is not None:
        main.axvline(horizon, color=GREY, linewidth=0.8, linestyle=":")
    ticks = _weeks(start, float(t.max()))
    main.set(ylim=(0, 1.02), ylabel="Free of relapse", xlim=(start, start + 1.02 * (float(t.max()) - start)))
    main.set_yticks(np.arange(0, 1.01, 0.25), [f"{share:.0%}" for share in np.arange(0, 1.01, 0.25)])
    main.legend(loc="lower left")
    main.set_title("Freedom from relapse\nKaplan-Meier, 95 % intervals")
    _risk_table(table, names, label.astype(str), t, ticks)
    return figure


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
    step = next((step for step in STEPS if (end - start) / step <= 6), STEPS[-1])
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
    for row, (name, colour) in enumerate(zip(names, colours(len(names)), strict=True)):
        for tick in ticks:
            count = int(((label == name) & (time >= tick)).sum())
            side = "left" if tick == ticks[0] else "center"
            axes.text(tick, row, str(count), ha=side, va="center", fontsize=9, color=colour, fontweight="bold")
