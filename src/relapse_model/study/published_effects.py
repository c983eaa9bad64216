"""Priors from effects as papers print them: an odds or hazard ratio with its interval.

The rule is that of the built-in study. The logarithm b of the ratio, with the standard error s that its interval
implies (the width on the log scale over twice the normal quantile, 3.92 for 95 %), is shrunk once by a Normal(0, 1)
prior on the log odds ratio, the weak prior that is advised for sparse data: mean b / (1 + s^2), standard deviation
s / sqrt(1 + s^2).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from decimal import Decimal
from statistics import NormalDist
from typing import Any

from relapse_model.errors import Problem
from relapse_model.study import keys
from relapse_model.study.origins import Document, KeyPath

RATIOS = ("odds_ratio", "hazard_ratio")
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


def converted_prior(
    prior: Mapping[str, Any], path: KeyPath, document: Document
) -> tuple[dict[str, Any] | None, list[Problem]]:
    """Return a prior as a paper prints it on the log-odds scale, or None and what is wrong with it.

    Parameters
    ----------
    prior : mapping
        With a ratio, its interval and their source; ``level``, ``steps`` and ``per`` where they are not the usual ones.
    path : tuple
        Where it stands in the study.
    document : Document
    """
    found = list(_problems(prior, path, document))
    if found:
        return None, found
    ratio = next(prior[name] for name in RATIOS if name in prior)
    low, high = prior["ci"]
    mean, sd = shrunk_effect(ratio, low, high, level=prior.get("level", LEVEL), steps=prior.get("steps", 1.0))
    return {"log_odds": mean, "sd": sd, "per": prior.get("per", "unit"), "source": _cited(prior)}, []


def _cited(prior: Mapping[str, Any]) -> str:
    """Return the source with what it prints, so that whoever reads the prior can compute it again."""
    name = next(name for name in RATIOS if name in prior)
    low, high = prior["ci"]
    level = prior.get("level", LEVEL)
    of_level = "" if level == LEVEL else f", {100 * level:g} % interval"
    apart = f", divided by {prior['steps']:g}" if prior.get("steps", 1) != 1 else ""
    words = {"odds_ratio": "OR", "hazard_ratio": "HR"}
    return f"{prior['source']}: {words[name]} {prior[name]:g} ({low:g}-{high:g}{of_level}), shrunk{apart}"


def _problems(prior: Mapping[str, Any], path: KeyPath, document: Document) -> Iterator[Problem]:
    for key, value in prior.items():
        place = document.origins.of((*path, key))
        if key not in keys.PRINTED_PRIOR:
            yield place.problem("unknown key", f"one of {', '.join(sorted(keys.PRINTED_PRIOR))}")
            continue
        try:
            keys.PRINTED_PRIOR[key](value)
        except keys.NotAllowed as no:
            yield place.problem(keys.value_shown(value), str(no))
    given = [name for name in RATIOS if name in prior]
    whole = document.origins.of(path)
    if len(given) != 1:
        yield whole.problem(" and ".join(given) or "no ratio", "one of odds_ratio = ..., hazard_ratio = ...")
    for name in ("ci", "source"):
        if name not in prior:
            yield whole.problem(f"key {name!r} is missing", f"{name} = ...")
    try:
        low, high = keys.PRINTED_PRIOR["ci"](prior.get("ci"))
        ratio = keys.PRINTED_PRIOR["odds_ratio"](prior[given[0]])
    except (keys.NotAllowed, IndexError):
        return
    if not low <= ratio <= high:
        yield document.origins.of((*path, "ci")).problem(
            f"[{low:g}, {high:g}], and a ratio of {ratio:g} outside it", "the interval of that ratio"
        )
    elif not fits_interval(ratio, low, high):
        yield document.origins.of((*path, given[0])).problem(
            f"{ratio:g}, far from the geometric middle ({math.sqrt(low * high):.3g}) of [{low:g}, {high:g}]",
            "a ratio in the middle of its interval on the log scale, but for rounding",
            "Look whether both are printed so; of an interval that is not symmetric, state log_odds and sd",
        )
