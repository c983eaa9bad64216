"""Competing risks: the incidence of an outcome where another event may come first, and never lets it come."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from relapse_model.arrays import Floats, Mask
from relapse_model.errors import RelapseModelError
from relapse_model.validation.estimate import normal_quantile, refuse_other_order
from relapse_model.validation.ipcw import check_follow_up, check_labels, reverse_kaplan_meier

CENSORED, OUTCOME, COMPETING = 0, 1, 2


@dataclass(frozen=True, eq=False)
class CumulativeIncidence:
    """The risk of the outcome by each time, in the presence of the competing events: a step function.

    Parameters
    ----------
    times : ndarray of shape (k,)
        Distinct times of the outcome, ascending.
    incidence, standard_error, lower, upper : ndarray of shape (k,)
        Aalen-Johansen estimate from each of them on, its standard error, and its limits.
    level : float
        Confidence level of the limits.

    Examples
    --------
    >>> found = cumulative_incidence([10, 20, 30, 40], [1, 2, 1, 0])
    >>> found.times.tolist(), found.incidence.tolist()
    ([10.0, 30.0], [0.25, 0.5])
    >>> float(found.at(29)), float(found.at(30))
    (0.25, 0.5)
    """

    times: Floats
    incidence: Floats
    standard_error: Floats
    lower: Floats
    upper: Floats
    level: float = 0.95

    def at(self, t: ArrayLike) -> Floats:
        """Return the incidence by some times; beyond the last outcome it keeps its value, whoever is followed."""
        wanted = np.asarray(t, dtype=float)
        if np.isnan(wanted).any():
            raise RelapseModelError("Cumulative incidence: a time is missing; expected numbers.")
        found: Floats = np.concatenate(([0.0], self.incidence))[np.searchsorted(self.times, wanted, side="right")]
        return found


def cumulative_incidence(time: ArrayLike, state: ArrayLike, level: float = 0.95) -> CumulativeIncidence:
    """Estimate the incidence of an outcome in the presence of competing events (Aalen-Johansen).

    The share of patients who have had the outcome by each time: who has had a competing event is not at risk of it any
    more, and never will be. Kaplan-Meier with competing events as censoring answers another question (what if nobody
    could have them), assumes that they tell nothing of the outcome, and is never lower. Assumes that loss to follow-up
    has nothing to do with what would have come. Events come before losses of the same time.

    Parameters
    ----------
    time : array-like of shape (n,)
        Weeks to the first event, or to the last time known free of any. Not negative.
    state : array-like of shape (n,)
        What happened then: 1 the outcome, 2 a competing event, 0 none so far.
    level : float
        Confidence level.

    Returns
    -------
    CumulativeIncidence

    Raises
    ------
    RelapseModelError
        If the arrays do not fit each other, or hold anything but such numbers.

    Notes
    -----
    Aalen and Johansen 1978, Scand J Stat 5:141. Variance by the delta method (Marubini and Valsecchi 1995, Analysing
    Survival Data from Clinical Trials and Observational Studies, section 10.3); limits on the log-log scale of the
    share without the outcome. Without competing events all of them are those of Kaplan-Meier with Greenwood's variance.

    Examples
    --------
    Four patients, one lost at week 20, one dead at 30: 1/4 + 3/4 x 2/3 x 0 + 3/4 x 1/2 x 1.

    >>> cumulative_incidence([10, 20, 30, 40], [1, 0, 2, 1]).incidence.tolist()
    [0.25, 0.625]
    """
    times, states = check_states(time, state)
    distinct, place = np.unique(times, return_inverse=True)
    leaving = np.bincount(place, minlength=distinct.size)
    at_risk = times.size - (np.cumsum(leaving) - leaving)
    events = np.bincount(place[states != CENSORED], minlength=distinct.size)
    of_it = np.bincount(place[states == OUTCOME], minlength=distinct.size)
    free = np.cumprod(1 - events / at_risk)
    before = np.concatenate(([1.0], free[:-1]))
    incidence = np.cumsum(before * of_it / at_risk)
    error = np.sqrt(_variance(at_risk.astype(float), events.astype(float), of_it.astype(float), before, incidence))
    kept = of_it > 0
    lower, upper = _limits(incidence[kept], error[kept], level)
    return CumulativeIncidence(distinct[kept], incidence[kept], error[kept], lower, upper, level)


def _variance(at_risk: Floats, events: Floats, of_it: Floats, before: Floats, incidence: Floats) -> Floats:
    """Return the variance at each time; its three sums are written out in powers of the incidence, one pass each."""
    staying = at_risk * (at_risk - events)
    hazard = np.divide(events, staying, out=np.zeros_like(staying), where=staying > 0)  # the last to leave: no term
    share = before * of_it / at_risk**2
    all_events = (
        incidence**2 * np.cumsum(hazard)
        - 2 * incidence * np.cumsum(hazard * incidence)
        + np.cumsum(hazard * incidence**2)
    )
    own = np.cumsum(before**2 * of_it * (at_risk - of_it) / at_risk**3)
    both = incidence * np.cumsum(share) - np.cumsum(share * incidence)
    variance: Floats = np.maximum(all_events + own - 2 * both, 0.0)
    return variance


def _limits(incidence: Floats, error: Floats, level: float) -> tuple[Floats, Floats]:
    """Return limits on the log-log scale of the share without the outcome; where all have it, the last ones and 1."""
    inside = (incidence > 0) & (incidence < 1 - 1e-12)  # of sums that come to 1, all but the last digit
    lower, upper = incidence.copy(), np.ones(incidence.size)
    log = np.log1p(-incidence[inside])
    reach = normal_quantile(level) * error[inside] / ((1 - incidence[inside]) * np.abs(log))
    lower[inside], upper[inside] = -np.expm1(log * np.exp(-reach)), -np.expm1(log * np.exp(reach))
    if not inside.all():
        lower[~inside] = lower[inside][-1] if inside.any() else 0.0
    return lower, upper


def subdistribution_rows(
    time: ArrayLike, state: ArrayLike, horizon: float, group: ArrayLike | None = None
) -> tuple[NDArray[np.intp], Floats, Floats, Floats]:
    """Return follow-up in which hazards add up to the risk in the presence of the competing events.

    A patient with a competing event at T stays under observation without the outcome, up to the horizon or for as
    long as others who were followed to T: one row for each time at which somebody is lost after it, weighted by the
    estimated chance of being lost then. So the hazards are those of the subdistribution (Fine and Gray 1999, J Am Stat
    Assoc 94:496), estimated from plain follow-up with weights; the weights of each patient sum to 1. Assumes that loss
    has nothing to do with what would have come, within each group.

    Parameters
    ----------
    time, state : array-like of shape (n,)
        As in `cumulative_incidence`; nobody is followed beyond the horizon.
    horizon : float
        Weeks.
    group : array-like of shape (n,), optional
        Labels within which the chance of being followed is estimated.

    Returns
    -------
    row : ndarray of int of shape (m,)
        The patient of each row, ascending.
    time, event, weight : ndarray of shape (m,)

    Raises
    ------
    RelapseModelError
        As `cumulative_incidence`.

    Examples
    --------
    Dead at week 10; of the three others one is lost at 20: with chance 1/3 so would the dead have been.

    >>> row, time, event, weight = subdistribution_rows([10, 20, 30, 48], [2, 0, 1, 0], 48)
    >>> row.tolist(), time.tolist(), weight.round(3).tolist()
    ([0, 0, 1, 2, 3], [20.0, 48.0, 20.0, 30.0, 48.0], [0.333, 0.667, 1.0, 1.0, 1.0])
    """
    times, states = check_states(time, state)
    labels = np.zeros(times.size, dtype=np.intp) if group is None else check_labels(group, times.size)[1]
    competing = (states == COMPETING) & (times < horizon)
    plain = np.flatnonzero(~competing)
    rows, weeks, shares = [plain], [times[plain]], [np.ones(plain.size)]
    for label in np.unique(labels[competing]):
        own = labels == label
        followed = reverse_kaplan_meier(times[own], (states[own] != CENSORED).astype(float))
        ends = followed.times[followed.times < horizon]
        lost = np.append(followed.at(ends, left_limit=True) - followed.at(ends), 0.0)
        ends = np.append(ends, horizon)
        lost[-1] = followed.at(horizon, left_limit=True)
        who = np.flatnonzero(own & competing)
        mass = np.where(ends >= times[who, np.newaxis], lost, 0.0)
        total = mass.sum(axis=1, keepdims=True)
        mass[:, -1:] += total == 0  # nobody was followed longer, and nobody was lost: it is free of it from then on
        place, end = np.nonzero(mass)
        rows.append(who[place])
        weeks.append(ends[end])
        shares.append((mass / mass.sum(axis=1, keepdims=True))[place, end])
    row = np.concatenate(rows)
    order = np.argsort(row, kind="stable")
    row = row[order]
    event = (states[row] == OUTCOME).astype(np.float64)
    return row, np.concatenate(weeks)[order], event, np.concatenate(shares)[order]


def check_states(time: ArrayLike, state: ArrayLike) -> tuple[Floats, NDArray[np.int8]]:
    """Return follow-up times and states as arrays; refuse what cannot be such.

    Parameters
    ----------
    time, state : array-like of shape (n,)
        Weeks, not negative; 1 the outcome, 2 a competing event, 0 none.

    Raises
    ------
    RelapseModelError
    """
    refuse_other_order(time, state)
    given = np.asarray(state, dtype=float)
    known: Mask = np.isin(given, (CENSORED, OUTCOME, COMPETING))
    if not known.all():
        raise RelapseModelError(
            f"Follow-up: {int((~known).sum())} of {given.size} states are none of 0 (free so far), 1 (the outcome), "
            "2 (a competing event)."
        )
    times, _ = check_follow_up(time, (given > 0).astype(float))
    return times, given.astype(np.int8)
