"""Meanings that a mapping gives to codes and texts, held against what these say by themselves, or by their label."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from relapse_model.cohort.deaths import names_a_death
from relapse_model.cohort.laboratory.lab_text import read_lab_text
from relapse_model.cohort.readers.entry_rows import in_mapping, place_of
from relapse_model.cohort.readers.label_words import is_arm, is_negated, level_named, relapse_or_free, says
from relapse_model.cohort.readers.other_things import DERIVED, NOT_GIVEN, PERSON, SPECIMEN, other_thing
from relapse_model.cohort.readers.outcome_events import named
from relapse_model.cohort.readers.source_mapping import Entry, Field, SourceMapping
from relapse_model.cohort.readers.source_values import text_key
from relapse_model.cohort.readers.units_in_names import Labels, unit_stands, units_in_name
from relapse_model.cohort.study_columns import levels_named
from relapse_model.cohort.tables.columns import TABLES
from relapse_model.errors import Problem
from relapse_model.study.line_numbers import Place
from relapse_model.study.names import NameTable, name_key, yes_or_no
from relapse_model.study.names_known import agent_names, analyte_names
from relapse_model.study.study import Study

Choices = Mapping[str, Mapping[str, str]]
"""By name of a column, what the source calls its codes."""

_RELAPSE = re.compile(r"relaps|recurren|复发")
_FREE = re.compile(r"\b(?:no|not|non|without|free)\b|未|无|没有")
_TRANSPLANT = re.compile(r"transplant|移植")
_LOST = re.compile(r"\blost\b|withdr|失访|退出")
_UNKNOWN = frozenset(
    {"unknown", "not known", "unk", "uncertain", "unclear", "undetermined", "not done", "not tested", "not assessed",
     "not evaluated", "not recorded", "not reported", "not available", "don't know", "do not know", "missing",
     "不详", "不明", "不清", "不清楚", "不知道", "未知", "未做", "未查", "未检", "未检测", "未检查", "未记录", "缺失"}
)  # fmt: skip
_ADVICE = "Correct the mapping, or the dictionary if that is wrong"
_ADVICE_OWN = "Correct the mapping"
_CALLED = {"omop": "the vocabulary", "fhir": "the code system"}
Same = Callable[[str, str], bool | None]
"""Whether a label and a meaning say the same; None where one of them says nothing that is understood."""


def meaning_clashes(
    mapping: SourceMapping, study: Study | None, choices: Choices, labels: Labels | None = None
) -> Iterator[Problem]:  # fmt: skip
    """Yield a problem for each code or text whose meaning is not what it, or the source's label of it, says.

    Refused are a label that is understood and says something else (``Male`` read as F), one that says that nothing
    is known, and a meaning that is the label of another code of the field. A label that is not understood contradicts
    nothing, and neither does an empty meaning: that a code tells nothing is for the mapping to say. Where the mapping
    states no meanings, a code means itself: 1 is yes, and refused if its label is "absent". In a column that is called
    the contrary of what is read in it ("No malignancy", "Free of relapse"), 1 and yes mean that it is not there.

    Parameters
    ----------
    mapping : SourceMapping
    study : Study or None
        By whose names analytes, agents and levels are understood.
    choices : mapping of str to mapping of str to str
        Labels by code, of the columns of which the source has them; a text without one speaks for itself.
    labels : mapping of str to tuple of str, optional
        What the source calls its columns.
    """
    words = _Words(study, choices, labels or {})
    for column, one in mapping.patients.items():
        yield from _of_field(mapping, one, ("patients", column), words)
    outcome = () if mapping.outcome is None else (mapping.outcome,)
    for entry in (*mapping.labs, *mapping.treatments, *outcome):
        for key, one in entry.fields.items():
            yield from _of_field(mapping, one, (*place_of(entry), key), words)
        yield from _of_conditions(mapping, entry, choices, words)


def _of_field(mapping: SourceMapping, one: Field, place: Place, words: _Words) -> Iterator[Problem]:
    key, negated = str(place[-1]), words.negated(one.name, str(place[-1]))
    same = words.same(key, negated=bool(negated))
    labels = {text_key(code): label for code, label in words.choices.get(one.name, {}).items()}
    if not one.values:
        yield from _as_printed(mapping, one, place, words, negated)
    for code, meaning in one.values.items():
        own = _sex(code, one.values) if key == "sex" else code if negated and yes_or_no(code) is not None else ""
        speaks = mapping.kind in _CALLED or one.name not in words.choices
        label = labels.get(text_key(code), own or (_speaking(code) if speaks else ""))
        others = labels if text_key(code) in labels else {}
        if label and meaning.strip() and _contradicts(label, meaning, same, others):
            yield _problem(mapping, place, one.name, code, meaning, labels.get(text_key(code)), negated)


def _as_printed(mapping: SourceMapping, one: Field, place: Place, words: _Words, negated: str) -> Iterator[Problem]:
    """Yield problems of a column whose codes mean themselves, and are called, or the column is, the contrary."""
    if negated:
        stated = f'State what they mean: {{ field = "{one.name}", values = {{ "1" = "0", "0" = "1" }} }}'
        found = f"{one.name!r}, by its name or label {negated!r}, with its texts as they are"
        yield in_mapping(mapping, place, found, f"a column of {words.called(str(place[-1]))}", stated)
        return
    same = words.same(str(place[-1]))
    for code, label in words.choices.get(one.name, {}).items():
        if same is None or same(code, code) is None or text_key(code) == text_key(label):
            continue  # nothing that the code says by itself: the table of patients refuses it
        if is_unknown(label) or same(label, code) is False:
            yield _problem(mapping, place, one.name, code, code, label)


def _problem(
    mapping: SourceMapping, place: Place, name: str, code: str, meaning: str, label: str | None, negated: str = ""
) -> Problem:  # fmt: skip
    found = f"{code!r} of {name!r} as {meaning!r}"
    if negated:
        return in_mapping(mapping, place, found, f"the contrary, as the column is called {negated!r}", _ADVICE)
    if label is None:
        return in_mapping(mapping, place, found, "what the text says by itself", _ADVICE_OWN)
    called = _CALLED.get(mapping.kind)
    advice = _ADVICE if called is None else _ADVICE_OWN
    return in_mapping(mapping, place, found, f"what {called or 'the data dictionary'} calls it: {label!r}", advice)


def _speaking(text: str) -> str:
    """Return a text that says something by itself: no number, and no single letter."""
    plain = unicodedata.normalize("NFKC", text).strip()
    is_code = (len(plain) < 2 and plain.isascii()) or not any(char.isalpha() for char in plain)
    return "" if is_code else text


def _sex(code: str, values: Mapping[str, str]) -> str:
    """Return the letter of a sex, which says by itself which one it is, as it does in the standards.

    M stands for women in some languages (``mujer``), but then another code than F stands for men.
    """
    letter = unicodedata.normalize("NFKC", code).strip().upper()
    men = [other for other, meaning in values.items() if other != code and meaning.strip().upper() == "M"]
    return (
        "" if letter not in ("F", "M") or (letter == "M" and any(one.strip().upper() != "F" for one in men)) else letter
    )


def _contradicts(label: str, meaning: str, same: Same | None, labels: Mapping[str, str]) -> bool:
    if is_unknown(label):
        return not is_unknown(meaning)
    understood = None if same is None else same(label, meaning)
    return _is_another(meaning, label, labels) if understood is None else not understood


def is_unknown(text: str) -> bool:
    """Tell whether a label says that nothing is known.

    Examples
    --------
    >>> is_unknown("Unknown"), is_unknown("不详"), is_unknown("No")
    (True, True, False)
    """
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split()) in _UNKNOWN


def _is_another(meaning: str, label: str, labels: Mapping[str, str]) -> bool:
    """Tell whether a meaning is the label of another code of the field, and not of its own."""
    event, name = named(meaning)
    keys = {name_key(meaning), name_key(name or event)}
    return name_key(label) not in keys and any(name_key(one) in keys for one in labels.values())


def _of_conditions(mapping: SourceMapping, entry: Entry, choices: Choices, words: _Words) -> Iterator[Problem]:
    """Yield a problem where rows of a code are read as of one analyte or agent, and its label is another."""
    for key in ("analyte", "agent"):
        meaning, same = entry.constants.get(key), words.same(key)
        if meaning is None or same is None:
            continue
        for name, codes in entry.when.items():
            labels = {text_key(code): label for code, label in choices.get(name, {}).items()}
            for code in codes:
                label = labels.get(text_key(code), _speaking(code))
                if label and same(label, meaning) is False:
                    place = (*place_of(entry), "when")
                    yield _problem(mapping, place, name, code, meaning, labels.get(text_key(code)))


@dataclass(frozen=True, slots=True)
class _Words:
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
    return any(unit_stands(unit, meaning) for unit in one) if one and other else None
