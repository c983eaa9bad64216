"""Agents started on the way to the endpoint that no intercurrent event of the plan counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from relapse_model.cohort.cohort import Cohort
from relapse_model.comparisons import before
from relapse_model.study.study import Study
from relapse_model.study.trial_plan import IntercurrentEvent
from relapse_model.trial.arms.endpoint import Endpoint


@dataclass(frozen=True, slots=True)
class Uncounted:
    """An agent that was started before the endpoint, and counts as no event of the plan.

    Attributes
    ----------
    agent : str
    patients : tuple of int
        Of the treatment and of the control arm.
    event : str
        The event of the plan whose agents stand together with this one in a list of the study; empty without one.
    """

    agent: str
    patients: tuple[int, int]
    event: str


def uncounted_agents(cohort: Cohort, study: Study, found: Endpoint) -> tuple[Uncounted, ...]:
    """Return the agents started from randomisation on, before the endpoint, that the plan does not name.

    The agent of the dosing rule is the treatment itself, and left out. Two agents are of one class where a predictor or
    a candidate of the study lists both: the study says nothing else of classes.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    found : Endpoint
        After the strategies of the plan.
    """
    table, events = cohort.treatments, () if study.trial is None else study.trial.intercurrent
    if table is None or not events:  # a plan without events makes no claim about them
        return ()
    named = {agent for one in events for agent in one.agents} | ({study.dosing.agent} if study.dosing else set())
    place = np.full(len(cohort), -1)
    place[found.place] = np.arange(len(found))
    row, start = place[table["patient"].to_numpy(dtype=np.intp)], table["start_week"].to_numpy(dtype=float)
    end = np.where(found.event == 1, found.time, found.week)[row]
    in_time = ~before(start, 0.0) & np.where(found.event[row] == 1, before(start, end), start <= end)
    kept = (row >= 0) & in_time & ~table["agent"].isin(named).to_numpy() & table["agent"].notna().to_numpy()
    started = pd.DataFrame({"agent": table["agent"].to_numpy()[kept], "row": row[kept]}).drop_duplicates()
    counts = pd.crosstab(started["agent"], found.treated[started["row"]]).reindex(columns=[True, False], fill_value=0)
    return tuple(
        Uncounted(str(agent), (int(both[0]), int(both[1])), _event_of_its_class(str(agent), study, events))
        for agent, both in zip(counts.index, counts.to_numpy(), strict=True)
    )


def _event_of_its_class(agent: str, study: Study, events: tuple[IntercurrentEvent, ...]) -> str:
    lists = [one.agents for one in (*study.predictors, *(candidate.predictor for candidate in study.candidates))]
    alike = {other for agents in lists if agent in agents for other in agents}
    return next((one.event for one in events if alike & set(one.agents)), "")
