"""The Gaussian approximation of the posterior against the posterior itself, by importance sampling."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from scipy.special import expit, gammaln, logsumexp

from relapse_model.classifiers import PriorLogisticClassifier

pytestmark = pytest.mark.slow

PATIENTS, EVENTS, DRAWS = 132, 20, 100_000
TRUTH = np.array([0.8, -0.5, 0.0, 0.6])
PRIOR_MEAN, PRIOR_SD = np.array([0.6, -0.4, 0.0, 0.3]), np.array([0.4, 0.4, 0.3, 0.5])
DEGREES = 5  # of Student's t, whose tails are heavier than the posterior's
WIDENED = 1.2


def cohort(seed):
    """Return predictors and outcome of 132 patients, of whom exactly 20 have the event; the last column is 0 or 1."""
    rng = np.random.default_rng(seed)
    while True:
        X = rng.normal(size=(PATIENTS, 4))
        X[:, 3] = X[:, 3] > 0
        event = (rng.random(PATIENTS) < expit(-2.3 + X @ TRUTH)).astype(float)
        if event.sum() == EVENTS:
            return X, event


@dataclass
class Sampled:
    """Draws of (intercept at the mean, coefficients) with their weights, and the log of the evidence."""

    draws: np.ndarray
    weight: np.ndarray
    log_evidence: float

    @property
    def effective_draws(self):
        return 1.0 / np.sum(self.weight**2)

    def risks(self, X, center):
        return expit(self.draws[:, :1] + self.draws[:, 1:] @ (X - center).T)


def log_posterior(draws, X, event, mean, sd):
    """Return log likelihood plus log prior density; the intercept's prior has density 1 everywhere."""
    total = (
        -0.5 * (((draws[:, 1:] - mean) / sd) ** 2).sum(axis=1) - np.log(sd).sum() - 0.5 * len(sd) * np.log(2 * np.pi)
    )
    for row, outcome in zip(X, event, strict=True):
        log_odds = draws[:, 0] + draws[:, 1:] @ row
        total += outcome * log_odds - np.logaddexp(0.0, log_odds)
    return total


def sample(X, event, mean, sd, centre, covariance, seed=0):
    """Sample the posterior by importance, from a multivariate t around a centre that need only be near it."""
    rng = np.random.default_rng(seed)
    size = len(centre)
    factor = np.linalg.cholesky(covariance * WIDENED**2)
    normal = rng.normal(size=(DRAWS, size))
    scale = np.sqrt(DEGREES / rng.chisquare(DEGREES, size=DRAWS))
    standard = normal * scale[:, None]
    log_density = (
        gammaln((DEGREES + size) / 2)
        - gammaln(DEGREES / 2)
        - 0.5 * size * np.log(DEGREES * np.pi)
        - np.log(np.diag(factor)).sum()
        - 0.5 * (DEGREES + size) * np.log1p((standard**2).sum(axis=1) / DEGREES)
    )
    draws = centre + standard @ factor.T
    log_weight = log_posterior(draws, X, event, mean, sd) - log_density
    weight = np.exp(log_weight - logsumexp(log_weight))
    return Sampled(draws, weight, float(logsumexp(log_weight) - np.log(DRAWS)))


def weighted_quantiles(values, weight, levels):
    order = np.argsort(values)
    return np.interp(levels, np.cumsum(weight[order]), values[order])


def fitted(X, event, strengths=(1.0,), mean=PRIOR_MEAN):
    settings = {"strengths": strengths, "widths": (1.0,), "indicators": False}
    return PriorLogisticClassifier(prior_mean=mean, prior_sd=PRIOR_SD, **settings).fit(X, event)


def sampled(model, component, X, event, mean):
    center = X.mean(axis=0)
    np.testing.assert_allclose(model.center_, center)
    mixture = model.components_
    centre = np.concatenate([[mixture.intercept[component]], mixture.coef[component]])
    return sample(X - center, event, mean, PRIOR_SD, centre, mixture.covariance[component])


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_risks_and_intervals_are_those_of_the_exact_posterior(seed, capsys):
    X, event = cohort(seed)
    model = fitted(X, event)
    exact = sampled(model, 0, X, event, PRIOR_MEAN)
    assert exact.effective_draws > 0.3 * DRAWS  # otherwise the sampling itself could not be trusted
    risks = exact.risks(X, model.center_)
    limits = np.array([weighted_quantiles(column, exact.weight, [0.05, 0.95]) for column in risks.T])
    risk_error = np.abs(model.predict_proba(X)[:, 1] - exact.weight @ risks)
    limit_error = np.abs(model.predict_interval(X, level=0.9) - limits)
    with capsys.disabled():
        print(  # noqa: T201
            f"\ncohort {seed}: largest difference of a risk {risk_error.max():.4f}, of a lower limit "
            f"{limit_error[:, 0].max():.4f}, of an upper limit {limit_error[:, 1].max():.4f} "
            f"({exact.effective_draws:.0f} effective draws)"
        )
    # A Gaussian at the mode, which the posterior's lean towards small risks does not move, is wrong by 0.013 and 0.027.
    assert risk_error.max() < 0.003
    assert limit_error.max() < 0.01


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("mean", [PRIOR_MEAN, -PRIOR_MEAN], ids=["right prior", "prior turned round"])
def test_evidence_between_two_priors_is_that_of_the_exact_posterior(seed, mean, capsys):
    X, event = cohort(seed)
    model = fitted(X, event, strengths=(0.0, 1.0), mean=mean)
    # Column 2 has no prior mean: one width, so one component for each strength.
    exact = [sampled(model, component, X, event, strength * mean) for component, strength in ((0, 0.0), (1, 1.0))]
    assert min(one.effective_draws for one in exact) > 0.3 * DRAWS
    true_difference = exact[1].log_evidence - exact[0].log_evidence
    difference = model.log_evidence_[1] - model.log_evidence_[0]
    with capsys.disabled():
        print(f"\ncohort {seed}: log evidence of the prior {difference:+.3f}, sampled {true_difference:+.3f}")  # noqa: T201
    assert difference == pytest.approx(true_difference, abs=0.1)
    # Each evidence by itself is known up to the same constant, which is 0 with an intercept of density 1.
    assert model.log_evidence_[1] == pytest.approx(exact[1].log_evidence, abs=0.2)


def test_the_sampler_finds_a_posterior_that_is_known():
    """Where the likelihood is almost flat, the posterior of the coefficient is its prior, and the evidence is known."""
    X, event = np.full((2, 1), 0.0), np.array([1.0, 0.0])
    exact = sample(X, event, np.array([0.7]), np.array([0.2]), np.array([0.0, 0.7]), np.diag([2.0, 0.04]))
    assert exact.weight @ exact.draws[:, 1] == pytest.approx(0.7, abs=0.005)
    assert exact.weight @ (exact.draws[:, 1] - 0.7) ** 2 == pytest.approx(0.04, rel=0.03)
    # The intercept alone: the integral of s (1 - s) over its log-odds is that of a probability from 0 to 1, which is 1.
    assert exact.log_evidence == pytest.approx(0.0, abs=0.02)
    np.testing.assert_allclose(weighted_quantiles(np.arange(5.0), np.full(5, 0.2), [0.2, 0.6]), [0.0, 2.0])
