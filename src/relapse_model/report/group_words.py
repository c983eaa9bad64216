"""What a report says of groups of patients whose outcomes are not as frequent as predicted, beyond chance."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from relapse_model.validation.estimate import Estimate
from relapse_model.validation.subgroups import Subgroup

BY_CHANCE = "Groups differ by chance."
_MOST = 2  # groups that a first screen has room for


def unlike_predicted(groups: Sequence[Subgroup]) -> list[tuple[str, Estimate]]:
    """Return the groups whose interval of observed over expected excludes 1, by name.

    Parameters
    ----------
    groups : sequence of Subgroup
    """
    judged = [(group.name, group.measures.get("observed_expected")) for group in groups if not group.hidden]
    return [(name, one) for name, one in judged if isinstance(one, Estimate) and (one.lower > 1 or one.upper < 1)]


def unlike_words(groups: Sequence[Subgroup], names: Mapping[str, str] | None = None) -> str:
    """Say in which groups the outcome was not as frequent as predicted, of how many; else that they differ by chance.

    Parameters
    ----------
    groups : sequence of Subgroup
        All that were looked at together.
    names : mapping of str to str, optional
        What a group is called, where not by its level.
    """
    found = unlike_predicted(groups)
    if not found:
        return BY_CHANCE
    judged = sum(not group.hidden and "observed_expected" in group.measures for group in groups)
    compared = f"{judged} groups were compared" if judged > 1 else "a single group could be judged"
    each = [
        f"In {(names or {}).get(name, name)} the outcome was {one.value:.2f} times as frequent as predicted "
        f"({100 * one.level:g} % interval {one.lower:.2f} to {one.upper:.2f})."
        for name, one in found
    ]
    return " ".join([*each, f"Chance alone may not explain this ({compared})."])


def unlike_limit(groups: Sequence[Subgroup], say: Callable[..., str]) -> str:
    """Return the same for a first screen, beside the figure of all, those furthest from 1; empty where there is none.

    Parameters
    ----------
    groups : sequence of Subgroup
        Each predicted by a model of the others.
    say : callable
        Of `relapse_model.report.language.words_of`.
    """
    found = sorted(unlike_predicted(groups), key=lambda one: -max(one[1].value, 1 / max(one[1].value, 1e-9)))
    return say("between").join(say("group_unlike", group=name, ratio=f"{one.value:.2f}") for name, one in found[:_MOST])
