"""Resources that do not say what they seem to say: those with modifiers, and records that were replaced."""

from __future__ import annotations

from relapse_model.cohort.readers.fhir.elements import Json, objects_in
from relapse_model.cohort.readers.fhir.patients import replacement_of
from relapse_model.cohort.readers.fhir.values import UnclearError

_MODIFIER = "modifierExtension"
_DOSAGES = ("dosage", "dosageInstruction")


def refuse_modified(*nodes: Json) -> None:
    """Refuse what has a modifier, which may turn its meaning into the contrary (FHIR R4, 2.4.2).

    Parameters
    ----------
    *nodes : dict
        A resource, and the component in it.

    Raises
    ------
    UnclearError
    """
    parts = [part for node in nodes for name in _DOSAGES for part in objects_in(node, name)]
    if any(one.get(_MODIFIER) for one in (*nodes, *parts)):
        raise _modified()


def unclear_patient(resource: Json, *, again: bool) -> UnclearError | None:
    """Return why a record of a patient cannot be read; None where it can.

    Parameters
    ----------
    resource : dict
    again : bool
        Whether an earlier version of it came.
    """
    if resource.get(_MODIFIER):
        return _modified()
    if again and replacement_of(resource):
        return UnclearError("link", "a record that was replaced, and an earlier version of it", "the last version")
    return None


def _modified() -> UnclearError:
    found = "an extension that may change the meaning of all the rest"
    return UnclearError(_MODIFIER, found, "none", "Ask what it means, and export without it")
