"""What the report says of resources that count although something about them is not certain, or not read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from relapse_model.cohort.readers.beside_rows import why_not_counted
from relapse_model.cohort.readers.fhir.elements import LOINC, Coding, Json, codings_in, objects_in, text_in
from relapse_model.cohort.readers.fhir.files import Found
from relapse_model.cohort.readers.fhir.values import UnclearError
from relapse_model.cohort.readers.fhir.wanted import Wanted
from relapse_model.cohort.readers.notes_beside_doses import other_amount
from relapse_model.cohort.readers.other_things import NEVER, WITHDRAWN, other_thing, says_only, takes_all_back
from relapse_model.cohort.readers.results_in_notes import says_another_result
from relapse_model.cohort.readers.second_names import LoincMet

_UNCERTAIN = frozenset({"unconfirmed", "provisional", "differential"})
_NOTE = "If the result counts, take out the note; if it does not, give it the status entered-in-error"
_NOTED = ("note",)
_ONE_DOSE = ("MedicationAdministration", "Immunization")
_NOT_GIVEN = "If it was given, take out the note; if it was not, give it the status not-done or entered-in-error"
_DOSE = "If the note is right, correct the dose; if it is of another one, take it out"

_CORRECTED = "If the note is right, correct the result; if it is of another one, take it out"


@dataclass(slots=True)
class Told:
    """Counts of what is not certain.

    Attributes
    ----------
    loinc : LoincMet
        LOINC codes beside those that the mapping asks for.
    unconfirmed : Counter
        Conditions that were read, by a verification status that confirms nothing.
    notes : int
        Results with a note.
    doubtful : list of str
        Places of results whose note speaks of a withdrawal.
    of_courses, doubtful_courses
        The same of courses.
    """

    loinc: LoincMet = field(default_factory=LoincMet)
    unconfirmed: Counter[str] = field(default_factory=Counter)
    notes: int = 0
    doubtful: list[str] = field(default_factory=list)
    of_courses: int = 0
    doubtful_courses: list[str] = field(default_factory=list)
    _stated: dict[str, bool] = field(default_factory=dict, repr=False)

    def see(self, found: Found, kind: str, wanted: Wanted, codings: list[Coding]) -> None:
        """Take what a resource that is read says beside its result.

        Raises
        ------
        UnclearError
            If it has a note that takes the result back.
        """
        resource = found.resource
        if kind == "Condition":
            self.unconfirmed.update(_UNCERTAIN & verified(resource))
        if wanted.section == "labs" and (len(codings) > 1 or self.states(wanted.name)):
            asked = () if self.states(wanted.name) else _codes(wanted)
            self.loinc.see(wanted.name, [one.code for one in codings if one.system == LOINC and one.key not in asked])
        if kind == "Observation" and ("note" in resource or "comment" in resource):
            self._note(found, _notes(resource))
        if wanted.section == "treatments" and ("note" in resource or "statusReason" in resource):
            self._of_course(found, _notes(resource))

    def states(self, name: str) -> bool:
        """Tell, from memory, whether the study states LOINC codes for an analyte."""
        if name not in self._stated:
            self._stated[name] = self.loinc.states(name)
        return self._stated[name]

    def _note(self, found: Found, texts: list[str]) -> None:
        if any(map(takes_all_back, texts)):
            raise UnclearError("note", "a note that takes the result back", "a result that counts", _NOTE)
        self.notes += 1
        if any(other_thing(text, (WITHDRAWN,)) for text in texts):
            self.doubtful.append(f"{found.file}, entry {found.number}")

    def _of_course(self, found: Found, texts: list[str]) -> None:
        if any(_denies(text, found.kind) for text in (*texts, *_reasons(found))):
            element = "note" if "note" in found.resource else "statusReason"
            raise UnclearError(element, "a note that it was not given, or not to this patient",
                               "a course that was given", _NOT_GIVEN)  # fmt: skip
        self.of_courses += bool(texts)
        if any(other_thing(text, (WITHDRAWN,)) for text in texts):
            self.doubtful_courses.append(f"{found.file}, entry {found.number}")

    def corrected(self, resource: Json, wanted: Wanted, cells: tuple[str, ...]) -> None:
        """Take what the notes of a resource say of the result that is read.

        Raises
        ------
        UnclearError
            If one says another result, or another amount than the dose.
        """
        if wanted.section == "treatments" and text_in(resource, "resourceType") in _ONE_DOSE:
            why = next((why for text in _notes(resource) if (why := other_amount(text, cells[2]))), "")
            if why:
                raise UnclearError("note", f"a note of {why}", "the dose that is read", _DOSE)
        if wanted.section != "labs" or not ("note" in resource or "comment" in resource):
            return
        if any(says_another_result(text, cells[1]) for text in _notes(resource)):
            raise UnclearError("note", "a note that says another result", "the result that is read", _CORRECTED)

    def sentences(self) -> Iterator[str]:
        """Yield what the report says."""
        if self.notes:
            yield f"{self.notes:,} results have a note, of which nothing is read"
        if self.doubtful:
            yield (
                f"{len(self.doubtful):,} of these notes speak of something that was cancelled, wrong or in error, and "
                f"the results count: see the first at {self.doubtful[0]}"
            )
        if self.of_courses:
            yield f"{self.of_courses:,} courses have a note, which is read for doses that were not given and no more"
        if self.doubtful_courses:
            yield (
                f"{len(self.doubtful_courses):,} of these notes speak of something that was cancelled, wrong or in "
                f"error, and the courses count: see the first at {self.doubtful_courses[0]}"
            )
        for status, count in sorted(self.unconfirmed.items()):
            yield f"{count:,} Conditions are {status} (verificationStatus), and count"
        yield from self.loinc.sentences()


def _denies(text: str, kind: str) -> bool:
    """Tell whether a note says that a dose was not given; of a course of several, that none was."""
    if takes_all_back(text):
        return True
    return bool(why_not_counted(text, _NOTED, "treatments") if kind in _ONE_DOSE else says_only(text, (NEVER,)))


def _reasons(found: Found) -> list[str]:
    """Return why one dose has its status; a course of several may have been refused, or cancelled, in its course."""
    if found.kind not in _ONE_DOSE:
        return []
    words = [text_in(one, "text") for one in objects_in(found.resource, "statusReason")]
    return [*words, *(one.display for one in codings_in(found.resource, "statusReason"))]


def verified(resource: Json) -> set[str]:
    """Return the verification statuses of a condition, in codes or in words."""
    words = [text_in(one, "text") for one in objects_in(resource, "verificationStatus")]
    return {*(one.code for one in codings_in(resource, "verificationStatus")), *(word.casefold() for word in words)}


def _codes(wanted: Wanted) -> tuple[str, ...]:
    return () if wanted.entry is None else wanted.entry.codes


def _notes(resource: Json) -> list[str]:
    said = [*(text_in(one, "text") for one in objects_in(resource, "note")), text_in(resource, "comment")]
    return [text for text in said if text]
