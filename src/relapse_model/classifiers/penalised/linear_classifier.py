"""What classifiers whose log-odds are linear in the columns have in common."""

from __future__ import annotations

from abc import abstractmethod

from numpy.typing import ArrayLike

from relapse_model.arrays import Floats
from relapse_model.classifiers.penalised.linear import LinearLogOdds
from relapse_model.classifiers.shared.base import RiskClassifier


class LinearClassifier(RiskClassifier):
    """A classifier whose log-odds are linear in the columns, where a missing value counts as its column's median."""

    @abstractmethod
    def _line(self) -> LinearLogOdds:
        """Return the fitted log-odds."""

    def predict_log_odds(self, X: ArrayLike) -> Floats:
        """Return the log-odds of the event, shape (n,)."""
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
