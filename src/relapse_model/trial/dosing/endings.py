"""When dosing of a patient ends and why: what the rule names, a competing event, a death."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Floats, Mask
from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.deaths import death_weeks
from relapse_model.cohort.outcome.competing import competing_events
from relapse_model.cohort.outcome.outcome import derive_outcome
from relapse_model.cohort.tables.columns import LOST_REASON
from relapse_model.comparisons import at_or_before
from relapse_model.errors import InsufficientDataError
from relapse_model.study.study import Study
from relapse_model.study.trial_plan import DosingRule
from relapse_model.trial.arms.number_words import week_number

HORIZON = "past the horizon"


@dataclass(frozen=True, slots=True, eq=False)
class Endings:
    """When dosing ends, one entry per patient, as known at the week up to which records are looked at.

    Attributes
    ----------
    stop : array of float
        Week from which no dose is expected; infinite where none is known.
    gone : array of float
        Week after which nobody can be dosed: death, a competing event, or loss.
    ended : array of bool
        Whether dosing has ended by now.
    cause : array of str
        What ends it: ``death``, the competing event, the name of the outcome, ``past the horizon``, ``lost to
        follow-up``; empty where nothing does.
    week : array of float
        Week of that cause.
    """

    stop: Floats
    gone: Floats
    ended: Mask
    cause: NDArray[np.object_]
    week: Floats

    @property
    def reason(self) -> NDArray[np.object_]:
        """Return the cause with its week, as a person reads it."""
        said = [
            f"{cause} ({week:g} weeks)"
            if cause == HORIZON
            else f"{cause}, week {week_number(week)}"
            if week > 0
            else cause
            for cause, week in zip(self.cause, self.week, strict=True)
        ]
        return np.array(said, dtype=object)


def endings(cohort: Cohort, study: Study, rule: DosingRule, as_of: Floats) -> Endings:
    """Find when dosing of each patient ends, from what is known at a week of their own.

    A relapse ends it from its first positive test once it is confirmed; one that is not yet is for a clinician,
    whatever the study makes of it in the end. Whoever has a reason in ``lost_reason`` was lost after the last
    laboratory result, if ``lost`` ends dosing. The horizon has passed when the week asked for, or without one the
    last laboratory result, lies past the window of its visit.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    rule : DosingRule
    as_of : array of float, shape (patients,)
        The week up to which each patient's records are looked at; infinite for all.
    """
    never = np.full(len(cohort), np.inf)
    seen = cohort.labs.groupby("patient")["week"].max().reindex(range(len(cohort))).to_numpy(dtype=float)
    seen = np.nan_to_num(seen, nan=0.0)
    competing = competing_events(cohort, study)
    horizon = study.prediction.horizon_weeks + study.prediction.visit_window_weeks if "horizon" in rule.stop else np.inf
    known = [
        death_weeks(cohort.adverse_events, len(cohort)),
        never if competing is None else np.where(np.isnan(competing.week), np.inf, competing.week),
        _relapse_week(cohort, study, as_of) if "relapse" in rule.stop else never,
        np.where(_lost(cohort), seen, np.inf) if "lost" in rule.stop else never,
    ]
    death, event, relapse, lost = (np.where(at_or_before(week, as_of), week, np.inf) for week in known)
    past = np.where(np.isfinite(as_of), as_of, seen) >= horizon
    weeks = np.stack([death, event, relapse, np.where(past, horizon, np.inf), lost])
    names = np.array(["death", "competing", study.outcome.name, HORIZON, "lost to follow-up"], dtype=object)
    which, ended = weeks.argmin(axis=0), np.isfinite(weeks).any(axis=0)
    cause = np.where(ended, names[which], "").astype(object)
    if competing is not None:
        cause[ended & (which == 1)] = competing.name[ended & (which == 1)]
    stop = np.minimum.reduce([death, event, relapse, np.full(len(cohort), horizon)])
    return Endings(stop, np.minimum.reduce([death, event, lost]), ended, cause, weeks.min(axis=0))


def _lost(cohort: Cohort) -> Mask:
    if LOST_REASON not in cohort.patients:
        return np.zeros(len(cohort), dtype=bool)
    reasons = cohort.patients[LOST_REASON]
    return np.asarray((reasons.notna() & (reasons.astype(str).str.strip() != "")).to_numpy(), dtype=bool)


def _relapse_week(cohort: Cohort, study: Study, as_of: Floats) -> Floats:
    """Return the week of each patient's relapse that is confirmed or adjudicated by now; infinite without one."""
    never = np.full(len(cohort), np.inf)
    try:
        outcome = derive_outcome(_known_by(cohort, as_of), study, unconfirmed_at_end="censor")
    except InsufficientDataError:  # nobody was tested: nobody is known to have relapsed
        return never
    week = outcome["time_week"].to_numpy(dtype=float)
    return np.where((outcome["event"] == 1).to_numpy() & ~np.isnan(week), week, never)


def _known_by(cohort: Cohort, as_of: Floats) -> Cohort:
    """Return the cohort with the results and outcomes that are known at a week of each patient's own."""
    if np.isposinf(as_of).all():
        return cohort

    def rows(table: pd.DataFrame) -> pd.DataFrame:
        known: pd.DataFrame = table[at_or_before(table["week"], as_of[table["patient"].to_numpy(dtype=np.intp)])]
        return known

    outcomes = None if cohort.outcomes is None else rows(cohort.outcomes)
    return replace(cohort, labs=rows(cohort.labs), outcomes=outcomes)
