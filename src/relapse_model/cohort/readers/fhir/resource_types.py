"""What FHIR calls the code, the patient, the time and the status of each type of resource: a table to read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ResourceType:
    """Where things stand in resources of one type.

    Attributes
    ----------
    codes : str
        The element of its codes; ``"medication"`` is a code or a reference; empty where it has none.
    subject : str
        The element that refers to the patient.
    times : tuple of str
        Elements of a time or a period, the first that is there counts.
    counted : frozenset of str or None
        Statuses in which it says that something was found or done; None where it has no such element.
    """

    codes: str
    subject: str
    times: tuple[str, ...]
    counted: frozenset[str] | None


def _type(codes: str, subject: str, times: str, counted: str | None) -> ResourceType:
    return ResourceType(codes, subject, tuple(times.split()), None if counted is None else frozenset(counted.split()))


TYPES: Mapping[str, ResourceType] = {
    "Observation": _type(
        "code", "subject", "effectiveDateTime effectiveInstant effectivePeriod", "final amended corrected"
    ),
    "Condition": _type("code", "subject", "onsetDateTime onsetPeriod", None),
    "Encounter": _type("type", "subject", "period", "arrived triaged in-progress onleave finished"),
    "EpisodeOfCare": _type("type", "patient", "period", "active onhold finished"),
    "Immunization": _type("vaccineCode", "patient", "occurrenceDateTime", "completed"),
    "MedicationAdministration": _type(
        "medication", "subject", "effectiveDateTime effectivePeriod", "in-progress on-hold completed stopped"
    ),
    "MedicationRequest": _type("medication", "subject", "authoredOn", "active on-hold completed stopped"),
    "MedicationStatement": _type(
        "medication", "subject", "effectiveDateTime effectivePeriod", "active completed stopped on-hold"
    ),
    "Procedure": _type("code", "subject", "performedDateTime performedPeriod", "in-progress completed"),
    "ResearchSubject": _type(
        "", "individual", "period",
        "follow-up off-study on-study on-study-intervention on-study-observation withdrawn",
    ),
}  # fmt: skip
TREATMENTS = ("MedicationAdministration", "MedicationRequest", "MedicationStatement", "Immunization")
"""Types that a course may be read from."""
ORDERS = frozenset({"order", "original-order", "reflex-order", "filler-order", "instance-order"})
"""Intents of a request that something is to be given; a plan or a proposal is none."""
DISPROVED = frozenset({"refuted", "entered-in-error"})
"""Verification statuses of a condition that the patient does not have."""
TELLING = ("Provenance", "DiagnosticReport")
"""Types that may say of resources they refer to that they do not count."""
PERSONAL = frozenset({"name", "telecom", "address", "photo", "contact", "text", "communication", "generalPractitioner"})
"""Elements of Patient that may say who it is; never read."""
BIRTH = "birthDate"
DEATHS = ("deceasedDateTime", "deceasedBoolean")
"""Elements of Patient against which the dates of the others are held."""
