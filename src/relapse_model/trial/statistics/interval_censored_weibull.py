"""Hazard ratio of two arms from times between two visits, under a Weibull distribution."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike

from relapse_model.arrays import Floats, Mask
from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.trial.statistics.contrast import HAZARD_RATIO, Contrast
from relapse_model.trial.statistics.inputs import check_arms
from relapse_model.trial.statistics.interval_censored import check_bounds


@dataclass(frozen=True, slots=True)
class WeibullContrast:
    """The hazard ratio under a Weibull distribution, and the shape that goes with it.

    Parameters
    ----------
    contrast : Contrast
        Hazard ratio, treatment over control.
    shape : float
        1 for a constant hazard, above 1 for one that grows.
    log_likelihood : float
        At the maximum.
    """

    contrast: Contrast
    shape: float
    log_likelihood: float


def interval_censored_weibull(
    left: ArrayLike, right: ArrayLike, arm: ArrayLike, level: float = 0.95
) -> WeibullContrast:
    """Compare the hazards of two arms from times of which only two bounds are known.

    Assumes Weibull times with one shape in both arms, so that hazards are proportional, and visits that have nothing to
    do with the coming event; they may be more frequent in one arm.

    Parameters
    ----------
    left, right : array-like of shape (n,)
        As in `interval_censored_masses`.
    arm : array-like of shape (n,)
        1 treatment, 0 control.
    level : float
        Confidence level.

    Returns
    -------
    WeibullContrast

    Raises
    ------
    InsufficientDataError
        If an arm has no event, or the likelihood has no maximum.
    RelapseModelError
        If the bounds are missing or not in order, or an arm is unknown; an exact time of 0 has no Weibull density.

    Examples
    --------
    >>> found = interval_censored_weibull([0, 4, 8, 8, 0, 0, 4, 8], [4, 8, 12, np.inf] * 2, [1] * 4 + [0] * 4)
    >>> found.contrast.value < 1
    True
    """
    from scipy.optimize import minimize

    low, high = check_bounds(left, right)
    treated = check_arms(arm, low.size)
    _require_events(low, high, treated)
    scale = float(np.median(np.where(np.isfinite(high), high, low))) or 1.0
    data = _Bounds(low / scale, high / scale, treated.astype(np.float64))
    found = minimize(data.loss, np.zeros(3), jac=data.gradient, method="BFGS", options={"gtol": 1e-9, "maxiter": 500})
    hessian = data.hessian(found.x)
    largest = float(np.abs(data.gradient(found.x)).max())
    if largest > 1e-5 * low.size or not np.isfinite(hessian).all() or np.linalg.eigvalsh(hessian).min() <= 1e-9:
        raise InsufficientDataError(
            "Weibull model: the likelihood has no maximum; expected events in both arms, and in more than one interval "
            "between visits."
        )
    step = np.linalg.solve(hessian, data.gradient(found.x))  # the last digits
    theta = found.x - step
    covariance = np.linalg.inv(data.hessian(theta))
    exact = low == high
    contrast = Contrast.log_wald(
        HAZARD_RATIO, float(theta[1]), sqrt(covariance[1, 1]), level, "Weibull model, interval-censored times",
        "Wald test on the log scale",
    )  # fmt: skip
    # An exact time has a density, which depends on the unit.
    return WeibullContrast(contrast, float(np.exp(theta[2])), -data.loss(theta) - float(exact.sum() * np.log(scale)))


def _require_events(low: Floats, high: Floats, treated: Mask) -> None:
    if ((low == high) & (low == 0)).any():
        raise RelapseModelError(
            "Weibull model: an event at time 0 exactly; expected events after the start. Check that row."
        )
    for who, name in ((treated, "treatment"), (~treated, "control")):
        if not np.isfinite(high[who]).any():
            raise InsufficientDataError(
                f"Weibull model: none of {int(who.sum())} patients of the {name} arm had an event; expected events in "
                "both arms. Compare risks instead."
            )


@dataclass(frozen=True, eq=False)
class _Bounds:
    """Minus the log-likelihood of (log rate, log hazard ratio, log shape), with derivatives."""

    low: Floats
    high: Floats
    treated: Floats

    def _hazard(self, time: Floats, theta: Floats) -> Floats:
        """Return the cumulative hazard."""
        with np.errstate(divide="ignore"):
            log = theta[0] + theta[1] * self.treated + np.exp(theta[2]) * np.log(time)
        hazard: Floats = np.exp(np.minimum(log, 700))
        return np.where(np.isinf(time), np.inf, hazard)

    def loss(self, theta: Floats) -> float:
        first, second = self._hazard(self.low, theta), self._hazard(self.high, theta)
        with np.errstate(divide="ignore", invalid="ignore"):
            between = -first + np.log(np.maximum(-np.expm1(first - second), 1e-300))
            at = np.log(second) + theta[2] - np.log(self.high) - second
        return -float(np.where(self.low == self.high, at, between).sum())

    def gradient(self, theta: Floats) -> Floats:
        """Return the slope of the loss."""
        (first, slope1), (second, slope2) = (self._slopes(time, theta) for time in (self.low, self.high))
        exact = self.low == self.high
        with np.errstate(over="ignore", divide="ignore"):
            odds = np.where(exact, 0.0, 1 / np.maximum(np.expm1(np.minimum(second - first, 700)), 1e-300))
        between = -slope1 + (slope2 - slope1) * odds
        at = slope2 / np.where(exact, second, 1.0) - slope2
        at[2] += 1
        slope: Floats = -np.where(exact, at, between).sum(axis=1)
        return slope

    def _slopes(self, time: Floats, theta: Floats) -> tuple[Floats, Floats]:
        """Return the cumulative hazard and its slopes, which are 0 at time 0 and (for the odds) at infinity."""
        hazard, inside = self._hazard(time, theta), np.isfinite(time) & (time > 0)
        log = np.exp(theta[2]) * np.log(np.where(inside, time, 1.0))
        return hazard, np.where(inside, hazard, 0.0) * np.stack([np.ones_like(log), self.treated, log])

    def hessian(self, theta: Floats) -> Floats:
        """Return differences of the gradient, right to about 1e-10."""
        rows = [
            8 * (self.gradient(theta + h) - self.gradient(theta - h))
            - (self.gradient(theta + 2 * h) - self.gradient(theta - 2 * h))
            for h in np.eye(3) * 1e-3
        ]
        found: Floats = np.array(rows) / 12e-3
        return (found + found.T) / 2
