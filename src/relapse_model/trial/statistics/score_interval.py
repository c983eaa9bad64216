"""The score statistic of Miettinen and Nurminen, and the limits where it meets a normal quantile; for many tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from relapse_model.arrays import Floats
from relapse_model.trial.statistics.contrast import RISK_DIFFERENCE, RISK_RATIO

_TOLERANCE = 1e-12
_STEPS = 200  # about 12 are needed; halving alone would take 50


@dataclass(frozen=True, eq=False)
class Tables:
    """Events and patients of both arms; the last axis runs over strata, any others over separate questions.

    Parameters
    ----------
    x1, n1, x0, n0 : ndarray
        Of one shape, with at least one axis. No arm is empty.
    corrected : bool
        Whether variances carry Miettinen and Nurminen's N / (N - 1).
    """

    x1: Floats
    n1: Floats
    x0: Floats
    n0: Floats
    corrected: bool = True

    @property
    def weight(self) -> Floats:
        """Return the Mantel-Haenszel weights of the strata."""
        weight: Floats = self.n1 * self.n0 / (self.n1 + self.n0)
        return weight

    @property
    def correction(self) -> Floats:
        """Return the factor of the variances."""
        n = self.n1 + self.n0
        return n / (n - 1) if self.corrected else np.ones_like(n)


def null_statistic(tables: Tables) -> Floats:
    """Return z of no difference: one for differences, ratios and odds ratios; 0 if nobody or everybody relapsed."""
    p = (tables.x1 + tables.x0) / (tables.n1 + tables.n0)
    return _pooled(tables.x1 / tables.n1 - tables.x0 / tables.n0, p, p, np.ones_like(p), tables)


def mantel_haenszel(tables: Tables, measure: str) -> Floats:
    """Return the difference or ratio of risks at which the score is 0; NaN for a ratio of nothing to nothing."""
    p1, p0 = ((tables.weight * x / n).sum(-1) for x, n in ((tables.x1, tables.n1), (tables.x0, tables.n0)))
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Floats = (p1 - p0) / tables.weight.sum(-1) if measure == RISK_DIFFERENCE else p1 / p0
    return found


def score_limits(tables: Tables, measure: str, z: float) -> tuple[Floats, Floats]:
    """Return the lower and upper limit of the measure for each question.

    Parameters
    ----------
    tables : Tables
        The counts.
    measure : str
        ``"risk_difference"``, ``"risk_ratio"``, or ``"odds_ratio"`` of single tables.
    z : float
        The normal quantile, above 0.

    Returns
    -------
    lower, upper : ndarray
        Without the axis of the strata.

    Notes
    -----
    Miettinen and Nurminen 1985, Stat Med 4:213.
    """
    if measure == RISK_DIFFERENCE:
        found = mantel_haenszel(tables, measure)
        ends = np.stack([np.full_like(found, -1.0), found]), np.stack([found, np.full_like(found, 1.0)])
        lower, upper = _crossing(lambda d: _difference_statistic(tables, d), *ends, z)
        return lower, upper
    statistic = _ratio_statistic if measure == RISK_RATIO else _odds_ratio_statistic
    none1, none0 = ((x == 0).all(-1) for x in (tables.x1, tables.x0))
    all1, all0 = ((x == n).all(-1) for x, n in ((tables.x1, tables.n1), (tables.x0, tables.n0)))
    odds, far = measure != RISK_RATIO, np.full((2, *none1.shape), 50.0)
    lower, upper = np.exp(_crossing(lambda log: statistic(tables, np.exp(log)), -far, far, z))
    return np.where(none1 | (odds & all0), 0.0, lower), np.where(none0 | (odds & all1), np.inf, upper)


def _crossing(statistic: Callable[[Floats], Floats], low: Floats, high: Floats, z: float) -> Floats:
    """Return where the falling statistic passes z (row 0) and -z (row 1), between low and high.

    Where it does not, the end is returned: there is nothing beyond. Chandrupatla 1997, Adv Eng Softw 28:145: inverse
    quadratic interpolation where it can be trusted, halving elsewhere.
    """
    aim = _bounded(np.array([z, -z])).reshape(2, *([1] * (low.ndim - 1)))
    a, b = low, high
    fa, fb = (_bounded(statistic(end)) - aim for end in (a, b))
    outside, part = np.where(fa <= 0, low, high), np.full(low.shape, 0.5)
    crosses = (fa > 0) & (fb < 0)
    for _ in range(_STEPS):
        x = a + part * (b - a)
        fx = _bounded(statistic(x)) - aim
        same = np.sign(fx) == np.sign(fa)
        c, fc = np.where(same, a, b), np.where(same, fa, fb)
        b, fb = np.where(same, b, a), np.where(same, fb, fa)
        a, fa = x, fx
        width = np.abs(b - a)
        if (~crosses | (width <= _TOLERANCE) | (fa == 0)).all():
            break
        part = _next_part(a, b, c, fa, fb, fc)
    return np.where(crosses, np.where((np.abs(fa) < np.abs(fb)) | (fa == 0), a, b), outside)


def _next_part(a: Floats, b: Floats, c: Floats, fa: Floats, fb: Floats, fc: Floats) -> Floats:
    """Return how far from a to b the next point is."""
    with np.errstate(divide="ignore", invalid="ignore"):
        place, height = (a - b) / (c - b), (fa - fb) / (fc - fb)
        smooth = (height**2 < place) & ((1 - height) ** 2 < 1 - place)
        part = fa / (fb - fa) * fc / (fb - fc) + (c - a) / (b - a) * fa / (fc - fa) * fb / (fc - fb)
        least = np.minimum(_TOLERANCE / 2 / np.abs(b - a), 0.5)
    usable = smooth & np.isfinite(part)
    return np.where(usable, np.clip(np.where(usable, part, 0.5), least, 1 - least), 0.5)


def _bounded(z: Floats) -> Floats:
    """Return a statistic on a scale from -1 to 1, so that an infinite one can be interpolated."""
    bounded: Floats = np.tanh(z / 4)
    return bounded


def _pooled(score: Floats, p1: Floats, p0: Floats, ratio: Floats, tables: Tables) -> Floats:
    """Return the weighted score over its standard error."""
    variance = (p1 * (1 - p1) / tables.n1 + ratio**2 * p0 * (1 - p0) / tables.n0) * tables.correction
    total, spread = (tables.weight * score).sum(-1), (tables.weight**2 * variance).sum(-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = total / np.sqrt(spread)
    certain: Floats = np.where(np.abs(total) < 1e-12, 0.0, np.copysign(np.inf, total))
    return np.where(spread > 0, z, certain)


def _difference_statistic(tables: Tables, difference: Floats) -> Floats:
    d = difference[..., np.newaxis]
    p1, p0 = constrained_risks(tables, d)
    return _pooled(tables.x1 / tables.n1 - tables.x0 / tables.n0 - d, p1, p0, np.ones_like(p1), tables)


def constrained_risks(tables: Tables, difference: Floats) -> tuple[Floats, Floats]:
    """Return the most likely risks of both arms that differ by ``difference``.

    The likelihood equation is a cubic in the control risk; the root inside the allowed range is taken in
    trigonometric form (Farrington and Manning 1990, Stat Med 9:1447).
    """
    x1, n1, x0, n0, d = tables.x1, tables.n1, tables.x0, tables.n0, difference
    n, x = n1 + n0, x1 + x0
    b, c, e = ((n1 + 2 * n0) * d - n - x) / n, ((n0 * d - n - 2 * x0) * d + x) / n, x0 * d * (1 - d) / n
    q = (b / 3) ** 3 - b * c / 6 + e / 2
    p = np.where(q < 0, -1.0, 1.0) * np.sqrt(np.maximum((b / 3) ** 2 - c / 3, 0))
    cube = np.where(p == 0, 1.0, p**3)
    angle = (np.pi + np.arccos(np.clip(q / cube, -1, 1))) / 3
    p0 = np.clip(2 * p * np.cos(angle) - b / 3, np.maximum(0, -d), np.minimum(1, 1 - d))
    return np.clip(p0 + d, 0, 1), p0


def _ratio_statistic(tables: Tables, ratio: Floats) -> Floats:
    r = ratio[..., np.newaxis]
    b = r * (tables.n1 + tables.x0) + tables.x1 + tables.n0
    x, n = tables.x1 + tables.x0, tables.n1 + tables.n0
    p0 = np.minimum(2 * x / (b + np.sqrt(np.maximum(b**2 - 4 * n * r * x, 0))), 1)
    p1 = np.minimum(r * p0, 1)
    return _pooled(tables.x1 / tables.n1 - r * tables.x0 / tables.n0, p1, p0, r, tables)


def _odds_ratio_statistic(tables: Tables, ratio: Floats) -> Floats:
    r = ratio[..., np.newaxis]
    x1, n1, n0 = tables.x1, tables.n1, tables.n0
    x, y = x1 + tables.x0, n1 + n0 - x1 - tables.x0
    # Risks and their complements each by themselves: 1 - p loses all digits of a small complement.
    p0, q0 = _risk_at_odds_ratio(r, n1, n0, x), _risk_at_odds_ratio(1 / r, n1, n0, y)
    p1, q1 = _risk_at_odds_ratio(1 / r, n0, n1, x), _risk_at_odds_ratio(r, n0, n1, y)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = tables.correction / (1 / (n1 * p1 * q1) + 1 / (n0 * p0 * q0))
        z = (x1 * q1 - (n1 - x1) * p1) / np.sqrt(variance)
    return np.where(variance > 0, z, 0.0)[..., 0]


def _risk_at_odds_ratio(ratio: Floats, n1: Floats, n0: Floats, x: Floats) -> Floats:
    """Return the most likely risk of the second arm, if x patients in all have the event and the odds differ by ratio.

    Precise relative to its own size also if it is small; not so its complement.
    """
    a, b = n0 * (ratio - 1), ratio * (n1 - x) + n0 + x
    root = np.sqrt(np.maximum(b**2 + 4 * a * x, 0))
    with np.errstate(divide="ignore", invalid="ignore"):
        risk: Floats = np.where(b > 0, 2 * x / (b + root), (root - b) / (2 * a))
    return risk
