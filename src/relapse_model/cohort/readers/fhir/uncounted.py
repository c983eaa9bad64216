"""Resources that say of nothing that it was found or done: by their status, their intent, or as tests."""

from __future__ import annotations

from relapse_model.cohort.readers.fhir.contradicted import is_test
from relapse_model.cohort.readers.fhir.elements import Json, text_in
from relapse_model.cohort.readers.fhir.patients import focus_of
from relapse_model.cohort.readers.fhir.resource_types import DISPROVED, ORDERS, TYPES
from relapse_model.cohort.readers.fhir.told import verified

TEST = "a record for tests alone (HTEST)"
OF_ANOTHER = "about another than the patient (focus)"


def uncounted(resource: Json, kind: str) -> str:
    """Return why a resource says of nothing that it was found or done; else nothing."""
    if is_test(resource):
        return TEST
    counted = TYPES[kind].counted
    status = text_in(resource, "status")
    if counted is not None and status not in counted:
        return f"status: {status or 'none'}"
    disproved = verified(resource) & DISPROVED if "verificationStatus" in resource else ()
    if disproved:
        return f"status: {sorted(disproved)[0]}"
    if kind == "MedicationRequest" and text_in(resource, "intent") not in ORDERS:
        return f"intent: {text_in(resource, 'intent') or 'none'}"
    if kind == "Observation" and focus_of(resource):
        return OF_ANOTHER
    return "not to be given (doNotPerform)" if resource.get("doNotPerform") is True else ""
