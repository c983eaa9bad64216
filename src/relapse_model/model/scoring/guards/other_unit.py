"""RS204: a unit other than those of the training."""

from __future__ import annotations

from relapse_model.model.scoring.guards.guard import Flagged, Guard, NewPatients
from relapse_model.model.scoring.guards.rs204_rs205_other_name import other_name


def other_unit(new: NewPatients) -> list[Flagged]:
    """Warn of results in a unit that no training patient's had: the study converts it, but nobody has tried.

    A unit that the study does not accept is refused when the cohort is read.

    Parameters
    ----------
    new : NewPatients
    """
    return other_name(new, "unit")


GUARD = Guard("RS204", "a unit other than trained", other_unit)
