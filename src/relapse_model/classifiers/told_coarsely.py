"""A fitted classifier told with as little of its training cohort as its risks allow: each risk and interval the same.

What is changed: the centre at which an intercept stands becomes the value that stands in for a missing one, which the
classifier holds anyway; scales that no risk depends on become round numbers; priors brought to the unit of a column
keep two digits; log evidences lose their constant; losses of cross-validations are not told.

What stays, since risks depend on it: coefficients and their covariance; of the regressions with priors the scale of a
column that may be missing; the value that stands in for a missing one; the trees of boosted trees and forests, with
their thresholds and leaves. Regressions with priors, and forests, are trained with round scales and values
(`relapse_model.classifiers.shared.round_columns`). Their centres are round too, and moved nevertheless: a round number
that differs says to which side of it the patient was, and files of earlier versions hold exact ones.
"""

from __future__ import annotations

from copy import copy, deepcopy
from dataclasses import replace
from typing import Any

import numpy as np

from relapse_model.arrays import Floats
from relapse_model.classifiers.prior.loaded import full_classifier
from relapse_model.classifiers.shared.round_columns import round_steps


def told_coarsely(classifier: Any) -> Any:
    """Return a classifier of the same risks and intervals, which tells no mean of its training columns.

    Parameters
    ----------
    classifier : RiskClassifier
        Fitted; it stays as it is.

    Returns
    -------
    RiskClassifier
        Risks of the same rows are the same to the last digits (1e-12), missing values or not.
    """
    whole = full_classifier(classifier)
    return _TOLD[type(whole).__name__](whole)


def holds_trees(classifier: Any) -> bool:
    """Tell whether thresholds and leaves of trees are among what scoring needs.

    Parameters
    ----------
    classifier : RiskClassifier
    """
    kind = type(classifier).__name__
    if kind == "RecalibratedClassifier":
        return holds_trees(classifier.estimator_)
    if kind == "AveragedClassifier":
        return any(map(holds_trees, classifier.members_))
    return kind in ("BoostedTreesClassifier", "ForestClassifier")


def two_digits(values: Floats) -> Floats:
    """Return numbers to two significant digits.

    Examples
    --------
    >>> two_digits(np.array([0.01234, -56.7, 0.0])).tolist()
    [0.012, -57.0, 0.0]
    """
    return np.array([float(f"{value:.1e}") for value in values], dtype=np.float64)


def _prior_logistic(classifier: Any) -> Any:
    from relapse_model.classifiers.prior.moved_centre import moved_centres, moved_logistic

    mixture = classifier.components_
    centres = classifier.centres_
    if centres is not None:
        centres = moved_centres(centres, mixture.impute - mixture.center)
    moved = moved_logistic(mixture, mixture.impute)
    used = (mixture.coef != 0) | (mixture.covariance[:, 1:] != 0).any(axis=2)
    asked = used.any(axis=0) & (np.arange(len(mixture.scale)) < len(mixture.scale) - len(mixture.indicators))
    told = replace(moved, scale=np.where(asked, mixture.scale, 1.0))
    return copy(classifier)._set_fitted(told, *_prior(classifier), _evidence(classifier), centres)


def _prior_hazard(classifier: Any) -> Any:
    from relapse_model.classifiers.prior.moved_centre import moved_hazard

    mixture = classifier.components_
    told = moved_hazard(mixture, mixture.impute)
    return copy(classifier)._set_fitted(told, *_prior(classifier), _evidence(classifier))


def _prior(classifier: Any) -> tuple[Floats, Floats]:
    return two_digits(classifier.prior_mean_), two_digits(classifier.prior_sd_)


def _evidence(classifier: Any) -> Floats:
    """Return log evidences from the greatest: what is left tells no more than the weights do."""
    return np.asarray(classifier.log_evidence_ - classifier.log_evidence_.max(), dtype=np.float64)


def _ridge(classifier: Any) -> Any:
    from relapse_model.classifiers.penalised.rescaled import rescaling

    told = _without_losses(classifier)
    told.pipeline_ = deepcopy(classifier.pipeline_)
    imputer, scaler, logistic = (step for _, step in told.pipeline_.steps)
    center, scale = imputer.statistics_.copy(), round_steps(scaler.scale_)
    move = rescaling(scaler.mean_, scaler.scale_, center, scale)
    theta = move @ np.append(logistic.intercept_, logistic.coef_[0])
    covariance = move @ classifier.covariance_ @ move.T
    told.covariance_ = 0.5 * (covariance + covariance.T)
    logistic.intercept_, logistic.coef_ = theta[:1].copy(), theta[None, 1:].copy()
    scaler.mean_, scaler.scale_, scaler.var_ = center, scale, scale**2
    # How many rows there were, or their weight; nothing that scores reads it.
    scaler.n_samples_seen_ = np.zeros_like(scaler.n_samples_seen_)
    return told


def _elastic_net(classifier: Any) -> Any:
    from relapse_model.classifiers.penalised.rescaled import rescaling

    told = _without_losses(classifier)
    center, scale = classifier.impute_.copy(), round_steps(classifier.scale_)
    move = rescaling(classifier.center_, classifier.scale_, center, scale)
    theta = move @ np.append(classifier.intercept_, classifier.coef_)
    told.intercept_, told.coef_ = float(theta[0]), theta[1:]
    told.resampled_ = classifier.resampled_ @ move.T
    told.center_, told.scale_ = center, scale
    told.penalty_ = float(two_digits(np.array([classifier.penalty_]))[0])  # a share of a gradient in the cohort
    return told


def _without_losses(classifier: Any) -> Any:
    told = copy(classifier)
    told.cv_log_loss_ = np.full_like(classifier.cv_log_loss_, np.nan)
    return told


def _averaged(classifier: Any) -> Any:
    told = copy(classifier)
    told.members_ = [told_coarsely(member) for member in classifier.members_]
    return told


def _recalibrated(classifier: Any) -> Any:
    told = copy(classifier)
    told.estimator_ = told_coarsely(classifier.estimator_)
    return told


_TOLD = {
    "PriorLogisticClassifier": _prior_logistic,
    "PriorHazardClassifier": _prior_hazard,
    "RidgeLogisticClassifier": _ridge,
    "ElasticNetLogisticClassifier": _elastic_net,
    "BoostedTreesClassifier": _without_losses,
    "ForestClassifier": _without_losses,
    "AveragedClassifier": _averaged,
    "RecalibratedClassifier": _recalibrated,
}
