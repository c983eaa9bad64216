"""Is one set of risks better than another in the same patients: the paired difference of a loss, with its interval."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.validation.estimate import Estimate, check_predictions, refuse_other_order, require_both_outcomes

FEWEST_PATIENTS = 2  # a spread needs two


def paired_difference(
    loss: ArrayLike,
    other: ArrayLike,
    weight: ArrayLike | None = None,
    patient: ArrayLike | None = None,
    level: float = 0.95,
) -> Estimate:
    """Return the mean of ``loss - other`` over patients, with its interval; below 0 the first one is better.

    Assumes independent patients; several rows of one patient count together. The risks are taken as given: the interval
    does not hold the chance that other patients would have given another model.

    Parameters
    ----------
    loss, other : array-like of shape (n,)
        Losses of each row by the two sets of risks.
    weight : array-like of shape (n,), optional
        Such as censoring weights, taken as known.
    patient : array-like of shape (n,), optional
        Whose row it is; by default each row is a patient.
    level : float
        Confidence level.

    Returns
    -------
    Estimate

    Raises
    ------
    RelapseModelError
        If the arrays do not fit each other, or hold anything but numbers.
    InsufficientDataError
        If fewer than two patients carry weight.

    Notes
    -----
    The standard error is the usual one of a weighted mean (a ratio), by patient, with n / (n - 1).

    Examples
    --------
    >>> found = paired_difference([0.2, 0.4, 0.1, 0.3], [0.5, 0.5, 0.3, 0.7])
    >>> print(f"{found.value:.2f} {found.lower:.2f} {found.upper:.2f}")
    -0.25 -0.38 -0.12
    """
    refuse_other_order(loss, other, weight, patient)
    first, second = np.asarray(loss, dtype=float), np.asarray(other, dtype=float)
    w = np.ones(first.shape) if weight is None else np.asarray(weight, dtype=float)
    who = np.arange(first.size) if patient is None else np.asarray(patient)
    if first.ndim != 1 or not first.shape == second.shape == w.shape == who.shape:
        raise RelapseModelError(
            f"Paired difference: shapes {first.shape}, {second.shape}, {w.shape} and {who.shape}; "
            "expected one entry for each row in all of them."
        )
    if not (np.isfinite(w).all() and (w >= 0).all() and np.isfinite((first - second)[w > 0]).all()):
        raise RelapseModelError("Paired difference: a loss or a weight is missing, infinite or negative.")
    used = w > 0
    difference, w, who = (first - second)[used], w[used], who[used]
    _, place = np.unique(who, return_inverse=True)
    patients = int(place.max()) + 1 if place.size else 0
    if patients < FEWEST_PATIENTS:
        raise InsufficientDataError(f"Paired difference: {patients} patients with a weight; expected 2 or more.")
    value = float(np.average(difference, weights=w))
    parts = np.bincount(place, weights=w * (difference - value), minlength=patients)
    error = math.sqrt(float(np.sum(parts**2)) * patients / (patients - 1)) / float(w.sum())
    return Estimate.wald(value, error, level, "paired, by patient")


def log_losses(relapse: ArrayLike, risk: ArrayLike) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the log loss of each patient, infinite for a risk of 0 or 1 that was wrong; NaN for the lost.

    Parameters
    ----------
    relapse : array-like of shape (n,)
        1, 0, or NaN.
    risk : array-like of shape (n,)

    Examples
    --------
    >>> log_losses([0.0, 1.0], [0.5, 0.5]).round(4).tolist()
    [0.6931, 0.6931]
    """
    refuse_other_order(relapse, risk)
    y, p = np.asarray(relapse, dtype=float), np.asarray(risk, dtype=float)
    with np.errstate(divide="ignore"):
        losses = -np.where(y == 1, np.log(p), np.log1p(-p))
    return np.where(np.isnan(y), np.nan, losses)


def log_loss_difference(
    relapse: ArrayLike, risk: ArrayLike, weight: ArrayLike | None = None, level: float = 0.95
) -> Estimate:
    """Return by how much the log loss differs from that of giving everybody the mean risk; below 0 it is better.

    The mean risk is that of these patients, which no constant beats: what is shown against it is not shown too easily.

    Parameters
    ----------
    relapse : array-like of shape (n,)
        1 or 0; NaN where the weight is 0.
    risk : array-like of shape (n,)
        Predicted risk, 0 to 1.
    weight : array-like of shape (n,), optional
        Such as censoring weights.
    level : float
        Confidence level.

    Returns
    -------
    Estimate

    Raises
    ------
    InsufficientDataError
        If nobody relapses, or everybody does: the mean risk is then perfect.
    RelapseModelError
        If a risk of exactly 0 or 1 is wrong: the log loss is infinite.

    Examples
    --------
    >>> print(log_loss_difference([0, 0, 0, 1], [0.1, 0.2, 0.2, 0.6]))
    -0.30 (-0.68 to 0.09)
    """
    y, p, w = check_predictions(relapse, risk, weight)
    require_both_outcomes(y, "Difference in log loss")
    ours = log_losses(y, p)
    if not np.isfinite(ours).all():
        raise RelapseModelError("Difference in log loss: a risk is exactly 0 or 1 and wrong, so that it is infinite.")
    return paired_difference(ours, log_losses(y, np.full(y.size, np.average(y, weights=w))), w, level=level)
