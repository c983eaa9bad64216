"""Times known only to lie between two visits: the distribution that fits them best, and the risk by a week."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from relapse_model.arrays import Floats, Positions
from relapse_model.errors import InsufficientDataError, RelapseModelError

_GAP = 1e-9  # per patient: log-likelihood left to gain at most
_NONE = 1e-12
_EM_STEPS, _NEWTON_STEPS = 20, 200


@dataclass(frozen=True, eq=False)
class IntervalMasses:
    """Where the probability lies: intervals open on the left and closed on the right, and the mass of each.

    Parameters
    ----------
    left, right : ndarray of shape (m,)
        The innermost intervals with mass, ascending: more than ``left`` and up to ``right``; equal for an exact time;
        ``right`` is infinite beyond the last visit.
    mass : ndarray of shape (m,)
        Their probabilities; they add up to 1. How the mass lies within an interval is unknown.
    log_likelihood : float
        At the maximum.
    gap : float
        Certificate: the log-likelihood per patient cannot be larger by more than this.
    """

    left: Floats
    right: Floats
    mass: Floats
    log_likelihood: float
    gap: float

    def risk_by(self, week: float) -> tuple[float, float]:
        """Return the least and the largest risk by a week that agree with the masses.

        They differ where the week lies inside an interval with mass: the times then do not say how much of it was
        before.

        Parameters
        ----------
        week : float
            The week.

        Returns
        -------
        least, largest : float

        Raises
        ------
        InsufficientDataError
            If the week is beyond the last visit, so that it lies inside the last, unbounded interval.

        Examples
        --------
        >>> masses = interval_censored_masses([0, 4, 8], [4, 8, np.inf])
        >>> [round(risk, 3) for risk in masses.risk_by(8)], [round(risk, 3) for risk in masses.risk_by(6)]
        ([0.667, 0.667], [0.333, 0.667])
        """
        beyond = np.isinf(self.right) & (self.left < week)
        if beyond.any():
            raise InsufficientDataError(
                f"Risk by week {week:g}: nobody is known free of the event after week {self.left[beyond][0]:g}; "
                f"expected visits at week {week:g} or later. Ask for an earlier week."
            )
        exact = self.left == self.right
        sure, possible = self.right <= week, np.where(exact, self.right <= week, self.left < week)
        return float(self.mass[sure].sum()), float(self.mass[possible].sum())


@dataclass(frozen=True, eq=False)
class Covered:
    """The innermost intervals, and which of them each patient's interval takes in: always a run of them."""

    left: Floats
    right: Floats
    first: Positions
    last: Positions


def interval_censored_masses(left: ArrayLike, right: ArrayLike) -> IntervalMasses:
    """Estimate the distribution of times of which only two bounds are known, without a shape assumed.

    Assumes that visits have nothing to do with the coming event, and that patients are independent. The time of an
    event lies after ``left``, the last visit without it, and at or before ``right``, the first with it: the bound on
    the left is open, that on the right closed. (Closed on both sides is another, wrong answer: a visit that was
    negative and one that was positive in the same week are distinguished here.)

    Parameters
    ----------
    left : array-like of shape (n,)
        The last time known free of the event, 0 or more.
    right : array-like of shape (n,)
        The first time known to have had it; infinite if never; equal to ``left`` for a time known exactly.

    Returns
    -------
    IntervalMasses

    Raises
    ------
    InsufficientDataError
        If the maximum is not reached.
    RelapseModelError
        If the bounds are missing or not in order.

    Notes
    -----
    Turnbull 1976, J R Stat Soc B 38:290; EM, then the constrained Newton steps of Wang 2007, J R Stat Soc B 69:185;
    certificate by the gradient (Gentleman and Geyer 1994, Biometrika 81:618).

    Examples
    --------
    >>> masses = interval_censored_masses([0, 4, 8], [4, 8, np.inf])
    >>> masses.right.tolist(), masses.mass.round(3).tolist()
    ([4.0, 8.0, inf], [0.333, 0.333, 0.333])
    """
    low, high = check_bounds(left, right)
    covered = innermost(low, high)
    mass, log_likelihood, gap = maximise(covered)
    some = mass > _NONE
    return IntervalMasses(covered.left[some], covered.right[some], mass[some], log_likelihood, gap)


def check_bounds(left: ArrayLike, right: ArrayLike) -> tuple[Floats, Floats]:
    """Return the bounds as arrays; refuse what cannot be such."""
    low, high = np.asarray(left, dtype=float), np.asarray(right, dtype=float)
    if low.ndim != 1 or low.shape != high.shape or low.size == 0:
        raise RelapseModelError(
            f"Interval-censored times: left has shape {low.shape}, right {high.shape}; expected one entry per patient."
        )
    wrong = int((~(np.isfinite(low) & (low >= 0)) | np.isnan(high) | (high < low)).sum())
    if wrong:
        raise RelapseModelError(
            f"Interval-censored times: in {wrong} of {low.size} patients a bound is missing or negative, or the right "
            "one is before the left; expected the last time known free of the event and the first known to have had it "
            "(infinite if never)."
        )
    return low, high


def innermost(left: Floats, right: Floats) -> Covered:
    """Return the intervals that alone can carry mass, and those that each patient's interval takes in.

    Bounds are put in order; at one value an exact time begins first, then intervals end, then intervals begin, as those
    are open on the left. An innermost interval is a beginning followed directly by an end.
    """
    exact = left == right
    value = np.concatenate((left, right))
    kind = np.concatenate((np.where(exact, 0, 2), np.ones(right.size)))
    keys, place = np.unique(np.stack([value, kind]), axis=1, return_inverse=True)
    place = place.ravel()
    starts, ends = keys[1] != 1, keys[1] == 1
    inner = np.flatnonzero(starts[:-1] & ends[1:])
    first = np.searchsorted(inner, place[: left.size])
    last = np.searchsorted(inner, place[left.size :]) - 1
    return Covered(keys[0][inner], keys[0][inner + 1], first, last)


@dataclass(frozen=True, eq=False)
class _Likelihood:
    """The log-likelihood of masses: how many patients have the interval from ``first`` up to before ``end``."""

    first: Positions
    end: Positions
    count: Floats

    def within(self, mass: Floats) -> Floats:
        running = np.concatenate(([0.0], np.cumsum(mass)))
        found: Floats = np.maximum(running[self.end] - running[self.first], 1e-300)
        return found

    def value(self, mass: Floats) -> float:
        return float(self.count @ np.log(self.within(mass)))

    def gradient(self, mass: Floats) -> Floats:
        """Return the slope of each mass, per patient: 1 where there is mass, and 1 at most, at the maximum."""
        share = self.count / self.within(mass)
        steps = np.bincount(self.first, share, mass.size + 1) - np.bincount(self.end, share, mass.size + 1)
        slope: Floats = np.cumsum(steps)[:-1] / self.count.sum()
        return slope

    def em(self, mass: Floats) -> Floats:
        """Return the masses after a step of EM: the likelihood never falls."""
        moved = mass * self.gradient(mass)
        step: Floats = moved / moved.sum()
        return step


def maximise(covered: Covered) -> tuple[Floats, float, float]:
    """Return masses, log-likelihood and gap.

    No other masses do as well: each innermost interval ends where some patient's does, so the matrix of who takes in
    which has full column rank, and the log-likelihood is strictly concave.
    """
    pairs, count = np.unique(np.stack([covered.first, covered.last + 1]), axis=1, return_counts=True)
    likelihood = _Likelihood(pairs[0], pairs[1], count.astype(np.float64))
    mass = np.full(covered.left.size, 1 / covered.left.size)
    for _ in range(_EM_STEPS):
        mass = likelihood.em(mass)
    for _ in range(_NEWTON_STEPS):
        slope = likelihood.gradient(mass)
        gap = max(float(slope.max()) - 1, 0.0)
        if gap < _GAP:
            return mass, likelihood.value(mass), gap
        mass = _newton_step(mass, slope, likelihood)
    raise InsufficientDataError(
        f"Interval-censored times: the likelihood's maximum was not reached ({mass.size} intervals, gap {gap:.1e} per "
        "patient); expected fewer distinct visit times. Round the times to weeks."
    )


def _newton_step(mass: Floats, slope: Floats, likelihood: _Likelihood) -> Floats:
    """Return the masses that are best for the quadratic that touches the likelihood, or on the way to them.

    Only masses above 0, and those at the peaks of the gradient, take part; none becomes negative.
    """
    from scipy.optimize import nnls

    padded = np.concatenate(([-np.inf], slope, [-np.inf]))
    peak = (slope > 1) & (slope >= padded[:-2]) & (slope >= padded[2:])
    able = np.flatnonzero((mass > 0) | peak)
    weight = np.sqrt(likelihood.count / likelihood.count.sum())
    rows = (able >= likelihood.first[:, np.newaxis]) & (able < likelihood.end[:, np.newaxis])
    design = rows * (weight / likelihood.within(mass))[:, np.newaxis]
    # Near masses p the log-likelihood of q is, to second order, least squares of (A q) / (A p) on 2, A telling whose
    # interval takes in which mass. A heavy row holds the sum at 1.
    heavy = 1e3
    found, _ = nnls(np.vstack([design, np.full(able.size, heavy)]), np.append(2 * weight, heavy))
    aim = np.zeros_like(mass)
    aim[able] = found / found.sum()
    step, before = 1.0, likelihood.value(mass)
    while step > 1e-10 and likelihood.value(mass + step * (aim - mass)) < before:
        step /= 2
    moved: Floats = mass + step * (aim - mass)
    return likelihood.em(moved / moved.sum())
