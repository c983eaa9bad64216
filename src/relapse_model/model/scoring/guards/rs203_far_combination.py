"""RS203: a combination of values far from the training cohort."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from relapse_model.model.scoring.guards.guard import Flagged, Guard, NewPatients, flagged
from relapse_model.model.scoring.guards.training_scatter import deviates


def far_combination(new: NewPatients) -> list[Flagged]:
    """Warn where the values together are unlike those of the training, though each may be usual.

    Assumes that the training cohort is one cloud; see `training_scatter`. A patient is far beyond the
    ``distance_level`` of the study's section [scoring] of patients like those of the training.

    Parameters
    ----------
    new : NewPatients
    """
    scatter = new.summary.get("scatter")
    if scatter is None:
        return []
    deviate = deviates(new.features, scatter, new.summary["predictors"])
    limit = NormalDist().inv_cdf(new.study.scoring.distance_level)
    labels = [new.study.predictor(name).label for name in scatter["predictors"]]
    known = new.features[scatter["predictors"]].notna().to_numpy()

    def text(row: int) -> str:
        among = ", ".join(label for label, there in zip(labels, known[row], strict=True) if there)
        return f"combination far from the training cohort: distance {deviate[row]:.1f}, limit {limit:.1f} ({among})"

    return [flagged(np.nan_to_num(deviate, nan=-np.inf) > limit, text)]


GUARD = Guard("RS203", "a combination far from the training cohort", far_combination)
