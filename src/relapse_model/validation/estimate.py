"""A figure with its interval, and the gate through which outcomes and risks reach the measures."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from relapse_model.arrays import Floats
from relapse_model.errors import InsufficientDataError, RelapseModelError


@dataclass(frozen=True)
class Estimate:
    """A measure, its confidence interval, and how the interval was made.

    Parameters
    ----------
    value, lower, upper : float
        The estimate and the limits of its interval.
    level : float
        Confidence level of the interval, such as 0.95.
    method : str
        How the interval was obtained, in words fit for a report.

    Examples
    --------
    >>> estimate = Estimate(0.7765, 0.6617, 0.8801, 0.95, "DeLong")
    >>> print(estimate)
    0.78 (0.66 to 0.88)
    >>> estimate.to_dict()["method"]
    'DeLong'
    """

    value: float
    lower: float
    upper: float
    level: float
    method: str

    def __str__(self) -> str:
        """Return the figure and its interval with two decimals."""
        return f"{self.value:z.2f} ({self.lower:z.2f} to {self.upper:z.2f})"  # z: no "-0.00"

    def to_dict(self) -> dict[str, float | str]:
        """Return the fields as plain Python values, ready for JSON."""
        return asdict(self)

    @classmethod
    def wald(cls, value: float, standard_error: float, level: float, method: str) -> Estimate:
        """Return value +- z standard errors; assumes that the estimator is nearly normal.

        Parameters
        ----------
        value, standard_error : float
            The estimate and its standard error, on the scale on which the interval is symmetric.
        level : float
            Confidence level, between 0 and 1.
        method : str
            How the standard error was obtained.

        Returns
        -------
        Estimate

        Examples
        --------
        >>> print(Estimate.wald(1.0, 0.25, 0.95, "Wald"))
        1.00 (0.51 to 1.49)
        """
        reach = normal_quantile(level) * float(standard_error)
        return cls(float(value), float(value) - reach, float(value) + reach, level, method)


def normal_quantile(level: float) -> float:
    """Return z such that a normal variable lies within +-z with probability ``level``.

    Parameters
    ----------
    level : float
        Confidence level, between 0 and 1.

    Returns
    -------
    float

    Raises
    ------
    RelapseModelError
        If the level is not between 0 and 1.

    Examples
    --------
    >>> round(normal_quantile(0.95), 4)
    1.96
    """
    if not 0 < level < 1:
        raise RelapseModelError(f"Confidence level is {level}; expected a number between 0 and 1, such as 0.95.")
    return NormalDist().inv_cdf((1 + level) / 2)


def refuse_other_order(*columns: object) -> None:
    """Refuse columns that name their rows, and not the same ones in the same order: they would be paired by place.

    Parameters
    ----------
    *columns : array_like or None
        Those without an index, as arrays and lists, are taken as they come.

    Raises
    ------
    RelapseModelError
    """
    found: list[Any] = [getattr(column, "index", None) for column in columns if getattr(column, "ndim", 0) == 1]
    names = [index for index in found if hasattr(index, "equals")]
    if any(not names[0].equals(other) for other in names[1:]):
        raise RelapseModelError(
            "Columns of other patients, or in another order, by their index; expected one index for all of them. Put "
            "them in one order, such as by risk.reindex(relapse.index), or give arrays."
        )


def check_predictions(
    relapse: ArrayLike, risk: ArrayLike, weight: ArrayLike | None = None, *, probability: bool = True
) -> tuple[Floats, Floats, Floats]:
    """Check outcomes, risks and weights once, and keep the patients who carry weight.

    A patient lost before the horizon has no outcome (NaN) and weight 0, is set aside here, and the weights of
    the others make up for it. An unknown outcome with any other weight is refused, since leaving it out would
    treat the lost as if they were like everybody else.

    Parameters
    ----------
    relapse : array-like of shape (n,)
        1 relapse by the horizon, 0 free of it, NaN unknown. Booleans are accepted.
    risk : array-like of shape (n,)
        Predicted risk of relapse by the horizon.
    weight : array-like of shape (n,), optional
        Such as those of `relapse_model.validation.ipcw.censoring_weights`; 1 for everybody if not given.
    probability : bool
        Whether risk must lie in 0 to 1, or may be any score that grows with the risk.

    Returns
    -------
    relapse, risk, weight : ndarray of shape (m,)
        Of the patients with a weight above 0.

    Raises
    ------
    RelapseModelError
        If lengths differ or entries are not what is described above.
    InsufficientDataError
        If no patient carries weight.

    Examples
    --------
    >>> [column.tolist() for column in check_predictions([1, 0, float("nan")], [0.3, 0.1, 0.2], [2, 1, 0])]
    [[1.0, 0.0], [0.3, 0.1], [2.0, 1.0]]
    """
    refuse_other_order(relapse, risk, weight)
    y, p = np.asarray(relapse, dtype=float), np.asarray(risk, dtype=float)
    w = np.ones(y.shape) if weight is None else np.asarray(weight, dtype=float)
    if y.ndim != 1 or y.shape != p.shape or y.shape != w.shape:
        raise RelapseModelError(
            f"Predictions: relapse has shape {y.shape}, risk {p.shape}, weight {w.shape}; "
            "expected one entry per patient in each."
        )
    _refuse(~(np.isfinite(w) & (w >= 0)), "weights are missing, infinite or negative", "0 or more")
    within = (p >= 0) & (p <= 1) if probability else np.isfinite(p)
    _refuse(~within, "risks are missing or out of range", "0 to 1" if probability else "finite numbers")
    used = w > 0
    if not used.any():
        raise InsufficientDataError(f"Predictions: none of {y.size} patients has a weight above 0.")
    _refuse(
        used & ~np.isin(y, (0.0, 1.0)),
        "outcomes are neither 0 nor 1",
        "a known outcome where the weight is above 0; if patients were lost, pass censoring weights",
    )
    return y[used], p[used], w[used]


def require_both_outcomes(relapse: Floats, what: str, at_least: int = 1) -> None:
    """Refuse a measure that needs patients with and without relapse.

    Parameters
    ----------
    relapse : ndarray of shape (n,)
        Outcomes, 0 or 1.
    what : str
        The measure, for the message.
    at_least : int
        How many of each kind it needs.

    Raises
    ------
    InsufficientDataError
        If there are fewer.

    Examples
    --------
    >>> require_both_outcomes(np.array([0.0, 1.0]), "AUC")
    """
    events = int((relapse == 1).sum())
    free = relapse.size - events
    if min(events, free) < at_least:
        raise InsufficientDataError(
            f"{what}: {events} patients with the outcome and {free} without; expected {at_least} of each "
            "or more. It cannot be estimated from these patients; add patients or follow-up."
        )


def _refuse(wrong: NDArray[np.bool_], what: str, expected: str) -> None:
    if wrong.any():
        raise RelapseModelError(f"Predictions: {int(wrong.sum())} of {wrong.size} {what}; expected {expected}.")
