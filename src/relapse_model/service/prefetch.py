"""CDS Hooks by prefetch: what is asked of the hospital's system, and whether all of it came."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from relapse_model.cohort.readers.fhir.resource_types import TYPES
from relapse_model.cohort.readers.fhir.wanted import asked_of
from relapse_model.cohort.readers.source_mapping import SourceMapping
from relapse_model.service.refusals import RequestRefusedError
from relapse_model.study.study import Study

_SEARCHED_BY = {"code": "code", "type": "type", "vaccineCode": "vaccine-code"}
_PATIENT = "{{context.patientId}}"


def prefetch_templates(mapping: SourceMapping, study: Study) -> dict[str, str]:
    """Return the prefetch templates: the patient, and of each type of resource what the mapping or the study names.

    Results are asked for by code, LOINC where the mapping states no other. Drugs are asked for without codes: a search
    by code misses those that are given as a reference to a Medication.

    Parameters
    ----------
    mapping : SourceMapping
    study : Study
    """
    found = {"patient": f"Patient/{_PATIENT}"}
    for kind, codes in asked_of(mapping, study).by_type.items():
        if kind == "Patient":
            continue
        template = f"{kind}?patient={_PATIENT}"
        parameter = _SEARCHED_BY.get(TYPES[kind].codes)
        if parameter and "" not in codes:
            template += f"&{parameter}=" + ",".join(quote(code, safe=":/|.-_~") for code in sorted(codes))
        if TYPES[kind].codes == "medication":
            template += f"&_include={kind}:medication"
        found[kind[0].lower() + kind[1:]] = template
    return found


def prefetched(given: Any, templates: Mapping[str, str], patient: str) -> dict[str, dict[str, Any]]:
    """Return the resources that came, by their key; refuse what is not all that was asked for.

    Null means that there is nothing. A key that is not there, an error of the server, and a page of a search with a
    next one do not: a risk from a part of the results would be a wrong one.

    Parameters
    ----------
    given : object
        ``prefetch`` of the request.
    templates : mapping of str to str
    patient : str
        The id in the context of the request.

    Raises
    ------
    RequestRefusedError
        412 with everything that is missing; 400 if the patient is another one.
    """
    if not isinstance(given, dict):
        raise RequestRefusedError(412, [f"no prefetch; expected {', '.join(templates)}. This service calls nobody"])
    missing, found = [], {}
    for key in templates:
        content = given.get(key)
        if key not in given:
            missing.append(f"prefetch.{key}: missing; null where there is nothing")
        elif content is None:
            if key == "patient":
                missing.append("prefetch.patient: null; expected the patient")
        elif not isinstance(content, dict):
            raise RequestRefusedError(400, [f"prefetch.{key}: expected a FHIR resource"])
        elif why := _incomplete(content):
            missing.append(f"prefetch.{key}: {why}")
        else:
            found[f"prefetch.{key}"] = content
    if missing:
        raise RequestRefusedError(412, missing)
    who = found["prefetch.patient"]
    if who.get("resourceType") != "Patient" or who.get("id") != patient:
        raise RequestRefusedError(400, ["prefetch.patient: expected the Patient whose id is context.patientId"])
    return found


def _incomplete(content: dict[str, Any]) -> str:
    """Say why what came is not all that there is; empty if it is."""
    if content.get("resourceType") == "OperationOutcome":
        return "an OperationOutcome; expected the resources"
    if content.get("resourceType") != "Bundle":
        return ""
    listed = content.get("entry", [])
    entries = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    links = content.get("link", [])
    if isinstance(links, list) and any(isinstance(one, dict) and one.get("relation") == "next" for one in links):
        return "one page of several; expected all results"
    matches = 0
    for entry in entries:
        resource, search = entry.get("resource"), entry.get("search")
        if isinstance(resource, dict) and resource.get("resourceType") == "OperationOutcome" and _failed(resource):
            return "an OperationOutcome with an error among the results"
        matches += not (isinstance(search, dict) and search.get("mode") in ("include", "outcome"))
    total = content.get("total")
    if isinstance(total, int) and total > matches:
        return f"{matches} of {total} results; expected all"
    return ""


def _failed(outcome: dict[str, Any]) -> bool:
    issues = outcome.get("issue", [])
    return not isinstance(issues, list) or any(
        not isinstance(one, dict) or one.get("severity") not in ("warning", "information") for one in issues
    )
