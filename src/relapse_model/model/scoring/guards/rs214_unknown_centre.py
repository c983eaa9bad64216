"""RS214: the centre is not known, or not to the model."""

from __future__ import annotations

import numpy as np

from relapse_model.model.scoring.guards.guard import Flagged, Guard, NewPatients, flagged


def unknown_centre(new: NewPatients) -> list[Flagged]:
    """Warn where the model has an intercept for each centre and the patient is of none that it knows.

    Parameters
    ----------
    new : NewPatients
    """
    if not new.centres:
        return []
    from relapse_model.features.centre_labels import centre_labels

    labels = centre_labels(new.cohort, new.study)
    if labels is None:
        return []
    told = np.array([one is not None for one in labels])
    known = np.isin(np.array([one or "" for one in labels], dtype=str), new.centres)
    column = new.study.prediction.centre
    integrated = "the risk is that of a new centre, and its interval includes the differences between centres"
    return [
        flagged(told & ~known, f"centre not known to the model: {integrated}"),
        flagged(~told, f"centre not stated (column {column!r}): {integrated}"),
    ]


GUARD = Guard("RS214", "a centre that the model does not know", unknown_centre)
