"""The endpoint of every randomised patient, as arrays: time and event, known or not, and the interval between tests."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from relapse_model.arrays import Floats, Mask, Positions
from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.outcome.outcome import derive_outcome
from relapse_model.study.study import Study
from relapse_model.trial.arms.randomised import Randomised


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
        strata = None if self.strata is None else self.strata[keep]
        return replace(self, **{name: getattr(self, name)[keep] for name in arrays}, strata=strata)


def endpoint(cohort: Cohort, study: Study, who: Randomised, week: float, window_weeks: float) -> Endpoint:
    """Return the endpoint of every randomised patient: the study's outcome by a week, at its visit.

    Results after the visit of that week (the week and its window) are not read: nothing that comes later changes the
    answer. So a positive test at that visit is not confirmed by a later one, and counts as the study says of an
    unconfirmed run at the end. A patient without a test after randomisation is lost at week 0, and stays in.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    who : Randomised
    week, window_weeks : float
        The week of the endpoint, and the reach of its visit on either side.

    Returns
    -------
    Endpoint
        Before any intercurrent event is looked at.

    Raises
    ------
    InsufficientDataError
        If nobody has any information on the outcome.
    """
    until = known_by(cohort, week + window_weeks)
    prediction = replace(study.prediction, landmark_weeks=(0.0,), horizon_weeks=week, visit_window_weeks=window_weeks)
    found = derive_outcome(until, replace(study, prediction=prediction), 0.0).iloc[who.place]
    state = found["state"].to_numpy(dtype=object)
    seen, event = found["time_week"].to_numpy(dtype=float), found["event"].to_numpy() == 1
    last_free = found["last_negative_week"].to_numpy(dtype=float)
    at_entry = (state == "not_at_risk") & event & (seen <= 0)
    failed, free = (state == "relapse") | at_entry, state == "free"
    lost_time = np.where(event, last_free, seen)
    time = np.where(failed, np.clip(seen, 0, week), np.where(free, week, _from_0(lost_time, week)))
    adjudicated = _adjudicated(cohort)[who.place]
    left = np.where(failed, np.where(adjudicated, time, np.minimum(_from_0(last_free, week), time)), time)
    outcome = np.where(failed, study.outcome.name, "").astype(object)
    return Endpoint(
        week=float(week),
        place=who.place,
        treated=who.treated,
        time=time,
        event=failed.astype(np.float64),
        known=np.where(failed, 1.0, np.where(free, 0.0, np.nan)),
        left=left,
        right=np.where(failed, time, np.inf),
        cause=outcome,
        at_entry=at_entry,
        strata=who.strata,
    )


def known_by(cohort: Cohort, week: float) -> Cohort:
    """Return the cohort without laboratory results of later weeks.

    Parameters
    ----------
    cohort : Cohort
    week : float
    """
    kept = (cohort.labs["week"] <= week).to_numpy()
    return cohort if kept.all() else replace(cohort, labs=cohort.labs[kept].reset_index(drop=True))


def _from_0(weeks: Floats, week: float) -> Floats:
    """Return weeks within the follow-up; 0 where nothing is known."""
    found: Floats = np.clip(np.nan_to_num(weeks, nan=0.0), 0, week)
    return found


def _adjudicated(cohort: Cohort) -> Mask:
    """Tell whose outcome was adjudicated: its week is the week of the failure."""
    told = np.zeros(len(cohort), dtype=bool)
    if cohort.outcomes is not None:
        told[cohort.outcomes["patient"].to_numpy(dtype=np.intp)] = True
    return told
