"""All guards, in the order of their codes."""

from __future__ import annotations

from relapse_model.guards import (
    arm,
    eligibility_criterion,
    far_combination,
    missing_predictor,
    other_assay,
    other_landmark,
    other_unit,
    passive_titre,
    training_range,
)
from relapse_model.guards.guard import NewPatients

GUARDS = (
    missing_predictor.GUARD,
    training_range.GUARD,
    far_combination.GUARD,
    other_unit.GUARD,
    other_assay.GUARD,
    eligibility_criterion.GUARD,
    passive_titre.GUARD,
    other_landmark.GUARD,
    arm.GUARD,
)
CODES = tuple(guard.code for guard in GUARDS)


def guard_warnings(new: NewPatients) -> list[str]:
    """Return for each patient what to bear in mind: warnings in the order of their codes, joined by ``"; "``.

    Parameters
    ----------
    new : NewPatients

    Returns
    -------
    list of str
        Empty where no guard warns. Each warning begins with its code, and none holds a patient's identifier.
    """
    notes: list[list[str]] = [[] for _ in range(len(new.features))]
    for guard in GUARDS:
        for one in guard(new):
            for row, text in zip(one.rows.tolist(), one.texts, strict=True):
                notes[row].append(text)
    return ["; ".join(note) for note in notes]
