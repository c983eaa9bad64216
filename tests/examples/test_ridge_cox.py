from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import approx_fprime, minimize

from ridge_cox import choose_penalty, cox_parts, fit_cox


def made(n: int = 60, seed: int = 0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3))
    # Whole weeks, so that there are ties.
    time = np.ceil(rng.exponential(10 * np.exp(-X[:, 0])))
    return X, time, (rng.random(n) < 0.7).astype(float)


def slow_log_likelihood(X, time, event, coef):
    """Breslow's partial likelihood, one event after the other."""
    score = X @ coef
    return sum(score[i] - np.log(np.exp(score[time >= time[i]]).sum()) for i in np.flatnonzero(event == 1))


def test_without_effects_each_event_is_one_of_those_at_risk():
    # Times 1, 2, 2, 3 with events at 1, 2, 2: one of 4, then twice one of 3 (ties by Breslow).
    value, gradient, information = cox_parts(
        np.array([[1.0], [0.0], [1.0], [0.0]]), np.array([1.0, 2, 2, 3]), np.array([1.0, 1, 1, 0]), np.zeros(1)
    )
    assert value == pytest.approx(-np.log(4) - 2 * np.log(3))
    # Observed minus expected: (1 - 2/4) + (0 - 1/3) + (1 - 1/3); variances p (1 - p): 1/4 + 2/9 + 2/9.
    assert gradient == pytest.approx([5 / 6])
    assert information == pytest.approx(np.array([[1 / 4 + 4 / 9]]))


def test_against_the_slow_likelihood_and_its_differences():
    X, time, event = made()
    coef = np.array([0.5, -0.3, 0.1])
    value, gradient, information = cox_parts(X, time, event, coef)
    assert value == pytest.approx(slow_log_likelihood(X, time, event, coef))
    assert gradient == pytest.approx(approx_fprime(coef, lambda b: slow_log_likelihood(X, time, event, b)), abs=1e-4)
    slopes = approx_fprime(coef, lambda b: cox_parts(X, time, event, b)[1])
    assert information == pytest.approx(-slopes, abs=1e-4)


def test_newton_finds_what_a_general_optimiser_finds():
    X, time, event = made()
    found = minimize(lambda b: 5 * b @ b - slow_log_likelihood(X, time, event, b), np.zeros(3), method="BFGS")
    assert fit_cox(X, time, event, penalty=10.0) == pytest.approx(found.x, abs=1e-4)


def test_noise_is_shrunk_more_than_signal():
    X, time, event = made(200)
    noise = np.random.default_rng(1).permutation(time)
    assert choose_penalty(X, noise, event, seed=0) > choose_penalty(X, time, event, seed=0)
