"""Log-odds that are linear in the columns: of many rows, in one pass that stays in the processor's cache."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from relapse_model.arrays import Floats
from relapse_model.classifiers.shared.base import RiskClassifier
from relapse_model.errors import RelapseModelError

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

    slope: Floats
    center: Floats
    intercept: float
    impute: Floats

    def of(self, rows: Floats) -> Floats:
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

    def contributions(self, rows: Floats, reference: ArrayLike) -> Floats:
        """Return exact Shapley values against a reference, shape (n, p + 1); a row sums to its log-odds.

        What a column adds when it joins others does not depend on which they are: slope * (value - reference). The
        last column is the log-odds of the reference.

        Parameters
        ----------
        rows : ndarray of shape (n, p)
            NaN is missing.
        reference : array-like of shape (p,)
            NaN is missing here too.

        Raises
        ------
        RelapseModelError
            If the reference does not hold one number per column.

        Examples
        --------
        >>> line = LinearLogOdds(np.array([10.0, 1.0]), np.zeros(2), 3.0, np.array([0.0, 4.0]))
        >>> line.contributions(np.array([[2.0, 5.0], [1.0, np.nan]]), [1.0, 1.0]).tolist()
        [[10.0, 4.0, 14.0], [0.0, 3.0, 14.0]]
        """
        start = np.asarray(reference, dtype=np.float64)
        if start.shape != self.slope.shape or np.isinf(start).any():
            raise RelapseModelError(
                f"reference has shape {start.shape}, {np.isinf(start).sum()} of it infinite; expected one number, or "
                f"NaN, for each of {len(self.slope)} columns."
            )
        start = np.where(np.isnan(start), self.impute, start)
        found = np.empty((len(self.slope) + 1, len(rows)))  # each column in one piece: that is how it is computed
        found[-1] = self.intercept + self.slope @ (start - self.center)
        without = (self.slope * (self.impute - start))[:, None]
        for first in range(0, len(rows), _ROWS_AT_ONCE):
            block = rows[first : first + _ROWS_AT_ONCE].T.copy()
            block -= start[:, None]
            block *= self.slope[:, None]
            np.copyto(block, without, where=np.isnan(block))
            found[:-1, first : first + _ROWS_AT_ONCE] = block
        return found.T


class LinearClassifier(RiskClassifier):
    """A classifier whose log-odds are linear in the columns, where a missing value counts as its column's median."""

    @abstractmethod
    def _line(self) -> LinearLogOdds:
        """Return the fitted log-odds."""

    def predict_log_odds(self, X: ArrayLike) -> Floats:
        rows = self._new_rows(X)
        return self._line().of(rows)

    def linear_contributions(self, X: ArrayLike, reference: ArrayLike) -> Floats:
        """Return exact Shapley values of the log-odds, shape (n, p + 1); the last is the log-odds of the reference.

        The log-odds are linear, so that a column's value is its coefficient times its distance from the reference,
        whatever the other columns are. A row sums to its log-odds.

        Parameters
        ----------
        X : array-like of shape (n, p)
            Predictors; NaN is missing and counts as the median of its column.
        reference : array-like of shape (p,)
            The row that the others are compared with; NaN as in ``X``.

        Raises
        ------
        RelapseModelError
            If the reference does not hold one number per column.
        """
        rows = self._new_rows(X)
        return self._line().contributions(rows, reference)
