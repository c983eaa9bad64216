"""The weeks of the follow-up as curves show them: by visits, not by days."""

from __future__ import annotations

import numpy as np

from relapse_model.arrays import Floats
from relapse_model.features.development_data import DevelopmentData


def weeks_at_visits(data: DevelopmentData) -> Floats:
    """Return the weeks of the follow-up, the visit of the horizon put at the horizon, as the outcome counts it.

    A visit has a window: a test some weeks late still tells whether the outcome came by the horizon, and one some weeks
    early that it had not. Read at the horizon, the curve is then the share that the outcome, and a trial of the same
    patients, counts. What came after the window stays where it was.

    Parameters
    ----------
    data : DevelopmentData
    """
    ended = np.zeros(len(data), dtype=bool) if data.horizon_competing is None else data.horizon_competing == 1
    free = (data.relapse == 0) & ~ended
    early: Floats = np.where(data.relapse == 1, np.minimum(data.time, data.horizon), data.time)
    return np.where(free, np.maximum(early, data.horizon), early)
