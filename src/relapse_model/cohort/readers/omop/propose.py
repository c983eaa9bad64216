"""A proposed mapping of a Common Data Model: concepts, units and answers found, with their counts."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from relapse_model.cohort.laboratory.lab_text import read_lab_text
from relapse_model.cohort.readers.omop.cdm import CDM
from relapse_model.cohort.readers.omop.source import open_tables
from relapse_model.cohort.readers.omop.tables import Query, Tables, rows_of
from relapse_model.cohort.readers.proposed_text import (
    beside_units,
    comment,
    heading,
    library_codes,
    meaning_of_word,
    quoted,
)
from relapse_model.cohort.readers.second_names import SecondNames
from relapse_model.study.names_known import agent_names, analyte_names
from relapse_model.study.study import Study

_SHOWN = 60  # concepts that the study does not know
_COLUMNS = (
    "value_as_number", "value_source_value", "value_as_concept_id", "unit_concept_id", "unit_source_value",
    "measurement_source_value",
)  # fmt: skip


@dataclass(slots=True)
class ConceptMet:
    """A concept that was met: how often, with which codes of the source, units and answers."""

    count: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    units: Counter[tuple[str, str]] = field(default_factory=Counter)
    answers: Counter[tuple[str, str]] = field(default_factory=Counter)
    unread: int = 0


def propose_omop(source: str | Path, study: Study) -> str:
    """Return a mapping for an OMOP source: what the study knows by code or name, ready; the rest as comments.

    The tables are looked for in the default schema. Names of concepts come from CONCEPT, where it is there; else LOINC
    codes are looked for in ``measurement_source_value``. Nothing is taken from the size of numbers.

    Parameters
    ----------
    source : str or Path
        As for `read_omop`.
    study : Study

    Raises
    ------
    SourceError
        If it cannot be read.
    """
    tables = open_tables(source, {})
    try:
        concepts = _measurements(tables)
        drugs = _drugs(tables)
        names = _names(tables, (*concepts, *drugs))
        lines = [*heading("omop", study), *_source(), *_time(tables), *_patients(tables),
                 *_labs(concepts, names, study), *_treatments(drugs, names, study), ""]  # fmt: skip
    finally:
        tables.close()
    return "\n".join(lines)


def _measurements(tables: Tables) -> dict[str, ConceptMet]:
    known, concept = tables.columns("measurement"), CDM["measurement"].concept
    found: dict[str, ConceptMet] = defaultdict(ConceptMet)
    if concept not in known:
        return found
    columns = tuple(name for name in (concept, *_COLUMNS) if name in known)
    for chunk in tables.chunks(Query("measurement", columns)):
        table = chunk.assign(**{name: "" for name in _COLUMNS if name not in columns})
        number = table["value_as_number"] != ""
        table["value_source_value"] = table["value_source_value"].mask(number, "")
        keys = [concept, *_COLUMNS[1:]]
        counts = table.assign(number=number).groupby([*keys, "number"], sort=False).size()
        rows = counts.reset_index().itertuples(index=False)
        for code, text, answer, unit_id, unit, source_code, numbered, count in rows:
            one = found[str(code)]
            one.count += count
            one.codes[source_code] += count
            if numbered:
                one.units[unit_id, unit] += count
            elif answer not in ("", "0"):
                one.answers[answer, text] += count
            elif text and read_lab_text(text).kind == "number" and not read_lab_text(text).comparator:
                one.unread += count
    return dict(found)


def _drugs(tables: Tables) -> dict[str, ConceptMet]:
    known = CDM["drug_exposure"]
    found: dict[str, ConceptMet] = defaultdict(ConceptMet)
    columns = tuple(name for name in (known.concept, known.source_code) if name in tables.columns("drug_exposure"))
    if known.concept in columns:
        for chunk in tables.chunks(Query("drug_exposure", columns)):
            for row, count in chunk.value_counts(sort=False).items():
                code, *source = row if isinstance(row, tuple) else (row,)
                found[code].count += count
                found[code].codes[source[0] if source else ""] += count
    return dict(found)


def _names(tables: Tables, concepts: tuple[str, ...]) -> dict[str, tuple[str, str]]:
    """Return the name and the code of concepts, where the source has the vocabulary."""
    columns = ("concept_id", "concept_name", "concept_code")
    if not concepts or not set(columns) <= set(tables.columns("concept")):
        return {}
    rows: pd.DataFrame = rows_of(tables, Query("concept", columns, {"concept_id": concepts}))
    return {concept: (name, code) for concept, name, code in rows.itertuples(index=False)}


def _source() -> list[str]:
    return ["", "# [source]", '# schema = "cdm"  # of a database, if it is not the default one']


def _time(tables: Tables) -> list[str]:
    lines = ["", "[time]", "#? Time zero: take the mark off the lines of one of these. Weeks are counted from it."]
    if "cohort_definition_id" in tables.columns("cohort"):
        for code, count in sorted(tables.counts("cohort", "cohort_definition_id", None).items()):
            lines.append(f"# cohort_definition_id = {code}  # its start; {count:,} rows")
    lines.append('# file = "time_zero.csv"  # patient_id, date; in the folder of the source')
    if "observation_period_start_date" in tables.columns("observation_period"):
        lines.append(
            '# zero = { field = "observation_period_start_date", source = "observation_period" }  # often near birth'
        )
    for table in ("procedure_occurrence", "drug_exposure", "visit_occurrence", "condition_occurrence"):
        if CDM[table].concept in tables.columns(table):
            counts = tables.counts(table, CDM[table].concept, None)
            most = [(code, count) for code, count in counts.most_common(6) if code not in ("", "0")]
            if not most:
                continue
            names = _names(tables, tuple(code for code, _ in most))
            told = [f"{code} {names.get(code, ('', ''))[0]}".strip() + f": {count:,}" for code, count in most[:5]]
            lines += [f"# table = {quoted(table)}", f"# codes = [{most[0][0]}]  # {comment(', '.join(told))}"]
    return [*lines, '# pick = "first"  # or "last": if a person has several',
            '# others = "leave out"  # persons without time zero; otherwise they are refused']  # fmt: skip


def _patients(tables: Tables) -> list[str]:
    known = tables.columns("person")
    lines = ["", "[patients]", 'id = "person_id"']
    if "gender_concept_id" in known:
        lines.append('sex = { field = "gender_concept_id", values = { 8507 = "M", 8532 = "F", 0 = "" } }')
    if "year_of_birth" in known:
        lines.append(
            'age_years = "year_of_birth"  # completed years at time zero, with month and day where they are there'
        )
    return lines


def _labs(concepts: dict[str, ConceptMet], names: dict[str, tuple[str, str]], study: Study) -> list[str]:
    table, library, second = analyte_names(study), library_codes(study), SecondNames(study)
    known: dict[str, dict[str, ConceptMet]] = defaultdict(dict)
    rest: dict[str, ConceptMet] = {}
    for concept, one in sorted(concepts.items(), key=lambda each: (-each[1].count, each[0])):
        label, code = names.get(concept, ("", ""))
        texts = [text for text in (label, code, *one.codes) if text]
        found = {table.meaning(text).name or library.get(text) for text in texts} - {None}
        denied = any(second.contradicts("analyte", text, str(name)) for text in texts for name in found)
        if concept not in ("", "0") and len(found) == 1 and found <= study.analytes.keys() and not denied:
            known[str(found.pop())][concept] = one
        else:
            rest[concept] = one
    lines = []
    for name in sorted(known):
        lines += _lab(name, known[name], names, study)
    if rest:
        lines += ["", "# Found, and not known to the study:"]
        lines += [
            f"# codes = [{concept or 0}]  # {_note(concept, one, names)}"
            for concept, one in list(rest.items())[:_SHOWN]
        ]
        if len(rest) > _SHOWN:
            lines.append(f"# ... and {len(rest) - _SHOWN} more")
    return lines


def _lab(name: str, codes: dict[str, ConceptMet], names: dict[str, tuple[str, str]], study: Study) -> list[str]:
    lines = ["", "[[labs]]", f"analyte = {quoted(name)}", "codes = ["]
    lines += [*(f"    {concept},  # {_note(concept, one, names)}" for concept, one in codes.items()), "]"]
    units: Counter[tuple[str, str]] = sum((one.units for one in codes.values()), Counter())
    said: Counter[str] = Counter()
    for (concept, printed), count in units.items():
        said[printed if concept in ("", "0") else names.get(concept, ("", ""))[1]] += count
    lines += beside_units(study, name, said)
    without = sum(count for (concept, printed), count in units.items() if concept in ("", "0") and not printed)
    if without:
        lines.append(f'#? unit = "..."  # {without:,} results have none: state it if it is known')
    mute = sorted(
        {(concept, count) for (concept, printed), count in units.items() if concept not in ("", "0") and not printed}
    )
    if mute and not names:
        found = ", ".join(f'{concept} = "..."' for concept, _ in mute)
        lines.append(f'#? unit = {{ field = "unit_concept_id", values = {{ {found} }} }}')
    unread = sum(one.unread for one in codes.values())
    if unread:
        lines.append(f"#? {unread:,} rows have a number in value_source_value alone: the reader refuses them")
    answers: Counter[tuple[str, str]] = sum((one.answers for one in codes.values()), Counter())
    if answers:
        meanings = {
            answer: meaning_of_word(names.get(answer, (text, ""))[0] or text) for answer, text in sorted(answers)
        }
        mark = "" if any(meanings.values()) else "# "
        lines += [f"{mark}[labs.value]", f'{mark}field = "value_as_concept_id"', f"{mark}[labs.value.values]"]
        for answer, meaning in meanings.items():
            label = comment(names.get(answer, ("", ""))[0])
            state = '; state it: negative, positive, a text, or "" for no value'
            lines.append(
                f"{answer} = {quoted(meaning)}  # {label}" if meaning else f'#? {answer} = "..."  # {label}{state}'
            )
    return lines


def _note(concept: str, one: ConceptMet, names: dict[str, tuple[str, str]]) -> str:
    label = names.get(concept, ("", ""))[0] or ", ".join(code for code, _ in one.codes.most_common(2) if code)
    units = ", ".join(
        f"{comment(printed) or f'unit concept {unit}' if printed or unit not in ('', '0') else 'no unit'}: {count:,}"
        for (unit, printed), count in sorted(one.units.items())
    )
    answers = f", {one.answers.total():,} coded" if one.answers else ""
    return f"{comment(label)}: {one.count:,}{f' ({units})' if units else ''}{answers}"


def _treatments(drugs: dict[str, ConceptMet], names: dict[str, tuple[str, str]], study: Study) -> list[str]:
    table, second = agent_names(study), SecondNames(study)
    known: dict[str, dict[str, ConceptMet]] = defaultdict(dict)
    rest: dict[str, ConceptMet] = {}
    for concept, one in sorted(drugs.items(), key=lambda each: (-each[1].count, each[0])):
        texts = [text for text in (names.get(concept, ("", ""))[0], *one.codes) if text]
        found = {table.meaning(text).name for text in texts} - {None}
        denied = any(second.contradicts("agent", text, str(name)) for text in texts for name in found)
        if concept not in ("", "0") and len(found) == 1 and not denied:
            known[str(found.pop())][concept] = one
        else:
            rest[concept] = one
    lines: list[str] = []
    for name, codes in sorted(known.items()):
        lines += ["", "[[treatments]]", f"agent = {quoted(name)}", "codes = ["]
        lines += [*(f"    {concept},  # {_note(concept, one, names)}" for concept, one in codes.items()), "]"]
    if rest:
        lines += ["", "# Found in DRUG_EXPOSURE, and not known to the study:"]
        lines += [
            f"# codes = [{concept or 0}]  # {_note(concept, one, names)}"
            for concept, one in list(rest.items())[:_SHOWN]
        ]
    return lines
