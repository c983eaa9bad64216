"""Mixtures of posteriors, their components by the columns that they use, and new rows as they meet them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from relapse_model.arrays import Floats, Mask, Positions
from relapse_model.classifiers.prior.terms import Term, term_columns


@dataclass(frozen=True, slots=True)
class LogisticMixture:
    """B Gaussian posteriors of one logistic regression, and what a new row needs to meet them.

    Attributes
    ----------
    coef : ndarray of shape (B, q)
        Posterior mean coefficients, log-odds per unit of the column: the p predictors, then the terms, then
        the indicators. Exactly 0 where a component leaves the column out.
    intercept : ndarray of shape (B,)
        Log-odds at ``center`` (not at 0).
    covariance : ndarray of shape (B, q + 1, q + 1)
        Of (intercept at ``center``, coefficients).
    weight : ndarray of shape (B,)
        Posterior weights of the components; they sum to 1.
    impute, center, scale : ndarray of shape (q,)
        Training median (for missing values), mean and standard deviation of each column.
    terms : tuple of Term
        Computed from the predictors.
    indicators : tuple of int
        Predictors of which it counts whether they are missing.
    """

    coef: Floats
    intercept: Floats
    covariance: Floats
    weight: Floats
    impute: Floats
    center: Floats
    scale: Floats
    terms: tuple[Term, ...] = ()
    indicators: tuple[int, ...] = ()

    @property
    def columns(self) -> int:
        """Return the number of predictors."""
        return len(self.scale) - len(self.terms) - len(self.indicators)


def expand_columns(X: Floats, terms: tuple[Term, ...], indicators: tuple[int, ...]) -> Floats:
    """Return the predictors, the terms and the indicators (1 where the predictor is missing), side by side."""
    return np.column_stack([X, term_columns(X, terms), np.isnan(X[:, list(indicators)]).astype(np.float64)])


@dataclass(frozen=True, slots=True)
class Form:
    """Components that use the same columns, and what makes moments of them.

    Attributes
    ----------
    members : slice or array of int
        Of the components.
    used : array of int
        Columns.
    coef : ndarray of shape (1 + used, members)
        The intercept first.
    first, second : array of int
        Pairs of (intercept, used columns), each once.
    covariance : ndarray of shape (pairs, members)
        Twice where a pair stands for two.
    squared : ndarray of shape (used, members)
        E[coef ** 2].
    """

    members: slice | Positions
    used: Positions
    coef: Floats
    first: Positions
    second: Positions
    covariance: Floats
    squared: Floats


def forms(mixture: LogisticMixture) -> list[Form]:
    """Return the components by the columns that they use: what is 0 in all of them needs no product."""
    touched = (mixture.coef != 0) | (mixture.covariance[:, 1:] != 0).any(axis=2)
    by_pattern: dict[bytes, list[int]] = {}
    for component, row in enumerate(touched):
        by_pattern.setdefault(row.tobytes(), []).append(component)
    return [_form(mixture, np.array(members), np.flatnonzero(touched[members[0]])) for members in by_pattern.values()]


def _form(mixture: LogisticMixture, members: Positions, used: Positions) -> Form:
    in_a_row = members[-1] - members[0] + 1 == len(members)
    chosen = slice(members[0], members[-1] + 1) if in_a_row else members
    first, second = np.triu_indices(len(used) + 1)
    at = np.append(0, 1 + used)
    covariance = mixture.covariance[chosen][:, at[first], at[second]]
    coef = mixture.coef[chosen][:, used]
    squared = coef**2 + covariance[:, first == second][:, 1:]
    from_intercept = np.column_stack([mixture.intercept[chosen], coef])
    return Form(
        chosen, used, from_intercept.T, first, second, (covariance * np.where(first == second, 1.0, 2.0)).T, squared.T
    )  # fmt: skip


def design_of(mixture: LogisticMixture, X: Floats) -> tuple[Floats, Mask]:
    """Return ones and the columns less their centers, and what is missing: each column in one piece."""
    columns, terms = X.shape[1], len(mixture.terms)
    design = np.ones((1 + len(mixture.scale), len(X)))
    values, predictors = design[1:], design[1 : 1 + columns]  # products run along the rows
    predictors[:] = X.T
    values[columns : columns + terms] = term_columns(predictors.T, mixture.terms).T
    missing = np.isnan(values)
    values[columns + terms :] = missing[list(mixture.indicators)]
    for column in np.flatnonzero(missing.any(axis=1)):
        values[column, missing[column]] = mixture.impute[column]
    values -= mixture.center[:, None]
    return design, missing
