"""When the titre will fall below the limit: the belief after the last titre, carried forward along sampled paths.

Each path is one set of kinetics, slope and level from the belief of `AntibodyFilter`, picked without chance in
proportion to it, and moved week by week with the same drift and jumps for every patient, so that the forecast of one
patient does not depend on the others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from relapse_model.arrays import Floats
from relapse_model.features.antibody_filter import (
    DRIFT_SD_LOG10,
    FLOOR,
    JUMP_SD_LOG10,
    JUMP_SHARE,
    AntibodyFilter,
    History,
)
from relapse_model.features.kinetics import passive_titre, peak_day

PATHS = 512
WEEKS = 52  # beyond a year nothing is forecast
STEPS_PER_WEEK = 1
_SEED = 7  # of drift and jumps, the same for all


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """What is expected of each patient's titre, one entry per patient.

    Attributes
    ----------
    start : array of float
        Week of the last titre.
    crossing, lower, upper : array of float
        Week in which the titre falls below the limit: median and 90 % interval; infinite where it does not in a year.
    course_week : array of float, shape (weeks,)
        Weeks after `start`.
    median, low, high : array of float, shape (patients, weeks)
        The titre: median and 90 % band, mIU/mL.
    called : array of float, shape (patients, weeks)
        Probability that a titre measured then, with the error of the assay, lies below the limit.
    unreachable : array of float
        Probability that a dose, at its peak, does not bring the titre to the limit, with what the earlier doses left:
        the last dose where its peak is later than the last titre, otherwise one more.
    dose_needed : array of float
        IU that would bring the typical patient of this own level to the limit at the peak; 0 where none is needed.
    surprise : array of float
        Two-sided predictive probability of the last titre, given those before it; NaN where there is none before.
    """

    start: Floats
    crossing: Floats
    lower: Floats
    upper: Floats
    course_week: Floats
    median: Floats
    low: Floats
    high: Floats
    called: Floats
    unreachable: Floats
    dose_needed: Floats
    surprise: Floats

    def due_at(self, week: Floats) -> Floats:
        """Return the chance that a titre measured in a week (one per patient) is below the limit; NaN beyond a year."""
        after = week - self.start
        known = [np.interp(at, self.course_week, row) for at, row in zip(after, self.called, strict=True)]
        return np.where((after >= 0) & (after <= self.course_week[-1]), np.array(known, dtype=float), np.nan)


def crossing_day(own: float, dose: float, below: float, half_life: float, volume: float, absorption: float) -> float:
    """Return the day on which the titre falls below a limit, where the own antibody stays as it is.

    Assumes one dose at day 0 and a constant own part. Infinite where the own part alone reaches the limit; 0 where the
    dose does not bring the titre to it.

    Examples
    --------
    Own antibody 80 mIU/mL, 400 IU, medians of the built-in study: below 100 after day 35.67.

    >>> round(crossing_day(80.0, 400.0, 100.0, 24.0, 7.5, 0.6), 3)
    35.669
    """
    from scipy.optimize import brentq

    if own >= below:
        return float("inf")
    peak = float(peak_day(half_life, absorption))

    def above(day: float) -> float:
        return own + float(passive_titre(day, dose, half_life, volume, absorption)) - below

    if above(peak) < 0:
        return 0.0
    return float(brentq(above, peak, 200.0 * half_life, xtol=1e-10))


def forecast(model: AntibodyFilter, history: History, dose: float, below: float) -> Forecast:
    """Carry the belief after the last titre forward for a year.

    Parameters
    ----------
    model : AntibodyFilter
    history : History
        Of the patients, all with a titre in the last column.
    dose : float
        IU of one dose of the rule.
    below : float
        The limit, mIU/mL.
    """
    patients = len(history.week)
    chunk = max(1, model.chunk)
    parts = [_chunk(model, _rows(history, slice(i, i + chunk)), dose, below) for i in range(0, patients, chunk)]
    return Forecast(
        **{
            name: parts[0].course_week if name == "course_week" else np.concatenate([getattr(p, name) for p in parts])
            for name in Forecast.__slots__
        }
    )


def _rows(history: History, rows: slice) -> History:
    return History(*(getattr(history, name)[rows] for name in History.__slots__))


def _chunk(model: AntibodyFilter, history: History, dose: float, below: float) -> Forecast:
    belief, _ = model.posterior(history)
    slope, kinetic, level = _paths(belief)
    start = history.week[:, -1]
    week: Floats = np.arange(WEEKS * STEPS_PER_WEEK + 1, dtype=np.float64) / STEPS_PER_WEEK
    own = _own_paths(model.slope[slope], np.asarray(model.level[level], dtype=np.float64), week)
    passive = np.stack([model.passive(start + w, history.dose_week, history.dose) for w in week], axis=-1)
    titre = own + np.take_along_axis(passive, kinetic[:, :, None], axis=1)
    after = _after_peak(model, history, start)
    reached = _crossing(titre, week, below, after)
    quantile = np.quantile(reached, (0.05, 0.5, 0.95), axis=1, method="inverted_cdf")
    band = np.quantile(titre, (0.05, 0.5, 0.95), axis=1)
    middle = np.median(own[:, :, 0], axis=1)
    typical = float(model.kinetic_weight @ _peak(model, dose)) / dose
    one_more = own[:, :, 0] + _with_one_more(model, history, dose, kinetic)
    highest = np.where(after[:, None] > 0, _at_week(titre, after), one_more)
    return Forecast(
        start=start, crossing=start + quantile[1], lower=start + quantile[0], upper=start + quantile[2],
        course_week=week, median=band[1], low=band[0], high=band[2], called=_called(titre, below, model.error),
        unreachable=(highest < below).mean(axis=1),
        dose_needed=np.maximum(below - middle, 0.0) / typical,
        surprise=_surprise(model, history),
    )  # fmt: skip


def _called(titre: Floats, below: float, error: float) -> Floats:
    with np.errstate(divide="ignore"):
        return np.asarray(ndtr((np.log10(below) - np.log10(titre)) / error).mean(axis=1))


def _paths(belief: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Pick nodes in proportion to the belief, at equal steps of its cumulative sum, shape (patients, PATHS) each."""
    patients, *shape = belief.shape
    flat = np.cumsum(belief.reshape(patients, -1), axis=1)
    asked = (np.arange(PATHS) + 0.5) / PATHS
    place = np.stack([np.searchsorted(row, asked * row[-1]) for row in flat])
    slope, kinetic, level = np.unravel_index(np.minimum(place, flat.shape[1] - 1), shape)
    return slope, kinetic, level


def _own_paths(slope: Floats, level: Floats, week: Floats) -> Floats:
    """Return the own antibody along each path, shape (patients, PATHS, weeks), by the model of `AntibodyFilter`."""
    random = np.random.default_rng(_SEED)
    step = np.diff(week) / 4.0
    drift = DRIFT_SD_LOG10 * np.sqrt(step) * random.standard_normal((PATHS, len(step)))
    jumps = random.random((PATHS, len(step))) < 1.0 - (1.0 - JUMP_SHARE) ** step
    drift += np.where(jumps, JUMP_SD_LOG10 * random.standard_normal((PATHS, len(step))), 0.0)
    order = random.permutation(PATHS)  # nodes come in order; their changes do not
    moved = np.concatenate([np.zeros((PATHS, 1)), np.cumsum(drift[order], axis=1)], axis=1)
    path = level[:, :, None] + slope[:, :, None] * (week / 4.0) + moved
    return np.asarray(np.where(path > np.log10(FLOOR), np.power(10.0, path), 0.0))


def _after_peak(model: AntibodyFilter, history: History, start: Floats) -> Floats:
    """Return how many weeks after the last titre the last dose is at its peak; until then a low titre is rising."""
    last = np.where(history.dose > 0, history.dose_week, -np.inf).max(axis=1, initial=-np.inf)
    half_life, _, absorption = model.kinetics
    peak = float(model.kinetic_weight @ np.asarray(peak_day(half_life, absorption))) / 7.0
    return np.asarray(np.maximum(last + peak - start, 0.0))


def _at_week(titre: Floats, after: Floats) -> Floats:
    """Return each path at the first step at or after a number of weeks, one per patient: as `_crossing` counts."""
    step = np.minimum(np.ceil(after * STEPS_PER_WEEK), titre.shape[2] - 1).astype(np.intp)
    return np.asarray(titre[np.arange(len(titre)), :, step])


def _with_one_more(model: AntibodyFilter, history: History, dose: float, kinetic: NDArray[np.intp]) -> Floats:
    """Return the passive titre along each path at the peak of a dose given now, on top of what earlier doses left."""
    half_life, _, absorption = model.kinetics
    peak = float(model.kinetic_weight @ np.asarray(peak_day(half_life, absorption))) / 7.0
    left = model.passive(history.week[:, -1] + peak, history.dose_week, history.dose)
    return np.asarray(np.take_along_axis(left, kinetic, axis=1) + _peak(model, dose)[kinetic])


def _crossing(titre: Floats, week: Floats, below: float, from_week: Floats) -> Floats:
    """Return when each path first lies below the limit from a week on, straight in the logarithm between weeks.

    The first week that counts is the one at or after `from_week`: before it a titre is still rising after a dose.
    """
    counted = week[None, None, :] >= np.ceil(from_week * STEPS_PER_WEEK)[:, None, None] / STEPS_PER_WEEK
    under = (titre < below) & counted
    first = under.argmax(axis=2)
    never = ~under.any(axis=2)
    before = np.maximum(first - 1, 0)
    rows = np.arange(titre.shape[0])[:, None], np.arange(titre.shape[1])
    high, low = titre[(*rows, before)], titre[(*rows, first)]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.log(high / below) / np.log(high / np.maximum(low, 1e-6))
    share = np.where((first > 0) & (high >= below), share, 1.0)
    at = week[before] + share * (week[first] - week[before])
    at = np.where(first == 0, 0.0, at)
    return np.where(never, np.inf, at)


def _peak(model: AntibodyFilter, dose: float) -> Floats:
    half_life, volume, absorption = model.kinetics
    return passive_titre(peak_day(half_life, absorption), dose, half_life, volume, absorption)


def _surprise(model: AntibodyFilter, history: History) -> Floats:
    """Return the two-sided predictive probability of the last titre, from what was believed before it."""
    surprise = np.full(len(history.week), np.nan)
    if history.week.shape[1] < 2:
        return surprise
    rows = np.flatnonzero(~np.isnan(history.week[:, -2]))
    if not len(rows):
        return surprise
    taken = History(*(getattr(history, name)[rows] for name in History.__slots__))
    earlier = History(taken.week[:, :-1], taken.lower[:, :-1], taken.upper[:, :-1], taken.dose_week, taken.dose)
    belief, _ = model.posterior(earlier)
    belief = model.moved(belief, taken.week[:, -1] - taken.week[:, -2])
    passive = model.passive(taken.week[:, -1], taken.dose_week, taken.dose)
    mean = np.log10(passive[..., None] + np.power(10.0, model.level))
    weight = belief.sum(axis=1)
    with np.errstate(divide="ignore"):
        low, high = np.log10(taken.lower[:, -1])[:, None, None], np.log10(taken.upper[:, -1])[:, None, None]
    at_most = (weight * ndtr((high - mean) / model.error)).sum(axis=(1, 2))
    at_least = (weight * ndtr((mean - low) / model.error)).sum(axis=(1, 2))
    surprise[rows] = np.minimum(1.0, 2.0 * np.minimum(at_most, at_least))
    return surprise
