"""From the interval of the mean risk of patients with the same predictors to that of one patient's own risk."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from relapse_model.arrays import Floats
from relapse_model.classifiers.shared.risks import sigmoid, tail_levels
from relapse_model.errors import RelapseModelError

# (16 sqrt(3) / (15 pi)) ** 2: a normal distribution function of this scale is nearest to the sigmoid.
_SCALE = 256.0 * 3.0 / (225.0 * np.pi**2)


def own_risk_interval(risk: Floats, interval: Floats, residual_sd: float, level: float) -> Floats:
    """Return the interval of the patient's own risk: wider by what the predictors leave out.

    Assumes that the log-odds of patients with the same predictors are normal with a standard deviation that is stated,
    since one outcome for each patient cannot tell it; and that the given interval, at the given level, is about normal
    on that scale on either side of the risk. The risk itself stays as it is: it is the mean over what is left out, and
    was learned as that. The middle of the log-odds lies further from 0 than its log-odds, by a factor of
    sqrt(1 + 0.346 sd ** 2): of normal log-odds around it, the mean risk is the given one (to 0.002 for an sd of 1).

    Parameters
    ----------
    risk : ndarray of shape (n,)
        Mean risk of patients with the same predictors, above 0 and below 1.
    interval : ndarray of shape (n, 2)
        Of that mean risk.
    residual_sd : float
        Log-odds, 0 or more; 0 returns the interval as it is.
    level : float
        Of the interval, between 0 and 1.

    Returns
    -------
    ndarray of shape (n, 2)
        Lower and upper risk.

    Raises
    ------
    RelapseModelError
        If ``residual_sd`` is not such a number, or ``level`` not between 0 and 1.

    References
    ----------
    Zeger, Liang and Albert 1988, Biometrics 44:1049, for the factor.

    Examples
    --------
    A mean risk of a half that is known for certain, among patients whose log-odds have a standard deviation of 1: 90 %
    of their own risks lie between sigmoid(-1.645) and sigmoid(1.645).

    >>> own_risk_interval(np.array([0.5]), np.array([[0.5, 0.5]]), 1.0, 0.9).round(3).tolist()
    [[0.162, 0.838]]
    """
    if not 0.0 <= residual_sd < np.inf:
        raise RelapseModelError(f"residual_sd is {residual_sd!r}; expected a finite number, 0 or more.")
    upper_tail = tail_levels(level)[1]
    if residual_sd == 0.0:
        return interval
    farther = float(np.sqrt(1.0 + _SCALE * residual_sd**2))
    at, limits = _log_odds(risk) * farther, _log_odds(interval) * farther
    reach = NormalDist().inv_cdf(upper_tail) * residual_sd
    away = np.sqrt((limits - at[:, None]) ** 2 + reach**2)
    return sigmoid(at[:, None] + away * np.array([-1.0, 1.0]))


def _log_odds(risk: Floats) -> Floats:
    """Return log-odds; a risk that was rounded to 0 or 1 becomes the nearest number beside it."""
    inside = np.clip(risk, np.finfo(np.float64).tiny, 1.0 - np.finfo(np.float64).epsneg)
    found: Floats = np.log(inside) - np.log1p(-inside)
    return found
