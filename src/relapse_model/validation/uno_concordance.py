"""Do patients who relapse earlier get higher risks, whatever the pattern of loss: Uno's C."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from relapse_model.errors import CensoringError, InsufficientDataError, RelapseModelError
from relapse_model.validation.estimate import check_predictions, refuse_other_order
from relapse_model.validation.ipcw import reverse_kaplan_meier
from relapse_model.validation.pairs_in_time import concordant_pairs, pairs_with_competing


def uno_c(
    time: ArrayLike,
    event: ArrayLike,
    risk: ArrayLike,
    until: float,
    fold: ArrayLike | None = None,
    competing: ArrayLike | None = None,
) -> float:
    """Return Uno's C: the chance that, of two patients, the one who relapses first has the higher risk.

    Assumes that loss to follow-up has nothing to do with risk or relapse. Harrell's C tends to a value that
    depends on when patients were lost; here each pair is weighted by the inverse probability that both were
    followed to the earlier relapse, ``G(T-)^-2``, and the dependence goes. Relapses after ``until`` do not
    count, since few are followed long and their weights grow; those at ``until`` itself do, as at every horizon
    of this library. Without censoring up to ``until`` it is Harrell's C of the follow-up cut there.

    Pairs and ties are those of `relapse_model.validation.discrimination.harrell_c`: at equal times an event
    comes before a censoring, two events are no pair, equal risks count one half.

    Parameters
    ----------
    time : array-like of shape (n,)
        Weeks to the event, or to the last time known free of it.
    event : array-like of shape (n,)
        1 or 0.
    risk : array-like of shape (n,)
        Predicted risk, or any score that grows with it (higher = earlier relapse).
    until : float
        Weeks up to which relapses count.
    fold : array-like of shape (n,), optional
        Of out-of-fold risks: pairs of one fold only are compared, as by `harrell_c`; G is that of everybody.
    competing : array-like of shape (n,), optional
        1 for a competing event at that time. It is no loss; such a patient is later than every event, with the
        weight ``1 / (G(T-) G(C-))`` where the competing event, at C, came before it (Wolbers et al. 2014,
        Biostatistics 15:526).

    Returns
    -------
    float

    Raises
    ------
    CensoringError
        If nobody is followed as far as ``until``, the last patient being censored before it: G is 0 there.
    InsufficientDataError
        If there is no event by then, or none with anybody followed longer.
    RelapseModelError
        If the arrays do not fit each other, or ``until`` is not above 0.

    Notes
    -----
    Uno et al. 2011, Stat Med 30:1105. They leave out events at ``until`` itself and use the strict order of
    times; with follow-up that ends at scheduled visits that would lose the visit at the horizon. G is
    `relapse_model.validation.ipcw.reverse_kaplan_meier`, for everybody together.

    Examples
    --------
    >>> uno_c([5, 8, 12], [1, 0, 0], [0.9, 0.5, 0.9], until=10)
    0.75
    """
    refuse_other_order(time, event, risk, fold, competing)
    y, score, _ = check_predictions(event, risk, probability=False)
    weeks = np.asarray(time, dtype=float)
    if not (np.isfinite(until) and until > 0):
        raise RelapseModelError(f"Uno's C: until is {until}; expected a number of weeks above 0.")
    other = np.zeros(y.size) if competing is None else np.asarray(competing, dtype=float) * (y == 0)
    followed = reverse_kaplan_meier(weeks, y + other)
    if followed.at(until, left_limit=True) == 0:
        raise CensoringError(
            f"Uno's C up to week {until:g}: the {y.size} patients are followed to week {weeks.max():g} at most and "
            "the last of them is censored; expected somebody followed that far. "
            f"Ask for {weeks.max():g} weeks or less, or add follow-up."
        )
    first = np.flatnonzero((y == 1) & (weeks <= until))
    chance = followed.at(weeks[first], left_limit=True)
    pairs = np.array(concordant_pairs(weeks, y, score, first, fold)) * chance**-2.0
    if other.any():
        gone = np.divide(other, followed.at(weeks, left_limit=True), out=np.zeros(y.size), where=other > 0)
        pairs += np.array(pairs_with_competing(weeks, gone, score, first, fold)) / chance
    usable, concordant = pairs
    if usable.sum() == 0:
        raise InsufficientDataError(
            f"Uno's C up to week {until:g}: {first.size} events in {y.size} patients, no pair whose order in time "
            "is known; expected an event with somebody followed longer. Add follow-up."
        )
    return float(concordant.sum() / usable.sum())
