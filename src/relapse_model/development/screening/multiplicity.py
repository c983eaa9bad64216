"""How sure a finding is after looking at many: the largest statistic under the null, and false discovery rates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from relapse_model.arrays import Floats, Mask, Positions, generator
from relapse_model.errors import RelapseModelError

FAMILY_WISE = 0.05
_AT_ONCE = 4_000_000  # numbers held in memory
_NOTHING_LEFT = 1e-9  # of a column's spread: what its strata do not explain of it
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
    rng = generator(seed)

    def drawn(size: int) -> Floats:
        return np.asarray(np.abs(((rng.random((size, len(patients))) < p) - p) @ scaled))

    return _compared(observed, tested, drawn, draws, level, max(1, _AT_ONCE // max(len(patients) + len(tested), 1)))


def permuted_max_t(
    columns: ArrayLike, residual: ArrayLike, strata: ArrayLike, draws: int = 10_000, seed: int = 0, level: float = 0.95
) -> MaxT:
    """Compare each statistic with the largest one after the outcomes are permuted within strata.

    Exact, whatever the model: assumes only that within a stratum outcomes may be exchanged where no column has an
    effect. Outcomes keep their censoring weights, and all columns are compared with the same permutations, so that
    their correlations count. The statistic is the sum of the residuals times what a stratum's mean leaves of the
    column, standardised by its variance under permutation. A stratum in which all have one outcome says nothing.

    Parameters
    ----------
    columns : array-like of shape (m, n)
        One row per candidate; NaN is missing.
    residual : array-like of shape (n,)
        Of the base: weight times outcome less risk. NaN: the patient takes no part.
    strata : array-like of shape (n,)
        Such as arm and centre.
    draws, seed : int
    level : float
        Of the simultaneous intervals.

    Returns
    -------
    MaxT

    Examples
    --------
    >>> marker, outcome = [[1, 2, 3, 4, 5, 6]], [0, 0, 0, 1, 1, 1]  # 2 of the 20 orders are as extreme
    >>> round(float(permuted_max_t(marker, outcome, [0] * 6, draws=4000).p[0]), 1)
    0.1
    """
    if draws < 1:
        raise RelapseModelError(f"permutations is {draws}; expected at least 1, such as 10000.")
    left, error = np.atleast_2d(np.asarray(columns, dtype=float)), np.asarray(residual, dtype=float)
    counted = ~np.isnan(error)
    left, error = left[:, counted], error[counted]
    _, group = np.unique(np.asarray(strata)[counted], return_inverse=True)
    members = [np.flatnonzero(group == one) for one in range(group.max() + 1)]
    left = np.concatenate([_centred(left[:, rows]) for rows in members], axis=1)  # columns now lie stratum by stratum
    parts = [error[rows] - error[rows].mean() for rows in members]
    sizes = np.array([len(rows) for rows in members])
    scatter = np.array([(part**2).sum() for part in parts]) / np.maximum(sizes - 1, 1)
    sd = np.sqrt((left**2 * np.repeat(scatter, sizes)).sum(axis=1))
    tested = np.flatnonzero(sd > _NOTHING_LEFT * np.abs(left).max(axis=1, initial=0.0))
    scaled = (left[tested] / sd[tested, None]).T
    observed = np.full(len(left), np.nan)
    observed[tested] = np.abs(np.concatenate(parts) @ scaled)
    rng = generator(seed)

    def drawn(size: int) -> Floats:
        # One row of keys for each draw, so that neither blocks nor the number of columns change what is drawn.
        keys = np.split(rng.random((size, len(error))), sizes.cumsum()[:-1], axis=1)
        shuffled = [part[key.argsort(axis=1)] for part, key in zip(parts, keys, strict=True)]
        return np.asarray(np.abs(np.concatenate(shuffled, axis=1) @ scaled))

    return _compared(observed, tested, drawn, draws, level, max(1, _AT_ONCE // max(len(error) + len(tested), 1)))


def _centred(columns: Floats) -> Floats:
    """Return columns of one stratum less their mean; 0 where they are missing."""
    known = ~np.isnan(columns)
    mean = np.where(known, columns, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return np.where(known, columns - mean[:, None], 0.0)


def _compared(
    observed: Floats, tested: Positions, drawn: Callable[[int], Floats], draws: int, level: float, block: int
) -> MaxT:
    """Count how many draws have as large a statistic, or a largest one as large."""
    largest, beyond = np.empty(draws), np.zeros(len(tested), dtype=np.intp)
    for start in range(0, draws, block):
        size = min(block, draws - start)
        found = drawn(size)
        largest[start : start + size] = found.max(axis=1, initial=0.0)
        beyond += (found >= observed[tested] - _ALIKE).sum(axis=0)
    adjusted, own = np.full(observed.size, np.nan), np.full(observed.size, np.nan)
    at_least = draws - np.searchsorted(np.sort(largest), observed[tested] - _ALIKE, side="left")
    adjusted[tested] = (1 + at_least) / (1 + draws)
    own[tested] = (1 + beyond) / (1 + draws)
    return MaxT(adjusted, own, float(np.quantile(largest, level)), draws)


def selected_by(found: MaxT, decide: str, fdr: float) -> Mask:
    """Tell which candidates pass what decides.

    Parameters
    ----------
    found : MaxT
    decide : {"maxt", "bh", "by"}
        The largest statistic at 5 %, or a false discovery rate of the p-values of the draws.
    fdr : float
    """
    adjusted = found.p if decide == "maxt" else false_discovery(found.p_own, decide)
    return np.asarray(np.nan_to_num(adjusted, nan=1.0) <= (FAMILY_WISE if decide == "maxt" else fdr))


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
