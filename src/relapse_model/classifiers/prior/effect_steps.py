"""What counts as one standard deviation of a column in a prior: that of the rows, or half of yes against no."""

from __future__ import annotations

import numpy as np

from relapse_model.arrays import Floats

HALF = 0.5  # of the distance between two values: their standard deviation where both are equally frequent


def effect_steps(X: Floats, scale: Floats) -> Floats:
    """Return what counts as one standard deviation of each column where priors are stated per standard deviation.

    The standard deviation of a rare yes is small only because it is rare: per standard deviation, an effect that is
    small means an odds ratio of 14 for one yes among 315 patients. So yes/no columns stand on their own scale, on
    which half the way from no to yes is one step, however rare the yes (Gelman et al. 2008, Ann Appl Stat 2:1360;
    Gelman 2008, Stat Med 27:2865). The same holds of any column of which at least half of the rows have one value,
    such as a count that is mostly 0: its step is never below half the distance from that value to the median of the
    other ones.

    Parameters
    ----------
    X : ndarray of shape (n, q)
        Training rows; NaN is missing.
    scale : ndarray of shape (q,)
        Standard deviations of the columns.

    Returns
    -------
    ndarray of shape (q,)
        NaN where no row tells it: the column is empty, or constant and neither 0 nor 1.

    Examples
    --------
    >>> X = np.zeros((10, 3)); X[0] = 1.0, 6.0, 5.0; X[1:, 2] = np.nan
    >>> effect_steps(X, np.array([0.3, 1.8, 1.0])).tolist()
    [0.5, 3.0, nan]
    """
    return np.array([_step(column[~np.isnan(column)], float(sd)) for column, sd in zip(X.T, scale, strict=True)])


def _step(values: Floats, sd: float) -> float:
    different, count = np.unique(values, return_counts=True)
    if len(different) < 2:
        return HALF if np.isin(different, (0.0, 1.0)).any() else float("nan")
    most = different[np.argmax(count)]
    if 2 * count.max() < len(values):
        return sd
    return max(sd, HALF * abs(float(np.median(values[values != most])) - float(most)))
