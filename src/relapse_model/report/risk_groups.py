"""Groups of patients by predicted risk: what was observed in each beside what was predicted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relapse_model.development.internal_validation.result import Validation
from relapse_model.report.disclosure import FULL
from relapse_model.report.figures.marks_of_five import neighbours
from relapse_model.report.figures.survival import at_visits, risk_at
from relapse_model.small_counts import SMALL, disclosed_count

_NAMES = {1: ("all patients",), 2: ("lower half", "upper half"), 3: ("lowest third", "middle third", "highest third")}
_FEWEST = 20  # patients of a group


@dataclass(frozen=True, slots=True, eq=False)
class RiskGroup:
    """Patients with neighbouring out-of-fold risks.

    Attributes
    ----------
    name : str
    rows : array of int
        Places of the patients.
    patients, events : int
        Events by the horizon.
    predicted : float
        Mean of the out-of-fold risks.
    observed : tuple of float or None
        Kaplan-Meier estimate of the risk at the horizon (Aalen-Johansen where there are competing events), and its
        95 % limits; None where fewer than 5 are followed so long that it could be read.
    followed : int or str
        Patients who are followed so long, as it may be disclosed.
    """

    name: str
    rows: NDArray[np.intp]
    patients: int
    events: int
    predicted: float
    observed: tuple[float, float, float] | None
    followed: int | str = 0

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, without patients."""
        observed = None if self.observed is None else dict(zip(("value", "lower", "upper"), self.observed, strict=True))
        return {
            "name": self.name, "patients": self.patients, "events": self.events, "predicted": self.predicted,
            "observed": observed, "followed": self.followed,
        }  # fmt: skip


def risk_groups(validation: Validation, disclosure: str = FULL) -> list[RiskGroup]:
    """Return thirds of the patients by out-of-fold risk, or halves where they are few.

    Equal risks stay together. Small counts hidden: as many groups as have five patients or more with the outcome and
    without it, so that none of them tells a small count.

    Parameters
    ----------
    validation : Validation
    disclosure : {"full", "small-counts"}

    Returns
    -------
    list of RiskGroup
        The lowest risk first; none where no fold gave risks, or for fewer than 20 patients.
    """
    if not validation.performance.measures:
        return []
    seen = np.flatnonzero(~np.isnan(validation.risks).all(axis=0))
    risk, data = np.nanmean(validation.risks[:, seen], axis=0), validation.data
    for number in (3, 2, 1):
        if len(seen) < number * _FEWEST:
            continue
        groups = [seen[rows] for rows in neighbours(risk, number)]
        events = [int((data.relapse[rows] == 1).sum()) for rows in groups]
        told = [min(count, len(rows) - count) >= SMALL for count, rows in zip(events, groups, strict=True)]
        if disclosure == FULL or number == 1 or all(told):
            names = _NAMES[len(groups)]
            mean = np.full(len(data), np.nan)
            mean[seen] = risk
            return [
                RiskGroup(
                    name, rows, len(rows), count, float(mean[rows].mean()), *_observed(validation, rows, disclosure)
                )
                for name, rows, count in zip(names, groups, events, strict=True)
            ]
    return []


def order_words(groups: Sequence[Mapping[str, Any]]) -> str:
    """Say where the observed risks of neighbouring groups do not rise with the predicted ones; else nothing.

    A group counts as separated from the others if its 95 % interval holds none of their observed risks.

    Parameters
    ----------
    groups : sequence of mapping
        Of `RiskGroup.to_dict`, the lowest predicted risk first.

    Examples
    --------
    >>> order_words([{"observed": {"value": value, "lower": 0.02, "upper": 0.2}} for value in (0.1, 0.08)])
    'The observed risk was not higher in the upper half than in the lower.'
    """
    if any(one["observed"] is None for one in groups):
        return ""
    risks = [float(one["observed"]["value"]) for one in groups]
    rises = [before < after for before, after in pairwise(risks)]
    if all(rises):
        return ""
    if len(groups) == len(_NAMES[2]):
        return "The observed risk was not higher in the upper half than in the lower."
    if rises == [False, True] and groups[2]["observed"]["lower"] > max(risks[:2]):
        return "It separated the third at highest risk from the rest, but not the lower two thirds from each other."
    if rises == [True, False] and groups[0]["observed"]["upper"] < min(risks[1:]):
        return "It separated the third at lowest risk from the rest, but not the upper two thirds from each other."
    return "The observed risk did not rise from third to third as the predicted risk did."


def _observed(
    validation: Validation, rows: NDArray[np.intp], disclosure: str
) -> tuple[tuple[float, float, float] | None, int | str]:
    """Return the observed risk of a group, and how many are followed to the horizon."""
    time, state = at_visits(validation.data)
    followed = int((time[rows] >= validation.data.horizon).sum())
    told = followed if disclosure == FULL else disclosed_count(followed)
    return risk_at(time[rows], state[rows], validation.data.horizon), told
