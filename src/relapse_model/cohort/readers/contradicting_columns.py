"""Columns whose name, or label, says that they hold something else than is read: another person's, a limit."""

from __future__ import annotations

import re
from collections.abc import Iterator

from relapse_model.cohort.readers.entry_rows import in_mapping, place_of
from relapse_model.cohort.readers.label_words import plain_words
from relapse_model.cohort.readers.other_things import DERIVED, NOT_GIVEN, PERSON, SPECIMEN, other_thing
from relapse_model.cohort.readers.second_names import names_a_ratio
from relapse_model.cohort.readers.second_statements import is_unit_of_other
from relapse_model.cohort.readers.signs_beside import analytes_in
from relapse_model.cohort.readers.source_mapping import Entry, Field, SourceMapping
from relapse_model.cohort.readers.units_in_names import Labels
from relapse_model.cohort.tables.columns import TABLES
from relapse_model.errors import Problem
from relapse_model.study.line_numbers import Place
from relapse_model.study.names import NameTable
from relapse_model.study.names_known import agent_names, analyte_names
from relapse_model.study.study import Study

_LIMIT = re.compile(r"(?<![a-z])uln(?![a-z])|ratio to .*upper limit|上限")
_DERIVED = re.compile(
    r"(?<![a-z])(?:previous|prior|max|min|decline|decrease|increase|reduction)(?![a-z])|[δ∆]|上次|升高|下降"
)
_BIRTH = re.compile(r"(?<![a-z])(?:birth|dob|born)(?![a-z])|出生|生日")
_A_DATE = r"(?<![a-z])(?:date|datum|fecha|datetime|timestamp|(?:sampling|collection|report) time)(?![a-z])"
_A_DATE += r"|日期|(?:采样|采集|检测|检验|报告)时间"
_DATE = re.compile(rf"(?:{_A_DATE}).*|.*(?:{_A_DATE})")
_FORMAT = re.compile(r"[()\[\]]|(?<![a-z])[dmy]{1,4}(?:[-/. ][dmy]{1,4}){2}(?![a-z])")
_AT_DATE = re.compile(r"(?<![a-z])(?:at|on|closest|nearest|before|after|within|by)(?![a-z])")
_NEXT = re.compile(r"(?<![a-z])(?:next|planned|scheduled|prescribed|expected|due)(?![a-z])|下次|计划|拟|预约|预计")
_FIRST = re.compile(r"(?<![a-z])(?:start|started|begin|began|first|from|initiat\w+)(?![a-z])|开始|起始|首次|首剂")
_LAST = re.compile(
    r"(?<![a-z])(?:end|ended|stop|stopped|last|until|finish\w*|discontinu\w+)(?![a-z])|结束|停药|终止|末次"
)
_OTHER_AGE = re.compile(
    r"(?<![a-z])(?:at|when|of) (?:first )?(?:diagnos\w*|onset|infection|death|menarche|referral)(?![a-z])"
    r"|诊断时?年龄|确诊年龄|发病年龄|初诊年龄|死亡年龄"
)
_ADVICE = (
    "Name the column of it; or, if the name or label is wrong, correct it in a copy of the file in which it stands"
)


def column_clashes(mapping: SourceMapping, study: Study | None, labels: Labels) -> Iterator[Problem]:
    """Yield a problem for each column that says of itself that it holds something else than is read in it.

    Looked for are words, English and Chinese: another person, another specimen, a limit, a quantity made of results
    (a change, a ratio, a grade), a date of birth or of a next visit, the first day in place of the last, a placebo.

    Parameters
    ----------
    mapping : SourceMapping
    study : Study or None
        A column that is called by one of its names as a whole is that one.
    labels : mapping of str to tuple of str
        Labels and notes by name of a column.
    """
    for place, one, meant, own in _columns(mapping, study):
        texts = list(dict.fromkeys(text for text in (one.name, *labels.get(one.name, ())[:1]) if text))
        for text in texts:
            named = own is not None and _is_name(text, own, meant)
            why = "" if named else why_other(text, place, one.unit)
            if not named and not why and own is not None and names_a_ratio(text, own):
                why = DERIVED
            if why:
                yield in_mapping(mapping, place, f"{one.name!r}, by its name or label {text!r}, {why}",
                                 f"a column of {meant}", _ADVICE)  # fmt: skip
                break
    for entry in mapping.treatments:
        yield from _exchanged(mapping, entry, labels)
    yield from _other_signs(mapping, study, labels)


def _columns(
    mapping: SourceMapping, study: Study | None
) -> Iterator[tuple[Place, Field, str, NameTable | None]]:  # fmt: skip
    """Yield the columns that a mapping reads, with what they are read as, and the names of it that the study knows."""
    tables = {} if study is None else {"labs": analyte_names(study), "treatments": agent_names(study)}
    for column, one in mapping.patients.items():
        if column in TABLES["patients"]:
            yield ("patients", column), one, column, None
    if mapping.time.zero is not None:
        yield ("time", "zero"), mapping.time.zero, "time zero", None
    outcome = () if mapping.outcome is None else (mapping.outcome,)
    for entry in (*mapping.labs, *mapping.treatments, *outcome):
        what = entry.constants.get("analyte") or entry.constants.get("agent", "")
        for key, one in entry.fields.items():
            if key not in ("lower_limit", "upper_limit", "comparator", "assay", "analyte", "agent"):
                unit = one.unit or entry.constants.get("unit", "")
                field = Field(one.name, one.values, unit)
                meant = f"the {key} of {what}" if what else f"the {key}"
                yield (*place_of(entry), key), field, meant, tables.get(entry.section) if key == "value" else None


def _is_name(text: str, names: NameTable, meant: str) -> bool:
    own = names.meaning(meant.rpartition(" of ")[2]).name
    return own is not None and names.meaning(text).name == own


def why_other(text: str, place: Place, unit: str = "") -> str:
    """Say what a column holds that is none of what is read in it; nothing where its name or label does not say so.

    Parameters
    ----------
    text : str
        Its name or its label.
    place : tuple
        Of the mapping: which section, and which key.
    unit : str
        In which it is read: a multiple of the upper limit of normal is one, if that is stated.

    Examples
    --------
    >>> value = ("labs", 0, "value")
    >>> [why_other(text, value) for text in ("Mother ALT", "ALT in ascites", "ALT x ULN", "ΔALT", "ALT")]
    ['another person', 'another specimen', 'a quantity derived from it', 'a quantity derived from it', '']
    >>> why_other("ALT_datum", value), why_other("ref_unit", ("labs", 0, "unit"))
    ('a date', 'the unit of a reference range')
    >>> why_other("Date of birth", ("time", "zero")), why_other("Age at diagnosis", ("patients", "age_years"))
    ('a day of birth', 'another age')
    """
    plain, section, key = plain_words(text), str(place[0]), str(place[-1])
    if key == "unit":
        return "the unit of a reference range" if is_unit_of_other(text) else ""
    if said := other_thing(text, (PERSON,)):
        return said
    if key in ("zero", "date", "start", "end", "enrolment_date") and _BIRTH.search(plain):
        return "a day of birth"
    if key in ("date", "start", "end") and _NEXT.search(plain):
        return "what was planned"
    if section == "treatments":
        return other_thing(text, (NOT_GIVEN,))
    if key == "age_years":
        return "another age" if _OTHER_AGE.search(plain) else ""
    if (section != "labs" or key != "value") and key != "hbsag_before_treatment_iu_ml":
        return ""
    if _DATE.fullmatch(_FORMAT.sub(" ", plain).strip()) and not _AT_DATE.search(plain):
        return "a date"
    said = other_thing(text, (SPECIMEN, DERIVED)) or (DERIVED if _DERIVED.search(plain) else "")
    return "" if said == DERIVED and "uln" in unit.casefold() and _LIMIT.search(plain) else said


def _other_signs(mapping: SourceMapping, study: Study | None, labels: Labels) -> Iterator[Problem]:
    """Yield a problem for each column of comparators that names another analyte: "HBsAg sign" is none of anti-HBs."""
    if study is None:
        return
    names = analyte_names(study)
    for entry in mapping.labs:
        sign, own = entry.fields.get("comparator"), names.meaning(entry.constants.get("analyte", "")).name
        texts = () if sign is None else (sign.name, *labels.get(sign.name, ())[:1])
        named = set[str]().union(*(analytes_in(text, names) for text in texts))
        if sign is not None and own and named and own not in named:
            found = f"{sign.name!r}, by its name or label the comparator of {', '.join(sorted(named))}"
            yield in_mapping(mapping, (*place_of(entry), "comparator"), found, f"the comparator of {own}", _ADVICE)


def _exchanged(mapping: SourceMapping, entry: Entry, labels: Labels) -> Iterator[Problem]:
    """Yield a problem where the first day is read of a column that is called the last one, or the other way round."""
    for suffix in ("", "_day", "_week"):
        first, last = entry.fields.get(f"start{suffix}"), entry.fields.get(f"end{suffix}")
        if first is None or (last is not None and last.name == first.name):
            continue
        for key, one, wrong, right in ((f"start{suffix}", first, _LAST, _FIRST), (f"end{suffix}", last, _FIRST, _LAST)):
            text = "" if one is None else next((label for label in labels.get(one.name, ())[:1] if label), one.name)
            if one is not None and wrong.search(plain_words(text)) and not right.search(plain_words(text)):
                what = "the last day" if key.startswith("start") else "the first day"
                found = f"{one.name!r}, by its name or label {text!r} {what}"
                yield in_mapping(mapping, (*place_of(entry), key), found, f"a column of the {key}", _ADVICE)
