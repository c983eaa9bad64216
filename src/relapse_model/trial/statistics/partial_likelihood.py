"""Cox's partial likelihood with Efron's way with ties, and its maximum by Newton's method."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from relapse_model.arrays import Floats, Positions
from relapse_model.errors import InsufficientDataError

_STEPS = 30  # fits that exist take about 6; one that does not moves by about 1 a step for ever


@dataclass(frozen=True, eq=False)
class CoxFit:
    """Coefficients at the maximum, and what is known there.

    Parameters
    ----------
    coefficients : ndarray of shape (p,)
    covariance : ndarray of shape (p, p)
    log_likelihood : float
    residuals : ndarray of shape (events, p)
        Schoenfeld's, of each event.
    information : ndarray of shape (events, p, p)
        What each event adds to the information.
    event_times : ndarray of shape (events,)
        When each event was.
    """

    coefficients: Floats
    covariance: Floats
    log_likelihood: float
    residuals: Floats
    information: Floats
    event_times: Floats


@dataclass(frozen=True, eq=False)
class _Order:
    """Rows by stratum and falling time, and where each event finds its risk set among running sums."""

    rows: Positions  # of all patients, sorted
    before: Positions  # of each event: running sum at the end of the stratum before its own
    until: Positions  # of each event: running sum at the last patient still followed at its time
    tied: Positions  # of each event: which of the groups of tied events it belongs to
    share: Floats  # of each event: Efron's share of the tied events to be taken off the risk set
    who: Positions  # of each event: its place among the sorted rows


def fit_cox(time: Floats, event: Floats, design: Floats, strata: Positions) -> CoxFit:
    """Maximise the partial likelihood.

    Parameters
    ----------
    time, event : ndarray of shape (n,)
        Checked follow-up, with an event at least.
    design : ndarray of shape (n, p)
        Covariates; none for the likelihood of no effect.
    strata : ndarray of int of shape (n,)
        Each stratum has a hazard of its own.

    Returns
    -------
    CoxFit

    Raises
    ------
    InsufficientDataError
        If there is no maximum: a coefficient grows without end, or columns say the same.

    Notes
    -----
    Efron 1977, J Am Stat Assoc 72:557.
    """
    order = _order(time, event, strata)
    centre, scale = design.mean(axis=0), design.std(axis=0)
    if (scale == 0).any():
        raise _no_maximum()
    x = ((design - centre) / scale)[order.rows]
    beta, times = np.zeros(design.shape[1]), time[order.rows][order.who]
    likelihood, residuals, information = _at(beta, x, order)
    for _ in range(_STEPS if beta.size else 0):
        step = _solve(information.sum(axis=0), residuals.sum(axis=0))
        # Halved until the likelihood does not fall.
        for _ in range(40):
            found = _at(beta + step, x, order)
            if found[0] >= likelihood - 1e-11 * abs(likelihood):
                break
            step = step / 2
        beta, (likelihood, residuals, information) = beta + step, found
        if np.abs(x @ step).max() < 1e-9:
            break
    else:
        if beta.size:
            raise _no_maximum()
    covariance = _solve(information.sum(axis=0), np.eye(beta.size)) / np.outer(scale, scale)
    return CoxFit(beta / scale, covariance, likelihood, residuals * scale, information * np.outer(scale, scale), times)


def _order(time: Floats, event: Floats, strata: Positions) -> _Order:
    rows = np.lexsort((-time, strata))
    times, codes, events = time[rows], strata[rows], event[rows] == 1
    last_of_stratum = np.flatnonzero(np.append(codes[1:] != codes[:-1], True))
    changes = np.append((codes[1:] != codes[:-1]) | (times[1:] != times[:-1]), True)
    last_of_time = np.flatnonzero(changes)
    group = np.concatenate(([0], np.cumsum(changes)[:-1]))
    who = np.flatnonzero(events)
    stratum = np.searchsorted(last_of_stratum, who)
    before = np.where(stratum > 0, last_of_stratum[stratum - 1] + 1, 0)
    _, first, tied, sizes = np.unique(group[who], return_index=True, return_inverse=True, return_counts=True)
    rank = np.arange(who.size) - first[tied]
    return _Order(rows, before, last_of_time[group[who]] + 1, tied, rank / sizes[tied], who)


def _at(beta: Floats, x: Floats, order: _Order) -> tuple[float, Floats, Floats]:
    """Return log-likelihood, residual and information of each event."""
    logit = x @ beta
    top = logit.max() if logit.size else 0.0
    weight = np.exp(logit - top)
    first, second = (
        weight[:, np.newaxis] * x,
        weight[:, np.newaxis, np.newaxis] * x[:, :, np.newaxis] * x[:, np.newaxis],
    )
    s0, s1, s2 = (_over_risk_sets(value, order) for value in (weight, first, second))
    if (s0 <= 0).any():  # too far a step: a risk set of which all weights are 0 in floating point
        return -np.inf, np.zeros_like(s1), np.zeros_like(s2)
    mean = s1 / s0[:, np.newaxis]
    information = s2 / s0[:, np.newaxis, np.newaxis] - mean[:, :, np.newaxis] * mean[:, np.newaxis]
    return float((logit[order.who] - top - np.log(s0)).sum()), x[order.who] - mean, information


def _over_risk_sets(value: Floats, order: _Order) -> Floats:
    """Return the sum of values over each event's risk set, less Efron's share of those tied with it."""
    running = np.concatenate((np.zeros((1, *value.shape[1:])), np.cumsum(value, axis=0)))
    tied = np.zeros((int(order.tied[-1]) + 1, *value.shape[1:]))
    np.add.at(tied, order.tied, value[order.who])
    share = order.share.reshape(-1, *([1] * (value.ndim - 1)))
    total: Floats = running[order.until] - running[order.before] - share * tied[order.tied]
    return total


def _solve(information: Floats, right: Floats) -> Floats:
    if information.size and np.linalg.cond(information) > 1e12:
        raise _no_maximum()
    return np.asarray(np.linalg.solve(information, right), dtype=np.float64)


def _no_maximum() -> InsufficientDataError:
    return InsufficientDataError(
        "Cox model: the partial likelihood has no maximum, because a coefficient grows without end (a group without "
        "events, or a covariate that orders the events perfectly) or columns say the same; expected events at all "
        "levels of the arm and the covariates. Leave out the column to blame."
    )
