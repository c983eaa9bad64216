"""Many ridge regressions at once: each is the optimum that a general optimiser finds, and nothing else changes it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit

from relapse_model.classifiers.penalised import ridge_modes as module
from relapse_model.classifiers.penalised.ridge_modes import ridge_modes
from relapse_model.classifiers.penalised.training_sets import pad_rows, training_sets
from relapse_model.classifiers.shared.newton import NotConvergedError, penalised_logistic

PENALTIES = np.array([0.03, 1.0, 30.0, 1000.0])


def problem(rows=40, seed=0, sizes=(40, 25), weighted=False):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, 3))
    event = (rng.random(rows) < expit(-0.5 + 1.5 * X[:, 0])).astype(float)
    members = [np.sort(rng.permutation(rows)[:size]) for size in sizes]
    weights = [rng.uniform(0.2, 3.0, len(one)) if weighted else np.ones(len(one)) for one in members]
    return training_sets(X, event, pad_rows(members, weights))


def loss(theta, sets, place, penalty):
    """Return the penalised negative log-likelihood of one set, and its gradient."""
    log_odds = theta @ sets.design[place]
    value = sets.weight[place] @ (np.logaddexp(0.0, log_odds) - sets.event[place] * log_odds)
    gradient = sets.design[place] @ (sets.weight[place] * (expit(log_odds) - sets.event[place]))
    gradient[1:] += penalty * theta[1:]
    return value + 0.5 * penalty * theta[1:] @ theta[1:], gradient


def gradients(theta, sets, penalties):
    penalties = np.broadcast_to(penalties, theta.shape[1:])
    return [
        np.abs(loss(theta[:, place, level], sets, place, penalties[place, level])[1]).max()
        for place, level in np.ndindex(*theta.shape[1:])
    ]


@pytest.mark.parametrize("weighted", [False, True])
def test_each_mode_is_that_of_a_general_optimiser(weighted):
    sets = problem(weighted=weighted)
    theta = ridge_modes(sets, PENALTIES)
    assert theta.shape == (4, 2, 4)
    for place, level in np.ndindex(2, 4):
        arguments = (sets, place, PENALTIES[level])
        found = minimize(loss, np.zeros(4), arguments, jac=True, method="BFGS", options={"gtol": 1e-7})
        assert theta[:, place, level] == pytest.approx(found.x, abs=1e-6)


@pytest.mark.parametrize("weighted", [False, True])
def test_the_gradient_is_zero_at_each_mode(weighted):
    sets = problem(weighted=weighted)
    assert max(gradients(ridge_modes(sets, PENALTIES), sets, PENALTIES)) < 1e-9


def test_by_hand_without_columns():
    # 3 events in 10 rows, with or without weights: log(3 / 7); events of weight 2: log(6 / 7)
    event = (np.arange(10) < 3).astype(float)
    rows = pad_rows([np.arange(10)] * 2, [np.ones(10), 1.0 + event])
    theta = ridge_modes(training_sets(np.empty((10, 0)), event, rows), PENALTIES)
    assert theta[0] == pytest.approx(np.log([[3 / 7] * 4, [6 / 7] * 4]), rel=1e-12)


def test_by_hand_with_a_column_of_two_values():
    # -1 and 1, with 2 and 8 events of 10: by symmetry the intercept is 0, and the slope b solves
    # 20 (0.8 - 1 / (1 + exp(-b))) = penalty b. For b = 1 that is a penalty of 20 (0.8 - 0.7310585786300049).
    X = np.repeat([-1.0, 1.0], 10)[:, None]
    event = np.concatenate([np.arange(10) < 2, np.arange(10) < 8]).astype(float)
    sets = training_sets(X, event, pad_rows([np.arange(20)], [np.ones(20)]))
    theta = ridge_modes(sets, np.array([20 * (0.8 - 0.7310585786300049)]))
    assert theta[:, 0, 0] == pytest.approx([0.0, 1.0], abs=1e-12)


def test_modes_agree_with_the_solver_of_the_prior_regressions():
    sets = problem(weighted=True)
    theta = ridge_modes(sets, PENALTIES)
    for place in range(2):
        fits = penalised_logistic(
            sets.design[place, 1:].T, sets.event[place], sets.weight[place],
            np.zeros((4, 3)), np.repeat(PENALTIES[:, None], 3, axis=1),
        )  # fmt: skip
        assert theta[0, place] == pytest.approx(fits.intercept, abs=1e-9)
        assert theta[1:, place] == pytest.approx(fits.coef.T, abs=1e-9)


def test_each_set_may_have_penalties_of_its_own():
    sets = problem()
    own = ridge_modes(sets, np.array([[1.0, 5.0], [2.0, 300.0]]))
    for place, penalties in enumerate(([1.0, 5.0], [2.0, 300.0])):
        shared = ridge_modes(sets, np.array(penalties))
        assert own[:, place] == pytest.approx(shared[:, place], abs=1e-10)


@pytest.mark.parametrize("shape", [(4, 1, 4), (4, 2, 4)])
def test_where_the_search_begins_does_not_matter(shape):
    sets = problem()
    usual = ridge_modes(sets, PENALTIES)
    start = np.random.default_rng(7).normal(scale=20.0, size=shape)
    before = start.copy()
    assert ridge_modes(sets, PENALTIES, start) == pytest.approx(usual, abs=1e-9)
    assert np.array_equal(start, before)


def test_a_set_does_not_care_for_the_sets_beside_it():
    both, first = problem(), problem(sizes=(40,))
    assert ridge_modes(both, PENALTIES)[:, 0] == pytest.approx(ridge_modes(first, PENALTIES)[:, 0], abs=1e-10)


def test_weight_two_is_two_rows():
    rng = np.random.default_rng(3)
    X, event = rng.normal(size=(30, 2)), (np.arange(30) % 3 == 0).astype(float)
    weight = 1.0 + np.arange(30) % 2
    twice = np.arange(30).repeat(weight.astype(int))
    weighted = training_sets(X, event, pad_rows([np.arange(30)], [weight]))
    repeated = training_sets(X, event, pad_rows([twice], [np.ones(45)]))
    assert ridge_modes(weighted, PENALTIES) == pytest.approx(ridge_modes(repeated, PENALTIES), abs=1e-10)


def test_rows_in_blocks_give_the_same_modes(monkeypatch):
    sets = problem()
    whole = ridge_modes(sets, PENALTIES)
    monkeypatch.setattr(module, "CELLS", 28)  # 7 rows at a time of 40
    assert ridge_modes(sets, PENALTIES) == pytest.approx(whole, abs=1e-10)


def test_separated_events_have_a_mode_under_any_ordinary_penalty():
    X = np.linspace(-1, 1, 40)[:, None]
    event = (X[:, 0] > 0).astype(float)
    sets = training_sets(X, event, pad_rows([np.arange(40)], [np.ones(40)]))
    penalties = np.array([1e-6, 1e-3, 1.0])
    theta = ridge_modes(sets, penalties)
    assert max(gradients(theta, sets, penalties)) < 1e-8
    assert theta[1, 0, 0] > theta[1, 0, 1] > theta[1, 0, 2] > 0
    assert theta[0] == pytest.approx(np.zeros((1, 3)), abs=1e-6)  # by symmetry


def test_a_column_without_effect_has_coefficient_zero():
    rng = np.random.default_rng(5)
    X, event = rng.normal(size=(30, 2)), (np.arange(30) % 3 == 0).astype(float)
    X[:, 1] = 4.2
    rows = pad_rows([np.arange(30)], [np.ones(30)])
    theta = ridge_modes(training_sets(X, event, rows), PENALTIES)
    assert not theta[2].any()
    assert theta[:2] == pytest.approx(ridge_modes(training_sets(X[:, :1], event, rows), PENALTIES), abs=1e-12)


def test_equal_columns_share_the_effect():
    # The ridge of two equal columns with penalty L is that of one with L / 2, its coefficient shared.
    rng = np.random.default_rng(6)
    x, event = rng.normal(size=(30, 1)), (np.arange(30) % 3 == 0).astype(float)
    rows = pad_rows([np.arange(30)], [np.ones(30)])
    pair = ridge_modes(training_sets(np.hstack([x, x]), event, rows), PENALTIES)
    one = ridge_modes(training_sets(x, event, rows), PENALTIES / 2)
    assert pair[1] == pytest.approx(one[1] / 2, rel=1e-7)
    assert pair[2] == pytest.approx(one[1] / 2, rel=1e-7)


def test_a_mode_beyond_what_numbers_hold_is_an_error():
    X = np.linspace(-1, 1, 40)[:, None]
    sets = training_sets(X, (X[:, 0] > 0).astype(float), pad_rows([np.arange(40)], [np.ones(40)]))
    with pytest.raises(NotConvergedError, match=r"1 of 2 ridge regressions did not converge.*raise the smallest"):
        ridge_modes(sets, np.array([1e-300, 1.0]))


def test_more_columns_than_rows_give_the_mode_as_well():
    # The gradient of the penalised likelihood vanishes: X'(y - p) = penalty * coefficients, and y - p sums to 0.
    rng = np.random.default_rng(8)
    X, event = rng.normal(size=(30, 70)), (np.arange(30) % 3 == 0).astype(float)
    sets = training_sets(X, event, pad_rows([np.arange(30), np.arange(24)], [np.ones(30), np.ones(24)]))
    penalties = np.array([0.5, 20.0])
    theta = ridge_modes(sets, penalties)
    for place in range(2):
        design, weight = sets.design[place], sets.weight[place]
        for level, penalty in enumerate(penalties):
            residual = weight * (sets.event[place] - expit(theta[:, place, level] @ design))
            gradient = design @ residual
            gradient[1:] -= penalty * theta[1:, place, level]
            np.testing.assert_allclose(gradient, 0.0, atol=1e-8)
    again = ridge_modes(sets, penalties, theta)
    np.testing.assert_allclose(again, theta, atol=1e-9)
