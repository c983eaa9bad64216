"""A proposed mapping of a FHIR export: every code, unit and answer found, with its count."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from relapse_model.cohort.laboratory.lab_text import read_lab_text
from relapse_model.cohort.readers.fhir.elements import (
    ATC,
    LOINC,
    Coding,
    Json,
    NotFhirError,
    codings_in,
    object_in,
    objects_in,
    text_in,
)
from relapse_model.cohort.readers.fhir.files import Found, Source
from relapse_model.cohort.readers.fhir.patients import subject_of
from relapse_model.cohort.readers.fhir.resource_types import TREATMENTS, TYPES
from relapse_model.cohort.readers.fhir.times import is_greenwich, time_in
from relapse_model.cohort.readers.fhir.values import UnclearError, unit_said
from relapse_model.cohort.readers.proposed_text import (
    beside_units,
    comment,
    heading,
    library_codes,
    meaning_of_word,
    quoted,
)
from relapse_model.cohort.readers.second_names import SecondNames
from relapse_model.errors import SourceError
from relapse_model.study.names_known import agent_names, analyte_names
from relapse_model.study.study import Study

_EVENTS = ("ResearchSubject", "EpisodeOfCare", "Encounter", "Procedure", "MedicationAdministration", "Condition")
_SHOWN = 15  # candidates for time zero


@dataclass(slots=True)
class CodeMet:
    """A code that was met: how often, of how many patients, in which units and with which coded answers."""

    display: str = ""
    count: int = 0
    subjects: set[int] = field(default_factory=set)
    units: Counter[str] = field(default_factory=Counter)
    answers: Counter[tuple[str, str]] = field(default_factory=Counter)


@dataclass(slots=True)
class Met:
    """What an export holds."""

    codes: dict[str, dict[str, CodeMet]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(CodeMet)))
    patients: int = 0
    identifiers: Counter[str] = field(default_factory=Counter)
    elements: Counter[str] = field(default_factory=Counter)
    greenwich: int = 0
    times: int = 0


def propose_fhir(source: str | Path, study: Study) -> str:
    """Return a mapping for a FHIR export: what the study knows by code or name, ready; the rest as comments.

    Nothing is taken from the size of numbers. Time zero is asked for, since no code says which event it is.

    Parameters
    ----------
    source : str or Path
        As for `read_fhir`.
    study : Study

    Raises
    ------
    SourceError
        If a file cannot be read.
    """
    files = Source(Path(source))
    files.ask(None)
    met = Met()
    medications: dict[str, list[Coding]] = {}
    for found in files.resources():
        try:
            _meet(met, found, medications)
        except (NotFhirError, UnclearError):
            continue  # the reader refuses it, and says where
    if files.problems:
        raise SourceError("the FHIR export was refused", files.problems)
    return "\n".join(
        [*heading("fhir", study), *_source(met), *_time(met), *_patients(met), *_labs(met, study),
         *_treatments(met, study), ""]
    )  # fmt: skip


def _meet(met: Met, found: Found, medications: dict[str, list[Coding]]) -> None:
    resource, kind = found.resource, found.kind
    if kind == "Patient":
        met.patients += 1
        met.elements.update(name for name in ("gender", "birthDate") if name in resource)
        met.identifiers.update({text_in(one, "system") for one in objects_in(resource, "identifier")} - {""})
    elif kind == "Medication":
        codings = codings_in(resource, "code")
        medications[f"Medication/{text_in(resource, 'id')}"] = medications[found.full_url] = codings
    elif kind in TYPES:
        _, start, _ = time_in(resource, TYPES[kind].times)
        met.times += "T" in start
        met.greenwich += is_greenwich(start)
        subject = hash(subject_of(resource, TYPES[kind].subject))
        for node, codings in _coded(resource, kind, medications):
            first = _known(codings)
            code = met.codes[kind][first.key if first.system else ""]
            code.display = code.display or first.display or text_in(object_in(node, "code") or {}, "text")
            code.count += 1
            code.subjects.add(subject)
            if kind == "Observation":
                _meet_value(code, node)


def _coded(resource: Json, kind: str, medications: dict[str, list[Coding]]) -> Iterator[tuple[Json, list[Coding]]]:
    element = TYPES[kind].codes
    if element == "medication":
        name = text_in(object_in(resource, "medicationReference") or {}, "reference")
        yield resource, codings_in(resource, "medicationCodeableConcept") or medications.get(name, [])
        return
    parts = objects_in(resource, "component") if kind == "Observation" else []
    if not parts or any(key.startswith("value") for key in resource):
        yield resource, codings_in(resource, element) if element else []
    for part in parts:
        yield part, codings_in(part, "code")


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


def _source(met: Met) -> list[str]:
    if not met.greenwich:
        return []
    return [
        "", "[source]",
        f"# {met.greenwich:,} of {met.times:,} times are in UTC: without a zone, they count as days of Greenwich.",
        '#? zone = "Asia/Shanghai"  # of the hospital',
    ]  # fmt: skip


def _time(met: Met) -> list[str]:
    lines = ["", "[time]", "#? Time zero: complete one of these. Weeks are counted from it."]
    lines.append('# file = "time_zero.csv"  # patient_id, date; in the folder of the export')
    every = [
        (kind, code, one) for kind in _EVENTS for code, one in met.codes.get(kind, {}).items()
    ]  # fmt: skip
    for kind, code, one in sorted(every, key=lambda each: (-len(each[2].subjects), each[2].count, each[0], each[1]))[
        :_SHOWN
    ]:
        codes = f"; codes = [{quoted(code)}]" if code else ""
        lines.append(
            f"# resource = {quoted(kind)}{codes}  # {comment(one.display)}: {len(one.subjects):,} of "
            f"{met.patients:,} patients, {one.count:,} times"
        )  # fmt: skip
    return [
        *(line.replace("; codes", "\n# codes") for line in lines),
        '# pick = "first"  # or "last": if a patient has several',
        '# others = "leave out"  # patients without time zero; otherwise they are refused',
    ]  # fmt: skip


def _patients(met: Met) -> list[str]:
    lines = ["", "[patients]", 'id = "id"']
    lines += [f"# id = {quoted(f'identifier({system})')}  # {count:,} of {met.patients:,}"
              for system, count in sorted(met.identifiers.items())]  # fmt: skip
    if met.elements["gender"]:
        lines.append('sex = { field = "gender", values = { male = "M", female = "F", other = "", unknown = "" } }')
    if met.elements["birthDate"]:
        lines.append('age_years = "birthDate"  # completed years at time zero')
    return lines


def _labs(met: Met, study: Study) -> list[str]:
    names, library = analyte_names(study), library_codes(study)
    second = SecondNames(study)
    known: dict[str, dict[str, CodeMet]] = defaultdict(dict)
    asked: dict[str, dict[str, CodeMet]] = defaultdict(dict)
    rest: dict[str, CodeMet] = {}
    for code, one in sorted(met.codes.get("Observation", {}).items(), key=lambda each: (-each[1].count, each[0])):
        system, _, bare = code.partition("|")
        by_code = names.meaning(bare).name if system == LOINC or not one.display else None
        name = by_code or names.meaning(one.display).name or (library.get(bare) if system == LOINC else None)
        if code and name in study.analytes:
            other = second.contradicts("analyte", one.display, str(name))
            (asked if other else known)[str(name)][code] = one
        else:
            rest[code] = one
    lines = []
    for name in sorted(known):
        lines += _lab(name, known[name], study)
    for name, codes in sorted(asked.items()):
        for code, one in codes.items():
            lines += ["", f"#? Is it {name}? The code is one of it, and is called {comment(one.display)}",
                      *(f"# {line}" for line in _lab(name, {code: one}, study)[1:])]  # fmt: skip
    if rest:
        lines += ["", "# Found, and not known to the study:"]
        lines += [f"# codes = [{quoted(code)}]  # {_note(one)}" for code, one in rest.items()]
    return lines


def _lab(name: str, codes: dict[str, CodeMet], study: Study) -> list[str]:
    lines = ["", "[[labs]]", f"analyte = {quoted(name)}", "codes = ["]
    lines += [*(f"    {quoted(code)},  # {_note(one)}" for code, one in codes.items()), "]"]
    units: Counter[str] = sum((one.units for one in codes.values()), Counter())
    lines += beside_units(study, name, {unit: count for unit, count in units.items() if unit != "words"})
    if units[""]:
        others = sorted(unit for unit in units if unit not in ("", "words"))
        example = quoted(others[0]) if len(others) == 1 else '"..."'
        lines.append(f"#? unit = {example}  # {units['']:,} results have none: state it if it is known")
    answers: Counter[tuple[str, str]] = sum((one.answers for one in codes.values()), Counter())
    if answers:
        meanings = {key: meaning_of_word(display) for key, display in answers}
        mark = "" if any(meanings.values()) else "# "
        lines += [f"{mark}[labs.value]", f'{mark}field = "value"', f"{mark}[labs.value.values]"]
        for (key, display), count in sorted(answers.items()):
            note = f"  # {comment(display)}: {count:,}"
            if meanings[key]:
                lines.append(f"{quoted(key)} = {quoted(meanings[key])}{note}")
            else:
                lines.append(
                    f'#? {quoted(key)} = "..."{note}; state it: negative, positive, a text, or "" for no value'
                )
    return lines


def _note(one: CodeMet) -> str:
    units = ", ".join(f"{comment(unit) or 'no unit'}: {count:,}" for unit, count in sorted(one.units.items()))
    answers = f", {one.answers.total():,} coded" if one.answers else ""
    return f"{comment(one.display)}: {one.count:,}{f' ({units})' if units else ''}{answers}"


def _treatments(met: Met, study: Study) -> list[str]:
    names = agent_names(study)
    lines: list[str] = []
    ready: set[str] = set()
    for kind in TREATMENTS:
        known: dict[str, dict[str, CodeMet]] = defaultdict(dict)
        rest: dict[str, CodeMet] = {}
        for code, one in sorted(met.codes.get(kind, {}).items(), key=lambda each: (-each[1].count, each[0])):
            system, _, bare = code.partition("|")
            name = (names.meaning(bare).name if system == ATC or not one.display else None) or names.meaning(
                one.display
            ).name
            if code and name is not None:
                known[name][code] = one
            else:
                rest[code] = one
        for name, codes in sorted(known.items()):
            lines += _course(name, kind, codes, again=name in ready)
            ready.add(name)
        if rest:
            lines += ["", f"# Found in {kind}, and not known to the study:"]
            lines += [f"# codes = [{quoted(code)}]  # {_note(one)}" for code, one in rest.items()]
    return lines


def _course(name: str, kind: str, codes: dict[str, CodeMet], *, again: bool) -> list[str]:
    """Return an entry of an agent; as a comment where it stands in another type of resource already."""
    lines = ["[[treatments]]", f"agent = {quoted(name)}", f"resource = {quoted(kind)}", "codes = ["]
    lines += [*(f"    {quoted(code)},  # {_note(one)}" for code, one in codes.items()), "]"]
    if not again:
        return ["", *lines]
    return ["", "# The same agent again: read it once, or its doses count twice.", *(f"# {line}" for line in lines)]
