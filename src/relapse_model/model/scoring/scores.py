"""Who can be scored, and the table in which nobody is lost; what to warn of is said by the guards."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Floats
from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.outcome.risk_set import risk_set, why_not
from relapse_model.comparisons import at_or_before, same_day
from relapse_model.features import derive_features
from relapse_model.features.design import design_matrix
from relapse_model.model.scoring.guards import NewPatients, guard_warnings
from relapse_model.model.scoring.measured import measured
from relapse_model.model.trained import LEVEL, TrainedModel
from relapse_model.study.study import Study

COLUMNS = ("patient_id", "status", "relapse_risk", "risk_lower", "risk_upper", "warnings", "reason")


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


def scores_table(
    cohort: Cohort, risk: Floats, usable: NDArray[np.bool_], warnings: list[str], reasons: list[str]
) -> pd.DataFrame:
    """Lay the scores out, patients refused at the gate among them, in the order they came.

    Parameters
    ----------
    cohort : Cohort
    risk : array, shape (n, 3)
        Risk and its interval.
    usable : array of bool
    warnings, reasons : list of str
    """
    scored = pd.DataFrame(
        {
            "patient_id": cohort.patients["patient_id"].to_numpy(),
            "status": np.where(usable, "scored", "rejected"),
            "relapse_risk": risk[:, 0],
            "risk_lower": risk[:, 1],
            "risk_upper": risk[:, 2],
            "warnings": np.where(usable, np.array(warnings, dtype=object), ""),
            "reason": np.array(reasons, dtype=object),
        }
    )
    if cohort.rejected.empty:
        return scored
    refused = cohort.rejected.assign(
        status="rejected", relapse_risk=np.nan, risk_lower=np.nan, risk_upper=np.nan, warnings=""
    )[list(COLUMNS)]
    places = np.setdiff1d(np.arange(len(scored) + len(refused)), refused.index.to_numpy())
    scored.index = pd.Index(places)
    return pd.concat([scored, refused]).sort_index().reset_index(drop=True)


def score_cohort(
    model: TrainedModel, cohort: Cohort, *, landmark_week: float | None = None, horizon_weeks: float | None = None
) -> pd.DataFrame:
    """Return the risk of every patient, as `RelapseModel.score` describes it."""
    landmark = model.landmark(landmark_week)
    reasons = unusable(cohort, model.study, landmark, horizon_weeks, unmeasured=model.scores_unmeasured)
    features = derive_features(cohort, model.study, landmark)
    usable = np.array([reason == "" for reason in reasons], dtype=bool)
    matrix = design_matrix(features, model.study)[usable]
    risk = np.full((len(cohort), 3), np.nan)
    if usable.any():
        risk[usable, 0] = model.classifier.predict_proba(matrix)[:, 1]
        risk[usable, 1:] = model.classifier.predict_interval(matrix, LEVEL)
    new = NewPatients(cohort, features, model.study, model.summary, landmark, model.landmark_weeks, model.predict_risk)
    return scores_table(cohort, risk, usable, guard_warnings(new), reasons)
