"""Does one model order the patients better than another: the paired bootstrap, with censoring weights."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from relapse_model.arrays import Floats, generator
from relapse_model.validation.discrimination import AucComparison, auc
from relapse_model.validation.estimate import check_predictions, refuse_other_order, require_both_outcomes
from relapse_model.validation.resampling import bootstrap_interval, multiplicities, resampled_auc

_CELLS_AT_ONCE = 1_000_000  # entries of a block of resamples: bounds memory


def compare_auc_bootstrap(
    relapse: ArrayLike,
    risk_a: ArrayLike,
    risk_b: ArrayLike,
    weight: ArrayLike | None = None,
    resamples: int = 2000,
    seed: int | np.random.Generator = 0,
    level: float = 0.95,
) -> AucComparison:
    """Compare the AUCs of two models in the same patients by resampling them together.

    Assumes independent patients, one row each, weights that are known, and models that were fixed before.
    Patients with and without a relapse are drawn apart, and both models are judged in the same resamples.
    A resample in which the same patient stands for all relapses (or for all others) is degenerate: left out
    and counted in the method. Without censoring `compare_auc_delong` does the same without chance.

    Parameters
    ----------
    relapse : array-like of shape (n,)
        1 or 0; NaN where the weight is 0.
    risk_a, risk_b : array-like of shape (n,)
        Risks, or scores that grow with them, by the two models.
    weight : array-like of shape (n,), optional
        Such as censoring weights; each patient has the same one in every resample.
    resamples : int
        Bootstrap resamples.
    seed : int or numpy.random.Generator
        Same seed, same answer.
    level : float
        Confidence level.

    Returns
    -------
    AucComparison
        With the percentile interval of the difference. The p-value is twice the share of resamples on the
        rarer side of 0, those at 0 counted on both sides, and never below ``2 / (resamples + 1)``.

    Raises
    ------
    InsufficientDataError
        If there are fewer than two patients with, or two without a relapse, or too few usable resamples.
    RelapseModelError
        If the arrays do not fit each other.

    Notes
    -----
    Davison and Hinkley 1997, Bootstrap Methods and their Application, sections 4.4 and 5.3.

    Examples
    --------
    >>> first, second = [0.1, 0.4, 0.3, 0.9, 0.2, 0.5], [0.2, 0.5, 0.4, 0.6, 0.3, 0.5]
    >>> result = compare_auc_bootstrap([0, 0, 1, 1, 0, 1], first, second)
    >>> round(result.difference.value, 3)
    0.056
    """
    refuse_other_order(relapse, risk_a, risk_b, weight)
    y, first, w = check_predictions(relapse, risk_a, weight, probability=False)
    _, second, _ = check_predictions(relapse, risk_b, weight, probability=False)
    require_both_outcomes(y, "Bootstrap of two AUCs", at_least=2)
    rng = generator(seed)
    block = max(1, _CELLS_AT_ONCE // y.size)
    sizes = [min(block, resamples - start) for start in range(0, resamples, block)]
    drawn = [_differences(y == 1, np.stack([first, second]), w, size, rng) for size in sizes]
    values = np.concatenate(drawn or [np.empty(0)])
    found = auc(y, first, w) - auc(y, second, w)
    estimate = bootstrap_interval(found, values, level, "paired stratified percentile bootstrap")
    return AucComparison(estimate, _p_value(values[np.isfinite(values)]))


def _differences(
    relapsed: np.ndarray[tuple[int], np.dtype[np.bool_]],
    scores: Floats,
    weight: Floats,
    resamples: int,
    rng: np.random.Generator,
) -> Floats:
    """Return the difference of the two AUCs in each resample."""
    events = weight[relapsed] * multiplicities(int(relapsed.sum()), resamples, rng)
    free = weight[~relapsed] * multiplicities(int((~relapsed).sum()), resamples, rng)
    values = []
    for score in scores:
        order = np.argsort(score[~relapsed], kind="stable")
        values.append(resampled_auc(score[relapsed], score[~relapsed][order], events, free[:, order]))
    difference: Floats = values[0] - values[1]
    # Two sums in different orders: an equal AUC may leave 1e-16.
    return np.where(np.abs(difference) < 1e-12, 0.0, difference)


def _p_value(differences: Floats) -> float:
    rarer = min(int((differences <= 0).sum()), int((differences >= 0).sum()))
    return min(1.0, 2 * (rarer + 1) / (differences.size + 1))
