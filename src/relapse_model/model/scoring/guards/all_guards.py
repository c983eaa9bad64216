"""All guards, in the order of their codes."""

from __future__ import annotations

from collections.abc import Sequence

from relapse_model.model.scoring.guards import (
    rs201_missing_predictor,
    rs202_training_range,
    rs203_far_combination,
    rs204_rs205_other_name,
    rs206_eligibility_criterion,
    rs207_passive_titre,
    rs208_other_landmark,
    rs209_arm,
    rs210_hardly_known,
    rs211_no_gain,
    rs212_result_too_old,
    rs213_unknown_name,
    rs214_unknown_centre,
)
from relapse_model.model.scoring.guards.guard import NewPatients

GUARDS = (
    rs201_missing_predictor.GUARD,
    rs202_training_range.GUARD,
    rs203_far_combination.GUARD,
    rs204_rs205_other_name.UNIT_GUARD,
    rs204_rs205_other_name.ASSAY_GUARD,
    rs206_eligibility_criterion.GUARD,
    rs207_passive_titre.GUARD,
    rs208_other_landmark.GUARD,
    rs209_arm.GUARD,
    rs210_hardly_known.GUARD,
    rs211_no_gain.GUARD,
    rs212_result_too_old.GUARD,
    rs213_unknown_name.GUARD,
    rs214_unknown_centre.GUARD,
)
CODES = tuple(guard.code for guard in GUARDS)


def guard_warnings(new: NewPatients, without: Sequence[str] = ()) -> list[str]:
    """Return for each patient what to bear in mind: warnings in the order of their codes, joined by ``"; "``.

    Parameters
    ----------
    new : NewPatients
    without : sequence of str
        Codes that do not apply here.

    Returns
    -------
    list of str
        Empty where no guard warns. Each warning begins with its code, and none holds a patient's identifier.
    """
    notes: list[list[str]] = [[] for _ in range(len(new.features))]
    for guard in (guard for guard in GUARDS if guard.code not in without):
        for one in guard(new):
            for row, text in zip(one.rows.tolist(), one.texts, strict=True):
                notes[row].append(text)
    return ["; ".join(note) for note in notes]
