"""What each entry of a mapping means in a library of data sets: which of them, which rows, and which variables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from relapse_model.cohort.readers.cdisc.data_set import DataSet, code_key
from relapse_model.cohort.readers.cdisc.library import FINDINGS, Library
from relapse_model.cohort.readers.cdisc.standard import EVENT_BY_CENSORING, ID, TTE, Standard, standard_of
from relapse_model.cohort.readers.entry_rows import ENDS, TIMES, in_mapping, lacking_keys, place_of
from relapse_model.cohort.readers.named_codes import agent_named
from relapse_model.cohort.readers.other_analytes import EXPECTED, IF_RIGHT, codes_of_others
from relapse_model.cohort.readers.second_names import SecondNames
from relapse_model.cohort.readers.source_mapping import Entry, Field, SourceMapping
from relapse_model.errors import Problem
from relapse_model.study.names_known import agent_names
from relapse_model.study.study import Study

_REFERENCE = {"ADY": "TRTSDT"}  # from which study days count; those of SDTM count from RFSTDTC


@dataclass(frozen=True, slots=True, eq=False)
class Wanted:
    """An entry in one data set.

    Attributes
    ----------
    entry : Entry
        With every field that it has, also those that the standard says.
    data : DataSet
    standard : Standard
    codes : tuple of str
        Of the rows; empty: all.
    made_dose : bool
        Whether the dose is that of the standard: the mapping does not ask for it.
    second : SecondNames
        By which words of the rows are held against the analyte or agent.
    """

    entry: Entry
    data: DataSet
    standard: Standard
    codes: tuple[str, ...] = ()
    made_dose: bool = False
    second: SecondNames = field(default_factory=SecondNames)


class Wishes:
    """The entries of a mapping in a library; problems are collected."""

    def __init__(self, library: Library, mapping: SourceMapping, study: Study | None):
        self.library, self.mapping, self.study = library, mapping, study
        self.problems: list[Problem] = []
        self.second = SecondNames(study)
        labs = mapping.labs or tuple(self._of_study())
        entries = [*labs, *mapping.treatments, *([mapping.outcome] if mapping.outcome else [])]
        self.all = [one for entry in entries for one in self._wanted(entry)]

    def _of_study(self) -> Iterator[Entry]:
        """Yield an entry for each analyte of which the study states a CDISC code that occurs."""
        analytes = {} if self.study is None else self.study.analytes
        met = {code_key(code) for data in self._default("labs") for code in data.counts(standard_of(data).code)}
        for name, one in analytes.items():
            if one.sdtm and code_key(one.sdtm) in met:
                yield Entry("labs", 0, {"analyte": name}, codes=(one.sdtm,))

    def refuse(self, entry: Entry, key: str, found: str, expected: str, advice: str = "") -> None:
        """Note a problem of the mapping."""
        place = (*place_of(entry), key) if key else place_of(entry)
        self.problems.append(in_mapping(self.mapping, place, found, expected, advice))

    def _wanted(self, entry: Entry) -> list[Wanted]:
        found = self._data(entry)
        if not found:
            return []
        wanted = []
        for data in found:
            standard = standard_of(data)
            made = self._defaults(entry, data, standard)
            before = len(self.problems)
            self.problems += lacking_keys(self.mapping, made)
            self.problems += self._variables(made, data)
            if len(self.problems) == before:
                dose = entry.section == "treatments" and "dose" not in entry.fields
                wanted.append(Wanted(made, data, standard, self._codes(entry, data, standard), dose, self.second))
        return wanted

    def _data(self, entry: Entry) -> tuple[DataSet, ...]:
        if entry.source:
            found = self.library.find(entry.source)
            if not found:
                advice = self.library.nearest(entry.source)
                self.refuse(entry, "source", f"no data set {entry.source!r}", "one of the export", advice)
            for one in found:
                if of_associated(one):
                    came = f"{one.name}, of persons associated with the subjects"
                    self.refuse(entry, "source", came, "a data set of the subjects")
                elif ID not in one:
                    self.refuse(entry, "source", f"no variable {ID} in {one.name}", f"the subject of each row, {ID}")
            return found
        found = self._default(entry.section)
        if not found:
            expected = {"labs": "LB, or ADLB ...", "treatments": "EX or CM", "outcome": "one with CNSR (ADTTE)"}
            self.refuse(entry, "", "no data set for it", expected[entry.section], 'State source = "..."')
        split = entry.section == "labs" and len(found) > 1 and any(one.name == FINDINGS for one in found)
        if split or (entry.section == "outcome" and len(found) > 1):
            names = ", ".join(one.name for one in found)
            self.refuse(entry, "", f"several data sets: {names}", "one", 'State source = "..."')
            return ()
        return found

    def _default(self, section: str) -> tuple[DataSet, ...]:
        if section == "labs":
            own = tuple(one for one in self.library.data if "LBTESTCD" in one and not of_associated(one))
            return own or tuple(one for one in self.library.data if one.name.startswith(f"AD{FINDINGS}"))
        if section == "treatments":
            return (*self.library.find("EX"), *self.library.find("CM"))
        return tuple(one for one in self.library.data if standard_of(one) is TTE)

    def _codes(self, entry: Entry, data: DataSet, standard: Standard) -> tuple[str, ...]:
        """Return the codes of the rows: as stated, else those that the study knows for the analyte or agent."""
        if entry.codes:
            self._others(entry)
            if code_of(data, standard) not in data:
                advice = 'Say which rows by when = { VARIABLE = "..." }'
                self.refuse(
                    entry, "codes", f"codes, of which {data.name} has no variable", "a domain with them", advice
                )
            return entry.codes
        analyte, agent = entry.constants.get("analyte"), entry.constants.get("agent")
        rule = None if self.study is None or analyte is None else self.study.analytes.get(analyte)
        if rule is not None and rule.sdtm:
            return (rule.sdtm,)
        if agent is not None and self.study is not None and standard.code:
            names = agent_names(self.study)
            variables = {code_of(data, standard), standard.label} & set(data.labels)
            texts = {text for variable in variables for text in data.counts(variable)}
            found = tuple(sorted(text for text in texts if agent_named(text, names) == agent))
            return found or ("\0",)
        if (analyte or agent) and not entry.when:
            self.refuse(entry, "codes", "no codes", f'codes = ["..."] (of {standard.code or data.name})',
                        "Or name a study that states them (sdtm = ...): study under [mapping], or --study")  # fmt: skip
        return ()

    def _others(self, entry: Entry) -> None:
        """Refuse codes that the study states for another analyte."""
        known = {} if self.study is None else self.study.analytes
        stated = {name: (one.sdtm, *one.loinc) for name, one in known.items()}
        for code, other in codes_of_others(entry, self.study, stated):
            self.refuse(entry, "codes", f"{code!r}, which the study states for {other}", EXPECTED, IF_RIGHT)

    def _variables(self, entry: Entry, data: DataSet) -> Iterator[Problem]:
        made = (made_value(data, standard_of(data)), made_unit(data, standard_of(data)))
        named = [(key, one) for key, one in entry.fields.items() if one.name not in made]
        named += [("when", Field(name)) for name in entry.when]
        named += [("unless", Field(name.upper())) for name in entry.unless]
        for key, one in named:
            if one.source and one.source.casefold() not in (data.name.casefold(), entry.source.casefold()):
                advice = "An entry reads one data set"
                yield in_mapping(self.mapping, (*place_of(entry), key), f"source {one.source!r}", data.name, advice)
            elif one.name not in data:
                yield in_mapping(self.mapping, (*place_of(entry), key), f"no variable {one.name!r} in {data.name}",
                                 f"one of {', '.join(list(data.labels)[:40])}")  # fmt: skip
        yield from self._times(entry, data)

    def _times(self, entry: Entry, data: DataSet) -> Iterator[Problem]:
        """Yield study days that do not count from time zero; those from STARTDT are held against it row by row."""
        zero = self.mapping.time.zero
        for key, one in entry.fields.items():
            if not key.endswith("day") or not is_study_day(one) or (one.name.upper() == "AVAL" and "STARTDT" in data):
                continue
            reference = _REFERENCE.get(one.name, "RFSTDTC")
            if self.mapping.time.file or (zero is not None and zero.name != reference):
                found = f"{one.name}, which counts from {reference}"
                yield in_mapping(self.mapping, (*place_of(entry), key), found, "a date, since time zero is another day")

    def _defaults(self, entry: Entry, data: DataSet, standard: Standard) -> Entry:
        """Add what the standard says to what the mapping says."""
        fields = {key: replace(one, name=one.name.upper()) for key, one in entry.fields.items()}
        when = {name.upper(): texts for name, texts in entry.when.items()}
        if entry.section == "labs" and "value" not in fields and any(value in data for value, _ in standard.values):
            fields["value"] = Field(made_value(data, standard))
        if entry.section == "labs" and "unit" not in {*fields, *entry.constants}:
            fields["unit"] = Field(made_unit(data, standard))
        for key, variable in standard.more.items():
            if variable in data and key not in {*fields, *entry.constants}:
                fields[key] = Field(variable)
        if "unit" in fields and entry.section == "treatments" and "dose" not in fields:
            del fields["unit"]
        fields = self._time(entry, fields, data, standard) | fields
        if "relapse" in fields and fields["relapse"].name == "CNSR":
            fields["relapse"] = self._censoring(entry, fields["relapse"])
        return replace(entry, fields=fields, when=when)

    def _time(self, entry: Entry, given: Mapping[str, Field], data: DataSet, standard: Standard) -> dict[str, Field]:
        if any(key in given for key in TIMES[entry.section]):
            return {}
        ended = any(key in given for key in ENDS)
        time = self.mapping.time
        dated = time.zero is not None or bool(time.file)
        by_date = dated and any(variable in data for variable in standard.dates.values())
        if time.visits and entry.section == "labs" and "VISIT" in data and not by_date:
            return {"week": Field("VISIT", {visit: f"{week:g}" for visit, week in time.visits.items()})}
        for known in (standard.dates, standard.days) if dated else (standard.days, standard.dates):
            found = {key: Field(variable) for key, variable in known.items() if variable in data}
            if any(key in found for key in TIMES[entry.section]):
                return {key: one for key, one in found.items() if not (ended and key in ENDS)}
        return {}

    def _censoring(self, entry: Entry, one: Field) -> Field:
        stated = one.values.get("0")
        if stated is not None and stated.strip().casefold() not in ("1", "yes", "true"):
            self.refuse(entry, "relapse", f"CNSR = 0 as {stated!r}", "0 as an event, which it is in ADaM")
        return one if one.values else replace(one, values=EVENT_BY_CENSORING)


def of_associated(data: DataSet) -> bool:
    """Tell whether a data set is of persons associated with the subjects, such as mothers (SDTM, domains AP..)."""
    return "APID" in data or "RSUBJID" in data or (data.name.startswith("AP") and "SREL" in data)


def is_study_day(one: Field) -> bool:
    """Tell whether a variable counts days as CDISC does, without a day 0: as stated, else by its name (``LBDY``)."""
    return bool(one.options.get("study_day", one.name.endswith("DY")))


def made_value(data: DataSet, standard: Standard) -> str:
    """Return what results are called that stand in the first of several variables in which something stands."""
    return " or ".join(value for value, _ in standard.values if value in data)


def made_unit(data: DataSet, standard: Standard) -> str:
    """Return what their units are called; without a variable of their own, those of an ADaM data set stand in PARAM."""
    units = dict.fromkeys(unit for value, unit in standard.values if value in data and unit in data)
    return " or ".join(units) or standard.label or "unit"


def code_of(data: DataSet, standard: Standard) -> str:
    """Return the variable with the codes; a data set without the standard's has it under its words."""
    return standard.code if standard.code in data else standard.label
