"""What is lost when a model's risks are replaced by those of a points score."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from relapse_model.arrays import Floats
from relapse_model.validation.discrimination import auc
from relapse_model.validation.overall import log_loss


@dataclass(frozen=True, slots=True)
class RoundingLoss:
    """What is lost between the model and the points, in the patients given: additivity, bins and whole numbers.

    Attributes
    ----------
    patients : int
    mean_difference, largest_difference : float
        Absolute difference of the risk by points and the model's.
    correlation : float
        Pearson's, of the two risks.
    auc_model, auc_points, log_loss_model, log_loss_points : float or None
        Against the outcomes, where they were given. Of patients the model was trained on, both flatter; what counts
        is their difference.
    """

    patients: int
    mean_difference: float
    largest_difference: float
    correlation: float
    auc_model: float | None = None
    auc_points: float | None = None
    log_loss_model: float | None = None
    log_loss_points: float | None = None


def rounding_loss(
    model: Floats, points: Floats, relapse: ArrayLike | None = None, weight: ArrayLike | None = None
) -> RoundingLoss:
    """Compare the risks of a points score with those of its model, and both with the outcomes where they are given.

    Parameters
    ----------
    model, points : ndarray of shape (n,)
        Risks of the same patients; neither may be the same for all.
    relapse : array-like of shape (n,), optional
        1, 0, or NaN where the weight is 0.
    weight : array-like of shape (n,), optional
        Such as censoring weights; used for the outcomes only.

    Raises
    ------
    RelapseModelError
        If outcomes or weights are no such, or only one outcome came.

    Examples
    --------
    >>> found = rounding_loss(np.array([0.1, 0.2]), np.array([0.1, 0.3]), [0, 1])
    >>> round(found.mean_difference, 3), round(found.largest_difference, 3), found.auc_points
    (0.05, 0.1, 1.0)
    """
    difference = np.abs(points - model)
    loss = RoundingLoss(
        len(model), float(difference.mean()), float(difference.max()), float(np.corrcoef(points, model)[0, 1])
    )
    if relapse is None:
        return loss
    return replace(
        loss,
        auc_model=auc(relapse, model, weight),
        auc_points=auc(relapse, points, weight),
        log_loss_model=log_loss(relapse, model, weight),
        log_loss_points=log_loss(relapse, points, weight),
    )
