"""The endpoint of every randomised patient, as arrays: time and event, known or not, and the interval between tests."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Floats, Mask, Positions
from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.measurements import measurements
from relapse_model.cohort.outcome.adjudicated import adjudicate
from relapse_model.cohort.outcome.confirmation import relapse_intervals
from relapse_model.cohort.outcome.decided_tests import DecidedTests, decide_tests, decided_tests
from relapse_model.cohort.outcome.outcome import FREE, RELAPSE, state_at_horizon
from relapse_model.comparisons import at_or_before, before
from relapse_model.study.study import Study
from relapse_model.trial.arms.randomised import Randomised

_JUST_BEFORE = -1.0  # week of the test that stands for what eligibility asks for


@dataclass(frozen=True, eq=False)
class Endpoint:
    """What is known of the endpoint of each randomised patient, at the week of the endpoint.

    Attributes
    ----------
    week : float
    place : array of int
        Positions in the cohort.
    treated : array of bool
    time, event : array of float
        Weeks to the failure, or to the last time known free of it, at most `week`; 1 for a failure then.
    known : array of float
        1 failed by the week, 0 free through it, NaN unknown.
    left, right : array of float
        The failure lies after `left` and at or before `right`, which is infinite for those who had none; equal for an
        exact time.
    cause : array of str
        What the failure was: the outcome, or an intercurrent event; empty without one.
    at_entry : array of bool
        Whether the outcome was found at randomisation already. These patients count as failed in week 0.
    strata : array of str or None
    ended : array of bool or None
        Whose follow-up a hypothetical strategy ended; None where no plan has been applied.
    weight_by : array of float, shape (n, columns), or None
        Baseline columns by which the others are weighted for them.
    """

    week: float
    place: Positions
    treated: Mask
    time: Floats
    event: Floats
    known: Floats
    left: Floats
    right: Floats
    cause: NDArray[np.object_]
    at_entry: Mask
    strata: NDArray[np.object_] | None
    ended: Mask | None = None
    weight_by: Floats | None = None

    def __len__(self) -> int:
        """Return the number of patients."""
        return len(self.place)

    @property
    def arm(self) -> Floats:
        """Return 1 for treatment, 0 for control."""
        return self.treated.astype(np.float64)

    @property
    def lost(self) -> Mask:
        """Return whose endpoint is not known."""
        lost: Mask = np.isnan(self.known)
        return lost

    def rows(self, keep: Mask) -> Endpoint:
        """Return some of the patients."""
        arrays = ("place", "treated", "time", "event", "known", "left", "right", "cause", "at_entry")
        kept = {name: getattr(self, name)[keep] for name in arrays}
        return replace(
            self,
            **kept,
            strata=None if self.strata is None else self.strata[keep],
            ended=None if self.ended is None else self.ended[keep],
            weight_by=None if self.weight_by is None else self.weight_by[keep],
        )


def endpoint(
    cohort: Cohort, study: Study, who: Randomised, week: float, window_weeks: float, *, reading: str | None = None
) -> Endpoint:
    """Return the endpoint of every randomised patient: the study's outcome by a week, at its visit.

    Whoever was randomised is taken to have been free of the outcome just before (that is what eligibility asks for),
    and the study's rule reads the tests from randomisation on. Results after the visit of the week (the week and its
    window) are not read: nothing that comes later changes the answer. So a positive test at that visit is not confirmed
    by a later one, and counts as the study says of an unconfirmed run at the end. A patient without a test after
    randomisation is lost at week 0, and stays in.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    who : Randomised
    week, window_weeks : float
        The week of the endpoint, and the reach of its visit on either side.
    reading : {"relapse", "censor"}, optional
        What an unconfirmed run at the end is; as the study says by default.

    Returns
    -------
    Endpoint
        Before any intercurrent event is looked at.
    """
    until = known_by(cohort, week + window_weeks)
    prediction = replace(
        study.prediction, landmark_weeks=(0.0,), horizon_weeks=week, visit_window_weeks=window_weeks,
        horizon_months=study.prediction.horizon_months if week == study.prediction.horizon_weeks else None,
    )  # fmt: skip
    table, tests = _by_rule(until, study, reading)
    exact = adjudicate(table, until, tests, 0.0)
    state = state_at_horizon(table, exact, prediction)[who.place]
    seen, last_free = (table[name].to_numpy(dtype=float)[who.place] for name in ("time_week", "last_negative_week"))
    event = (table["event"].to_numpy() == 1)[who.place]
    failed, free, exact = state == RELAPSE, state == FREE, exact[who.place]
    lost_time = np.where(event & ~exact, last_free, seen)
    time = np.where(failed, np.clip(seen, 0, week), np.where(free, week, _from_0(lost_time, week)))
    left = np.where(failed, np.where(exact, time, np.minimum(_from_0(last_free, week), time)), time)
    return Endpoint(
        week=float(week),
        place=who.place,
        treated=who.treated,
        time=time,
        event=failed.astype(np.float64),
        known=np.where(failed, 1.0, np.where(free, 0.0, np.nan)),
        left=left,
        right=np.where(failed, time, np.inf),
        cause=np.where(failed, study.outcome.name, "").astype(object),
        at_entry=failed & (time <= 0),
        strata=who.strata,
    )


def _by_rule(cohort: Cohort, study: Study, reading: str | None) -> tuple[pd.DataFrame, DecidedTests | None]:
    """Return what the rule finds in the tests from randomisation on, a negative one put just before it."""
    rule, nothing = study.outcome, np.full(len(cohort), np.nan)
    if rule.analyte is None:
        columns = ("last_negative_week", "first_positive_week", "time_week")
        return pd.DataFrame({name: nothing.copy() for name in columns} | {"event": 0}), None
    results = measurements(cohort, study, rule.analyte)
    taken = decided_tests(results, decide_tests(results, rule))
    rows = ~before(taken.week, 0.0)
    patient = np.concatenate([taken.patient[rows], np.arange(len(cohort))])
    week = np.concatenate([taken.week[rows], np.full(len(cohort), _JUST_BEFORE)])
    positive = np.concatenate([taken.positive[rows], np.zeros(len(cohort), dtype=bool)])
    order = np.lexsort((week, patient))
    tests = DecidedTests(patient[order], week[order], positive[order])
    confirm = rule.confirm if reading is None else replace(rule.confirm, unconfirmed_at_end=reading)
    found = relapse_intervals(tests, len(cohort), confirm, 0.0)
    event = ~np.isnan(found.first_positive)
    table = pd.DataFrame(
        {
            "last_negative_week": found.last_negative,
            "first_positive_week": found.first_positive,
            "time_week": np.where(event, found.first_positive, found.last_negative),
            "event": event.astype(int),
        }
    )
    return table, tests


def known_by(cohort: Cohort, week: float) -> Cohort:
    """Return the cohort without laboratory results of later weeks.

    Parameters
    ----------
    cohort : Cohort
    week : float
    """
    kept = np.asarray(at_or_before(cohort.labs["week"].to_numpy(dtype=float), week))
    return cohort if kept.all() else replace(cohort, labs=cohort.labs[kept].reset_index(drop=True))


def _from_0(weeks: Floats, week: float) -> Floats:
    """Return weeks within the follow-up; 0 where nothing is known."""
    found: Floats = np.clip(np.nan_to_num(weeks, nan=0.0), 0, week)
    return found
