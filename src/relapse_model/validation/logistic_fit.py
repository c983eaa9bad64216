"""Logistic regression without a penalty, for calibration: it may fail to exist, and then says so."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from relapse_model.arrays import Floats
from relapse_model.errors import InsufficientDataError

# Fits that exist take about 10. If the outcomes are separated each step adds 1 to the least logit for ever,
# until numbers underflow: this many steps do not get there.
_NEWTON_STEPS = 30


@dataclass(frozen=True, eq=False)
class LogisticFit:
    """Coefficients, their covariance, and how it was made."""

    coefficients: Floats
    covariance: Floats
    method: str


def fit_intercept(y: Floats, w: Floats, offset: Floats, sandwich: bool) -> LogisticFit:
    """Fit the intercept alone: the root of a falling function, which always exists."""
    from scipy.optimize import brentq

    share = np.array([w @ y, w @ (1 - y)])
    middle = float(np.log(share[0] / share[1]))
    # If all offsets were the largest, or all the smallest, the root would be within 1 of these ends.
    low, high = middle - offset.max() - 1, middle - offset.min() + 1
    value = brentq(lambda shift: float(w @ _residual(y, offset + shift)), low, high, xtol=1e-12)
    covariance, method = _covariance(np.ones((y.size, 1)), y, w, offset + value, sandwich)
    return LogisticFit(np.array([value]), covariance, method)


def fit_logistic(design: Floats, y: Floats, w: Floats, sandwich: bool) -> LogisticFit:
    """Fit by Newton's method with step halving; no penalty, so that it may fail to exist."""
    # The columns of a spline are nearly collinear; orthogonal ones keep the digits.
    scaled, back = np.linalg.qr(design)
    beta = np.zeros(design.shape[1])
    for _ in range(_NEWTON_STEPS):
        step = _newton_step(scaled, y, w, beta)
        beta = beta + step
        if np.abs(scaled @ step).max() < 1e-8:  # of a logit; separated outcomes move by 1 or more
            break
    else:
        raise _separated(y)
    covariance, method = _covariance(scaled, y, w, scaled @ beta, sandwich)
    inverse = np.linalg.inv(back)
    return LogisticFit(inverse @ beta, inverse @ covariance @ inverse.T, method)


def _newton_step(design: Floats, y: Floats, w: Floats, beta: Floats) -> Floats:
    """Return the Newton step, halved until the likelihood does not fall."""
    logit = design @ beta
    step: Floats = _inverse(_information(design, w, logit), y) @ (design.T @ (w * _residual(y, logit)))
    before = _loss(y, w, logit)
    for _ in range(60):
        if _loss(y, w, design @ (beta + step)) <= before * (1 + 1e-12):
            break
        step = step / 2
    return step


def _covariance(design: Floats, y: Floats, w: Floats, logit: Floats, sandwich: bool) -> tuple[Floats, str]:
    """Return the covariance of the coefficients, and its name."""
    bread = _inverse(_information(design, w, logit), y)
    if not sandwich:
        return bread, "Wald"
    scores = design * (w * _residual(y, logit))[:, np.newaxis]
    return bread @ (scores.T @ scores) @ bread, "Wald, sandwich variance"


def _information(design: Floats, w: Floats, logit: Floats) -> Floats:
    information: Floats = (design * (w * risk_of(logit) * risk_of(-logit))[:, np.newaxis]).T @ design
    return information


def _residual(y: Floats, logit: Floats) -> Floats:
    """Return y - risk, with all digits also where the risk is near 0 or 1."""
    sign = 2 * y - 1
    residual: Floats = sign * risk_of(-sign * logit)
    return residual


def _loss(y: Floats, w: Floats, logit: Floats) -> float:
    return float(w @ np.logaddexp(0, (1 - 2 * y) * logit))


def _inverse(information: Floats, y: Floats) -> Floats:
    try:
        return np.asarray(np.linalg.inv(information), dtype=np.float64)
    except np.linalg.LinAlgError:
        raise _separated(y) from None


def _separated(y: Floats) -> InsufficientDataError:
    return InsufficientDataError(
        f"Calibration: the risks separate, or all but separate, the {int(y.sum())} patients with the outcome "
        f"from the {int((1 - y).sum())} without it, so the coefficients grow without end; expected overlapping risks. "
        "Calibration cannot be estimated from these patients; add patients."
    )


def log_odds(p: Floats) -> Floats:
    """Return the logit of risks above 0 and below 1."""
    logit: Floats = np.log(p) - np.log1p(-p)
    return logit


def risk_of(logit: Floats) -> Floats:
    """Return the risk that has this logit."""
    share: Floats = np.exp(-np.logaddexp(0, -logit))  # keeps the digits of small risks
    return share
