"""The text of a proposed mapping: quoted values, comments of one line, and the sections that every mapping has."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Mapping

from relapse_model.cohort.laboratory.lab_text import read_lab_text
from relapse_model.errors import RelapseModelError
from relapse_model.study.analyte_library import analyte_library
from relapse_model.study.reader import load_study
from relapse_model.study.study import Study

_LONGEST = 70
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


def arm_line(study: Study, field: str, values: Mapping[str, int]) -> list[str]:
    """Return the lines for the column of the arms: a question where the study knows other names for them.

    Parameters
    ----------
    study : Study
    field : str
        Of the source.
    values : mapping of str to int
        What stands there, and how often.
    """
    column = "arm" if study.trial is None else study.trial.arms.column
    known: set[str] = set() if study.trial is None else {study.trial.arms.treatment, study.trial.arms.control}
    for one in study.predictors:
        if one.column == column:
            others = one.others if isinstance(one.others, tuple) else (one.others,)
            known |= {*one.levels, *([one.equals] if one.equals else []), *others}
    found = comment(", ".join(f"{value}: {count:,}" for value, count in values.items()))
    stated = table_text((value, "...") for value in values)
    mapped = f"{column} = {{ field = {quoted(field)}, values = {stated} }}"
    if known - {"", "no", "yes"} and not set(values) <= known:
        return [f"#? {mapped}  # {found}; the study knows {', '.join(sorted(known - {''}))}"]
    return [f"{column} = {quoted(field)}  # {found}", f"# {mapped}  # if the study calls the arms otherwise"]


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
