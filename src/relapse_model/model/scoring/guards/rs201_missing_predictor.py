"""RS201: a predictor is missing."""

from __future__ import annotations

import numpy as np

from relapse_model.features.why_unknown import AFTER_LOSS, NOT_SEEN, why_unknown
from relapse_model.model.scoring.guards.guard import Flagged, Guard, NewPatients, flagged


def predictor_not_known(new: NewPatients) -> list[Flagged]:
    """Warn of each predictor that is not known: the model puts in what it learned of others, and the risk says less.

    Where treatment after a loss is asked for that nobody saw, the text says so: it was not 0.

    Parameters
    ----------
    new : NewPatients
    """
    found = []
    for predictor in new.study.predictors:
        unknown, text = new.features[predictor.name].isna().to_numpy(), f"missing: {predictor.label}"
        not_seen = np.zeros(len(unknown), dtype=bool)
        if predictor.kind == AFTER_LOSS:
            why = why_unknown(new.cohort, new.study, predictor, new.landmark, unknown)
            not_seen = np.asarray(why == NOT_SEEN, dtype=bool)
        found += [flagged(unknown & ~not_seen, text), flagged(not_seen, f"{text} ({NOT_SEEN})")]
    return found


GUARD = Guard("RS201", "a predictor is missing", predictor_not_known)
