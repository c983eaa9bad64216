"""How many patients weighted rows are worth: a weight of 2 is one patient who counts twice, not two patients."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from relapse_model.errors import RelapseModelError
from relapse_model.validation.estimate import refuse_other_order


def effective_share(event: ArrayLike, weight: ArrayLike, patient: ArrayLike | None = None) -> float:
    """Return by what to multiply the weights of rows, so that a likelihood with them knows no more than the patients.

    Assumes that patients are independent. With weights that make up for lost patients, the likelihood of the rows
    is as sharp as if nobody had been lost, and intervals are too narrow. The share is the ratio of the information that
    the weighted rows claim on the mean risk to what they have: its variance as a binomial one over its robust
    variance, which counts the weight of each patient once, squared. In place of all weights alike, as in Kish's
    effective number (sum(w)^2 / sum(w^2)), it counts those of the rarer outcome for most, since these carry the
    information: where events are rare and come early, they are weighted up less than the patients who stay free.

    Parameters
    ----------
    event : array-like of shape (n,)
        1 for an event, 0 for none; of rows of weight 0 it is not read.
    weight : array-like of shape (n,)
        0 or more.
    patient : array-like of int of shape (n,), optional
        Numbers of the patients, from 0, where one may have several rows: they count together.

    Returns
    -------
    float
        Above 0 and at most 1; 1 where all weights are 1, or only one outcome is there.

    Raises
    ------
    RelapseModelError
        If the arrays do not fit each other.

    Notes
    -----
    Robust variance of weighted rows: Binder 1983, Int Stat Rev 51:279. Scaling a likelihood by such a ratio: Rao and
    Scott 1981, J Am Stat Assoc 76:221, for tables.

    Examples
    --------
    Half of the patients were lost, and each of the others counts for two:

    >>> effective_share([1, 0, 0, 0], [2, 2, 2, 2])
    0.5

    Three rows of one patient, a third of a patient each, are one patient:

    >>> effective_share([1, 1, 1, 0, 0, 0], np.full(6, 1 / 3), [0, 0, 0, 1, 1, 1])
    1.0
    """
    refuse_other_order(event, weight, patient)
    weights, events = np.asarray(weight, dtype=np.float64), np.asarray(event, dtype=np.float64)
    who = np.arange(len(weights)) if patient is None else np.asarray(patient)
    if not weights.shape == events.shape == who.shape or weights.ndim != 1:
        raise RelapseModelError(
            f"Effective number: event has shape {events.shape}, weight {weights.shape}, patient {who.shape}; expected "
            "one entry of each per row."
        )
    events = np.where(weights > 0, events, 0.0)
    residual = events - weights @ events / max(float(weights.sum()), np.finfo(np.float64).tiny)
    claimed, found = weights @ residual**2, np.bincount(who, weights=weights * residual) ** 2
    return float(min(1.0, claimed / found.sum())) if found.sum() > 0 else 1.0
