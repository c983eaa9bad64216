"""What the report says of resources that count although something about them is not certain, or not read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from relapse_model.cohort.readers.fhir.elements import LOINC, Coding, Json, codings_in, objects_in, text_in
from relapse_model.cohort.readers.fhir.files import Found
from relapse_model.cohort.readers.fhir.values import UnclearError
from relapse_model.cohort.readers.fhir.wanted import Wanted
from relapse_model.cohort.readers.other_things import WITHDRAWN, other_thing, takes_all_back
from relapse_model.cohort.readers.results_in_notes import says_another_result
from relapse_model.cohort.readers.second_names import LoincMet

_UNCERTAIN = frozenset({"unconfirmed", "provisional", "differential"})
_NOTE = "If the result counts, take out the note; if it does not, give it the status entered-in-error"

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
    """

    loinc: LoincMet = field(default_factory=LoincMet)
    unconfirmed: Counter[str] = field(default_factory=Counter)
    notes: int = 0
    doubtful: list[str] = field(default_factory=list)
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

    def corrected(self, resource: Json, wanted: Wanted, cells: tuple[str, ...]) -> None:
        """Take what the notes of a resource say of the result that is read.

        Raises
        ------
        UnclearError
            If one says another result.
        """
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
        for status, count in sorted(self.unconfirmed.items()):
            yield f"{count:,} Conditions are {status} (verificationStatus), and count"
        yield from self.loinc.sentences()


def verified(resource: Json) -> set[str]:
    """Return the verification statuses of a condition, in codes or in words."""
    words = [text_in(one, "text") for one in objects_in(resource, "verificationStatus")]
    return {*(one.code for one in codings_in(resource, "verificationStatus")), *(word.casefold() for word in words)}


def _codes(wanted: Wanted) -> tuple[str, ...]:
    return () if wanted.entry is None else wanted.entry.codes


def _notes(resource: Json) -> list[str]:
    return [*(text_in(one, "text") for one in objects_in(resource, "note")), text_in(resource, "comment")]
