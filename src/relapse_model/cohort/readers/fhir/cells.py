"""What one resource says for one entry of the mapping, as the cells of a row; or why it says nothing."""

from __future__ import annotations

from collections import Counter, defaultdict

from relapse_model.cohort.readers.fhir.contradicted import refuse_interpretation, refuse_other_scale
from relapse_model.cohort.readers.fhir.courses import course_of, one_text
from relapse_model.cohort.readers.fhir.elements import Json, Step, named_in, texts_at
from relapse_model.cohort.readers.fhir.resource_types import TYPES
from relapse_model.cohort.readers.fhir.times import (
    EXPECTED,
    EXPECTED_DAY,
    clock_of,
    is_greenwich,
    issued_before,
    local_time,
    time_in,
)
from relapse_model.cohort.readers.fhir.unknown_times import unknown_time
from relapse_model.cohort.readers.fhir.values import UnclearError, value_said
from relapse_model.cohort.readers.fhir.wanted import Asked, Wanted
from relapse_model.cohort.readers.source_dates import Partial
from relapse_model.cohort.readers.source_values import text_key
from relapse_model.cohort.readers.units_in_names import unit_stands

_ISSUED = 'Complete it; or take the day on which the result was issued: date = "issued" in the entry'
ONE_OF_TIMES = "Correct one of the two times"


class Cells:
    """Makes cells of resources, and counts what a reader of the report has to know of them.

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
        self.asked, self.zone, self.partial = asked, zone, partial
        self.missing = {text_key(code) for code in missing}
        self.greenwich = self.long_periods = 0
        self.clocks: Counter[tuple[str, str]] = Counter()  # offsets and times of day; where a zone is stated, none
        self.conditions: dict[Wanted, Counter[bool]] = defaultdict(Counter)  # results that are as 'when' asks, or not

    def is_as_asked(self, resource: Json, wanted: Wanted) -> bool:
        """Tell whether a resource is as an entry's ``when`` asks, and not left out by its ``unless``; count it."""
        if any(_holds(resource, path, texts) for path, texts in wanted.unless):
            return False
        if not wanted.when:
            return True
        met = all(_holds(resource, path, texts) for path, texts in wanted.when)
        self.conditions[wanted][met] += 1
        return met

    def of(self, resource: Json, kind: str, node: Json, wanted: Wanted) -> tuple[str, ...] | str:
        """Return the cells of a row, or why there is none."""
        if wanted.section == "treatments":
            start, end, dose, unit, element = course_of(resource, kind, wanted.paths)
            if dose and unit and wanted.unit and not unit_stands(unit, wanted.unit):
                raise UnclearError("dose", repr(unit), f"{wanted.unit!r}, the unit that the mapping states",
                                   "Leave the unit out of the mapping: that of each resource counts")  # fmt: skip
            unit = unit or wanted.unit if dose else ""
            return self._day(start, element), self._day(end, "end") if end else "", dose, unit, element
        if wanted.section == "patients":
            return (_of_patient(resource, node, wanted),)
        unknown = unknown_time(resource, TYPES[kind].times) if wanted.section == "labs" else ""
        if unknown:  # also where the mapping names another date: it is that of another thing
            return f"a result of which the date is not known: {unknown}"
        element, when = self._when(resource, kind, wanted)
        if wanted.section == "time":
            return (self._day(when, element),)
        said = value_said(node, wanted.meanings)
        if said.absent or text_key(said.text) in self.missing:
            return said.absent or "a code for a missing value"
        if not when and resource.get("issued"):
            raise UnclearError(element, "nothing", EXPECTED, _ISSUED)
        day = self._day(when, element)
        if wanted.section == "labs" and issued_before(resource, when):
            raise UnclearError("issued", "a day before that of the result", "a day on or after it", ONE_OF_TIMES)
        if wanted.section == "outcome":
            return day, said.text
        refuse_other_scale(named_in(node, "code"), node, said, wanted)
        refuse_interpretation(node, said, wanted, self.asked.second)
        more = _beside_result(resource, wanted)
        return day, said.text, said.unit or wanted.unit, *more, said.element, element

    def _when(self, resource: Json, kind: str, wanted: Wanted) -> tuple[str, str]:
        """Return the element and the text of a resource's time: of a period its end for a result, else its start."""
        if "date" in wanted.paths:
            return "date", one_text(resource, wanted.paths["date"], "date")
        element, start, end = time_in(resource, TYPES[kind].times)
        if wanted.section == "time":
            return element or TYPES[kind].times[0], start
        self.long_periods += bool(start and end and start[:10] != end[:10])
        return element or TYPES[kind].times[0], end or start

    def _day(self, text: str, element: str) -> str:
        day = local_time(text, self.zone, self.partial) if text else None
        if day is None:
            found = "nothing" if not text else "no date" if len(text) > 7 else "a part of a date"
            raise UnclearError(element, found, EXPECTED if found != "a part of a date" else EXPECTED_DAY)
        self.greenwich += is_greenwich(text)
        if not self.zone and "T" in text:
            self.clocks[clock_of(text)] += 1
        return day


def _of_patient(resource: Json, node: Json, wanted: Wanted) -> str:
    return one_text(resource, wanted.paths["value"], "value") if "value" in wanted.paths else value_said(node, {}).text


def _beside_result(resource: Json, wanted: Wanted) -> list[str]:
    """Return the assay of a result and its limits, from the resource or as the mapping states them."""
    known = wanted.constants or {}
    return [
        one_text(resource, wanted.paths[name], name) if name in wanted.paths else known.get(name, "")
        for name in ("assay", "lower_limit", "upper_limit")
    ]


def _holds(resource: Json, path: tuple[Step, ...], texts: tuple[str, ...]) -> bool:
    """Tell whether one of some texts stands at a path; the empty text is where nothing stands."""
    found = texts_at(resource, path)
    return bool(set(found) & set(texts)) or (not found and "" in texts)
