"""Meanings that a mapping gives to codes and texts, held against what these say by themselves, or by their label."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping

from relapse_model.cohort.readers.entry_rows import in_mapping, place_of
from relapse_model.cohort.readers.outcome_events import named
from relapse_model.cohort.readers.same_meaning import Choices, Same, Words
from relapse_model.cohort.readers.source_mapping import Entry, Field, SourceMapping
from relapse_model.cohort.readers.source_values import text_key
from relapse_model.cohort.readers.units_in_names import Labels
from relapse_model.errors import Problem
from relapse_model.study.line_numbers import Place
from relapse_model.study.names import name_key, yes_or_no
from relapse_model.study.study import Study

_UNKNOWN = frozenset(
    {"unknown", "not known", "unk", "uncertain", "unclear", "undetermined", "not done", "not tested", "not assessed",
     "not evaluated", "not recorded", "not reported", "not available", "don't know", "do not know", "missing",
     "unbekannt", "inconnu", "inconnue", "desconocido", "sconosciuto", "non noto",
     "不详", "不明", "不清", "不清楚", "不知道", "未知", "未做", "未查", "未检", "未检测", "未检查", "未记录", "缺失"}
)  # fmt: skip
_ADVICE = "Correct the mapping, or the dictionary if that is wrong"
_ADVICE_OWN = "Correct the mapping"
_SIGNS = ("+", "++", "+++", "(+)", "(-)")  # a bare dash may mean "not done"
_CALLED = {"omop": "the vocabulary", "fhir": "the code system"}


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
    words = Words(study, choices, labels or {})
    for column, one in mapping.patients.items():
        yield from _of_field(mapping, one, ("patients", column), words)
    outcome = () if mapping.outcome is None else (mapping.outcome,)
    for entry in (*mapping.labs, *mapping.treatments, *outcome):
        for key, one in entry.fields.items():
            yield from _of_field(mapping, one, (*place_of(entry), key), words)
        yield from _of_conditions(mapping, entry, choices, words)


def _of_field(mapping: SourceMapping, one: Field, place: Place, words: Words) -> Iterator[Problem]:
    key, negated = str(place[-1]), words.negated(one.name, str(place[-1]))
    same = words.same(key, negated=bool(negated))
    labels = {text_key(code): label for code, label in words.choices.get(one.name, {}).items()}
    if not one.values:
        yield from _as_printed(mapping, one, place, words, negated)
    for code, meaning in one.values.items():
        own = _sex(code, one.values) if key == "sex" else code if negated and yes_or_no(code) is not None else ""
        speaks = mapping.kind in _CALLED or one.name not in words.choices
        label = labels.get(text_key(code), own or (_speaking(code, key) if speaks else ""))
        others = labels if text_key(code) in labels else {}
        if label and meaning.strip() and _contradicts(label, meaning, same, others):
            yield _problem(mapping, place, one.name, code, meaning, labels.get(text_key(code)), negated)


def _as_printed(mapping: SourceMapping, one: Field, place: Place, words: Words, negated: str) -> Iterator[Problem]:
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


def _speaking(text: str, key: str = "") -> str:
    """Return a text that says something by itself: no number, no single letter, and a sign of a result alone."""
    if key == "value" and text.strip() in _SIGNS:
        return text
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


def _of_conditions(mapping: SourceMapping, entry: Entry, choices: Choices, words: Words) -> Iterator[Problem]:
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
