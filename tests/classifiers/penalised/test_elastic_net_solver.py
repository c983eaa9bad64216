"""The elastic-net solver: the conditions of a maximum, other solvers, weights and hostile columns."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from relapse_model.classifiers.penalised import elastic_net_solver
from relapse_model.classifiers.penalised.elastic_net_solver import elastic_net_logistic
from relapse_model.classifiers.shared.newton import NotConvergedError


def cohort(rows=132, columns=5, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, columns))
    X[:, 1] += X[:, 0]  # two columns that tell much the same
    event = (rng.random(rows) < expit(-1.6 + X[:, 0])).astype(float)
    event[:2] = 0.0, 1.0
    return X, event


def breaches(X, event, weight, l1, l2, theta):
    """Return how far the subgradient conditions of a maximum are missed, the intercept's first."""
    residual = weight * (event - expit(theta[0] + X @ theta[1:]))
    gradient, coef = residual @ X - l2 * theta[1:], theta[1:]
    outside = np.where(coef != 0, np.abs(gradient - l1 * np.sign(coef)), np.maximum(np.abs(gradient) - l1, 0.0))
    return np.append(abs(residual.sum()), outside)


@given(
    seed=st.integers(0, 99),
    rows=st.integers(12, 80),
    columns=st.integers(1, 7),
    share=st.floats(0.05, 0.95),
    penalty=st.floats(0.05, 50.0),
)
@settings(max_examples=60, deadline=None)
def test_the_conditions_of_a_maximum_hold(seed, rows, columns, share, penalty):
    rng = np.random.default_rng(seed)
    X, event = cohort(rows, max(columns, 2), seed)
    X, weight = X[:, :columns], rng.exponential(size=rows)
    theta = elastic_net_logistic(X, event, weight, np.array([share * penalty]), np.array([(1 - share) * penalty]))
    assert breaches(X, event, weight, share * penalty, (1 - share) * penalty, theta[0]).max() < 1e-6


@pytest.mark.parametrize(("share", "penalty"), [(0.1, 2.0), (0.5, 8.0), (0.95, 3.0)])
def test_it_agrees_with_scikit_learn(share, penalty):
    X, event = cohort()
    named = {} if tuple(map(int, sklearn.__version__.split(".")[:2])) >= (1, 8) else {"penalty": "elasticnet"}
    other = LogisticRegression(l1_ratio=share, C=1 / penalty, solver="saga", tol=1e-10, max_iter=50_000, **named)
    other.fit(X, event)
    theta = elastic_net_logistic(X, event, np.ones(132), np.array([share * penalty]), np.array([(1 - share) * penalty]))
    assert theta[0, 0] == pytest.approx(other.intercept_[0], abs=1e-6)
    assert theta[0, 1:] == pytest.approx(other.coef_[0], abs=1e-6)


def test_it_agrees_with_a_smooth_problem_of_twice_the_columns():
    # coef = up - down with both at least 0: the penalty on their sum is that on |coef|, and has a derivative
    X, event = cohort(columns=3)
    weight, l1, l2 = np.linspace(0.5, 2.0, 132), 4.0, 1.5

    def loss(z):
        coef = z[1:4] - z[4:]
        log_odds = z[0] + X @ coef
        residual = weight * (expit(log_odds) - event)
        slope = residual @ X + l2 * coef
        value = weight @ (np.logaddexp(0, log_odds) - event * log_odds) + l1 * z[1:].sum() + l2 / 2 * coef @ coef
        return value, np.concatenate([[residual.sum()], slope + l1, l1 - slope])

    bounds = [(None, None)] + [(0, None)] * 6
    found = minimize(loss, np.zeros(7), jac=True, bounds=bounds, options={"ftol": 1e-15, "gtol": 1e-9}).x
    theta = elastic_net_logistic(X, event, weight, np.array([l1]), np.array([l2]))
    assert theta[0] == pytest.approx(np.append(found[0], found[1:4] - found[4:]), abs=1e-5)


def test_two_rows_per_value_by_hand():
    # x = -1 for 10 rows with 2 events, +1 for 10 rows with 6. Without a penalty the log-odds would be
    # log(1/4) and log(3/2). At intercept a and coefficient b > 0: 2 + 6 = 10 (p + q) and
    # 10 (0.6 - q) - 10 (0.2 - p) = l1 + l2 b. With p + q = 0.8 and q - p = 0.2: p = 0.3, q = 0.5, so that
    # a - b = log(3/7), a + b = 0, b = log(7/3) / 2, and the left side is 4 - 2 = 2 = l1 + l2 b.
    X, event = np.repeat([[-1.0], [1.0]], 10, axis=0), np.repeat([1.0, 0, 1, 0], [2, 8, 6, 4])
    b = np.log(7 / 3) / 2
    theta = elastic_net_logistic(X, event, np.ones(20), np.array([2 - 0.5 * b]), np.array([0.5]))
    assert theta[0] == pytest.approx([-b, b], abs=1e-7)


def test_the_largest_penalty_leaves_no_column_in_and_a_smaller_one_the_strongest():
    X, event = cohort()
    pull = np.abs((event - event.mean()) @ X)
    l1 = pull.max() * np.array([1.0 + 1e-9, 1.0, 0.999])
    theta = elastic_net_logistic(X, event, np.ones(132), l1, np.full(3, 0.3))
    assert not theta[:2, 1:].any()
    assert expit(theta[:2, 0]) == pytest.approx(np.full(2, event.mean()))
    assert np.flatnonzero(theta[2, 1:]).tolist() == [pull.argmax()]


def test_whole_weights_are_repeated_rows():
    X, event = cohort()
    weight = np.arange(132) % 4
    l1, l2 = np.array([0.5, 3.0, 9.0]), np.array([2.0, 0.1, 1.0])
    weighted = elastic_net_logistic(X, event, weight.astype(float), l1, l2)
    repeated = elastic_net_logistic(X.repeat(weight, axis=0), event.repeat(weight), np.ones(weight.sum()), l1, l2)
    assert weighted == pytest.approx(repeated, abs=1e-7)


def test_problems_solved_together_are_solved_alone(monkeypatch):
    X, event = cohort()
    weight = np.random.default_rng(1).exponential(size=(5, 132))
    l1, l2 = np.array([0.1, 1.0, 3.0, 9.0, 1.0]), np.array([0.1, 1.0, 0.2, 3.0, 1.0])
    together = elastic_net_logistic(X, event, weight, l1, l2)
    alone = [elastic_net_logistic(X, event, weight[[b]], l1[[b]], l2[[b]])[0] for b in range(5)]
    assert together == pytest.approx(np.array(alone), abs=1e-6)
    monkeypatch.setattr(elastic_net_solver, "_BLOCK_NUMBERS", 2 * 132)  # two problems at a time
    assert elastic_net_logistic(X, event, weight, l1, l2) == pytest.approx(together, abs=1e-6)


def test_equal_columns_share_the_effect_and_a_constant_one_has_none():
    X, event = cohort(columns=2)
    X = np.column_stack([X[:, 0], X[:, 0], np.zeros(132)])
    theta = elastic_net_logistic(X, event, np.ones(132), np.array([1.0]), np.array([1.0]))[0]
    assert theta[1] == pytest.approx(theta[2], abs=1e-7)
    assert theta[1] > 0.1
    assert theta[3] == 0.0


def test_turned_columns_turn_their_coefficients():
    X, event = cohort()
    penalty = np.array([2.0]), np.array([0.5])
    here = elastic_net_logistic(X, event, np.ones(132), *penalty)[0]
    there = elastic_net_logistic(-X[:, ::-1], event, np.ones(132), *penalty)[0]
    other = elastic_net_logistic(X, 1.0 - event, np.ones(132), *penalty)[0]
    assert np.append(there[0], -there[:0:-1]) == pytest.approx(here, abs=1e-7)
    assert -other == pytest.approx(here, abs=1e-7)


def test_separated_rows_have_finite_coefficients():
    x = np.linspace(-1, 1, 40)[:, None]
    event = (x[:, 0] > 0).astype(float)
    theta = elastic_net_logistic(x, event, np.ones(40), np.array([0.01]), np.array([0.001]))[0]
    assert breaches(x, event, np.ones(40), 0.01, 0.001, theta).max() < 1e-6
    assert 10.0 < theta[1] < 100.0


def test_more_columns_than_rows_are_no_obstacle():
    rng = np.random.default_rng(0)
    X, event = rng.normal(size=(30, 80)), np.repeat([1.0, 0.0], [6, 24])
    theta = elastic_net_logistic(X, event, np.ones(30), np.array([0.3]), np.array([0.05]))[0]
    assert breaches(X, event, np.ones(30), 0.3, 0.05, theta).max() < 1e-6
    assert 0 < np.count_nonzero(theta[1:]) <= 30


def test_what_does_not_converge_is_named(monkeypatch):
    monkeypatch.setattr(elastic_net_solver, "_MOST_STEPS", 1)
    X, event = cohort()
    with pytest.raises(NotConvergedError, match=r"1 of 2 elastic nets did not converge in 1 steps.*larger penalties"):
        elastic_net_logistic(X, event, np.ones(132), np.array([0.1, 1e3]), np.array([0.1, 0.1]))
