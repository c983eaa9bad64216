"""Whether a candidate says the same in every centre."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from relapse_model.arrays import Floats, Mask
from relapse_model.development.screening.score_test import score_tests
from relapse_model.trial.biomarkers.estimates import estimates

FEWEST_EVENTS = 2  # and as many without: with fewer the sign of an effect says nothing
FOR_I2 = (3, 5)  # centres, and events in each


@dataclass(frozen=True, slots=True, eq=False)
class AcrossCentres:
    """Of m candidates in c centres.

    Attributes
    ----------
    names : tuple of str
    events, patients : array of int, shape (m, c)
        Of those who have the candidate.
    log_odds, error : array, shape (m, c)
        With the risk of the base as a known part, and Firth's penalty; NaN with fewer than 2 events.
    i2 : array, shape (m,)
        Share of the scatter that chance does not explain; NaN below 3 centres of 5 events.
    z_lowest, z_highest : array, shape (m,)
        The score statistic with one centre after the other left out.
    """

    names: tuple[str, ...]
    events: NDArray[np.intp]
    patients: NDArray[np.intp]
    log_odds: Floats
    error: Floats
    i2: Floats
    z_lowest: Floats
    z_highest: Floats

    def agreement(self, direction: Floats) -> list[str]:
        """Return in how many of the centres that can tell the sign is that of the whole, such as ``"2 of 3"``."""
        estimable = ~np.isnan(self.log_odds)
        same = estimable & (np.sign(self.log_odds) == np.sign(direction)[:, None])
        return [f"{a} of {b}" if b else "" for a, b in zip(same.sum(axis=1), estimable.sum(axis=1), strict=True)]


def across_centres(
    columns: ArrayLike,
    relapse: ArrayLike,
    base: ArrayLike,
    risk: ArrayLike,
    centre: ArrayLike,
    weight: ArrayLike | None = None,
    offset: ArrayLike | None = None,
) -> AcrossCentres:
    """Estimate each candidate in each centre, and test it without each centre.

    Parameters
    ----------
    columns : array-like of shape (m, n)
    relapse : array-like of shape (n,)
    base : array-like of shape (n, k)
    risk : array-like of shape (n,)
        Of the base fitted to all.
    centre : array-like of shape (n,)
    weight, offset : array-like of shape (n,), optional
        As in `score_tests`.
    """
    x = np.atleast_2d(np.asarray(columns, dtype=float))
    y, group, p = np.asarray(relapse, dtype=float), np.asarray(centre, dtype=object), np.asarray(risk, dtype=float)
    w = np.ones(y.size) if weight is None else np.asarray(weight, dtype=float)
    names = tuple(sorted(set(group.tolist())))
    known, columns_of_base = ~np.isnan(x) & (w > 0), np.asarray(base, dtype=float)
    logit = np.log(p / (1 - p))
    shape = (len(x), len(names))
    events, patients = np.zeros(shape, dtype=np.intp), np.zeros(shape, dtype=np.intp)
    log_odds, error, without = np.full(shape, np.nan), np.full(shape, np.nan), np.full(shape, np.nan)
    for place, name in enumerate(names):
        here = group == name
        events[:, place] = (known & here & (y == 1)).sum(axis=1)
        patients[:, place] = (known & here).sum(axis=1)
        found = estimates(x, y, np.empty((y.size, 0)), np.where(here, w, 0.0), logit)
        estimable = (events[:, place] >= FEWEST_EVENTS) & (patients[:, place] - events[:, place] >= FEWEST_EVENTS)
        log_odds[estimable, place], error[estimable, place] = found.log_odds[estimable], found.error[estimable]
        if len(names) > 1:
            others = np.where(here, 0.0, w)
            without[:, place] = score_tests(
                x, y, _independent(columns_of_base, others > 0), others, offset, firth=True
            ).z
    empty = np.isnan(without).all(axis=1)
    low = np.where(empty, np.nan, np.nanmin(np.where(empty[:, None], 0.0, without), axis=1))
    high = np.where(empty, np.nan, np.nanmax(np.where(empty[:, None], 0.0, without), axis=1))
    return AcrossCentres(names, events, patients, log_odds, error, _i2(log_odds, error, events), low, high)


def _independent(columns: Floats, rows: Mask) -> Floats:
    """Return the columns that say something in these rows beside the intercept and those before them."""
    kept, design = [], np.ones((int(rows.sum()), 1))
    for place, column in enumerate(columns[rows].T):
        wider = np.column_stack([design, column])
        if np.linalg.matrix_rank(wider) > np.linalg.matrix_rank(design):
            kept.append(place)
            design = wider
    return columns[:, kept]


def _i2(log_odds: Floats, error: Floats, events: NDArray[np.intp]) -> Floats:
    """Return I squared over the centres with events enough; NaN where there are too few of them."""
    least_centres, least_events = FOR_I2
    used = ~np.isnan(log_odds) & (events >= least_events)
    count = used.sum(axis=1)
    precision = np.where(used, 1 / np.where(used, error, 1.0) ** 2, 0.0)
    total = np.maximum(precision.sum(axis=1), 1e-300)
    mean = (precision * np.where(used, log_odds, 0.0)).sum(axis=1) / total
    q = (precision * (np.where(used, log_odds, 0.0) - mean[:, None]) ** 2).sum(axis=1)
    share = np.maximum(0.0, 1 - (count - 1) / np.maximum(q, 1e-300))
    return np.where(count >= least_centres, share, np.nan)
