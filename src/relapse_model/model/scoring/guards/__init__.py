"""Guard rails of scoring: coded warnings on the row of a patient of whom the training says little."""

from relapse_model.model.scoring.guards.all_guards import CODES, GUARDS, guard_warnings
from relapse_model.model.scoring.guards.guard import Flagged, Guard, NewPatients

__all__ = ["CODES", "GUARDS", "Flagged", "Guard", "NewPatients", "guard_warnings"]
