"""What is stated of a model beforehand, as arrays: non-linear terms and Gaussian priors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from relapse_model.arrays import Floats
from relapse_model.errors import RelapseModelError

SHAPES = ("value", "saturating", "cap", "below", "at_least", "minus")


@dataclass(frozen=True, slots=True)
class Factor:
    """One column, transformed.

    Attributes
    ----------
    column : int
        Of the predictors.
    shape : {"value", "saturating", "cap", "below", "at_least", "minus"}
        The column itself; x / (x + at); min(x, at); 1 where x < at; 1 where x >= at; the column less that of at.
    at : float
        In the unit of x.
    log10 : bool
        Whether the column holds log10 of x; the shape is applied to x.
    """

    column: int
    shape: str = "value"
    at: float = 1.0
    log10: bool = False


@dataclass(frozen=True, slots=True)
class Term:
    """A product of factors, and what is known of its coefficient.

    Attributes
    ----------
    factors : tuple of Factor
    replaces : tuple of int
        Columns that stand for the same effect, linear: they are left out where the term is used.
    prior_mean, prior_sd : float
        Gaussian prior of the coefficient, log-odds per unit of the term; an sd of NaN: nothing is known.
    forms : tuple of int
        The forms of the model in which it stands, numbered from 0; each is all terms that name it.
    """

    factors: tuple[Factor, ...]
    replaces: tuple[int, ...] = ()
    prior_mean: float = 0.0
    prior_sd: float = float("nan")
    forms: tuple[int, ...] = (0,)


@dataclass(frozen=True, slots=True)
class PriorGrid:
    """Gaussian priors of the coefficients, one row per prior, per unit of the columns.

    Attributes
    ----------
    mean, sd : ndarray of shape (G, q)
    """

    mean: Floats
    sd: Floats


def term_columns(X: Floats, terms: tuple[Term, ...]) -> Floats:
    """Return the columns of the terms; NaN where one of their factors is missing.

    Parameters
    ----------
    X : ndarray of shape (n, p)
        Predictors; NaN is missing.
    terms : tuple of Term

    Returns
    -------
    ndarray of shape (n, number of terms)

    Examples
    --------
    Half of the effect at 100 mIU/mL, the column being a logarithm; and weeks that count up to 24:

    >>> terms = (Term((Factor(0, "saturating", 100.0, log10=True),)), Term((Factor(1, "cap", 24.0),)))
    >>> term_columns(np.array([[2.0, 10.0], [3.0, 30.0]]), terms).round(3).tolist()
    [[0.5, 10.0], [0.909, 24.0]]
    """
    columns = [np.prod([_shaped(X[:, f.column], f) for f in term.factors], axis=0) for term in terms]
    return np.column_stack(columns) if columns else np.empty((len(X), 0))


def form_count(terms: tuple[Term, ...]) -> int:
    """Return the number of forms over which a model is averaged: the linear one, and those of the terms.

    Examples
    --------
    >>> form_count(()), form_count((Term((Factor(0),), forms=(0, 1)), Term((Factor(1),), forms=(1,))))
    (1, 3)
    """
    return 1 + max((form + 1 for term in terms for form in term.forms), default=0)


def form_weights(forms: int) -> Floats:
    """Return the weight of each form before the data: the linear one has half, the others share the rest.

    Examples
    --------
    >>> form_weights(1).tolist(), form_weights(3).tolist()
    ([1.0], [0.5, 0.25, 0.25])
    """
    return np.ones(1) if forms == 1 else np.append(0.5, np.full(forms - 1, 0.5 / (forms - 1)))


def check_terms(terms: tuple[Term, ...], columns: int) -> None:
    """Refuse terms that do not fit the columns.

    Raises
    ------
    RelapseModelError
        Naming the term, counted from 0.
    """
    for position, term in enumerate(terms):
        used = [factor.column for factor in term.factors] + list(term.replaces)
        known = all(factor.shape in SHAPES and np.isfinite(factor.at) for factor in term.factors)
        positive = all(factor.at > 0 for factor in term.factors if factor.shape == "saturating")
        prior = np.isfinite(term.prior_mean) and (np.isnan(term.prior_sd) or 0 < term.prior_sd < np.inf)
        if not (term.factors and all(0 <= column < columns for column in used) and known and positive and prior):
            raise RelapseModelError(
                f"terms, {position} (counted from 0): expected one or more factors of columns 0 to {columns - 1}, each "
                f"of a shape in {SHAPES}, with finite numbers and a positive prior sd or NaN; {term} came."
            )
    named = {form for term in terms for form in term.forms}
    if not all(term.forms for term in terms) or named != set(range(len(named))):
        raise RelapseModelError(
            f"terms: their forms are {[term.forms for term in terms]!r}; expected one or more for each term, numbered "
            "from 0 without a gap."
        )


def check_previous(previous: tuple[PriorGrid, ...], columns: int, forms: int) -> None:
    """Refuse posteriors of other columns, with spreads that are none, or of which a form has none.

    Raises
    ------
    RelapseModelError
    """
    if previous and len(previous) != max(2, forms):  # of a model without terms the second is not used
        raise RelapseModelError(
            f"previous has {len(previous)} posteriors; expected one for each of {max(2, forms)} forms."
        )
    for one in previous:
        usable = np.isnan(one.sd) | ((one.sd > 0) & (one.sd < np.inf) & np.isfinite(one.mean))
        if one.mean.shape != (1, columns) or one.sd.shape != (1, columns) or not usable.all():
            raise RelapseModelError(
                f"previous has shapes {one.mean.shape} and {one.sd.shape}; expected means and standard deviations "
                f"of shape (1, {columns}), of predictors and terms: positive, or NaN where nothing is known."
            )


def _shaped(column: Floats, factor: Factor) -> Floats:
    at = factor.at
    if factor.shape == "value":
        return column
    if factor.shape == "saturating":
        # x / (x + at) as a sigmoid of the logarithm, which overflows nowhere.
        x = column * np.log(10.0) if factor.log10 else np.log(np.maximum(column, 1e-300))
        return np.asarray(1.0 / (1.0 + np.exp(np.minimum(np.log(at) - x, 700.0))))
    # Compared on the column's own scale, so that 10 is not missed by a rounding error of 10 ** 1.
    limit = np.log10(at) if factor.log10 and at > 0 else at
    if factor.shape == "cap":
        return np.asarray(np.minimum(column, limit))
    if factor.shape == "minus":
        return np.asarray(column - limit)
    inside = column < limit if factor.shape == "below" else column >= limit
    return np.where(np.isnan(column), np.nan, inside.astype(np.float64))
