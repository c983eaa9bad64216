"""Antibody given as a drug: the one-compartment model with first-order absorption. Arrays only."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from relapse_model.features.grouped import Floats


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
    array([ 0. , 45.6, 24.2, 12.1])
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
    5.32
    """
    rise = np.asarray(absorption, dtype=np.float64)
    fall = np.log(2.0) / np.asarray(half_life, dtype=np.float64)
    relative = np.asarray((rise - fall) / fall)
    # ln(1 + x) / x is 1 where the two rates are equal.
    ratio = np.divide(np.log1p(relative), relative, out=np.ones_like(relative), where=relative != 0)
    return np.asarray(ratio / fall)
