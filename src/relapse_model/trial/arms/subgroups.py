"""The subgroups of the plan: the effect in each level, and one test of interaction for each variable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.tables.column_values import texts
from relapse_model.cohort.tables.columns import MISSING_WORDS
from relapse_model.errors import InsufficientDataError
from relapse_model.study.trial_plan import TrialPlan, TrialSubgroup
from relapse_model.trial.arms.endpoint import Endpoint
from relapse_model.trial.arms.estimation import KAPLAN_MEIER
from relapse_model.trial.statistics import (
    SignificanceTest,
    SubgroupEffects,
    interaction_test,
    subgroup_effects,
    subgroup_survival,
)

SEXES = {"F": "women", "M": "men"}  # no other value is read from that column
_MOST_LEVELS = 6  # a number with more values and no cuts stays a number


@dataclass(frozen=True, slots=True)
class SubgroupOfPlan:
    """One variable of the plan.

    Attributes
    ----------
    column, label : str
    effects : SubgroupEffects or None
        By level; None for a number that stays one, or where the column is not there.
    interaction : SignificanceTest or None
        Whether the effect differs: this, and not the p-value of any level.
    note : str
    """

    column: str
    label: str
    effects: SubgroupEffects | None
    interaction: SignificanceTest | None
    note: str

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        levels = () if self.effects is None else self.effects.levels
        return {
            "column": self.column, "label": self.label,
            "levels": [
                {"name": one.name, "patients": list(one.patients), "events": list(one.events),
                 "contrast": None if one.contrast is None else one.contrast.to_dict(), "note": one.note}
                for one in levels
            ],
            "interaction": None if self.interaction is None else self.interaction.to_dict(),
            "left_out": [] if self.effects is None else list(self.effects.left_out),
            "note": self.note,
        }  # fmt: skip


def subgroups_of_plan(cohort: Cohort, found: Endpoint, plan: TrialPlan) -> tuple[SubgroupOfPlan, ...]:
    """Return the effect in the subgroups that the plan names, and in no others.

    Parameters
    ----------
    cohort : Cohort
    found : Endpoint
    plan : TrialPlan
    """
    return tuple(_one(cohort, found, plan, subgroup) for subgroup in plan.subgroups)


def _one(cohort: Cohort, found: Endpoint, plan: TrialPlan, asked: TrialSubgroup) -> SubgroupOfPlan:
    if asked.column not in cohort.patients:
        note = "not made: the patients table has no such column"
        return SubgroupOfPlan(asked.column, asked.label, None, None, note)
    values = cohort.patients[asked.column].iloc[found.place]
    number = pd.to_numeric(values, errors="coerce")
    readable = not (number.isna() & values.notna() & ~texts(values).str.casefold().isin(MISSING_WORDS)).any()
    if readable and not asked.at and number.nunique() > _MOST_LEVELS:
        return _continuous(found, asked, number.to_numpy(dtype=float))
    if asked.at and not readable:
        return SubgroupOfPlan(asked.column, asked.label, None, None, "not made: cut as numbers, but holds text")
    groups = _levels(values, number, asked, readable)
    primary = plan.primary
    if primary.method == KAPLAN_MEIER or found.lost.any():
        effects = subgroup_survival(
            found.time, found.event, found.arm, groups, found.week, interval=primary.interval, level=primary.level
        )
    else:
        effects = subgroup_effects(found.known, found.arm, groups, level=primary.level)
    return SubgroupOfPlan(asked.column, asked.label, effects, effects.interaction, effects.note)


def _levels(values: pd.Series, number: pd.Series, asked: TrialSubgroup, readable: bool) -> np.ndarray:
    """Return the level of each patient; None where it is not known."""
    if asked.at:
        edges = [-np.inf, *asked.at, np.inf]
        names = [f"below {asked.at[0]:g}"]
        names += [f"{low:g} to below {high:g}" for low, high in zip(asked.at, asked.at[1:], strict=False)]
        names.append(f"{asked.at[-1]:g} or more")
        cut = pd.cut(number, edges, right=False, labels=names)
        groups = cut.astype(object).where(number.notna(), None).to_numpy(dtype=object)
        return np.array([None if name is None else _Ordered(name, names.index(name)) for name in groups], dtype=object)
    text = texts(values)
    if readable and set(number.dropna().unique()) <= {0.0, 1.0}:
        no, yes = ("negative", "positive") if "positive" in asked.column.split("_") else ("no", "yes")
        text = text.replace({"0": no, "1": yes, "0.0": no, "1.0": yes, "False": no, "True": yes})
    if asked.column == "sex":
        named = {letter: _Ordered(word, place) for place, (letter, word) in enumerate(SEXES.items())}
        return np.array([named.get(one) for one in text], dtype=object)
    return text.where(~text.str.casefold().isin(MISSING_WORDS), None).to_numpy(dtype=object)


class _Ordered(str):
    """The name of a range or a level, in the order in which they are listed."""

    place: int

    def __new__(cls, name: str, place: int) -> _Ordered:
        self = super().__new__(cls, name)
        self.place = place
        return self

    def __lt__(self, other: object) -> bool:
        return self.place < other.place if isinstance(other, _Ordered) else NotImplemented


def _continuous(found: Endpoint, asked: TrialSubgroup, values: np.ndarray) -> SubgroupOfPlan:
    """Test whether the effect changes with a number, in those whose endpoint and number are known."""
    known = ~np.isnan(values) & ~found.lost
    note = f"a number, left as it is; {int(known.sum())} of {len(found)} patients with a known endpoint and value"
    try:
        test = interaction_test(found.known[known], found.arm[known], values[known], name=asked.label)
    except InsufficientDataError as error:
        return SubgroupOfPlan(asked.column, asked.label, None, None, f"not made: {error}")
    return SubgroupOfPlan(asked.column, asked.label, None, test, note)
