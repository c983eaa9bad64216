"""The first draft of a study file, from what a cohort's own tables hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from relapse_model.cohort.draft_columns import column_lines, toml_key, toml_text, unwritable_columns
from relapse_model.cohort.tables.column_values import read_texts
from relapse_model.errors import Problem, StudyError
from relapse_model.study import keys
from relapse_model.study.analyte_library import analyte_library, declared_in
from relapse_model.study.names import NameTable
from relapse_model.study.names_near import near_names
from relapse_model.study.unit_spelling import unit_key

_REST = (
    "(docs/study_file.md). Leave any other out here and declare it in the study that is written, such as "
    '[analytes.hiv_rna] with unit = "copies/mL", with a predictor of its own: hiv_rna = {}'
)


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
        For a column or analyte that is asked for, and neither in the tables nor in the library, or that no line can
        be written for: it is never left out.
    """
    analytes = _Analytes(tables.get("labs"))
    patients, of_outcome = tables.get("patients"), draft.asked.column
    problems = [*analytes.unknown(draft.analytes or ()), *analytes.without_unit(draft)]
    problems += unwritable_columns(draft.columns or (), of_outcome, patients)
    if problems:
        raise StudyError("the study cannot be written", problems)
    outcome = _NO_OUTCOME if draft.outcome is None else _outcome(draft.outcome, analytes)
    horizon = [] if draft.horizon_weeks is None else [f"horizon_weeks = {draft.horizon_weeks:g}"]
    columns = column_lines(draft.columns, of_outcome, patients)
    results = analytes.predictors(draft)
    lines = [
        f"# {draft.name}: a draft. Lines that begin with # explain, or are choices that you have not made yet.",
        "# What every key means: docs/study_file.md; a study step by step: docs/own_study.md.",
        "", "[study]", "protocol = 1", f"name = {toml_text(draft.name)}",
        *([f"title = {toml_text(draft.title)}"] if draft.title else ['# title = "..."']),
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
    head = ["# What counts as the outcome.", "[outcome]", f"name = {toml_text(outcome.name)}"]
    if outcome.analyte is not None:
        side = "at_least" if outcome.at_least is not None else "below"
        limit = outcome.at_least if outcome.at_least is not None else outcome.below
        return [
            *head, f"analyte = {toml_text(analytes.name_of(outcome.analyte))}", f"{side} = {limit:g}",
            f"unit = {toml_text(outcome.unit or '')}",
            "# Must a second test confirm it? Then: confirm = { tests = 2 }",
        ]  # fmt: skip
    if outcome.column is None:
        return [*head, "adjudicated = true # read from the outcomes table: patient_id, relapse (0 or 1), week"]
    equals = [f"equals = {toml_text(outcome.equals)}"] if outcome.equals is not None else []
    others = [f"others = [{', '.join(map(toml_text, outcome.others))}]"] if outcome.others else []
    return [
        *head, f"column = {toml_text(outcome.column)}", *equals, *others,
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

    def without_unit(self, draft: StudyDraft) -> Iterator[Problem]:
        """Yield the analytes that are asked for, and of which the labs table has no unit that a study can take."""
        outcome = draft.asked
        of_outcome = None if outcome.analyte is None else self.name_of(outcome.analyte)
        for asked in draft.analytes or ():
            name = self.name_of(asked)
            units = self.units.get(name)
            if units is None or (name == of_outcome and outcome.unit):
                continue
            known = name in analyte_library()
            own = analyte_library()[name].declared["unit"] if known else ""
            if not units and not known:
                yield Problem("labs", None, "unit", f"no unit of {name!r}", "a unit", "State it in the labs table")
            elif known and units and not self._converts(name, units[0]):
                advice = f"Leave it out here and declare [analytes.{name}] in the study that is written"
                yield Problem("labs", None, "unit", f"{units[0]!r} of {name!r}", f"what converts into {own}", advice)

    @staticmethod
    def _converts(name: str, unit: str) -> bool:
        """Tell whether an analyte of the library may come in a unit."""
        library = analyte_library()[name]
        if unit_key(unit) == unit_key(library.declared["unit"]):
            return True
        try:
            declared_in(library, unit)
        except keys.NotAllowed:
            return False
        return True

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
                    f"# [analytes.{toml_key(name)}] is not declared: its results have no unit in the labs table",
                )
                continue
            yield from ("", f"[analytes.{toml_key(name)}]", f"unit = {toml_text(str(units[0]))}")
            yield '# On a logarithmic scale: scale = "log10", and lower_limit = the limit of the assay.'
            if others := [unit for unit in self.units.get(name, []) if unit_key(unit) != unit_key(str(units[0]))]:
                yield f"# It comes in {', '.join(others)} too: units = {{ {toml_text(others[0])} = FACTOR }}"

    def predictors(self, draft: StudyDraft) -> Iterator[str]:
        """Yield a line for each analyte, of the kind that is asked for most: the last result."""
        outcome = draft.asked
        of_outcome = None if outcome.analyte is None else self.name_of(outcome.analyte)
        for name in self.wanted(draft):
            units = self.units.get(name, [])
            if name == of_outcome and draft.analytes is None:
                yield f"# {toml_key(name)} = {{}} # the analyte of the outcome"
            elif name in analyte_library():
                stated = outcome.unit if name == of_outcome else units[0] if units else None
                yield self._of_library(name, stated)
            elif units or (name == of_outcome and outcome.unit):
                yield f"{toml_key(name)} = {{ analyte = {toml_text(name)} }}"

    def _of_library(self, name: str, unit: str | None) -> str:
        library = analyte_library()[name]
        own = library.declared["unit"]
        if unit is None or unit_key(unit) == unit_key(own):
            return f"{name} = {{}} # {library.declared['label']}, {own}"
        if not self._converts(name, unit):
            return f"# {name} = {{}} # in {unit}, which does not convert into {own}: declare [analytes.{name}] yourself"
        return f"{name} = {{ unit = {toml_text(unit)} }} # {library.declared['label']}"
