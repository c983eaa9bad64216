"""Discrimination and calibration slope of out-of-fold risks, compared within each fold only."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from relapse_model.arrays import Floats, generator
from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.validation.estimate import Estimate, check_predictions, refuse_other_order, require_both_outcomes
from relapse_model.validation.logistic_fit import fit_logistic, log_odds
from relapse_model.validation.pairs_in_time import fold_codes
from relapse_model.validation.resampling import bootstrap_interval, multiplicities

_CELLS_AT_ONCE = 1_000_000  # entries of a block of resamples: bounds memory


def auc_within_folds(
    relapse: ArrayLike,
    risk: ArrayLike,
    fold: ArrayLike,
    weight: ArrayLike | None = None,
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> Estimate:
    """Return the AUC over pairs of patients of one fold, with a percentile interval by resampling patients.

    Risks of different folds come from different models: leaving out a patient who relapses lowers the mean risk of
    the model that predicts him, so that pairs from different folds are ordered against the outcome and a pooled AUC
    is too low (Parker, Gunter and Bedo 2007, BMC Bioinformatics 8:326; Forman and Scholz 2010, SIGKDD Explor 12:49).
    Assumes independent patients, and folds that were dealt by chance.

    Parameters
    ----------
    relapse : array-like of shape (n,)
        1 or 0; NaN where the weight is 0.
    risk : array-like of shape (n,)
        Out-of-fold risk, or any score that grows with it.
    fold : array-like of shape (n,)
        Label of each patient's fold.
    weight : array-like of shape (n,), optional
        Such as censoring weights.
    resamples, seed : int
    level : float

    Returns
    -------
    Estimate

    Raises
    ------
    InsufficientDataError
        If no fold holds a pair, or there are too few usable resamples.

    Examples
    --------
    Within each fold the order is perfect, between them it is not:

    >>> found = auc_within_folds([0, 1, 0, 1] * 3, [0.1, 0.2, 0.6, 0.7] * 3, [0, 0, 1, 1] * 3)
    >>> found.value
    1.0
    """
    y, score, w, label = _checked(relapse, risk, fold, weight, probability=False)
    require_both_outcomes(y, "AUC within folds", at_least=2)
    events, free = np.flatnonzero(y == 1), np.flatnonzero(y == 0)
    pairs = [(np.flatnonzero(label[events] == one), np.flatnonzero(label[free] == one)) for one in np.unique(label)]
    pairs = [(e, f[np.argsort(score[free[f]], kind="stable")]) for e, f in pairs if len(e) and len(f)]
    if not pairs:
        raise InsufficientDataError("AUC within folds: no fold holds both a patient with the outcome and one without.")

    def value(event_weight: Floats, free_weight: Floats) -> Floats:
        parts = [_concordant(score[events[e]], score[free[f]], event_weight[:, e], free_weight[:, f]) for e, f in pairs]
        concordant, usable = np.sum(parts, axis=0)
        shares: Floats = np.divide(concordant, usable, out=np.full(len(usable), np.nan), where=usable > 0)
        return shares

    rng = generator(seed)
    block = max(1, _CELLS_AT_ONCE // y.size)
    drawn = [
        value(
            w[events] * multiplicities(events.size, min(block, resamples - start), rng),
            w[free] * multiplicities(free.size, min(block, resamples - start), rng),
        )
        for start in range(0, resamples, block)
    ]
    own = float(value(w[None, events], w[None, free])[0])
    method = "pairs within folds, stratified percentile bootstrap"
    return bootstrap_interval(own, np.concatenate(drawn or [np.empty(0)]), level, method)


def calibration_slope_within_folds(
    relapse: ArrayLike, risk: ArrayLike, fold: ArrayLike, weight: ArrayLike | None = None, level: float = 0.95
) -> Estimate:
    """Return the calibration slope with an intercept for each fold, for the reason that `auc_within_folds` gives.

    A fold without a relapse, or without a patient free of it, says nothing of the slope and is left out; how many were
    stands in ``method``.

    Parameters
    ----------
    relapse : array-like of shape (n,)
        1 or 0; NaN where the weight is 0.
    risk : array-like of shape (n,)
        Out-of-fold risk, above 0 and below 1.
    fold : array-like of shape (n,)
        Label of each patient's fold.
    weight : array-like of shape (n,), optional
        Such as censoring weights; the interval then has the sandwich variance.
    level : float

    Returns
    -------
    Estimate

    Raises
    ------
    InsufficientDataError
        If all risks of each fold are equal, or they separate the outcomes.
    RelapseModelError
        If a risk is exactly 0 or 1.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> risk = rng.uniform(0.1, 0.9, 4000)
    >>> found = calibration_slope_within_folds(rng.random(4000) < risk, risk, np.arange(4000) % 5)
    >>> abs(found.value - 1) < 0.1
    True
    """
    y, p, w, label = _checked(relapse, risk, fold, weight, probability=True)
    require_both_outcomes(y, "Calibration slope")
    if ((p == 0) | (p == 1)).any():
        raise RelapseModelError("Calibration slope: risks of exactly 0 or 1 came; expected risks above 0 and below 1.")
    judged = [one for one in np.unique(label) if len(np.unique(y[label == one])) == 2]
    used = np.isin(label, judged)
    belongs = (label[used, None] == np.array(judged)).astype(np.float64)
    logit = log_odds(p[used])
    centred = logit - belongs @ ((belongs.T @ logit) / belongs.sum(axis=0))
    if not np.ptp(centred) > 1e-12:  # a mean of equal numbers may differ from them in its last digit
        raise InsufficientDataError(
            f"Calibration slope: all patients of a fold have the same risk, in {len(judged)} folds; expected risks "
            "that differ. Judge constant risks by their calibration intercept."
        )
    fit = fit_logistic(np.column_stack([belongs, centred]), y[used], w[used], weight is not None)
    left = len(np.unique(label)) - len(judged)
    method = f"{fit.method}, one intercept per fold" + (f"; {left} folds without one of the outcomes" if left else "")
    return Estimate.wald(fit.coefficients[-1], math.sqrt(fit.covariance[-1, -1]), level, method)


def _concordant(events: Floats, free: Floats, event_weight: Floats, free_weight: Floats) -> Floats:
    """Return the weights of concordant and of usable pairs in each resample, shape (2, resamples); ``free`` ascends."""
    reached = np.zeros((free_weight.shape[0], free.size + 1))
    np.cumsum(free_weight, axis=1, out=reached[:, 1:])
    lower, upper = np.searchsorted(free, events, side="left"), np.searchsorted(free, events, side="right")
    concordant = (event_weight * (reached[:, lower] + reached[:, upper])).sum(axis=1) / 2
    return np.stack([concordant, event_weight.sum(axis=1) * reached[:, -1]])


def _checked(
    relapse: ArrayLike, risk: ArrayLike, fold: ArrayLike, weight: ArrayLike | None, *, probability: bool
) -> tuple[Floats, Floats, Floats, NDArray[np.generic]]:
    refuse_other_order(relapse, risk, fold, weight)
    label = fold_codes(fold, np.size(risk))
    kept = np.ones(label.shape, dtype=bool) if weight is None else np.asarray(weight, dtype=float) > 0
    y, p, w = check_predictions(relapse, risk, weight, probability=probability)
    return y, p, w, label[kept]
