"""Guard rails of scoring: coded warnings on the row of a patient of whom the training says little."""

from relapse_model.guards.guard import Flagged, Guard, NewPatients
from relapse_model.guards.registry import CODES, GUARDS, guard_warnings

__all__ = ["CODES", "GUARDS", "Flagged", "Guard", "NewPatients", "guard_warnings"]
