"""Times of resources of which the source says, by an extension, that they are not known (``_effectiveDateTime``)."""

from __future__ import annotations

from relapse_model.cohort.readers.fhir.elements import Json, NotFhirError, objects_in, text_in

_ABSENT = "data-absent-reason"
_REASONS = ("valueCode", "valueString")


def unknown_time(resource: Json, names: tuple[str, ...], part: str = "end") -> str:
    """Return why the time of a resource is not known, where an extension stands in its place; else nothing.

    An extension beside a time, such as one of its source, says nothing of this, unless it is the reason why there is
    none: then one of the two is wrong.

    Parameters
    ----------
    resource : dict
    names : tuple of str
        Elements of its time.
    part : {"start", "end"}
        Which part of a period is asked for.

    Raises
    ------
    NotFhirError
        If there is a time, and a reason why there is none.

    Examples
    --------
    >>> absent = {"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}
    >>> unknown_time({"_effectiveDateTime": {"extension": [absent]}}, ("effectiveDateTime",))
    'unknown'
    >>> period = {"start": "2024-03-01", "_end": {"extension": [absent]}}
    >>> unknown_time({"effectivePeriod": period}, ("effectivePeriod",))
    'unknown'
    >>> unknown_time({"effectiveDateTime": "2024-03-01"}, ("effectiveDateTime",))
    ''
    """
    for name in names:
        held = resource.get(name)
        if said := _said(resource, name):
            return said
        if isinstance(held, dict) and (said := _said(held, part)):
            return said
    return ""


def _said(node: Json, name: str) -> str:
    if f"_{name}" not in node:
        return ""
    absent = _reason(node, f"_{name}")
    if node.get(name) is None:
        return absent or "a reason that is not read"
    if absent:
        raise NotFhirError(name, f"a time, and the reason {absent!r} why there is none", "one of them")
    return ""


def _reason(node: Json, name: str) -> str:
    for one in objects_in(node, name):
        for extension in objects_in(one, "extension"):
            if text_in(extension, "url").endswith(_ABSENT):
                said = next((text_in(extension, key) for key in _REASONS if key in extension), "")
                return said or "no reason given"
    return ""
