"""What a model would show in new patients, from how it does inside and outside of its resamples."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from relapse_model.arrays import Floats
from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.validation.estimate import Estimate, check_predictions
from relapse_model.validation.resampling import bootstrap_interval

_OUT_OF_BAG = 0.632  # expected share of the patients that a resample holds: 1 - 1/e


@dataclass(frozen=True)
class OptimismCorrected:
    """A measure of performance, corrected for having been taken in the patients the model was made from.

    Parameters
    ----------
    corrected : Estimate or float
        Apparent value less optimism, with its interval; a plain number where no interval is made.
    apparent : float
        The value in the patients the model was made from.
    optimism : float
        Mean (or median) difference between the value of a bootstrap model in its resample and in the original patients.
    resamples, failed : int
        Resamples asked for, and those in which either value did not exist.
    no_interval : str
        Why an interval that was asked for could not be made; empty if it was made, or not asked for.
    """

    corrected: Estimate | float
    apparent: float
    optimism: float
    resamples: int
    failed: int
    no_interval: str = ""

    @property
    def value(self) -> float:
        """Return the corrected value alone."""
        return self.corrected.value if isinstance(self.corrected, Estimate) else self.corrected


@dataclass(frozen=True)
class Point632Plus:
    """The .632+ estimate of a measure, and what it was made of.

    Parameters
    ----------
    value : float
        ``(1 - weight) apparent + weight out_of_bag``.
    weight : float
        Weight of the out-of-bag value, 0.632 without overfitting to 1 for pure noise.
    overfitting : float
        Relative overfitting rate, 0 to 1.
    apparent, out_of_bag, no_information : float
        The apparent value, the mean of the out-of-bag ones, and the value if outcome and risk had nothing to
        do with each other.
    resamples, failed : int
        Out-of-bag values asked for, and those that did not exist.
    """

    value: float
    weight: float
    overfitting: float
    apparent: float
    out_of_bag: float
    no_information: float
    resamples: int
    failed: int


def optimism_corrected(
    apparent: float,
    on_resample: ArrayLike,
    on_original: ArrayLike,
    level: float | None = 0.95,
    *,
    center: Literal["mean", "median"] = "mean",
) -> OptimismCorrected:
    """Correct an apparent measure for optimism, by models refitted in each bootstrap resample.

    Assumes that the whole procedure was repeated in each resample. Resamples in which either value is NaN are
    left out of both and counted. Resamples that suffice for the value but not for an interval give the value alone.
    The interval is the percentile interval of the bootstrap models' apparent
    values, moved down by the optimism: it takes the optimism as known, and is somewhat too narrow where that
    is estimated from few events.

    Parameters
    ----------
    apparent : float
        The measure of the model in the patients it was made from.
    on_resample : array-like of shape (b,)
        The measure of each bootstrap model in its own resample.
    on_original : array-like of shape (b,)
        The measure of each bootstrap model in the original patients.
    level : float, optional
        Confidence level; None for no interval.
    center : {"mean", "median"}
        How the optimism is taken over the resamples. The median is for measures without bounds, such as the calibration
        slope: where one resample leaves a model next to no effects, its slope is in the hundreds.

    Returns
    -------
    OptimismCorrected

    Raises
    ------
    InsufficientDataError
        If the measure exists in fewer than half of the resamples: those that are left are the easy ones.
    RelapseModelError
        If the arrays do not fit each other, or the apparent value is not a number.

    Notes
    -----
    Harrell, Lee and Mark 1996, Stat Med 15:361; the location-shifted bootstrap interval of Noma et al. 2021,
    Stat Med 40:5691.

    Examples
    --------
    >>> on_resample, on_original = np.linspace(0.7, 0.9, 201), np.linspace(0.66, 0.82, 201)
    >>> found = optimism_corrected(0.81, on_resample, on_original)
    >>> print(found.corrected, round(found.optimism, 3))
    0.75 (0.65 to 0.84) 0.06
    """
    inside, outside = np.asarray(on_resample, dtype=float), np.asarray(on_original, dtype=float)
    if inside.ndim != 1 or inside.shape != outside.shape:
        raise RelapseModelError(
            f"Optimism: on_resample has shape {inside.shape}, on_original {outside.shape}; "
            "expected one value per resample in each."
        )
    _require_number(apparent, "Optimism: the apparent value")
    usable = np.isfinite(inside) & np.isfinite(outside)
    failed = int((~usable).sum())
    if 2 * failed > inside.size or not usable.any():
        raise InsufficientDataError(
            f"Optimism: the measure exists in {inside.size - failed} of {inside.size} resamples; expected half of them "
            "or more. Draw resamples, or add patients."
        )
    optimism = float((np.mean if center == "mean" else np.median)(inside[usable] - outside[usable]))
    corrected = float(apparent) - optimism
    plain = OptimismCorrected(corrected, float(apparent), optimism, inside.size, failed)
    if level is None:
        return plain
    shifted = np.where(usable, inside, np.nan) - optimism
    try:
        interval = bootstrap_interval(corrected, shifted, level, "location-shifted percentile bootstrap")
    except InsufficientDataError as error:
        return replace(plain, no_interval=str(error))
    return replace(plain, corrected=interval)


def point632_plus(
    apparent: float, out_of_bag: ArrayLike, no_information: float, larger_is_better: bool
) -> Point632Plus:
    """Return the .632+ estimate: apparent and out-of-bag value, the latter weighing more the more is overfitted.

    A bootstrap model knows 63.2 % of the patients, so that its out-of-bag value is too bad and the apparent one
    too good. The relative overfitting rate is where the out-of-bag value lies between the apparent one (0) and
    that of no information (1); it is 0 for an out-of-bag value no worse than the apparent one, and 1 for one no
    better than no information. At 0 the weight is that of the plain .632 estimate.

    Parameters
    ----------
    apparent : float
        The measure of the model in the patients it was made from.
    out_of_bag : float or array-like of shape (b,)
        The measure of each bootstrap model in the patients outside of its resample (their mean is used; NaN are
        left out and counted), or the one value over all such predictions.
    no_information : float
        Its value without any relation of outcome and risk: see `no_information`.
    larger_is_better : bool
        True for the AUC, False for losses.

    Returns
    -------
    Point632Plus

    Raises
    ------
    InsufficientDataError
        If no out-of-bag value exists.
    RelapseModelError
        If the apparent value or that of no information is not a number.

    Notes
    -----
    Efron and Tibshirani 1997, J Am Stat Assoc 92:548, with ``w = .632 / (1 - .368 R)``. Where the out-of-bag
    value is worse than no information R is 1 and the estimate is the out-of-bag value as it is.

    Examples
    --------
    >>> found = point632_plus(0.9, [0.7, 0.7], 0.5, larger_is_better=True)
    >>> round(found.overfitting, 3), round(found.weight, 3), round(found.value, 3)
    (0.5, 0.775, 0.745)
    """
    _require_number(apparent, ".632+: the apparent value")
    _require_number(no_information, ".632+: the value of no information")
    values = np.asarray(out_of_bag, dtype=float).ravel()
    usable = values[np.isfinite(values)]
    if usable.size == 0:
        raise InsufficientDataError(
            f".632+: the measure exists in none of {values.size} out-of-bag samples; expected most of them. "
            "Draw resamples, or add patients."
        )
    outside = float(usable.mean())
    overfitting = _overfitting(apparent, outside, no_information, larger_is_better)
    weight = _OUT_OF_BAG / (1 - (1 - _OUT_OF_BAG) * overfitting)
    return Point632Plus(
        value=(1 - weight) * apparent + weight * outside,
        weight=weight,
        overfitting=overfitting,
        apparent=float(apparent),
        out_of_bag=outside,
        no_information=float(no_information),
        resamples=values.size,
        failed=values.size - usable.size,
    )


def no_information(
    measure: Literal["auc", "brier", "log_loss"],
    relapse: ArrayLike,
    risk: ArrayLike,
    weight: ArrayLike | None = None,
) -> float:
    """Return what a measure would be if the risks were dealt to the patients at random.

    It is the mean over all pairs of an outcome and a risk, those of different patients included, computed from
    sums over the patients.

    Parameters
    ----------
    measure : {"auc", "brier", "log_loss"}
        The measure; for the AUC the answer is 0.5 whatever the patients.
    relapse : array-like of shape (n,)
        1 or 0; NaN where the weight is 0.
    risk : array-like of shape (n,)
        Predicted risk, 0 to 1.
    weight : array-like of shape (n,), optional
        Such as censoring weights; a pair has the product of two.

    Returns
    -------
    float

    Raises
    ------
    RelapseModelError
        If the measure is another, or the log loss is infinite since a risk is 0 or 1.

    Notes
    -----
    Efron and Tibshirani 1997, J Am Stat Assoc 92:548. With means of outcomes and risks,
    ``mean (y_i - p_j)^2 = mean y - 2 mean y mean p + mean p^2``.

    Examples
    --------
    >>> no_information("brier", [0, 1], [0.0, 1.0]), no_information("auc", [0, 1], [0.0, 1.0])
    (0.5, 0.5)
    """
    if measure not in ("auc", "brier", "log_loss"):
        raise RelapseModelError(f"No information: measure is {measure!r}; expected 'auc', 'brier' or 'log_loss'.")
    y, p, w = check_predictions(relapse, risk, weight)
    if measure == "auc":
        return 0.5
    share = float(np.average(y, weights=w))
    if measure == "brier":
        return share - 2 * share * float(np.average(p, weights=w)) + float(np.average(p**2, weights=w))
    return _no_information_log_loss(share, p, w)


def _no_information_log_loss(share: float, p: Floats, w: Floats) -> float:
    certain = int(((p == 0) & (share > 0)).sum() + ((p == 1) & (share < 1)).sum())
    if certain:
        raise RelapseModelError(
            f"No information: the log loss is infinite, since {certain} of {p.size} risks are exactly 0 or 1; "
            "expected risks above 0 and below 1. Correct the model that claims certainty."
        )
    # A factor of 0 belongs to a logarithm that is never taken.
    of_events = -float(np.average(np.log(p), weights=w)) if share > 0 else 0.0
    of_free = -float(np.average(np.log1p(-p), weights=w)) if share < 1 else 0.0
    return share * of_events + (1 - share) * of_free


def _overfitting(apparent: float, outside: float, no_information: float, larger_is_better: bool) -> float:
    """Return the relative overfitting rate, within 0 to 1."""
    sign = -1 if larger_is_better else 1
    best, found, worst = sign * apparent, sign * outside, sign * no_information
    if found <= best:
        return 0.0
    if found >= worst:
        return 1.0
    return (found - best) / (worst - best)


def _require_number(value: float, what: str) -> None:
    if not np.isfinite(value):
        raise RelapseModelError(f"{what} is {value}; expected a number.")
