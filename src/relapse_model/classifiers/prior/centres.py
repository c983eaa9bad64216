"""Centres whose mean risk may differ: partially pooled intercepts, whose spread is averaged by evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from relapse_model.arrays import Floats, Mask, Positions
from relapse_model.classifiers.prior.centre_intercepts import FEWEST_CENTRES, MOST_CENTRES, CentreIntercepts
from relapse_model.classifiers.prior.evidence_grid import Components, fit_components
from relapse_model.classifiers.prior.terms import PriorGrid
from relapse_model.errors import RelapseModelError

CENTRE_SDS = (0.0, 0.2, 0.4, 0.8)
FEWEST_PATIENTS = 5  # of a centre that is told apart; fewer patients could be recognised


@dataclass(frozen=True, slots=True)
class CentreRows:
    """The training rows by centre.

    Attributes
    ----------
    labels : tuple of str
        Centres with enough patients, sorted.
    code : ndarray of int of shape (n,)
        Position among the labels; behind them, all other rows: of small centres, and of no known one.
    """

    labels: tuple[str, ...]
    code: Positions


def centre_rows(centre: ArrayLike, patient: Positions | None = None) -> CentreRows | None:
    """Return the rows by centre, or None where there are fewer than 3 centres with 5 patients.

    Parameters
    ----------
    centre : array-like of str of shape (n,)
        Label of each row; None, NaN and "" are no known centre.
    patient : ndarray of int of shape (n,), optional
        Of each row, where one may have several.

    Raises
    ------
    RelapseModelError
        For more than 100 such centres.

    Examples
    --------
    >>> found = centre_rows(["B"] * 5 + ["A"] * 6 + ["C"] * 5 + ["D", None])
    >>> found.labels, found.code[[0, 5, 11, 16, 17]].tolist()
    (('A', 'B', 'C'), [1, 0, 2, 3, 3])
    """
    labels = np.array([one if isinstance(one, str) else "" for one in np.asarray(centre, dtype=object)], dtype=object)
    who = np.arange(len(labels)) if patient is None else patient
    names, code = np.unique(labels.astype(str), return_inverse=True)
    pairs = np.unique(np.column_stack([code, who]), axis=0)
    enough = (np.bincount(pairs[:, 0], minlength=len(names)) >= FEWEST_PATIENTS) & (names != "")
    if enough.sum() < FEWEST_CENTRES:
        return None
    if enough.sum() > MOST_CENTRES:
        raise RelapseModelError(
            f"centre: {int(enough.sum())} centres have {FEWEST_PATIENTS} patients or more; expected at most "
            f"{MOST_CENTRES}. Name a column with fewer levels, such as the region or the hospital group."
        )
    place = np.where(enough, np.cumsum(enough) - 1, enough.sum())
    return CentreRows(tuple(str(name) for name in names[enough]), place[code])


def check_centre_sds(sds: Sequence[float]) -> Floats:
    """Return the standard deviations between centres that are tried, or refuse them.

    Raises
    ------
    RelapseModelError
    """
    found = np.asarray(sds, dtype=np.float64)
    if found.ndim != 1 or not found.size or not ((found >= 0) & (found < np.inf)).all():
        raise RelapseModelError(f"centre_sds is {sds!r}; expected one or more finite standard deviations, 0 or more.")
    return found


def sds_beforehand(sds: Floats) -> Floats:
    """Return the weight before the data of each standard deviation between centres: 0 has half, where it is tried.

    Examples
    --------
    >>> sds_beforehand(np.array([0.0, 0.2, 0.4])).tolist()
    [0.5, 0.25, 0.25]
    """
    none = sds == 0.0
    if none.all() or not none.any():
        return np.full(len(sds), 1.0 / len(sds))
    return np.asarray(np.where(none, 0.5 / none.sum(), 0.5 / (~none).sum()))


def fit_with_centres(
    distance: Floats,
    event: Floats,
    weight: Floats,
    forms: Sequence[Mask],
    starts: Sequence[PriorGrid],
    baselines: Sequence[tuple[float, float]],
    rows: CentreRows,
    sds: Floats,
) -> tuple[Components, CentreIntercepts]:
    """Fit what `fit_components` fits, with an intercept for each centre, at every spread of them.

    Beforehand no spread has half the weight, and the others share the rest. The posteriors at all of them are joined to
    one Gaussian of the same mean and covariance for each component, weighted by evidence. Rows that belong to no told
    centre share an intercept, which is not kept. The population is that of a new centre: its intercept's variance holds
    the variance between centres.

    Parameters
    ----------
    distance, event, weight, forms, starts, baselines
        As `fit_components` takes them.
    rows : CentreRows
    sds : ndarray of shape (T,)
        Standard deviations between centres.
    """
    size, count = distance.shape[1], int(rows.code.max()) + 1
    dummies = (rows.code[:, None] == np.arange(count)).astype(np.float64)
    fits = [_at_spread(distance, event, weight, forms, starts, baselines, dummies, sd) for sd in sds]
    log_weight = np.array([fit.log_evidence for fit in fits]) + np.log(sds_beforehand(sds))[:, None]
    highest = log_weight.max(axis=0)
    log_evidence = highest + np.log(np.exp(log_weight - highest).sum(axis=0))
    share = np.exp(log_weight - log_evidence)  # (T, B)
    each = np.array([np.column_stack([fit.intercept, fit.coef]) for fit in fits])
    mean = np.einsum("tb,tbi->bi", share, each)
    away = each - mean
    covariance = np.einsum("tb,tbij->bij", share, np.array([fit.covariance for fit in fits]))
    covariance += np.einsum("tb,tbi,tbj->bij", share, away, away)
    spread = share.T @ sds**2
    kept, own = slice(size + 1, size + 1 + len(rows.labels)), slice(0, size + 1)
    population = covariance[:, own, own].copy()
    population[:, 0, 0] += spread
    components = Components(mean[:, 1 : size + 1].copy(), mean[:, 0].copy(), population, log_evidence)
    variance = np.diagonal(covariance, axis1=1, axis2=2)[:, kept].copy()
    cross = covariance[:, kept, own].copy()
    return components, CentreIntercepts(rows.labels, spread, mean[:, kept].copy(), variance, cross, share)


def _at_spread(
    distance: Floats, event: Floats, weight: Floats, forms: Sequence[Mask], starts: Sequence[PriorGrid],
    baselines: Sequence[tuple[float, float]], dummies: Floats, sd: float,
) -> Components:  # fmt: skip
    """Return the fits at one spread, with a coefficient for each centre behind the others."""
    more = dummies.shape[1]
    if sd == 0.0:
        fit = fit_components(distance, event, weight, forms, starts, baselines)
        wide = np.pad(fit.covariance, ((0, 0), (0, more), (0, more)))
        return replace(fit, coef=np.pad(fit.coef, ((0, 0), (0, more))), covariance=wide)
    every = np.ones(more, dtype=bool)
    wider = [
        PriorGrid(np.pad(one.mean, ((0, 0), (0, more))), np.pad(one.sd, ((0, 0), (0, more)), constant_values=sd))
        for one in starts
    ]
    columns = np.column_stack([distance, dummies])
    return fit_components(columns, event, weight, [np.append(one, every) for one in forms], wider, baselines)
