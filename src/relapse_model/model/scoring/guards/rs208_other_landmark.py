"""RS208: the landmark is not one of the training."""

from __future__ import annotations

import numpy as np

from relapse_model.model.scoring.guards.guard import Flagged, Guard, NewPatients, flagged


def other_landmark(new: NewPatients) -> list[Flagged]:
    """Warn every patient who is scored at a week between the landmarks of the training: the risk is interpolated.

    A week outside them is refused by `RelapseModel.landmark`.

    Parameters
    ----------
    new : NewPatients
    """
    if new.landmark in new.landmark_weeks:
        return []
    text = f"landmark other than trained: week {new.landmark:g} lies between the landmarks of the training"
    return [flagged(np.ones(len(new.cohort), dtype=bool), text)]


GUARD = Guard("RS208", "a landmark other than trained", other_landmark)
