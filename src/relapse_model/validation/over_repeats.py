"""Measures of repeated cross-validation: each repeat is judged on its own, and the measures are averaged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from relapse_model.validation.estimate import Estimate


def mean_measures(
    each: Sequence[tuple[Mapping[str, Estimate | float], Mapping[str, str]]], names: Iterable[str]
) -> tuple[dict[str, Estimate | float], dict[str, str]]:
    """Return the measures averaged over the repeats, intervals limit by limit, and why others are refused.

    The risks of a patient are never averaged over the repeats first: such a mean is a model of several, ranked and
    spread otherwise than the one that is judged. A measure that some repeats cannot support is averaged over the
    others, and says so; with fewer than half of them it is refused.

    Parameters
    ----------
    each : sequence of (dict, dict)
        Of each repeat, its measures, and the reasons for those that it cannot support.
    names : iterable of str
        The measures, in the order wanted.

    Returns
    -------
    measures, refused : dict

    Examples
    --------
    >>> one, two = Estimate(0.6, 0.5, 0.7, 0.95, "DeLong"), Estimate(0.8, 0.7, 0.9, 0.95, "DeLong")
    >>> measures, refused = mean_measures([({"auc": one}, {}), ({"auc": two}, {"slope": "no"})], ["auc", "slope"])
    >>> print(measures["auc"], measures["auc"].method, refused)
    0.70 (0.60 to 0.80) DeLong; mean over repeats {'slope': 'no'}
    """
    measures: dict[str, Estimate | float] = {}
    for name in names:
        found = [measured[name] for measured, _ in each if name in measured]
        if found and 2 * len(found) >= len(each):
            measures[name] = _mean(found, len(each))
    reasons = {name: reason for _, refused in each for name, reason in refused.items()}
    return measures, {name: reason for name, reason in reasons.items() if name not in measures}


def _mean(found: list[Estimate | float], repeats: int) -> Estimate | float:
    first = found[0]
    if not isinstance(first, Estimate):
        return float(np.mean([float(value) for value in found if not isinstance(value, Estimate)]))
    rows = np.array([(e.value, e.lower, e.upper) for e in found if isinstance(e, Estimate)])
    value, lower, upper = rows.mean(axis=0)
    if repeats == 1:
        return first
    over = (
        "mean over repeats"
        if len(found) == repeats
        else f"mean over the {len(found)} of {repeats} repeats that have it"
    )
    return Estimate(float(value), float(lower), float(upper), first.level, f"{first.method}; {over}")
