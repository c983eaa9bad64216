"""RS211: the model was not better than giving everybody the mean risk."""

from __future__ import annotations

import numpy as np

from relapse_model.model.scoring.guards.guard import Flagged, Guard, NewPatients, flagged

FINDING = "RM122"


def no_gain(new: NewPatients) -> list[Flagged]:
    """Warn every patient where training found that the model was not better than the mean risk (a warning, no note).

    Parameters
    ----------
    new : NewPatients
    """
    findings = new.summary.get("warnings") or []
    if not any(one.get("code") == FINDING and one.get("severity") == "warning" for one in findings):
        return []
    text = "model without shown gain: in cross-validation it was no better than giving everyone the mean risk (RM122)"
    return [flagged(np.ones(len(new.cohort), dtype=bool), text)]


GUARD = Guard("RS211", "a model without shown gain", no_gain)
