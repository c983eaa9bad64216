"""One pass over the resources of an export: what each says becomes a row, or is counted with the reason why not."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from relapse_model.cohort.readers.fhir.cells import Cells
from relapse_model.cohort.readers.fhir.contradicted import is_test, refuse_other_names
from relapse_model.cohort.readers.fhir.courses import medication_name
from relapse_model.cohort.readers.fhir.elements import (
    EXPORT_AGAIN,
    Coding,
    Json,
    NotFhirError,
    in_words,
    named_in,
    object_in,
    objects_in,
    text_in,
)
from relapse_model.cohort.readers.fhir.files import Found
from relapse_model.cohort.readers.fhir.joined import Joined
from relapse_model.cohort.readers.fhir.patients import Patients, identified_as, replacement_of, subject_of
from relapse_model.cohort.readers.fhir.resource_types import BIRTH, DEATHS, PERSONAL, TELLING, TYPES
from relapse_model.cohort.readers.fhir.specimens import Specimens
from relapse_model.cohort.readers.fhir.taken_back import TakenBack
from relapse_model.cohort.readers.fhir.told import Told
from relapse_model.cohort.readers.fhir.unclear import refuse_modified, unclear_patient
from relapse_model.cohort.readers.fhir.uncounted import TEST, uncounted
from relapse_model.cohort.readers.fhir.values import UnclearError
from relapse_model.cohort.readers.fhir.versions import EARLIER, Versions
from relapse_model.cohort.readers.fhir.wanted import Asked, Wanted
from relapse_model.cohort.readers.second_names import LoincMet
from relapse_model.cohort.readers.source_dates import Partial

REPLACED = "a record that another one replaces (link)"
NOT_NAMED = "of a code that the mapping does not name"
ALWAYS_ASKED = (
    "Patient",
    "Medication",
    "Specimen",
    "Encounter",
)  # of which something is kept, whatever the mapping asks for
_JOINED = ("Encounter", "DiagnosticReport")
_LACKING = [Coding("", "a medication that the export does not hold", "")]


@dataclass(frozen=True, slots=True)
class Refused:
    """What cannot be read, whose it is, and where it stands."""

    kind: str
    unit: int
    subject: str
    found: Found
    why: UnclearError


@dataclass(slots=True)
class Tally:
    """Results, or resources, of one type: how many came, and why some were left out at once."""

    came: int = 0
    left: Counter[str] = field(default_factory=Counter)


# kind, number of the result, number of the resource, subject, file, entry, wanted name, and the cells of the section
Row = tuple[str, int, int, str, str, int, str, tuple[str, ...]]


class Collector:
    """Takes resources one by one, and keeps what the mapping asks for.

    Parameters
    ----------
    asked : Asked
    zone : str
        Time zone of the hospital; empty: days by the offset as written.
    partial : {"refuse", "middle"}
    missing : frozenset of str
        Texts that mean no value.
    """

    def __init__(self, asked: Asked, zone: str, partial: Partial, missing: frozenset[str]):
        self.asked = asked
        self.cells = Cells(asked, zone, partial, missing)
        self.rows: dict[str, list[Row]] = defaultdict(list)
        self.refused: list[Refused] = []
        self.tallies: dict[str, Tally] = defaultdict(Tally)
        self.unmapped: Counter[tuple[str, str, str]] = Counter()
        self.others: Counter[str] = Counter()
        self.versions = Versions()
        self.patients = Patients()
        self.specimens = Specimens()
        self.taken_back = TakenBack()
        self.joined = Joined()
        self.told = Told(LoincMet(asked.second))
        self.personal: set[str] = set()
        self._kept = asked.patient_elements() | {BIRTH, *DEATHS}
        self.met: set[str] = set()  # codes of the outcome
        self.units = 0
        self._patient_at: dict[int, int] = {}
        self._medications: dict[str, list[Coding]] = {}
        self._waiting: list[Found] = []
        self._lacking = False  # whether medications that did not come are not waited for any more
        self._replaced: list[tuple[Found, str]] = []
        self._texts: dict[str, str] = {}
        self.identified: dict[int, tuple[str, str]] = {}  # whom resources refer to, by reference and identifier

    def take_all(self, resources: Iterable[Found]) -> None:
        """Take every resource; those that refer to a medication which comes later, at the end."""
        for found in resources:
            self.take(found)
        waiting, self._waiting = self._waiting, []
        for found in waiting:
            self._lacking = True
            self.take(found)
        self._lacking = False
        self._refuse_joined()
        for name in self.taken_back.patients():
            if self.patients.position(subject_of({"subject": {"reference": name}}, "subject")) is not None:
                unclear = UnclearError("target", "a patient whose record it takes back", "records of patients who are")
                self._refuse("Provenance", self._unit(), "", Found("Provenance", "Provenance", 0, {}), unclear)
        for found, other in self._replaced:
            if self.patients.position(other) is None:
                unclear = UnclearError("link", "a record that was replaced by one that did not come", "both records")
                self.tallies["Patient"].left[REPLACED] -= 1
                self._refuse("Patient", self._unit(), "", found, unclear)

    def _refuse_joined(self) -> None:
        """Refuse what is joined to an encounter, or a report, of another patient, unless it does not count anyway."""
        wrong = self.joined.refused(self.patients, self.versions, self.asked.by_type)
        gone = self.taken_back.numbers(self.versions, self.asked.by_type) if wrong else {}
        wrong = {one: why for one, why in wrong.items() if one not in gone and one not in self.versions.superseded}
        told = set[int]()
        for section, rows in self.rows.items() if wrong else ():
            for kind, unit, resource, subject, file, entry, *_ in rows:
                if resource in wrong and unit not in told:
                    told.add(unit)
                    self._refuse(kind, unit, subject, Found(kind, file, entry, {}), wrong[resource])
            self.rows[section] = [row for row in rows if row[2] not in wrong]

    def take(self, found: Found) -> None:
        """Take one resource; results that it holds within itself are no resources of the export, and are counted."""
        kind = found.kind
        if "contained" in found.resource:
            self._held(found)
        came = self.tallies[kind].came
        try:
            if kind in _JOINED:
                self.joined.add(found)
            if kind == "Patient":
                self._patient(found)
            elif kind == "Medication":
                self._medication(found)
            elif kind in self.asked.by_type:
                self._resource(found, kind)
            else:
                self.others[kind] += 1
                if kind == "Specimen":
                    self.specimens.add(found)
                elif kind in TELLING:
                    self.taken_back.add(found)
        except NotFhirError as wrong:
            # Whom it concerns is not known: no cohort is right without it.
            self.tallies[kind].came = came + 1
            self._refuse(
                kind, self._unit(), "", found, UnclearError(wrong.element, wrong.found, wrong.expected, EXPORT_AGAIN)
            )

    def _held(self, found: Found) -> None:
        held = found.resource["contained"]
        kinds = [one.get("resourceType") for one in held if isinstance(one, dict)] if isinstance(held, list) else []
        for kind in kinds:
            if kind in self.asked.by_type and kind not in ("Patient", "Medication"):
                self.others[f"{kind} contained in {found.kind}"] += 1

    def _patient(self, found: Found) -> None:
        self.tallies["Patient"].came += 1
        if is_test(found.resource):
            self.tallies["Patient"].left[TEST] += 1
            return
        try:
            resource, before, why = self.versions.number(found)
        except UnclearError as unclear:
            self._refuse("Patient", self._unit(), f"Patient/{found.resource['id']}", found, unclear)
            return
        if resource is None:
            if before in self._patient_at:
                self.patients.call(found, self._patient_at[before])
            self.tallies["Patient"].left[why] += 1
            return
        at = self._patient_at.get(before)
        wrong = unclear_patient(found.resource, again=at is not None)
        if wrong is not None:
            self._refuse("Patient", self._unit(), "", found, wrong)
            return
        if other := replacement_of(found.resource):
            self.patients.replace(found, other)
            self._replaced.append((found, other))
            self.tallies["Patient"].left[REPLACED] += 1
            return
        self.personal |= PERSONAL & found.resource.keys()
        self._patient_at[resource] = self.patients.add(found, self._kept, at)
        if at is not None:
            self.tallies["Patient"].left[EARLIER] += 1

    def of_two(self) -> set[int]:
        """Return the resources whose reference is to one patient, and states the identifier of another."""
        pairs = {number: (self.patients.position(one), self.patients.position(other))
                 for number, (one, other) in self.identified.items()}  # fmt: skip
        return {number for number, (one, other) in pairs.items() if None not in (one, other) and one != other}

    def _medication(self, found: Found) -> None:
        codings = named_in(found.resource, "code")
        if own := text_in(found.resource, "id"):
            self._medications[f"Medication/{own}"] = codings
        if found.full_url:
            self._medications[found.full_url] = codings

    def _resource(self, found: Found, kind: str) -> None:
        known = self.asked.by_type[kind]
        results = self._results(found, kind)
        if results is None:
            self._waiting.append(found)
            return
        tally = self.tallies[kind]
        tally.came += len(results)
        wanted = [_asked_for(known, codings) for _, codings in results]
        if not any(wanted) and not self.versions.concerns(found):
            tally.left[NOT_NAMED] += len(results)
            self.unmapped.update(_called(kind, codings) for _, codings in results)
            self.versions.passed(found)
            return
        if self.asked.outcome:
            self.met.update(one.key for _, codings in results for one in codings if one.key in self.asked.outcome)
        subject = subject_of(found.resource, TYPES[kind].subject)
        subject = self._texts.setdefault(subject, subject)
        try:
            resource, _, why = self.versions.number(found, asked=any(wanted))
        except UnclearError as unclear:
            for _ in results:
                self._refuse(kind, self._unit(), subject, found, unclear)
            return
        why = why or uncounted(found.resource, kind)
        if resource is None or why:
            tally.left[why] += len(results)
            return
        self.specimens.refer(found.resource, resource, subject)
        self.joined.refer(found.resource, resource, subject)
        self.taken_back.replaces(found.resource)
        if identifier := identified_as(found.resource, TYPES[kind].subject):
            self.identified[resource] = subject, identifier
        for (node, codings), asked in zip(results, wanted, strict=True):
            if not asked:
                tally.left[NOT_NAMED] += 1
                self.unmapped[_called(kind, codings)] += 1
            else:
                self._result(found, kind, resource, subject, node, asked, codings)

    def _results(self, found: Found, kind: str) -> list[tuple[Json, list[Coding]]] | None:
        """Return what a resource says, each with its codes; None while its medication has not come."""
        resource, element = found.resource, TYPES[kind].codes
        if kind == "Observation":
            parts = [(part, named_in(part, "code")) for part in objects_in(resource, "component")]
            own = not parts or any(key.startswith("value") for key in resource)
            return [(resource, named_in(resource, element))] * own + parts
        if element != "medication":
            return [(resource, named_in(resource, element) if element else [])]
        if "medicationCodeableConcept" in resource:
            return [(resource, named_in(resource, "medicationCodeableConcept"))]
        name = medication_name(resource)
        if name.startswith("#"):
            held = [one for one in objects_in(resource, "contained") if one.get("id") == name[1:]]
            return [(resource, named_in(held[0], "code") if held else [])]
        codings = self._medications.get(name)
        if codings is None and not self._lacking:
            return None
        if codings is None:
            called = in_words(text_in(object_in(resource, "medicationReference") or {}, "display"))
            codings = called or _LACKING
        return [(resource, codings)]

    def _result(
        self, found: Found, kind: str, resource: int, subject: str, node: Json, asked: list[Wanted],
        codings: list[Coding],
    ) -> None:  # fmt: skip
        unit = self._unit()
        left: list[str] = []
        rows: list[tuple[str, Row]] = []
        try:
            refuse_modified(found.resource, node)
            names = {one.name for one in asked if one.section in ("labs", "treatments")}
            if len(names) > 1:
                raise UnclearError("code", "codes of " + " and ".join(map(repr, sorted(names))), "codes of one of them")
            for wanted in asked:
                if not self.cells.is_as_asked(found.resource, wanted):
                    left.append("not as the mapping's 'when' asks, or left out by its 'unless'")
                    continue
                refuse_other_names(node, codings, kind, wanted, self.asked.second)
                self.told.see(found, kind, wanted, codings)
                cells = self.cells.of(found.resource, kind, node, wanted)
                if isinstance(cells, str):
                    left.append(cells)
                else:
                    self.told.corrected(found.resource, wanted, cells)
                    row = kind, unit, resource, subject, found.file, found.number, wanted.name, cells
                    rows.append((wanted.section, row))
        except NotFhirError as wrong:
            self._refuse(
                kind, unit, subject, found, UnclearError(wrong.element, wrong.found, wrong.expected, EXPORT_AGAIN)
            )
        except UnclearError as why:
            self._refuse(kind, unit, subject, found, why)
        else:
            for section, row in rows:
                self.rows[section].append(row)
            if not rows:
                self.tallies[kind].left[left[0]] += 1

    def _unit(self) -> int:
        self.units += 1
        return self.units

    def _refuse(self, kind: str, unit: int, subject: str, found: Found, why: UnclearError) -> None:
        place = Found(kind, found.file, found.number, {})  # lets the resource go
        self.refused.append(Refused(kind, unit, subject, place, why))


def _asked_for(known: Mapping[str, tuple[Wanted, ...]], codings: list[Coding]) -> list[Wanted]:
    found = [wanted for coding in codings for wanted in known.get(coding.key, ())]
    return [*dict.fromkeys(found), *known.get("", ())] if found or "" in known else []


def _called(kind: str, codings: list[Coding]) -> tuple[str, str, str]:
    first = codings[0] if codings else Coding("", "no code", "")
    return kind, first.key if first.system else first.code, first.display
