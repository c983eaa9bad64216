"""Inverse probability of censoring weights (IPCW): patients followed to the horizon stand for those lost before it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from relapse_model.arrays import Floats
from relapse_model.errors import CensoringError, RelapseModelError
from relapse_model.validation.estimate import refuse_other_order


@dataclass(frozen=True, eq=False)
class CensoringSurvival:
    """The chance of still being followed, a step function of time (reverse Kaplan-Meier).

    Parameters
    ----------
    times : ndarray of shape (k,)
        The distinct follow-up times, ascending.
    survival : ndarray of shape (k,)
        The chance of being followed beyond each of them. Beyond the last time nothing is known about
        censoring: the function keeps its last value there, which is 0 only if the last patient was censored.

    Examples
    --------
    >>> followed = reverse_kaplan_meier([10, 20, 30, 40], [1, 0, 1, 0])
    >>> float(followed.at(20)), float(followed.at(20, left_limit=True))
    (0.6666666666666667, 1.0)
    """

    times: Floats
    survival: Floats

    def at(self, t: ArrayLike, left_limit: bool = False) -> Floats:
        """Return the chance of being followed beyond ``t``, or up to just before it.

        Parameters
        ----------
        t : float or array-like
            Times, in the unit of the follow-up.
        left_limit : bool
            False: the value at t, after the censorings of that very time (chance that censoring is later
            than t). True: the value just before t (chance that censoring is at t or later).

        Returns
        -------
        ndarray, or a NumPy float for a single time

        Raises
        ------
        RelapseModelError
            If a time is missing.
        """
        wanted = np.asarray(t, dtype=float)
        if np.isnan(wanted).any():
            raise RelapseModelError("Chance of being followed: a time is missing; expected numbers.")
        steps = np.concatenate(([1.0], self.survival))
        found: Floats = steps[np.searchsorted(self.times, wanted, side="left" if left_limit else "right")]
        return found


def reverse_kaplan_meier(time: ArrayLike, event: ArrayLike) -> CensoringSurvival:
    """Estimate the distribution of the censoring time: the chance of being followed beyond each time.

    Assumes that patients who are lost would have relapsed as often as those who stay (within the group
    that is passed). At a tie the event comes first: a patient with an event at t leaves the risk set
    before the censorings at t are counted, being past the point of getting lost. Kaplan-Meier with the
    event flag turned round does it the other way, and is biased when times are visit weeks, nearly all tied.

    Parameters
    ----------
    time : array-like of shape (n,)
        Follow-up time: of the event, or the last time known free of it. Not negative.
    event : array-like of shape (n,)
        1 for an event at that time, 0 for a patient followed no longer.

    Returns
    -------
    CensoringSurvival

    Raises
    ------
    RelapseModelError
        If the arrays do not fit each other, or hold anything but such numbers.

    Notes
    -----
    With r(t) patients at risk, d(t) events and c(t) censorings at t, the factor is
    ``1 - c(t) / (r(t) - d(t))``. Multiplied by the Kaplan-Meier estimate of the event-free survival it
    gives exactly the share of patients followed beyond t, which is why the weights below sum to n.

    Examples
    --------
    >>> reverse_kaplan_meier([1, 2, 2, 3, 4, 4, 5], [1, 1, 0, 0, 1, 0, 1]).at([2, 4]).round(3).tolist()
    [0.8, 0.3]
    """
    times, events = check_follow_up(time, event)
    distinct, position = np.unique(times, return_inverse=True)
    event_count = np.bincount(position, weights=events, minlength=distinct.size)
    censored_count = np.bincount(position, weights=1 - events, minlength=distinct.size)
    leaving = event_count + censored_count
    at_risk = times.size - (np.cumsum(leaving) - leaving)
    hazard = np.zeros(distinct.size)
    np.divide(censored_count, at_risk - event_count, out=hazard, where=censored_count > 0)
    return CensoringSurvival(times=distinct, survival=np.cumprod(1 - hazard, dtype=np.float64))


def censoring_weights(
    time: ArrayLike,
    event: ArrayLike,
    horizon: float,
    group: ArrayLike | None = None,
    competing: ArrayLike | None = None,
) -> Floats:
    """Weight each patient's outcome at the horizon by the inverse probability that it was observed.

    Assumes that within a group loss to follow-up has nothing to do with the coming relapse. With G the
    chance of being followed (`reverse_kaplan_meier`) and G(t-) its value just before t:

    * event at T, T <= horizon: ``1 / G(T-)``, the patient had to be followed up to T;
    * known free at the horizon, T >= horizon without an event by then: ``1 / G(horizon-)``, the
      patient had to be followed up to the horizon. The left limit is what "free AT the horizon" asks for:
      a patient whose follow-up ends with the visit at the horizon has not been lost before it, so the
      censorings at the horizon itself (in a trial, nearly everybody) do not count;
    * competing event at T, T <= horizon: ``1 / G(T-)`` as for an event; it is no loss, and the patient is known to
      stay without the outcome;
    * lost before the horizon: 0; the outcome is unknown, and others like it are counted for more.

    With this convention the weights sum to the number of patients, in each group.

    Parameters
    ----------
    time : array-like of shape (n,)
        Weeks from the landmark to the event, or to the last time known free of it.
    event : array-like of shape (n,)
        1 for an event at that time, 0 otherwise.
    horizon : float
        Weeks from the landmark to the horizon.
    group : array-like of shape (n,), optional
        Labels, such as the arm, within which G is estimated: needed where one arm is lost more often.
    competing : array-like of shape (n,), optional
        1 for a competing event at that time, after which the outcome cannot come; never beside an event.

    Returns
    -------
    ndarray of shape (n,)
        0, or at least 1; all 1 if nobody is lost before the horizon.

    Raises
    ------
    CensoringError
        If the last patients of a group are lost before the horizon: G is 0 there and no weight exists.
    RelapseModelError
        If the arrays do not fit each other, the horizon is not positive, or a group is missing.

    Notes
    -----
    Robins and Finkelstein 2000, Biometrics 56:779; Graf et al. 1999, Stat Med 18:2529 for the horizon; for competing
    events Blanche et al. 2013, Stat Med 32:5381.

    Examples
    --------
    >>> censoring_weights([20, 30, 48, 48], [1, 0, 0, 0], horizon=48).round(3).tolist()
    [1.0, 0.0, 1.5, 1.5]
    >>> censoring_weights([20, 30, 40, 48], [1, 0, 0, 0], 48, competing=[0, 0, 1, 0]).round(3).tolist()
    [1.0, 0.0, 1.5, 1.5]
    """
    refuse_other_order(time, event, group, competing)
    times, events = check_follow_up(time, event)
    events = _or_competing(times, events, competing)
    if not (np.isfinite(horizon) and horizon > 0):
        raise RelapseModelError(f"Censoring weights: horizon is {horizon}; expected a number of weeks above 0.")
    if group is None:
        return _weights(times, events, horizon, "")
    weights = np.empty(times.size)
    labels, codes = check_labels(group, times.size)
    for code, label in enumerate(labels):
        rows = codes == code
        weights[rows] = _weights(times[rows], events[rows], horizon, f" of group {label!r}")
    return weights


def _or_competing(times: Floats, events: Floats, competing: ArrayLike | None) -> Floats:
    """Return 1 for whose follow-up ended with an event of either kind: only others were lost."""
    if competing is None:
        return events
    others = check_follow_up(times, competing)[1]
    both = int((events * others).sum())
    if both:
        raise RelapseModelError(
            f"Censoring weights: {both} of {times.size} patients have the event and a competing one at the same time; "
            "expected the first of the two."
        )
    return np.asarray(events + others)


def _weights(time: Floats, event: Floats, horizon: float, of_whom: str) -> Floats:
    """Return the weights of one group."""
    followed = reverse_kaplan_meier(time, event)
    at_horizon = float(followed.at(horizon, left_limit=True))
    if at_horizon == 0:
        last = time.max()
        raise CensoringError(
            f"Censoring weights at week {horizon:g}: the {time.size} patients{of_whom} are followed to week "
            f"{last:g} at most and the last of them is censored, so what happened after it was never "
            f"observed; expected somebody known at the horizon. "
            f"Ask for a horizon of {last:g} weeks or less, or add follow-up."
        )
    weights = np.zeros(time.size)
    relapsed = (event == 1) & (time <= horizon)
    free = (time >= horizon) & ~relapsed
    weights[relapsed] = 1 / followed.at(time[relapsed], left_limit=True)
    weights[free] = 1 / at_horizon
    return weights


def check_follow_up(time: ArrayLike, event: ArrayLike) -> tuple[Floats, Floats]:
    """Return follow-up times and events as arrays; refuse what cannot be such.

    Parameters
    ----------
    time, event : array-like of shape (n,)
        Weeks, not negative; 1 for an event at that time, 0 otherwise.

    Returns
    -------
    time, event : ndarray of shape (n,)

    Raises
    ------
    RelapseModelError
        If the arrays do not fit each other, or hold anything but such numbers.

    Examples
    --------
    >>> [column.tolist() for column in check_follow_up([10, 48], [True, False])]
    [[10.0, 48.0], [1.0, 0.0]]
    """
    refuse_other_order(time, event)
    times, events = np.asarray(time, dtype=float), np.asarray(event, dtype=float)
    if times.ndim != 1 or times.shape != events.shape or times.size == 0:
        raise RelapseModelError(
            f"Follow-up: time has shape {times.shape} and event {events.shape}; "
            "expected two arrays with one entry per patient."
        )
    if not (np.isfinite(times) & (times >= 0)).all():
        wrong = int((~(np.isfinite(times) & (times >= 0))).sum())
        raise RelapseModelError(
            f"Follow-up: {wrong} of {times.size} times are missing, infinite or negative; "
            "expected weeks since the landmark, 0 or more."
        )
    if not np.isin(events, (0.0, 1.0)).all():
        wrong = int((~np.isin(events, (0.0, 1.0))).sum())
        raise RelapseModelError(f"Follow-up: {wrong} of {events.size} entries of event are neither 0 nor 1.")
    return times, events


def check_labels(group: ArrayLike, patients: int) -> tuple[list[object], NDArray[np.intp]]:
    """Return the distinct labels in the order of their appearance, and the position of each patient's among them.

    Parameters
    ----------
    group : array-like of shape (n,)
        Labels, none missing.
    patients : int
        How many are expected.

    Returns
    -------
    labels : list
    codes : ndarray of shape (n,)

    Raises
    ------
    RelapseModelError
        If the labels are not one for each patient, or one is missing.

    Examples
    --------
    >>> labels, codes = check_labels(["b", "a", "b"], 3)
    >>> labels, codes.tolist()
    (['b', 'a'], [0, 1, 0])
    """
    import pandas as pd  # knows every way in which a label can be missing

    values = np.asarray(group)
    if values.shape != (patients,):
        raise RelapseModelError(f"Groups: shape {values.shape}; expected one label for each of {patients} patients.")
    codes, labels = pd.factorize(values)
    if (codes < 0).any():
        raise RelapseModelError(
            f"Groups: {int((codes < 0).sum())} of {patients} patients have no label; expected one for each. "
            "Give them a label of their own, or weight without groups."
        )
    return np.asarray(labels).tolist(), codes
