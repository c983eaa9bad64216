"""Prior knowledge of coefficients, brought to one scale: log-odds per unit of each column."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from relapse_model.arrays import Floats
from relapse_model.errors import RelapseModelError


def prior_per_unit(
    prior_mean: ArrayLike | None,
    prior_sd: ArrayLike | None,
    prior_per_sd: ArrayLike | None,
    default_sd: float,
    step: Floats,
) -> tuple[Floats, Floats]:
    """Return the Gaussian prior of each coefficient, per unit of its column.

    A column of which nothing is known (its ``prior_sd`` is NaN or None) has mean 0 and standard deviation
    ``default_sd`` per standard deviation of the column: small effects, of either sign. What counts as a standard
    deviation is given, since that of a rare yes is none (see `effect_steps`).

    Parameters
    ----------
    prior_mean : array-like of shape (p,) or None
        Expected coefficients, log-odds; None is 0 throughout.
    prior_sd : array-like of shape (p,) or None
        Their standard deviations; NaN or None where nothing is known.
    prior_per_sd : array-like of bool of shape (p,) or None
        True where mean and sd are per standard deviation of the column, not per unit; None is False.
    default_sd : float
        Prior standard deviation per standard deviation of a column without knowledge.
    step : ndarray of shape (p,)
        What counts as a standard deviation of each column; NaN where nobody knows it.

    Returns
    -------
    mean, sd : ndarray of shape (p,)
        Log-odds per unit; NaN where the prior is stated per standard deviation, and nobody knows that.

    Raises
    ------
    RelapseModelError
        If a shape is wrong, an sd is not positive, or a mean is given without its sd (or the reverse).

    Examples
    --------
    >>> mean, sd = prior_per_unit([-0.7, 0.0], [0.4, None], None, 0.15, np.array([1.0, 10.0]))
    >>> mean.tolist(), sd.tolist()
    ([-0.7, 0.0], [0.4, 0.015])
    """
    columns = len(step)
    if not 0.0 < default_sd < np.inf:
        raise RelapseModelError(f"default_sd is {default_sd!r}; expected a positive number, such as 0.15.")
    mean = _column(prior_mean, "prior_mean", columns, 0.0)
    sd = _column(prior_sd, "prior_sd", columns, np.nan)
    unit = np.where(_column(prior_per_sd, "prior_per_sd", columns, 0.0) != 0.0, step, 1.0)
    unknown = np.isnan(sd)
    _check_pairs(mean, sd, unknown)
    return (
        np.where(unknown, 0.0 * step, mean / unit),
        np.where(unknown, default_sd / step, sd / unit),
    )


def _column(values: ArrayLike | None, name: str, columns: int, default: float) -> Floats:
    if values is None:
        return np.full(columns, default)
    found = np.array(values, dtype=np.float64)  # None becomes NaN
    if found.shape != (columns,):
        raise RelapseModelError(f"{name} has shape {found.shape}; expected one value per column, ({columns},).")
    return found


def _check_pairs(mean: Floats, sd: Floats, unknown: NDArray[np.bool_]) -> None:
    wrong = ~unknown & ~((sd > 0) & (sd < np.inf))
    if wrong.any():
        raise RelapseModelError(f"prior_sd of columns {_list(wrong)} is not a positive number; NaN says unknown.")
    lost = np.where(unknown, np.nan_to_num(mean) != 0.0, ~np.isfinite(mean))
    if lost.any():
        raise RelapseModelError(
            f"Columns {_list(lost)} (counted from 0) have a prior mean without a prior sd, or an sd without "
            "a mean; expected both, or neither (NaN)."
        )


def _list(columns: NDArray[np.bool_]) -> list[int]:
    return [int(column) for column in np.flatnonzero(columns)]
