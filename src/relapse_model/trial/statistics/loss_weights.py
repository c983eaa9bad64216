"""Inverse probability of censoring weights (IPCW) of a trial: follow-up that ended early, by arm and columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from relapse_model.arrays import Floats, Mask
from relapse_model.errors import InsufficientDataError
from relapse_model.trial.statistics.inputs import check_arms, check_covariates
from relapse_model.trial.statistics.partial_likelihood import fit_cox
from relapse_model.validation.ipcw import censoring_weights, check_follow_up

ENDED_PER_COLUMN = 5


@dataclass(frozen=True, eq=False)
class LossWeights:
    """The weight of each patient whose outcome is known, 0 for those lost.

    Parameters
    ----------
    weights : ndarray of shape (n,)
    by_columns : tuple of bool
        Of the treatment and the control arm: whether the columns entered its weights.
    """

    weights: Floats
    by_columns: tuple[bool, bool]


def loss_weights(time: ArrayLike, event: ArrayLike, arm: ArrayLike, columns: ArrayLike, week: float) -> LossWeights:
    """Weight the known outcomes at a week by the inverse of the chance that they were observed.

    Assumes that at given columns, within an arm, loss has nothing to do with the coming event. The chance comes from a
    Cox model of the loss on the columns in each arm; in an arm with fewer than 5 lost for each column, or in which the
    columns predict the loss perfectly, from Kaplan-Meier (`censoring_weights`).

    Parameters
    ----------
    time, event : array-like of shape (n,)
        Weeks to the event or to the last time known free of it; 1 for an event then, 0 otherwise.
    arm : array-like of shape (n,)
        1 treatment, 0 control.
    columns : array-like of shape (n,) or (n, k)
        Known before randomisation, none missing.
    week : float
        The week of the outcome.

    Returns
    -------
    LossWeights

    Raises
    ------
    CensoringError
        If the last patients of an arm are lost before the week.
    RelapseModelError
        If the arrays do not fit each other.

    Examples
    --------
    >>> found = loss_weights([20, 30, 48, 48], [1, 0, 0, 0], [0, 0, 0, 1], [1, 2, 3, 4], 48)
    >>> found.weights.tolist(), found.by_columns  # one lost: too few for the column
    ([1.0, 0.0, 2.0, 1.0], (False, False))
    """
    times, events = check_follow_up(time, event)
    treated = check_arms(arm, times.size)
    matrix, _ = check_covariates(columns, None, times.size)
    weights, used = censoring_weights(times, events, week, treated.astype(int)), []
    for who in (treated, ~treated):
        lost = (events[who] == 0) & (times[who] < week)
        enough = int(lost.sum()) >= ENDED_PER_COLUMN * max(matrix.shape[1], 1) and matrix.shape[1] > 0
        if enough:
            try:
                when, hazard = ending_hazards(times[who], events[who], lost, matrix[who])
            except InsufficientDataError:
                enough = False
            else:
                passed = np.searchsorted(when, np.minimum(times[who], week), side="left")
                summed = np.vstack([np.zeros(hazard.shape[1]), hazard])[passed, np.arange(hazard.shape[1])]
                weights[who] = np.where(lost, 0.0, np.exp(summed))
        used.append(enough)
    return LossWeights(weights, (used[0], used[1]))


def ending_hazards(time: Floats, event: Floats, ended: Mask, columns: Floats) -> tuple[Floats, Floats]:
    """Return the times at which follow-up was ended, and its summed hazard by then, shape (times, patients).

    Parameters
    ----------
    time, event : ndarray of shape (n,)
        Checked follow-up of one arm.
    ended : ndarray of bool of shape (n,)
        Whose follow-up ended in that way, with one at least.
    columns : ndarray of shape (n, k)

    Raises
    ------
    InsufficientDataError
        If Cox's model of the ending has no maximum.
    """
    _, place = np.unique(time, return_inverse=True)
    order = 2.0 * place + (event == 0)  # events come first among ties: who had one could not be ended any more
    fit = fit_cox(order, ended.astype(np.float64), columns, np.zeros(time.size, dtype=np.intp))
    relative = np.exp((columns - columns.mean(axis=0)) @ fit.coefficients)
    when = np.unique(order[ended])
    hazard = [float((ended & (order == at)).sum() / relative[order >= at].sum()) for at in when]
    real = np.array([time[order == at][0] for at in when])
    return real, np.cumsum(hazard)[:, np.newaxis] * relative
