"""Elements of a FHIR resource, taken out with the kind that the standard gives them, and paths to them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

Json = dict[str, Any]
UCUM = "http://unitsofmeasure.org"
LOINC = "http://loinc.org"
ATC = "http://www.whocc.no/atc"
TEXT = "text"
"""What stands for the system of a concept that has words and no code."""
_OF_OID = {
    "urn:oid:2.16.840.1.113883.6.1": LOINC,
    "urn:oid:2.16.840.1.113883.6.8": UCUM,
    "urn:oid:2.16.840.1.113883.6.73": ATC,
    "urn:oid:2.16.840.1.113883.6.88": "http://www.nlm.nih.gov/research/umls/rxnorm",
    "urn:oid:2.16.840.1.113883.6.96": "http://snomed.info/sct",
    "urn:oid:2.16.840.1.113883.12.292": "http://hl7.org/fhir/sid/cvx",
}
_STEP = re.compile(r"([A-Za-z][A-Za-z0-9]*)(?:\(([^()]+)\))?(?:\.|$)")


EXPORT_AGAIN = "Export it again, or correct it in the source"
"""What to do about an element that is not of the kind that FHIR gives it."""


class NotFhirError(Exception):
    """An element is not of the kind that FHIR gives it; carries where, what came and what was expected."""

    def __init__(self, element: str, found: str, expected: str):
        super().__init__(element)
        self.element, self.found, self.expected = element, found, expected


class Coding(NamedTuple):
    """One code of a concept: its system, the code, and what the source calls it."""

    system: str
    code: str
    display: str

    @property
    def key(self) -> str:
        """Return ``system|code``, by which codes are matched."""
        return f"{self.system}|{self.code}"


def text_in(node: Json, name: str) -> str:
    """Return an element that is a text or a number, as printed; empty where there is none."""
    value = node.get(name)
    if value is None:
        return ""
    if type(value) is str and value.isascii():
        return value.strip()
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, (str, int)):
        raise NotFhirError(name, _kind(value), "a text or a number")
    text = str(value).strip()
    if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
        raise NotFhirError(name, "a character that is half of one", "Unicode text")
    return text


def split_version(reference: str) -> tuple[str, str]:
    """Return a reference without the version that it may name, and that version.

    Examples
    --------
    >>> split_version("Encounter/7/_history/2"), split_version("Encounter/7")
    (('Encounter/7', '2'), ('Encounter/7', ''))
    """
    bare, _, version = reference.partition("/_history/")
    return bare, version


def name_within(reference: str, kind: str) -> str:
    """Return a reference without server and version, from its type on; one without that type as it is.

    Examples
    --------
    >>> [name_within(one, "Encounter") for one in ("https://server.example/Encounter/7/_history/2", "urn:uuid:7")]
    ['Encounter/7', 'urn:uuid:7']
    """
    bare = split_version(reference)[0]
    at = bare.rfind(f"{kind}/")
    return bare[at:] if at >= 0 else bare


def object_in(node: Json, name: str) -> Json | None:
    """Return an element that is an object; None where there is none."""
    value = node.get(name)
    if value is not None and not isinstance(value, dict):
        raise NotFhirError(name, _kind(value), "an object")
    return value


def objects_in(node: Json, name: str) -> list[Json]:
    """Return an element that is a list of objects; an element that FHIR has once counts as one."""
    value = node.get(name)
    if value is None:
        return []
    listed = value if isinstance(value, list) else [value]
    for one in listed:
        if not isinstance(one, dict):
            raise NotFhirError(name, _kind(one), "an object")
    return listed


def _kind(value: object) -> str:
    kinds = {dict: "an object", list: "a list", str: "a text", int: "a number", type(None): "nothing"}
    return kinds.get(type(value), "something else")


def codings_in(node: Json, name: str) -> list[Coding]:
    """Return all codes of a concept, or of a list of concepts.

    Examples
    --------
    >>> code = {"coding": [{"system": "http://loinc.org", "code": "5193-8"}]}
    >>> [one.key for one in codings_in({"code": code}, "code")]
    ['http://loinc.org|5193-8']
    """
    if node.get(name) is None:
        return []
    found = []
    for concept in objects_in(node, name):
        if "coding" in concept:
            found += [_coding(coding) for coding in objects_in(concept, "coding")]
        elif "code" in concept:
            found.append(_coding(concept))
    return found


def _coding(node: Json) -> Coding:
    system = text_in(node, "system")
    known = _OF_OID.get(system.lower(), system) if system.startswith("urn") else system
    return Coding(known, text_in(node, "code"), text_in(node, "display"))


def named_in(node: Json, name: str) -> list[Coding]:
    """Return the codes of a concept; of one without any, its words, as ``text|words``.

    Examples
    --------
    >>> [one.key for one in named_in({"code": {"text": "HBsAg"}}, "code")]
    ['text|HBsAg']
    """
    codings = codings_in(node, name)
    if any(one.code for one in codings):
        return codings
    said = [text_in(concept, "text") for concept in objects_in(node, name)] + [one.display for one in codings]
    return in_words(next(filter(None, said), "")) or codings


def in_words(text: str) -> list[Coding]:
    """Return words as they are asked for where there is no code; nothing of no words."""
    words = " ".join(text.split())
    return [Coding(TEXT, words, words)] if words else []


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a path: the name of an element and, of a list, the ``url`` or ``system`` of the one that is meant."""

    name: str
    key: str = ""


def parse_path(path: str) -> tuple[Step, ...] | None:
    """Return the steps of a path such as ``managingOrganization.display``; None where it is no path.

    ``extension(URL)`` is the extension of that url, ``identifier(SYSTEM)`` the identifier of that system.

    Examples
    --------
    >>> parse_path("extension(http://hospital.example/arm).valueCode")
    (Step(name='extension', key='http://hospital.example/arm'), Step(name='valueCode', key=''))
    >>> parse_path("name..family") is None
    True
    """
    steps, at = [], 0
    while at < len(path):
        found = _STEP.match(path, at)
        if found is None:
            return None
        steps.append(Step(found[1], found[2] or ""))
        at = found.end()
    return None if not steps or path.endswith(".") else tuple(steps)


def texts_at(resource: Json, path: tuple[Step, ...]) -> list[str]:
    """Return every different text at the end of a path, in order.

    An identifier or a Quantity ends in its value, a coding in ``system|code``, a reference in what it refers to, an
    extension in its value.

    Examples
    --------
    >>> texts_at({"identifier": [{"system": "urn:mrn", "value": "7"}]}, parse_path("identifier(urn:mrn)"))
    ['7']
    """
    nodes = nodes_at(resource, path)
    return list(dict.fromkeys(text for node in nodes for text in _ends(node, path[-1].name) if text))


def nodes_at(resource: Json, path: tuple[Step, ...]) -> list[Any]:
    """Return whatever stands at the end of a path.

    Examples
    --------
    >>> nodes_at({"dosage": {"dose": {"value": 400}}}, parse_path("dosage.dose"))
    [{'value': 400}]
    """
    nodes: list[Any] = [resource]
    for step in path:
        nodes = [below for node in nodes for below in _below(node, step)]
    return nodes


def _below(node: Any, step: Step) -> Iterator[Any]:
    value = node.get(step.name) if isinstance(node, dict) else None
    listed = value if isinstance(value, list) else [] if value is None else [value]
    for one in listed:
        if not step.key or (isinstance(one, dict) and step.key in (one.get("url"), one.get("system"))):
            yield one


def _ends(node: Any, name: str) -> Iterator[str]:
    if not isinstance(node, dict):
        yield text_in({name: node}, name)
        return
    if "url" in node:
        values = [key for key in node if key.startswith("value")]
        yield from (text for key in values for text in _ends(node[key], key))
    elif "coding" in node:
        yield from (coding.key for coding in codings_in({name: node}, name))
    elif "code" in node and "value" not in node:
        yield _coding(node).key
    else:
        held = next((key for key in ("value", "reference", "text") if key in node), None)
        if held is None:
            raise NotFhirError(name, "an object", "a path that ends at a text, a number, a code or a reference")
        yield text_in(node, held)
