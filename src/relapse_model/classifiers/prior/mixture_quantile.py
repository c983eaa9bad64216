"""The normal distribution function, and quantiles of mixtures of normal distributions: numpy only."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from statistics import NormalDist

import numpy as np

from relapse_model.arrays import Floats, Positions

_HALLEY_STEPS, _HALLEY_END = 12, 1e-5  # the error after a step is about its cube
_HALVINGS = 52
LEAST_SD = 1e-100
_CDF_REACH = 38.0  # beyond it the density is nothing in 64 bits
HART_ABOVE = (
    3.52624965998911e-2, 0.700383064443688, 6.37396220353165, 33.912866078383, 112.079291497871, 221.213596169931,
    220.206867912376,
)  # fmt: skip
HART_BELOW = (
    8.83883476483184e-2, 1.75566716318264, 16.064177579207, 86.7807322029461, 296.564248779674, 637.333633378831,
    793.826512519948, 440.413735824752,
)  # fmt: skip


Sums = Callable[[Floats, Positions], tuple[Floats, Floats, Floats]]


def mixture_quantile(mean: Floats, sd: Floats, weight: Floats, level: float, sums: Sums | None = None) -> Floats:
    """Return the log-odds below which ``level`` of the mixture lies; (n, B) moments give (n,).

    Halley's method from the quantile of the normal distribution with the mixture's moments, within bounds that close in
    on it from both sides: a step beyond them, as where there is no density, gives way to their middle. What has not
    settled to a small part of the narrowest component is bisected.

    Parameters
    ----------
    mean, sd : ndarray of shape (n, B)
        An sd of 0 counts as next to nothing.
    weight : ndarray of shape (B,)
    level : float
    sums : callable, optional
        Takes a point for each of some rows, and the rows; returns what `mixture_sums` does.
    """
    sd = np.maximum(sd, LEAST_SD)
    if sums is None:
        sums = partial(_sums, mean=mean, sd=sd, weight=weight)
    deviate = NormalDist().inv_cdf(level)
    quantiles = mean + deviate * sd  # the mixture's lies between its components'
    low, high = quantiles.min(axis=1), quantiles.max(axis=1)
    centre = mean @ weight
    spread = np.sqrt((sd**2 + (mean - centre[:, None]) ** 2) @ weight)
    found: Floats = np.clip(centre + deviate * spread, low, high)
    narrow = sd.min(axis=1)
    open_rows = np.flatnonzero(low < high)
    for _ in range(_HALLEY_STEPS):
        if not len(open_rows):
            break
        at = found[open_rows]
        short, step = _halley_step(level, *sums(at, open_rows))
        low[open_rows] = np.where(short >= 0, at, low[open_rows])
        high[open_rows] = np.where(short <= 0, at, high[open_rows])
        moved = at + step
        beyond = ~((moved >= low[open_rows]) & (moved <= high[open_rows]))
        moved[beyond] = 0.5 * (low[open_rows] + high[open_rows])[beyond]
        found[open_rows] = moved
        open_rows = open_rows[beyond | (np.abs(step) > _HALLEY_END * narrow[open_rows])]
    if len(open_rows):
        rest = mean[open_rows], sd[open_rows]
        found[open_rows] = _bisected(*rest, weight, level, low[open_rows], high[open_rows])
    return found


def _halley_step(level: float, below: Floats, density: Floats, bend: Floats) -> tuple[Floats, Floats]:
    """Return how much of the level lies above a point, and the step of Halley's method; no number where it has none."""
    short = level - below
    density = density / math.sqrt(2.0 * math.pi)
    bend = bend / math.sqrt(2.0 * math.pi)
    with np.errstate(all="ignore"):
        step = short / density
        step /= np.clip(1.0 + 0.5 * step * bend / density, 0.5, 2.0)
    return short, step


def _sums(at: Floats, rows: Positions, mean: Floats, sd: Floats, weight: Floats) -> tuple[Floats, Floats, Floats]:
    if len(rows) < len(mean):
        mean, sd = mean[rows], sd[rows]
    z = (at[:, None] - mean) / sd
    below, bell = _normal(z)
    bell /= sd
    density = bell @ weight
    z *= bell
    z /= sd
    return below @ weight, density, -(z @ weight)


def _bisected(mean: Floats, sd: Floats, weight: Floats, level: float, low: Floats, high: Floats) -> Floats:
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        short = normal_cdf((middle[:, None] - mean) / sd) @ weight < level
        low, high = np.where(short, middle, low), np.where(short, high, middle)
    found: Floats = 0.5 * (low + high)
    return found


def normal_cdf(z: Floats) -> Floats:
    """Return the standard normal distribution function, to an absolute error below 1e-12.

    Hart's rational approximation (Computer Approximations, 1968, no. 5666), as West gives it (Better approximations to
    cumulative normal functions, Wilmott 2005): numpy has no error function, and scoring should not have to load scipy.
    """
    return _normal(z)[0]


def _normal(z: Floats) -> tuple[Floats, Floats]:
    """Return the standard normal distribution function, and exp(-z ** 2 / 2)."""
    away = np.minimum(np.abs(z), _CDF_REACH)
    bell = np.exp(-0.5 * away * away)
    tail = _polynomial(away, HART_ABOVE)
    tail /= _polynomial(away, HART_BELOW)
    tail *= bell
    return np.where(z > 0, 1.0 - tail, tail), bell


def _polynomial(x: Floats, coefficients: tuple[float, ...]) -> Floats:
    """Return a polynomial, its highest power first."""
    found = coefficients[0] * x
    for coefficient in coefficients[1:-1]:
        found += coefficient
        found *= x
    found += coefficients[-1]
    return found
