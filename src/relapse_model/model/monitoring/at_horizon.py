"""What is known of monitored patients at the horizon, to the day, as `derive_outcome` adjudicates it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from relapse_model.arrays import Floats, Mask
from relapse_model.cohort.outcome.outcome import COMPETING, RELAPSE
from relapse_model.cohort.outcome.risk_set import is_at_risk
from relapse_model.comparisons import before, same_day, to_the_day
from relapse_model.features.development_data import follow_up_times
from relapse_model.study.prediction import Prediction


def at_risk(relapse: Floats, week: Floats, competing: Mask, landmark: float) -> Mask:
    """Tell who was at risk: a relapse or competing event comes on a later day, and follow-up reaches the landmark.

    Parameters
    ----------
    relapse : array
        1 or 0.
    week : array
        NaN: by the horizon, at some time.
    competing : array of bool
    landmark : float
        Week.
    """
    ended = (relapse == 1) | competing
    return np.asarray(np.isnan(week) | before(landmark, week) | (same_day(week, landmark) & ~ended))


def at_horizon(relapse: Floats, week: Floats, competing: Mask, prediction: Prediction) -> tuple[Floats, Floats, Floats]:
    """Return 1, 0 or NaN (lost) at the horizon, until when each was followed, and who had a competing event by then.

    The week of a relapse is exact: no window moves it, and whose relapse came after the horizon was free at it.

    Parameters
    ----------
    relapse, week : array
        As `at_risk` takes them.
    competing : array of bool
    prediction : Prediction
    """
    horizon, timed = prediction.horizon_weeks, ~np.isnan(week)
    by_then = ~timed | prediction.by_horizon(week)
    relapsed = (relapse == 1) & by_then
    free = ~relapsed & (~timed | prediction.reaches_horizon(week, early=prediction.visit_window_weeks))
    ended = competing & by_then
    state = np.where(relapsed, 1.0, np.where(free | ended, 0.0, np.nan))
    followed = np.where((free | ~timed) & ~ended, horizon, np.minimum(to_the_day(week), horizon))
    return state, followed, ended.astype(np.float64)


def known_by_cohort(outcome: pd.DataFrame, landmark: float, horizon: float) -> pd.DataFrame:
    """Return what a cohort knows of its patients as a table of outcomes: their state at the horizon, and its week.

    A relapse that tests found after the horizon says nothing of the horizon by itself: the last negative test does.

    Parameters
    ----------
    outcome : DataFrame
        As `derive_outcome` makes it.
    landmark, horizon : float
        Weeks since enrolment.
    """
    state = outcome["state"].to_numpy(dtype=object)
    cut = follow_up_times(outcome, landmark, horizon)[1]
    judged = is_at_risk(state)
    return pd.DataFrame(
        {
            "patient_id": outcome.index.to_numpy(),
            "relapse": np.where(judged, state == RELAPSE, True).astype(np.float64),
            "week": np.where(judged, cut, landmark),  # nobody else is used: for them it is over at the landmark
            "event": np.where(state == COMPETING, "competing", ""),
        }
    )
