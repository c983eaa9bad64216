"""The values of a predictor as a clinician would group them: its levels, yes and no, or round cut points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from relapse_model.arrays import Floats
from relapse_model.errors import RelapseModelError
from relapse_model.features.clinical_units import clinical, unit_shown
from relapse_model.study.predictor import Predictor
from relapse_model.study.predictor_kinds import DIFFERENCES

_FEWEST, _MOST = 4, 6  # cut points of a number, where its range allows
_EDGE = 0.05  # share of the range that a cut point keeps from its ends: a bin beyond it would hold hardly anybody
_STEPS, _WEEK_STEPS = (1.0, 2.0, 5.0), (1.0, 2.0, 4.0, 8.0, 12.0, 24.0, 48.0, 96.0)
_IN_A_DECADE = ((1.0,), (1.0, 3.0), (1.0, 2.0, 5.0), (1.0, 1.5, 2.0, 3.0, 5.0, 7.0))
_WIDE = 10.0  # ratio of the ends of a range from which round numbers are spaced by factors
_SAME = 1e-9  # a value at a cut point may differ from it in its last digit, and belongs above it


@dataclass(frozen=True, slots=True)
class ValueBins:
    """Bins of one predictor, from the lowest to the highest value; every known value lies in one.

    Attributes
    ----------
    cuts : ndarray of shape (k - 1,)
        On the scale of the model: log10 of a titre, the position of a level.
    shown : tuple of float
        The same cut points in clinical units.
    at : ndarray of shape (k,)
        The value at which each bin is judged: its middle within the training range, on the scale of the model.
    names : tuple of str
        Names of the levels; empty for numbers, which are described by their cut points.
    """

    cuts: Floats
    shown: tuple[float, ...]
    at: Floats
    names: tuple[str, ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """Return each bin in words."""
        return self.names or interval_words(self.shown)


def value_bins(predictor: Predictor, training: dict[str, Any], shown: Sequence[float] | None = None) -> ValueBins:
    """Return the bins of a predictor over its training range (5th to 95th percentile).

    Levels and yes/no are bins of their own. Numbers get 4 to 6 round cut points where the range allows: steps of 1,
    2 or 5 (2, 4, 8, 12, 24 for weeks), or factors of 10 and 3 where the range spans decades.

    Parameters
    ----------
    predictor : Predictor
    training : dict
        What the model keeps of the predictor; see `relapse_model.development.summary.predictor_summary`.
    shown : sequence of float, optional
        Cut points in clinical units, instead of the round ones.

    Raises
    ------
    RelapseModelError
        If cut points were given for a predictor that is no number, or they do not rise.
    """
    names = predictor.levels or (("no", "yes") if is_yes_or_no(predictor, training) else ())
    if names:
        if shown is not None:
            raise RelapseModelError(
                f"bins: {predictor.name!r} has the values {', '.join(names)}, each a bin already; expected cut points "
                "for numbers only. Leave it out of `bins`."
            )
        places = np.arange(len(names), dtype=np.float64)
        return ValueBins(places[1:] - 0.5, tuple(places[1:] - 0.5), places, names)
    limits = (np.nan, np.nan) if training["p05"] is None else (training["p05"], training["p95"])
    cuts = round_cuts(predictor, training) if shown is None else _checked(shown, predictor)
    scaled = model_scale(cuts, predictor)
    ends = np.concatenate([[min([limits[0], *scaled[:1]])], scaled, [max([limits[1], *scaled[-1:]])]])
    return ValueBins(scaled, cuts, (ends[1:] + ends[:-1]) / 2)


def bin_of(values: Floats, cuts: Floats) -> NDArray[np.intp]:
    """Return the position of the bin of each known value; a value at a cut point lies above it.

    Parameters
    ----------
    values : ndarray of shape (n,)
        On the scale of the model.
    cuts : ndarray of shape (k - 1,)

    Examples
    --------
    >>> bin_of(np.array([0.5, 1.0, 7.0]), np.array([1.0, 2.0])).tolist()
    [0, 1, 2]
    """
    return np.searchsorted(np.asarray(cuts) - _SAME, values, side="right")


def is_yes_or_no(predictor: Predictor, training: dict[str, Any]) -> bool:
    """Return whether a predictor is 0 or 1: by its kind, or a column without a unit that was nothing else."""
    if unit_shown(predictor) == "0/1" or predictor.equals is not None:
        return True
    bare = predictor.kind == "column" and not predictor.unit and not predictor.levels
    return bare and {training["p05"], training["p95"]} <= {0.0, 1.0}


def model_scale(values: ArrayLike, predictor: Predictor) -> Floats:
    """Return values in clinical units on the scale of the model: `scores.clinical`, undone."""
    numbers = np.asarray(values, dtype=np.float64)
    if predictor.saturating is not None:
        return np.asarray(numbers / (numbers + predictor.saturating))
    return np.log10(numbers) if _logarithmic(predictor) else numbers


def central_range(predictor: Predictor, training: dict[str, Any]) -> tuple[float, float]:
    """Return the 5th and 95th percentile of the training values, in clinical units."""
    low, high = clinical(np.array([training["p05"], training["p95"]], dtype=np.float64), predictor)
    return float(low), float(high)


def round_cuts(predictor: Predictor, training: dict[str, Any]) -> tuple[float, ...]:
    """Return 4 to 6 round cut points inside the training range, as far as it has such; none if it is a point."""
    if training["p05"] is None or not training["p95"] > training["p05"]:
        return ()
    ends = np.array([training["p05"], training["p95"]])
    margin = _EDGE * (ends[1] - ends[0]) * np.array([1, -1])
    low, high = clinical(ends + margin, predictor)
    ladders = round_ladders(float(low), float(high), predictor)
    fitting = [cuts for cuts in ladders if _FEWEST <= len(cuts) <= _MOST]
    middle = (_FEWEST + _MOST) / 2
    return fitting[0] if fitting else min(ladders, key=lambda cuts: (abs(len(cuts) - middle), len(cuts)))


def round_ladders(low: float, high: float, predictor: Predictor) -> list[tuple[float, ...]]:
    """Return sets of round numbers within a range in clinical units, from the coarsest to the finest.

    Parameters
    ----------
    low, high : float
        The range; both ends belong to it.
    predictor : Predictor
        Titres on the log10 scale that span a decade get factors; weeks get steps of 4, 8, 12 and 24.
    """
    if (_logarithmic(predictor) or predictor.saturating is not None) and high > _WIDE * max(low, 0.0):
        return [_in_decades(mantissas, max(low, high * 1e-6), high) for mantissas in _IN_A_DECADE]
    return [_multiples(step, low, high) for step in _round_steps(low, high, unit_shown(predictor))]


def interval_words(cuts: Sequence[float]) -> tuple[str, ...]:
    """Return the bins between cut points in words.

    Examples
    --------
    >>> interval_words((10.0, 100.0))
    ('below 10', '10 to below 100', '100 or more')
    >>> interval_words(())
    ('any value',)
    """
    numbers = [number_words(cut) for cut in cuts]
    if not numbers:
        return ("any value",)
    between = [f"{low} to below {high}" for low, high in pairwise(numbers)]
    return (f"below {numbers[0]}", *between, f"{numbers[-1]} or more")


def number_words(number: float) -> str:
    """Return a round number as it is written by hand: no exponent, no trailing noughts.

    Examples
    --------
    >>> number_words(0.1 * 3), number_words(2e6)
    ('0.3', '2000000')
    """
    return f"{number:.10g}"


def _logarithmic(predictor: Predictor) -> bool:
    return predictor.scale == "log10" and predictor.kind not in DIFFERENCES and predictor.saturating is None


def _checked(shown: Sequence[float], predictor: Predictor) -> tuple[float, ...]:
    cuts = np.asarray(shown, dtype=np.float64)
    positive = _logarithmic(predictor) or predictor.saturating is not None
    if cuts.ndim != 1 or not len(cuts) or not np.isfinite(cuts).all() or (np.diff(cuts) <= 0).any():
        raise RelapseModelError(
            f"bins: the cut points of {predictor.name!r} are {list(shown)!r}; expected one or more rising numbers."
        )
    if positive and cuts[0] <= 0:
        raise RelapseModelError(
            f"bins: the lowest cut point of {predictor.name!r} is {cuts[0]:g}; expected one above 0, in the clinical "
            f"unit ({unit_shown(predictor)})."
        )
    return tuple(float(cut) for cut in cuts)


def _round_steps(low: float, high: float, unit: str) -> list[float]:
    """Return steps from about the range down to a twentieth of it."""
    span = max(high - low, 1e-12)
    power = int(np.floor(np.log10(span)))
    steps = [float(f"{step}e{ten}") for ten in (power - 2, power - 1, power, power + 1) for step in _STEPS]
    if unit == "weeks" and span >= _WEEK_STEPS[0]:
        steps = [*[step for step in steps if step < 1], *_WEEK_STEPS, *[step for step in steps if step > 100]]
    return [step for step in sorted(steps, reverse=True) if span / 20 <= step <= span]


def _in_decades(mantissas: Sequence[float], low: float, high: float) -> tuple[float, ...]:
    decades = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    numbers = [float(f"{mantissa}e{decade}") for decade in decades for mantissa in mantissas]
    return tuple(number for number in numbers if _inside(number, low, high))


def _multiples(step: float, low: float, high: float) -> tuple[float, ...]:
    first, last = int(np.floor(low / step)), int(np.ceil(high / step))
    numbers = [float(f"{step * place:.12g}") for place in range(first, last + 1)]
    return tuple(number for number in numbers if _inside(number, low, high))


def _inside(number: float, low: float, high: float) -> bool:
    slack = _SAME * max(abs(low), abs(high))
    return low - slack <= number <= high + slack
