"""A proposed mapping of a Common Data Model: concepts, units and answers found, with their counts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from relapse_model.cohort.laboratory.lab_text import read_lab_text
from relapse_model.cohort.readers.columns_of_study import columns_left
from relapse_model.cohort.readers.named_codes import Naming, agent_named, odd_rows
from relapse_model.cohort.readers.omop.cdm import CDM, SEXES, VISITS
from relapse_model.cohort.readers.omop.propose_beside import Observations, dose_lines
from relapse_model.cohort.readers.omop.sorted_codes import ConceptMet, SortedCodes, bare_text, key_of, sorted_codes
from relapse_model.cohort.readers.omop.source import open_tables
from relapse_model.cohort.readers.omop.tables import Query, Tables, rows_of
from relapse_model.cohort.readers.proposed_text import (
    beside_units,
    called_by_library,
    comment,
    heading,
    library_codes,
    meaning_of_word,
    quoted,
)
from relapse_model.cohort.readers.second_names import NAMED, SecondNames
from relapse_model.study.analyte_library import analyte_library
from relapse_model.study.names_known import agent_names, analyte_names
from relapse_model.study.study import Study

_SHOWN = 60  # concepts that the study does not know
_SOURCE = {"labs": "measurement_source_value", "treatments": "drug_source_value"}
_CONCEPT = {"labs": "measurement_concept_id", "treatments": "drug_concept_id"}
_COLUMNS = (
    "value_as_number", "value_source_value", "value_as_concept_id", "unit_concept_id", "unit_source_value",
    "measurement_source_value",
)  # fmt: skip


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
        observed = Observations(tables)
        answers = {concept for one in concepts.values() for concept, _ in one.answers}
        keys = [key for key in (*concepts, *drugs) if bare_text(key) is None]
        names = _names(tables, tuple(dict.fromkeys((*keys, *sorted(answers), *observed.called))))
        arm = observed.arm(names, study)
        lines = [*heading("omop", study), *_source(), *_time(tables), *_patients(tables, arm, study),
                 *_labs(concepts, names, study), *_treatments(tables, drugs, names, study), *observed.lines(names),
                 ""]  # fmt: skip
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
            one = found[key_of(str(code), source_code)]
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
                text = source[0] if source else ""
                one = found[key_of(code, text)]
                one.count += count
                one.codes[text] += count
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
            usual = VISITS if table == "visit_occurrence" else {}
            called = {code: names.get(code, ("", ""))[0] or usual.get(code, "") for code, _ in most}
            told = [f"{code} {comment(called[code])}".strip() + f": {count:,}" for code, count in most[:5]]
            lines += [f"# table = {quoted(table)}", f"# codes = [{most[0][0]}]  # {', '.join(told)}"]
    return [*lines, '# pick = "first"  # or "last": if a person has several',
            '# others = "leave out"  # persons without time zero; otherwise they are refused']  # fmt: skip


def _patients(tables: Tables, arm: list[str], study: Study) -> list[str]:
    known = tables.columns("person")
    lines = ["", "[patients]", 'id = "person_id"']
    if "gender_concept_id" in known:
        lines.append(_sex_line(tables))
    if "year_of_birth" in known:
        lines.append(
            'age_years = "year_of_birth"  # completed years at time zero, with month and day where they are there'
        )
    return [*lines, *arm, *columns_left([*lines, *arm], study)]


def _labs(concepts: dict[str, ConceptMet], names: dict[str, tuple[str, str]], study: Study) -> list[str]:
    table, library = analyte_names(study), library_codes(study)

    def meaning(text: str) -> str | None:
        found = table.meaning(text).name or library.get(text)
        return found if found in study.analytes else None

    found = sorted_codes(concepts, names, Naming("analyte", meaning, table, SecondNames(study)))
    lines = []
    for name, own in sorted(found.known.items()):
        codes = {concept: concepts[concept] for concept in own}
        odd, right = found.odd_rows(own, concepts)
        head = [*_head("labs", "analyte", name), *_codes(codes, names), *_beside(name, found, names)]
        lines += [*head, *odd_rows(odd, right, _SOURCE["labs"]), *_lab(name, codes, names, study)]
    for name, texts in sorted(found.by_text.items()):
        lines += [*_head("labs", "analyte", name), *_without_concept("labs", texts), *_lab(name, texts, names, study)]
    return [*lines, *_asked("labs", found.asked, names), *_rest("# Found, and not known to the study:", found, names)]


def _head(section: str, key: str, name: str) -> list[str]:
    return ["", f"[[{section}]]", f"{key} = {quoted(name)}"]


def _codes(codes: dict[str, ConceptMet], names: dict[str, tuple[str, str]]) -> list[str]:
    return ["codes = [", *(f"    {concept},  # {_note(concept, one, names)}" for concept, one in codes.items()), "]"]


def _beside(name: str, found: SortedCodes, names: dict[str, tuple[str, str]]) -> list[str]:
    """Return a comment on each concept that is the analyte in another specimen, and that the entry does not read."""
    beside = analyte_library()[name].loinc_beside if name in analyte_library() else {}
    return [
        f"# The same in another specimen, and not read here: codes = [{concept}]  # {_note(concept, one, names)}"
        for concept, one in found.rest.items() if beside.keys() & {*one.codes, *names.get(concept, ())}
    ]  # fmt: skip


def _without_concept(section: str, texts: Mapping[str, ConceptMet]) -> list[str]:
    """Return the condition on rows without a concept, which their own text names."""
    told = ", ".join(f"{text}: {one.count:,}" for text, one in texts.items())
    return [f"# Rows without a concept, by the source's own text: {comment(told)}", _when(section, texts)]


def _when(section: str, texts: Iterable[str]) -> str:
    return f'when = {{ {_CONCEPT[section]} = [0, ""], {_SOURCE[section]} = [{", ".join(map(quoted, texts))}] }}'


def _asked(
    section: str, asked: dict[str, tuple[ConceptMet, tuple[str, ...]]], names: dict[str, tuple[str, str]]
) -> list[str]:
    """Return questions on concepts that may be of an analyte or agent."""
    lines: list[str] = []
    for concept, (one, doubt) in asked.items():
        key = NAMED[section]
        lines += ["", f"#? Is it {' or '.join(doubt)}? {_note(concept, one, names)}", f"# [[{section}]]",
                  f"# {key} = {quoted(doubt[0])}"]  # fmt: skip
        text = bare_text(concept)
        lines.append(f"# codes = [{concept}]" if text is None else f"# {_when(section, [text])}")
    return lines


def _rest(title: str, found: SortedCodes, names: dict[str, tuple[str, str]]) -> list[str]:
    rest = list(found.rest.items())
    if not rest:
        return []
    lines = ["", title]
    for concept, one in rest[:_SHOWN]:
        code = f"codes = [{concept}]" if bare_text(concept) is None else "no concept"
        lines.append(f"# {code}  # {_note(concept, one, names)}")
    return [*lines, *([f"# ... and {len(rest) - _SHOWN} more"] if len(rest) > _SHOWN else [])]


def _lab(name: str, codes: dict[str, ConceptMet], names: dict[str, tuple[str, str]], study: Study) -> list[str]:
    lines: list[str] = []
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
    label = names.get(concept, ("", ""))[0] or ", ".join(
        f"{code} {called_by_library(code)}".strip() for code, _ in one.codes.most_common(2) if code
    )
    units = ", ".join(
        f"{comment(printed) or f'unit concept {unit}' if printed or unit not in ('', '0') else 'no unit'}: {count:,}"
        for (unit, printed), count in sorted(one.units.items())
    )
    answers = f", {one.answers.total():,} coded" if one.answers else ""
    return f"{comment(label)}: {one.count:,}{f' ({units})' if units else ''}{answers}"


def _sex_line(tables: Tables) -> str:
    """Return the line of the sex, with every concept that PERSON has; one of neither sex means that none is known."""
    came = sorted(one for one in tables.counts("person", "gender_concept_id", None) if one.isdigit())
    none = [one for one in came if one not in (*SEXES, "0")]
    known = [*(f'{one} = "{sex}"' for one, sex in SEXES.items()), *(f'{one} = ""' for one in ("0", *none))]
    return f'sex = {{ field = "gender_concept_id", values = {{ {", ".join(known)} }} }}'


def _treatments(
    tables: Tables, drugs: dict[str, ConceptMet], names: dict[str, tuple[str, str]], study: Study
) -> list[str]:  # fmt: skip
    table = agent_names(study)
    naming = Naming("agent", lambda text: agent_named(text, table), table, SecondNames(study))
    found = sorted_codes(drugs, names, naming)
    lines: list[str] = []
    for name, own in sorted(found.known.items()):
        odd, right = found.odd_rows(own, drugs)
        codes = {concept: drugs[concept] for concept in own}
        lines += [*_head("treatments", "agent", name), *_codes(codes, names)]
        lines += dose_lines(tables, {_CONCEPT["treatments"]: tuple(codes)})
        lines += odd_rows(odd, right, _SOURCE["treatments"])
    for name, texts in sorted(found.by_text.items()):
        lines += [*_head("treatments", "agent", name), *_without_concept("treatments", texts)]
        lines += dose_lines(tables, {_SOURCE["treatments"]: tuple(texts)})
    title = "# Found in DRUG_EXPOSURE, and not known to the study:"
    return [*lines, *_asked("treatments", found.asked, names), *_rest(title, found, names)]
