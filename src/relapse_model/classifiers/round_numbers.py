"""Classifiers at round numbers: no mean or standard deviation of the training patients to the last digit."""

from __future__ import annotations

from copy import copy, deepcopy
from dataclasses import replace
from typing import Any

import numpy as np

from relapse_model.arrays import Floats, grid_step, on_grid
from relapse_model.classifiers.prior.hazard_mixture import HazardMixture
from relapse_model.classifiers.prior.logistic_mixture import LogisticMixture

_OF_A_SCALE = 5  # steps of a standard deviation: it is told to a tenth of itself, or less


def at_round_numbers(classifier: Any) -> Any:
    """Return a fitted classifier with the same risks, which no longer holds means and deviations to the last digit.

    Columns count from round numbers (`reference_points`), and their standard deviations are rounded (`round_scales`).
    Coefficients, levels, covariances, draws and resamples are expressed anew, so that the risk of a patient with every
    value stays the same, to rounding of the computer. Of regressions with priors the standard deviation is also what a
    missing value adds to the uncertainty: the risk of a patient with missing values changes by that rounding. Priors
    per standard deviation are told to two digits, and evidences from the largest of them.

    This is for regressions, alone, recalibrated or averaged. Trees have no such numbers, and a forest stays as it is.

    Parameters
    ----------
    classifier : RiskClassifier
        Fitted; it is not changed.

    Examples
    --------
    >>> from relapse_model.classifiers import PriorLogisticClassifier
    >>> X = np.random.default_rng(0).normal(39.0, 7.5, size=(132, 1))
    >>> fitted = PriorLogisticClassifier().fit(X, (X[:, 0] > 45).astype(float))
    >>> told = at_round_numbers(fitted)
    >>> told.center_.tolist(), told.scale_.tolist()
    ([40.0], [7.0])
    >>> bool(np.abs(told.predict_proba(X) - fitted.predict_proba(X)).max() < 1e-12)
    True
    """
    changed = copy(classifier)
    if hasattr(classifier, "estimator_"):
        changed.estimator_ = at_round_numbers(classifier.estimator_)
    elif hasattr(classifier, "members_"):
        changed.members_ = [at_round_numbers(member) for member in classifier.members_]
    elif isinstance(getattr(classifier, "components_", None), LogisticMixture | HazardMixture):
        _round_mixture(changed)
    elif hasattr(classifier, "pipeline_"):
        _round_pipeline(changed)
    elif hasattr(classifier, "resampled_"):
        _round_resampled(changed)
    return changed


def reference_points(center: Floats, scale: Floats) -> Floats:
    """Return round numbers near the means of columns, from which their coefficients can count as well.

    A mean to the last digit, beside that of the same patients but one, gives the value of this one. A coefficient does
    not depend on the place from which its column counts, so that a round number does as well: the one nearest to the
    mean, in steps of 1, 2 or 5 times a power of ten, the largest up to the standard deviation.

    Parameters
    ----------
    center, scale : ndarray of shape (q,)
        Mean and standard deviation of each column.

    Examples
    --------
    >>> reference_points(np.array([39.06, 1.559, 0.6486]), np.array([7.54, 0.864, 0.4774])).tolist()
    [40.0, 1.5, 0.6]
    """
    return np.array([on_grid(mean, grid_step(sd)) for mean, sd in zip(center, scale, strict=True)])


def round_scales(scale: Floats) -> Floats:
    """Return standard deviations to a tenth of themselves: what a missing value adds to the uncertainty of a risk.

    Parameters
    ----------
    scale : ndarray of shape (q,)

    Examples
    --------
    >>> round_scales(np.array([7.54, 0.864, 0.4774, 10.79])).tolist()
    [8.0, 0.9, 0.5, 10.0]
    """
    return np.array([on_grid(sd, grid_step(sd / _OF_A_SCALE)) for sd in scale])


def moved(level: Floats, coef: Floats, covariance: Floats, shift: Floats) -> tuple[Floats, Floats]:
    """Return levels, and the covariance of levels and coefficients, at a point further on: the same risks.

    Parameters
    ----------
    level : ndarray of shape (B, K)
        Log-odds where every column is at its old point.
    coef : ndarray of shape (B, q)
    covariance : ndarray of shape (B, K + q, K + q)
    shift : ndarray of shape (q,)
        New point minus old point.

    Returns
    -------
    level : ndarray of shape (B, K)
    covariance : ndarray of shape (B, K + q, K + q)
    """
    levels = level.shape[1]
    move = np.eye(levels + len(shift))
    move[:levels, levels:] = shift
    turned = move @ covariance @ move.T
    return level + (coef @ shift)[:, None], (turned + turned.transpose(0, 2, 1)) / 2


def _round_mixture(fitted: Any) -> None:
    """Move the posterior of a regression with priors, logistic or of the hazard."""
    mixture = fitted.components_
    center = reference_points(mixture.center, mixture.scale)
    shift, scale = center - mixture.center, round_scales(mixture.scale)
    hazard = isinstance(mixture, HazardMixture)
    level = mixture.level if hazard else mixture.intercept[:, None]
    level, covariance = moved(level, mixture.coef, mixture.covariance, shift)
    changed = {"center": center, "scale": scale, "covariance": covariance}
    if hazard:
        drawn, levels = mixture.draws.copy(), level.shape[1]
        drawn[:, :levels] += (drawn[:, levels:-1] @ shift)[:, None]
        fitted.components_ = replace(mixture, level=level, draws=drawn, **changed)
    else:
        fitted.components_ = replace(mixture, intercept=level[:, 0], **changed)
    fitted.center_, fitted.scale_ = center, scale
    fitted.log_evidence_ = fitted.log_evidence_ - fitted.log_evidence_.max()
    fitted.prior_mean_, fitted.prior_sd_ = _round_priors(fitted)


def _round_priors(fitted: Any) -> tuple[Floats, Floats]:
    """Return priors to two digits, but for those that were stated per unit."""
    mean, sd = fitted.prior_mean_, fitted.prior_sd_
    told = [np.array([float(f"{value:.2g}") for value in values]) for values in (mean, sd)]
    size = fitted.n_features_in_
    stated = np.zeros(len(mean), dtype=bool)
    if fitted.prior_sd is not None:
        per_sd = np.zeros(size) if fitted.prior_per_sd is None else np.asarray(fitted.prior_per_sd, dtype=float)
        stated[:size] = ~np.isnan(np.asarray(fitted.prior_sd, dtype=float)) & (per_sd == 0)
    for place, term in enumerate(fitted.terms):
        stated[size + place] = not np.isnan(term.prior_sd)
    return np.where(stated, mean, told[0]), np.where(stated, sd, told[1])


def _round_pipeline(fitted: Any) -> None:
    """Express a ridge regression and its covariance per rounded standard deviation."""
    fitted.pipeline_ = deepcopy(fitted.pipeline_)
    _, scaler, logistic = (step for _, step in fitted.pipeline_.steps)
    center, scale = reference_points(scaler.mean_, scaler.scale_), round_scales(scaler.scale_)
    shift, ratio = (center - scaler.mean_) / scaler.scale_, scale / scaler.scale_
    move = np.diag(np.append(1.0, ratio))
    move[0, 1:] = shift
    logistic.intercept_ = logistic.intercept_ + logistic.coef_ @ shift
    logistic.coef_ = logistic.coef_ * ratio
    covariance = move @ fitted.covariance_ @ move.T
    fitted.covariance_ = (covariance + covariance.T) / 2
    scaler.mean_, scaler.scale_, scaler.var_ = center, scale, scale**2
    scaler.n_samples_seen_ = np.zeros_like(scaler.n_samples_seen_)  # nothing reads it


def _round_resampled(fitted: Any) -> None:
    """Express an elastic net and its resamples per rounded standard deviation."""
    center, scale = reference_points(fitted.center_, fitted.scale_), round_scales(fitted.scale_)
    shift, ratio = (center - fitted.center_) / fitted.scale_, scale / fitted.scale_
    fitted.intercept_ = float(fitted.intercept_ + fitted.coef_ @ shift)
    fitted.coef_ = fitted.coef_ * ratio
    resampled = fitted.resampled_.copy()
    resampled[:, 0] += resampled[:, 1:] @ shift
    resampled[:, 1:] *= ratio
    fitted.resampled_, fitted.center_, fitted.scale_ = resampled, center, scale
