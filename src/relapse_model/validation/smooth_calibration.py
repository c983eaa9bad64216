"""The smooth calibration curve, and the distances of the risks from it (ICI, E50, E90)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from relapse_model.arrays import Floats
from relapse_model.errors import InsufficientDataError
from relapse_model.validation.calibration import check_calibration
from relapse_model.validation.estimate import check_predictions, normal_quantile
from relapse_model.validation.logistic_fit import LogisticFit, fit_logistic, log_odds, risk_of

_KNOT_QUANTILES = (0.05, 0.35, 0.65, 0.95)  # Harrell 2015, Regression Modeling Strategies, table 2.3: 4 knots


@dataclass(frozen=True, eq=False)
class CalibrationCurve:
    """The observed risk as a smooth function of the predicted one.

    Parameters
    ----------
    risk : ndarray of shape (k,)
        Predicted risks, ascending, from the lowest to the highest of the patients.
    observed, lower, upper : ndarray of shape (k,)
        Observed risk at each of them, and its pointwise Wald limits (symmetric on the logit scale).
    level : float
        Confidence level of the limits.
    n, events : int
        Patients with a known outcome, and relapses among them: fewer than 100 relapses make a curve that
        should not be read closely (Van Calster et al. 2016, J Clin Epidemiol 74:167).
    """

    risk: Floats
    observed: Floats
    lower: Floats
    upper: Floats
    level: float
    n: int
    events: int


@dataclass(frozen=True)
class CalibrationIndices:
    """Distances between predicted risks and the smooth calibration curve.

    Parameters
    ----------
    ici : float
        Integrated calibration index: their mean over the patients.
    e50, e90 : float
        Their median, and their 90th percentile.
    """

    ici: float
    e50: float
    e90: float


@dataclass(frozen=True, eq=False)
class _Spline:
    """Logistic regression of the outcome on a restricted cubic spline of logit risk."""

    knots: Floats
    fit: LogisticFit

    def at(self, risk: Floats, level: float) -> tuple[Floats, Floats, Floats]:
        """Return the observed risk at predicted ones, and its limits."""
        design = _spline_design(log_odds(risk), self.knots)
        middle = design @ self.fit.coefficients
        variance = np.einsum("ij,jk,ik->i", design, self.fit.covariance, design)
        if not (variance > -1e-9 * np.abs(variance).max()).all():  # lost in rounding
            raise InsufficientDataError(
                "Calibration curve: the risks are so nearly equal that no curve can be estimated from them; expected "
                "risks that differ. Judge nearly constant risks by their calibration intercept."
            )
        reach = normal_quantile(level) * np.sqrt(np.maximum(variance, 0.0))
        return risk_of(middle), risk_of(middle - reach), risk_of(middle + reach)


def calibration_curve(
    relapse: ArrayLike,
    risk: ArrayLike,
    weight: ArrayLike | None = None,
    *,
    points: int = 101,
    level: float = 0.95,
) -> CalibrationCurve:
    """Return the smooth calibration curve: logistic regression on a spline of logit risk.

    The spline is restricted cubic (linear in the tails) with 4 knots at the 5th, 35th, 65th and 95th
    percentiles. It costs 4 parameters: with few relapses trust the intercept and the slope instead.

    Parameters
    ----------
    relapse : array-like of shape (n,)
        1 or 0; NaN where the weight is 0.
    risk : array-like of shape (n,)
        Predicted risk, above 0 and below 1.
    weight : array-like of shape (n,), optional
        Such as censoring weights.
    points : int
        Points of the curve, evenly spaced between the lowest and the highest risk.
    level : float
        Confidence level of the pointwise limits.

    Returns
    -------
    CalibrationCurve

    Raises
    ------
    InsufficientDataError
        If nobody relapses or everybody does, if the risks have too few distinct values for 4 knots, or if
        the spline separates the two outcomes.
    RelapseModelError
        If a risk is exactly 0 or 1.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> risk = rng.beta(2, 6, 400)
    >>> curve = calibration_curve(rng.random(400) < risk, risk, points=3)
    >>> curve.n, curve.events, curve.observed.shape
    (400, 101, (3,))
    """
    spline = _fit_spline(relapse, risk, weight)
    y, p, _ = check_predictions(relapse, risk, weight)
    grid = np.linspace(p.min(), p.max(), points)
    observed, lower, upper = spline.at(grid, level)
    return CalibrationCurve(grid, observed, lower, upper, level, y.size, int(y.sum()))


def ici_e50_e90(relapse: ArrayLike, risk: ArrayLike, weight: ArrayLike | None = None) -> CalibrationIndices:
    """Return mean, median and 90th percentile of the distance between risk and calibration curve.

    The distance is the absolute difference of the risk and the observed risk by `calibration_curve` at each patient.
    It is never negative: in a small sample part of it is noise, also for a perfectly calibrated model.

    Parameters
    ----------
    relapse : array-like of shape (n,)
        1 or 0; NaN where the weight is 0.
    risk : array-like of shape (n,)
        Predicted risk, above 0 and below 1.
    weight : array-like of shape (n,), optional
        Such as censoring weights; they weight both the curve and the distances.

    Returns
    -------
    CalibrationIndices

    Raises
    ------
    InsufficientDataError, RelapseModelError
        As `calibration_curve`.

    Notes
    -----
    Austin and Steyerberg 2019, Stat Med 38:4051.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> risk = rng.beta(2, 6, 5000)
    >>> bool(ici_e50_e90(rng.random(5000) < risk, risk).ici < 0.02)
    True
    """
    spline = _fit_spline(relapse, risk, weight)
    _, p, w = check_predictions(relapse, risk, weight)
    distance = np.abs(p - spline.at(p, 0.95)[0])
    e50, e90 = _weighted_quantiles(distance, w, (0.5, 0.9))
    return CalibrationIndices(float(np.average(distance, weights=w)), e50, e90)


def _fit_spline(relapse: ArrayLike, risk: ArrayLike, weight: ArrayLike | None) -> _Spline:
    y, logit, w = check_calibration(relapse, risk, weight, "Calibration curve")
    if y.size <= len(_KNOT_QUANTILES):
        raise InsufficientDataError(
            f"Calibration curve: {y.size} patients for {len(_KNOT_QUANTILES)} coefficients; expected more. Use "
            "calibration in the large."
        )
    knots = np.quantile(logit, _KNOT_QUANTILES)
    if np.unique(knots).size < knots.size:
        raise InsufficientDataError(
            f"Calibration curve: {np.unique(logit).size} distinct risks in {y.size} patients do not give "
            f"{knots.size} distinct knots; expected more varied risks. Use calibration intercept and slope."
        )
    fit = fit_logistic(_spline_design(logit, knots), y, w, weight is not None)
    return _Spline(knots, fit)


def _spline_design(x: Floats, knots: Floats) -> Floats:
    """Return intercept, x and the restricted cubic terms (Harrell 2015, section 2.4.5)."""
    first, second_last, last = knots[0], knots[-2], knots[-1]

    def cubed(knot: float) -> Floats:
        positive: Floats = np.maximum(x - knot, 0) ** 3
        return positive

    terms = [
        cubed(knot)
        - cubed(second_last) * (last - knot) / (last - second_last)
        + cubed(last) * (second_last - knot) / (last - second_last)
        for knot in knots[:-2]
    ]
    return np.column_stack([np.ones(x.size), x, *(term / (last - first) ** 2 for term in terms)])


def _weighted_quantiles(values: Floats, weight: Floats, shares: tuple[float, ...]) -> list[float]:
    """Return quantiles, linear between the middles of the weights; NumPy's own if all weights are equal."""
    order = np.argsort(values)
    ranked, w = values[order], weight[order]
    middles = w.cumsum() - w / 2
    place = (middles - middles[0]) / (middles[-1] - middles[0])
    return [float(quantile) for quantile in np.interp(shares, place, ranked)]
