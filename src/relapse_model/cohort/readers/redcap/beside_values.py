"""Fields beside a value that a mapping does not read: its comparators, and a unit other than the one stated for all."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from relapse_model.arrays import Positions
from relapse_model.cohort.readers.redcap.dictionary import CODED, choices_of_column, why_never_read
from relapse_model.cohort.readers.redcap.export import STATUS, Export
from relapse_model.cohort.readers.second_statements import (
    UNIT_WORD,
    flags_below,
    holds_comparators,
    is_unit_of_other,
    plain_sign,
    same_unit,
)
from relapse_model.cohort.readers.source_mapping import Entry, SourceMapping
from relapse_model.cohort.readers.source_values import is_empty, is_missing
from relapse_model.errors import Problem

_SIGNS = frozenset(
    ("op", "oper", "operator", "cmp", "comp", "comparator", "comparison", "sign", "qual", "qualifier", "prefix",
     "symbol", "modifier", "mod", "lt", "gt", "rel", "cens", "censor", "censored", "inequality", "lod", "loq", "blod",
     "bloq", "blq", "bld", "bdl", "below", "limit", "undetectable", "undetected", "detected")
)  # fmt: skip
FLAGS = {"1": "<", "0": ""}  # what yes and no of such a field mean as comparators
_UNITS = frozenset(("unit", "units", "uom", "u", "unidad", "unite", "einheit", "单位"))
_ANY = {"value": frozenset(("result", "res", "value", "val", "lab", "test")), "dose": frozenset(("dose", "dosage"))}


def unread_comparators(export: Export, mapping: SourceMapping, named: frozenset[str]) -> Iterator[Problem]:
    """Yield a problem for each field of comparators of a value that is read without them: "<" 0.05 is not 0.05.

    Parameters
    ----------
    export : Export
    mapping : SourceMapping
    named : frozenset of str
        Fields that the mapping names.
    """
    values = [
        one.fields["value"].name for one in mapping.labs if "value" in one.fields and "comparator" not in one.fields
    ]
    for name in unread(export, named):
        flag = _flags_below(export, name)
        if flag or holds_comparators(texts_of(export, name)):
            for value in beside(export, name, values, _SIGNS)[:1]:
                what = "what is below its limit" if flag else "comparators"
                found, expected = f"{what} of {value!r}, which the mapping does not read", f"comparator = {name!r}"
                meanings = f", with values = {{ {stated_meanings(FLAGS)} }}" if flag else _meanings(export, name)
                advice = f"Name it in the entry of {value!r}{meanings}"
                yield Problem(export.table.name, None, name, found, expected, advice)


def _flags_below(export: Export, name: str) -> bool:
    """Tell whether a field says by yes or no, or by a box, that a result is below its limit."""
    known = export.definition(name)
    box = choices_of_column(name, known).get("1", "") if "___" in name else ""
    if plain_sign(box) in ("<", "<="):
        return bool((export.columns[name].str.removesuffix(".0") == "1").any())
    return flags_below([name, box, known.label if known else ""], export.columns[name])


def other_units(
    export: Export, mapping: SourceMapping, entry: Entry, rows: Positions, named: frozenset[str]
) -> list[Problem]:  # fmt: skip
    """Return a problem for each value beside which another unit stands than the one that the mapping states for all.

    Parameters
    ----------
    export : Export
    mapping : SourceMapping
    entry : Entry
    rows : array of int
        That the entry took.
    named : frozenset of str
        Fields that the mapping names.
    """
    key = "value" if entry.section == "labs" else "dose"
    value = entry.fields.get(key)
    stated = entry.constants.get("unit") or (value.unit if value else "")
    if value is None or not stated or "unit" in entry.fields:
        return []
    problems: list[Problem] = []
    for name in unread(export, named):
        if not is_unit_field(export, name) or not beside(export, name, [value.name], _UNITS, key):
            continue
        printed = texts_of(export, name)
        raw = export.columns[name]
        known = ~(is_missing(raw, mapping.missing) | is_empty(raw))
        codes, units = pd.factorize(printed)
        other = np.array([bool(one) and not same_unit(stated, str(one)) for one in units], dtype=bool)[codes] & known
        taken = np.zeros(len(other), dtype=bool)
        taken[rows] = True
        expected = f"{stated!r}, which the mapping states for {value.name!r}"
        advice = f"Read the unit from here: unit = {{ field = {name!r} }}{_meanings(export, name)}"
        problems += export.table.problems(other & taken, name, expected, advice, printed)
    return problems


def texts_of(export: Export, name: str) -> pd.Series:
    """Return the texts of a field; of a coded one, what its codes are called."""
    texts, known = export.columns[name].astype(str).str.strip(), export.definition(name)
    if known is None or known.type not in CODED:
        return texts
    labels = {text: known.choices.get(text.removesuffix(".0"), text).strip() for text in texts.unique()}
    return texts.map(labels).astype(object)


def is_unit_field(export: Export, name: str) -> bool:
    """Tell whether a field is called one of units, by its name or its label."""
    known = export.definition(name)
    if any(map(is_unit_of_other, (name, known.label if known else ""))):
        return False
    words = set(_tokens(name)) & (_UNITS - {"u"}) or UNIT_WORD.search(known.label.casefold() if known else "")
    return bool(words) or (_tokens(name)[-1:] == ["u"] and len(_tokens(name)) > 1)


def comparator_meanings(export: Export, name: str) -> dict[str, str]:
    """Return what the codes of a field of comparators mean; nothing where it holds the signs themselves."""
    known = export.definition(name)
    if _flags_below(export, name):
        return FLAGS
    return {} if known is None or known.type not in CODED else dict(known.choices)


def beside(
    export: Export, name: str, values: list[str], words: frozenset[str], key: str = "value"
) -> list[str]:  # fmt: skip
    """Return the fields that another may be beside: by its name without words for what it is, else by its form.

    Parameters
    ----------
    export : Export
    name : str
    values : list of str
        Fields of values.
    words : frozenset of str
        For what the field is.
    key : str
        Of the values: ``"value"`` or ``"dose"``.
    """
    stem = set(_tokens(name)) - words
    close = [one for one in values if stem and (stem <= set(_tokens(one)) or set(_tokens(one)) <= stem)]
    if close:
        return close
    form = export.forms.get(name, "")
    there = [one for one in dict.fromkeys(values) if export.forms.get(one, "") == form]
    if stem <= _ANY[key]:
        return there
    others = [one for one in export.columns if one != name and one not in values and not export.structural(one)]
    if words is not _SIGNS or any(stem <= set(_tokens(one)) for one in others):
        return []
    return there


def comparators_beside(export: Export, values: list[str]) -> dict[str, list[str]]:
    """Return the fields of comparators, with the values that each may belong to.

    Parameters
    ----------
    export : Export
    values : list of str
        Fields of results.
    """
    signs = [
        name for name in _fields(export)
        if name not in values and (holds_comparators(texts_of(export, name)) or _flags_below(export, name))
    ]  # fmt: skip
    found = {name: beside(export, name, values, _SIGNS) for name in signs}
    exact = {
        name: [one for one in others if set(_tokens(one)) == set(_tokens(name)) - _SIGNS]
        for name, others in found.items()
    }
    return {name: exact[name] or others for name, others in found.items()}


def units_beside(export: Export, value: str, key: str = "value") -> str:
    """Return the field of the units of a value; nothing where there is none, or more than one."""
    named = [name for name in _fields(export) if is_unit_field(export, name) and (texts_of(export, name) != "").any()]
    return _one(export, value, _UNITS, named, key)


def _one(export: Export, value: str, words: frozenset[str], names: list[str], key: str = "value") -> str:
    found = [name for name in names if name != value and beside(export, name, [value], words, key)]
    return found[0] if len(found) == 1 else ""


def _fields(export: Export) -> list[str]:
    return unread(export, frozenset())


def unread(export: Export, named: frozenset[str]) -> list[str]:
    """Return the fields that a mapping does not name, and that may be read."""
    return [
        name for name in export.columns
        if name not in named and not export.structural(name) and not name.endswith((STATUS, "_timestamp"))
        and not why_never_read(name, export.definition(name))
    ]  # fmt: skip


def _meanings(export: Export, name: str) -> str:
    """Return how the meanings of a coded field are stated, to follow its name in an advice."""
    known = export.definition(name)
    if known is None or known.type not in CODED:
        return ""
    return f", with values = {{ {stated_meanings(known.choices)} }}"


def stated_meanings(choices: Mapping[str, str]) -> str:
    """Return codes and labels as a mapping states meanings."""
    return ", ".join(f'"{code}" = "{label}"' for code, label in choices.items())


def _tokens(name: str) -> list[str]:
    return [part for part in re.split(r"[_\W]+", name.casefold()) if part]
