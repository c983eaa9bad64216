"""The predictors of the patients at risk at the landmark: what most checks look at."""

from __future__ import annotations

import numpy as np
import pandas as pd

from relapse_model.arrays import Positions
from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.outcome.risk_set import is_at_risk, risk_set
from relapse_model.features.derive import derive_features
from relapse_model.study.study import Study


def positions_at_risk(cohort: Cohort, study: Study, landmark: float) -> Positions:
    """Return the positions of the patients at risk.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    landmark : float
    """
    return np.flatnonzero(is_at_risk(risk_set(cohort, study, landmark)))


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
