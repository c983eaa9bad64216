"""The text of a proposed mapping: quoted values, comments of one line, and the sections that every mapping has."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping

from relapse_model.cohort.laboratory.lab_text import read_lab_text
from relapse_model.cohort.laboratory.unit_conversion import conversion
from relapse_model.cohort.readers.label_words import plain_words
from relapse_model.errors import RelapseModelError
from relapse_model.study.analyte import Analyte
from relapse_model.study.analyte_library import analyte_library
from relapse_model.study.reader import load_study
from relapse_model.study.study import Study

_LONGEST = 70
_RESULT = re.compile(
    r"(?<![a-z])(?:below|under|less|lower|unter(?:halb)?|bajo|sotto|inférieur)(?![a-z])|limit|detect|détect|nachweis|quantif"
    r"|(?<![a-z])(?:neg|pos)(?:\.|iti\w*|ati\w*|(?![a-z]))|reacti|低于|下限|检出|检测限|[阴阳]"
)  # what a text says that may be a result
MUST, MAY = "#? ", "# optional: "  # how a line begins that is to be completed, and one that can be taken up


def quoted(text: str) -> str:
    r"""Return a text as TOML writes it.

    Examples
    --------
    >>> print(quoted('a "b"\n乙肝'))
    "a \"b\"\n乙肝"
    """
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def table_text(pairs: Iterable[tuple[str, str]]) -> str:
    """Return texts as TOML writes a table of them in one line.

    Examples
    --------
    >>> print(table_text([("1", "negative")]))
    { "1" = "negative" }
    """
    return "{ " + ", ".join(f"{quoted(key)} = {quoted(value)}" for key, value in pairs) + " }"


def may_mean_none(text: str) -> bool:
    """Tell whether a text that is no result may be a code for no value: a word, or a whole number below 0.

    A word that speaks of a limit, of detection, or of negative and positive, is more likely a result.

    Examples
    --------
    >>> [may_mean_none(text) for text in ("NI", "未到", "-99", "-1.4", "1,250", "0.02 ?")]
    [True, True, True, False, False, False]
    >>> may_mean_none("below assay range"), may_mean_none("faintly pos.")
    (False, False)
    """
    if _RESULT.search(plain_words(text)):
        return False
    return re.search(r"\d", text) is None or re.fullmatch(r"\s*-\s*\d+(?:\.0+)?\s*", text) is not None


def comment(text: str) -> str:
    r"""Return a text of the source as it may stand in a comment: one line, short.

    Examples
    --------
    >>> comment("a\nb")
    'a b'
    """
    plain = " ".join("".join(" " if unicodedata.category(char).startswith("C") else char for char in text).split())
    return plain if len(plain) <= _LONGEST else plain[: _LONGEST - 3] + "..."


def heading(kind: str, study: Study) -> list[str]:
    """Return the first section of a proposed mapping.

    Parameters
    ----------
    kind : str
    study : Study
        Named where it is a built-in one; its file is asked for otherwise.
    """
    try:
        built_in = load_study(study.name) == study
    except RelapseModelError:
        built_in = False
    named = (
        f"study = {quoted(study.name)}" if built_in else '#? study = "..."  # the file of the study, beside this one'
    )
    return ["[mapping]", "protocol = 1", f"kind = {quoted(kind)}", named]


def library_codes(study: Study) -> dict[str, str]:
    """Return LOINC codes of the library, for analytes that a study declares without a code of its own.

    For proposals alone, which somebody checks: what a study calls bilirubin may be another one than the library's.

    Examples
    --------
    >>> library_codes(load_study("hbsag-relapse"))["1920-8"]
    'ast'
    """
    library = analyte_library()
    bare = [name for name, one in study.analytes.items() if not one.loinc and name in library]
    return {code: name for name in bare for code in library[name].declared.get("loinc", ())}


def called_by_library(code: str) -> str:
    """Return what the library of analytes calls a LOINC code; nothing of one that it does not have.

    Examples
    --------
    >>> called_by_library("6768-6"), called_by_library("2339-0"), called_by_library("8480-6")
    ('Alkaline phosphatase', 'Glucose in blood', '')
    """
    for one in analyte_library().values():
        label = str(one.declared["label"])
        if code in one.loinc_from:
            return label
        if code in one.loinc_beside:
            return f"{label} {one.loinc_beside[code].partition(';')[0]}"
    return ""


def units_read(rule: Analyte) -> str:
    """Return the units in which the study reads numbers of an analyte, and those of which it reads words and limits.

    Examples
    --------
    >>> print(units_read(load_study("hbsag-relapse").analytes["hbeag"]))
    "S/CO" (numbers in "COI", "PEIU/mL", "NCU/mL", "IU/mL" are not read: of these, words and limits are)
    """
    read = ", ".join(map(quoted, dict.fromkeys((rule.unit, *rule.units))))
    others = ", ".join(map(quoted, rule.other_units))
    return read + (f" (numbers in {others} are not read: of these, words and limits are)" if others else "")


def not_read(rule: Analyte, unit: str) -> str:
    """Say that numbers in a unit are not read; nothing where they are, and where there is no unit.

    Examples
    --------
    >>> hbeag = load_study("hbsag-relapse").analytes["hbeag"]
    >>> not_read(hbeag, "S/CO"), not_read(hbeag, "COI"), not_read(hbeag, "mm")
    ('', 'numbers are not read in this unit, words and limits are', 'in a unit that the study does not take')
    """
    found = conversion(rule, unit) if unit else (1.0, "as_is")
    if found is None:
        return "in a unit that the study does not take"
    return "numbers are not read in this unit, words and limits are" if found[1] == "other" else ""


def sign_asked(study: Study, analyte: str) -> str:
    """Say that a number needs a cut-off beside it, where a criterion asks whether an analyte is negative or positive.

    Examples
    --------
    >>> print(sign_asked(load_study("hbsag-relapse"), "hbeag"))  # doctest: +ELLIPSIS
    A criterion asks whether it is negative: a number says so only beside the cut-off of its assay. State it ...
    """
    criteria = (*study.eligibility.include, *study.eligibility.exclude)
    asked = dict.fromkeys(word for one in criteria if one.analyte == analyte for word in one.equals)
    if not asked:
        return ""
    return (
        f"A criterion asks whether it is {' or '.join(asked)}: a number says so only beside the cut-off of its assay. "
        "State it as lower_limit"
    )


def beside_units(study: Study, analyte: str, units: Mapping[str, int]) -> list[str]:
    """Return comments on what is not read of the results of an analyte, and on what decides its sign.

    Parameters
    ----------
    study : Study
    analyte : str
    units : mapping of str to int
        The units met, as printed, each with its results.
    """
    rule = study.analytes[analyte]
    lines = [
        f"# {comment(unit)}, {units[unit]:,} results: {said}"
        for unit in sorted(units) if (said := not_read(rule, unit))
    ]  # fmt: skip
    asked = sign_asked(study, analyte) if units else ""
    return [*lines, *([f"# {asked}."] if asked else [])]


def arm_line(study: Study, field: str, values: Mapping[str, int], more: str = "") -> list[str]:
    """Return the lines for the column of the arms: a question where the study knows other names for them.

    Parameters
    ----------
    study : Study
    field : str
        Of the source.
    values : mapping of str to int
        What stands there, and how often.
    more : str
        Further keys that say where it stands, such as ``source = "observation"``.
    """
    column = "arm" if study.trial is None else study.trial.arms.column
    known: set[str] = set() if study.trial is None else {study.trial.arms.treatment, study.trial.arms.control}
    for one in study.predictors:
        if one.column == column:
            others = one.others if isinstance(one.others, tuple) else (one.others,)
            known |= {*one.levels, *([one.equals] if one.equals else []), *others}
    found = comment(", ".join(f"{value}: {count:,}" for value, count in values.items()))
    stated = table_text((value, "...") for value in values)
    place = f"field = {quoted(field)}" + (f", {more}" if more else "")
    mapped = f"{column} = {{ {place}, values = {stated} }}"
    if known - {"", "no", "yes"} and not set(values) <= known:
        asked = f"#? {mapped}  # {found}; the study knows {', '.join(sorted(known - {''}))}"
        return [
            asked,
            "# If these are the arms of another trial, write its study (`relapse-model study new`) and propose the "
            "mapping anew with it.",
        ]
    plain = f"{{ {place} }}" if more else quoted(field)
    return [f"{column} = {plain}  # {found}", f"# {mapped}  # if the study calls the arms otherwise"]


def meaning_of_word(word: str) -> str:
    """Return ``"negative"`` or ``"positive"`` where a word says so in a laboratory's language; else nothing.

    Examples
    --------
    >>> meaning_of_word("Negative"), meaning_of_word("阳性"), meaning_of_word("Indeterminate result")
    ('negative', 'positive', '')
    """
    read = read_lab_text(word)
    if read.kind == "positive" and read.detected is None:
        return ""
    return read.kind if read.kind in ("negative", "positive") else ""
