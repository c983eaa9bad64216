"""The first draft of a study file, from what a cohort's own tables hold."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from relapse_model.cohort.tables.column_values import read_texts
from relapse_model.cohort.tables.columns import MISSING_WORDS, TABLES
from relapse_model.errors import Problem, StudyError
from relapse_model.study import keys
from relapse_model.study.analyte_library import analyte_library, declared_in
from relapse_model.study.names import NameTable, yes_or_no
from relapse_model.study.names_near import near_names
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
_MOST_LEVELS = 8
_REST = (
    "(docs/study_file.md). Leave any other out here and declare it in the study that is written, such as "
    '[analytes.hiv_rna] with unit = "copies/mL", with a predictor of its own: hiv_rna = {}'
)
_NUMBER = re.compile(r"[<>]?=?\s*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


@dataclass(frozen=True, slots=True)
class DraftOutcome:
    """What counts as the outcome: a threshold of an analyte, a column, or, with neither, the outcomes table."""

    name: str
    analyte: str | None = None
    at_least: float | None = None
    below: float | None = None
    unit: str | None = None
    column: str | None = None
    equals: str | None = None
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StudyDraft:
    """What a study is to ask. Without `columns` or `analytes`, what the tables hold is offered.

    Without an outcome, and then without a horizon, it is a study of predictors alone.
    """

    name: str
    title: str
    outcome: DraftOutcome | None
    landmark_week: float
    horizon_weeks: float | None
    columns: tuple[str, ...] | None = None
    analytes: tuple[str, ...] | None = None

    @property
    def asked(self) -> DraftOutcome:
        """Return the outcome; where there is none, one that names nothing."""
        return self.outcome or DraftOutcome("")


def drafted_study(draft: StudyDraft, tables: Mapping[str, pd.DataFrame]) -> str:
    """Return the text of a study file with comments.

    Nothing is guessed from the size of a number. Values of a column are written only of those that are asked for, or
    that the data contract knows: of any other they may name a patient.

    Parameters
    ----------
    draft : StudyDraft
    tables : mapping of str to DataFrame
        Of a cohort folder, as they stand; may be empty.

    Raises
    ------
    StudyError
        For a column or analyte that is asked for, and neither in the tables nor in the library.
    """
    analytes = _Analytes(tables.get("labs"))
    problems = [*analytes.unknown(draft.analytes or ()), *_unknown_columns(draft, tables)]
    if problems:
        raise StudyError("the study cannot be written", problems)
    outcome = _NO_OUTCOME if draft.outcome is None else _outcome(draft.outcome, analytes)
    horizon = [] if draft.horizon_weeks is None else [f"horizon_weeks = {draft.horizon_weeks:g}"]
    columns = _columns(draft, tables.get("patients"))
    results = analytes.predictors(draft)
    lines = [
        f"# {draft.name}: a draft. Lines that begin with # explain, or are choices that you have not made yet.",
        "# What every key means: docs/study_file.md; a study step by step: docs/own_study.md.",
        "", "[study]", "protocol = 1", f"name = {_text(draft.name)}",
        *([f"title = {_text(draft.title)}"] if draft.title else ['# title = "..."']),
        "", *outcome,
        "", "# Weeks count from week 0 of the tables. Results later than the landmark are not used.",
        "[prediction]", f"landmark_weeks = [{draft.landmark_week:g}]", *horizon,
        *analytes.declarations(draft),
        "", *_HEAD_OF_PREDICTORS, *results, *columns,
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


_NO_OUTCOME = [
    "# No outcome: the study serves to derive predictors (relapse-model features). To train a model, add [outcome],",
    "# and horizon_weeks under [prediction].",
]
_HEAD_OF_PREDICTORS = (
    "# A line for each predictor. direction says whether higher values raise (up) or lower (down) risk. A published",
    '# effect is a prior: prior = { odds_ratio = 0.20, ci = [0.05, 0.75], source = "Author 2025" }; per = 10 for ten',
    '# units, per = "log10" for an analyte on that scale.',
    "[predictors]",
)


def _outcome(outcome: DraftOutcome, analytes: _Analytes) -> list[str]:
    head = ["# What counts as the outcome.", "[outcome]", f"name = {_text(outcome.name)}"]
    if outcome.analyte is not None:
        side = "at_least" if outcome.at_least is not None else "below"
        limit = outcome.at_least if outcome.at_least is not None else outcome.below
        return [
            *head, f"analyte = {_text(analytes.name_of(outcome.analyte))}", f"{side} = {limit:g}",
            f"unit = {_text(outcome.unit or '')}",
            "# Must a second test confirm it? Then: confirm = { tests = 2 }",
        ]  # fmt: skip
    if outcome.column is None:
        return [*head, "adjudicated = true # read from the outcomes table: patient_id, relapse (0 or 1), week"]
    equals = [f"equals = {_text(outcome.equals)}"] if outcome.equals is not None else []
    others = [f"others = [{', '.join(map(_text, outcome.others))}]"] if outcome.others else []
    return [
        *head, f"column = {_text(outcome.column)}", *equals, *others,
        "# The column says whether it came by the horizon, and not when: a yes came after enrolment, by the horizon,",
        "# a no was followed through it, and an empty cell or \"unknown\" is lost to follow-up.",
    ]  # fmt: skip


class _Analytes:
    """The analytes of a labs table, by the names of the library where it knows them."""

    def __init__(self, labs: pd.DataFrame | None):
        library = analyte_library()
        spellings = {
            name: (*one.declared.get("synonyms", ()), one.declared["label"], *one.declared.get("loinc", ()),
                   *([one.declared["sdtm"]] if "sdtm" in one.declared else []))
            for name, one in library.items()
        }  # fmt: skip
        self.names = NameTable(spellings, ())
        self.units: dict[str, list[str]] = {}
        if labs is None or "analyte" not in labs:
            return
        table = pd.DataFrame({"analyte": read_texts(labs["analyte"])})
        table["unit"] = read_texts(labs["unit"]) if "unit" in labs else ""
        counts = table[table["analyte"] != ""].value_counts()  # the most frequent unit of each first
        for came, unit in counts.index:
            known = self.units.setdefault(self.name_of(came), [])
            known += [unit] if unit and unit_key(unit) not in map(unit_key, known) else []

    def name_of(self, came: str) -> str:
        return self.names.meaning(came).name or came

    def unknown(self, asked: Sequence[str]) -> list[Problem]:
        known = [*self.units, *(name for name in analyte_library() if name not in self.units)]
        names = [name for name in asked if self.name_of(name) not in known]
        return [
            Problem("labs", None, "analyte", repr(name), *self._expected(name, known, last=name == names[-1]))
            for name in names
        ]

    def _expected(self, name: str, known: Sequence[str], *, last: bool) -> tuple[str, str]:
        """Return which analytes there are, and which may be meant; what holds of every problem, with the last."""
        of_cohort = f"the cohort ({', '.join(self.units)}) or of " if self.units else ""
        synonyms = (one for others in self.names.spellings.values() for one in others)
        spelled = {one.casefold(): self.name_of(one) for one in (*synonyms, *known)}
        near = dict.fromkeys(spelled[one] for one in near_names(name.casefold(), spelled, n=3))
        meant = f"Did you mean {' or '.join(map(repr, near))}?" if near else ""
        there = f"{len(analyte_library())} analytes are in the library: {', '.join(analyte_library())} {_REST}"
        return f"an analyte of {of_cohort}the library", " ".join(filter(None, [meant, there if last else ""]))

    def wanted(self, draft: StudyDraft) -> list[str]:
        asked = self.units if draft.analytes is None else draft.analytes
        return list(dict.fromkeys(map(self.name_of, asked)))

    def declarations(self, draft: StudyDraft) -> Iterator[str]:
        """Yield a table for each analyte that the library has not, and that of the outcome."""
        outcome = draft.asked
        of_outcome = [self.name_of(outcome.analyte)] if outcome.analyte is not None else []
        for name in dict.fromkeys([*self.wanted(draft), *of_outcome]):
            if name in analyte_library():
                continue
            units = [outcome.unit] if name in of_outcome and outcome.unit else self.units.get(name, [])
            if not units:
                yield from (
                    "",
                    f"# [analytes.{_key(name)}] is not declared: its results have no unit in the labs table",
                )
                continue
            yield from ("", f"[analytes.{_key(name)}]", f"unit = {_text(str(units[0]))}")
            yield '# On a logarithmic scale: scale = "log10", and lower_limit = the limit of the assay.'
            if others := [unit for unit in self.units.get(name, []) if unit_key(unit) != unit_key(str(units[0]))]:
                yield f"# It comes in {', '.join(others)} too: units = {{ {_text(others[0])} = FACTOR }}"

    def predictors(self, draft: StudyDraft) -> Iterator[str]:
        """Yield a line for each analyte, of the kind that is asked for most: the last result."""
        outcome = draft.asked
        of_outcome = None if outcome.analyte is None else self.name_of(outcome.analyte)
        for name in self.wanted(draft):
            units = self.units.get(name, [])
            if name == of_outcome and draft.analytes is None:
                yield f"# {_key(name)} = {{}} # the analyte of the outcome"
            elif name in analyte_library():
                stated = outcome.unit if name == of_outcome else units[0] if units else None
                yield self._of_library(name, stated)
            elif units or (name == of_outcome and outcome.unit):
                yield f"{_key(name)} = {{ analyte = {_text(name)} }}"

    def _of_library(self, name: str, unit: str | None) -> str:
        library = analyte_library()[name]
        own = library.declared["unit"]
        if unit is None or unit_key(unit) == unit_key(own):
            return f"{name} = {{}} # {library.declared['label']}, {own}"
        try:
            declared_in(library, unit)
        except keys.NotAllowed:
            return f"# {name} = {{}} # in {unit}, which does not convert into {own}: declare [analytes.{name}] yourself"
        return f"{name} = {{ unit = {_text(unit)} }} # {library.declared['label']}"


def _unknown_columns(draft: StudyDraft, tables: Mapping[str, pd.DataFrame]) -> list[Problem]:
    if "patients" not in tables:
        return []
    asked = [*(draft.columns or ()), *([draft.asked.column] if draft.asked.column else [])]
    there = list(tables["patients"].columns)
    return [
        Problem("patients", None, name, "no such column", f"one of {', '.join(there)}")
        for name in asked
        if name not in there
    ]


def _columns(draft: StudyDraft, patients: pd.DataFrame | None) -> Iterator[str]:
    """Yield a line for each column of the patients table; one that may be of later than the landmark as a comment."""
    if patients is None:
        yield from (_unseen_column(name) for name in draft.columns or ())
        return
    asked = tuple(_BASELINE) if draft.columns is None else draft.columns
    left: list[str] = []
    for name in patients.columns:
        if name in _NEVER or name == draft.asked.column:
            continue
        if name not in asked:
            left.append(name)
        elif (line := _column(name, patients[name])) is not None:
            yield line
    if left:
        yield "# Other columns. Was it known at the landmark, for every patient? Then take the # away."
        yield from (f"# {_key(name)} = {{ column = {_text(name)} }}" for name in left)


def _unseen_column(name: str) -> str:
    """Return the line of a column of which the values are not known, but what the cohort folder says of it."""
    rule = TABLES["patients"].get(name)
    start, more = f"{_key(name)} = {{ column = {_text(name)}", _BASELINE.get(name, "")
    if rule is not None and rule.choices:
        return f"{start}, equals = {_text(rule.choices[-1])}{more} }}"
    if rule is not None and rule.kind == "text":
        return f'# {start}, levels = ["...", "..."] }} # which values does it have?'
    return f"{start}{more} }}"


def _column(name: str, values: pd.Series) -> str | None:
    """Return the line of a column that is a predictor: numbers, one value against the other, or levels."""
    texts = read_texts(values)
    found = texts[~texts.str.casefold().isin(MISSING_WORDS)].value_counts()
    levels = list(found.index)
    start, more = f"{_key(name)} = {{ column = {_text(name)}", _BASELINE.get(name, "")
    rule = TABLES["patients"].get(name)
    if rule is not None and rule.choices:
        return f"{start}, equals = {_text(rule.choices[-1])}{more} }}"
    if not levels:
        return f"# {_key(name)}: the column is empty"
    if all(_NUMBER.fullmatch(level) for level in levels):
        return f"{start}{more} }}"
    if {yes_or_no(level) for level in levels} <= {True, False}:
        yes = next((level for level in levels if yes_or_no(level)), "yes")
        return f"{start}, equals = {_text(yes)}{more} }}"
    if len(levels) == 2:
        return f"{start}, equals = {_text(levels[1])}, others = [{_text(levels[0])}]{more} }}"
    if len(levels) <= _MOST_LEVELS:
        return f"{start}, levels = [{', '.join(map(_text, levels))}]{more} }}"
    return f"# {_key(name)}: {len(levels)} different texts; expected numbers, or at most {_MOST_LEVELS} levels"


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _text(name)


def _text(value: str | None) -> str:
    return json.dumps(value or "", ensure_ascii=False).replace("\x7f", "\\u007f")
