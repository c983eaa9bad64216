"""Resources that another one takes back: a Provenance that nullifies them, or the report of which they are a part."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from relapse_model.cohort.readers.fhir.elements import Json, codings_in, object_in, objects_in, split_version, text_in
from relapse_model.cohort.readers.fhir.files import Found
from relapse_model.cohort.readers.fhir.versions import Versions

NULLIFIED = "taken back by a Provenance (NULLIFY)"
OF_REPORT = "of a DiagnosticReport with the status {}"
REPLACED = "replaced by another Observation (observation-replaces)"
_REPLACES = "/observation-replaces"
_TAKES_BACK = re.compile(r"nullif|delete|destroy")
_WITHDRAWN = ("entered-in-error", "cancelled")
_NOT_FINAL = ("registered", "partial", "preliminary", "unknown")


@dataclass(slots=True)
class TakenBack:
    """What resources say of others that they refer to; either may come first.

    Attributes
    ----------
    reasons : mapping of str to str
        By reference as it is written, why the resource does not count.
    unfinished : Counter
        Results of reports that are not final, by the status of the report: they count by their own.
    """

    reasons: dict[str, str] = field(default_factory=dict)
    unfinished: Counter[str] = field(default_factory=Counter)

    def add(self, found: Found) -> None:
        """Note what a Provenance, or a DiagnosticReport, says of others; other types say nothing."""
        resource = found.resource
        if found.kind == "Provenance":
            codings = codings_in(resource, "activity")
            said = [text for one in codings for text in (one.code, one.display)]
            said += [text_in(one, "text") for one in objects_in(resource, "activity")]
            if any(_TAKES_BACK.match(text.casefold()) for text in said):
                self.reasons |= dict.fromkeys(_references(objects_in(resource, "target")), NULLIFIED)
        elif found.kind == "DiagnosticReport":
            status = text_in(resource, "status")
            results = _references(objects_in(resource, "result"))
            if status in _WITHDRAWN:
                self.reasons |= {one: OF_REPORT.format(status) for one in results if one not in self.reasons}
            elif status in _NOT_FINAL:
                self.unfinished[status] += len(results)

    def replaces(self, resource: Json) -> None:
        """Note which Observations one that counts replaces, by the extension of the standard."""
        for one in objects_in(resource, "extension") if "extension" in resource else ():
            if text_in(one, "url").endswith(_REPLACES):
                self.reasons |= dict.fromkeys(_references(objects_in(one, "valueReference")), REPLACED)

    def numbers(self, versions: Versions, kinds: Iterable[str]) -> dict[int, str]:
        """Return the numbers of the resources that are taken back, each with the reason.

        Parameters
        ----------
        versions : Versions
            By which references mean resources.
        kinds : iterable of str
            Types of the resources that came: a ``urn:uuid`` does not say of which it is.
        """
        every = tuple(kinds)
        return {
            number: reason
            for reference, reason in self.reasons.items()
            for number in versions.meant(*split_version(reference), every)
        }

    def sentences(self) -> Iterator[str]:
        """Yield what the report says."""
        for status, count in sorted(self.unfinished.items()):
            yield f"{count:,} results are those of a DiagnosticReport that is {status}: they count by their own status"

    def patients(self) -> list[str]:
        """Return the references to patients whose record is taken back."""
        return [one for one in self.reasons if "Patient/" in one]


def _references(nodes: Iterable[Json]) -> list[str]:
    """Return what objects refer to: references, or objects that hold one (Provenance of later versions)."""
    held = (one if "reference" not in one or isinstance(one["reference"], str) else object_in(one, "reference") or {}
            for one in nodes)  # fmt: skip
    return [text for one in held if (text := text_in(one, "reference"))]
