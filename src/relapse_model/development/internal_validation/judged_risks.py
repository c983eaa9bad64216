"""The out-of-fold risks of a validation, judged repeat by repeat."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from relapse_model.arrays import Floats
from relapse_model.features.development_data import DevelopmentData
from relapse_model.validation.over_repeats import mean_measures
from relapse_model.validation.performance_measures import MEASURES, Performance, performance


def mean_performance(
    data: DevelopmentData, risks: Floats, seed: int, fold: NDArray[np.intp] | None = None
) -> Performance:
    """Judge the risks of each repeat and average the measures, intervals limit by limit.

    A measure that some repeats cannot support is averaged over the others, and says so; with fewer than half of them it
    is refused. The patients counted are those with a risk: all of them, but for folds that failed.

    Parameters
    ----------
    data : DevelopmentData
        Patients at risk at one landmark.
    risks : array, shape (repeats, n)
        NaN where a fold failed.
    seed : int
    fold : array, shape (repeats, n), optional
        The fold of each patient in each repeat; see `performance`.
    """
    weight = data.weights()
    followed, relapsed, horizon = data.by_horizon()
    ended = data.competing_ends()
    each = []
    for repeat, risk in enumerate(risks):
        rows = ~np.isnan(risk)
        if np.isnan(data.relapse[rows]).all():
            continue  # every fold failed, but for those of patients who were lost
        found = performance(
            data.relapse[rows], risk[rows], weight[rows], data.time[rows], data.event[rows], seed=seed,
            fold=None if fold is None else fold[repeat, rows],
            by_horizon=(followed[rows], relapsed[rows], horizon),
            competing=None if ended is None else (ended[0][rows], ended[1][rows]),
        )  # fmt: skip
        each.append((found.measures, found.refused))
    judged = ~np.isnan(risks).all(axis=0)
    seen, others = data.relapse[judged], 0 if ended is None else int(ended[1][judged].sum())
    events, lost = int((seen == 1).sum()), int(np.isnan(seen).sum())
    return Performance(len(seen), events, lost, *mean_measures(each, MEASURES), apparent=False, competing=others)


def not_estimable(judged: Performance, reason: str) -> Performance:
    """Return a performance without a figure, and the reason for it at every measure.

    Parameters
    ----------
    judged : Performance
    reason : str
    """
    refused = dict.fromkeys(MEASURES, reason)
    return Performance(
        judged.patients, judged.events, judged.lost, {}, refused, apparent=False, competing=judged.competing
    )
