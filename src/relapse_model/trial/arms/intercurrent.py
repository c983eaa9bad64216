"""Events on the way to the endpoint (ICH E9(R1)), by the strategy that the plan names for each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches

import numpy as np

from relapse_model.arrays import Floats, Mask
from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.deaths import death_weeks
from relapse_model.comparisons import before as is_before
from relapse_model.errors import Problem
from relapse_model.study.names import NameTable
from relapse_model.study.study import Study
from relapse_model.study.trial_plan import IntercurrentEvent
from relapse_model.trial.arms.endpoint import Endpoint
from relapse_model.trial.arms.randomised import Randomised, rows_shown

POLICY, COMPOSITE, HYPOTHETICAL = "treatment policy", "composite", "hypothetical"


@dataclass(frozen=True, slots=True)
class IntercurrentFound:
    """How often an intercurrent event was seen before the endpoint, and what was done about it.

    Attributes
    ----------
    event, strategy : str
    patients : tuple of int or None
        Of the treatment and of the control arm; None where the tables do not tell.
    changed : int
        Patients whose endpoint the strategy changed.
    note : str
    """

    event: str
    strategy: str
    patients: tuple[int, int] | None
    changed: int
    note: str = ""


def intercurrent_problems(cohort: Cohort, study: Study, events: tuple[IntercurrentEvent, ...]) -> list[Problem]:
    """Return what keeps the strategies of the plan from being carried out.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    events : tuple of IntercurrentEvent
    """
    table = cohort.outcomes
    competing = (
        []
        if table is None or "event" not in table
        else sorted(
            set(table.loc[table["event"] == "competing", "competing_event"]) - set(study.outcome.competing_as_censoring)
        )
    )
    unknown = list(_unknown_agents(cohort, study, events))
    acted_on = [one for one in events if one.strategy != POLICY]
    names = ", ".join(repr(one.event) for one in acted_on)
    problems = [
        Problem("outcomes", None, "event", f"competing events ({', '.join(map(str, competing))})",
                "relapse and free: in a comparison of arms a competing event is an intercurrent one, and the plan "
                "states no strategy for it",
                "Composite: event = relapse in its week. Hypothetical: event = free until then, or name it in "
                "competing_as_censoring of [outcome]")
    ] if competing else []  # fmt: skip
    problems += unknown
    if acted_on and cohort.treatments is None:
        problems.append(
            Problem("treatments", None, None, "no such table", f"the treatments of each patient, for {names}",
                    "A table without rows says that nobody was given any")
        )  # fmt: skip
    elif acted_on and not study.treatments.complete:
        problems.append(
            Problem(f"study {study.name!r}", None, "complete", "the treatments table is said to be incomplete",
                    f"a complete one, for {names}", "A patient without a course of these agents would be unknown")
        )  # fmt: skip
    return problems


def early_outcomes(cohort: Cohort, who: Randomised) -> list[Problem]:
    """Return adjudicated relapses before randomisation: patients were randomised since they were free of it.

    Parameters
    ----------
    cohort : Cohort
    who : Randomised
        Of those who were screened only, nothing is compared.
    """
    table = cohort.outcomes
    if table is None or not {"relapse", "week"} <= set(table.columns):
        return []
    week = table["week"].to_numpy(dtype=float)
    early = (table["relapse"] == 1).to_numpy() & np.asarray(is_before(week, 0.0))
    rows = np.flatnonzero(early & table["patient"].isin(who.place).to_numpy())
    return [
        Problem("outcomes", None, "week", f"relapse before randomisation (week below 0) in {rows_shown(rows)}",
                "relapses from week 0 on",
                "A relapse before that is of an earlier episode: take it out, or correct its week")
    ] if len(rows) else []  # fmt: skip


def _unknown_agents(cohort: Cohort, study: Study, events: tuple[IntercurrentEvent, ...]) -> Iterator[Problem]:
    """Yield a problem for each agent of an event that neither the study nor any course knows: nobody would have it."""
    table = cohort.treatments
    given = set() if table is None else set(table["agent"])
    spellings = {name: one.synonyms for name, one in study.agents.items()}
    known, names = set(study.agents) | given, NameTable(spellings, ())
    for place, event in enumerate(events, start=1):
        for agent in event.agents:
            if agent in known or not study.agents:
                continue
            meant = names.meaning(agent).name or next(iter(get_close_matches(agent, list(spellings), n=1)), None)
            yield Problem(
                f"study {study.name!r}", None, f"trial.intercurrent {place}", f"agent {agent!r}, which no course has",
                "an agent under [agents], by its name there", f"Did you mean {meant!r}?" if meant else "",
            )  # fmt: skip


def death_problems(cohort: Cohort, study: Study, found: Endpoint) -> list[Problem]:
    """Return deaths (grade 5 in adverse_events) before the endpoint of which the plan says nothing.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    found : Endpoint
        After the strategies of the plan.
    """
    if "death" in study.outcome.competing_as_censoring:
        return []
    died = death_weeks(cohort.adverse_events, len(cohort))[found.place]
    settled = found.event == 1  # what a strategy of the plan has decided is decided: failed, or follow-up ended
    if found.ended is not None:
        settled |= found.ended
    count = int((np.asarray(is_before(died, found.week)) & ~settled).sum())
    return [
        Problem("adverse_events", None, "grade", f"{count} died (grade 5) before week {found.week:g} without a failure",
                "a strategy of the plan for them: they are neither failed nor followed",
                "Composite: in outcomes, relapse = 1 in the week of death. Hypothetical: competing_as_censoring = "
                '["death"] under [outcome] ends their follow-up')
    ] if count else []  # fmt: skip


def with_strategies(
    found: Endpoint, cohort: Cohort, events: tuple[IntercurrentEvent, ...], arms: tuple[str, str]
) -> tuple[Endpoint, tuple[IntercurrentFound, ...]]:
    """Return the endpoint after the strategies of the plan, and how often each event was seen.

    An event is the first start of one of its agents from its ``after_weeks`` on, before the endpoint and by its week;
    a course that ran at randomisation is no start. Composite: failed in that week, also if the patient had been lost
    before. Hypothetical: followed up to that week only, which assumes that those censored would have fared as others of
    their arm. Of several events of one patient the first decides. A test and a start in one week: the test was first.

    Parameters
    ----------
    found : Endpoint
    cohort : Cohort
    events : tuple of IntercurrentEvent
    arms : tuple of str
        The names of the treatment and the control arm.
    """
    counted = []
    starts = {COMPOSITE: np.full(len(found), np.inf), HYPOTHETICAL: np.full(len(found), np.inf)}
    cause = np.full(len(found), "", dtype=object)
    for one in events:
        if cohort.treatments is None:
            counted.append(IntercurrentFound(one.event, one.strategy, None, 0, "no treatments table"))
            continue
        concerned = np.ones(len(found), dtype=bool) if one.arm is None else found.treated == (one.arm == arms[0])
        start = np.where(concerned, first_start(found, cohort, one.agents, one.after_weeks), np.inf)
        before = (start <= found.week) & ((found.event == 0) | (start < found.time))
        start = np.where(before, start, np.inf)
        changed = before & (one.strategy != POLICY)
        if one.strategy in starts:
            earlier = start < starts[one.strategy]
            if one.strategy == COMPOSITE:
                cause[earlier] = one.event
            starts[one.strategy] = np.minimum(starts[one.strategy], start)
            if one.strategy == HYPOTHETICAL:  # who was lost before that is not changed by it
                changed = before & (start < found.time)
        both = int((before & found.treated).sum()), int((before & ~found.treated).sum())
        counted.append(IntercurrentFound(one.event, one.strategy, both, int(changed.sum())))
    return _applied(found, starts[COMPOSITE], starts[HYPOTHETICAL], cause), tuple(counted)


def first_start(found: Endpoint, cohort: Cohort, agents: tuple[str, ...], from_week: float) -> Floats:
    """Return the week of the first start of any of the agents, from a week on; infinite without one.

    Parameters
    ----------
    found : Endpoint
    cohort : Cohort
        With a treatments table.
    agents : tuple of str
    from_week : float
    """
    first = np.full(len(cohort), np.inf)
    table = cohort.treatments
    if table is not None:
        start = table["start_week"].to_numpy(dtype=float)
        rows = table["agent"].isin(agents).to_numpy() & (start >= from_week)
        np.minimum.at(first, table["patient"].to_numpy(dtype=np.intp)[rows], start[rows])
    weeks: Floats = first[found.place]
    return weeks


def _applied(found: Endpoint, failing: Floats, ending: Floats, cause: np.ndarray) -> Endpoint:
    censored: Mask = (ending <= failing) & (ending < found.time)
    failed: Mask = np.isfinite(failing) & (failing < ending) & ((found.event == 0) | (failing < found.time))
    time = np.where(censored, ending, np.where(failed, failing, found.time))
    return replace(
        found,
        time=time,
        event=np.where(censored, 0.0, np.where(failed, 1.0, found.event)),
        known=np.where(censored, np.nan, np.where(failed, 1.0, found.known)),
        left=np.where(failed, time, np.minimum(found.left, time)),
        right=np.where(censored, np.inf, np.where(failed, time, found.right)),
        cause=np.where(censored, "", np.where(failed, cause, found.cause)),
        ended=censored,
    )
