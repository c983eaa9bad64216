"""The convention by which columns are standardised: round numbers near the mean and the standard deviation of the rows.

THE RULE. Of every column that varies in the training rows

- the scale is the number nearest to its standard deviation, as a ratio, in the series R10 of preferred numbers (ISO 3:
  1, 1.25, 1.6, 2, 2.5, 3.15, 4, 5, 6.3, 8, and these times a power of ten): at most 13.2 % away from it;
- the centre is the multiple nearest to its mean, and the value that stands in for a missing one the multiple nearest to
  its median, of 1, 2 or 5 times a power of ten, at most a fifth of that scale: at most a tenth of it away. A yes or no
  stays one.

A constant column has itself as centre, and 1 as scale, so that nothing is learned of it.

WHY. Where a column is counted from and by what it is divided is a convention, not an estimate, and a prior "per
standard deviation" is not known so well. But exact means and standard deviations of two cohorts that differ by one
patient tell every value of that patient by subtraction. Rounded, they are mostly the same in both. A column brought to
another unit has the same risks to a few hundredths, where it has gaps; by a power of ten, exactly.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from relapse_model.arrays import Floats
from relapse_model.classifiers.shared.columns import ColumnSummary, constant_columns, summarise_columns

PREFERRED = (1.0, 1.25, 1.6, 2.0, 2.5, 3.15, 4.0, 5.0, 6.3, 8.0, 10.0)
_OF_SCALE = 5  # steps of a centre in a scale, at least


def round_columns(X: ArrayLike, weight: ArrayLike) -> ColumnSummary:
    """Summarise each column over its known values in round numbers, by the rule of this file.

    Assumes, as `summarise_columns` does, that gaps tell nothing.

    Parameters
    ----------
    X : array-like of shape (n, p)
        Predictors; NaN is missing.
    weight : array-like of shape (n,)
        Positive row weights; 2 counts as two rows.

    Examples
    --------
    The mean is 5.25, the median 5.5 and the standard deviation 3.77:

    >>> found = round_columns([[1.0], [2.0], [9.0], [float("nan")]], [1, 1, 2, 5])
    >>> float(found.impute[0]), float(found.center[0]), float(found.scale[0])
    (5.5, 5.0, 4.0)
    """
    exact, constant = summarise_columns(X, weight), constant_columns(np.asarray(X, dtype=np.float64))
    scale = np.where(constant, exact.scale, preferred_numbers(exact.scale))
    step = round_steps(scale / _OF_SCALE)
    impute, center = (np.where(constant, one, _multiples(one, step)) for one in (exact.impute, exact.center))
    return ColumnSummary(impute, center, scale)


def preferred_numbers(values: Floats) -> Floats:
    """Return the number of the series R10 nearest to each value, as a ratio; NaN stays NaN.

    Parameters
    ----------
    values : ndarray of shape (p,)
        Positive.

    Examples
    --------
    >>> preferred_numbers(np.array([0.5, 1.13, 9.4, 0.0481, np.nan])).tolist()
    [0.5, 1.25, 10.0, 0.05, nan]
    """
    power = np.floor(np.log10(values))
    size = values / 10.0**power
    place = np.abs(np.log(size[:, None]) - np.log(PREFERRED)).argmin(axis=1)
    return np.array(
        [
            np.nan if np.isnan(ten) else float(f"{PREFERRED[at]}e{int(ten)}")
            for at, ten in zip(place, power, strict=True)
        ]
    )


def round_steps(largest: Floats) -> Floats:
    """Return 1, 2 or 5 times a power of ten, the next not above each value.

    Parameters
    ----------
    largest : ndarray of shape (p,)
        Positive.

    Examples
    --------
    >>> round_steps(np.array([0.37, 1.0, 48.2])).tolist()
    [0.2, 1.0, 20.0]
    """
    power = np.floor(np.log10(largest) + 1e-12)
    size = largest / 10.0**power
    digit = np.where(size >= 5 - 1e-9, 5, np.where(size >= 2 - 1e-9, 2, 1)).astype(int)
    return np.array([float(f"{one}e{int(ten)}") for one, ten in zip(digit, power, strict=True)], dtype=np.float64)


def _multiples(values: Floats, step: Floats) -> Floats:
    """Return the multiple of a step nearest to each value, without the digits that rounding of floats adds."""
    return np.array([float(f"{value:.15g}") + 0.0 for value in np.round(values / step) * step], dtype=np.float64)
