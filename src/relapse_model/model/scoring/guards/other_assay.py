"""RS205: an assay other than those of the training."""

from __future__ import annotations

from relapse_model.model.scoring.guards.guard import Flagged, Guard, NewPatients
from relapse_model.model.scoring.guards.rs204_rs205_other_name import other_name


def other_assay(new: NewPatients) -> list[Flagged]:
    """Warn of results of an assay that no training patient's came from: assays read the same blood differently.

    Parameters
    ----------
    new : NewPatients
    """
    return other_name(new, "assay")


GUARD = Guard("RS205", "an assay other than trained", other_assay)
