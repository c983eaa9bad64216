"""Prognostic or predictive: whether the effect of a candidate differs between the arms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from relapse_model.arrays import Floats
from relapse_model.development.screening.many_fits import fit_many
from relapse_model.development.screening.multiplicity import max_t
from relapse_model.development.screening.score_test import score_tests, two_sided, with_ones
from relapse_model.trial.biomarkers.estimates import estimates


@dataclass(frozen=True, slots=True, eq=False)
class Interactions:
    """Of each of m candidates: the product with the arm, beside the base, the arm and the candidate itself.

    Attributes
    ----------
    log_odds, error : array, shape (m,)
        The difference between the arms of the effects; with Firth's penalty.
    z : array, shape (m,)
        Score statistic.
    lr_chi2, p : array, shape (m,)
        Likelihood ratio, 1 degree of freedom.
    p_maxt : array, shape (m,)
        Adjusted for the whole family of interactions.
    """

    log_odds: Floats
    error: Floats
    z: Floats
    lr_chi2: Floats
    p: Floats
    p_maxt: Floats


def interactions(
    columns: ArrayLike,
    relapse: ArrayLike,
    base: ArrayLike,
    arm: ArrayLike,
    weight: ArrayLike | None = None,
    offset: ArrayLike | None = None,
    *,
    draws: int = 10_000,
    seed: int = 0,
) -> Interactions:
    """Test for each candidate whether its effect differs between the arms.

    Assumes log-odds linear in the candidate in both arms. Outcomes are drawn from the base with the arm.

    Parameters
    ----------
    columns : array-like of shape (m, n)
    relapse : array-like of shape (n,)
    base : array-like of shape (n, k)
    arm : array-like of shape (n,)
        1 or 0.
    weight, offset : array-like of shape (n,), optional
        As in `score_tests`.
    draws, seed : int
        As in `max_t`.
    """
    x = np.atleast_2d(np.asarray(columns, dtype=float))
    treated, y = np.asarray(arm, dtype=float), np.nan_to_num(np.asarray(relapse, dtype=float))
    w = np.ones(y.size) if weight is None else np.asarray(weight, dtype=float)
    with_arm = _beside_arm(np.asarray(base, dtype=float), treated)
    both = np.broadcast_to(with_arm, (len(x), *with_arm.shape))
    own_base = np.concatenate([both, np.nan_to_num(x)[:, :, None]], axis=2)
    product = x * treated
    tests = score_tests(product, y, own_base, w, offset)
    fitted = estimates(product, y, own_base, w, offset)
    known = None if offset is None else np.asarray(offset, dtype=float)
    risk = fit_many(with_ones(with_arm, y.size), y, w[None], known, firth=True).risk[0]
    largest = max_t(tests.z, tests.influence, risk, draws, seed)
    ratio = likelihood_ratio(fitted.log_likelihood, tests.log_likelihood, tests.naive_variance, tests.variance)
    ratio = np.where(np.isnan(tests.z), np.nan, ratio)
    return Interactions(fitted.log_odds, fitted.error, tests.z, ratio, two_sided(np.sqrt(ratio)), largest.p)


def likelihood_ratio(larger: Floats, smaller: Floats, naive: Floats, variance: Floats) -> Floats:
    """Return the likelihood ratio statistics of 1 degree of freedom; with weights, scaled to the variance they give."""
    scale = np.where(variance > 0, naive / np.where(variance > 0, variance, 1.0), np.nan)
    return np.asarray(np.maximum(2 * (larger - smaller), 0.0) * scale)


def _beside_arm(base: Floats, treated: Floats) -> Floats:
    """Return the base with the arm, unless the arm stands in it already."""
    design = np.column_stack([np.ones(len(base)), base])
    wider = np.column_stack([design, treated])
    return base if np.linalg.matrix_rank(wider) == np.linalg.matrix_rank(design) else np.column_stack([base, treated])
