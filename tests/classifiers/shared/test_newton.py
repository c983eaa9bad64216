"""The batched solver against hand counts, scipy, scikit-learn and numerical integration."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import dblquad
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from relapse_model.classifiers.shared import newton
from relapse_model.classifiers.shared.newton import NotConvergedError, penalised_logistic
from relapse_model.errors import InsufficientDataError, RelapseModelError


def cohort(rows=132, columns=3, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, columns)) * np.geomspace(0.1, 10, columns) + np.arange(columns)
    risk = expit(-1.7 + 0.8 * (X[:, 0] - X[:, 0].mean()) / X[:, 0].std())
    return X, (rng.random(rows) < risk).astype(float)


def prior(columns, mean=0.0, sd=1.0, batch=1):
    return np.full((batch, columns), mean), np.full((batch, columns), sd**-2.0)


def test_no_predictors_gives_the_log_odds_of_the_events():
    # 3 events in 10: intercept log(3/7), information 10 * 0.3 * 0.7, and a Gaussian integral over it
    fits = penalised_logistic(np.zeros((10, 0)), [1, 1, 1] + [0] * 7, np.ones(10), *prior(0))
    likelihood = 3 * np.log(0.3) + 7 * np.log(0.7)
    assert fits.intercept[0] == pytest.approx(np.log(3 / 7), abs=1e-12)
    assert fits.covariance[0, 0, 0] == pytest.approx(1 / 2.1, rel=1e-12)
    assert fits.log_likelihood[0] == pytest.approx(likelihood, rel=1e-12)
    assert fits.log_evidence[0] == pytest.approx(likelihood + 0.5 * np.log(2 * np.pi / 2.1), rel=1e-12)


def test_two_by_two_table_without_prior_gives_the_log_odds_ratio():
    # exposed: 6 of 10, unexposed: 2 of 10; log odds ratio log(6/4) - log(2/8), variance 1/6 + 1/4 + 1/2 + 1/8
    x = np.repeat([1.0, 0.0], 10)[:, None]
    y = np.array([1] * 6 + [0] * 4 + [1] * 2 + [0] * 8)
    fits = penalised_logistic(x, y, np.ones(20), [[0.0]], [[0.0]])
    assert fits.coef[0, 0] == pytest.approx(np.log(6), abs=1e-10)
    assert fits.intercept[0] == pytest.approx(np.log(2 / 8), abs=1e-10)
    assert fits.covariance[0, 1, 1] == pytest.approx(1 / 6 + 1 / 4 + 1 / 2 + 1 / 8, rel=1e-10)


def test_one_predictor_agrees_with_scipy():
    X, y = cohort(columns=1)

    def objective(theta):
        eta = theta[0] + theta[1] * X[:, 0]
        return (np.logaddexp(0, eta) - y * eta).sum() + 0.5 * ((theta[1] - 3.0) / 2.0) ** 2

    def gradient(theta):
        residual = expit(theta[0] + theta[1] * X[:, 0]) - y
        return np.array([residual.sum(), residual @ X[:, 0] + (theta[1] - 3.0) / 4.0])

    best = minimize(objective, [0.0, 0.0], jac=gradient, method="BFGS", options={"gtol": 1e-10}).x
    fits = penalised_logistic(X, y, np.ones(len(y)), [[3.0]], [[0.25]])
    assert [fits.intercept[0], fits.coef[0, 0]] == pytest.approx(best, abs=1e-8)


def test_zero_mean_prior_agrees_with_scikit_learn():
    X, y = cohort(columns=4)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    fits = penalised_logistic(X, y, np.ones(len(y)), *prior(4, sd=0.5))
    ridge = LogisticRegression(C=0.25, tol=1e-10, solver="newton-cholesky").fit(X, y)
    assert fits.coef[0] == pytest.approx(ridge.coef_[0], abs=1e-6)
    assert fits.intercept[0] == pytest.approx(ridge.intercept_[0], abs=1e-6)


def test_weight_two_is_two_rows_and_weight_zero_is_none():
    X, y = cohort()
    weight = np.arange(len(y)) % 3
    weighted = penalised_logistic(X, y, weight, *prior(3))
    repeated = penalised_logistic(X.repeat(weight, axis=0), y.repeat(weight), np.ones(weight.sum()), *prior(3))
    for name in newton.LogisticFits.__slots__[:-1]:
        assert getattr(weighted, name) == pytest.approx(getattr(repeated, name), rel=1e-9)


def test_batch_agrees_with_one_at_a_time():
    X, y = cohort()
    rng = np.random.default_rng(1)
    mean, precision = rng.normal(size=(7, 3)), rng.gamma(2.0, size=(7, 3))
    weight = rng.integers(0, 3, size=(7, len(y)))
    batch = penalised_logistic(X, y, weight, mean, precision)
    for b in range(7):
        one = penalised_logistic(X, y, weight[b], mean[b : b + 1], precision[b : b + 1])
        for name in newton.LogisticFits.__slots__[:-1]:
            assert getattr(batch, name)[b] == pytest.approx(getattr(one, name)[0], rel=1e-8, abs=1e-9)


def test_evidence_agrees_with_numerical_integration():
    X, y = cohort(columns=1)
    x = X[:, 0]
    sd, mean = 3.0, 2.0
    fits = penalised_logistic(X, y, np.ones(len(y)), [[mean]], [[sd**-2.0]])
    top = fits.log_likelihood[0]

    def density(a, b):
        eta = a + b * x
        prior_density = np.exp(-0.5 * ((b - mean) / sd) ** 2) / (sd * np.sqrt(2 * np.pi))
        return np.exp((y * eta - np.logaddexp(0, eta)).sum() - top) * prior_density

    reach = 7 * np.sqrt(np.diagonal(fits.covariance[0]))
    a, b = fits.intercept[0], fits.coef[0, 0]
    exact, _ = dblquad(density, b - reach[1], b + reach[1], a - reach[0], a + reach[0], epsrel=1e-5)
    assert fits.log_evidence[0] - top == pytest.approx(np.log(exact), abs=0.02)  # 2 % of the evidence


def test_evidence_does_not_depend_on_units():
    X, y = cohort()
    factor = np.array([1e-3, 1.0, 1e4])
    here = penalised_logistic(X, y, np.ones(len(y)), *prior(3, mean=0.1))
    there = penalised_logistic(X * factor + 5.0, y, np.ones(len(y)), np.full((1, 3), 0.1) / factor, factor[None] ** 2)
    assert there.log_evidence == pytest.approx(here.log_evidence, abs=1e-8)
    assert there.coef * factor == pytest.approx(here.coef, rel=1e-8)
    assert np.diagonal(there.covariance[0])[1:] * factor**2 == pytest.approx(
        np.diagonal(here.covariance[0])[1:], rel=1e-8
    )


def test_separation_is_shrunk_by_the_prior_and_refused_without_one():
    x, y = np.array([[-2.0], [-1.0], [1.0], [2.0]]), [0, 0, 1, 1]
    fits = penalised_logistic(x, y, np.ones(4), [[0.0], [0.0]], [[1.0], [100.0]])
    assert 0.5 < fits.coef[0, 0] < 2.0  # prior sd 1
    assert 0.0 < fits.coef[1, 0] < 0.1  # prior sd 0.1
    with pytest.raises(NotConvergedError, match="separates"):
        penalised_logistic(x, y, np.ones(4), [[0.0]], [[0.0]])


def test_collinear_columns_without_prior_are_refused():
    X, y = cohort(columns=1)
    with pytest.raises(NotConvergedError, match="collinear"):
        penalised_logistic(np.hstack([X, X]), y, np.ones(len(y)), *(np.zeros((1, 2)),) * 2)


@pytest.mark.parametrize("value", [0.0, 0.1, -3e7])
def test_constant_column_has_its_prior(value):
    X, y = cohort(columns=2)
    X[:, 1] = value
    fits = penalised_logistic(X, y, np.ones(len(y)), [[0.3, -0.7]], [[4.0, 25.0]])
    assert fits.coef[0, 1] == pytest.approx(-0.7, abs=1e-10)
    assert np.sqrt(fits.covariance[0, 2, 2]) == pytest.approx(0.2, rel=1e-8)


def test_a_prior_far_from_the_data_still_converges():
    X, y = cohort()
    fits = penalised_logistic(X, y, np.ones(len(y)), [[50.0, -50.0, 5.0]], [[1e4, 1e4, 1e4]])
    assert fits.coef[0] == pytest.approx([50.0, -50.0, 5.0], abs=0.5)


def test_blocks_of_rows_give_the_same_numbers(monkeypatch):
    X, y = cohort(rows=50_000)
    mean, precision = np.array([[0.0, 0.1, 0.2], [1.0, 0.0, 0.0]]), np.full((2, 3), 2.0)
    blocks = penalised_logistic(X, y, np.ones(len(y)), mean, precision)
    assert len(y) > newton._BLOCK_NUMBERS // (10 + 12)  # so the fit above went through several blocks
    monkeypatch.setattr(newton, "_BLOCK_NUMBERS", 10**9)
    whole = penalised_logistic(X, y, np.ones(len(y)), mean, precision)
    for name in newton.LogisticFits.__slots__[:-1]:
        assert getattr(blocks, name) == pytest.approx(getattr(whole, name), rel=1e-8, abs=1e-10)


def test_running_out_of_evaluations_is_a_named_error(monkeypatch):
    X, y = cohort()
    monkeypatch.setattr(newton, "_MAX_EVALUATIONS", 1)
    with pytest.raises(NotConvergedError, match="1 of 1 logistic regressions did not converge in 1"):
        penalised_logistic(X, y, np.ones(len(y)), *prior(3))


@pytest.mark.parametrize("event", [0.0, 1.0])
def test_one_class_is_refused(event):
    with pytest.raises(InsufficientDataError, match="1 of 1 fits have rows of one class only"):
        penalised_logistic(np.zeros((4, 1)), np.full(4, event), np.ones(4), *prior(1))


def test_a_fold_of_one_class_is_counted():
    X, y = cohort()
    weight = np.stack([np.ones(len(y)), y])
    with pytest.raises(InsufficientDataError, match="1 of 2 fits"):
        penalised_logistic(X, y, weight, *prior(3, batch=2))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"X": np.zeros((3, 1))}, "Shapes disagree"),
        ({"weight": np.ones(5)}, "Shapes disagree"),
        ({"prior_precision": np.ones((2, 1))}, "Shapes disagree"),
        ({"prior_mean": [0.0]}, "Shapes disagree"),
        ({"X": np.full((4, 1), np.nan)}, "X holds values that are not finite"),
        ({"prior_mean": [[np.inf]]}, "prior_mean holds values that are not finite"),
        ({"prior_precision": [[-1.0]]}, "precisions of 0 or more"),
        ({"weight": [1, 1, 1, -1]}, "weights and precisions of 0 or more"),
        ({"y": [0, 1, 2, 1]}, "y of 0 and 1"),
    ],
)
def test_what_is_wrong_is_named(change, message):
    good = {
        "X": np.arange(4.0)[:, None],
        "y": [0, 1, 0, 1],
        "weight": np.ones(4),
        "prior_mean": [[0.0]],
        "prior_precision": [[1.0]],
    }
    penalised_logistic(**good)
    with pytest.raises(RelapseModelError, match=message):
        penalised_logistic(**{**good, **change})


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), columns=st.integers(1, 5), spread=st.floats(0.05, 20.0))
def test_the_gradient_vanishes_and_columns_may_be_permuted(seed, columns, spread):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(40, columns)) * spread + rng.normal(size=columns)
    y = rng.permutation(np.arange(40) < rng.integers(1, 39)).astype(float)
    weight = rng.exponential(size=40)
    mean, precision = rng.normal(size=(2, columns)), rng.gamma(1.0, size=(2, columns)) + 1e-3
    fits = penalised_logistic(X, y, weight, mean, precision)
    residual = weight * (y - expit(fits.coef @ X.T + fits.intercept[:, None]))
    scale = np.sqrt(np.diagonal(fits.covariance, axis1=1, axis2=2))
    gradient = np.column_stack([residual.sum(axis=1), residual @ X - precision * (fits.coef - mean)])
    assert np.abs(gradient * scale).max() < 1e-7
    order = rng.permutation(columns)
    other = penalised_logistic(X[:, order], y, weight, mean[:, order], precision[:, order])
    assert other.coef == pytest.approx(fits.coef[:, order], rel=1e-6, abs=1e-9)


def test_an_intercept_with_a_prior_lies_between_it_and_the_events():
    """3 events in 10, prior N(-2, 0.5 ** 2): at the mode 3 - 10 p = (intercept + 2) / 0.25."""
    fit = penalised_logistic(
        np.zeros((10, 0)), [1, 1, 1] + [0] * 7, np.ones(10), *prior(0), intercept_prior=([-2.0], [4.0])
    )
    at = float(fit.intercept[0])
    assert -2.0 < at < np.log(3 / 7)
    assert 3 - 10 * expit(at) == pytest.approx(4.0 * (at + 2.0), abs=1e-9)
    assert fit.covariance[0, 0, 0] == pytest.approx(1 / (4.0 + 10 * expit(at) * expit(-at)), rel=1e-12)


def test_the_evidence_of_a_prior_on_the_intercept_is_that_of_numerical_integration():
    """200 patients, 30 events: Laplace's approximation is within 1 % of the integral over the intercept."""
    from scipy.integrate import quad
    from scipy.stats import norm

    for mean, sd in ((-2.0, 0.5), (0.0, 1.5)):
        fit = penalised_logistic(
            np.zeros((200, 0)), [1] * 30 + [0] * 170, np.ones(200), *prior(0), intercept_prior=([mean], [sd**-2])
        )
        at = float(fit.intercept[0])
        scale = 30 * np.log(expit(at)) + 170 * np.log(expit(-at))
        whole = quad(
            lambda t, mean=mean, sd=sd, scale=scale: np.exp(30 * np.log(expit(t)) + 170 * np.log(expit(-t)) - scale)
            * norm.pdf(t, mean, sd),
            -4, 1,
        )[0]  # fmt: skip
        assert float(fit.log_evidence[0]) == pytest.approx(np.log(whole) + scale, abs=0.01)


@pytest.mark.parametrize("level", [([0.0], [0.0]), ([np.nan], [1.0]), ([0.0], [-1.0])])
def test_a_prior_of_the_intercept_must_be_one(level):
    with pytest.raises(RelapseModelError, match="intercept_prior"):
        penalised_logistic(np.zeros((4, 0)), [1, 0, 0, 0], np.ones(4), *prior(0), intercept_prior=level)
