"""Patients of a FHIR export: one for all the ways in which other resources refer to it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from relapse_model.cohort.readers.fhir.elements import Json, object_in, objects_in, text_in
from relapse_model.cohort.readers.fhir.files import Found

_ABOUT_PATIENT = re.compile(r"(?:.*/)?(Patient/[A-Za-z0-9.-]{1,64})(?:/_history/.*)?")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_BY_IDENTIFIER = re.compile(r"(?:.*/)?Patient\?identifier=(.+)")


def subject_of(resource: Json, element: str) -> str:
    """Return a key of the patient whom a resource is about; empty where it is about none.

    Read are relative and absolute references, ``urn:uuid``, references by identifier, and contained patients, who are
    known by their identifiers alone.

    Parameters
    ----------
    resource : dict
    element : str
        ``"subject"``, ``"patient"`` or ``"individual"``.

    Examples
    --------
    >>> subject_of({"subject": {"reference": "https://server.example/fhir/Patient/7/_history/2"}}, "subject")
    'Patient/7'
    >>> subject_of({"subject": {"reference": "Group/7"}}, "subject")
    ''
    """
    reference = object_in(resource, element)
    if reference is None:
        return ""
    text = text_in(reference, "reference")
    if text.startswith("#"):
        held = [one for one in objects_in(resource, "contained") if one.get("id") == text[1:]]
        keys = identifier_names(held[0]) if held and held[0].get("resourceType") == "Patient" else []
        return keys[0] if keys else ""
    if text.startswith("urn:"):
        return text
    if about := _ABOUT_PATIENT.fullmatch(text):
        return about[1]
    if named := _BY_IDENTIFIER.fullmatch(text):
        return f"identifier {named[1]}"
    identifier = object_in(reference, "identifier")
    return _identifier_name(identifier) if identifier is not None and not text else ""


def identified_as(resource: Json, element: str) -> str:
    """Return the key of the identifier that a reference states besides what it refers to; empty without one.

    Examples
    --------
    >>> subject = {"reference": "Patient/7", "identifier": {"system": "urn:mrn", "value": "8"}}
    >>> identified_as({"subject": subject}, "subject")
    'identifier urn:mrn|8'
    """
    reference = object_in(resource, element) or {}
    identifier = object_in(reference, "identifier")
    return _identifier_name(identifier) if identifier is not None and text_in(reference, "reference") else ""


def focus_of(resource: Json) -> str:
    """Return what a resource is about instead of its subject (``focus``), as it is referred to; empty: its subject.

    Examples
    --------
    >>> focus_of({"subject": {"reference": "Patient/7"}, "focus": [{"reference": "RelatedPerson/m7"}]})
    'RelatedPerson/m7'
    """
    subject = subject_of(resource, "subject")
    others = [one for one in objects_in(resource, "focus") if subject_of({"focus": one}, "focus") != subject]
    return text_in(others[0], "reference") or text_in(others[0], "type") or "another" if others else ""


def identifier_names(patient: Json) -> list[str]:
    """Return the keys of the identifiers of a patient."""
    return [name for one in objects_in(patient, "identifier") if (name := _identifier_name(one))]


def _identifier_name(identifier: Json) -> str:
    value = text_in(identifier, "value")
    return f"identifier {text_in(identifier, 'system')}|{value}" if value else ""


def replacement_of(patient: Json) -> str:
    """Return the key of the record that replaces this one; empty where none does.

    Examples
    --------
    >>> replacement_of({"link": [{"type": "replaced-by", "other": {"reference": "Patient/7"}}]})
    'Patient/7'
    """
    links = [one for one in objects_in(patient, "link") if one.get("type") == "replaced-by"]
    return subject_of(links[0], "other") or "nobody" if links else ""


def _names(found: Found) -> list[str]:
    """Return the keys by which references mean a patient."""
    own = text_in(found.resource, "id")
    names = [f"Patient/{own}"] if own else []
    names += [f"urn:uuid:{own}"] if _UUID.fullmatch(own) else []
    if found.full_url.startswith("urn:"):
        names += [found.full_url, f"Patient/{found.full_url.removeprefix('urn:uuid:')}"]
    return names + identifier_names(found.resource)


@dataclass(slots=True)
class Patients:
    """The Patient resources that have come, and their names in references.

    Attributes
    ----------
    found : list of Found
        The one that counts, of each patient.
    by_name : mapping of str to int
        Position of the patient whom a key means; -1 where it means several.
    replaced : mapping of str to str
        Of a record that another one replaces (a link ``replaced-by``), its keys, and that of the other.
    """

    found: list[Found] = field(default_factory=list)
    by_name: dict[str, int] = field(default_factory=dict)
    replaced: dict[str, str] = field(default_factory=dict)

    def add(self, found: Found, elements: frozenset[str], position: int | None = None) -> int:
        """Add a patient, or another version of the one at a position; keep some elements; return the position."""
        names = _names(found)
        kept = found._replace(resource={name: value for name, value in found.resource.items() if name in elements})
        if position is None:
            position = len(self.found)
            self.found.append(kept)
        else:
            self.found[position] = kept
        for name in names:
            self.replaced.pop(name, None)
            known = self.by_name.setdefault(name, position)
            if known != position:
                self.by_name[name] = -1
        return position

    def call(self, found: Found, position: int) -> None:
        """Note the names under which the patient at a position came again."""
        for name in _names(found):
            if self.by_name.setdefault(name, position) != position:
                self.by_name[name] = -1

    def replace(self, found: Found, other: str) -> None:
        """Take a record that another one replaces: what is about it is about the other."""
        self.replaced |= {name: other for name in _names(found) if name not in self.by_name}

    def position(self, name: str) -> int | None:
        """Return the position of the patient whom a key means; None where it means none, or several."""
        seen = {name}
        while name not in self.by_name and (other := self.replaced.get(name, name)) not in seen:
            name = other
            seen.add(name)
        position = self.by_name.get(name, -1)
        return None if position < 0 else position
