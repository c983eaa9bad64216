"""The columns of a regression with priors: what the rows say of each, and what stands where they say nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from relapse_model.arrays import Floats, Mask
from relapse_model.classifiers.prior.effect_steps import HALF, effect_steps
from relapse_model.classifiers.prior.mixture_forms import expand_columns
from relapse_model.classifiers.prior.per_unit import prior_per_unit
from relapse_model.classifiers.prior.terms import Term
from relapse_model.classifiers.shared.columns import empty_columns, fill_missing
from relapse_model.classifiers.shared.round_columns import preferred_numbers, round_columns
from relapse_model.errors import RelapseModelError

_NO_SCATTER = 1e-9  # of an empty column: where everybody lacked it, lacking it makes a risk no less certain


@dataclass(frozen=True, slots=True)
class PriorColumns:
    """The expanded columns (predictors, terms, indicators), and the Gaussian prior of each, per unit.

    Attributes
    ----------
    distance : ndarray of shape (n, q)
        Training rows, completed and centred.
    impute, center, scale : ndarray of shape (q,)
        Round numbers near weighted median, mean and standard deviation. Of a column without any value the first two are
        its typical value, and the scale is next to nothing.
    step : ndarray of shape (q,)
        What counts as a standard deviation in a prior, a round number too; infinite where nobody knows it.
    mean, sd : ndarray of shape (q,)
        The published prior at strength 1 and width 1.
    used : ndarray of bool of shape (q,)
        False for a column that is left out: no row has a value, and its prior has nothing to stand on (no typical value
        to count from, or no standard deviation to which it refers).
    """

    distance: Floats
    impute: Floats
    center: Floats
    scale: Floats
    step: Floats
    mean: Floats
    sd: Floats
    used: Mask


def prior_columns(
    X: Floats,
    weight: Floats,
    terms: tuple[Term, ...],
    marked: tuple[int, ...],
    typical: ArrayLike | None,
    prior: tuple[ArrayLike | None, ArrayLike | None, ArrayLike | None],
    default_sd: float,
) -> PriorColumns:
    """Summarise the training columns and bring their priors to one scale.

    Assumes that the typical value of a column without any value is that of the training patients, whom nobody tested:
    the effect of another value counts from there, and the prior is all that is known of it.

    Indicators of missing values share one small effect: whoever lacks all of them is moved no more than by one.

    Parameters
    ----------
    X : ndarray of shape (n, p)
        Predictors; NaN is missing.
    weight : ndarray of shape (n,)
    terms : tuple of Term
    marked : tuple of int
        Predictors with an indicator.
    typical : array-like of shape (p,) or None
        Typical value of each predictor; NaN or None where none is known.
    prior : tuple of array-like or None
        Mean, sd and whether they are per standard deviation, of each predictor.
    default_sd : float

    Returns
    -------
    PriorColumns

    Raises
    ------
    RelapseModelError
        If typical values are not such, or a prior does not fit the columns.

    Examples
    --------
    Nobody has the second predictor; it counts from 3, and by its prior:

    >>> X = np.column_stack([np.arange(6.0), np.full(6, np.nan)])
    >>> found = prior_columns(X, np.ones(6), (), (), [None, 3.0], ([0.0, 0.2], [None, 0.3], None), 0.15)
    >>> found.center.tolist(), found.sd.round(3).tolist(), found.used.tolist()
    ([2.4, 3.0], [0.094, 0.3], [True, True])
    """
    expanded = expand_columns(X, terms, marked)
    summary, empty = round_columns(expanded, weight), empty_columns(expanded)
    usual = expand_columns(_typical(typical, X.shape[1])[None], terms, marked)[0]  # indicators are never empty
    step = preferred_numbers(effect_steps(expanded, summary.scale))
    mean, sd = _priors(prior, terms, len(marked), default_sd, step)
    used = ~(np.isnan(sd) | (empty & np.isnan(usual)))
    placed = np.where(used, usual, 0.0)
    impute, center = np.where(empty, placed, summary.impute), np.where(empty, placed, summary.center)
    return PriorColumns(
        distance=fill_missing(expanded, impute) - center,
        impute=impute,
        center=center,
        scale=np.where(empty, _NO_SCATTER, summary.scale),
        step=np.where(np.isnan(step), np.inf, step),
        mean=np.where(used, mean, 0.0),
        sd=np.where(used, sd, default_sd),
        used=used,
    )


def _typical(values: ArrayLike | None, columns: int) -> Floats:
    found = np.full(columns, np.nan) if values is None else np.array(values, dtype=np.float64)  # None becomes NaN
    if found.shape != (columns,) or np.isinf(found).any():
        raise RelapseModelError(
            f"typical is {values!r}; expected one finite value per column, ({columns},), or NaN where none is known."
        )
    return found


def _priors(
    prior: tuple[ArrayLike | None, ArrayLike | None, ArrayLike | None],
    terms: tuple[Term, ...],
    marked: int,
    default_sd: float,
    step: Floats,
) -> tuple[Floats, Floats]:
    predictors = len(step) - len(terms) - marked
    own = prior_per_unit(*prior, default_sd, step[:predictors])
    shared = default_sd / HALF / np.sqrt(max(marked, 1))
    mean = [term.prior_mean for term in terms] + [0.0] * marked
    sd = [term.prior_sd for term in terms] + [shared] * marked
    rest = prior_per_unit(mean, sd, None, default_sd, step[predictors:])
    return np.concatenate([own[0], rest[0]]), np.concatenate([own[1], rest[1]])
