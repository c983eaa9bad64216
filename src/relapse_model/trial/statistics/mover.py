"""Limits of a difference or ratio of two risks from the limits of each: the method of variance estimates recovery."""

from __future__ import annotations

from math import inf, sqrt

from relapse_model.trial.statistics.contrast import (
    RISK_DIFFERENCE,
    Contrast,
    two_sided_p,
)
from relapse_model.validation.estimate import normal_quantile

_TEST = "the level at which the interval just reaches no difference"


def score_bounds(risk: float, patients: float, z: float) -> tuple[float, float]:
    """Return the score interval of one risk; ``patients`` may be an effective number.

    Parameters
    ----------
    risk, patients : float
        The share, and of how many.
    z : float
        The normal quantile.

    Returns
    -------
    lower, upper : float

    Notes
    -----
    Wilson 1927, J Am Stat Assoc 22:209.

    Examples
    --------
    >>> [round(limit, 4) for limit in score_bounds(0.0, 10, 1.959964)]
    [0.0, 0.2775]
    """
    share = z * z / patients
    middle = (risk + share / 2) / (1 + share)
    reach = sqrt(share * (risk * (1 - risk) + share / 4)) / (1 + share)
    return (middle - reach if risk > 0 else 0.0), (middle + reach if risk < 1 else 1.0)


def mover_contrast(
    measure: str, risk1: float, patients1: float, risk0: float, patients0: float, level: float, method: str
) -> Contrast:
    """Return the contrast of two risks whose Wilson limits are combined.

    Parameters
    ----------
    measure : str
        ``"risk_difference"`` or ``"risk_ratio"``.
    risk1, patients1, risk0, patients0 : float
        Risk and (effective) number of patients, treatment and control.
    level : float
        Confidence level.
    method : str
        Words for the report.

    Returns
    -------
    Contrast
        The p-value belongs to the interval: difference and ratio have the same.

    Notes
    -----
    Newcombe 1998, Stat Med 17:873 (method 10); Donner and Zou 2012, Stat Methods Med Res 21:347 for ratios.

    Examples
    --------
    >>> print(mover_contrast("risk_difference", 0.8, 70, 0.6, 80, 0.95, "Newcombe"))
    0.20 (0.05 to 0.33)
    """
    z = normal_quantile(level)
    one, nought = (risk1, *score_bounds(risk1, patients1, z)), (risk0, *score_bounds(risk0, patients0, z))
    statistic = _statistic(risk1, patients1, risk0, patients0)
    if measure == RISK_DIFFERENCE:
        value: float | None = risk1 - risk0
        lower, upper = _difference(one, nought)
    else:
        value = risk1 / risk0 if risk0 > 0 else (inf if risk1 > 0 else None)
        lower, upper = _ratio(one, nought)
    return Contrast(measure, value, lower, upper, level, None, statistic, two_sided_p(statistic), method, _TEST)


def _difference(one: tuple[float, float, float], nought: tuple[float, float, float]) -> tuple[float, float]:
    (p1, l1, u1), (p0, l0, u0) = one, nought
    return p1 - p0 - sqrt((p1 - l1) ** 2 + (u0 - p0) ** 2), p1 - p0 + sqrt((u1 - p1) ** 2 + (p0 - l0) ** 2)


def _ratio(one: tuple[float, float, float], nought: tuple[float, float, float]) -> tuple[float, float]:
    """Return Donner and Zou's limits, the lower one written so that it has no 0/0."""
    (p1, l1, u1), (p0, l0, u0) = one, nought
    product = p1 * p0
    below, above = l1 * u0 * (2 * p1 - l1) * (2 * p0 - u0), u1 * l0 * (2 * p1 - u1) * (2 * p0 - l0)
    lower = 0.0 if l1 == 0 else l1 * (2 * p1 - l1) / (product + sqrt(product**2 - below))
    upper = inf if l0 == 0 else (product + sqrt(product**2 - above)) / (l0 * (2 * p0 - l0))
    return lower, upper


def _statistic(p1: float, n1: float, p0: float, n0: float) -> float:
    """Return the normal quantile at which the interval just reaches no difference, with the sign of the difference."""
    from scipy.optimize import brentq

    if p1 == p0:
        return 0.0

    def reach(z: float) -> float:
        lower, upper = _difference((p1, *score_bounds(p1, n1, z)), (p0, *score_bounds(p0, n0, z)))
        return lower if p1 > p0 else -upper

    # Limits approach 0 and 1 as z grows, so the interval takes in 0 at some z.
    end = 1.0
    while reach(end) > 0:
        end *= 2
    z: float = brentq(reach, 0.0, end, xtol=1e-13)
    return z if p1 > p0 else -z
