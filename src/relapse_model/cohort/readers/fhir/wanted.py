"""What a mapping asks of a FHIR export: which codes of which types become which rows, and where time zero stands."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from relapse_model.cohort.readers.fhir.elements import ATC, LOINC, Step, parse_path
from relapse_model.cohort.readers.fhir.resource_types import PERSONAL, TREATMENTS, TYPES
from relapse_model.cohort.readers.other_analytes import IF_RIGHT, codes_of_others
from relapse_model.cohort.readers.second_names import SecondNames
from relapse_model.cohort.readers.source_mapping import Entry, Field, SourceMapping
from relapse_model.errors import MappingError, Problem
from relapse_model.study.line_numbers import Place, line_of
from relapse_model.study.names_known import agent_names
from relapse_model.study.study import Study

Path = tuple[Step, ...]
_ATC = re.compile(r"[A-Z]\d\d[A-Z]{2}\d\d")
_CODE = re.compile(r"text\|\S.*|\S*\|\S+")
_BARE = "A code means nothing without its system; where the export states none, write '|HBSAB'"
_OF_LABS = ("value", "date", "assay", "lower_limit", "upper_limit")
_OF_TREATMENTS = ("start", "end", "dose")
_OF_OUTCOME = ("relapse", "event", "date")


@dataclass(frozen=True, slots=True, eq=False)
class Wanted:
    """One entry of the mapping as the reader looks for it.

    Attributes
    ----------
    section : str
        ``"labs"``, ``"treatments"``, ``"outcome"``, ``"time"`` or ``"patients"``.
    name : str
        The analyte, the agent, or the column of the patients, or of the outcomes, table.
    unit : str
        Of a number without one.
    meanings : mapping of str to str
        Of coded values and texts.
    paths : mapping of str to tuple of Step
        Where else than in its usual place something stands.
    when : tuple
        Paths and the texts of which one must stand there.
    constants : mapping of str to str
        Columns that are the same for all rows.
    entry : Entry or None
        Of the mapping.
    unless : tuple
        As `when`, of resources that are left out.
    """

    section: str
    name: str
    unit: str
    meanings: Mapping[str, str]
    paths: Mapping[str, Path]
    when: tuple[tuple[Path, tuple[str, ...]], ...] = ()
    constants: Mapping[str, str] | None = None
    entry: Entry | None = None
    unless: tuple[tuple[Path, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """What is looked for.

    Attributes
    ----------
    by_type : mapping
        For each type of resource, what each ``system|code`` is; under ``""`` what needs no code.
    patient_id : tuple of Step
    patients : mapping of str to tuple of Step
        Columns that stand in Patient itself.
    patients_when : tuple
    index : bool
        Whether time zero is a resource's time; else a file's.
    outcome : frozenset of str
        Codes of the outcome.
    second : SecondNames
        By which what resources call their codes is held against the entries.
    """

    by_type: Mapping[str, Mapping[str, tuple[Wanted, ...]]]
    patient_id: Path
    patients: Mapping[str, Path]
    patients_when: tuple[tuple[Path, tuple[str, ...]], ...]
    index: bool
    outcome: frozenset[str] = frozenset()
    second: SecondNames = field(default_factory=SecondNames)

    def names(self) -> dict[str, set[str]]:
        """Return the analytes and agents asked for."""
        every = [one for codes in self.by_type.values() for many in codes.values() for one in many]
        return {section: {one.name for one in every if one.section == section} for section in ("labs", "treatments")}

    def entries(self) -> list[Wanted]:
        """Return what the entries of results and treatments ask for."""
        every = [one for codes in self.by_type.values() for many in codes.values() for one in many]
        return list(dict.fromkeys(one for one in every if one.section in ("labs", "treatments")))

    def patient_elements(self) -> frozenset[str]:
        """Return the elements of Patient that are asked for."""
        dates = [path for one in self.by_type.get("Patient", {}).get("", ()) for path in one.paths.values()]
        paths = [self.patient_id, *self.patients.values(), *(path for path, _ in self.patients_when), *dates]
        return frozenset(path[0].name for path in paths if path)


def asked_of(mapping: SourceMapping, study: Study | None) -> Asked:
    """Return what a mapping asks of a FHIR export.

    Parameters
    ----------
    mapping : SourceMapping
    study : Study or None
        Whose LOINC and ATC codes stand for entries without codes, and for all where the mapping has no entries.

    Raises
    ------
    MappingError
        With everything in the mapping that FHIR does not have.
    """
    return _Asking(mapping, study).asked()


class _Asking:
    """Collects problems while it reads, so that all of them are reported at once."""

    def __init__(self, mapping: SourceMapping, study: Study | None):
        self.mapping, self.study = mapping, study
        self.problems: list[Problem] = []
        self.by_type: dict[str, dict[str, tuple[Wanted, ...]]] = {}

    def refuse(self, place: Place, found: str, expected: str, advice: str = "") -> None:
        column = ".".join(str(part + 1) if isinstance(part, int) else part for part in place)
        line = line_of(self.mapping.text, place)
        self.problems.append(Problem(self.mapping.file, line, column, found, expected, advice, counted="line"))

    def asked(self) -> Asked:
        self.labs()
        self.treatments()
        self.outcome()
        index = self.index()
        own = {}
        for column, one in self.mapping.patients.items():
            place: Place = ("patients", column)
            if one.source in ("", "Patient"):
                own[column] = self.path(one.name, place, column)
            else:
                self.add(
                    one.source, tuple(one.options.get("codes", ())), place,
                    self.wanted("patients", column, "", one.values, {"value": one}, place),
                )  # fmt: skip
        patient_id = self.path(self.mapping.patient_id.name, ("patients", "id"))
        when = self.conditions(self.mapping.patients_when, ("patients", "when"))
        if self.problems:
            raise MappingError("the mapping was refused", sorted(self.problems, key=lambda problem: problem.row or 0))
        outcome = frozenset(() if self.mapping.outcome is None else self.mapping.outcome.codes)
        return Asked(self.by_type, patient_id, own, when, index, outcome, SecondNames(self.study))

    def add(self, kind: str, codes: tuple[str, ...], place: Place, wanted: Wanted) -> None:
        """Ask for the codes of one type of resource; for all of them where no code is needed."""
        if kind not in TYPES:
            self.refuse((*place, "resource"), repr(kind), f"one of {', '.join(sorted(TYPES))}")
            return
        known = self.by_type.setdefault(kind, {})
        for code in codes or ("",):
            if code and not _CODE.fullmatch(code):
                expected = "system|code, such as 'http://loinc.org|5193-8'; of words without a code 'text|HBsAg'"
                self.refuse((*place, "codes"), repr(code), expected, _BARE)
            known[code] = (*known.get(code, ()), wanted)

    def path(self, text: str, place: Place, column: str = "") -> Path:
        steps = parse_path(text)
        if steps is None:
            self.refuse(place, repr(text), "a path such as 'gender' or 'extension(URL).valueCode'")
            return ()
        if place[0] == "patients":
            personal = steps[0].name in PERSONAL or (steps[0].name == "birthDate" and column != "age_years")
            if personal or (steps[0].name == "identifier" and place != ("patients", "id")):
                self.refuse(place, repr(text), "an element that does not say who the patient is",
                            "birthDate is read for age_years, an identifier for id")  # fmt: skip
        return steps

    def conditions(self, when: Mapping[str, tuple[str, ...]], place: Place) -> tuple[tuple[Path, tuple[str, ...]], ...]:
        return tuple((self.path(name, (*place, name)), texts) for name, texts in when.items())

    def wanted(
        self, section: str, name: str, unit: str, meanings: Mapping[str, str], fields: Mapping[str, Field],
        place: Place, when: Mapping[str, tuple[str, ...]] | None = None, constants: Mapping[str, str] | None = None,
    ) -> Wanted:  # fmt: skip
        paths = {
            key: self.path(field.name, (*place, key))
            for key, field in fields.items()
            if not (field.name == "value" and key in ("value", "relapse", "event"))  # the usual place
        }
        return Wanted(section, name, unit, meanings, paths, self.conditions(when or {}, (*place, "when")), constants)

    def entry(self, entry: Entry, place: Place, known: tuple[str, ...], name: str) -> Wanted:
        """Return an entry as it is looked for; refuse what a resource does not have."""
        if entry.source:
            expected = "no such key: a type of resource is called resource"
            self.refuse((*place, "source"), repr(entry.source), expected, f'Write resource = "{entry.source}"')
        for key in entry.fields:
            if key not in known:
                self.refuse((*place, key), f"a field {entry.fields[key].name!r}",
                            f"plain text, or no such key (fields are {', '.join(known)})")  # fmt: skip
        value = next(
            (entry.fields[one] for one in ("value", "relapse", "event") if one in entry.fields), Field("value")
        )
        dose = entry.fields.get("dose", Field(""))
        constants = {key: text for key, text in entry.constants.items() if key not in ("analyte", "agent", "unit")}
        fields = {key: field for key, field in entry.fields.items() if key in known}
        unit = entry.constants.get("unit", "") or dose.unit or value.unit
        made = self.wanted(entry.section, name, unit, value.values, fields, place, entry.when, constants)
        return replace(made, entry=entry, unless=self.conditions(entry.unless, (*place, "unless")))

    def labs(self) -> None:
        entries = self.mapping.labs
        if not entries and self.study is not None:
            entries = tuple(
                Entry("labs", -1, {"analyte": name}) for name, one in self.study.analytes.items() if one.loinc
            )
        if not entries:
            self.refuse(("labs",), "no entries", "entries [[labs]] with an analyte and its codes, or a study that has "
                        "LOINC codes")  # fmt: skip
        for entry in entries:
            place: Place = ("labs", entry.position)
            name = entry.constants.get("analyte", "")
            rule = None if self.study is None else self.study.analytes.get(name)
            codes = entry.codes or tuple(f"{LOINC}|{code}" for code in (rule.loinc if rule is not None else ()))
            self.require(place, "analyte", name, codes, "LOINC")
            known = {} if self.study is None else self.study.analytes
            stated = {one: [f"{LOINC}|{code}" for code in its.loinc] for one, its in known.items()}
            for code, other in codes_of_others(entry, self.study, stated):
                self.refuse(
                    (*place, "codes"), f"{code}, which the study states for {other}", "codes of the analyte", IF_RIGHT
                )
            if entry.options.get("resource", "Observation") != "Observation":
                self.refuse((*place, "resource"), repr(entry.options["resource"]), "'Observation'")
            self.add("Observation", codes, place, self.entry(entry, place, _OF_LABS, name))

    def treatments(self) -> None:
        entries = self.mapping.treatments
        if not entries and self.study is not None:
            entries = tuple(Entry("treatments", -1, {"agent": name}) for name in _atc(self.study))
        known = {} if self.study is None else _atc(self.study)
        for entry in entries:
            place: Place = ("treatments", entry.position)
            name = entry.constants.get("agent", "")
            codes = entry.codes or known.get(name, ())
            self.require(place, "agent", name, codes, "ATC")
            kind = entry.options.get("resource", TREATMENTS[0])
            if kind not in TREATMENTS:
                self.refuse((*place, "resource"), repr(kind), f"one of {', '.join(TREATMENTS)}")
            self.add(kind, codes, place, self.entry(entry, place, _OF_TREATMENTS, name))

    def require(self, place: Place, key: str, name: str, codes: tuple[str, ...], system: str) -> None:
        if not name:
            self.refuse((*place, key), "nothing", f'{key} = "..." (each entry is of one)')
        elif not codes:
            self.refuse(place, f"no codes of {name!r}", 'codes = ["system|code"]',
                        f"The study has no {system} code for it")  # fmt: skip

    def outcome(self) -> None:
        entry, place = self.mapping.outcome, ("outcome",)
        if entry is None:
            return
        told = [key for key in ("relapse", "event") if key in entry.fields]
        if not entry.codes or not told:
            self.refuse(place, "no codes, or no meanings of its values", "codes of an Observation, and relapse = "
                        '{ field = "value", values = { "system|code" = "1" } }, or event')  # fmt: skip
        if len(told) > 1:
            self.refuse((*place, "event"), "relapse and event", "one of them: an Observation has one value")
        self.add("Observation", entry.codes, place, self.entry(entry, place, _OF_OUTCOME, "".join(told[:1])))

    def index(self) -> bool:
        """Ask for time zero; refuse a mapping that says nothing of it, or two things."""
        time, kind = self.mapping.time, self.mapping.time.options.get("resource", "")
        ways = [bool(time.file), bool(kind), time.zero is not None]
        if sum(ways) != 1:
            self.refuse(("time",), f"{sum(ways)} ways to time zero",
                        'one: resource = "..." with its codes, file = "..." (patient_id, date), or zero = { field = '
                        '"..." }', "Weeks are counted from it")  # fmt: skip
            return False
        fields = {} if time.zero is None else {"date": time.zero}
        kind = kind or (time.zero.source or "Patient" if time.zero is not None else "")
        wanted = self.wanted("time", "enrolment_date", "", {}, fields, ("time", "zero"))
        if kind == "Patient":
            self.by_type.setdefault("Patient", {})[""] = (wanted,)
        elif kind:
            own = () if time.zero is None else time.zero.options.get("codes", ())
            self.add(kind, tuple(time.options.get("codes", own)), ("time",), wanted)
        return bool(kind)


def _atc(study: Study) -> dict[str, tuple[str, ...]]:
    """Return the ATC codes of each agent, which studies list among its synonyms."""
    found = {
        name: tuple(f"{ATC}|{one}" for one in spellings if _ATC.fullmatch(one))
        for name, spellings in agent_names(study).spellings.items()
    }
    return {name: codes for name, codes in found.items() if codes}
