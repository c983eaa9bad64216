"""Follow-up cut into intervals: who was at risk in which, for how much of it, and who had the event there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from relapse_model.arrays import Floats, Positions
from relapse_model.comparisons import at_or_before
from relapse_model.errors import RelapseModelError
from relapse_model.validation.ipcw import check_follow_up


@dataclass(frozen=True, slots=True)
class PersonPeriods:
    """One entry for each patient and interval in which he was at risk, ordered by patient, then interval.

    Attributes
    ----------
    row : ndarray of int of shape (m,)
        Position of the patient.
    interval : ndarray of int of shape (m,)
        Position of the interval.
    event : ndarray of shape (m,)
        1.0 where the event fell into the interval.
    weight : ndarray of shape (m,)
        Share of the interval that counts, above 0 and at most 1.
    """

    row: NDArray[np.intp]
    interval: NDArray[np.intp]
    event: Floats
    weight: Floats


def person_periods(time: ArrayLike, event: ArrayLike, ends: ArrayLike) -> PersonPeriods:
    """Cut each patient's follow-up into the intervals (0, ends[0]], (ends[0], ends[1]], ...

    Assumes that within an interval loss has nothing to do with the coming event, and that the hazard is constant.

    * An interval survived to its end counts 1.
    * The interval of the event counts 1: a discrete hazard is the chance that the event falls anywhere in it.
    * An interval of which a patient without the event saw the share f counts f: he survived it with chance
      (1 - hazard) ** f. It is the actuarial half where patients are lost evenly over the interval. To count whole
      intervals only would keep the events of an interval and forget those who were seen free in it, then lost.
    * An event after the last end is none by then; a patient free at 0 and never seen again has no entry.

    Where events are found at visits only, `planned_times` should come first: then hardly any interval is seen in part.

    Parameters
    ----------
    time : array-like of shape (n,)
        Weeks from the landmark to the event, or to the last time known free of it.
    event : array-like of shape (n,)
        1 for an event at that time, 0 for none so far.
    ends : array-like of shape (K,)
        Ends of the intervals, ascending; the last one is the horizon. An event at an end falls before it.

    Returns
    -------
    PersonPeriods

    Raises
    ------
    RelapseModelError
        If the arrays are not such numbers, or an event lies at 0: that patient was not at risk.

    Notes
    -----
    Efron 1988, J Am Stat Assoc 83:414 for discrete hazards; Cutler and Ederer 1958, J Chronic Dis 8:699 for the
    actuarial half.

    Examples
    --------
    An event at week 20, a loss at week 15, and freedom through week 24:

    >>> periods = person_periods([20, 15, 24], [1, 0, 0], [12, 24])
    >>> periods.row.tolist(), periods.interval.tolist()
    ([0, 0, 1, 1, 2, 2], [0, 1, 0, 1, 0, 1])
    >>> periods.event.tolist(), periods.weight.tolist()
    ([0.0, 1.0, 0.0, 0.0, 0.0, 0.0], [1.0, 1.0, 1.0, 0.25, 1.0, 1.0])
    """
    times, events = follow_up_arrays(time, event)
    stops = check_ends(ends)
    relapsed = (events == 1) & at_or_before(times, stops[-1])
    found = np.zeros((times.size, stops.size), dtype=bool)
    found[relapsed, _interval_of(times[relapsed], stops)] = True
    weight = np.where(found, 1.0, interval_shares(times, stops))
    row, interval = np.nonzero(weight)
    return PersonPeriods(row, interval, found[row, interval].astype(np.float64), weight[row, interval])


def planned_times(time: ArrayLike, event: ArrayLike, ends: ArrayLike, window: float) -> Floats:
    """Return each time as that of the planned visit to which it belongs, if it lies within the window of one.

    Assumes that visits are planned at 0 and at the ends of the intervals, and may be early or late. A patient found
    free a little before week 24, then lost, has had that visit's test like all others; by his own time he would
    be missing among those at risk when the others' events of the same visit are counted, and risks come out too high.

    Parameters
    ----------
    time : array-like of shape (n,)
        Weeks from the landmark to the event, or to the last time known free of it.
    event : array-like of shape (n,)
        1 for an event at that time, 0 for none so far. No event moves to 0.
    ends : array-like of shape (K,)
        Ends of the intervals, ascending. Times after the last one stay as they are.
    window : float
        Weeks by which a visit may be early or late; 0 where times are exact.

    Returns
    -------
    ndarray of shape (n,)

    Raises
    ------
    RelapseModelError
        If the arrays are not such numbers, or the window is negative.

    Examples
    --------
    >>> planned_times([23, 25.5, 18, 3, 3, 49], [0, 1, 0, 0, 1, 1], [12, 24, 48], window=4).tolist()
    [24.0, 24.0, 18.0, 0.0, 3.0, 49.0]
    """
    times, events = follow_up_arrays(time, event)
    if not 0.0 <= window < np.inf:
        raise RelapseModelError(f"visit_window is {window!r}; expected a number of weeks, 0 or more.")
    planned = np.concatenate([[0.0], check_ends(ends)])
    nearest = planned[np.searchsorted(0.5 * (planned[1:] + planned[:-1]), times, side="right")]
    near = at_or_before(np.abs(times - nearest), window) & at_or_before(times, planned[-1])
    belongs = near & ((nearest > 0) | (events == 0))
    return np.where(belongs, nearest, times)


def _interval_of(time: Floats, ends: Floats) -> Positions:
    """Return the interval of each time up to the last end; a time on the day of an end lies before it."""
    after = np.searchsorted(ends, time, side="left")
    return np.where((after > 0) & at_or_before(time, ends[np.maximum(after - 1, 0)]), after - 1, after)


def interval_shares(time: Floats, ends: Floats) -> Floats:
    """Return the share of each interval that lies before each time, shape (n, K).

    Examples
    --------
    >>> interval_shares(np.array([15.0]), np.array([12.0, 24.0, 48.0])).tolist()
    [[1.0, 0.25, 0.0]]
    """
    starts = np.concatenate([[0.0], ends[:-1]])
    shares: Floats = np.clip((time[:, None] - starts) / (ends - starts), 0.0, 1.0)
    return shares


def check_ends(ends: ArrayLike) -> Floats:
    """Return the ends of the intervals as an array, or refuse them.

    Raises
    ------
    RelapseModelError
    """
    stops = np.asarray(ends, dtype=np.float64)
    if stops.ndim != 1 or not stops.size or not np.isfinite(stops).all() or not (np.diff(stops, prepend=0.0) > 0).all():
        raise RelapseModelError(
            f"intervals {ends!r}: expected the ends of the intervals in weeks from the landmark, above 0, ascending, "
            "the last one the horizon, such as (12, 24, 36, 48)."
        )
    return stops


def follow_up_arrays(time: ArrayLike, event: ArrayLike) -> tuple[Floats, Floats]:
    """Return times and events as arrays; refuse also an event at the landmark itself.

    Raises
    ------
    RelapseModelError
    """
    times, events = check_follow_up(time, event)
    wrong = int(((events == 1) & (times == 0)).sum())
    if wrong:
        raise RelapseModelError(
            f"Follow-up: {wrong} of {events.size} events lie at week 0; expected events after the landmark. Leave out "
            "patients who had the event by then: they were not at risk."
        )
    return times, events
