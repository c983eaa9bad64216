"""A mapping for a REDCap export, from what is found in it, its dictionary and the names that a study knows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from relapse_model.cohort.laboratory.lab_text import read_lab_text
from relapse_model.cohort.readers.factors_in_names import factor_in_name, shown_factor
from relapse_model.cohort.readers.number_codes import is_unsettled
from relapse_model.cohort.readers.proposed_outcome import WHETHER, outcome_part, outcome_question
from relapse_model.cohort.readers.proposed_text import (
    MAY,
    MUST,
    comment,
    heading,
    may_mean_none,
    meaning_of_word,
    not_read,
    quoted,
    sign_asked,
    table_text,
    units_read,
)
from relapse_model.cohort.readers.redcap.beside_values import (
    texts_of,
    units_beside,
)
from relapse_model.cohort.readers.redcap.dictionary import CODED
from relapse_model.cohort.readers.redcap.doubts import asked_if, doubt_of_result
from relapse_model.cohort.readers.redcap.export import EVENT, Export, file_of, part_of
from relapse_model.cohort.readers.redcap.found_fields import (
    Found,
    fields_found,
    result_beside,
)
from relapse_model.cohort.readers.redcap.proposal import SHOWN, Proposal, note_of
from relapse_model.cohort.readers.redcap.proposed_comparators import comparator_lines
from relapse_model.cohort.readers.redcap.proposed_patients import patient_lines
from relapse_model.cohort.readers.redcap.proposed_treatments import treatment_lines
from relapse_model.cohort.readers.redcap.proposed_weeks import instead_of_a_date, visits_lines, weeks_of_events
from relapse_model.cohort.readers.redcap.read_files import read_export
from relapse_model.cohort.readers.second_statements import same_unit
from relapse_model.cohort.readers.spreadsheets.header_words import ENROLMENT, bare_name
from relapse_model.study.names_known import analyte_names
from relapse_model.study.study import Study
from relapse_model.study.unit_spelling import is_log10, unit_key

_ZERO = re.compile(r"enrol|consent|random|inclusion|baseline_date|index_date|入组")
_CODE = re.compile(r"\s*-\s*9{2,}(?:\.0+)?\s*")  # a code for no value, in a field of numbers
_PRINTED = re.compile(r"[<>≤≥=＜＞]*\s*[+-]?\d[\d.,]*\s*[^\d\s.,].*|[^\d]+")  # a number with a unit, or a word


def propose_redcap(source: str | Path, study: Study) -> str:
    """Write a mapping for a REDCap export: complete where the export says what is what, and asking where it does not.

    Lines that begin with ``#?`` are for somebody who knows the data. Units come from labels, meanings of codes from the
    dictionary, dates from the same instrument; nothing is taken from the size of a number.

    Parameters
    ----------
    source : str or Path
        The CSV file of the data (its dictionary and events are looked for beside it), an ODM XML file, or a folder.
    study : Study
        Whose names are looked for.

    Returns
    -------
    str
        The text of a mapping file.

    Raises
    ------
    SourceError
        If the export cannot be read.
    """
    path = file_of(Path(source))
    options = _options(path)
    export = read_export(path, options)
    proposal = Proposal(export, study, fields_found(export), set())
    patients = patient_lines(proposal)
    labs, treatments = _labs(proposal), treatment_lines(proposal)
    lines = [
        *heading("redcap", study), *_source(export, options, path), *_time(proposal), *patients, *labs, *treatments,
        *_outcome(proposal), *_missing(export, proposal), *_rest(proposal),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _outcome(proposal: Proposal) -> list[str]:
    """Return what is asked about fields that are called an outcome."""
    found: dict[str, list[str]] = {}
    texts: dict[str, dict[str, str]] = {}
    for one in proposal.found:
        part = "" if one.name in proposal.named else outcome_part([one.name, one.label], dates=one.date)
        if part and (part != WHETHER or one.choices or len(one.texts) <= SHOWN):
            found.setdefault(part, []).append(one.name)
            texts[one.name] = {text: one.choices.get(text, text) for text in one.choices or one.texts}
    return outcome_question(found, texts)


def _options(path: Path) -> dict[str, Any]:
    if path.suffix.lower() == ".xml":
        return {}
    beside = [one for one in sorted(path.parent.iterdir()) if one.suffix.lower() == ".csv" and one != path]
    options: dict[str, Any] = {}
    for key, part in (("dictionary", "dictionary"), ("events", "events")):
        found = [one.name for one in beside if part_of(one) == part]
        if len(found) == 1:
            options[key] = found[0]
    return options


def _source(export: Export, options: Mapping[str, Any], path: Path) -> list[str]:
    lines = ["", "[source]"]
    lines += [f"{key} = {quoted(name)}" for key, name in options.items()]
    if path.suffix.lower() != ".xml" and "dictionary" not in options:
        lines.append(
            MAY + 'dictionary = "..."  # the data dictionary (CSV): without it, identifiers and codes are not known'
        )
    if export.repeating:
        lines.append(f"repeating = [{', '.join(quoted(form) for form in sorted(export.repeating))}]")
    lines.append("# only_complete = true  # to use only forms that are marked complete")
    return lines


def _time(proposal: Proposal) -> list[str]:
    once = [one for one in proposal.found if one.date and not one.unit and not proposal.repeats(one)]
    by_name = _zero_dates(proposal)
    lines = ["", "[time]"]
    if len(by_name) == 1:
        lines.append(
            f"zero = {{ field = {quoted(by_name[0].name)} }}  # {note_of(by_name[0])}: weeks are counted from it"
        )
        proposal.named.add(by_name[0].name)
    else:
        lines.append("#? Which date is enrolment, from which weeks are counted? Take one.")
        lines += [f"#? zero = {{ field = {quoted(one.name)} }}  # {note_of(one)}" for one in (by_name or once)[:SHOWN]]
    texts = {text for one in proposal.found for text in one.texts}
    if any(re.fullmatch(r"\d{1,2}[-/.]\d{1,2}[-/.]\d{4}.*", text) for text in texts):
        lines.append('#? dates = "dmy"  # or "mdy": some dates end with the year')
    if any(not proposal.dates(lab.form) for lab in _results(proposal)):
        lines += visits_lines(proposal.export)
    return lines


def _zero_dates(proposal: Proposal) -> list[Found]:
    """Return the dates that are called one of enrolment."""
    once = [one for one in proposal.found if one.date and not one.unit and not proposal.repeats(one)]
    called = [one for one in once if _ZERO.search(one.name.lower()) or _ZERO.search(one.label.lower())]
    return called or [one for one in once if {bare_name(one.name), bare_name(one.label)} & set(ENROLMENT)]


def _results(proposal: Proposal) -> list[Found]:
    names = analyte_names(proposal.study)
    return [one for one in proposal.found if not one.date and one.meaning(names) in proposal.study.analytes]


def _labs(proposal: Proposal) -> list[str]:
    names = analyte_names(proposal.study)
    lines: list[str] = []
    before: dict[str, str] = {}
    for one in _results(proposal):
        analyte = one.meaning(names) or ""
        proposal.named.add(one.name)
        doubt = doubt_of_result(one, analyte, names)
        entry = ["", "[[labs]]", f"analyte = {quoted(analyte)}  # {note_of(one)}"]
        if analyte in before and not doubt:
            entry.append(
                f"{MUST}Is this one {analyte}, too, as {before[analyte]} is? Then it may stay: all entries that stay "
                "count, each on its own day. Else take it out. Of one day, two that differ are refused: keep one of "
                "the entries, or both, by `when`"
            )
        if not doubt:
            before.setdefault(analyte, one.name)
        entry += [*_value(proposal, one, analyte), *_beside(proposal, one, analyte), *_dates(proposal, one)]
        lines += asked_if(doubt, entry)
    return [*lines, *_tests(proposal)]


def _tests(proposal: Proposal) -> list[str]:
    """Return an entry for each field that names the test of a row, with the field of its result in the same form."""
    names, lines = analyte_names(proposal.study), list[str]()
    for one in proposal.found:
        if one.name in proposal.named or one.date:
            continue
        meant = {text: names.meaning(one.choices.get(text, text)).name for text in (one.choices or one.texts)}
        value = result_beside(proposal.found, one)
        if value is None or not any(name in proposal.study.analytes for name in meant.values()):
            continue
        proposal.named.update((one.name, value.name))
        stated = table_text((text, name or one.choices.get(text, text)) for text, name in meant.items())
        field = f"{{ field = {quoted(one.name)}{f', values = {stated}' if one.choices else ''} }}"
        lines += [
            "",
            "[[labs]]",
            f"analyte = {field}  # {note_of(one)}",
            f"value = {quoted(value.name)}  # {note_of(value)}",
        ]
        unit = units_beside(proposal.export, value.name)
        proposal.named.update((unit,) if unit else ())
        lines.append(f"unit = {_coded(proposal.export, unit)}" if unit else f'{MUST}unit = "..."  # of each result')
        lines += _dates(proposal, value)
    return lines


def _value(proposal: Proposal, one: Found, analyte: str) -> list[str]:
    if one.choices:
        meant = {code: meaning_of_word(label) for code, label in one.choices.items()}
        stated = ", ".join(f"{quoted(code)} = {quoted(meaning or '...')}" for code, meaning in meant.items())
        mark = "" if all(meant.values()) else "#? "
        return [f"{mark}value = {{ field = {quoted(one.name)}, values = {{ {stated} }} }}"]
    asked = sign_asked(proposal.study, analyte) if any(text[:1].isdigit() for text in one.texts) else ""
    return [f"value = {quoted(one.name)}", *([f'{MAY}lower_limit = "..."  # {asked}'] if asked else [])]


def _dates(proposal: Proposal, one: Found) -> list[str]:
    dates = proposal.dates(one.form)
    zero = _zero_dates(proposal)
    if len(dates) > 1 and len(zero) == 1:
        dates = [date for date in dates if date.name != zero[0].name]
    proposal.named.update(date.name for date in dates)
    if not dates and not weeks_of_events(proposal.export):
        found = ", ".join(other.name for other in proposal.found if other.date and not other.unit)
        asked = f'{MUST}date = "..."  # its form has none; found elsewhere: {comment(found or "none")}'
        return [asked, *instead_of_a_date(proposal.export)]
    several = [f"{MUST}Which of these dates is that of the result? Take one."] if len(dates) > 1 else []
    mark = MUST if several else ""
    return [*several, *(f"{mark}date = {quoted(date.name)}" for date in dates[:SHOWN])]


def _beside(proposal: Proposal, one: Found, analyte: str) -> list[str]:
    """Return the lines for the comparators of a result and for its unit, from fields of their own or from its label."""
    export, lines = proposal.export, comparator_lines(proposal, one, analyte, _results(proposal))
    field = units_beside(export, one.name)
    if not field or (one.unit and all(same_unit(one.unit, unit) for unit in texts_of(export, field).unique() if unit)):
        return [*lines, _unit(one, proposal.study, analyte)]
    proposal.named.add(field)
    label = f"  # the label says {comment(one.unit)}" if one.unit else ""
    return [*lines, f"unit = {_coded(export, field)}{label}"]


def _coded(export: Export, name: str) -> str:
    """Return a field as a mapping names it: of a coded one, its codes are what they are called."""
    known = export.definition(name)
    if known is None or known.type not in CODED:
        return f"{{ field = {quoted(name)} }}"
    return f"{{ field = {quoted(name)}, values = {table_text(known.choices.items())} }}"


def _unit(one: Found, study: Study, analyte: str) -> str:
    rule = study.analytes[analyte]
    factor = next((found for text in (one.label, one.note, one.name) if (found := factor_in_name(text))), "")
    if factor and not factor_in_name(one.unit):
        printed = comment(f"{shown_factor(factor)} {one.unit}".strip())
        return f'{MUST}unit = "..."  # the label says {printed}; the study reads numbers in {units_read(rule)}'
    if one.unit:
        said = not_read(rule, one.unit)
        return f"unit = {quoted(one.unit)}  # from the label, note or name{f'; {said}' if said else ''}"
    takes = f"the study reads numbers in {units_read(rule)}"
    if one.choices or all(_PRINTED.fullmatch(text.strip()) for text in one.texts):
        return f'{MAY}unit = "..."  # each result says its own, or needs none; {takes}'
    return f'#? unit = "..."  # where none is printed with the result; {takes}'


def _missing(export: Export, proposal: Proposal) -> list[str]:
    stated = [part.split(",")[0].strip() for part in export.missing.split("|") if part.strip()]
    if stated:
        return ["", "[missing]", f"codes = [{', '.join(map(quoted, stated))}]  # of the project", *_unsettled(proposal)]
    odd: dict[str, list[str]] = {}
    results = {one.name for one in _results(proposal)}
    for one in proposal.found:
        for text in _odd_texts(export, one, one.name in results, one.name in proposal.named):
            odd.setdefault(text, []).append(one.name)
    mark = MUST if odd else MAY
    example = ", ".join(map(quoted, sorted(odd)[:SHOWN])) or '"-99", "UNK"'
    lines = ["", "[missing]", f"{mark}codes = [{example}]  # texts that mean that there is no value; none are known"]
    lines += _unsettled(proposal)
    stand = [f"# {quoted(text)} stands in {comment(', '.join(fields))}" for text, fields in sorted(odd.items())]
    return lines + stand[:SHOWN]


def _unsettled(proposal: Proposal) -> list[str]:
    """Ask what "nd" means where it stands among results without meanings: not detected, or not done."""
    met = [text for one in _results(proposal) if not one.choices for text in one.texts if is_unsettled(text)]
    stated = ", ".join(map(quoted, dict.fromkeys(met)))
    asked = f"does {stated} mean that nothing was detected? If it was not done, write it among the codes instead"
    return [f"{MUST}results = [{stated}]  # {asked}"] if met else []


def _odd_texts(export: Export, one: Found, result: bool, named: bool) -> list[str]:
    """Return the texts of a field that are none of what it holds: no number, no date, no result, no code of it."""
    known = export.definition(one.name)
    if one.choices:
        return [text for text in one.texts if named and text.removesuffix(".0") not in one.choices]
    if known is not None and known.validation.startswith(("number", "integer", "int", "date")):
        return [text for text in one.texts if not re.match(r"\s*[<>≤≥]?\s*[+-]?\.?\d", text) or _CODE.fullmatch(text)]
    return [
        text for text in one.texts if result and read_lab_text(text).kind == "unreadable" and may_mean_none(text)
        and not (is_log10(unit_key(one.unit)) and re.fullmatch(r"\s*-\s*\d(?:\.0+)?\s*", text))
    ]  # fmt: skip


def _rest(proposal: Proposal) -> list[str]:
    rest = [one for one in proposal.found if one.name not in proposal.named]
    lines = ["", "# Found, and not named above:"] if rest else []
    lines += [f"# {one.name}: {note_of(one)}" for one in rest]
    if EVENT in proposal.export.columns:
        lines += ["", f"# Events: {', '.join(proposal.export.events)}"]
    return lines
