"""Many elastic-net logistic regressions at once: proximal Newton steps, coordinate descent inside."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from relapse_model.arrays import Floats
from relapse_model.classifiers.shared.newton import NotConvergedError

_TOLERANCE = 1e-8  # largest gradient left, in standard errors of its coefficient
_SLACK = 1e-12  # relative rounding error allowed when a step must not lower the objective
_MOST_STEPS, _MOST_ROUNDS, _SWEEPS = 100, 1000, 3
_LEAST_CURVATURE = 1e-12  # of a constant column: its coefficient is held at 0 by the penalty
_BLOCK_NUMBERS = 2_000_000  # numbers per array (16 MB): more problems are solved in turn


@dataclass(frozen=True, slots=True)
class _Problems:
    """What is maximised; arrays of shape (B, q) hold the intercept first, which bears no penalty."""

    design: Floats  # (n, q)
    event: Floats  # (n,)
    weight: Floats  # (B, n)
    l1: Floats  # (B, q)
    l2: Floats  # (B, q)


@dataclass(frozen=True, slots=True)
class _State:
    """The objective, the gradient of its smooth part, and each row's curvature, per problem."""

    value: Floats  # (B,)
    gradient: Floats  # (B, q)
    curvature: Floats  # (B, n)


def elastic_net_logistic(X: Floats, event: Floats, weight: Floats, l1: Floats, l2: Floats) -> Floats:
    """Maximise log-likelihood - l1 * sum(|coef|) - l2 / 2 * sum(coef ** 2), the intercept being free.

    Assumes complete columns of about one scale, and both classes among the rows of positive weight.

    Parameters
    ----------
    X : ndarray of shape (n, p)
        Predictors without an intercept column, standardised.
    event : ndarray of shape (n,)
        1 for an event, 0 for none.
    weight : ndarray of shape (n,) or (B, n)
        Row weights, shared or per problem.
    l1, l2 : ndarray of shape (B,)
        Penalties of each problem, above 0.

    Returns
    -------
    ndarray of shape (B, p + 1)
        Intercept and coefficients; those left out are exactly 0.

    Raises
    ------
    NotConvergedError
        If a gradient does not vanish.

    Notes
    -----
    Proximal Newton steps (Lee, Sun and Saunders, SIAM J Optim 24 (2014) 1420-1443) on the quadratic model of
    Friedman, Hastie and Tibshirani, J Stat Softw 33 (2010) 1. From an L1 penalty of sum((event - mean) * x) on,
    the coefficient is zero:

    >>> X, event = np.array([[-1.0], [-1.0], [1.0], [1.0]]), np.array([0.0, 0.0, 0.0, 1.0])
    >>> elastic_net_logistic(X, event, np.ones(4), np.array([1.0, 0.9]), np.array([0.1, 0.1]))[:, 1].round(3).tolist()
    [0.0, 0.118]
    """
    weight = np.broadcast_to(weight, (len(l1), len(event)))
    design = np.column_stack([np.ones(len(event)), X])
    free = np.append(0.0, np.ones(X.shape[1]))
    size = max(1, _BLOCK_NUMBERS // len(event))
    blocks = [slice(start, start + size) for start in range(0, len(l1), size)]
    problems = (
        _Problems(design, event, weight[block], np.outer(l1[block], free), np.outer(l2[block], free))
        for block in blocks
    )
    return np.concatenate([_maximise(each) for each in problems])


def _maximise(problems: _Problems) -> Floats:
    theta = np.zeros_like(problems.l1)
    theta[:, 0] = np.log(problems.weight @ problems.event) - np.log(problems.weight @ (1.0 - problems.event))
    state, length = _evaluate(problems, theta), np.ones(len(theta))
    for _ in range(_MOST_STEPS):
        hessian = _hessian(problems, state)
        active = _remaining(theta, state.gradient, hessian, problems.l1) > _TOLERANCE
        if not active.any():
            return theta
        linear = state.gradient + _product(hessian, theta)
        step = _model_minimum(hessian, linear, problems.l1, theta) - theta
        trial = theta + np.where(active, length, 0.0)[:, None] * step
        new = _evaluate(problems, trial)
        taken = active & (new.value >= state.value - _SLACK * (1.0 + np.abs(state.value)))
        theta, state = np.where(taken[:, None], trial, theta), _choose(taken, new, state)
        length = np.where(taken, 1.0, length / 2.0)
    raise NotConvergedError(
        f"{int(active.sum())} of {active.size} elastic nets did not converge in {_MOST_STEPS} steps. Expected "
        "columns that differ from each other: leave out those that repeat another one, or ask for larger penalties."
    )


def _evaluate(problems: _Problems, theta: Floats) -> _State:
    weight, event = problems.weight, problems.event
    log_odds = theta @ problems.design.T
    tail = np.exp(-np.abs(log_odds))  # never overflows
    risk = np.where(log_odds >= 0, 1.0, tail) / (1.0 + tail)
    likelihood = (weight * (event * log_odds - np.maximum(log_odds, 0.0) - np.log1p(tail))).sum(axis=1)
    penalty = (problems.l1 * np.abs(theta) + 0.5 * problems.l2 * theta**2).sum(axis=1)
    gradient = (weight * (event - risk)) @ problems.design - problems.l2 * theta
    return _State(likelihood - penalty, gradient, weight * tail / (1.0 + tail) ** 2)


def _hessian(problems: _Problems, state: _State) -> Floats:
    """Return the negative Hessians of the smooth part, (B, q, q); their diagonals are above 0."""
    design = problems.design
    hessian = np.stack([(design.T * curvature) @ design for curvature in state.curvature])
    return hessian + np.maximum(problems.l2, _LEAST_CURVATURE)[:, :, None] * np.eye(design.shape[1])


def _choose(taken: NDArray[np.bool_], new: _State, old: _State) -> _State:
    return _State(
        np.where(taken, new.value, old.value),
        np.where(taken[:, None], new.gradient, old.gradient),
        np.where(taken[:, None], new.curvature, old.curvature),
    )


def _remaining(theta: Floats, gradient: Floats, hessian: Floats, l1: Floats) -> Floats:
    """Return the largest breach of the conditions of a maximum, in standard errors, shape (B,)."""
    kept = np.abs(gradient - l1 * np.sign(theta))
    breach = np.where(theta != 0, kept, np.maximum(np.abs(gradient) - l1, 0.0))
    largest: Floats = (breach / np.sqrt(np.diagonal(hessian, axis1=1, axis2=2))).max(axis=1)
    return largest


def _model_minimum(hessian: Floats, linear: Floats, l1: Floats, start: Floats) -> Floats:
    """Minimise t' H t / 2 - linear' t + l1' |t|: sweeps find which coefficients are not zero, a solve their values."""
    found, unit = start, np.eye(l1.shape[1])
    for _ in range(_MOST_ROUNDS):
        found = _sweep(hessian, linear, l1, found)
        kept = (found != 0) | (l1 == 0)
        both = kept[:, :, None] & kept[:, None, :]
        target = np.where(kept, linear - l1 * np.sign(found), 0.0)
        exact = np.linalg.solve(np.where(both, hessian, unit), target[:, :, None])[:, :, 0]
        slope = np.abs(linear - _product(hessian, exact))
        sound = np.where(kept, (l1 == 0) | (exact * found > 0), slope <= l1 * (1.0 + _SLACK)).all(axis=1)
        found = np.where(np.expand_dims(sound, 1), exact, found)
        if sound.all():
            break
    return found  # after the last round still a step in the right direction


def _sweep(hessian: Floats, linear: Floats, l1: Floats, start: Floats) -> Floats:
    """Improve one coefficient after the other, a few times over."""
    found, size = start.copy(), np.diagonal(hessian, axis1=1, axis2=2)
    product = _product(hessian, found)
    for j in list(range(found.shape[1])) * _SWEEPS:
        pull = linear[:, j] - product[:, j] + size[:, j] * found[:, j]
        new = np.sign(pull) * np.maximum(np.abs(pull) - l1[:, j], 0.0) / size[:, j]
        product += hessian[:, :, j] * (new - found[:, j])[:, None]
        found[:, j] = new
    return found


def _product(matrices: Floats, vectors: Floats) -> Floats:
    """Return each matrix times its vector."""
    product: Floats = np.matmul(matrices, vectors[:, :, None])[:, :, 0]
    return product
