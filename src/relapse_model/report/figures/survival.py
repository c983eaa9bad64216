"""Freedom from relapse over time, with the numbers at risk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from relapse_model.arrays import Floats
from relapse_model.errors import InsufficientDataError
from relapse_model.features.development_data import DevelopmentData
from relapse_model.report.figures.style import GREY, colours, new_figure, plain, styled
from relapse_model.report.figures.weeks_read import (
    BETWEEN,
    DATES,
    VISITS,
    drawstyle,
    ticks_and_horizon,
    weeks_and_horizon,
)
from relapse_model.small_counts import HIDDEN, SMALL, disclosed_count, disclosed_counts
from relapse_model.validation.competing_risks import cumulative_incidence
from relapse_model.validation.estimate import normal_quantile

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_READINGS = 13  # of the curve
_LONG_NAME = 14  # letters of a group's name, of which two find no room side by side


@styled
def kaplan_meier_figure(
    time: ArrayLike,
    event: ArrayLike,
    group: ArrayLike | None = None,
    *,
    start: float = 0.0,
    horizon: float | None = None,
    competing: ArrayLike | None = None,
    order: Sequence[str] = (),
    exact: bool = False,
    reading: str = VISITS,
) -> Figure:
    """Draw freedom from relapse with 95 % intervals and the numbers at risk, by group if there are groups.

    The Kaplan-Meier estimate is read every few weeks (4 within a year) and at the horizon, and ends where fewer than 5
    are still followed, so that no step, stroke or end is the week of one patient; `reading` says how it is drawn
    where the outcome has a date of its own. Numbers at risk under 5 are ``<5``; a group of
    fewer than 5 has no line. Where the size of another group is hidden, as it would tell that of the small one, so is
    its whole row: a later number would tell as much, and is no more than the first.

    Assumes that a relapse happens at its date (of an outcome found by tests, the first positive one) and that the end
    of follow-up tells nothing.

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
    competing : array-like of shape (n,), optional
        1 for a competing event at that time. Then the share without the outcome so far is drawn, by the Aalen-Johansen
        estimate: it does not fall when somebody dies, as the risk that a model predicts does not rise.
    order : sequence of str
        Groups that come first, in this order; the others follow by name.
    exact : bool
        Show all numbers as they are, for whoever owns the data.
    reading : {"visits", "dates", "between"}
        Of an outcome seen at visits: steps at the weeks read. Of one that is dated: steps at its dates; or ``between``,
        straight lines between the weeks read, where no date may be told.

    Returns
    -------
    Figure

    Raises
    ------
    InsufficientDataError
        Without a patient.
    """
    t, d = np.asarray(time, dtype=float), states_of(event, competing)
    if not t.size:
        raise InsufficientDataError("Kaplan-Meier figure: no patients; expected one at least.")
    label = np.full(len(t), "all patients", dtype=object) if group is None else np.asarray(group, dtype=object)
    names = in_order({str(name) for name in label}, order)
    figure = new_figure(3.5 + 0.2 * len(names))
    main, table = figure.subplots(2, 1, sharex=True, height_ratios=[10, 0.9 * len(names) + 0.9])
    grid = weeks_and_horizon(start, float(t.max()), horizon, MOST_READINGS)
    sizes = [int((label.astype(str) == name).sum()) for name in names]
    disclosed = (
        disclosed_counts(sizes) if not exact and min(sizes) < SMALL and len(names) > 1 else tuple(map(str, sizes))
    )
    for name, colour, size in zip(names, colours(len(names)), disclosed, strict=True):
        rows = label.astype(str) == name
        _draw_survival(main, t[rows], d[rows], grid, colour, _legend(name, size), reading)
    if horizon is not None:
        main.axvline(horizon, color=GREY, linewidth=0.8, linestyle=":")
    ticks = ticks_and_horizon(start, float(grid[-1]), horizon)
    width = max(1.0, float(grid[-1]) - start)  # follow-up may end within one step
    label_of_y = "Free of the outcome" if competing is None else "Without the outcome"
    main.set(ylim=(0, 1.02), ylabel=label_of_y, xlim=(start, start + 1.02 * width))
    main.set_yticks(np.arange(0, 1.01, 0.25), [f"{share:.0%}" for share in np.arange(0, 1.01, 0.25)])
    figure.legend(loc="outside lower left", ncols=1 if max(map(len, names)) > _LONG_NAME else 2)
    title = "Freedom from the outcome\nKaplan-Meier" if competing is None else "Without the outcome\nAalen-Johansen"
    main.set_title(f"{title}, 95 % intervals")
    _risk_table(table, names, label.astype(str), t, ticks, disclosed, exact)
    return figure


def in_order(names: Iterable[str], first: Sequence[str]) -> list[str]:
    """Return names: those of `first` in its order, then the others by name.

    Parameters
    ----------
    names : iterable of str
    first : sequence of str

    Examples
    --------
    >>> in_order({"control", "arm not known", "treated"}, ("treated", "control"))
    ['treated', 'control', 'arm not known']
    """
    return sorted(names, key=lambda name: (first.index(name) if name in first else len(first), name))


def states_of(event: ArrayLike, competing: ArrayLike | None) -> Floats:
    """Return 1 for the outcome, 2 for a competing event, 0 for none."""
    of_it = np.asarray(event, dtype=float)
    return of_it if competing is None else of_it + 2 * np.asarray(competing, dtype=float)


def without_outcome(time: ArrayLike, state: ArrayLike) -> tuple[Floats, Floats, Floats, Floats]:
    """Return the share without the outcome at the times of events, with 95 % limits.

    Aalen-Johansen's estimate, which is that of Kaplan-Meier where there are no competing events.

    Parameters
    ----------
    time, state : array-like of shape (n,)
        1 for the outcome, 2 for a competing event, 0 for the end of follow-up.

    Returns
    -------
    time, free, lower, upper : ndarray of shape (k,)

    Examples
    --------
    >>> without_outcome([1, 2, 3, 4], [1, 2, 1, 0])[1].tolist()
    [0.75, 0.5]
    """
    if not (np.asarray(state) == 2).any():
        return kaplan_meier(time, state)
    found = cumulative_incidence(time, state)
    return found.times, 1 - found.incidence, 1 - found.upper, 1 - found.lower


def at_visits(data: DevelopmentData) -> tuple[Floats, Floats]:
    """Return the follow-up and the states of patients, with what counts by the horizon at the horizon or before it.

    The outcome counts tests of the visit at the horizon, which may be some weeks late or early (`visit_window_weeks`).
    Who is free at that visit is followed to the horizon at least, and who is lost before it, to the last test.

    Parameters
    ----------
    data : DevelopmentData

    Returns
    -------
    time, state : ndarray of shape (n,)
        1 for the outcome, 2 for a competing event, 0 for the end of follow-up.
    """
    by_then, later = data.states(by_horizon=True), data.states(by_horizon=False)
    goes_on = (data.relapse == 0) & (by_then == 0) & (data.time > data.horizon)
    return np.where(goes_on, data.time, data.horizon_time), np.where(goes_on, later, by_then)


def risk_at(time: ArrayLike, state: ArrayLike, week: float) -> tuple[float, float, float] | None:
    """Return the share with the outcome by a week, with 95 % limits; None where fewer than 5 are followed so long.

    Parameters
    ----------
    time, state : array-like of shape (n,)
        As `without_outcome` takes them.
    week : float

    Examples
    --------
    >>> [round(one, 3) for one in risk_at([10, 20, 48, 48, 48, 48, 48], [1, 0, 0, 0, 0, 0, 1], 48)]
    [0.314, 0.088, 0.787]
    """
    t = np.asarray(time, dtype=float)
    if (t >= week).sum() < SMALL:
        return None
    times, free, lower, upper = without_outcome(t, state)
    at = int(np.searchsorted(times, week, side="right"))
    if at == 0:
        return 0.0, 0.0, float(1 - 0.025 ** (1 / len(t)))  # nobody had it: the exact limit
    return float(1 - free[at - 1]), float(1 - upper[at - 1]), float(1 - lower[at - 1])


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


def _draw_survival(
    axes: Axes, time: Floats, event: Floats, grid: Floats, colour: str, label: str, reading: str
) -> None:
    followed, free, lower, upper = read_curve(time, event, grid, reading)
    if not len(followed):
        axes.plot([], [], color=colour, linewidth=1.8, label=label)
        return
    lines = reading == BETWEEN
    axes.fill_between(followed, lower, upper, step=None if lines else "post", color=colour, alpha=0.13, linewidth=0)
    axes.plot(followed, free, drawstyle=drawstyle(reading), color=colour, linewidth=1.8, label=label)


def read_curve(time: Floats, state: Floats, grid: Floats, reading: str = VISITS) -> tuple[Floats, ...]:
    """Return the weeks at which a curve is drawn, the share without the outcome at them, and its 95 % limits.

    Parameters
    ----------
    time, state : array of shape (n,)
        As `without_outcome` takes them.
    grid : array of float
        Weeks to be read; of an outcome that is dated (``"dates"``), the weeks of the outcome besides.
    reading : {"visits", "dates", "between"}

    Examples
    --------
    >>> time, state = np.array([1.5, 3, 9, 9, 9, 9, 9]), np.array([1.0, 1, 0, 0, 0, 0, 0])
    >>> [one.round(2).tolist() for one in read_curve(time, state, np.array([0.0, 4, 8]), "dates")[:2]]
    [[0.0, 1.5, 3.0, 4.0, 8.0], [1.0, 0.86, 0.71, 0.71, 0.71]]
    """
    weeks = np.union1d(grid, time[(state == 1) & (time >= grid[0])]) if reading == DATES else grid
    followed = weeks[np.array([(time >= week).sum() >= SMALL for week in weeks])]
    if not len(followed):
        return followed, followed, followed, followed
    times, *curves = without_outcome(time, state)
    at = np.searchsorted(times, followed, side="right")
    return (followed, *(np.append(1.0, values)[at] for values in curves))


def _legend(name: str, size: str) -> str:
    patients = f"n < {SMALL}" if size.startswith("<") else f"n = {size}"
    return plain(name) if size == HIDDEN else f"{plain(name)} ({patients})"


def _risk_table(
    axes: Axes, names: list[str], label: NDArray[Any], time: Floats, ticks: Floats, sizes: tuple[str, ...], exact: bool
) -> None:
    axes.set(ylim=(len(names) - 0.4, -1.5), yticks=[], xlabel="Week")
    axes.set_xticks(ticks)
    axes.spines["left"].set_visible(False)
    axes.text(
        0.0,
        -1,
        "Still followed and without it",
        transform=axes.get_yaxis_transform(),
        va="center",
        fontsize=9,
    )
    for row, (name, colour) in enumerate(zip(names, colours(len(names)), strict=True)):
        for tick in ticks:
            count = int(((label == name) & (time >= tick)).sum())
            # At the first tick all groups add up to a number that is disclosed elsewhere.
            shown = str(count if exact else disclosed_count(count))
            shown = sizes[row] if tick == ticks[0] or sizes[row] == HIDDEN else shown
            side = "left" if tick == ticks[0] else "center"
            axes.text(tick, row, shown, ha=side, va="center", fontsize=9, color=colour, fontweight="bold")
