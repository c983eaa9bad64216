"""Ridge logistic regressions of many training sets and penalties at once: few Newton steps, large products."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from relapse_model.arrays import Floats
from relapse_model.classifiers.penalised.training_sets import TrainingSets
from relapse_model.classifiers.shared.newton import NotConvergedError

_TOLERANCE = 1e-10  # distance from the mode, in posterior standard errors
_MOST_STEPS = 200
_FULL_STEP = 1.5  # a Newton step that changes no log-odds by more is taken whole
CELLS = 64_000  # rows times penalties worked on at once: their arrays stay in the processor's cache


def ridge_modes(sets: TrainingSets, penalties: Floats, start: Floats | None = None) -> Floats:
    """Maximise the penalised likelihood of every training set under every penalty.

    The intercept is not penalised. Each set needs both classes; penalties are positive, so that a mode exists.

    Parameters
    ----------
    sets : TrainingSets
        S sets of standardised columns.
    penalties : ndarray of shape (L,) or (S, L)
        Of half the squared coefficients; 1 / C in scikit-learn.
    start : ndarray of shape (p + 1, 1, L) or (p + 1, S, L), optional
        Where to begin; by default at the log-odds of the events, without effects.

    Returns
    -------
    ndarray of shape (p + 1, S, L)
        Intercept and coefficients, on the standardised columns.

    Raises
    ------
    NotConvergedError
        If Newton's method did not reach a mode, which then lies beyond what numbers can hold.

    Notes
    -----
    Where a Newton step d changes no log-odds by more than r, the curvature along it changes by at most the factor
    exp(r t) (Bach, Electronic Journal of Statistics 4 (2010) 384-414). Hence the step log(1 + r) / r can only raise the
    likelihood, and so does the whole step up to r = 1.79, after which r |d| / 2 bounds, to first order, the distance
    left, |d| being its length in standard errors. No likelihood need be computed.
    """
    if sets.design.shape[1] - 1 > sets.design.shape[2]:
        return _modes_of_wide_sets(sets, penalties, start)
    size, count = sets.design.shape[1], len(sets.design)
    levels = np.arange(penalties.shape[-1])
    precision = np.broadcast_to(penalties, (count, len(levels)))
    theta = np.empty((size, count, len(levels)))
    theta[...] = _no_effects(sets) if start is None else start
    pairs = _pairs(sets.design) if len(list(_blocks(sets, len(levels)))) == 1 else None
    for _ in range(_MOST_STEPS):
        here = theta[:, :, levels]
        gradient, curvature = _derivatives(sets, pairs, here, precision[:, levels])
        step = _solve(curvature, gradient)
        reach = _reach(sets, step)
        whole = reach <= _FULL_STEP
        theta[:, :, levels] = here + np.where(whole, 1.0, np.log1p(reach) / np.maximum(reach, _FULL_STEP)) * step
        length = np.sqrt(np.abs((step * gradient).sum(axis=0)))
        far = ~(whole & (reach * length <= _TOLERANCE))
        levels = levels[far.any(axis=0)]
        if not len(levels):
            return theta
    raise NotConvergedError(
        f"{int(far.sum())} of {count * penalties.shape[-1]} ridge regressions did not converge in {_MOST_STEPS} steps. "
        "Expected penalties that can hold separated data; raise the smallest."
    )


def _modes_of_wide_sets(sets: TrainingSets, penalties: Floats, start: Floats | None) -> Floats:
    """Solve for more columns than rows: at a mode the coefficients are combinations of the rows, which are fewer."""
    basis = np.linalg.qr(sets.design[:, 1:])[0]  # (S, p, rows)
    across = basis.transpose(0, 2, 1)
    turned = np.concatenate([sets.design[:, :1], across @ sets.design[:, 1:]], axis=1)
    if start is not None:
        begin = np.broadcast_to(start, (start.shape[0], len(basis), start.shape[2]))
        start = np.concatenate([begin[:1], (across @ begin[1:].transpose(1, 0, 2)).transpose(1, 0, 2)])
    theta = ridge_modes(replace(sets, design=turned), penalties, start)
    return np.concatenate([theta[:1], (basis @ theta[1:].transpose(1, 0, 2)).transpose(1, 0, 2)])


def _no_effects(sets: TrainingSets) -> Floats:
    events, total = (sets.event * sets.weight).sum(axis=1), sets.weight.sum(axis=1)
    theta = np.zeros((sets.design.shape[1], len(events), 1))
    theta[0, :, 0] = np.log(events / (total - events))
    return theta


def _blocks(sets: TrainingSets, levels: int) -> Iterator[slice]:
    rows = sets.weight.shape[1]
    length = max(CELLS // levels, 1)
    length = rows if rows <= 2 * length else length
    for begin in range(0, rows, length):
        yield slice(begin, begin + length)


def _pairs(design: Floats) -> Floats:
    """Return the products of every two columns, (S, pairs, rows), in the order of an upper triangle."""
    size = design.shape[1]
    found = np.empty((len(design), size * (size + 1) // 2, design.shape[2]))
    for first, begin, end in _triangle(size):
        np.multiply(design[:, first, None], design[:, first:], out=found[:, begin:end])
    return found


def _triangle(size: int) -> Iterator[tuple[int, int, int]]:
    """Yield each row of an upper triangle, and where it begins and ends when the rows are stored one by one."""
    begin = 0
    for row in range(size):
        yield row, begin, begin + size - row
        begin += size - row


def _derivatives(sets: TrainingSets, pairs: Floats | None, theta: Floats, precision: Floats) -> tuple[Floats, Floats]:
    """Return the gradient, (p + 1, S, L), and the upper triangle of the negative Hessian, (pairs, S, L)."""
    size, count, levels = theta.shape
    gradient = np.zeros(theta.shape)
    curvature = np.zeros((size * (size + 1) // 2, count, levels))
    for rows in _blocks(sets, levels):
        design, weight = sets.design[:, :, rows], sets.weight[:, None, rows]
        risk = theta.transpose(1, 2, 0) @ design
        with np.errstate(over="ignore"):  # a risk of 0
            np.exp(np.negative(risk, out=risk), out=risk)
        np.reciprocal(np.add(risk, 1.0, out=risk), out=risk)
        spread = np.subtract(1.0, risk)
        spread *= risk
        spread *= weight
        curvature += _by_column(_pairs(design) if pairs is None else pairs[:, :, rows], spread)
        residual = np.subtract(sets.event[:, None, rows], risk, out=risk)
        residual *= weight
        gradient += _by_column(design, residual)
    gradient[1:] -= precision * theta[1:]
    for row, begin, _ in _triangle(size):
        if row:
            curvature[begin] += precision
    return gradient, curvature


def _by_column(columns: Floats, values: Floats) -> Floats:
    """Return sums over rows of columns times values: (S, columns, m) and (S, L, m) give (columns, S, L)."""
    found = np.empty((columns.shape[1], len(columns), values.shape[1]))
    np.matmul(columns, values.transpose(0, 2, 1), out=found.transpose(1, 0, 2))
    return found


def _reach(sets: TrainingSets, step: Floats) -> Floats:
    """Return by how much each step changes the log-odds of some row at most, (S, L)."""
    by_problem = step.transpose(1, 2, 0)
    found = [np.abs(by_problem @ sets.design[:, :, rows]).max(axis=2) for rows in _blocks(sets, step.shape[2])]
    return np.asarray(np.max(found, axis=0))


def _solve(triangle: Floats, right: Floats) -> Floats:
    """Solve symmetric positive definite systems, all at once, by elimination; ``triangle`` is overwritten.

    Elimination along the whole batch is several times faster here than one call of LAPACK for each small system.
    """
    rows = [triangle[begin:end] for _, begin, end in _triangle(len(right))]
    found = right.copy()
    for k, row in enumerate(rows[:-1]):
        factor = row[1:] / row[0]
        for j in range(len(factor)):
            rows[k + 1 + j] -= factor[j] * row[1 + j :]
        found[k + 1 :] -= factor * found[k]
    for k in range(len(rows) - 1, -1, -1):
        found[k] -= (rows[k][1:] * found[k + 1 :]).sum(axis=0)
        found[k] /= rows[k][0]
    return found
