"""What training rows say of their columns: a typical value, a centre and a spread, with row weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from relapse_model.arrays import Floats, Mask

_NO_SPREAD = 1e-30  # a range below this is rounding, not measurement


@dataclass(frozen=True, slots=True)
class ColumnSummary:
    """Weighted median, mean and standard deviation of each column, over its known values.

    Attributes
    ----------
    impute : ndarray of shape (p,)
        Median: what stands in for a missing value. Of an empty column (see `empty_columns`) 0, as is the mean.
    center : ndarray of shape (p,)
        Mean.
    scale : ndarray of shape (p,)
        Standard deviation (divisor n); 1 where the column is constant or empty.
    """

    impute: Floats
    center: Floats
    scale: Floats


def summarise_columns(X: ArrayLike, weight: ArrayLike) -> ColumnSummary:
    """Summarise each column over its known values, assuming that gaps tell nothing (missing at random).

    A column without any value is not an error: most hospitals do not measure everything. Filled with its `impute` it is
    constant, so that nothing is learned from it.

    Parameters
    ----------
    X : array-like of shape (n, p)
        Predictors; NaN is missing.
    weight : array-like of shape (n,)
        Positive row weights; 2 counts as two rows.

    Returns
    -------
    ColumnSummary
        One value per column of each.

    Examples
    --------
    >>> summary = summarise_columns([[1.0], [2.0], [9.0], [float("nan")]], [1, 1, 2, 5])
    >>> float(summary.impute[0]), float(summary.center[0])
    (5.5, 5.25)
    """
    X, weight = np.asarray(X, dtype=np.float64), np.asarray(weight, dtype=np.float64)
    known = ~np.isnan(X)
    impute, center, scale = np.zeros(X.shape[1]), np.zeros(X.shape[1]), np.ones(X.shape[1])
    for j in np.flatnonzero(known.any(axis=0)):
        values, weights = X[known[:, j], j], weight[known[:, j]]
        impute[j] = weighted_median(values, weights)
        center[[j]], scale[[j]] = standard_scale(values[:, None], weights)
    return ColumnSummary(impute, center, scale)


def empty_columns(X: Floats) -> Mask:
    """Tell which columns have no value in any row, shape (p,)."""
    return np.asarray(np.isnan(X).all(axis=0))


def weighted_median(values: Floats, weight: Floats) -> float:
    """Return the median of values of which each counts ``weight`` times (positive weights).

    Where exactly half of the weight lies below, it is the middle of the two neighbours, as in an
    unweighted median.
    """
    order = np.argsort(values, kind="stable")
    below = np.cumsum(weight[order])
    half = 0.5 * below[-1]
    rounding = 1e-12 * below[-1]
    lower = values[order[np.searchsorted(below, half - rounding, side="left")]]
    upper = values[order[np.searchsorted(below, half + rounding, side="right")]]
    return float(0.5 * lower + 0.5 * upper)


def standard_scale(X: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Return weighted means and standard deviations (divisor n) of complete columns.

    A constant column has itself as mean and 1 as standard deviation. Rows of weight 0 do not count.
    """
    rows = X[weight > 0]
    share = weight[weight > 0] / weight.sum()
    constant = constant_columns(rows)
    mean = np.where(constant, rows.min(axis=0), share @ rows)
    sd = np.sqrt(share @ (rows - mean) ** 2)
    return mean, np.where(constant, 1.0, sd)


def constant_columns(X: Floats) -> Mask:
    """Tell which columns have one known value or none, but for rounding, shape (p,).

    Parameters
    ----------
    X : ndarray of shape (n, p)
        At least one row; NaN is missing.
    """
    lowest, highest = np.fmin.reduce(X, axis=0), np.fmax.reduce(X, axis=0)
    rounding = 8 * np.finfo(np.float64).eps * np.maximum(np.abs(lowest), np.abs(highest))
    return np.asarray(~(highest - lowest > np.maximum(rounding, _NO_SPREAD)))


def fill_missing(X: Floats, impute: Floats) -> Floats:
    """Return ``X`` with each missing value replaced by its column's ``impute``."""
    return np.where(np.isnan(X), impute, X)
