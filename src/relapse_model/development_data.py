"""The patients of a development: matrix, outcome and follow-up as arrays, and their censoring weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.censoring import censoring_weights
from relapse_model.cohort import Cohort
from relapse_model.errors import CohortError, InsufficientDataError, Problem, RelapseModelError
from relapse_model.features import derive_features
from relapse_model.features.design import design_matrix
from relapse_model.outcome import derive_outcome
from relapse_model.study import Study

Floats = NDArray[np.float64]
FEWEST_EVENTS = 5  # folds need at least one each; below this nothing can be learned or checked


@dataclass(frozen=True)
class DevelopmentData:
    """Patients at risk at the landmark.

    Attributes
    ----------
    features : DataFrame
        Predictors, one row per patient.
    matrix : array, shape (n, columns)
    relapse : array of float
        1, 0, or NaN for a patient lost before the horizon.
    time, event : array
        Follow-up over all weeks, for concordance.
    horizon_time, horizon_event : array
        Follow-up cut at the horizon, for the censoring weights.
    horizon : float
    not_at_risk : int
        Patients left out because they had relapsed, or were not seen again, by the landmark.
    group : array or None
        Within which the chance of being lost is estimated.
    landmark : float
        From which the follow-up counts.
    """

    features: pd.DataFrame
    matrix: Floats
    relapse: Floats
    time: Floats
    event: Floats
    horizon_time: Floats
    horizon_event: Floats
    horizon: float
    not_at_risk: int
    group: NDArray[np.object_] | None = None
    landmark: float = 0.0

    def __repr__(self) -> str:
        """Return the sizes only: patients are never printed."""
        return f"DevelopmentData({len(self)} patients, {self.events} relapses, {self.lost} lost)"

    def __len__(self) -> int:
        """Return the number of patients."""
        return len(self.relapse)

    @property
    def events(self) -> int:
        """Return the number of relapses by the horizon."""
        return int(np.nansum(self.relapse))

    @property
    def lost(self) -> int:
        """Return the number of patients lost before the horizon."""
        return int(np.isnan(self.relapse).sum())

    def take(self, rows: NDArray[np.intp]) -> DevelopmentData:
        """Return some of the patients."""
        arrays = ("matrix", "relapse", "time", "event", "horizon_time", "horizon_event")
        cut = {name: getattr(self, name)[rows] for name in arrays}
        group = None if self.group is None else self.group[rows]
        return DevelopmentData(
            features=self.features.iloc[rows],
            horizon=self.horizon,
            not_at_risk=self.not_at_risk,
            group=group,
            landmark=self.landmark,
            **cut,
        )

    def weights(self) -> Floats:
        """Return the censoring weights: 0 for the lost, whose share the others like them carry.

        Assumes that who is lost does not depend on what would have become of them (within each `group`, where the
        study asks for that).
        """
        followed = self.horizon_time - self.landmark
        return censoring_weights(followed, self.horizon_event, self.horizon - self.landmark, self.group)


def development_data(cohort: Cohort, study: Study, landmark_week: float | None = None) -> DevelopmentData:
    """Derive features and outcome of the patients at risk at the landmark.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    landmark_week : float, optional

    Raises
    ------
    InsufficientDataError
        If nobody is at risk at the landmark.
    """
    first = study.landmark(landmark_week)
    features = derive_features(cohort, study, landmark_week)
    outcome = derive_outcome(cohort, study, landmark_week)
    rows = np.flatnonzero((outcome["state"] != "not_at_risk").to_numpy())
    if not len(rows):
        raise InsufficientDataError("no patient of this cohort is at risk and seen after the landmark.")
    kept, outcome = features.iloc[rows], outcome.iloc[rows]
    state = outcome["state"].to_numpy(dtype=object)
    time = outcome["time_week"].to_numpy(dtype=float)
    horizon = study.prediction.horizon_weeks
    last_negative = outcome["last_negative_week"].to_numpy(dtype=float)
    lost_time = np.where(outcome["event"].to_numpy() == 1, last_negative, time)
    # Known free only before the landmark: at risk then, and lost at once.
    cut = np.where(state == "lost", np.fmax(lost_time, first), np.minimum(time, horizon))
    return DevelopmentData(
        features=kept,
        matrix=design_matrix(kept, study),
        relapse=outcome["relapse"].to_numpy(dtype=float),
        time=time,
        event=outcome["event"].to_numpy(dtype=float),
        horizon_time=np.where(state == "free", horizon, cut),
        horizon_event=(state == "relapse").astype(float),
        horizon=horizon,
        not_at_risk=len(features) - len(rows),
        landmark=first,
        group=_groups(cohort, study.outcome.censoring_by, rows),
    )


def _groups(cohort: Cohort, column: str | None, rows: NDArray[np.intp]) -> NDArray[np.object_] | None:
    if column is None:
        return None
    if column not in cohort.patients:
        problem = Problem(
            "patients",
            None,
            column,
            "the column is missing",
            f"a column {column!r}, since [outcome] censoring_by names it",
        )
        raise CohortError("the cohort does not fit the study", [problem])
    values = cohort.patients[column].astype(object).where(cohort.patients[column].notna(), "not stated")
    return values.to_numpy(dtype=object)[rows]


def require_seed(seed: int) -> None:
    """Refuse a seed that a random generator does not take, or a model file does not hold.

    Parameters
    ----------
    seed : int

    Raises
    ------
    RelapseModelError
    """
    if not 0 <= seed < 2**32:
        raise RelapseModelError(f"seed is {seed}; expected a whole number from 0 to {2**32 - 1}.")


def require_events(data: DevelopmentData, purpose: str) -> None:
    """Refuse a cohort in which there is nothing to learn from.

    Parameters
    ----------
    data : DevelopmentData
    purpose : str
        What was asked for, for the message.

    Raises
    ------
    InsufficientDataError
    """
    free = len(data) - data.events - data.lost
    for count, what in ((data.events, "relapses"), (free, "patients free of relapse through the horizon")):
        if count < FEWEST_EVENTS:
            raise InsufficientDataError(
                f"{purpose}: {count} {what} among {len(data)} patients at risk ({data.lost} lost before week "
                f"{data.horizon:g}); expected at least {FEWEST_EVENTS}. "
                "No model can be supported by this cohort: follow it longer, or join cohorts."
            )
