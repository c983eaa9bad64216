"""Competing events: what ends the follow-up of a patient without the outcome, for good."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Floats, Mask
from relapse_model.cohort.cohort import Cohort
from relapse_model.comparisons import at_or_before
from relapse_model.errors import CohortError, Problem
from relapse_model.study.names import event_name, name_key
from relapse_model.study.prediction import OutcomeRule
from relapse_model.study.resemblance import resembled
from relapse_model.study.study import Study

EVENTS = ("relapse", "free", "competing")
_NEAR = 0.75  # how alike names are of which one may be a slip of the pen: deaht and death have 0.8, hcc and hcv 0.67


@dataclass(frozen=True, slots=True, eq=False)
class CompetingEvents:
    """The competing event of each patient: its name (empty without one), its week, and whether it counts as loss."""

    name: NDArray[np.object_]
    week: Floats
    as_censoring: Mask

    @property
    def counted(self) -> NDArray[np.object_]:
        """Return the names of those that count as competing; empty for the others."""
        return np.where(self.as_censoring, "", self.name)


def competing_events(cohort: Cohort, study: Study) -> CompetingEvents | None:
    """Return the competing events of a cohort, None where it has none.

    Parameters
    ----------
    cohort : Cohort
    study : Study

    Raises
    ------
    CohortError
        For a name that the study does not list, where it lists any.
    """
    table = cohort.outcomes
    if table is None or "event" not in table:
        return None
    rows = (table["event"] == "competing").to_numpy(dtype=bool)
    if not rows.any():
        return None
    names = table["competing_event"].to_numpy(dtype=object)[rows]
    unlisted = unlisted_names(pd.Series(names), study.outcome)
    if unlisted.any():
        which = sorted(set(names[unlisted]))
        found = f"{int(unlisted.sum())} competing events that the study does not name: {', '.join(map(repr, which))}"
        raise CohortError("the cohort does not fit the study", [Problem("outcomes", None, "competing_event", found,
                          expected_names(study.outcome), ADVICE)])  # fmt: skip
    patient = table["patient"].to_numpy(dtype=np.intp)[rows]
    name, week = np.full(len(cohort), "", dtype=object), np.full(len(cohort), np.nan)
    name[patient], week[patient] = names, table["week"].to_numpy(dtype=float)[rows]
    return CompetingEvents(name, week, np.isin(name, study.outcome.competing_as_censoring) & (name != ""))


def plain_name(name: object) -> str:
    """Return the name of a competing event as it is compared; see `event_name`.

    Examples
    --------
    >>> plain_name(" Liver  transplant")
    'liver transplant'
    """
    return event_name(str(name))


ADVICE = "Name it in competing or competing_as_censoring of [outcome], or correct the name"


def unlisted_names(names: pd.Series, rule: OutcomeRule) -> Mask:
    """Tell which names a study does not list.

    Where it lists no competing event, all others compete; but not what only looks like one that it counts as a loss
    (``deaht`` for ``death``): a slip of the pen would change the risks without a word.

    Parameters
    ----------
    names : Series
    rule : OutcomeRule

    Examples
    --------
    >>> rule = OutcomeRule("relapse", competing_as_censoring=("death",))
    >>> unlisted_names(pd.Series(["death", "deaht", "liver-related death", "transplantation"]), rule).tolist()
    [False, True, True, False]
    """
    listed = (*rule.competing, *rule.competing_as_censoring)
    unlisted = ~names.isin(listed).to_numpy(dtype=bool)
    if rule.competing:
        return unlisted
    odd = {name for name in names[unlisted].dropna().unique() if _looks_like(name, rule.competing_as_censoring)}
    return names.isin(odd).to_numpy(dtype=bool)


def _looks_like(name: str, listed: Sequence[str]) -> bool:
    near = bool(difflib.get_close_matches(name, listed, n=1, cutoff=_NEAR))
    return near or name_key(name) in map(name_key, listed) or resembled(name, listed) is not None


def expected_names(rule: OutcomeRule) -> str:
    """Return the names that a study lists, for a message.

    Parameters
    ----------
    rule : OutcomeRule
    """
    return "one of " + ", ".join(map(repr, (*rule.competing, *rule.competing_as_censoring)))


def refuse_relapse_before(table: pd.DataFrame, cohort: Cohort, found: CompetingEvents, rule: OutcomeRule) -> None:
    """Refuse a competing event after a relapse that the tests show, unless its row says that there was none (0).

    Which of the two came first decides the outcome, and nothing else in the tables does.

    Parameters
    ----------
    table : DataFrame
        The outcome by the rule, one row per patient.
    cohort : Cohort
    found : CompetingEvents
    rule : OutcomeRule
    """
    said = np.zeros(len(cohort), dtype=bool)
    if cohort.outcomes is not None:
        said[cohort.outcomes["patient"].to_numpy(dtype=np.intp)] = cohort.outcomes["relapse"].notna().to_numpy()
    earlier = (table["event"] == 1).to_numpy() & np.asarray(
        at_or_before(table["time_week"].to_numpy(dtype=float), found.week)
    )
    wrong = int((earlier & ~said & (found.name != "")).sum())
    if wrong:
        what = f"{wrong} competing events at or after {rule.name} by the rule, whose rows do not say which counts"
        advice = f"Where {rule.name} came first: event = relapse, and its week. Where it was none: relapse = 0"
        problem = Problem("outcomes", None, "event", what, "the first event", advice)
        raise CohortError("the outcomes contradict the tests", [problem])


def refuse_competing(cohort: Cohort, purpose: str, advice: str) -> None:
    """Refuse a cohort with competing events where a purpose does not count them.

    Parameters
    ----------
    cohort : Cohort
    purpose, advice : str
        For the message.

    Raises
    ------
    CohortError
    """
    table = cohort.outcomes
    if table is None or "event" not in table:
        return
    names = table.loc[table["event"] == "competing", "competing_event"]
    if len(names):
        kinds = ", ".join(sorted(map(str, names.unique())))
        raise CohortError(purpose, [Problem("outcomes", None, "event", f"competing events ({kinds})",
                          "relapse and free: this analysis does not count competing events", advice)])  # fmt: skip
