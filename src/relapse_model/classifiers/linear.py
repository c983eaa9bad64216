"""Log-odds that are linear in the columns: of many rows, in one pass that stays in the processor's cache."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from relapse_model.shapley import linear_shapley_values

FloatArray = NDArray[np.float64]
_ROWS_AT_ONCE = 8192


@dataclass(frozen=True, slots=True, eq=False)
class LinearLogOdds:
    """The function ``intercept + slope @ (row - center)``, where a missing value counts as `impute`.

    Attributes
    ----------
    slope, center, impute : ndarray of shape (p,)
        Per unit of the column.
    intercept : float
        Log-odds at `center`.
    """

    slope: FloatArray
    center: FloatArray
    intercept: float
    impute: FloatArray

    def of(self, rows: FloatArray) -> FloatArray:
        """Return the log-odds of each row.

        Parameters
        ----------
        rows : ndarray of shape (n, p)
            NaN is missing.

        Examples
        --------
        >>> line = LinearLogOdds(np.array([10.0, 1.0]), np.array([0.0, 1.0]), 3.0, np.array([0.0, 4.0]))
        >>> line.of(np.array([[2.0, 5.0], [1.0, np.nan]])).tolist()
        [27.0, 16.0]
        """
        found = np.empty(len(rows))
        at_impute = self.slope * (self.impute - self.center)
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            block = rows[start : start + _ROWS_AT_ONCE]
            distance = block - self.center  # before the product, so that no digits of a large column are lost
            log_odds = distance @ self.slope
            lacking = np.flatnonzero(np.isnan(log_odds))
            if len(lacking):
                parts = distance[lacking] * self.slope
                log_odds[lacking] = np.where(np.isnan(parts), at_impute, parts).sum(axis=1)
            found[start : start + _ROWS_AT_ONCE] = log_odds
        found += self.intercept
        return found

    def contributions(self, rows: FloatArray, reference: ArrayLike) -> FloatArray:
        """Return exact Shapley values, shape (n, p + 1), as `linear_shapley_values` does.

        Parameters
        ----------
        rows : ndarray of shape (n, p)
        reference : array-like of shape (p,)
        """
        return linear_shapley_values(
            rows, reference, slope=self.slope, center=self.center, intercept=self.intercept, impute=self.impute
        )
