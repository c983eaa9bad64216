"""How the numbers of the training cohort scatter together, kept without a row; and how far a patient is from it."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Floats
from relapse_model.study.study import Study

FEWEST_PATIENTS = 20
FOLDS = 5
_SMALLEST_EIGENVALUE = 0.05
_QUANTILES = (0.95, 0.98)
_AT_95 = NormalDist().inv_cdf(0.95)
# A single value counts for no more than this, so that alone it is never far: 3^2 is below the 0.999 quantile, 10.8, of
# chi-squared on 1. One unusual value is reported by its own guard.
_MOST = 3.0


def scatter_summary(
    features: pd.DataFrame, study: Study, training: dict[str, dict[str, Any]], patient: NDArray[np.intp] | None = None
) -> dict[str, Any] | None:
    """Return how the numeric predictors scatter together; None where too little is known to say.

    The correlation is that of normal scores (of ranks, so that no outlier moves it), shrunk towards none by Schäfer
    and Strimmer's estimate, and on until its smallest eigenvalue is 0.05. Medians and scales are not kept again: they
    are those of the central range in the summary of each predictor. In five folds, patients who are left out say how
    much wider than the normal the distances of new patients are spread, for want of normality or of patients.

    Answers to a yes or no, levels, and numbers that do not vary are left out.

    Parameters
    ----------
    features : DataFrame
        Of the training.
    study : Study
    training : dict
        The summary of each predictor.
    patient : array of int, optional
        The patient of each row, where one may have several.

    Returns
    -------
    dict or None
        ``predictors``, ``correlation``, ``shrinkage``, ``spread``.

    Notes
    -----
    Schäfer and Strimmer 2005, Stat Appl Genet Mol Biol 4:32, the target of identity for correlations.
    """
    names = [one.name for one in study.predictors if not one.levels and _varies(features[one.name], training[one.name])]
    who = np.unique(np.arange(len(features)) if patient is None else patient, return_inverse=True)[1]
    patients = int(who.max()) + 1
    if len(names) < 2 or patients < FEWEST_PATIENTS:
        return None
    values = features[names].to_numpy(dtype=float)
    correlation, shrinkage = _correlation(_normal_scores(values), patients)
    return {
        "predictors": names,
        "correlation": np.round(correlation, 6).tolist(),
        "shrinkage": round(shrinkage, 6),
        "spread": round(_spread(values, who), 6),
    }


def deviates(features: pd.DataFrame, scatter: dict[str, Any], training: dict[str, dict[str, Any]]) -> Floats:
    """Return how far each patient is from the training cohort, as a standard normal deviate; NaN with one value only.

    The squared Mahalanobis distance over the predictors that are known, brought to a normal deviate by Wilson and
    Hilferty's cube root of chi-squared, so that patients with other predictors missing can be compared; then in the
    spread of the training.

    Parameters
    ----------
    features : DataFrame
    scatter : dict
        As `scatter_summary` returns it.
    training : dict
        The summary of each predictor.

    Notes
    -----
    Wilson and Hilferty 1931, PNAS 17:684.
    """
    names = scatter["predictors"]
    quantiles = np.array([[training[name][part] for name in names] for part in ("p05", "median", "p95")])
    deviate = _distance(features[names].to_numpy(dtype=float), quantiles, np.array(scatter["correlation"]))
    return np.asarray(deviate / scatter["spread"], dtype=np.float64)


def _varies(values: pd.Series, training: dict[str, Any]) -> bool:
    known = values.dropna().to_numpy(dtype=float)
    return (
        training["p05"] is not None and training["p95"] > training["p05"] and not bool(np.isin(known, (0.0, 1.0)).all())
    )


def _distance(values: Floats, quantiles: Floats, correlation: Floats) -> Floats:
    """Return the distance over the known values of each row, as a normal deviate."""
    score = _standardised(values, quantiles)
    squared, known = np.full(len(score), np.nan), ~np.isnan(score)
    patterns, member = np.unique(known, axis=0, return_inverse=True)
    for number, there in enumerate(patterns):
        if there.sum() >= 2:
            rows = np.flatnonzero(member.ravel() == number)
            part = score[np.ix_(rows, there)]
            squared[rows] = (part * np.linalg.solve(correlation[np.ix_(there, there)], part.T).T).sum(axis=1)
    free = np.maximum(known.sum(axis=1), 1)
    return np.asarray((np.cbrt(squared / free) - (1 - 2 / (9 * free))) / np.sqrt(2 / (9 * free)), dtype=np.float64)


def _standardised(values: Floats, quantiles: Floats) -> Floats:
    """Return values from the median, in the scale of their side of it: a skewed predictor has two."""
    low, median, high = quantiles
    below, above = (median - low) / _AT_95, (high - median) / _AT_95
    below, above = np.where(below > 0, below, above), np.where(above > 0, above, below)
    away = values - median
    with np.errstate(divide="ignore", invalid="ignore"):  # in a fold a predictor may not vary
        score = np.clip(np.where(away < 0, away / below, away / above), -_MOST, _MOST)
    return np.where(np.isnan(score) & ~np.isnan(values), 0.0, score)


def _spread(values: Floats, who: NDArray[np.intp]) -> float:
    """Return how much wider than those of the normal the distances of patients left out are spread; at least 1.

    The wider of two quantiles: of few patients none is known well, and a warning that is often wrong is not read.
    """
    left_out = np.full(len(values), np.nan)
    for fold in range(FOLDS):
        out = who % FOLDS == fold
        known = values[~out]
        if np.isnan(known).all(axis=0).any():
            continue
        correlation, _ = _correlation(_normal_scores(known), len(np.unique(who[~out])))
        left_out[out] = _distance(values[out], np.nanquantile(known, [0.05, 0.5, 0.95], axis=0), correlation)
    left_out = left_out[~np.isnan(left_out)]
    if not len(left_out):
        return 1.0
    normal = [NormalDist().inv_cdf(quantile) for quantile in _QUANTILES]
    return max(1.0, float(np.max(np.quantile(left_out, _QUANTILES) / normal)))


def _normal_scores(values: Floats) -> Floats:
    """Replace each number by the normal quantile of its rank; equal numbers share one; NaN stays."""
    from scipy.special import ndtri

    ranks = pd.DataFrame(values).rank().to_numpy()
    return np.asarray(ndtri((ranks - 0.5) / (~np.isnan(values)).sum(axis=0)), dtype=np.float64)


def _correlation(scores: Floats, patients: int) -> tuple[Floats, float]:
    """Return the shrunk correlation of the columns, each pair over the rows that have both, and the shrinkage."""
    there, score = (~np.isnan(scores)).astype(float), np.nan_to_num(scores)
    size = (score**2).T @ there
    scale = np.sqrt(size * size.T)
    found = np.divide(score.T @ score, scale, out=np.zeros_like(scale), where=scale > 0)
    np.fill_diagonal(found, 1.0)
    other = found[~np.eye(len(found), dtype=bool)]
    noise = ((1 - other**2) ** 2).sum() / (patients - 1)
    shrinkage = min(1.0, noise / float((other**2).sum())) if other.any() else 1.0
    smallest = float(np.linalg.eigvalsh(found)[0])
    shrinkage = max(shrinkage, (_SMALLEST_EIGENVALUE - smallest) / (1 - smallest) if smallest < 1 else 0.0)
    return (1 - shrinkage) * found + shrinkage * np.eye(len(found)), float(shrinkage)
