"""How many false selections stability selection makes at most: three bounds, by what is assumed of the frequencies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from math import ceil

import numpy as np

from relapse_model.errors import RelapseModelError

_ROUNDING = 1e-12
_FLAT = 1e5  # a line so far from its root that it hardly slopes


@dataclass(frozen=True, slots=True)
class FalseSelections:
    """Upper bounds of the expected number of candidates selected that tell no more than a random one.

    Attributes
    ----------
    meinshausen_buhlmann : float
        Needs exchangeable noise; doi:10.1111/j.1467-9868.2010.00740.x.
    unimodal, r_concave : float
        Smaller, and need a shape of the distribution of the frequencies; Shah and Samworth 2013,
        doi:10.1111/j.1467-9868.2011.01034.x.
    """

    meinshausen_buhlmann: float
    unimodal: float
    r_concave: float

    def to_dict(self) -> dict[str, float]:
        """Return plain values."""
        return asdict(self)


def false_selections(candidates: int, selected: int, threshold: float, pairs: int = 50) -> FalseSelections:
    """Return the three bounds.

    Parameters
    ----------
    candidates : int
        Looked at, m.
    selected : int
        In each half, q.
    threshold : float
        Frequency from which on a candidate counts as stable, above 0.5.
    pairs : int
        Complementary pairs of halves, B.

    Examples
    --------
    >>> round(false_selections(20, 3, 0.75).unimodal, 6)
    0.459184
    """
    if not 0.5 < threshold <= 1.0:
        raise RelapseModelError(f"threshold is {threshold:g}; expected above 0.5, and 1 at most.")
    bounds = (bound(candidates, selected, threshold, pairs) for bound in _BOUNDS.values())
    return FalseSelections(*bounds)


def largest_selection(
    candidates: int, threshold: float = 0.75, at_most: float = 1.0, pairs: int = 50, bound: str = "meinshausen_buhlmann"
) -> int:
    """Return how many candidates may be selected in each half for at most so many expected false selections.

    Parameters
    ----------
    candidates : int
    threshold, at_most : float
    pairs : int
    bound : {"meinshausen_buhlmann", "unimodal", "r_concave"}

    Returns
    -------
    int
        At least 1.

    Examples
    --------
    >>> [largest_selection(20, bound=bound) for bound in ("meinshausen_buhlmann", "unimodal", "r_concave")]
    [3, 4, 6]
    """
    q = 1
    while q < candidates and _BOUNDS[bound](candidates, q + 1, threshold, pairs) <= at_most + _ROUNDING:
        q += 1
    return q


def _without_shape(candidates: int, selected: int, threshold: float, pairs: int) -> float:
    return selected**2 / candidates / (2 * threshold - 1)


def _unimodal(candidates: int, selected: int, threshold: float, pairs: int) -> float:
    return selected**2 / candidates * _unimodal_factor(selected / candidates, threshold, pairs)


def _r_concave(candidates: int, selected: int, threshold: float, pairs: int) -> float:
    return candidates * min(1.0, _r_concave_tail(selected / candidates, threshold, pairs))


_BOUNDS: Mapping[str, Callable[[int, int, float, int], float]] = {
    "meinshausen_buhlmann": _without_shape,
    "unimodal": _unimodal,
    "r_concave": _r_concave,
}


def _unimodal_factor(share: float, threshold: float, pairs: int) -> float:
    """Return the factor of q^2/m, or that of the bound without assumptions where it is not shown to hold."""
    plain, step = 1 / (2 * threshold - 1), 1 / (2 * pairs)
    least = min(0.5 + share**2, 0.5 + step + 0.75 * share**2)
    if threshold <= max(least, 0.5 + step / 2):  # of a few pairs the frequencies are too coarse
        return plain
    if threshold <= 0.75:
        return min(plain, 1 / (2 * (2 * threshold - 1 - step)))
    return min(plain, 4 * (1 - threshold + step) / (1 + 2 * step))


def _r_concave_tail(share: float, threshold: float, pairs: int) -> float:
    """Return the chance that a candidate of no more than average luck reaches the threshold.

    Both halves select it with frequency 2 threshold - 1 at least, and at random with the square of its share; one of
    them with frequency threshold.
    """
    reached = ceil(round(threshold * 2 * pairs, 8))
    both = _largest_tail(share**2, reached - pairs, pairs, -0.5)
    return min(both, _largest_tail(share, reached, 2 * pairs, -0.25))


def _largest_tail(mean: float, reached: int, steps: int, r: float) -> float:
    """Return the largest P(X >= reached) of r-concave distributions on 0, 1, ..., steps with the mean of steps * mean.

    It is taken on by one with ``f(i)^r`` linear up to a last value k, of which the mean fixes the slope. Between two
    such k, where another mass at k + 1 settles the mean, the tail lies between those of the two.
    """
    centre = mean * steps
    first = ceil(round(2 * centre, 9)) + 1
    if reached < first:
        return 1.0
    start, best = _FLAT, 0.0
    for last in range(first, steps + 1):
        start = _line(centre, last, start, 1 / r)
        if reached <= last:
            mass = (start + np.arange(last + 1)) ** (1 / r)
            best = max(best, float(mass[reached:].sum() / mass.sum()))
    return best


def _line(centre: float, last: int, start: float, power: float) -> float:
    """Return where the line starts whose distribution on 0, ..., last has this mean; `start` is that of last - 1."""
    from scipy.optimize import brentq

    place = np.arange(last + 1)

    def above(shift: float) -> float:
        mass = (shift + place) ** power
        return float((place @ mass) / mass.sum() - centre)

    return start if above(start) < 0 else float(brentq(above, 1e-5, start, xtol=1e-12))
