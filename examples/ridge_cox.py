"""Ridge Cox regression in a few lines: Breslow's partial likelihood, Newton steps, penalty by cross-validation."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from relapse_model.features.development_data import DevelopmentData

Floats = NDArray[np.float64]
PENALTIES = np.logspace(0, 3, 7)  # 1 is a prior standard deviation of 1 log hazard ratio per standard deviation


def cox_parts(X: Floats, time: Floats, event: Floats, coef: Floats) -> tuple[float, Floats, Floats]:
    """Return the log partial likelihood (ties by Breslow), its gradient and its negative second derivative."""
    order = np.argsort(-time, kind="stable")
    X, event, late = X[order], event[order] == 1, -time[order]
    score = X @ coef
    hazard = np.exp(score)
    last = np.searchsorted(late, late, side="right") - 1  # those at risk: all rows up to the last of equal time
    s0 = np.cumsum(hazard)[last][event]
    s1 = np.cumsum(hazard[:, None] * X, axis=0)[last][event]
    s2 = np.cumsum(hazard[:, None, None] * X[:, :, None] * X[:, None, :], axis=0)[last][event]
    mean = s1 / s0[:, None]
    information = (s2 / s0[:, None, None]).sum(axis=0) - mean.T @ mean
    return float((score[event] - np.log(s0)).sum()), (X[event] - mean).sum(axis=0), information


def fit_cox(X: Floats, time: Floats, event: Floats, penalty: float) -> Floats:
    """Return the coefficients that maximise the log partial likelihood less ``penalty / 2 * coef @ coef``."""
    coef = np.zeros(X.shape[1])
    for _ in range(50):
        value, gradient, information = cox_parts(X, time, event, coef)
        value -= 0.5 * penalty * coef @ coef
        gradient = gradient - penalty * coef
        step = np.linalg.solve(information + penalty * np.eye(len(coef)), gradient)
        if gradient @ step < 1e-10:
            return coef
        while _penalised(X, time, event, coef + step, penalty) < value:  # a Newton step may go too far
            step /= 2
        coef = coef + step
    raise ArithmeticError("the Cox regression did not converge in 50 Newton steps")


def choose_penalty(X: Floats, time: Floats, event: Floats, seed: int) -> float:
    """Return the penalty with the best cross-validated log partial likelihood (Verweij and van Houwelingen 1993)."""
    total = np.zeros(len(PENALTIES))
    for train in _training_folds(len(time), seed):
        for position, penalty in enumerate(PENALTIES):
            coef = fit_cox(X[train], time[train], event[train], penalty)
            everyone, _, _ = cox_parts(X, time, event, coef)
            total[position] += everyone - cox_parts(X[train], time[train], event[train], coef)[0]
    return float(PENALTIES[total.argmax()])


def ridge_cox(train: DevelopmentData, new: Floats, seed: int) -> Floats:
    """Score new rows: medians for gaps, scaling, penalty and coefficients, all learned from the training patients."""
    median = np.nanmedian(train.matrix, axis=0)
    filled, rows = (np.where(np.isnan(X), median, X) for X in (train.matrix, new))
    centre, scale = filled.mean(axis=0), filled.std(axis=0)
    X, rows = (filled - centre) / scale, (rows - centre) / scale
    penalty = choose_penalty(X, train.time, train.event, seed)
    return np.asarray(rows @ fit_cox(X, train.time, train.event, penalty))


def _penalised(X: Floats, time: Floats, event: Floats, coef: Floats, penalty: float) -> float:
    return cox_parts(X, time, event, coef)[0] - 0.5 * penalty * float(coef @ coef)


def _training_folds(patients: int, seed: int, folds: int = 5) -> Iterator[NDArray[np.bool_]]:
    fold = np.random.default_rng(seed).permutation(patients) % folds
    for held in range(folds):
        yield fold != held
