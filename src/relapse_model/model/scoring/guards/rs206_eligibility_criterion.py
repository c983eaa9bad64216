"""RS206: an eligibility criterion of the study is not met."""

from __future__ import annotations

from relapse_model.model.scoring.guards.criteria import NotMet
from relapse_model.model.scoring.guards.guard import Flagged, Guard, NewPatients, flagged


def eligibility_criterion(new: NewPatients) -> list[Flagged]:
    """Warn of each criterion that a patient is known to fail at enrolment: the model knows nobody like that.

    What cannot be decided is not warned of; `relapse_model.cohort.eligibility.screening.screen` lists it.

    Parameters
    ----------
    new : NewPatients
    """
    return [flagged(one.patients, _text(one)) for one in new.not_met]


def _text(one: NotMet) -> str:
    why = "excludes: " if one.excludes else ""
    return f"eligibility criterion not met: {one.criterion.id} ({why}{one.criterion.text})"


GUARD = Guard("RS206", "an eligibility criterion is not met", eligibility_criterion)
