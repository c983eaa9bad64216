"""Is it better to act on the risks than to treat everybody, or nobody: decision curves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from relapse_model.errors import RelapseModelError
from relapse_model.validation.estimate import Floats, check_predictions


@dataclass(frozen=True, eq=False)
class NetBenefit:
    """The decision curve of a model; treating nobody has a net benefit of 0 at every threshold.

    Parameters
    ----------
    thresholds : ndarray of shape (k,)
        Risk from which on a patient would be treated.
    model : ndarray of shape (k,)
        Net benefit of treating those at or above the threshold, in relapses caught per patient.
    treat_all : ndarray of shape (k,)
        Net benefit of treating everybody.
    interventions_avoided : ndarray of shape (k,)
        Treatments spared per patient, against treating everybody, with no relapse missed on balance.
    """

    thresholds: Floats
    model: Floats
    treat_all: Floats
    interventions_avoided: Floats


def net_benefit(
    relapse: ArrayLike, risk: ArrayLike, thresholds: ArrayLike, weight: ArrayLike | None = None
) -> NetBenefit:
    """Return the net benefit of acting on the risks, at each threshold.

    A threshold is the risk at which the harm of treating and that of not treating balance: it comes from the
    clinic, not from the data, and the action has to be named. Patients at the threshold are treated.

    Parameters
    ----------
    relapse : array-like of shape (n,)
        1 or 0; NaN where the weight is 0.
    risk : array-like of shape (n,)
        Predicted risk, 0 to 1.
    thresholds : array-like of shape (k,)
        Above 0 and below 1.
    weight : array-like of shape (n,), optional
        Such as censoring weights; shares are taken of their sum.

    Returns
    -------
    NetBenefit

    Raises
    ------
    RelapseModelError
        If a threshold is not above 0 and below 1, or there is none.

    Notes
    -----
    With odds ``o = t / (1 - t)`` of the threshold: ``NB = TP/n - o FP/n``; treating all gives
    ``phi - o (1 - phi)``; interventions avoided are ``(NB - NB_all) / o``. Vickers and Elkin 2006,
    Med Decis Making 26:565.

    Examples
    --------
    >>> curve = net_benefit([1, 0, 0, 0], [0.6, 0.4, 0.1, 0.1], [0.2])
    >>> curve.model.tolist(), curve.interventions_avoided.tolist()
    ([0.1875], [0.5])
    """
    y, p, w = check_predictions(relapse, risk, weight)
    cuts = np.atleast_1d(np.asarray(thresholds, dtype=float))
    wrong = ~((cuts > 0) & (cuts < 1))
    if cuts.ndim != 1 or cuts.size == 0 or wrong.any():
        raise RelapseModelError(
            f"Net benefit: {int(wrong.sum())} of {cuts.size} thresholds are not above 0 "
            "and below 1; expected at least one risk at which somebody would act."
        )
    order = np.argsort(p)
    treated_from = np.searchsorted(p[order], cuts, side="left")
    true_positive = _from(w * y, order)[treated_from]
    false_positive = _from(w * (1 - y), order)[treated_from]
    odds, share = cuts / (1 - cuts), np.average(y, weights=w)
    model = (true_positive - odds * false_positive) / w.sum()
    treat_all = share - odds * (1 - share)
    return NetBenefit(cuts, model, treat_all, (model - treat_all) / odds)


def _from(amounts: Floats, order: np.ndarray[tuple[int], np.dtype[np.intp]]) -> Floats:
    """Return the sum of amounts from each rank upward, and 0 beyond the last."""
    return np.append(np.cumsum(amounts[order][::-1])[::-1], 0.0)
