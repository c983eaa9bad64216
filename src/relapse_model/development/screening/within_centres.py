"""Candidates are compared within centres: a centre that differs in its assay and in its risk is no biomarker."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Floats, Mask, Positions
from relapse_model.study.study import Study

FEWEST_PATIENTS = 10  # of a centre with an intercept of its own; smaller ones share one
EVENTS_PER_COLUMN = 5
CENTRE = "centre"  # column of the patients table


@dataclass(frozen=True, slots=True, eq=False)
class WithinCentres:
    """The base with the centres beside it.

    Attributes
    ----------
    columns : array, shape (n, k + centres - 1)
        Of the base, and an indicator of each centre but the first.
    weight : array, shape (n,)
        0 also for centres in which all or none had the event: within them nothing can be compared.
    group : array of int, shape (n,), or None
        The centre of each patient; None where centres are not accounted for.
    few_events : bool
        Whether there are more columns than one for 5 events. The risks of so many centres are too close to the outcomes
        they are fitted to for outcomes to be drawn from them: they are permuted within centres instead.
    """

    columns: Floats
    weight: Floats
    group: Positions | None = None
    few_events: bool = False

    def silent(self, weight: Floats) -> int:
        """Return how many patients of the base say nothing, by its weights."""
        return int(((weight > 0) & (self.weight == 0)).sum())


def within_centres(
    columns: Floats, relapse: Floats, weight: Floats, centre: NDArray[np.object_] | None
) -> WithinCentres:
    """Put the centres beside a base, where two or more have patients enough.

    Parameters
    ----------
    columns : array, shape (n, k)
        Of the base.
    relapse, weight : array, shape (n,)
        Weight 0: takes no part.
    centre : array of shape (n,) or None

    Examples
    --------
    >>> centre, relapse = np.repeat(["a", "b", "c"], 10).astype(object), np.tile([0.0, 1.0], 15)
    >>> found = within_centres(np.empty((30, 0)), relapse, np.ones(30), centre)
    >>> found.columns.shape, found.few_events
    ((30, 2), False)
    """
    counted = weight > 0
    group = None if centre is None else _groups(centre, counted)
    if group is None:
        return WithinCentres(columns, weight)
    count = group.max() + 1
    patients, with_event = (np.bincount(group[who], minlength=count) for who in (counted, counted & (relapse == 1)))
    telling = np.flatnonzero((with_event > 0) & (with_event < patients))
    kept = np.where(np.isin(group, telling), weight, 0.0)
    indicators = (group[:, None] == telling[1:]).astype(float)
    wide = np.column_stack([columns, indicators])
    few = wide.shape[1] * EVENTS_PER_COLUMN > int((counted & (relapse == 1)).sum())
    return WithinCentres(wide, kept, group, few)


def _groups(centre: NDArray[np.object_], counted: Mask) -> Positions | None:
    """Return the centre of each patient as a number, small ones taken together; None without two of patients enough."""
    codes, names = pd.factorize(centre, sort=True)
    large = np.bincount(codes[counted], minlength=len(names)) >= FEWEST_PATIENTS
    if large.sum() < 2:
        return None
    number = np.where(large, np.cumsum(large) - 1, large.sum())
    return number[codes].astype(np.intp)


def accounts_for_centre(base: Study) -> bool:
    """Tell whether the centre is a predictor of the base already.

    Parameters
    ----------
    base : Study
        With the predictors of the base alone.
    """
    return any(one.column == CENTRE for one in base.predictors)
