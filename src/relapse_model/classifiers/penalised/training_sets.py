"""Many training sets cut from one table, each prepared by itself: medians for gaps, centred and scaled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from relapse_model.arrays import Floats, Positions


@dataclass(frozen=True, slots=True)
class PaddedRows:
    """Rows of S sets, all brought to the length of the longest.

    Attributes
    ----------
    row : ndarray of shape (S, m)
        Positions in the table; where a set is shorter, its first row again.
    weight : ndarray of shape (S, m)
        Weight of each row; 0 for the padding.
    """

    row: Positions
    weight: Floats


@dataclass(frozen=True, slots=True)
class TrainingSets:
    """What S training sets say of their columns, and their rows as a regression sees them.

    Attributes
    ----------
    impute, center : ndarray of shape (S, p)
        Median of the known values (0 without any; unweighted), then the weighted mean of the completed column.
    scale : ndarray of shape (S, p)
        Weighted standard deviation (divisor n); infinite where the column is constant, so that it has no effect.
    design : ndarray of shape (S, p + 1, m)
        A row of ones for the intercept, then the standardised columns.
    event, weight : ndarray of shape (S, m)
        Outcome and weight of each row; weight 0 for the padding.
    """

    impute: Floats
    center: Floats
    scale: Floats
    design: Floats
    event: Floats
    weight: Floats

    def standardise(self, X: Floats, row: Positions) -> Floats:
        """Return rows of the table as each set prepares them, (S, p + 1, k), from positions of shape (S, k)."""
        values = _complete(X, row, self.impute)
        values -= self.center[:, :, None]
        values /= self.scale[:, :, None]
        return _with_ones(values)


def pad_rows(rows: Sequence[Positions], weights: Sequence[Floats]) -> PaddedRows:
    """Bring sets of rows, none of them empty, to one length.

    Examples
    --------
    >>> padded = pad_rows([np.array([4, 7]), np.array([5])], [np.ones(2), np.ones(1)])
    >>> padded.row.tolist(), padded.weight.tolist()
    ([[4, 7], [5, 5]], [[1.0, 1.0], [1.0, 0.0]])
    """
    longest = max(len(members) for members in rows)
    row = np.empty((len(rows), longest), dtype=np.intp)
    weight = np.zeros(row.shape)
    for place, (members, shares) in enumerate(zip(rows, weights, strict=True)):
        row[place] = members[0]
        row[place, : len(members)] = members
        weight[place, : len(members)] = shares
    return PaddedRows(row, weight)


def training_sets(X: Floats, event: Floats, rows: PaddedRows) -> TrainingSets:
    """Prepare each set as scikit-learn's SimpleImputer (median) and StandardScaler would, had they only its rows.

    Parameters
    ----------
    X : ndarray of shape (n, p)
        Predictors; NaN is missing.
    event : ndarray of shape (n,)
        1 for an event, 0 for none.
    rows : PaddedRows
        The sets.
    """
    impute = _medians(X, rows)
    values = _complete(X, rows.row, impute)
    share = (rows.weight / rows.weight.sum(axis=1, keepdims=True))[:, :, None]
    center = (values @ share)[:, :, 0]
    values -= center[:, :, None]
    variance = (np.square(values) @ share)[:, :, 0]
    scale = np.where(_constant(variance, center, rows.weight), np.inf, np.sqrt(variance))
    values /= scale[:, :, None]
    return TrainingSets(impute, center, scale, _with_ones(values), event[rows.row], rows.weight)


def _medians(X: Floats, rows: PaddedRows) -> Floats:
    """Return the median of the known values of each column with gaps; 0 for columns without, which need none."""
    found = np.zeros((len(rows.row), X.shape[1]))
    for column in np.flatnonzero(np.isnan(X).any(axis=0)):
        values = np.sort(np.where(rows.weight > 0, X[rows.row, column], np.nan), axis=1)  # NaN comes last
        known = (~np.isnan(values)).sum(axis=1)
        middle = np.stack([np.maximum(known - 1, 0) // 2, known // 2], axis=1)
        median = np.take_along_axis(values, np.minimum(middle, values.shape[1] - 1), axis=1).mean(axis=1)
        found[:, column] = np.where(known > 0, median, 0.0)
    return found


def _complete(X: Floats, row: Positions, impute: Floats) -> Floats:
    """Return rows of the table with the gaps filled, columns before rows: (S, p, k)."""
    values = np.ascontiguousarray(X.T[:, row].transpose(1, 0, 2))
    gap = np.isnan(values)
    if gap.any():
        values = np.where(gap, impute[:, :, None], values)
    return values


def _with_ones(values: Floats) -> Floats:
    design = np.empty((values.shape[0], values.shape[1] + 1, values.shape[2]))
    design[:, 0] = 1.0
    design[:, 1:] = values
    return design


def _constant(variance: Floats, mean: Floats, weight: Floats) -> NDArray[np.bool_]:
    """Tell which columns vary by no more than rounding does, by scikit-learn's bound.

    Rounding of two-pass variances: Chan, Golub and LeVeque, The American Statistician 37 (1983) 242-247.
    """
    rounding = weight.sum(axis=1, keepdims=True) * np.finfo(np.float64).eps
    constant: NDArray[np.bool_] = variance <= rounding * variance + (rounding * mean) ** 2
    return constant
