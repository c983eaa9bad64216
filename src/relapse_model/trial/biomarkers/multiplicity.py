"""How sure a finding is after looking at many: the largest statistic under the null, and false discovery rates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from relapse_model.arrays import Floats
from relapse_model.errors import RelapseModelError

_AT_ONCE = 4_000_000  # numbers held in memory
_ALIKE = 1e-9  # statistics that differ by less are equal: the same column twice, summed in another order


@dataclass(frozen=True, slots=True, eq=False)
class MaxT:
    """Family-wise error by the largest statistic (Westfall and Young 1993), single step.

    Attributes
    ----------
    p : array, shape (m,)
        Adjusted for having looked at all m: the share of draws whose largest statistic is as large.
    p_own : array, shape (m,)
        Not adjusted, by the same draws.
    critical : float
        The value that the largest statistic passes in 5 % of the draws; for simultaneous intervals.
    draws : int
    """

    p: Floats
    p_own: Floats
    critical: float
    draws: int


def max_t(
    z: ArrayLike, influence: ArrayLike, risk: ArrayLike, draws: int = 10_000, seed: int = 0, level: float = 0.95
) -> MaxT:
    """Compare each statistic with the largest one of outcomes drawn from the base model.

    Assumes that the base model is right: outcomes are drawn from its risks, the same for all candidates, so that their
    correlations count. The base is not fitted again in each draw; what that would change is orthogonal to the scores.

    Parameters
    ----------
    z : array-like of shape (m,)
        NaN: not tested.
    influence : array-like of shape (m, n)
        As `ScoreTests` gives it.
    risk : array-like of shape (n,)
        Of the base model.
    draws : int
    seed : int
    level : float
        Of the simultaneous intervals.

    Returns
    -------
    MaxT

    Examples
    --------
    >>> found = max_t([2.5, 0.1], np.array([[1, -1, 1, -1.0], [1, 1, -1, -1.0]]), [0.5] * 4, draws=500)
    >>> bool((found.p >= found.p_own).all())
    True
    """
    observed = np.abs(np.asarray(z, dtype=float))
    effect, p = np.asarray(influence, dtype=float), np.asarray(risk, dtype=float)
    tested = np.flatnonzero(~np.isnan(observed))
    if draws < 1:
        raise RelapseModelError(f"permutations is {draws}; expected at least 1, such as 10000.")
    patients = np.flatnonzero((effect[tested] != 0).any(axis=0))
    effect, p = effect[np.ix_(tested, patients)], p[patients]
    sd = np.sqrt(effect**2 @ (p * (1 - p)))
    scaled = (effect / np.where(sd > 0, sd, 1.0)[:, None]).T
    rng = np.random.default_rng(seed)
    largest = np.empty(draws)
    beyond = np.zeros(len(tested), dtype=np.intp)
    block = max(1, _AT_ONCE // max(len(patients) + len(tested), 1))
    for start in range(0, draws, block):
        size = min(block, draws - start)
        drawn = np.abs(((rng.random((size, len(patients))) < p) - p) @ scaled)
        largest[start : start + size] = drawn.max(axis=1, initial=0.0)
        beyond += (drawn >= observed[tested] - _ALIKE).sum(axis=0)
    adjusted, own = np.full(observed.size, np.nan), np.full(observed.size, np.nan)
    at_least = draws - np.searchsorted(np.sort(largest), observed[tested] - _ALIKE, side="left")
    adjusted[tested] = (1 + at_least) / (1 + draws)
    own[tested] = (1 + beyond) / (1 + draws)
    return MaxT(adjusted, own, float(np.quantile(largest, level)), draws)


def false_discovery(p: ArrayLike, method: str = "bh") -> Floats:
    """Return p-values adjusted for the false discovery rate: Benjamini-Hochberg or Benjamini-Yekutieli.

    Parameters
    ----------
    p : array-like of shape (m,)
        NaN: not tested, and not counted.
    method : {"bh", "by"}
        BY holds whatever the tests have to do with each other.

    Examples
    --------
    >>> false_discovery([0.01, 0.04, np.nan]).tolist()
    [0.02, 0.04, nan]
    """
    from scipy.stats import false_discovery_control

    values = np.asarray(p, dtype=float)
    tested = ~np.isnan(values)
    adjusted = np.full(values.shape, np.nan)
    if tested.any():
        adjusted[tested] = false_discovery_control(values[tested], method=method)
    return adjusted
