"""Would another sample of patients have given the same risks: instability over bootstrap models."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from relapse_model.arrays import Floats
from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.validation.estimate import check_predictions, refuse_other_order, require_both_outcomes
from relapse_model.validation.smooth_calibration import calibration_curve

_TAILS = (0.025, 0.975)
_CURVE_POINTS = 401  # of each bootstrap curve, before it is read off at the grid


@dataclass(frozen=True, eq=False)
class Stability:
    """How far the risks of the patients depend on which patients the model was made from.

    Parameters
    ----------
    lower, upper : ndarray of shape (n,)
        Instability interval of each patient: 2.5th and 97.5th percentile of the bootstrap models' risks. Not a
        confidence interval of the true risk: the resamples share the bias of the whole procedure.
    absolute_difference : ndarray of shape (n,)
        Mean absolute difference between the bootstrap models' risks and the model's own (MAPE of the patient).
    thresholds : ndarray of shape (k,)
        Thresholds of the classification.
    reclassified : ndarray of shape (n, k)
        Classification instability: share of bootstrap models that put the patient on the other side.
    resamples, failed : int
        Bootstrap models asked for, and how many of them gave no risks.
    """

    lower: Floats
    upper: Floats
    absolute_difference: Floats
    thresholds: Floats
    reclassified: Floats
    resamples: int
    failed: int

    @property
    def mape(self) -> float:
        """Return the mean absolute difference over all patients."""
        return float(self.absolute_difference.mean())

    @property
    def mape_p95(self) -> float:
        """Return the 95th percentile of the patients' mean absolute differences: the largest is one patient's own."""
        return float(np.quantile(self.absolute_difference, 0.95))

    @property
    def mean_reclassified(self) -> Floats:
        """Return for each threshold the mean share of bootstrap models that classify otherwise."""
        shares: Floats = self.reclassified.mean(axis=0)
        return shares


@dataclass(frozen=True, eq=False)
class CalibrationInstability:
    """The calibration curves of the bootstrap models in the original patients.

    Parameters
    ----------
    grid : ndarray of shape (k,)
        Predicted risks at which the curves are read.
    curves : ndarray of shape (m, k)
        Observed risk by each curve that exists; NaN where the model gives no risks so low or so high.
    resamples : int
        Bootstrap models asked for.
    refused : dict of str to int
        Why curves do not exist, and how often.
    """

    grid: Floats
    curves: Floats
    resamples: int
    refused: dict[str, int]

    @property
    def failed(self) -> int:
        """Return how many models have no curve."""
        return sum(self.refused.values())


@dataclass(frozen=True, eq=False)
class Inclusion:
    """How often each predictor is kept over bootstrap models, and with which sign.

    Parameters
    ----------
    kept : ndarray of shape (p,)
        Share of models in which the coefficient is not zero.
    positive : ndarray of shape (p,)
        Share of models (of all, not of those that keep it) in which it is above zero.
    resamples, failed : int
        Bootstrap models asked for, and how many of them have no coefficients.
    """

    kept: Floats
    positive: Floats
    resamples: int
    failed: int


def stability(risk: ArrayLike, resampled: ArrayLike, thresholds: ArrayLike) -> Stability:
    """Compare the risks of a model with those of bootstrap models for the same patients.

    Assumes that each bootstrap model was made by the whole procedure (imputation, choice of predictors, tuning)
    on a resample, and predicts the original patients. A patient at the threshold counts as above it. Models
    that could not be made come as rows of NaN: they are left out and counted.

    Parameters
    ----------
    risk : array-like of shape (n,)
        Risks by the model.
    resampled : array-like of shape (b, n)
        Risks by each bootstrap model; 200 or more are usual.
    thresholds : array-like of shape (k,)
        Risks from which on somebody would act, above 0 and below 1; may be empty.

    Returns
    -------
    Stability

    Raises
    ------
    InsufficientDataError
        If fewer than two bootstrap models gave risks.
    RelapseModelError
        If the arrays do not fit each other, or a risk or a threshold is not one.

    Notes
    -----
    Riley and Collins 2023, Biom J 65:2200302.

    Examples
    --------
    >>> found = stability([0.1, 0.3], [[0.1, 0.2], [0.2, 0.4], [0.1, 0.1], [0.2, 0.3]], [0.25])
    >>> found.absolute_difference.round(3).tolist(), found.mean_reclassified.tolist()
    ([0.05, 0.1], [0.25])
    """
    p = np.asarray(risk, dtype=float)
    models, failed = _models(resampled, p.shape, "Stability")
    _refuse_risks(p, "Stability")
    _refuse_risks(models, "Stability")
    cuts = np.asarray(thresholds, dtype=float)
    if cuts.ndim != 1 or not ((cuts > 0) & (cuts < 1)).all():
        raise RelapseModelError(
            f"Stability: thresholds are {cuts.tolist()}; expected a list of risks above 0, below 1."
        )
    lower, upper = np.quantile(models, _TAILS, axis=0)
    other = [((models >= cut) != (p >= cut)).mean(axis=0) for cut in cuts]
    return Stability(
        lower=lower,
        upper=upper,
        absolute_difference=np.abs(models - p).mean(axis=0),
        thresholds=cuts,
        reclassified=np.column_stack(other) if other else np.empty((p.size, 0)),
        resamples=len(models) + failed,
        failed=failed,
    )


def calibration_instability(
    relapse: ArrayLike, resampled: ArrayLike, weight: ArrayLike | None, grid: ArrayLike
) -> CalibrationInstability:
    """Return the calibration curve of each bootstrap model in the original patients.

    Curves are those of `relapse_model.validation.smooth_calibration.calibration_curve`, read off at the grid and not
    carried beyond the risks that the model gives. A model without a curve (one that failed, gives too few
    distinct risks, or separates the outcomes) is counted under the reason.

    Parameters
    ----------
    relapse : array-like of shape (n,)
        1 or 0; NaN where the weight is 0.
    resampled : array-like of shape (b, n)
        Risks of the patients by each bootstrap model; a row of NaN for one that failed.
    weight : array-like of shape (n,) or None
        Such as censoring weights.
    grid : array-like of shape (k,)
        Risks at which to read the curves, ascending, above 0 and below 1.

    Returns
    -------
    CalibrationInstability

    Raises
    ------
    InsufficientDataError
        If nobody relapses, or everybody does.
    RelapseModelError
        If the arrays do not fit each other, or the grid is not as described.

    Notes
    -----
    Riley and Collins 2023, Biom J 65:2200302.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> risk = rng.beta(2, 6, 400)
    >>> relapse = rng.random(400) < risk
    >>> found = calibration_instability(relapse, [risk, risk**1.2, np.full(400, 0.3)], None, [0.1, 0.2])
    >>> found.curves.shape, found.failed
    ((2, 2), 1)
    """
    refuse_other_order(relapse, weight)
    y = np.asarray(relapse, dtype=float)
    used, _, _ = check_predictions(y, np.full(y.shape, 0.5), weight)  # what is wrong here is wrong for every model
    require_both_outcomes(used, "Calibration instability")
    models, failed = _models(resampled, y.shape, "Calibration instability")
    _refuse_risks(models, "Calibration instability")
    points = np.asarray(grid, dtype=float)
    if points.ndim != 1 or points.size == 0 or not ((points > 0) & (points < 1)).all() or (np.diff(points) <= 0).any():
        raise RelapseModelError(
            "Calibration instability: the grid must be one ascending list of risks above 0, below 1."
        )
    curves, refused = [], Counter({"the model could not be made": failed} if failed else {})
    for model in models:
        try:
            curve = calibration_curve(y, model, weight, points=_CURVE_POINTS)
        except RelapseModelError as error:
            refused[str(error)] += 1
        else:
            curves.append(np.interp(points, curve.risk, curve.observed, left=np.nan, right=np.nan))
    table = np.array(curves, dtype=float).reshape(len(curves), points.size)
    return CalibrationInstability(points, table, len(models) + failed, dict(refused))


def inclusion(coefficients: ArrayLike) -> Inclusion:
    """Return how often each predictor is kept by the bootstrap models, and with a positive coefficient.

    Assumes predictors on one scale and in one order for all models. Predictors that stand for each other share
    the models between them: a low share does not mean that a predictor is of no use.

    Parameters
    ----------
    coefficients : array-like of shape (b, p)
        Coefficients of each bootstrap model, exactly 0 where a predictor was left out; a row of NaN for a model
        that failed.

    Returns
    -------
    Inclusion

    Raises
    ------
    InsufficientDataError
        If fewer than two bootstrap models have coefficients.
    RelapseModelError
        If it is not such a table.

    Notes
    -----
    Heinze, Wallisch and Dunkler 2018, Biom J 60:431.

    Examples
    --------
    >>> found = inclusion([[0.5, 0.0], [0.2, -0.1], [0.0, 0.3], [0.4, 0.0]])
    >>> found.kept.tolist(), found.positive.tolist()
    ([0.75, 0.5], [0.75, 0.25])
    """
    table = np.asarray(coefficients, dtype=float)
    models, failed = _models(table, table.shape[1:], "Inclusion")
    if not np.isfinite(models).all():
        raise RelapseModelError(
            "Inclusion: some coefficients are missing or infinite; expected numbers, or NaN for a whole model."
        )
    return Inclusion((models != 0).mean(axis=0), (models > 0).mean(axis=0), len(table), failed)


def _models(resampled: ArrayLike, shape: tuple[int, ...], what: str) -> tuple[Floats, int]:
    """Return the bootstrap models that exist, and the number of those that do not."""
    table = np.asarray(resampled, dtype=float)
    if len(shape) != 1 or table.ndim != 2 or table.shape[1:] != shape or table.shape[1] == 0:
        raise RelapseModelError(
            f"{what}: the bootstrap models come as shape {table.shape}; expected one row per model and one column for "
            f"each of the {shape[0] if len(shape) == 1 else 'patients'} of the model itself."
        )
    missing: NDArray[np.bool_] = np.isnan(table).all(axis=1)
    if (~missing).sum() < 2:
        raise InsufficientDataError(
            f"{what}: {int((~missing).sum())} of {len(table)} bootstrap models could be made; expected 2 or more "
            "(200 are usual). Draw more resamples, or find out why they fail."
        )
    return table[~missing], int(missing.sum())


def _refuse_risks(risks: Floats, what: str) -> None:
    wrong = int((~((risks >= 0) & (risks <= 1))).sum())
    if wrong:
        raise RelapseModelError(
            f"{what}: {wrong} of {risks.size} risks are missing or out of range; expected 0 to 1, or NaN for every "
            "patient of a model that failed."
        )
