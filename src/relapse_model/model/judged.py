"""The patients whom a finished model can be judged, or recalibrated, on: those whom it would score."""

from __future__ import annotations

import numpy as np

from relapse_model.cohort.cohort import Cohort
from relapse_model.errors import InsufficientDataError
from relapse_model.features.development_data import DevelopmentData, development_data
from relapse_model.model.scoring.measured import measured
from relapse_model.model.trained import TrainedModel


def data_to_judge(model: TrainedModel, cohort: Cohort, landmark: float) -> tuple[DevelopmentData, int]:
    """Return the patients at risk whom the model scores, and how many it does not: those without any result.

    Parameters
    ----------
    model : TrainedModel
    cohort : Cohort
    landmark : float

    Raises
    ------
    InsufficientDataError
        If nobody is at risk, or the model scores nobody who is.
    """
    data = development_data(cohort, model.study, landmark)
    tested = measured(cohort, model.study, landmark) | model.scores_unmeasured
    rows = np.flatnonzero(tested[cohort.patient_ids.get_indexer(data.features.index)])
    if not len(rows):
        raise InsufficientDataError(
            f"none of {len(data)} patients at risk has a laboratory result of the model's predictors at or before week "
            f"{landmark:g}, and the model was not trained on such patients."
        )
    return (data if len(rows) == len(data) else data.take(rows)), len(data) - len(rows)
