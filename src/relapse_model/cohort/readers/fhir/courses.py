"""A course of a treatment, from an administration, a prescription, a statement or a vaccination."""

from __future__ import annotations

import re
from collections.abc import Mapping

from relapse_model.cohort.readers.fhir.elements import (
    Json,
    Step,
    name_within,
    nodes_at,
    object_in,
    objects_in,
    parse_path,
    text_in,
    texts_at,
)
from relapse_model.cohort.readers.fhir.resource_types import TYPES
from relapse_model.cohort.readers.fhir.times import time_in
from relapse_model.cohort.readers.fhir.unknown_times import unknown_time
from relapse_model.cohort.readers.fhir.values import UnclearError, unit_said
from relapse_model.cohort.readers.not_found import NO_AMOUNT, is_zero

_OVER = ("completed", "stopped")
_LEAVE = (
    "The end of an order is the planned one: read statements or administrations, or leave it out by "
    'when = { status = ["active", "completed"] }'
)
_STOPPED = (
    "If the dose is what was given, give it the status completed; if it is what was to be given, correct it, or take "
    "the dose out: the course counts, and its amount is not known"
)
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)\s*(?:iu|mg|ug|µg|mcg|g|ml|units?|单位|u)(?![a-z/])", re.IGNORECASE)
_ENDS = ("dispenseRequest.validityPeriod.end",)  # where else the end of a course may stand


def course_of(resource: Json, kind: str, paths: Mapping[str, tuple[Step, ...]]) -> tuple[str, str, str, str, str]:
    """Return start, end, dose, its unit, and the element of the start, as printed.

    A moment is a course that ends where it begins; a course that goes on has no end.

    Parameters
    ----------
    resource : dict
    kind : str
        One of `TREATMENTS`.
    paths : mapping of str to tuple of Step
        Where the mapping says that ``start``, ``end`` or ``dose`` stand.

    Raises
    ------
    UnclearError
        If a course is over and its end is nowhere, or there is no start.

    Examples
    --------
    >>> dose = {"value": 400, "unit": "IU"}
    >>> course_of({"effectiveDateTime": "2024-03-02", "dosage": {"dose": dose}}, "MedicationAdministration", {})
    ('2024-03-02', '2024-03-02', '400', 'IU', 'effectiveDateTime')
    """
    element, start, end = time_in(resource, TYPES[kind].times)
    if kind == "MedicationRequest":
        element, start, end = _prescribed(resource, start)
    if "start" in paths:
        element, start = "start", one_text(resource, paths["start"], "start")
    if "end" in paths:
        end = one_text(resource, paths["end"], "end")
    if not start:
        raise UnclearError(element or TYPES[kind].times[0], "nothing", "a date", "Or state start in the entry")
    if "end" not in paths and kind != "MedicationRequest" and (why := unknown_time(resource, TYPES[kind].times)):
        raise UnclearError(element, f"an end that is not known: {why}", "its end", _where_it_ends(resource, element))
    _refuse_held(resource, kind, element, "" if "end" in paths else end, stated="end" in paths)
    if not end and text_in(resource, "status") in _OVER:
        found = f"a course that is {text_in(resource, 'status')}, without its end"
        raise UnclearError(element, found, "its end", _where_it_ends(resource, element))
    dose, unit = _dose(resource, kind)
    if "dose" in paths:
        dose, unit = one_text(resource, paths["dose"], "dose"), _unit_beside(resource, paths["dose"])
    if dose and kind == "MedicationAdministration" and text_in(resource, "status") == "stopped":
        raise UnclearError("status", "'stopped', and a dose", "the amount that was given until then", _STOPPED)
    if is_zero(dose):
        raise UnclearError("dose", "a dose of 0", "an amount that was given", NO_AMOUNT)
    return start, end, dose, unit, element


def _refuse_held(resource: Json, kind: str, element: str, end: str, *, stated: bool) -> None:
    """Refuse what is paused, or an order that was stopped: until when it was taken, its dates do not tell."""
    status = text_in(resource, "status")
    ordered = kind == "MedicationRequest" and status in ("on-hold", "stopped")
    paused = status == "on-hold" and (not end or element.endswith("DateTime"))
    if ordered or (paused and not stated):
        advice = _LEAVE if ordered else _where_it_ends(resource, element)
        raise UnclearError("status", f"{status!r}", "a course of which the end is known", advice)


def _where_it_ends(resource: Json, element: str) -> str:
    """Say what makes the end of a course known: a path that leads to it in this resource, or the source."""
    for path in _ENDS:
        steps = parse_path(path)
        if steps is not None and texts_at(resource, steps):
            return f"State where it stands in the entry: end = {path!r}".replace("'", '"')
    known = element if element.endswith("Period") else "dosageInstruction.timing.repeat.boundsPeriod"
    return (
        f"The resource does not say it: complete {known}.end in the source, or state in the entry where it stands, by "
        'end = "..." with a path such as "extension(URL).valueDate"'
    )


def _unit_beside(resource: Json, path: tuple[Step, ...]) -> str:
    """Return the unit of the quantity at a path, or of that of which it is the value; empty where none is stated."""
    nodes = nodes_at(resource, path[:-1] if path[-1].name == "value" else path)
    units = {unit_said(one, "dose") for one in nodes if isinstance(one, dict) and "value" in one}
    if len(units) > 1:
        raise UnclearError("dose", f"{len(units)} different units at the mapping's path", "one")
    return units.pop() if units else ""


def one_text(resource: Json, path: tuple[Step, ...], element: str) -> str:
    """Return the one text at a path; empty where there is none."""
    found = texts_at(resource, path)
    if len(found) > 1:
        raise UnclearError(element, f"{len(found)} different texts at the mapping's path", "one")
    return found[0] if found else ""


def _prescribed(resource: Json, authored: str) -> tuple[str, str, str]:
    """Return the bounds of the instruction where they are stated; else the day of the prescription, and no end."""
    bounds = []
    for instruction in objects_in(resource, "dosageInstruction"):
        repeat = object_in(object_in(instruction, "timing") or {}, "repeat") or {}
        period = object_in(repeat, "boundsPeriod")
        if period is not None:
            bounds.append((text_in(period, "start"), text_in(period, "end")))
    if len(set(bounds)) > 1:
        raise UnclearError("dosageInstruction", "instructions with different bounds", "one course a prescription")
    start, end = bounds[0] if bounds else ("", "")
    return ("dosageInstruction" if start else "authoredOn"), start or authored, end


def _dose(resource: Json, kind: str) -> tuple[str, str]:
    """Return the amount of one dose; a range, or several instructions with different ones, is not known."""
    if kind == "Immunization":
        doses = [object_in(resource, "doseQuantity")]
    elif kind == "MedicationAdministration":
        doses = [object_in(object_in(resource, "dosage") or {}, "dose")]
    else:
        name = "dosageInstruction" if kind == "MedicationRequest" else "dosage"
        doses = [
            object_in(rate, "doseQuantity")
            for instruction in objects_in(resource, name)
            for rate in objects_in(instruction, "doseAndRate")
        ]
    if any(one is not None and text_in(one, "comparator") for one in doses):
        raise UnclearError("dose", "an amount with a comparator", "an amount")
    said = {(text_in(one, "value"), unit_said(one, "dose")) for one in doses if one is not None}
    if len(said) != 1:
        return "", ""
    amount, unit = said.pop()
    name = {"MedicationRequest": "dosageInstruction", "Immunization": ""}.get(kind, "dosage")
    texts = [text_in(one, "text") for one in objects_in(resource, name)] if name else []
    printed = {float(one) for text in texts for one in _AMOUNT.findall(text)}
    if amount and printed and float(amount) not in printed:
        raise UnclearError(name, "a text with another amount than the dose", "one amount", "Correct the wrong one")
    return amount, unit


def medication_name(resource: Json) -> str:
    """Return what a resource refers to as its medication, as the medications are known."""
    return name_within(text_in(object_in(resource, "medicationReference") or {}, "reference"), "Medication")
