"""Overall accuracy of predicted risks: log loss, Brier score and its scaled form."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from relapse_model.errors import RelapseModelError
from relapse_model.validation.estimate import check_predictions, require_both_outcomes


def log_loss(relapse: ArrayLike, risk: ArrayLike, weight: ArrayLike | None = None) -> float:
    """Return the mean negative log-likelihood of the outcomes, in nats; smaller is better.

    A strictly proper score: no risks but the true ones have a smaller expected value. It punishes false
    certainty without bound, so a risk of 0 for a patient who relapsed is refused rather than clipped.

    Parameters
    ----------
    relapse : array-like of shape (n,)
        1 or 0; NaN where the weight is 0.
    risk : array-like of shape (n,)
        Predicted risk, 0 to 1.
    weight : array-like of shape (n,), optional
        Such as censoring weights.

    Returns
    -------
    float

    Raises
    ------
    RelapseModelError
        If a risk of exactly 0 or 1 is wrong: the log loss is infinite.

    Examples
    --------
    >>> round(log_loss([0, 1], [0.5, 0.5]), 4)
    0.6931
    """
    y, p, w = check_predictions(relapse, risk, weight)
    given = np.where(y == 1, p, 1 - p)
    impossible = int((given == 0).sum())
    if impossible:
        raise RelapseModelError(
            f"Log loss: infinite, since {impossible} of {p.size} risks are exactly 0 or 1 and wrong; "
            "expected risks above 0 and below 1. Correct the model that claims certainty."
        )
    # 1 - p loses the digits of a small p; log1p keeps them.
    losses = -np.where(y == 1, np.log(np.where(y == 1, p, 1)), np.log1p(-np.where(y == 1, 0, p)))
    return float(np.average(losses, weights=w))


def brier(relapse: ArrayLike, risk: ArrayLike, weight: ArrayLike | None = None) -> float:
    """Return the Brier score: the mean squared difference between outcome and risk; smaller is better.

    With the weights of `censoring_weights`, which sum to the number of patients, it
    is the censored Brier score at the horizon (Graf et al. 1999, Stat Med 18:2529).

    Parameters
    ----------
    relapse : array-like of shape (n,)
        1 or 0; NaN where the weight is 0.
    risk : array-like of shape (n,)
        Predicted risk, 0 to 1.
    weight : array-like of shape (n,), optional
        Such as censoring weights.

    Returns
    -------
    float

    Examples
    --------
    >>> brier([0, 1], [0.5, 0.5])
    0.25
    """
    y, p, w = check_predictions(relapse, risk, weight)
    return float(np.average((y - p) ** 2, weights=w))


def scaled_brier(relapse: ArrayLike, risk: ArrayLike, weight: ArrayLike | None = None) -> float:
    """Return the share of the Brier score of "everyone has the mean risk" that the model removes.

    1 is perfect, 0 no better than the (weighted) observed share of relapses in these patients given to
    everybody, below 0 worse than that.

    Parameters
    ----------
    relapse : array-like of shape (n,)
        1 or 0; NaN where the weight is 0.
    risk : array-like of shape (n,)
        Predicted risk, 0 to 1.
    weight : array-like of shape (n,), optional
        Such as censoring weights.

    Returns
    -------
    float

    Raises
    ------
    InsufficientDataError
        If nobody relapses, or everybody does: the mean risk is then perfect.

    Examples
    --------
    >>> scaled_brier([0, 0, 1, 1], [0.5, 0.5, 0.5, 1.0])
    0.25
    """
    y, p, w = check_predictions(relapse, risk, weight)
    require_both_outcomes(y, "Scaled Brier score")
    mean = np.full(y.size, np.average(y, weights=w))
    return 1 - brier(y, p, w) / brier(y, mean, w)
