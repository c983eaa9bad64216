"""Columns whose name, or label, says that they hold something else than the mapping reads: another person's, a limit."""

from __future__ import annotations

import re
from collections.abc import Iterator

from relapse_model.cohort.readers.entry_rows import in_mapping, place_of
from relapse_model.cohort.readers.label_words import plain_words
from relapse_model.cohort.readers.source_mapping import Entry, Field, SourceMapping
from relapse_model.cohort.readers.units_in_names import Labels, shorter_names
from relapse_model.cohort.tables.columns import TABLES
from relapse_model.errors import Problem
from relapse_model.study.line_numbers import Place
from relapse_model.study.names import NameTable
from relapse_model.study.names_known import agent_names, analyte_names
from relapse_model.study.study import Study

_PERSON = re.compile(
    r"(?<![a-z])(?:mother|maternal|father|paternal|parental|husband|wife|spouse|partner|donor|sibling|brother|sister"
    r"|son|daughter|infant|newborn|neonate|baby|relative|family|household)(?:'?s)?(?![a-z])"
    r"|母亲|父亲|丈夫|妻子|配偶|供者|供体|兄弟|姐妹|子女|新生儿|婴儿|家属|家族"
)
_SPECIMEN = re.compile(
    r"(?<![a-z])(?:urine|urinary|saliva|csf|cerebrospinal|ascit\w*|pleural|stool|faec\w*|fecal|feces|biopsy|intrahepatic"
    r"|liver tissue|cord blood|breast milk)(?![a-z])|尿|唾液|脑脊液|腹水|胸水|粪便|肝组织|脐血|脐带血|乳汁|母乳"
)
_LIMIT = re.compile(
    r"(?<![a-z])(?:uln|lln|lloq|uloq|(?:upper|lower)[ -]?(?:normal )?limit|limit of|(?:reference|normal) (?:range|interval|limit|value)"
    r"|cut[ -]?off)(?![a-z])|上限|下限|参考(?:值|范围|区间)|正常(?:值|范围)|临界值"
)  # fmt: skip
_DERIVED = re.compile(
    r"(?<![a-z])(?:change|changes|delta|difference|decline|decrease|increase|reduction|drop|slope|fold|ratio|grade|times"
    r"|z-?score|percentile|previous|prior|max|maximum|peak|nadir|min|minimum|mean|average|median|log ?reduction"
    r"|multiple of)(?![a-z])|[δΔ∆]|变化|差值|下降|升高|倍数|比值|比率|分级|分度|峰值|最高|最低|平均|上次|既往"
)  # fmt: skip
_BIRTH = re.compile(r"(?<![a-z])(?:birth|dob|born)(?![a-z])|出生|生日")
_NEXT = re.compile(r"(?<![a-z])(?:next|planned|scheduled|prescribed|expected|due)(?![a-z])|下次|计划|拟|预约|预计")
_FIRST = re.compile(r"(?<![a-z])(?:start|started|begin|began|first|from|initiat\w+)(?![a-z])|开始|起始|首次|首剂")
_LAST = re.compile(r"(?<![a-z])(?:end|ended|stop|stopped|last|until|finish\w*|discontinu\w+)(?![a-z])|结束|停药|终止|末次")
_NOT_GIVEN = re.compile(
    r"(?<![a-z])(?:placebo|refused|declined|not given|not administered|withheld|omitted|missed)(?![a-z])"
    r"|安慰剂|拒绝|拒用|未用|未给|漏用"
)
_OTHER_AGE = re.compile(
    r"(?<![a-z])(?:at|when|of) (?:first )?(?:diagnos\w*|onset|infection|death|menarche|referral)(?![a-z])"
    r"|诊断时?年龄|确诊年龄|发病年龄|初诊年龄|死亡年龄"
)
_ADVICE = "Name the column of it; or, if the name or label is wrong, correct it in a copy of the file in which it stands"


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
            why = "" if own is not None and _is_name(text, own, meant) else why_other(text, place, one.unit)
            if why:
                yield in_mapping(mapping, place, f"{one.name!r}, by its name or label {text!r}, {why}",
                                 f"a column of {meant}", _ADVICE)  # fmt: skip
                break
    for entry in mapping.treatments:
        yield from _exchanged(mapping, entry, labels)


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
            if key not in ("lower_limit", "upper_limit", "comparator", "unit", "assay", "analyte", "agent"):
                unit = one.unit or entry.constants.get("unit", "")
                field = Field(one.name, one.values, unit)
                meant = f"{key} of {what}" if what else key
                yield (*place_of(entry), key), field, meant, tables.get(entry.section) if key == "value" else None


def _is_name(text: str, names: NameTable, meant: str) -> bool:
    own = names.meaning(meant.rpartition(" of ")[2]).name
    return own is not None and any(names.meaning(one).name == own for one in (text, *shorter_names(text)))


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
    >>> [why_other(text, value) for text in ("Mother ALT", "ALT x ULN", "ΔALT", "ALT in ascites", "ALT 参考上限", "ALT")]
    ["another person's", 'a limit', 'made of results', 'of another specimen', 'a limit', '']
    >>> why_other("Date of birth", ("time", "zero")), why_other("Age at diagnosis", ("patients", "age_years"))
    ('a day of birth', 'another age')
    """
    plain, section, key = plain_words(text), str(place[0]), str(place[-1])
    if _PERSON.search(plain):
        return "another person's"
    if key in ("zero", "date", "start", "end", "enrolment_date") and _BIRTH.search(plain):
        return "a day of birth"
    if key in ("date", "start", "end") and _NEXT.search(plain):
        return "what was planned"
    if section == "treatments":
        return "what was not given" if _NOT_GIVEN.search(plain) else ""
    if key == "age_years":
        return "another age" if _OTHER_AGE.search(plain) else ""
    if (section != "labs" or key != "value") and key not in ("hbsag_before_treatment_iu_ml",):
        return ""
    if _SPECIMEN.search(plain):
        return "of another specimen"
    if _LIMIT.search(plain):
        return "" if "uln" in unit.casefold() else "a limit"
    return "made of results" if _DERIVED.search(plain) else ""


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
