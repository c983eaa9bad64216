"""Priors from effects as papers print them: an odds or hazard ratio with its interval.

The rule is that of the built-in study. The logarithm b of the ratio, with the standard error s that its interval
implies (the width on the log scale over twice the normal quantile, 3.92 for 95 %), is shrunk once by a Normal(0, 1)
prior on the log odds ratio, the weak prior that is advised for sparse data: mean b / (1 + s^2), standard deviation
s / sqrt(1 + s^2).
"""

from __future__ import annotations

import math
from statistics import NormalDist

LEVEL = 0.95


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
