"""What labels, texts and meanings say, by the study's names and the words of the field: whether two say the same."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from relapse_model.cohort.deaths import names_a_death
from relapse_model.cohort.laboratory.lab_text import read_lab_text
from relapse_model.cohort.readers.label_words import is_arm, is_negated, level_named, relapse_or_free, says
from relapse_model.cohort.readers.measures_in_names import other_measure
from relapse_model.cohort.readers.other_things import DERIVED, NOT_GIVEN, PERSON, SPECIMEN, other_thing
from relapse_model.cohort.readers.outcome_events import named
from relapse_model.cohort.readers.units_in_names import Labels, unit_stands, units_in_name
from relapse_model.cohort.study_columns import levels_named
from relapse_model.cohort.tables.columns import TABLES
from relapse_model.study.names import NameTable, yes_or_no
from relapse_model.study.names_known import agent_names, analyte_names
from relapse_model.study.study import Study

Choices = Mapping[str, Mapping[str, str]]
"""By name of a column, what the source calls its codes."""

_RELAPSE = re.compile(r"relaps|recurren|复发")
_FREE = re.compile(r"\b(?:no|not|non|without|free)\b|未|无|没有")
_TRANSPLANT = re.compile(r"transplant|移植")
_LOST = re.compile(r"\blost\b|withdr|失访|退出")
Same = Callable[[str, str], bool | None]
"""Whether a label and a meaning say the same; None where one of them says nothing that is understood."""


@dataclass(frozen=True, slots=True)
class Words:
    """What labels and meanings say, by the study's names and the words of the field."""

    study: Study | None
    choices: Choices
    labels: Labels

    def negated(self, name: str, key: str) -> str:
        """Return the label of a column, or its name if it has none, if that is the contrary of what is read in it."""
        label = next((one for one in self.labels.get(name, ())[:1] if one), name)
        rule = TABLES["patients"].get(key)
        if key in ("relapse", "event"):
            return label if self._of_relapse() and is_negated(label, key) else ""
        return label if rule is not None and rule.kind == "flag" and is_negated(label, key) else ""

    def called(self, key: str) -> str:
        """Return what a key of a mapping is, in words."""
        return self._outcome() or "the outcome" if key in ("relapse", "event") else key

    def same(self, key: str, *, negated: bool = False) -> Same | None:
        """Return what compares the labels and meanings of one key of a mapping; None where nothing is understood."""
        rule = TABLES["patients"].get(key)
        known: dict[str, Same] = {
            "event": lambda label, meaning: self._events(label, meaning, negated), "unit": _units,
            "relapse": lambda label, meaning: self._relapse(label, meaning, negated), "value": _values,
        }  # fmt: skip
        if key in ("analyte", "agent"):
            return None if self.study is None else self._names(self.study, key)
        if key in known:
            return known[key]
        if key == "sex":
            return _by(lambda text: TABLES["patients"]["sex"].spellings.get(text.strip().casefold()))
        if rule is not None and rule.kind == "flag":
            return lambda label, meaning: _both(_flag(label, key, negated), _flag(meaning, key))
        levels = {} if self.study is None else levels_named(self.study)
        return self._levels(levels[key]) if key in levels and self.study is not None else None

    def _levels(self, levels: tuple[str, ...]) -> Same:
        agents: NameTable | None = None if self.study is None else agent_names(self.study)

        def same(label: str, meaning: str) -> bool | None:
            level = level_named(meaning, levels)
            return None if level is None else is_arm(label, level, levels, agents)

        return same

    @staticmethod
    def _names(study: Study, key: str) -> Same:
        """Return what compares names of analytes or agents; an agent may be called by one that counts with it."""
        table = analyte_names(study) if key == "analyte" else agent_names(study)
        others = (PERSON, SPECIMEN, DERIVED) if key == "analyte" else (NOT_GIVEN,)
        together = [] if key == "analyte" else [set(one.agents) for one in study.predictors if one.agents]

        def same(label: str, meaning: str) -> bool | None:
            one, other = table.meaning(label).name, table.meaning(meaning).name
            if one is None and other is not None and (said := other_thing(label, others)):
                return None if said == other_thing(meaning, others) else False  # "HBIG placebo" is none
            if one is None or other is None or one == other:
                return None if one is None or other is None else True
            return None if any({one, other} <= each for each in together) else False

        return same

    def _outcome(self) -> str | None:
        return event_named("relapse" if self.study is None else self.study.outcome.name)

    def _of_relapse(self) -> bool:
        return self._outcome() == "relapse"

    def _event(self, label: str) -> str | None:
        """Return which event a label is; of a study of relapses also by what became of the antigen."""
        event = event_named(label)
        return relapse_or_free(label) if event is None and self._of_relapse() else event

    def _events(self, label: str, meaning: str, negated: bool) -> bool | None:
        event, name = named(meaning)
        meant = {"relapse": self._outcome(), "free": "free"}.get(event.casefold(), event_named(name))
        answer = yes_or_no(label)
        said = self._event(label) if answer is None else "free" if answer is negated else self._outcome()
        return None if (said, meant) == ("lost", "free") else _both(said, meant)  # free of it until then

    def _relapse(self, label: str, meaning: str, negated: bool) -> bool | None:
        answer, event, outcome = yes_or_no(label), self._event(label), self._outcome()
        said = None if answer is None else answer is not negated
        if said is None and event not in (None, "lost") and outcome is not None:
            said = event == outcome
        return _both(says(label) if said is None else said, yes_or_no(meaning))


def _by(sense: Callable[[str], object]) -> Same:
    return lambda label, meaning: _both(sense(label), sense(meaning))


def _both(one: object, other: object) -> bool | None:
    return None if one is None or other is None else one == other


def event_named(text: str) -> str | None:
    """Return which event a text names, of those that are understood.

    Examples
    --------
    >>> [event_named(text) for text in ("Relapse", "No relapse", "Died of HCC", "Liver transplantation", "Other")]
    ['relapse', 'free', 'death', 'transplantation', None]
    """
    plain = unicodedata.normalize("NFKC", text).casefold().replace("_", " ")
    if names_a_death(plain):
        return "death"
    if _LOST.search(plain):
        return "lost"
    if _RELAPSE.search(plain):
        return "free" if _FREE.search(plain) else "relapse"
    if _TRANSPLANT.search(plain):
        return None if _FREE.search(plain) else "transplantation"
    return "free" if plain.strip() == "free" else None


def results_contradict(one: str, other: str) -> bool:
    """Tell whether of two texts one says positive and the other negative.

    Examples
    --------
    >>> [results_contradict("Negative", text) for text in ("positive", "not detected", "<0.05", "")]
    [True, False, False, False]
    """
    return _both(_result(one), _result(other)) is False


def _flag(text: str, column: str, negated: bool = False) -> bool | None:
    answer, said, result = yes_or_no(text), says(text, column), _result(text)
    if answer is not None:
        return answer is not negated
    return said if said is not None or result is None else result == "positive"


def _values(label: str, meaning: str) -> bool | None:
    """Compare results in words; a label may say yes, or no, instead."""
    said = _result(label) or {True: "positive", False: "negative", None: None}[yes_or_no(_no_digit(label))]
    return _both(said, _result(meaning))


def _no_digit(text: str) -> str:
    return "" if any(char.isdigit() for char in text) else text


@lru_cache(maxsize=4096)  # an export has a few words, and very many results
def _result(text: str) -> str | None:
    """Return whether a text says positive or negative, by its words alone."""
    if any(char.isdigit() for char in text):
        return None
    kind = read_lab_text(text).kind
    return kind if kind in ("negative", "positive") else None


def _units(label: str, meaning: str) -> bool | None:
    one, other = units_in_name(f"({label})"), units_in_name(f"({meaning})")
    if not one and other and other_measure(f"({label})", meaning):
        return False
    return any(unit_stands(unit, meaning) for unit in one) if one and other else None
