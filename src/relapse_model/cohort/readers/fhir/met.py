"""What an export holds, for a proposal: every code with its names, units and answers, and how often it was met."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain

from relapse_model.cohort.laboratory.lab_text import read_lab_text
from relapse_model.cohort.readers.fhir.courses import medication_name
from relapse_model.cohort.readers.fhir.elements import (
    ATC,
    LOINC,
    Coding,
    Json,
    NotFhirError,
    codings_in,
    in_words,
    named_in,
    object_in,
    objects_in,
    text_in,
)
from relapse_model.cohort.readers.fhir.files import Found
from relapse_model.cohort.readers.fhir.patients import subject_of
from relapse_model.cohort.readers.fhir.resource_types import TYPES
from relapse_model.cohort.readers.fhir.times import clock_of, is_greenwich, time_in
from relapse_model.cohort.readers.fhir.values import UnclearError, unit_said

_CODED = "medicationCodeableConcept"


@dataclass(slots=True)
class CodeMet:
    """A code that was met: how often, of how many patients, under which names, in which units, with which answers.

    Attributes
    ----------
    paths : set of str
        Where its names stand.
    """

    count: int = 0
    subjects: set[int] = field(default_factory=set)
    displays: Counter[str] = field(default_factory=Counter)
    paths: set[str] = field(default_factory=set)
    units: Counter[str] = field(default_factory=Counter)
    answers: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def display(self) -> str:
        """Return the name that it has most often; empty where it has none."""
        return next((text for text, _ in self.displays.most_common(2) if text), "")


@dataclass(slots=True)
class Met:
    """What an export holds."""

    codes: dict[str, dict[str, CodeMet]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(CodeMet)))
    patients: int = 0
    identifiers: Counter[str] = field(default_factory=Counter)
    identifier_types: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    elements: Counter[str] = field(default_factory=Counter)
    greenwich: int = 0
    times: int = 0
    clocks: Counter[tuple[str, str]] = field(default_factory=Counter)


def met_in(resources: Iterable[Found]) -> Met:
    """Return what resources hold; of those that the reader refuses, nothing.

    Parameters
    ----------
    resources : iterable of Found
    """
    met, medications = Met(), dict[str, list[Coding]]()
    waiting: list[Found] = []
    for found in resources:
        try:
            if found.kind == "Medication":
                medications[f"Medication/{text_in(found.resource, 'id')}"] = named_in(found.resource, "code")
                medications[found.full_url] = named_in(found.resource, "code")
            elif TYPES[found.kind].codes == "medication" if found.kind in TYPES else False:
                waiting.append(found)
            else:
                _meet(met, found, medications)
        except (NotFhirError, UnclearError):
            continue  # the reader refuses it, and says where
    for found in waiting:
        try:
            _meet(met, found, medications)
        except (NotFhirError, UnclearError):
            continue
    return met


def _meet(met: Met, found: Found, medications: dict[str, list[Coding]]) -> None:
    resource, kind = found.resource, found.kind
    if kind == "Patient":
        met.patients += 1
        met.elements.update(name for name in ("gender", "birthDate") if name in resource)
        met.identifiers.update({text_in(one, "system") for one in objects_in(resource, "identifier")} - {""})
        for one in objects_in(resource, "identifier"):
            kind_of = [(coding.code, coding.display) for coding in codings_in(one, "type")]
            words = text_in(object_in(one, "type") or {}, "text")
            met.identifier_types[text_in(one, "system")].update({*chain.from_iterable(kind_of), words} - {""})
    elif kind in TYPES:
        _, start, _ = time_in(resource, TYPES[kind].times)
        met.times += "T" in start
        met.greenwich += is_greenwich(start)
        met.clocks.update([clock_of(start)] if "T" in start else [])
        subject = hash(subject_of(resource, TYPES[kind].subject))
        for node, codings, element in _coded(resource, kind, medications):
            first = _known(codings)
            code = met.codes[kind][first.key if first.code else ""]
            words = text_in(object_in(node, element) or {}, "text") if isinstance(node.get(element), dict) else ""
            code.displays[first.display or words] += 1
            code.paths.add(_path(node, resource, element, first, words))
            code.count += 1
            code.subjects.add(subject)
            if kind == "Observation":
                _meet_value(code, node)


def _path(node: Json, resource: Json, element: str, first: Coding, words: str) -> str:
    """Return the path at which the name of a code stands, as ``when`` names it; empty where no path leads there."""
    if node is not resource or element not in node or not (first.display or words):
        return ""
    return f"{element}.text" if words and (first.display in ("", words)) else f"{element}.coding.display"


def _coded(resource: Json, kind: str, medications: dict[str, list[Coding]]) -> Iterator[tuple[Json, list[Coding], str]]:
    """Yield what a resource says, each with its codes and the element in which they stand."""
    element = TYPES[kind].codes
    if element == "medication":
        yield resource, named_in(resource, _CODED) or _referred(resource, medications), _CODED
        return
    parts = objects_in(resource, "component") if kind == "Observation" else []
    if not parts or any(key.startswith("value") for key in resource):
        yield resource, named_in(resource, element) if element else [], element
    for part in parts:
        yield part, named_in(part, "code"), "code"


def _referred(resource: Json, medications: dict[str, list[Coding]]) -> list[Coding]:
    name, reference = medication_name(resource), object_in(resource, "medicationReference") or {}
    if name.startswith("#"):
        held = [one for one in objects_in(resource, "contained") if one.get("id") == name[1:]]
        return named_in(held[0], "code") if held else []
    return medications.get(name, in_words(text_in(reference, "display")))


def _known(codings: list[Coding]) -> Coding:
    """Return the code to show: one of the systems that studies know, else the first."""
    preferred = [one for one in codings if one.system in (LOINC, ATC)]
    return (preferred or codings or [Coding("", "", "")])[0]


def _meet_value(code: CodeMet, node: Json) -> None:
    if "valueQuantity" in node:
        code.units[unit_said(object_in(node, "valueQuantity") or {})] += 1
    elif "valueCodeableConcept" in node:
        first = _known(codings_in(node, "valueCodeableConcept"))
        if first.system:
            text = text_in(object_in(node, "valueCodeableConcept") or {}, "text")
            code.answers[first.key, first.display or text] += 1
    elif "valueString" in node:
        read = read_lab_text(text_in(node, "valueString"))
        code.units[read.unit if read.kind == "number" else "words"] += 1
