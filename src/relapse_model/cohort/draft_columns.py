"""The predictors of a drafted study that are columns of the patients table: lines that are right as they stand."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

import pandas as pd

from relapse_model.cohort.laboratory.lab_texts import read_lab_texts
from relapse_model.cohort.tables.column_values import read_texts
from relapse_model.cohort.tables.columns import MISSING_WORDS, TABLES, Column
from relapse_model.errors import Problem
from relapse_model.study.names import yes_or_no
from relapse_model.study.unit_factors import unit_factor
from relapse_model.study.unit_spelling import unit_key

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_NEVER = ("patient_id", "enrolment_date")
# Columns of the data contract that are known at enrolment; of any other only its owner knows when it was known.
_BASELINE = {  # and what else the contract knows of them
    "sex": ', label = "Male sex"', "age_years": ', label = "Age", unit = "years"',
    "bmi_kg_m2": ', label = "Body mass index", unit = "kg/m2"', "hbv_genotype": ', label = "HBV genotype"',
    "hbeag_positive_before_treatment": ', label = "HBeAg-positive before treatment"',
    "hbsag_before_treatment_iu_ml": ', label = "HBsAg before treatment", scale = "log10", unit = "IU/mL"',
    "prior_nuc": ', label = "Earlier nucleos(t)ide analogue"',
}  # fmt: skip
_UNITS = {"hbsag_before_treatment_iu_ml": "IU/mL"}  # that the contract states by the name of a column
_MOST_LEVELS = 8
_NUMBER = re.compile(r"[<>]?=?\s*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_WRITES_VALUES = re.compile(r"\b(?:levels|others) = \[")
_USABLE = f"numbers, amounts in one unit, or at most {_MOST_LEVELS} levels"
_OTHERS = "# Other columns. Was it known at the landmark, for every patient? Then take the # away."


def column_lines(asked: Sequence[str] | None, outcome: str | None, patients: pd.DataFrame | None) -> Iterator[str]:
    """Yield a line for each column of the patients table; one that may be of later than the landmark as a comment.

    Of a column that is not asked for, and that the data contract does not know, no value is written but a yes: others
    may name a patient.

    Parameters
    ----------
    asked : sequence of str or None
        Columns that are to be predictors; None: those that the contract knows from enrolment.
    outcome : str or None
        The column of the outcome.
    patients : DataFrame or None

    Examples
    --------
    >>> patients = pd.DataFrame({"patient_id": [1, 2], "dose": ["10 IU/mL", "<5"], "arm": ["hbig", "control"]})
    >>> list(column_lines(["dose"], None, patients))[::2]
    ['dose = { column = "dose", unit = "IU/mL" }', '# arm = { column = "arm", equals = "control", others = ["hbig"] }']
    """
    if patients is None:
        yield from (str(_unseen_column(name)) for name in asked or ())
        return
    wanted = tuple(_BASELINE) if asked is None else asked
    left: list[str] = []
    for name in patients.columns:
        if name in _NEVER or name == outcome:
            continue
        if name not in wanted:
            left.append(name)
            continue
        line = _column(name, patients[name])
        yield line if isinstance(line, str) else _said(name, line)
    if left:
        yield _OTHERS
        yield from (_not_asked(name, patients[name]) for name in left)


def unwritable_columns(asked: Sequence[str], outcome: str | None, patients: pd.DataFrame | None) -> list[Problem]:
    """Return a problem for each column that is asked for, and for which no line can be written.

    Parameters
    ----------
    asked, outcome, patients
        As of `column_lines`.

    Examples
    --------
    >>> patients = pd.DataFrame({"patient_id": [1, 2], "dose": ["", ""]})
    >>> [problem.found for problem in unwritable_columns(["dose", "patient_id"], None, patients)]
    ['an empty column', 'what says who, or when, a patient is']
    """
    if patients is None:
        lines = (_unseen_column(name) for name in asked)
        return [one for one in lines if isinstance(one, Problem)]
    there = list(patients.columns)
    found: list[Problem] = []
    for name in dict.fromkeys([*asked, *([outcome] if outcome else [])]):
        line: str | Problem = ""
        if name not in there:
            line = Problem("patients", None, name, "no such column", f"one of {', '.join(there)}")
        elif name in asked and name == outcome:
            line = Problem("patients", None, name, "the column of the outcome", "another one as a predictor")
        elif name in asked and name in _NEVER:
            line = Problem("patients", None, name, "what says who, or when, a patient is", "another one as a predictor")
        elif name in asked:
            line = _column(name, patients[name])
        if isinstance(line, Problem):
            found.append(line)
    return found


def _unseen_column(name: str) -> str | Problem:
    """Return the line of a column of which the values are not known, but what the cohort folder says of it."""
    rule = TABLES["patients"].get(name)
    start, more = _start(name), _BASELINE.get(name, "")
    if rule is not None and rule.choices:
        return f"{start}, equals = {toml_text(rule.choices[-1])}{more} }}"
    if rule is not None and rule.kind == "text":
        advice = "Name the cohort folder in the command, or leave it out and write it with its levels into the study"
        return Problem("patients", None, name, "a column of texts that nobody has seen", "its levels", advice)
    return f"{start}{more} }}"


def _column(name: str, values: pd.Series) -> str | Problem:
    """Return the line of a column that is a predictor: numbers, one value against the other, or levels."""
    levels = _levels(values)
    start, more = _start(name), _BASELINE.get(name, "")
    rule = TABLES["patients"].get(name)
    if rule is not None and rule.choices:
        return f"{start}, equals = {toml_text(rule.choices[-1])}{more} }}"
    if not levels:
        return Problem("patients", None, name, "an empty column", _USABLE)
    if all(_NUMBER.fullmatch(level) for level in levels):
        return f"{start}{more} }}{_below_zero(levels)}"
    unit = None if _coded(rule) else _unit_of_amounts(levels, _UNITS.get(name, ""))
    if unit == "":
        return Problem("patients", None, name, "amounts in several units, or in one that is not known", _USABLE)
    if unit is not None:
        return f"{start}{more or f', unit = {toml_text(unit)}'} }}"
    if {yes_or_no(level) for level in levels} <= {True, False}:
        return f"{start}, equals = {toml_text(_yes(levels))}{more} }}"
    if len(levels) == 2:
        return f"{start}, equals = {toml_text(levels[1])}, others = [{toml_text(levels[0])}]{more} }}"
    if len(levels) <= _MOST_LEVELS and not (rule is not None and rule.kind == "printed"):
        return f"{start}, levels = [{', '.join(map(toml_text, levels))}]{more} }}"
    return Problem("patients", None, name, f"{len(levels)} different texts", _USABLE)


def _not_asked(name: str, values: pd.Series) -> str:
    """Return the comment of a column that nobody asked for: the line that it would have, where it names nobody."""
    line = _column(name, values)
    if isinstance(line, Problem):
        return _said(name, line)
    levels = _levels(values)
    flag = {yes_or_no(level) for level in levels} <= {True, False}
    if name in TABLES["patients"] or flag or not _WRITES_VALUES.search(line):
        return f"# {line}"
    return f"# {toml_key(name)}: {len(levels)} different texts, which --columns {toml_key(name)} writes as levels"


def _levels(values: pd.Series) -> list[str]:
    """Return the different texts of a column, the most frequent first; without those that say that there is none."""
    texts = read_texts(values)
    return list(texts[~texts.str.casefold().isin(MISSING_WORDS)].value_counts().index)


def _coded(rule: Column | None) -> bool:
    """Tell whether the contract knows a column as one of names, so that "2 B" is no amount in B."""
    return rule is not None and rule.kind in ("text", "flag")


def _unit_of_amounts(levels: Sequence[str], own: str) -> str | None:
    """Return the one unit in which a column of amounts can be read; "" if there is none, None if they are no amounts.

    It is that of the contract, else the most frequent one. A number without a unit counts in it.
    """
    read = read_lab_texts(pd.Series(levels, dtype=object))
    if not (read["kind"] == "number").all():
        return None
    units = list(dict.fromkeys(unit for unit in read["unit"].astype(str) if unit))
    unit = own or next(iter(units), "")
    alike = all(unit_key(one) == unit_key(unit) or unit_factor(one, unit) is not None for one in units)
    return unit if alike and not read["log10"].any() else ""


def _below_zero(levels: Sequence[str]) -> str:
    below = any(level.startswith("-") for level in levels)
    return " # has numbers below 0: negative = true, unless they are codes for no value" if below else ""


def _yes(levels: Sequence[str]) -> str:
    return next((level for level in levels if yes_or_no(level)), "yes")


def _said(name: str, problem: Problem) -> str:
    return f"# {toml_key(name)}: {problem.found}; expected {problem.expected}"


def _start(name: str) -> str:
    return f"{toml_key(name)} = {{ column = {toml_text(name)}"


def toml_key(name: str) -> str:
    """Return a key as TOML writes it.

    Examples
    --------
    >>> toml_key("stage"), toml_key("weird name")
    ('stage', '"weird name"')
    """
    return name if _BARE.fullmatch(name) else toml_text(name)


def toml_text(value: str | None) -> str:
    r"""Return a text as TOML writes it.

    Examples
    --------
    >>> print(toml_text('a "b"'))
    "a \"b\""
    """
    return json.dumps(value or "", ensure_ascii=False).replace("\x7f", "\\u007f")
