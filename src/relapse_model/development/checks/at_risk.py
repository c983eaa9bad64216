"""The predictors of the patients at risk at the landmark: what most checks look at."""

from __future__ import annotations

import numpy as np
import pandas as pd

from relapse_model.arrays import Positions
from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.outcome.outcome import derive_outcome
from relapse_model.features.derive import derive_features
from relapse_model.study.study import Study

STATES_AT_RISK = ("relapse", "free", "lost")


def positions_at_risk(cohort: Cohort, study: Study, landmark: float) -> Positions:
    """Return the positions of the patients at risk.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    landmark : float
    """
    return np.flatnonzero(derive_outcome(cohort, study, landmark)["state"].isin(STATES_AT_RISK).to_numpy())


def predictors_at_risk(cohort: Cohort, study: Study, landmark: float) -> pd.DataFrame:
    """Return the predictors of the patients at risk, as they were known at the landmark.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    landmark : float
    """
    return derive_features(cohort, study, landmark).iloc[positions_at_risk(cohort, study, landmark)]


def nobody(landmark: float) -> str:
    """Return why a check of the patients at risk does not apply."""
    return f"no patient is at risk at week {landmark:g}"
