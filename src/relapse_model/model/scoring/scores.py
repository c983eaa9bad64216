"""Who can be scored, and the table in which nobody is lost; what to warn of is said by the guards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Floats
from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.outcome.risk_set import risk_set, why_not
from relapse_model.comparisons import at_or_before, same_day
from relapse_model.features import derive_features
from relapse_model.features.design import design_matrix
from relapse_model.model.scoring.arm_effect import plan_of
from relapse_model.model.scoring.benefit import joined, require_randomisation, score_columns, with_arm_column
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
    cohort: Cohort,
    risk: Floats,
    usable: NDArray[np.bool_],
    warnings: Sequence[str],
    reasons: list[str],
    more: Mapping[str, NDArray[Any]] | None = None,
) -> pd.DataFrame:
    """Lay the scores out, patients refused at the gate among them, in the order they came.

    Parameters
    ----------
    cohort : Cohort
    risk : array, shape (n, 3)
        Risk and its interval.
    usable : array of bool
    warnings, reasons : list of str
    more : mapping of str to array, optional
        Further columns, put before the warnings.
    """
    scored = pd.DataFrame(
        {
            "patient_id": cohort.patients["patient_id"].to_numpy(),
            "status": np.where(usable, "scored", "rejected"),
            "relapse_risk": risk[:, 0],
            "risk_lower": risk[:, 1],
            "risk_upper": risk[:, 2],
            **(more or {}),
            "warnings": np.where(usable, np.array(warnings, dtype=object), ""),
            "reason": np.array(reasons, dtype=object),
        }
    )
    return place_rejected(scored, cohort.rejected)


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


def score_cohort(
    model: TrainedModel,
    cohort: Cohort,
    *,
    landmark_week: float | None = None,
    horizon_weeks: float | None = None,
    both_arms: bool = False,
) -> pd.DataFrame:
    """Return the risk of every patient, as `RelapseModel.score` describes it.

    With `both_arms` also the columns of `RelapseModel.benefit`: risk_control, risk_treated, benefit, benefit_lower,
    benefit_upper and nnt.
    """
    landmark = model.landmark(landmark_week)
    if both_arms:
        require_randomisation(model, landmark_week)
        cohort = with_arm_column(cohort, plan_of(model.study).arms.column)
    reasons = unusable(cohort, model.study, landmark, horizon_weeks, unmeasured=model.scores_unmeasured)
    features = derive_features(cohort, model.study, landmark)
    usable = np.array([reason == "" for reason in reasons], dtype=bool)
    matrix = design_matrix(features, model.study)[usable]
    risk = np.full((len(cohort), 3), np.nan)
    if usable.any():
        risk[usable, 0] = model.classifier.predict_proba(matrix)[:, 1]
        risk[usable, 1:] = model.classifier.predict_interval(matrix, LEVEL)
    new = NewPatients(cohort, features, model.study, model.summary, landmark, model.landmark_weeks, model.predict_risk)
    warnings = guard_warnings(new)
    if not both_arms:
        return scores_table(cohort, risk, usable, warnings, reasons)
    columns, warning = score_columns(model, features, usable)
    return scores_table(cohort, risk, usable, joined(warnings, warning), reasons, columns)
