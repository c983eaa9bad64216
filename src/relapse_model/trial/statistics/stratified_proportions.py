"""Shares of patients with an event in two arms, compared within the strata of the randomisation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isnan

import numpy as np
from numpy.typing import ArrayLike

from relapse_model.arrays import Floats
from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.trial.statistics.contrast import RISK_DIFFERENCE, RISK_RATIO, Contrast, two_sided_p
from relapse_model.trial.statistics.inputs import check_counts
from relapse_model.trial.statistics.score_interval import Tables, mantel_haenszel, null_statistic, score_limits
from relapse_model.validation.estimate import normal_quantile


@dataclass(frozen=True, slots=True)
class StratifiedContrast:
    """A contrast within strata, and the strata that were put together for it.

    Parameters
    ----------
    contrast : Contrast
        Treatment against control.
    pooled : tuple of str
        Such as ``"C with A"``, where a stratum had patients of one arm only; empty if none had.
    """

    contrast: Contrast
    pooled: tuple[str, ...]


def stratified_risk_difference(
    x1: ArrayLike, n1: ArrayLike, x0: ArrayLike, n0: ArrayLike, level: float = 0.95, names: Sequence[str] | None = None
) -> StratifiedContrast:
    """Compare two arms by the difference of their shares within strata, with Mantel-Haenszel weights.

    Assumes one difference in all strata; if it varies, the estimate is a weighted mean of the differences and the
    interval is still near its level. A stratum with patients of one arm only compares nothing by itself: it is put
    together with the smallest other stratum, which is said by name, and no patient is left out.

    Parameters
    ----------
    x1, n1, x0, n0 : array-like of shape (strata,)
        Patients with the event, and patients, of the treatment and the control arm in each stratum.
    level : float
        Confidence level.
    names : sequence of str, optional
        Names of the strata.

    Returns
    -------
    StratifiedContrast
        Score interval, each stratum's variance at its own most likely risks; the test is that of Cochran, Mantel and
        Haenszel, without continuity correction.

    Raises
    ------
    InsufficientDataError
        If one arm is empty in all strata.
    RelapseModelError
        If the arrays are not such counts.

    Notes
    -----
    Miettinen and Nurminen 1985, Stat Med 4:213; weights n1 n0 / (n1 + n0).

    Examples
    --------
    >>> found = stratified_risk_difference([2, 1, 0], [30, 20, 16], [5, 3, 2], [31, 19, 16])
    >>> print(found.contrast)
    -0.11 (-0.22 to -0.00)
    >>> stratified_risk_difference([2, 1], [30, 20], [5, 0], [31, 0], names=["A", "B"]).pooled
    ('B with A',)
    """
    return _contrast(RISK_DIFFERENCE, (x1, n1, x0, n0), level, names)


def stratified_risk_ratio(
    x1: ArrayLike, n1: ArrayLike, x0: ArrayLike, n0: ArrayLike, level: float = 0.95, names: Sequence[str] | None = None
) -> StratifiedContrast:
    """Compare two arms by the ratio of their shares within strata, with Mantel-Haenszel weights.

    Assumes one ratio in all strata. Strata with one arm empty are treated as in `stratified_risk_difference`.

    Parameters
    ----------
    x1, n1, x0, n0 : array-like of shape (strata,)
        Patients with the event, and patients, of the treatment and the control arm in each stratum.
    level : float
        Confidence level.
    names : sequence of str, optional
        Names of the strata.

    Returns
    -------
    StratifiedContrast

    Raises
    ------
    RelapseModelError
        As `stratified_risk_difference`.

    Examples
    --------
    >>> print(stratified_risk_ratio([2, 1, 0], [30, 20, 16], [5, 3, 2], [31, 19, 16]).contrast)
    0.30 (0.09 to 0.97)
    """
    return _contrast(RISK_RATIO, (x1, n1, x0, n0), level, names)


def _contrast(
    measure: str,
    counts: tuple[ArrayLike, ArrayLike, ArrayLike, ArrayLike],
    level: float,
    names: Sequence[str] | None,
) -> StratifiedContrast:
    rows = np.stack(check_counts(*counts, may_be_empty=True))
    if rows.ndim != 2 or rows.shape[1] == 0:
        raise RelapseModelError(f"Strata: counts of shape {rows.shape[1:]}; expected one entry per stratum.")
    known = [str(name) for name in names] if names is not None else [f"stratum {i + 1}" for i in range(rows.shape[1])]
    if len(known) != rows.shape[1]:
        raise RelapseModelError(f"Strata: {len(known)} names for {rows.shape[1]} strata.")
    rows, pooled = _pool(rows, known)
    tables = Tables(*rows)
    lower, upper = score_limits(tables, measure, normal_quantile(level))
    z, value = float(null_statistic(tables)), float(mantel_haenszel(tables, measure))
    found = Contrast(
        measure, value, float(lower), float(upper), level, None, z, two_sided_p(z),
        f"stratified Miettinen-Nurminen score interval, Mantel-Haenszel weights, {rows.shape[1]} strata",
        "Cochran-Mantel-Haenszel test",
    )  # fmt: skip
    return StratifiedContrast(replace(found, value=None) if isnan(value) else found, pooled)


def _pool(rows: Floats, names: list[str]) -> tuple[Floats, tuple[str, ...]]:
    """Put each stratum with an empty arm together with the smallest other one, until none has."""
    if (rows[[1, 3]].sum(axis=1) == 0).any():
        raise InsufficientDataError("Strata: one arm has no patient in any stratum; expected patients in both arms.")
    used = rows[1] + rows[3] > 0
    rows, names = rows[:, used], [name for name, is_used in zip(names, used, strict=True) if is_used]
    pooled: list[str] = []
    while True:
        one_armed = (rows[1] == 0) | (rows[3] == 0)
        if not one_armed.any():
            return rows, tuple(pooled)
        patients = rows[1] + rows[3]
        place = int(np.argmin(np.where(one_armed, patients, np.inf)))
        others = np.where(np.arange(patients.size) == place, np.inf, patients)
        host = int(np.argmin(others))
        pooled.append(f"{names[place]} with {names[host]}")
        rows[:, host] += rows[:, place]
        names[host] = f"{names[host]} and {names[place]}"
        rows, names = np.delete(rows, place, axis=1), names[:place] + names[place + 1 :]
