"""The flow of participants (CONSORT 2025): numbers that add up, or no result."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from relapse_model.arrays import Mask
from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.deaths import death_weeks
from relapse_model.cohort.eligibility.screening import screen
from relapse_model.cohort.outcome.competing import competing_events
from relapse_model.cohort.tables.column_values import texts
from relapse_model.cohort.tables.columns import LOST_REASON
from relapse_model.errors import RelapseModelError
from relapse_model.study.study import Study
from relapse_model.trial.arms.endpoint import Endpoint
from relapse_model.trial.arms.intercurrent import first_start

NO_REASON, ENDED = "reason not recorded", "follow-up ended at an intercurrent event, as planned"
DIED = "died"
_SAME_DAY = 1e-6


@dataclass(frozen=True, slots=True)
class ArmFlow:
    """One arm, from allocation to analysis.

    Attributes
    ----------
    name : str
    allocated : int
    received, not_received, unknown_received : int
        Who received what they were allocated to; of a control, the treatment was not given up to the endpoint.
    failed, free, lost : int
        The endpoint at its week.
    lost_reasons : tuple of (str, int)
    analysed, left_out : int
        In the primary analysis.
    visits : tuple of (float, int)
        Of the planned weeks, how many patients had a test; these need not add up.
    """

    name: str
    allocated: int
    received: int
    not_received: int
    unknown_received: int
    failed: int
    free: int
    lost: int
    lost_reasons: tuple[tuple[str, int], ...]
    analysed: int
    left_out: int
    visits: tuple[tuple[float, int], ...] = ()


@dataclass(frozen=True, slots=True)
class ParticipantFlow:
    """From those assessed to those analysed.

    Attributes
    ----------
    assessed, not_randomised, randomised : int
        Patients of the folder; of them, not randomised; randomised.
    reasons : tuple of (str, int)
        The first criterion that those not randomised did not meet, or that none is on record.
    not_eligible, undecidable : int or None
        Of the randomised, by the criteria of the study; None where it states none.
    arms : tuple of ArmFlow
        Treatment, control.

    Raises
    ------
    RelapseModelError
        If any number is not the sum of those it splits into.
    """

    assessed: int
    not_randomised: int
    randomised: int
    reasons: tuple[tuple[str, int], ...]
    not_eligible: int | None
    undecidable: int | None
    arms: tuple[ArmFlow, ArmFlow]

    def __post_init__(self) -> None:
        """Refuse numbers that do not add up."""
        one, nought = self.arms
        sums = [
            ("assessed", self.assessed, self.not_randomised + self.randomised),
            ("not randomised", self.not_randomised, sum(number for _, number in self.reasons)),
            ("randomised", self.randomised, one.allocated + nought.allocated),
        ]
        for arm in self.arms:
            sums += [
                (f"allocated to {arm.name}", arm.allocated, arm.received + arm.not_received + arm.unknown_received),
                (f"followed in {arm.name}", arm.allocated, arm.failed + arm.free + arm.lost),
                (f"lost in {arm.name}", arm.lost, sum(number for _, number in arm.lost_reasons)),
                (f"analysed in {arm.name}", arm.allocated, arm.analysed + arm.left_out),
            ]
        wrong = [f"{what} {number}, but the parts sum to {parts}" for what, number, parts in sums if number != parts]
        if wrong:
            raise RelapseModelError(f"Flow of participants: {'; '.join(wrong)}; expected numbers that add up.")

    def to_table(self) -> pd.DataFrame:
        """Return the flow in long form: ``step, arm, patients``."""
        rows: list[tuple[str, str, int | None]] = [("assessed", "", self.assessed)]
        rows += [(f"not randomised: {why}", "", number) for why, number in self.reasons]
        rows += [("randomised", "", self.randomised), ("of them not eligible", "", self.not_eligible),
                 ("of them undecidable", "", self.undecidable)]  # fmt: skip
        for arm in self.arms:
            rows += [
                ("allocated", arm.name, arm.allocated), ("received as allocated", arm.name, arm.received),
                ("did not receive as allocated", arm.name, arm.not_received),
                ("not known what was received", arm.name, arm.unknown_received), ("failed", arm.name, arm.failed),
                ("free of failure", arm.name, arm.free), ("lost", arm.name, arm.lost),
                *((f"lost: {why}", arm.name, number) for why, number in arm.lost_reasons),
                ("analysed", arm.name, arm.analysed), ("left out of the primary analysis", arm.name, arm.left_out),
                *((f"tested at week {week:g}", arm.name, number) for week, number in arm.visits),
            ]  # fmt: skip
        table = pd.DataFrame(rows, columns=["step", "arm", "patients"])
        return table.assign(patients=table["patients"].astype("Int64"))

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        plain: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__ if name != "arms"}
        plain["reasons"] = [list(pair) for pair in self.reasons]
        plain["arms"] = [
            {name: [list(pair) for pair in value] if isinstance(value, tuple) else value
             for name, value in ((name, getattr(arm, name)) for name in arm.__slots__)}
            for arm in self.arms
        ]  # fmt: skip
        return plain


def participant_flow(
    cohort: Cohort, study: Study, found: Endpoint, names: tuple[str, str], analysed: Mask
) -> ParticipantFlow:
    """Count the participants from those assessed to those analysed.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    found : Endpoint
    names : tuple of str
        The treatment and the control arm.
    analysed : array of bool
        Who is in the primary analysis.

    Raises
    ------
    RelapseModelError
        If the numbers do not add up.
    """
    entered = np.zeros(len(cohort), dtype=bool)
    entered[found.place] = True
    state, failed = _eligibility(cohort, study)
    reasons = Counter(failed[place] for place in np.flatnonzero(~entered))
    received = _received(cohort, study, found)
    visits = _visits(cohort, study, found)
    arms = []
    for name, who in zip(names, (found.treated, ~found.treated), strict=True):
        lost = who & found.lost
        arms.append(
            ArmFlow(
                name=name,
                allocated=int(who.sum()),
                received=int((received[who] == 1).sum()),
                not_received=int((received[who] == 0).sum()),
                unknown_received=int((received[who] == -1).sum()),
                failed=int((found.known[who] == 1).sum()),
                free=int((found.known[who] == 0).sum()),
                lost=int(lost.sum()),
                lost_reasons=_reasons(cohort, study, found, lost),
                analysed=int((who & analysed).sum()),
                left_out=int((who & ~analysed).sum()),
                visits=tuple((week, int((who & tested).sum())) for week, tested in visits),
            )
        )
    return ParticipantFlow(
        assessed=len(cohort),
        not_randomised=int((~entered).sum()),
        randomised=int(entered.sum()),
        reasons=tuple(sorted(reasons.items())),
        not_eligible=None if state is None else int((state[entered] == "not eligible").sum()),
        undecidable=None if state is None else int((state[entered] == "undecidable").sum()),
        arms=(arms[0], arms[1]),
    )


def _eligibility(cohort: Cohort, study: Study) -> tuple[np.ndarray | None, np.ndarray]:
    """Return the state of each patient by the study's criteria, and the first one that is not met."""
    none = np.full(len(cohort), "no criterion on record", dtype=object)
    if not (study.eligibility.include or study.eligibility.exclude):
        return None, none
    found = screen(cohort, study).patients
    first = found["failed"].astype(str).str.split("; ").str[0].to_numpy(dtype=object)
    text = {one.id: one.text for one in (*study.eligibility.include, *study.eligibility.exclude)}
    reasons_given = [f"{one}: {text[one]}" if one in text else "no criterion on record" for one in first]
    return found["state"].to_numpy(dtype=object), np.array(reasons_given, dtype=object)


def _received(cohort: Cohort, study: Study, found: Endpoint) -> np.ndarray:
    """Return 1 for who received what they were allocated to, 0 for who did not, -1 where it is not known."""
    if study.dosing is None or cohort.treatments is None:
        return np.full(len(found), -1)
    window = study.dosing.first.window_weeks
    first = first_start(found, cohort, (study.dosing.agent,), study.dosing.first.week - window - _SAME_DAY)
    given = first <= found.week
    if not study.treatments.complete:
        return np.where(given, found.treated.astype(int), -1)
    untreated = ~given | (first > found.time)  # a dose after the endpoint changes nothing
    return np.where(found.treated, given, untreated).astype(int)


def _reasons(cohort: Cohort, study: Study, found: Endpoint, lost: Mask) -> tuple[tuple[str, int], ...]:
    """Return why endpoints are unknown: as recorded, else by a strategy of the plan, a competing event or a death."""
    if not lost.any():
        return ()
    why = np.full(len(found), NO_REASON, dtype=object)
    why[np.isfinite(death_weeks(cohort.adverse_events, len(cohort))[found.place])] = DIED
    competing = competing_events(cohort, study)
    if competing is not None:
        names = competing.name[found.place]
        why = np.where(names != "", names, why)
    if found.ended is not None:
        why[found.ended] = ENDED
    if LOST_REASON in cohort.patients:
        given = texts(cohort.patients[LOST_REASON]).to_numpy(dtype=object)[found.place]
        why = np.where((given != "") & (why == NO_REASON), given, why)
    return tuple(sorted(Counter(why[lost]).items()))


def _visits(cohort: Cohort, study: Study, found: Endpoint) -> list[tuple[float, Mask]]:
    """Return, for each planned week, who had any laboratory result nearer to it than to the other weeks."""
    planned = () if study.dosing is None else study.dosing.visits
    planned = tuple(week for week in planned if week <= found.week)
    if len(planned) < 2:
        return []
    border = [0.5 * (early + late) for early, late in pairwise(planned)]
    first, last = planned[0] - 4.0, found.week + 4.0
    inside = cohort.labs["week"].between(first, last).to_numpy()
    week = cohort.labs["week"].to_numpy(dtype=float)[inside]
    patient = cohort.labs["patient"].to_numpy(dtype=np.intp)[inside]
    visit = np.searchsorted(border, week)
    attended = np.zeros((len(planned), len(cohort)), dtype=bool)
    attended[visit, patient] = True
    return [(float(at), attended[place][found.place]) for place, at in enumerate(planned)]
