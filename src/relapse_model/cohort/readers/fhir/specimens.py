"""Specimens of an export: whose they are, and which results are of a specimen of another than their patient."""

from __future__ import annotations

from dataclasses import dataclass, field

from relapse_model.cohort.readers.fhir.elements import Json, codings_in, object_in, objects_in, split_version, text_in
from relapse_model.cohort.readers.fhir.files import Found
from relapse_model.cohort.readers.fhir.patients import Patients, subject_of
from relapse_model.cohort.readers.other_things import NO_RESULT, SPECIMEN, other_thing

_NOBODY = "no patient"


@dataclass(slots=True)
class Specimens:
    """The specimens that came, and the results that refer to one; either may come first.

    Attributes
    ----------
    subjects : mapping of str to str
        Of a specimen, by its names in references, the key of its patient.
    others : mapping of str to str
        Of specimens that are none of blood, or cannot be used, what they are.
    results : mapping of int to (str, str)
        Of a resource with results, the key of its patient and the name of its specimen.
    """

    subjects: dict[str, str] = field(default_factory=dict)
    others: dict[str, str] = field(default_factory=dict)
    results: dict[int, tuple[str, str]] = field(default_factory=dict)

    def add(self, found: Found) -> None:
        """Note whose a specimen is."""
        names = [found.full_url, f"Specimen/{text_in(found.resource, 'id')}"]
        names = [name for name in names if name not in ("", "Specimen/")]
        self.subjects |= {name: _subject(found.resource) for name in names}
        self.others |= dict.fromkeys(names, _unusable(found.resource))

    def refer(self, resource: Json, number: int, subject: str) -> None:
        """Note of which specimen a result is, if it says so."""
        name = split_version(text_in(object_in(resource, "specimen") or {}, "reference"))[0]
        if name.startswith("#"):
            held = [one for one in objects_in(resource, "contained") if f"#{one.get('id')}" == name]
            name = f"{number}{name}"
            self.subjects[name] = _subject(held[0]) if held else ""
            self.others[name] = _unusable(held[0]) if held else ""
        at = name.rfind("Specimen/")
        if name:
            self.results[number] = subject, name[at:] if at >= 0 else name

    def not_of_blood(self) -> set[int]:
        """Return the resources with results whose specimen is none of blood, or cannot be used."""
        return {number for number, (_, name) in self.results.items() if self.others.get(name)}

    def of_another(self, patients: Patients) -> set[int]:
        """Return the resources with results whose specimen is of another than their patient."""
        found = set()
        for number, (subject, name) in self.results.items():
            own = self.subjects.get(name, "")
            if own and own != subject:
                position = patients.position(own)
                if position is None or position != patients.position(subject):
                    found.add(number)
        return found


def _unusable(specimen: Json) -> str:
    """Return what a specimen is instead of one of blood; empty where it does not say so."""
    concepts = [
        codings_in(specimen, "type"),
        *(codings_in(one, "bodySite") for one in objects_in(specimen, "collection")),
    ]
    said = [one.display for codings in concepts for one in codings]
    said += [text_in(object_in(specimen, "type") or {}, "text"), text_in(specimen, "status")]
    said += [one.display for one in codings_in(specimen, "condition")]
    found = next((what for text in said if (what := other_thing(text, (SPECIMEN, NO_RESULT)))), "")
    return found or ("no valid result" if text_in(specimen, "status") == "unavailable" else "")


def _subject(specimen: Json) -> str:
    """Return the key of the patient; empty where a specimen does not say whose it is."""
    return subject_of(specimen, "subject") or (_NOBODY if object_in(specimen, "subject") else "")
