"""Who can be scored, and why not; and where the rejected stand among the scores."""

from __future__ import annotations

import numpy as np
import pandas as pd

from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.outcome.risk_set import risk_set, why_not
from relapse_model.comparisons import at_or_before, same_day
from relapse_model.model.scoring.measured import measured
from relapse_model.study.study import Study


def unusable(
    cohort: Cohort, study: Study, landmark_week: float, horizon_weeks: float | None = None, *, unmeasured: bool = False
) -> list[str]:
    """Return for each patient why no risk can be given, empty where one can.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    landmark_week : float
    horizon_weeks : float, optional
        Until when the risk is asked for, in weeks since enrolment; the study's by default.
    unmeasured : bool
        Whether a patient without any result of the predictors can be scored, as `TrainedModel.scores_unmeasured` says.
    """
    not_covered = _not_covered(study.prediction.horizon_weeks, landmark_week, horizon_weeks)
    if not_covered:
        return [not_covered] * len(cohort)
    states = risk_set(cohort, study, landmark_week)
    reasons = {state: why_not(state, study, landmark_week) for state in set(states)}
    tested = measured(cohort, study, landmark_week) | unmeasured
    week = f"week {landmark_week:g}"
    return [
        reasons[state]
        if reasons[state]
        else f"no laboratory result of the model's predictors at or before {week}" if not has_labs
        else ""
        for state, has_labs in zip(states, tested, strict=True)
    ]  # fmt: skip


def _not_covered(covered: float, landmark_week: float, horizon_weeks: float | None) -> str:
    """Say why the weeks that are asked for are none that the model knows; empty where it knows them."""
    if horizon_weeks is not None and not same_day(horizon_weeks, covered):
        return f"horizon not covered: week {horizon_weeks:g} is asked for, and the model predicts to week {covered:g}"
    if at_or_before(covered, landmark_week):
        return (
            f"horizon not covered: week {landmark_week:g} is not before it (week {covered:g}): nothing left to predict"
        )
    return ""


def place_rejected(scored: pd.DataFrame, rejected: pd.DataFrame) -> pd.DataFrame:
    """Return a table of scores with the patients refused at the gate where they came: no figure, and the reason.

    Parameters
    ----------
    scored : DataFrame
        With columns patient_id, status, warnings and reason, and figures besides.
    rejected : DataFrame
        Of the cohort.
    """
    if rejected.empty:
        return scored
    refused = rejected[["patient_id", "reason"]].assign(status="rejected")
    for name in scored.columns.difference(refused.columns):
        refused[name] = np.nan if pd.api.types.is_numeric_dtype(scored[name]) else ""
    refused = refused[list(scored.columns)]
    places = np.setdiff1d(np.arange(len(scored) + len(refused)), refused.index.to_numpy())
    scored.index = pd.Index(places)
    return pd.concat([scored, refused]).sort_index().reset_index(drop=True)
