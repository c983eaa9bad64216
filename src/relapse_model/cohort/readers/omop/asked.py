"""What a mapping asks of an OMOP source, checked against the tables that are there."""

from __future__ import annotations

from collections.abc import Iterable

from relapse_model.cohort.readers.omop.cdm import CDM, PERSONAL
from relapse_model.cohort.readers.omop.tables import Query, Tables, rows_of
from relapse_model.cohort.readers.omop.vocabulary import concepts_below, loinc_concepts, names_of, ucum_codes
from relapse_model.cohort.readers.omop.wanted import Asked, Wanted
from relapse_model.cohort.readers.other_analytes import EXPECTED, IF_RIGHT, codes_of_others
from relapse_model.cohort.readers.other_things import OF_OUTCOMES, other_thing
from relapse_model.cohort.readers.second_names import NAMED, SecondNames
from relapse_model.cohort.readers.source_mapping import Entry, Field, SourceMapping
from relapse_model.errors import MappingError, Problem
from relapse_model.study.line_numbers import Place, line_of
from relapse_model.study.study import Study

_FIELDS = {
    "labs": ("value", "date", "unit", "assay", "lower_limit", "upper_limit"),
    "treatments": ("start", "end", "dose", "unit"),
    "outcome": (),
}
_NEEDED = ("person_id",)
_IF_RIGHT = "Correct the code; if it is right, say by 'when' which of its rows are meant"
_NORMAL_RANGE = ("range_low", "range_high")


def _values(table: str) -> tuple[str, ...]:
    """Return the columns in which a result may stand."""
    text = CDM[table].text if table in CDM else ""
    return ("value_as_number", "value_as_concept_id", *([text] if text else []))


def _concept(wanted: Wanted) -> str:
    return CDM[wanted.table].concept if wanted.table in CDM else ""


def asked_of(mapping: SourceMapping, tables: Tables, study: Study | None) -> Asked:
    """Return what a mapping asks of a source.

    Parameters
    ----------
    mapping : SourceMapping
    tables : Tables
    study : Study or None
        Whose LOINC codes stand for entries without codes, where the source has the table CONCEPT.

    Raises
    ------
    MappingError
        With everything that the source, or the Common Data Model, does not have.
    """
    return _Asking(mapping, tables, study).asked()


class _Asking:
    """Collects problems while it reads, so that all of them are reported at once."""

    def __init__(self, mapping: SourceMapping, tables: Tables, study: Study | None):
        self.mapping, self.tables, self.study = mapping, tables, study
        self.problems: list[Problem] = []
        self.second = SecondNames(study)

    def refuse(self, place: Place, found: str, expected: str, advice: str = "") -> None:
        column = ".".join(str(part + 1) if isinstance(part, int) else part for part in place)
        line = line_of(self.mapping.text, place)
        self.problems.append(Problem(self.mapping.file, line, column, found, expected, advice, counted="line"))

    def asked(self) -> Asked:
        mapping = self.mapping
        self.columns("person", ("person_id",), ("patients",))
        self.patients()
        labs = tuple(self.entry(one, "labs", "analyte", "measurement") for one in self.entries())
        treatments = tuple(self.entry(one, "treatments", "agent", "drug_exposure") for one in mapping.treatments)
        outcome: tuple[Wanted, ...] = ()
        if mapping.outcome is not None:
            outcome = (
                self.entry(mapping.outcome, "outcome", "", "condition_occurrence"),
                *self.competing(mapping.outcome),
            )
            self.columns(
                "observation_period",
                ("person_id", "observation_period_start_date", "observation_period_end_date"), ("outcome",),
            )  # fmt: skip
        events, cohort = self.time()
        for one in (*mapping.labs, *mapping.treatments):
            if "competing" in one.options:
                expected = "none: they are those of [outcome]"
                self.refuse((one.section, one.position, "competing"), "competing events", expected)
        if self.problems:
            raise MappingError("the mapping was refused", sorted(self.problems, key=lambda problem: problem.row or 0))
        rules = {} if self.study is None else self.study.analytes
        zone = mapping.source.get("zone") or (None if self.study is None else self.study.time.zone) or ""
        units, concepts = ucum_codes(self.tables), [code for one in labs for code in one.among.get(_concept(one), ())]
        called = names_of(self.tables, concepts)
        return Asked(labs, treatments, outcome, events, cohort, units, rules, self.second, zone, called)

    def entries(self) -> tuple[Entry, ...]:
        if self.mapping.labs or self.study is None:
            return self.mapping.labs
        coded = [name for name, one in self.study.analytes.items() if one.loinc]
        known = loinc_concepts(self.tables, self.study, coded)
        return tuple(
            Entry("labs", -1, {"analyte": name}, codes=tuple(known[name])) for name in coded if known.get(name)
        )

    def patients(self) -> None:
        """Refuse columns of persons that say who they are, or are not there."""
        every = {"id": self.mapping.patient_id, **self.mapping.patients}
        for column, one in every.items():
            place: Place = ("patients", column)
            name, table = one.name.lower(), (one.source or "person").lower()
            codes = tuple(one.options.get("codes", ()))
            born = column == "age_years" and name in ("year_of_birth", "birth_datetime")
            if table == "person" and name in PERSONAL and column != "id" and not born:
                self.refuse(place, repr(one.name), "a column that does not say who the patient is",
                            "year_of_birth is read for age_years, with month and day where they are there")  # fmt: skip
            self.columns(table, ("person_id", name), place)
            if codes:
                self.concepts(table, codes, place)
        for name in self.mapping.patients_when:
            self.columns("person", (name.lower(),), ("patients", "when"))

    def entry(self, entry: Entry, section: str, key: str, table: str, at: Place = ()) -> Wanted:
        place: Place = at or ((section, entry.position) if section != "outcome" else (section,))
        table = (entry.source or table).lower()
        name = entry.constants.get(key, "") if key else str(at[-1]) if at else "relapse"
        if not name:
            self.refuse((*place, key), "nothing", f'{key} = "..." (each entry is of one)')
        for field_name, one in entry.fields.items():
            if field_name not in _FIELDS[section]:
                fields = ", ".join(_FIELDS[section]) or "none"
                self.refuse((*place, field_name), f"a field {one.name!r}", f"no such key (fields are {fields})")
            elif one.name.lower() in _NORMAL_RANGE and field_name != "value":
                self.refuse((*place, field_name), repr(one.name), "a limit of the assay",
                            "The ranges of OMOP are those of healthy people")  # fmt: skip
            else:
                self.columns(table, (one.name.lower(),), (*place, field_name))
                self.value(table, field_name, one, place)
        among = {column.lower(): values for column, values in entry.when.items()}
        codes = entry.codes
        self.others(entry, place)
        if not codes and not among and section == "labs":
            codes = loinc_concepts(self.tables, self.study, [name]).get(name, ())
        if codes:
            if entry.options.get("descendants"):
                codes = self.descendants(codes, place)
            among |= self.concepts(table, codes, place)
        elif not among and (section, table) != ("outcome", "death"):  # each row of it is a death
            self.refuse(place, f"no codes of {name!r}", "codes = [concept ids], or when = { column = value }",
                        "Codes of the study are found where the source has the table CONCEPT")  # fmt: skip
        if table not in CDM:
            self.refuse((*place, "source"), repr(table), f"one of {', '.join(CDM)}")
        else:
            known = CDM[table]
            concept = "" if (section, table) == ("outcome", "death") else known.concept  # each row of it is a death
            unless = [column.lower() for column in entry.unless]
            needed = [one for one in (*_NEEDED, concept, known.start, *among, *unless) if one]
            self.columns(table, tuple(dict.fromkeys(needed)), place)
            self.ended(entry, table, place)
        return Wanted(entry, name, table, among)

    def others(self, entry: Entry, place: Place) -> None:
        """Refuse concepts of codes that the study states for another analyte, where the source has the vocabulary."""
        known = (
            loinc_concepts(self.tables, self.study, self.study.analytes)
            if self.study is not None and entry.codes
            else {}
        )
        for code, other in codes_of_others(entry, self.study, known):
            self.refuse((*place, "codes"), f"{code}, which the study states for {other}", EXPECTED, IF_RIGHT)
        self.named(entry, place)

    def named(self, entry: Entry, place: Place) -> None:
        """Refuse concepts that the vocabulary calls by the name of another analyte or agent."""
        key, columns = NAMED.get(entry.section, ""), ("concept_id", "concept_name")
        meant = entry.constants.get(key, "event" if entry.section == "outcome" else "")
        if not meant or entry.when or not entry.codes or not set(columns) <= set(self.tables.columns("concept")):
            return
        rows = rows_of(self.tables, Query("concept", columns, {"concept_id": entry.codes}))
        for code, name in rows.itertuples(index=False):
            if self.second.contradicts(key, name, meant) if key else other_thing(name, OF_OUTCOMES):
                found = f"{code}, which the vocabulary calls {name!r}"
                expected = f"codes of {meant}" if key else "an event of the person's own"
                self.refuse((*place, "codes"), found, expected, _IF_RIGHT)

    def competing(self, outcome: Entry) -> tuple[Wanted, ...]:
        """Return the competing events of the outcome, by their names."""
        found = []
        for name, one in outcome.options.get("competing", {}).items():
            options = {name: one.get(name, False) for name in ("descendants", "may_be_absent")}
            entry = Entry("outcome", 0, codes=one.get("codes", ()), when=one.get("when", {}),
                          source=one.get("source", ""), options=options)  # fmt: skip
            found.append(self.entry(entry, "outcome", "", "condition_occurrence", ("outcome", "competing", name)))
        return tuple(found)

    def value(self, table: str, key: str, one: Field, place: Place) -> None:
        """Refuse a column in which no result stands as that of the results."""
        if key == "value" and one.name.lower() not in _values(table):
            self.refuse((*place, key), repr(one.name), f"one of {', '.join(_values(table))}")

    def columns(self, table: str, columns: Iterable[str], place: Place) -> None:
        """Refuse what the source does not have."""
        known = self.tables.columns(table)
        if not known:
            self.refuse(place, f"a source without the table {table}", f"the table {table}")
            return
        for column in columns:
            if column not in known:
                self.refuse(place, f"no column {column!r} in {table}", f"one of {', '.join(known)}")

    def ended(self, entry: Entry, table: str, place: Place) -> None:
        """Refuse courses in a table that has no column of their ends."""
        known, column = self.tables.columns(table), CDM[table].end
        if entry.section == "treatments" and "end" not in entry.fields and column and known and column not in known:
            advice = (
                "OMOP requires the column: export it; or state in the entry which column is the last day of each "
                f'course, such as end = "{CDM[table].start}" where each row is one dose'
            )
            self.refuse(place, f"no column {column!r} in {table}", "the last day of each course", advice)

    def concepts(self, table: str, codes: tuple[str, ...], place: Place) -> dict[str, tuple[str, ...]]:
        wrong = [code for code in codes if not code.isascii() or not code.isdigit()]
        if wrong:
            self.refuse((*place, "codes"), repr(wrong[0]), "concept ids, which are whole numbers",
                        'Codes of the source are asked for by when = { measurement_source_value = "..." }')  # fmt: skip
        return {CDM[table].concept: codes} if table in CDM else {}

    def time(self) -> tuple[Wanted | None, int | None]:
        """Return the events whose start is time zero, and the cohort whose persons are meant."""
        time, options = self.mapping.time, self.mapping.time.options
        chosen = self.mapping.source.get("cohort_definition_id")
        of_time = options.get("cohort_definition_id")
        ways = [bool(time.file), "table" in options, time.zero is not None, of_time is not None]
        if sum(ways) != 1:
            self.refuse(("time",), f"{sum(ways)} ways to time zero",
                        'one: cohort_definition_id = ..., table = "..." with its codes, file = "..." (patient_id, '
                        'date), or zero = { field = "...", source = "..." }', "Weeks are counted from it")  # fmt: skip
        if of_time is not None or chosen is not None:
            self.columns("cohort", ("cohort_definition_id", "subject_id", "cohort_start_date"), ("time",))
        if of_time is not None and chosen not in (None, of_time):
            self.refuse(("time", "cohort_definition_id"), str(of_time), f"{chosen}, as under [source]")
        events = None
        if "table" in options:
            table = options["table"].lower()
            entry = Entry("time", 0, codes=tuple(options.get("codes", ())), source=table)
            among = self.concepts(table, entry.codes, ("time",)) if entry.codes else {}
            if table not in CDM:
                self.refuse(("time", "table"), repr(table), f"one of {', '.join(CDM)}")
            else:
                self.columns(table, ("person_id", CDM[table].start, *among), ("time", "table"))
            events = Wanted(entry, "time", table, among)
        elif time.zero is not None:
            table = (time.zero.source or "person").lower()
            self.columns(table, ("person_id", time.zero.name.lower()), ("time", "zero"))
            self.concepts(table, tuple(time.zero.options.get("codes", ())), ("time", "zero"))
        return events, of_time if of_time is not None else chosen

    def descendants(self, codes: tuple[str, ...], place: Place) -> tuple[str, ...]:
        """Return the concepts below some, themselves among them."""
        self.columns("concept_ancestor", ("ancestor_concept_id", "descendant_concept_id"), (*place, "descendants"))
        return concepts_below(self.tables, codes)
