"""What an Observation, or one of its components, says: the text of its value, the unit, or why there is none."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from relapse_model.cohort.readers.contradicting_units import units_contradict
from relapse_model.cohort.readers.fhir.elements import UCUM, Json, codings_in, object_in, text_in
from relapse_model.cohort.readers.same_meaning import results_contradict
from relapse_model.study.names import name_key

_AMOUNTS = {"[iu]": "IU", "iu": "IU", "g": "g", "mg": "mg", "ug": "ug", "mcg": "ug", "\u00b5g": "ug", "\u03bcg": "ug"}
COMPARATORS = ("<", "<=", ">=", ">")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_WITHOUT_MEANING = re.compile(r"1|(?:\{[^{}]*\})+")  # UCUM of what has no dimension: braces carry no meaning


@dataclass(frozen=True, slots=True)
class Said:
    """What a result says.

    Attributes
    ----------
    text : str
        As the cohort's `value`; empty where there is none.
    unit : str
        Empty where none is stated.
    element : str
        Where it stands.
    absent : str
        Why there is no value.
    """

    text: str = ""
    unit: str = ""
    element: str = "value"
    absent: str = ""


CORRECT = "Correct the resource in the source, or take it out if it does not count"
"""What to do about a value that cannot be read, where nothing else is said."""


class UnclearError(Exception):
    """A value cannot be read; carries where, what came, what was expected and what to do."""

    def __init__(self, element: str, found: str, expected: str, advice: str = ""):
        super().__init__(element)
        self.element, self.found, self.expected, self.advice = element, found, expected, advice or CORRECT


def value_said(node: Json, meanings: Mapping[str, str]) -> Said:
    """Return what a value[x] says: a number with its comparator, a text as printed, or a code's meaning.

    Parameters
    ----------
    node : dict
        An Observation or a component.
    meanings : mapping of str to str
        Of ``system|code``, texts, ``true`` and ``false``, as the mapping states them.

    Raises
    ------
    UnclearError
        If there is a value that cannot be read.

    Examples
    --------
    >>> value_said({"valueQuantity": {"value": "0.05", "comparator": "<", "unit": "IU/ml", "code": "[IU]/mL"}}, {})
    Said(text='<0.05', unit='IU/ml', element='valueQuantity', absent='')
    >>> value_said({"dataAbsentReason": {"coding": [{"code": "not-performed"}]}}, {}).absent
    'no value: not-performed'
    """
    there = [key for key in node if key.startswith("value")]
    hidden = [key for key in node if key.startswith("_value")]
    hidden += [f"{key}._value" for key in there if isinstance(node[key], dict) and "_value" in node[key]]
    if there and hidden:
        raise UnclearError(hidden[0], "an extension of the value, such as why it is not given", "a value",
                           "Leave the value out, or export it without the extension")  # fmt: skip
    reason = _absent(node)
    if not there:
        return Said(absent=reason or "no value, and no reason for it")
    if len(there) > 1:
        raise UnclearError(there[1], f"{' and '.join(sorted(there))}", "one value")
    element = there[0]
    if reason:
        raise UnclearError(element, f"a value, and {reason}", "a value or a dataAbsentReason")
    if element == "valueQuantity":
        return _quantity(object_in(node, element) or {}, element)
    if element == "valueCodeableConcept":
        return _concept(node, element, meanings)
    if element in ("valueString", "valueInteger", "valueBoolean"):
        text = text_in(node, element)
        meant = {name_key(printed): meaning for printed, meaning in meanings.items()}.get(name_key(text))
        if element == "valueBoolean" and meant is None:
            raise UnclearError(element, repr(text), "a meaning under the entry's value", _state(text))
        said = text if meant is None else meant
        return Said(said, element=element, absent="" if said else "no value: a text that means none")
    raise UnclearError(element, f"a {element.removeprefix('value')}", "a quantity, a text, a whole number or a code")


def _absent(node: Json) -> str:
    if "dataAbsentReason" not in node:
        return ""
    codes = [one.code for one in codings_in(node, "dataAbsentReason")]
    return f"no value: {codes[0] if codes else 'a reason in words'}"


def _quantity(quantity: Json, element: str) -> Said:
    number, comparator = text_in(quantity, "value"), text_in(quantity, "comparator")
    if comparator not in ("", *COMPARATORS):
        raise UnclearError(
            f"{element}.comparator", repr(comparator), f"one of {', '.join(COMPARATORS)}, or none",
            "FHIR has no other: ask what the converter meant by it",
        )  # fmt: skip
    if not number and not comparator:
        return Said(element=element, absent="no value: a quantity without a number")
    if not _NUMBER.fullmatch(number):
        raise UnclearError(f"{element}.value", "no number", "a number as JSON prints it")
    return Said(comparator + number, unit_said(quantity, element), element)


def unit_said(quantity: Json, element: str = "quantity") -> str:
    """Return the unit of a quantity: by its UCUM code, as it is printed where the code has no dimension.

    Parameters
    ----------
    quantity : dict
    element : str
        What to call it.

    Raises
    ------
    UnclearError
        If unit and code contradict each other.

    Examples
    --------
    >>> unit_said({"unit": "mIU/mL", "code": "m[IU]/mL", "system": "http://unitsofmeasure.org"})
    'm[IU]/mL'
    >>> unit_said({"unit": "S/CO", "code": "1", "system": "http://unitsofmeasure.org"})
    'S/CO'
    """
    unit, code, system = (text_in(quantity, name) for name in ("unit", "code", "system"))
    if not code or (unit and (system.lower() not in (UCUM, "urn:oid:2.16.840.1.113883.6.8"))):
        return unit
    if _WITHOUT_MEANING.fullmatch(code):
        return unit or code.strip("{}")
    amounts = {_AMOUNTS.get(text.casefold(), "") for text in (code, unit)} - {""}
    if units_contradict(code, unit) or len(amounts) > 1:
        raise UnclearError(f"{element}.unit", f"{unit!r}, and the code {code!r}", "one unit",
                           "Ask in which of them the number is")  # fmt: skip
    return code


def _concept(node: Json, element: str, meanings: Mapping[str, str]) -> Said:
    """Return the meaning of a code; a concept in words alone is a text as printed."""
    codings = codings_in(node, element)
    text = text_in(object_in(node, element) or {}, "text")
    by_text = {name_key(printed): meaning for printed, meaning in meanings.items()}.get(name_key(text))
    meant = {meanings[one.key] for one in codings if one.key in meanings}
    if not meant and text and by_text is not None:
        meant = {by_text}
    if len(meant) > 1:
        raise UnclearError(element, "codes with different meanings", "one meaning")
    if meant:
        said = meant.pop()
        printed = [text, *(one.display for one in codings)]
        other = next((one for one in printed if results_contradict(one, said)), None)
        if other is not None:
            raise UnclearError(element, f"{other!r}, and a code that the mapping reads as {said!r}", "one meaning",
                               "Correct the mapping, or the export")  # fmt: skip
        return Said(said, element=element, absent="" if said else "no value: a code that means none")
    if not codings:
        return Said(text, element=element, absent="" if text else "no value, and no reason for it")
    keys = ", ".join(one.key for one in codings)
    raise UnclearError(element, keys, "a code with a meaning in the mapping", _state(codings[0].key))


def _state(printed: str) -> str:
    return f'State it in the entry: value = {{ field = "value", values = {{ "{printed}" = "negative" }} }}'
