"""Do the predicted risks mean what they say: intercept, slope and O/E."""

from __future__ import annotations

from math import exp, log, sqrt

import numpy as np
from numpy.typing import ArrayLike

from relapse_model.arrays import Floats
from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.validation.estimate import Estimate, check_predictions, require_both_outcomes
from relapse_model.validation.logistic_fit import LogisticFit, fit_intercept, fit_logistic, log_odds

WIDEST_SLOPE = 20.0  # of an interval; slopes are read between 0 and 2


def calibration_intercept(
    relapse: ArrayLike, risk: ArrayLike, weight: ArrayLike | None = None, level: float = 0.95
) -> Estimate:
    """Return the calibration intercept: how far risks are too low (above 0) or too high on the whole.

    It is the intercept of a logistic regression with logit risk as the offset (calibration in the large).

    Parameters
    ----------
    relapse : array-like of shape (n,)
        1 or 0; NaN where the weight is 0.
    risk : array-like of shape (n,)
        Predicted risk, above 0 and below 1.
    weight : array-like of shape (n,), optional
        Such as censoring weights. They are taken as known; the interval then has the sandwich variance.
    level : float
        Confidence level of the Wald interval.

    Returns
    -------
    Estimate
        On the log-odds scale.

    Raises
    ------
    InsufficientDataError
        If nobody relapses, or everybody does.
    RelapseModelError
        If a risk is exactly 0 or 1.

    Examples
    --------
    >>> print(calibration_intercept([0, 0, 0, 1], [0.1, 0.2, 0.3, 0.4]))
    0.00 (-2.34 to 2.34)
    """
    y, offset, w = check_calibration(relapse, risk, weight, "Calibration intercept")
    return _coefficient(fit_intercept(y, w, offset, weight is not None), 0, level)


def calibration_slope(
    relapse: ArrayLike, risk: ArrayLike, weight: ArrayLike | None = None, level: float = 0.95
) -> Estimate:
    """Return the calibration slope: below 1 if risks are too extreme (overfitting), above 1 if too timid.

    It is the coefficient of logit risk in a logistic regression of the outcome on it, with an intercept.

    Parameters
    ----------
    relapse : array-like of shape (n,)
        1 or 0; NaN where the weight is 0.
    risk : array-like of shape (n,)
        Predicted risk, above 0 and below 1.
    weight : array-like of shape (n,), optional
        Such as censoring weights. They are taken as known; the interval then has the sandwich variance.
    level : float
        Confidence level of the Wald interval.

    Returns
    -------
    Estimate

    Raises
    ------
    InsufficientDataError
        If nobody relapses or everybody does, if all risks are equal, or if they separate the two outcomes:
        the slope is then infinite.
    RelapseModelError
        If a risk is exactly 0 or 1.

    Examples
    --------
    >>> print(calibration_slope([0, 0, 1, 0, 1, 1], [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]))
    2.61 (-1.39 to 6.60)
    """
    y, logit, w = check_calibration(relapse, risk, weight, "Calibration slope")
    if np.ptp(logit) == 0:
        raise InsufficientDataError(
            f"Calibration slope: all {y.size} patients have the same risk; expected risks that differ. "
            "Judge a constant risk by its calibration intercept."
        )
    design = np.column_stack([np.ones(y.size), logit - logit.mean()])
    fit = fit_logistic(design, y, w, weight is not None)
    return _coefficient(fit, 1, level)


def estimable_slope(slope: Estimate) -> Estimate:
    """Return a calibration slope; refuse one whose interval is so wide that it says nothing.

    Where a model gives nearly everybody the same risk, its slope is whatever the smallest differences say: in the
    hundreds, of either sign.

    Parameters
    ----------
    slope : Estimate

    Returns
    -------
    Estimate
        The same.

    Raises
    ------
    InsufficientDataError
        If the interval is wider than 20.

    Examples
    --------
    >>> estimable_slope(Estimate(0.9, 0.2, 1.6, 0.95, "Wald")).value
    0.9
    """
    if slope.upper - slope.lower > WIDEST_SLOPE:
        raise InsufficientDataError(
            f"Calibration slope: the risks are nearly equal, and the interval of the slope is wider than "
            f"{WIDEST_SLOPE:g}; expected risks that differ. Judge nearly constant risks by their calibration intercept."
        )
    return slope


def observed_expected(
    relapse: ArrayLike, risk: ArrayLike, weight: ArrayLike | None = None, level: float = 0.95
) -> Estimate:
    """Return observed over expected relapses: above 1 if risks are too low on the whole.

    The interval is symmetric on the log scale and takes the predicted risks as fixed; with weights it has
    the sandwich variance.

    Parameters
    ----------
    relapse : array-like of shape (n,)
        1 or 0; NaN where the weight is 0.
    risk : array-like of shape (n,)
        Predicted risk, 0 to 1.
    weight : array-like of shape (n,), optional
        Such as censoring weights.
    level : float
        Confidence level.

    Returns
    -------
    Estimate

    Raises
    ------
    InsufficientDataError
        If nobody relapses, or everybody does, or no relapse is expected.

    Notes
    -----
    Without weights the standard error of ln(O/E) is ``sqrt((1 - phi) / (n phi))``, phi the observed share
    (Debray et al. 2017, BMJ 356:i6460).

    Examples
    --------
    >>> print(observed_expected([0, 0, 0, 1], [0.1, 0.1, 0.1, 0.2]))
    2.00 (0.37 to 10.92)
    """
    y, p, w = check_predictions(relapse, risk, weight)
    require_both_outcomes(y, "Observed over expected")
    expected = float(w @ p)
    if expected == 0:
        raise InsufficientDataError("Observed over expected: all risks are 0; expected some risk to compare with.")
    share = float(w @ y) / w.sum()
    error = sqrt(float(np.sum((w * (y - share)) ** 2))) / float(w @ y)
    method = "Wald, log scale" if weight is None else "Wald, log scale, sandwich variance"
    ratio = Estimate.wald(log(float(w @ y) / expected), error, level, method)
    return Estimate(exp(ratio.value), exp(ratio.lower), exp(ratio.upper), level, method)


def check_calibration(
    relapse: ArrayLike, risk: ArrayLike, weight: ArrayLike | None, what: str
) -> tuple[Floats, Floats, Floats]:
    """Return outcomes, logit risks and weights; refuse a risk of 0 or 1.

    Parameters
    ----------
    relapse, risk, weight
        As `calibration_slope` takes them.
    what : str
        The measure, for messages.

    Raises
    ------
    InsufficientDataError, RelapseModelError
    """
    y, p, w = check_predictions(relapse, risk, weight)
    require_both_outcomes(y, what)
    certain = int(((p == 0) | (p == 1)).sum())
    if certain:
        raise RelapseModelError(
            f"{what}: {certain} of {p.size} risks are exactly 0 or 1, whose logit is infinite; "
            "expected risks above 0 and below 1. Correct the model that claims certainty."
        )
    return y, log_odds(p), w


def _coefficient(fit: LogisticFit, position: int, level: float) -> Estimate:
    error = sqrt(fit.covariance[position, position])
    return Estimate.wald(fit.coefficients[position], error, level, fit.method)
