"""RS212: a result is older than its predictor takes."""

from __future__ import annotations

import numpy as np

from relapse_model.features.why_unknown import weeks_old
from relapse_model.model.scoring.guards.guard import Flagged, Guard, NewPatients, flagged
from relapse_model.study.predictor import Predictor


def result_too_old(new: NewPatients) -> list[Flagged]:
    """Warn of each predictor that is unknown although there is a result, since that is older than ``window_weeks``.

    A predictor without a window takes results of any age.

    Parameters
    ----------
    new : NewPatients
    """
    return [_flagged(new, one) for one in new.study.predictors if one.analyte and one.window_weeks is not None]


def _flagged(new: NewPatients, predictor: Predictor) -> Flagged:
    unknown = new.features[predictor.name].isna().to_numpy()
    if not unknown.any():
        return flagged(unknown, "")
    age = weeks_old(new.cohort, new.study, predictor, new.landmark, too_old=True)

    def text(row: int) -> str:
        return (
            f"result too old and not used: {predictor.label}, {age[row]:.3g} weeks before week {new.landmark:g} "
            f"(no older than {predictor.window_weeks:g})"
        )

    return flagged(unknown & ~np.isnan(age), text)


GUARD = Guard("RS212", "a result too old for its window", result_too_old)
