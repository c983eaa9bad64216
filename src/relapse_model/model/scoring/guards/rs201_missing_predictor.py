"""RS201: a predictor is missing."""

from __future__ import annotations

from relapse_model.model.scoring.guards.guard import Flagged, Guard, NewPatients, flagged


def missing_predictor(new: NewPatients) -> list[Flagged]:
    """Warn of each predictor that is not known: the model puts in what it learned of others, and the risk says less.

    Parameters
    ----------
    new : NewPatients
    """
    return [
        flagged(new.features[predictor.name].isna().to_numpy(), f"missing: {predictor.label}")
        for predictor in new.study.predictors
    ]


GUARD = Guard("RS201", "a predictor is missing", missing_predictor)
