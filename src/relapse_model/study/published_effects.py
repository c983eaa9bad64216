"""Priors from effects as papers print them: an odds or hazard ratio with its interval.

The rule is that of the built-in study. The logarithm b of the ratio, with the standard error s that its interval
implies (the width on the log scale over twice the normal quantile, 3.92 for 95 %), is shrunk once by a Normal(0, 1)
prior on the log odds ratio, the weak prior that is advised for sparse data: mean b / (1 + s^2), standard deviation
s / sqrt(1 + s^2).
"""

from __future__ import annotations

import math
from decimal import Decimal
from statistics import NormalDist

LEVEL = 0.95
OFF_MIDDLE = 0.1
"""How far a ratio may lie from the geometric middle of its interval besides rounding, in half widths on the log scale:
intervals by profile likelihood are not quite symmetric."""


def shrunk_effect(
    ratio: float, low: float, high: float, *, level: float = LEVEL, steps: float = 1.0
) -> tuple[float, float]:
    """Return mean and standard deviation of the prior that a published ratio stands for.

    Assumes that the interval is symmetric on the log scale. A hazard ratio is taken for an odds ratio, which it is near
    where the outcome is rare, and nearer to 1 than it elsewhere: the prior is then the more cautious.

    Parameters
    ----------
    ratio : float
        Odds or hazard ratio, above 0.
    low, high : float
        Its interval.
    level : float
        Of the interval.
    steps : float
        How many steps of the predictor lie between the groups that the ratio compares; the effect of one step is the
        shrunk effect over it.

    Returns
    -------
    log_odds, sd : float

    Examples
    --------
    Anti-HBs positive at the stop: 0.20 (0.05 to 0.75), of groups that lie 1.37 log10 apart.

    >>> [round(value, 2) for value in shrunk_effect(0.20, 0.05, 0.75)]
    [-1.09, 0.57]
    >>> [round(value, 2) for value in shrunk_effect(0.20, 0.05, 0.75, steps=1.37)]
    [-0.8, 0.41]
    """
    quantile = NormalDist().inv_cdf(0.5 + level / 2)
    error = (math.log(high) - math.log(low)) / (2 * quantile)
    kept = 1 + error**2
    return math.log(ratio) / kept / steps, error / math.sqrt(kept) / steps


def fits_interval(ratio: float, low: float, high: float) -> bool:
    """Tell whether a ratio lies at the geometric middle of its interval, as printed.

    Assumes that each number was rounded to the decimals of the longest of the three; one of 10 or more, to its own.
    Beyond rounding, a tenth of the half width on the log scale is allowed (`OFF_MIDDLE`). A ratio that lies elsewhere
    is mistyped, or that of another interval.

    Parameters
    ----------
    ratio, low, high : float
        All above 0.

    Examples
    --------
    >>> fits_interval(0.20, 0.05, 0.75), fits_interval(0.99, 0.94, 1.06), fits_interval(12, 1.05, 137)
    (True, True, True)
    >>> fits_interval(0.70, 0.05, 0.75)
    False
    """
    decimals = [max(0, -_exponent(number)) for number in (ratio, low, high)]
    units = [
        0.5 * 10.0 ** -(own if number >= 10 else max(decimals))
        for number, own in zip((ratio, low, high), decimals, strict=True)
    ]
    slack = OFF_MIDDLE * math.log(high / low) / 2
    lowest = (math.log(low - units[1]) + math.log(high - units[2])) / 2 - slack
    highest = (math.log(low + units[1]) + math.log(high + units[2])) / 2 + slack
    return math.log(ratio + units[0]) >= lowest and math.log(ratio - units[0]) <= highest


def _exponent(number: float) -> int:
    return int(Decimal(repr(float(number))).normalize().as_tuple().exponent)
