"""Antibody given as a drug: the one-compartment model with first-order absorption. Arrays only."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from relapse_model.arrays import Floats

_REACH = 1.3  # nodes spread this much wider than the patients, to reach unusual ones; the weights make up for it


def passive_titre(
    days: ArrayLike, dose: ArrayLike, half_life: ArrayLike, volume: ArrayLike, absorption: ArrayLike
) -> Floats:
    """Return the titre that one dose adds to the blood some days later; the titres of several doses add up.

    One compartment, first-order absorption, complete as far as the apparent volume V/F accounts for it::

        P(t) = D/V * ka / (ka - k) * (exp(-k t) - exp(-ka t)),    k = ln 2 / half-life,    t > 0

    It is zero at and before the dose: blood of that day was drawn before it.

    Parameters
    ----------
    days : array
        Days since the dose.
    dose : array
        IU.
    half_life : array
        Of elimination, days, above 0.
    volume : array
        Apparent volume of distribution V/F, litres, above 0.
    absorption : array
        Rate constant ka, per day, above 0. All arguments broadcast.

    Returns
    -------
    array of float
        IU/L, which is mIU/mL.

    Examples
    --------
    >>> passive_titre([0.0, 5.0, 29.0, 53.0], 400.0, 24.0, 7.5, 0.6).round(1)
    array([ 0. , 45.7, 24.2, 12.1])
    """
    time = np.maximum(np.asarray(days, dtype=np.float64), 0.0)
    rise = np.asarray(absorption, dtype=np.float64)
    fall = np.log(2.0) / np.asarray(half_life, dtype=np.float64)
    gap = np.abs(rise - fall) * time
    # (1 - exp(-gap)) / gap is 1 where the two rates are equal. Taking out the slower rate keeps every exponent
    # negative, whichever of the two is faster.
    share = np.divide(-np.expm1(-gap), gap, out=np.ones_like(gap), where=gap > 0)
    level = np.asarray(dose, dtype=np.float64) / np.asarray(volume, dtype=np.float64)
    return np.asarray(level * rise * time * np.exp(-np.minimum(rise, fall) * time) * share)


def peak_day(half_life: ArrayLike, absorption: ArrayLike) -> Floats:
    """Return the day after a dose on which its titre is highest: ``ln(ka / k) / (ka - k)``.

    Parameters
    ----------
    half_life : array
        Days.
    absorption : array
        Per day.

    Examples
    --------
    >>> round(float(peak_day(24.0, 0.6)), 2)
    5.31
    """
    rise = np.asarray(absorption, dtype=np.float64)
    fall = np.log(2.0) / np.asarray(half_life, dtype=np.float64)
    relative = np.asarray((rise - fall) / fall)
    # ln(1 + x) / x is 1 where the two rates are equal.
    ratio = np.divide(np.log1p(relative), relative, out=np.ones_like(relative), where=relative != 0)
    return np.asarray(ratio / fall)


def lognormal_nodes(parameters: tuple[tuple[float, float], ...], nodes: int) -> tuple[tuple[Floats, ...], Floats]:
    """Return fixed nodes and weights for means over independent lognormal parameters.

    An unscrambled Sobol sequence, so the same nodes every time, shifted to the middle of its cells.

    Parameters
    ----------
    parameters : tuple of (median, cv)
        The coefficient of variation is the one of the parameter itself, not of its logarithm.
    nodes : int
        A power of 2, for the balance of the sequence.

    Returns
    -------
    values : tuple of array of float, shape (nodes,)
        One array per parameter.
    weights : array of float, shape (nodes,)
        They sum to 1.

    Examples
    --------
    >>> (half_life, volume), weights = lognormal_nodes(((24.0, 0.25), (7.5, 0.40)), 64)
    >>> round(float(np.exp(weights @ np.log(half_life))))
    24
    """
    from scipy.stats.qmc import Sobol

    points = Sobol(len(parameters), scramble=False).random(nodes) + 0.5 / nodes
    normal = _REACH * ndtri(points)
    weights = np.exp(-0.5 * (1.0 - _REACH**-2.0) * (normal**2).sum(axis=1))
    values = tuple(
        median * np.exp(np.sqrt(np.log1p(cv**2)) * column)
        for (median, cv), column in zip(parameters, normal.T, strict=True)
    )
    return values, weights / weights.sum()
