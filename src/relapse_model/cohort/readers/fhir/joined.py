"""What results are joined to: an Encounter, or a DiagnosticReport; one of another patient may be a wrong join."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from relapse_model.cohort.readers.fhir.elements import Json, name_within, object_in, objects_in, split_version, text_in
from relapse_model.cohort.readers.fhir.files import Found
from relapse_model.cohort.readers.fhir.patients import Patients, subject_of
from relapse_model.cohort.readers.fhir.values import UnclearError
from relapse_model.cohort.readers.fhir.versions import Versions
from relapse_model.cohort.readers.other_things import takes_all_back

_OWN = "Whose result is it? Correct the one of the two references that is wrong, or take the resource out"
_CONCLUSION = "If the result counts, correct the conclusion; if it does not, give it the status entered-in-error"


@dataclass(slots=True)
class Joined:
    """Whose the encounters and reports are, and what refers to them; either may come first.

    Attributes
    ----------
    encounters : mapping of str to str
        Of an encounter, by its names in references, the key of its patient.
    reports : mapping of str to str
        Of what reports have as their results, by reference, the key of the report's patient.
    concluded : set of str
        References of results of reports that take them back in their conclusion.
    within : mapping of int to (str, str)
        Of a resource that is read, the key of its patient and the name of its encounter.
    subjects : mapping of int to str
        Of every resource that is read, the key of its patient.
    """

    encounters: dict[str, str] = field(default_factory=dict)
    reports: dict[str, str] = field(default_factory=dict)
    concluded: set[str] = field(default_factory=set)
    within: dict[int, tuple[str, str]] = field(default_factory=dict)
    subjects: dict[int, str] = field(default_factory=dict)

    def add(self, found: Found) -> None:
        """Note whose an Encounter, or a DiagnosticReport, is, and the results of the report."""
        if found.kind == "Encounter":
            subject = subject_of(found.resource, "subject")
            own = text_in(found.resource, "id")
            names = [found.full_url, f"Encounter/{own}" if own else ""]
            self.encounters |= {name: subject for name in names if name and subject}
        elif found.kind == "DiagnosticReport":
            subject = subject_of(found.resource, "subject")
            results = [text_in(one, "reference") for one in objects_in(found.resource, "result")]
            if subject:
                self.reports |= dict.fromkeys(filter(None, results), subject)
            if takes_all_back(text_in(found.resource, "conclusion")):
                self.concluded.update(filter(None, results))

    def refer(self, resource: Json, number: int, subject: str) -> None:
        """Note whose a resource is, and within which encounter, if it says so."""
        self.subjects[number] = subject
        held = object_in(resource, "encounter") if "encounter" in resource else None
        name = name_within(text_in(held or {}, "reference"), "Encounter")
        if name:
            self.within[number] = subject, name

    def refused(self, patients: Patients, versions: Versions, kinds: Iterable[str]) -> dict[int, UnclearError]:
        """Return the resources that are refused, each with the reason.

        Parameters
        ----------
        patients : Patients
            Only of two who are known it is known that they are not one.
        versions : Versions
        kinds : iterable of str
        """
        found = {
            number: UnclearError("encounter", "an encounter of another patient", "one of the patient", _OWN)
            for number, (subject, name) in self.within.items()
            if _differ(patients, subject, self.encounters.get(name, ""))
        }
        every = tuple(kinds)
        for reference, subject in self.reports.items():
            for number in _meant(versions, reference, every):
                if _differ(patients, self.subjects.get(number, ""), subject):
                    found[number] = UnclearError(
                        "subject", "a result in a DiagnosticReport of another patient", "one of the patient", _OWN
                    )
        for reference in self.concluded:
            for number in _meant(versions, reference, every):
                found.setdefault(number, UnclearError(
                    "status", "a DiagnosticReport whose conclusion takes the result back", "a result that counts",
                    _CONCLUSION,
                ))  # fmt: skip
        return found


def _meant(versions: Versions, reference: str, kinds: tuple[str, ...]) -> Iterator[int]:
    yield from versions.meant(*split_version(reference), kinds)


def _differ(patients: Patients, one: str, other: str) -> bool:
    if not one or not other or one == other:
        return False
    first, second = patients.position(one), patients.position(other)
    return first is not None and second is not None and first != second
