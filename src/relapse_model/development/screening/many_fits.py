"""Many small logistic regressions on the same patients at once: one for each candidate, or each half of a sample."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from relapse_model.arrays import Floats, Mask
from relapse_model.validation.logistic_fit import risk_of

_STEPS = 60
_FULL_STEPS = 20  # of Firth's fit: beside one carrier the full step overshoots by as much as it should go, for ever
_LONGEST_STEP = 3.0  # of a logit: a fit that runs away does so slowly, and its likelihood still converges
_CLOSE = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class ManyFits:
    """B regressions of k columns on n patients.

    Attributes
    ----------
    coefficients : array, shape (B, k)
    risk : array, shape (B, n)
    log_likelihood : array, shape (B,)
        Weighted; without the penalty.
    bread : array, shape (B, k, k)
        Inverse of the information.
    covariance : array, shape (B, k, k)
        With the weights taken as known: the information's inverse where all weights are 1.
    converged : array of bool, shape (B,)
        False where the columns separate the outcomes, or are collinear.
    """

    coefficients: Floats
    risk: Floats
    log_likelihood: Floats
    bread: Floats
    covariance: Floats
    converged: Mask


def fit_many(design: Floats, y: Floats, weight: Floats, offset: Floats | None = None, *, firth: bool) -> ManyFits:
    """Fit B logistic regressions by Newton's method, with or without Firth's penalty.

    Firth's penalty (Biometrika 1993;80:27, doi:10.1093/biomet/80.1.27) takes the first-order bias out of estimates
    from few events, and keeps them finite where the columns separate the outcomes.

    Parameters
    ----------
    design : array, shape (B, n, k) or (1, n, k)
        With the column of ones, if there shall be one.
    y : array, shape (n,)
        0 or 1; anything that is a number where the weight is 0.
    weight : array, shape (B, n)
    offset : array, shape (n,), optional
    firth : bool
    """
    known = np.zeros(y.size) if offset is None else offset
    beta = np.zeros((len(weight), design.shape[2]))
    moved = np.full(len(weight), np.inf)
    for count in range(_STEPS):
        step = _step(design, y, weight, known, beta, firth)
        if firth and count >= _FULL_STEPS:
            step = 0.5 * step
        moved = np.abs(_times(design, step)).max(axis=1)
        beta = beta + step * np.minimum(1.0, _LONGEST_STEP / np.maximum(moved, 1e-300))[:, None]
        if (moved < _CLOSE).all():
            break
    logit = _times(design, beta) + known
    risk = risk_of(logit)
    spread = risk * (1 - risk)
    bread = _inverse(_information(design, weight * spread))
    meat = _information(design, weight**2 * spread)
    likelihood = -(weight * np.logaddexp(0, (1 - 2 * y) * logit)).sum(axis=1)
    sound = (moved < 1e-6) & np.isfinite(bread).all(axis=(1, 2))
    return ManyFits(beta, risk, likelihood, bread, bread @ meat @ bread, sound)


def _step(design: Floats, y: Floats, weight: Floats, offset: Floats, beta: Floats, firth: bool) -> Floats:
    risk = risk_of(_times(design, beta) + offset)
    omega = weight * risk * (1 - risk)
    bread = _inverse(_information(design, omega))
    pull = weight * (y - risk)
    if firth:
        leverage = omega * ((design @ bread) * design).sum(axis=2)
        pull = pull + leverage * (0.5 - risk)
    score = (pull[:, None, :] @ design)[:, 0, :]
    return (bread @ score[:, :, None])[:, :, 0]


def _times(design: Floats, beta: Floats) -> Floats:
    product: Floats = (design @ beta[:, :, None])[:, :, 0]
    return product


def _information(design: Floats, omega: Floats) -> Floats:
    product: Floats = (design.transpose(0, 2, 1) * omega[:, None, :]) @ design
    return product


def _inverse(information: Floats) -> Floats:
    """Return inverses; the generalised one where a matrix has none, so that the others are not lost with it."""
    try:
        return np.asarray(np.linalg.inv(information))
    except np.linalg.LinAlgError:
        return np.asarray(np.linalg.pinv(information, hermitian=True))
