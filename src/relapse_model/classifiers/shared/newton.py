"""Many Gaussian-prior logistic regressions at once: one Newton solver, one product for all Hessians."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from relapse_model.arrays import Floats
from relapse_model.classifiers.shared.columns import standard_scale
from relapse_model.errors import InsufficientDataError, RelapseModelError

_TOLERANCE = 1e-10  # length of the last Newton step, in posterior standard errors
_ROUNDING = 1e-7  # a step this short that does not get shorter is one of rounding: of very large weights
_MAX_EVALUATIONS = 100
_SLACK = 1e-12  # relative rounding error allowed when a step must not lower the objective
_BLOCK_NUMBERS = 1_000_000  # numbers per row block (8 MB); rows beyond that are walked in blocks
_UNIDENTIFIED = 1e3  # standard error, in log-odds per standard deviation, that no data set can mean


class NotConvergedError(RelapseModelError):
    """The posterior of a logistic regression has no finite mode, or Newton's method did not reach it."""


@dataclass(frozen=True, slots=True)
class LogisticFits:
    """Posterior modes of B logistic regressions, with their Laplace approximation.

    Attributes
    ----------
    coef : ndarray of shape (B, p)
        Log-odds per unit of each column.
    intercept : ndarray of shape (B,)
        Log-odds where every column is 0.
    covariance : ndarray of shape (B, p + 1, p + 1)
        Of (intercept, coefficients): the inverse of the negative Hessian at the mode.
    log_likelihood : ndarray of shape (B,)
        At the mode.
    log_evidence : ndarray of shape (B,)
        Laplace approximation of the log marginal likelihood. The intercept's prior has density 1
        everywhere, so only differences between problems on the same rows mean anything.
    iterations : ndarray of shape (B,)
        Newton steps taken.
    """

    coef: Floats
    intercept: Floats
    covariance: Floats
    log_likelihood: Floats
    log_evidence: Floats
    iterations: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Problems:
    """What is maximised; columns centred and scaled, the first one is the intercept's."""

    design: Floats  # (n, q)
    event: Floats  # (n,)
    weight: Floats  # (n,) or (B, n)
    mean: Floats  # (B, q)
    precision: Floats  # (B, q), 0 for a free intercept
    offset: Floats  # (n,) or (B, n)
    rows_per_block: int

    def blocks(self) -> Iterator[slice]:
        for start in range(0, len(self.event), self.rows_per_block):
            yield slice(start, start + self.rows_per_block)


@dataclass(frozen=True, slots=True)
class _State:
    """The log posterior (up to its constant), its gradient and the negative Hessian, per problem."""

    likelihood: Floats
    value: Floats
    gradient: Floats
    hessian: Floats


def penalised_logistic(
    X: ArrayLike,
    y: ArrayLike,
    weight: ArrayLike,
    prior_mean: ArrayLike,
    prior_precision: ArrayLike,
    offset: ArrayLike | None = None,
    intercept_prior: tuple[ArrayLike, ArrayLike] | None = None,
) -> LogisticFits:
    """Fit B logistic regressions with independent Gaussian priors on the coefficients, all at once.

    Assumes independent rows and complete columns. The intercept is free (flat prior) unless it is given a prior, and no
    ridge is added anywhere: the mode is finite as soon as both classes are present and every precision is positive.
    A precision of 0 leaves that coefficient free too; if the data then cannot hold it, that is an error.

    Parameters
    ----------
    X : array-like of shape (n, p)
        Predictors without an intercept column, in any units: columns are centred and scaled inside.
    y : array-like of shape (n,)
        1 for an event, 0 for none.
    weight : array-like of shape (n,) or (B, n)
        Weight of each row in the log-likelihood (2 counts as two rows, 0 as none), shared or per problem.
    prior_mean : array-like of shape (B, p)
        Prior means of the coefficients, log-odds per unit of the column.
    prior_precision : array-like of shape (B, p)
        1 / (prior standard deviation) ** 2, per unit of the column.
    offset : array-like of shape (n,) or (B, n), optional
        Known part of the log-odds of each row, to which intercept and coefficients add; 0 by default.
    intercept_prior : tuple of two array-like of shape (B,), optional
        Prior mean and precision of the log-odds where every column has its weighted mean. All precisions positive, or
        evidences of problems with and without a prior could not be compared.

    Returns
    -------
    LogisticFits
        Coefficients, covariances and evidences, per unit of the columns.

    Raises
    ------
    InsufficientDataError
        If a problem has no event, or no row without one.
    NotConvergedError
        If a free coefficient is not identified (separation, collinear or constant columns), or the
        gradient does not vanish.
    RelapseModelError
        If shapes disagree or a number is not finite.

    Notes
    -----
    Laplace's approximation: MacKay, Neural Computation 4 (1992) 720-736. The step is halved, per problem,
    until the log posterior does not fall. Without predictors the intercept is the log-odds of the events:

    >>> fits = penalised_logistic([[1.0], [1.0], [1.0], [1.0]], [1, 0, 0, 0], [1, 1, 1, 1], [[0.5]], [[4.0]])
    >>> round(float(fits.intercept[0] + fits.coef[0, 0]), 6)  # log(1 / 3), the column being constant
    -1.098612
    """
    X, y, weight, mean, precision = _check(X, y, weight, prior_mean, prior_precision)
    known = _check_offset(offset, weight, len(mean))
    centre, scale = standard_scale(X, weight.sum(axis=0) if weight.ndim == 2 else weight)
    level = _check_level(intercept_prior, len(mean))
    problems = _standardise(X, y, weight, mean, precision, known, centre, scale, level)
    theta, state, iterations = _maximise(problems)
    covariance = _invert(problems, state)
    back = _to_units(centre, scale)
    return LogisticFits(
        coef=theta[:, 1:] / scale,
        intercept=theta @ back[0],
        covariance=_symmetric(back @ covariance @ back.T),
        log_likelihood=state.likelihood,
        log_evidence=_laplace(problems, state),
        iterations=iterations,
    )


def _check(
    X: ArrayLike, y: ArrayLike, weight: ArrayLike, mean: ArrayLike, precision: ArrayLike
) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    X, y, weight = (np.asarray(values, dtype=np.float64) for values in (X, y, weight))
    mean, precision = (np.asarray(values, dtype=np.float64) for values in (mean, precision))
    batch = mean.shape[0] if mean.ndim == 2 else 0
    expected = {
        "X": (len(y), mean.shape[-1]),
        "prior_precision": mean.shape,
        "prior_mean": (batch, X.shape[-1]),
    }
    came = {"X": X.shape, "prior_precision": precision.shape, "prior_mean": mean.shape}
    if came != expected or weight.shape not in ((len(y),), (batch, len(y))):
        raise RelapseModelError(
            f"Shapes disagree: X {X.shape}, y {y.shape}, weight {weight.shape}, prior_mean {mean.shape}, "
            f"prior_precision {precision.shape}; expected (n, p), (n,), (n,) or (B, n), (B, p), (B, p)."
        )
    for name, values in (("X", X), ("weight", weight), ("prior_mean", mean), ("prior_precision", precision)):
        if not np.isfinite(values).all():
            raise RelapseModelError(f"{name} holds values that are not finite; expected finite numbers only.")
    if (weight < 0).any() or (precision < 0).any() or not np.isin(y, (0.0, 1.0)).all():
        raise RelapseModelError("Expected y of 0 and 1, and weights and precisions of 0 or more.")
    _check_classes(y, weight)
    return X, y, weight, mean, precision


def _check_offset(offset: ArrayLike | None, weight: Floats, batch: int) -> Floats:
    rows = weight.shape[-1]
    if offset is None:
        return np.zeros(rows)
    known = np.asarray(offset, dtype=np.float64)
    if known.shape not in ((rows,), (batch, rows)) or not np.isfinite(known).all():
        raise RelapseModelError(
            f"offset has shape {known.shape}, or values that are not finite; expected finite log-odds, one per row, "
            f"({rows},), or one per problem and row, ({batch}, {rows})."
        )
    return known


def _check_level(prior: tuple[ArrayLike, ArrayLike] | None, batch: int) -> Floats:
    """Return prior mean and precision of the intercept of each problem, shape (2, B); zeros where it is free."""
    if prior is None:
        return np.zeros((2, batch))
    level = np.array([np.broadcast_to(np.asarray(values, dtype=np.float64), (batch,)) for values in prior])
    if not np.isfinite(level).all() or not (level[1] > 0).all():
        raise RelapseModelError("intercept_prior: expected finite means and positive precisions, one for each problem.")
    return level


def _check_classes(event: Floats, weight: Floats) -> None:
    events = np.atleast_1d(weight @ event)
    others = np.atleast_1d(weight @ (1.0 - event))
    alone = (events <= 0) | (others <= 0)
    if alone.any():
        raise InsufficientDataError(
            f"{int(alone.sum())} of {alone.size} fits have rows of one class only: a risk cannot be learned. "
            "Expected at least one event and one row without, each with a positive weight."
        )


def _standardise(
    X: Floats,
    y: Floats,
    weight: Floats,
    mean: Floats,
    precision: Floats,
    offset: Floats,
    centre: Floats,
    scale: Floats,
    level: Floats,
) -> _Problems:
    design = np.column_stack([np.ones(len(y)), (X - centre) / scale])
    pairs = design.shape[1] * (design.shape[1] + 1) // 2
    return _Problems(
        design=design,
        event=y,
        weight=weight,
        mean=np.column_stack([level[0], mean * scale]),
        precision=np.column_stack([level[1], precision / scale**2]),
        offset=offset,
        rows_per_block=max(1, _BLOCK_NUMBERS // (pairs + 6 * len(mean))),
    )


def _to_units(centre: Floats, scale: Floats) -> Floats:
    back = np.diag(np.concatenate([[1.0], 1.0 / scale]))
    back[0, 1:] = -centre / scale
    return back


def _pairs(design: Floats) -> Floats:
    first, second = np.triu_indices(design.shape[1])
    return design[:, first] * design[:, second]


def _evaluate(problems: _Problems, theta: Floats, pairs: Floats | None) -> _State:
    count, size = theta.shape
    distance = theta - problems.mean
    likelihood = np.zeros(count)
    gradient = -problems.precision * distance
    curvature = np.zeros((count, size * (size + 1) // 2))
    for rows in problems.blocks():
        design, event, weight = problems.design[rows], problems.event[rows], problems.weight[..., rows]
        eta = theta @ design.T + problems.offset[..., rows]
        tail = np.exp(-np.abs(eta))  # never overflows
        risk = np.where(eta >= 0, 1.0, tail) / (1.0 + tail)
        likelihood += (weight * (event * eta - np.maximum(eta, 0.0) - np.log1p(tail))).sum(axis=1)
        gradient += (weight * (event - risk)) @ design
        curvature += (weight * tail / (1.0 + tail) ** 2) @ (_pairs(design) if pairs is None else pairs)
    penalty = 0.5 * (problems.precision * distance**2).sum(axis=1)
    hessian = _fill(curvature, size) + problems.precision[:, :, None] * np.eye(size)
    return _State(likelihood, likelihood - penalty, gradient, hessian)


def _fill(upper: Floats, size: int) -> Floats:
    first, second = np.triu_indices(size)
    full = np.empty((len(upper), size, size))
    full[:, first, second] = upper
    full[:, second, first] = upper
    return full


def _maximise(problems: _Problems) -> tuple[Floats, _State, NDArray[np.int64]]:
    pairs = _pairs(problems.design) if len(problems.event) <= problems.rows_per_block else None
    theta = _start(problems)
    state = _evaluate(problems, theta, pairs)
    length = np.ones(len(theta))
    iterations = np.zeros(len(theta), dtype=np.int64)
    before = np.full(len(theta), np.inf)
    for _ in range(_MAX_EVALUATIONS):
        step, remaining = _newton_step(state)
        active = (remaining > _TOLERANCE) & ~((remaining < _ROUNDING) & (remaining > before / 2.0))
        before = remaining
        if not active.any():
            return theta, state, iterations
        trial = theta + np.where(active, length, 0.0)[:, None] * step
        new = _evaluate(problems, trial, pairs)
        taken = active & (new.value >= state.value - _SLACK * (1.0 + np.abs(state.value)))
        theta, state = np.where(taken[:, None], trial, theta), _choose(taken, new, state)
        length = np.where(taken, 1.0, length / 2.0)
        iterations += taken
    raise NotConvergedError(
        f"{int(active.sum())} of {active.size} logistic regressions did not converge in {_MAX_EVALUATIONS} "
        "evaluations. Expected a positive prior precision for every column, and prior means within reach of "
        "the data; check the units of the prior."
    )


def _start(problems: _Problems) -> Floats:
    events = problems.weight @ problems.event
    theta = np.zeros_like(problems.mean)
    theta[:, 0] = np.log(events / (problems.weight.sum(axis=-1) - events))
    theta[:, 0] -= (problems.weight * problems.offset).sum(axis=-1) / problems.weight.sum(axis=-1)
    return theta


def _newton_step(state: _State) -> tuple[Floats, Floats]:
    try:
        step = np.linalg.solve(state.hessian, state.gradient[:, :, None])[:, :, 0].astype(np.float64)
    except np.linalg.LinAlgError as error:
        raise _not_identified() from error
    return step, np.sqrt(np.abs((step * state.gradient).sum(axis=1)))


def _choose(taken: NDArray[np.bool_], new: _State, old: _State) -> _State:
    return _State(
        np.where(taken, new.likelihood, old.likelihood),
        np.where(taken, new.value, old.value),
        np.where(taken[:, None], new.gradient, old.gradient),
        np.where(taken[:, None, None], new.hessian, old.hessian),
    )


def _invert(problems: _Problems, state: _State) -> Floats:
    covariance = _symmetric(np.linalg.inv(state.hessian).astype(np.float64))
    variance = np.diagonal(covariance, axis1=1, axis2=2)[:, 1:]
    # In a separated column the likelihood flattens out: Newton stops, but the standard error explodes.
    if (variance[problems.precision[:, 1:] == 0] > _UNIDENTIFIED**2).any():
        raise _not_identified()
    return covariance


def _not_identified() -> NotConvergedError:
    return NotConvergedError(
        "A coefficient without a prior is not identified: its column is constant, collinear with others, or "
        "separates events from the rest. Give every column a positive prior precision."
    )


def _symmetric(matrices: Floats) -> Floats:
    return np.ascontiguousarray(0.5 * (matrices + np.swapaxes(matrices, 1, 2)))


def _laplace(problems: _Problems, state: _State) -> Floats:
    held = problems.precision > 0
    log_precision = np.log(problems.precision, out=np.zeros_like(problems.precision), where=held)
    free = (~held).sum(axis=1)  # flat directions keep their factor sqrt(2 pi) of the Gaussian integral
    log_determinant = np.linalg.slogdet(state.hessian)[1]
    evidence: Floats = state.value + 0.5 * (log_precision.sum(axis=1) + free * np.log(2.0 * np.pi) - log_determinant)
    return evidence
