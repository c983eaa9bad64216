"""The risks of the same patients under two designs, such as the two arms of a trial, by one posterior."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from relapse_model.arrays import Floats
from relapse_model.classifiers.prior.loaded import LoadedPrior
from relapse_model.classifiers.prior.mixture_forms import LogisticMixture, expand_columns
from relapse_model.classifiers.shared.columns import fill_missing
from relapse_model.classifiers.shared.risks import sigmoid, tail_levels
from relapse_model.errors import RelapseModelError

DRAWS = 4000  # a limit of an interval is known to about 3 % of the posterior standard deviation
_BLOCK_NUMBERS = 400_000
LogOdds = Callable[[Floats], Floats]


@dataclass(frozen=True, eq=False)
class PairedRisks:
    """Risks under two designs, and what is known of their difference.

    Attributes
    ----------
    first, second : ndarray of shape (n,)
        Posterior mean risks.
    lower, upper : ndarray of shape (n,)
        Central interval of ``first - second``.
    """

    first: Floats
    second: Floats
    lower: Floats
    upper: Floats


def paired_risks(classifier: Any, first: Floats, second: Floats, level: float = 0.9) -> PairedRisks:
    """Return the risks of the same rows under two designs, and the interval of the difference.

    Both come from the same draws of the posterior, so that what is unknown of a patient's risk counts once, and not as
    if the two were independent. A missing value is the same, unknown one under both.

    Parameters
    ----------
    classifier : Classifier
        Fitted; of a kind that `posterior_log_odds` knows.
    first, second : ndarray of shape (n, p)
        Predictors; they differ in what is compared.
    level : float

    Returns
    -------
    PairedRisks

    Raises
    ------
    RelapseModelError
        If the classifier has no such posterior, or the level is none.

    Examples
    --------
    >>> from relapse_model.classifiers import PriorLogisticClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = np.column_stack([rng.normal(size=200), np.arange(200) % 2])
    >>> fitted = PriorLogisticClassifier().fit(X, rng.random(200) < 1 / (1 + np.exp(1 - X[:, 0] + X[:, 1])))
    >>> control, treated = np.array([[0.0, 0.0]]), np.array([[0.0, 1.0]])
    >>> found = paired_risks(fitted, control, treated)
    >>> bool(found.first > found.second), bool(found.upper > found.lower)
    (True, True)
    """
    log_odds, levels = posterior_log_odds(classifier), tail_levels(level)
    limits = np.empty((len(first), 2))
    for rows in blocks(len(first)):
        difference = sigmoid(log_odds(first[rows])) - sigmoid(log_odds(second[rows]))
        limits[rows] = np.quantile(difference, levels, axis=1).T
    risks = [classifier.predict_proba(one)[:, 1] if len(one) else np.empty(0) for one in (first, second)]
    return PairedRisks(risks[0], risks[1], limits[:, 0], limits[:, 1])


def posterior_log_odds(classifier: Any) -> LogOdds:
    """Return a function from rows to equally likely log-odds of their risks, shape (n, draws).

    The draws are of the coefficients, and the same at every call: differences between rows are draws of differences.

    Parameters
    ----------
    classifier : Classifier
        A logistic regression, with priors or a ridge penalty, discrete-time hazards, or one of these recalibrated.

    Raises
    ------
    RelapseModelError
        For any other: trees have no coefficients to draw.
    """
    name = type(classifier).__name__
    if isinstance(classifier, LoadedPrior):
        return _of_mixture(classifier.mixture)
    if name == "PriorLogisticClassifier":
        return _of_mixture(classifier.components_)
    if name == "RidgeLogisticClassifier":
        return _of_mixture(_ridge_mixture(classifier))
    if name == "PriorHazardClassifier":
        from relapse_model.classifiers.prior.hazard_mixture import event_log_odds

        return lambda rows: event_log_odds(classifier.components_, rows)
    if name == "RecalibratedClassifier":
        inner, line = posterior_log_odds(classifier.estimator_), classifier.recalibration_
        return lambda rows: line.apply(inner(rows))
    raise RelapseModelError(
        f"{name} has no posterior of coefficients from which both risks could be drawn; expected a logistic "
        "regression ('prior_logistic', 'ridge_logistic') or hazards ('prior_hazard')."
    )


def blocks(rows: int) -> Iterator[slice]:
    """Yield the rows some at a time, so that their draws stay small."""
    size = max(1, _BLOCK_NUMBERS // DRAWS)
    for start in range(0, rows, size):
        yield slice(start, start + size)


def _of_mixture(mixture: LogisticMixture) -> LogOdds:
    from relapse_model.classifiers.prior.hazard_mixture import draw_posterior

    moments = np.column_stack([mixture.intercept, mixture.coef])
    drawn = draw_posterior(moments, mixture.covariance, mixture.weight, DRAWS)
    intercept, coef, normal = drawn[:, 0], drawn[:, 1:-1], drawn[:, -1]

    def log_odds(rows: Floats) -> Floats:
        expanded = expand_columns(rows, mixture.terms, mixture.indicators)
        missing = np.isnan(expanded)
        found: Floats = (fill_missing(expanded, mixture.impute) - mixture.center) @ coef.T + intercept
        if missing.any():
            found += np.sqrt((missing * mixture.scale**2) @ (coef**2).T) * normal
        return found

    return log_odds


def _ridge_mixture(classifier: Any) -> LogisticMixture:
    """Return a ridge regression as one Gaussian, per unit; a missing value counts as the median, known for certain."""
    imputer, scaler, logistic = (step for _, step in classifier.pipeline_.steps)
    unit = np.append(1.0, 1.0 / scaler.scale_)
    covariance = classifier.covariance_ * unit[:, None] * unit
    none = np.zeros(len(scaler.scale_))
    return LogisticMixture(
        logistic.coef_ * unit[1:], logistic.intercept_, covariance[None], np.ones(1),
        imputer.statistics_, scaler.mean_, none,
    )  # fmt: skip
