"""Who can be scored, and the table in which nobody is lost; what to warn of is said by the guards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Floats, Positions
from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.index_week import seen_at
from relapse_model.features import derive_features
from relapse_model.features.design import design_matrix
from relapse_model.model.scoring.guards import NewPatients, guard_warnings
from relapse_model.model.scoring.scorable import place_rejected, unusable
from relapse_model.model.trained import LEVEL, TrainedModel

COLUMNS = ("patient_id", "status", "relapse_risk", "risk_lower", "risk_upper", "warnings", "reason")


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


def score_cohort(
    model: TrainedModel,
    cohort: Cohort,
    *,
    landmark_week: float | None = None,
    horizon_weeks: float | None = None,
    both_arms: bool = False,
    blocks: Positions | None = None,
) -> pd.DataFrame:
    """Return the risk of every patient, as `RelapseModel.score` describes it.

    With `both_arms` also the columns of `RelapseModel.benefit`: risk_control, risk_treated, benefit, benefit_lower,
    benefit_upper and nnt. `blocks` says, in rising order, which patients are taken together where risks are computed:
    the last digit of a risk depends on it.
    """
    landmark = model.landmark(landmark_week)
    if both_arms:
        from relapse_model.model.scoring import arm_effect, benefit

        benefit.require_randomisation(model, landmark_week)
        cohort = benefit.with_arm_column(cohort, arm_effect.trial_plan_of(model.study).arms.column)
    cohort = seen_at(cohort, model.study, landmark)
    reasons = unusable(cohort, model.study, landmark, horizon_weeks, unmeasured=model.scores_unmeasured)
    features = derive_features(cohort, model.study, landmark)
    usable = np.array([reason == "" for reason in reasons], dtype=bool)
    matrix = design_matrix(features, model.study)
    risk = np.full((len(cohort), 3), np.nan)
    site = _sites(model, cohort)
    together = _together(usable, blocks)
    for rows in together:
        for classifier, there in _posteriors(model, site, rows):
            risk[there, 0] = classifier.predict_proba(matrix[there])[:, 1]
            limits = classifier.predict_interval(matrix[there], LEVEL)
            risk[there, 1:] = _asked_for(risk[there, 0], limits, model.study.prediction.residual_sd)
    new = NewPatients(
        cohort, features, model.study, model.summary, landmark, model.landmark_weeks, model.predict_risk,
        model.centres,
    )  # fmt: skip
    warnings = guard_warnings(new)
    if not both_arms:
        return scores_table(cohort, risk, usable, warnings, reasons)
    columns, warning = benefit.score_columns(model, features, together, site)
    return scores_table(cohort, risk, usable, benefit.with_warning(warnings, warning), reasons, columns)


def _sites(model: TrainedModel, cohort: Cohort) -> NDArray[np.object_] | None:
    """Return the centre of each patient, where the model knows centres; most know none, and need none of this."""
    if not model.centres:
        return None
    from relapse_model.features.centre_labels import centre_labels

    return centre_labels(cohort, model.study)


def _asked_for(risk: Floats, interval: Floats, residual_sd: float) -> Floats:
    """Return the interval of the patient's own risk where the study states what the predictors leave out."""
    if residual_sd == 0:
        return interval
    from relapse_model.classifiers.shared.own_risk import own_risk_interval  # few studies do

    return own_risk_interval(risk, interval, residual_sd, LEVEL)


def _posteriors(model: TrainedModel, site: NDArray[np.object_] | None, rows: Positions) -> list[tuple[Any, Positions]]:
    """Return the classifiers that score these rows, each with its own."""
    if site is None:
        return [(model.classifier, rows)]
    from relapse_model.classifiers.by_centre import by_centre

    return [(one, rows[there]) for one, there in by_centre(model.classifier, site[rows], len(rows))]


def _together(usable: NDArray[np.bool_], blocks: Positions | None) -> list[Positions]:
    """Return the positions of those who can be scored, block by block."""
    rows = np.flatnonzero(usable)
    if not len(rows):
        return []
    return [rows] if blocks is None else np.split(rows, np.flatnonzero(np.diff(blocks[rows])) + 1)
