"""What a resource says besides its code and its number, held against them: names, specimens, interpretations."""

from __future__ import annotations

import numpy as np

from relapse_model.cohort.laboratory.lab_text import read_lab_text
from relapse_model.cohort.readers.beside_numbers import Numbers, contradicts
from relapse_model.cohort.readers.contradicting_units import other_unit_named
from relapse_model.cohort.readers.fhir.elements import LOINC, Coding, Json, codings_in, object_in, objects_in, text_in
from relapse_model.cohort.readers.fhir.resource_types import TYPES
from relapse_model.cohort.readers.fhir.values import Said, UnclearError
from relapse_model.cohort.readers.fhir.wanted import Wanted
from relapse_model.cohort.readers.other_things import PERSON, SPECIMEN, other_thing
from relapse_model.cohort.readers.second_names import (
    IF_ITS_UNIT,
    IF_RIGHT,
    NAMED,
    OF_ONE_UNIT,
    SecondNames,
    logarithm_in_plain_unit,
)
from relapse_model.cohort.readers.words_beside import denied, limit_said

_ONE_OF_TWO = "Correct the one that is wrong"
_INTERPRETED = {"NEG": "negative", "ND": "not detected", "POS": "positive", "DET": "detected"}
_OFF_SCALE = {"<": "<", ">": ">", "LX": "<", "HX": ">"}  # below or above what the assay can measure


def refuse_other_names(node: Json, codings: list[Coding], kind: str, wanted: Wanted, second: SecondNames) -> None:
    """Refuse what calls its own code by the name of another analyte or agent, or another person's."""
    key, element = NAMED.get(wanted.section), TYPES[kind].codes
    element = "medicationCodeableConcept" if element == "medication" else element
    if key is None or "value" in wanted.paths or any(path[0].name == element for path, _ in wanted.when):
        return
    held = node.get(element)
    others = second.loinc_of_others(wanted.name) if key == "analyte" else ()
    asked = wanted.entry.codes if wanted.entry is not None else ()
    for one in codings:
        if one.system == LOINC and one.code in others and one.key not in asked:
            raise UnclearError(element, one.key, f"codes of {wanted.name} alone", _ONE_OF_TWO)
    said = [one.display for one in codings]
    said += [text_in(held, "text")] if isinstance(held, dict) else []
    other = next((text for text in said if second.contradicts(key, text, wanted.name)), None)
    if other is not None:
        raise UnclearError(element, repr(other), f"a name of {wanted.name}", IF_RIGHT)
    _refuse_other_specimen(node, wanted)


def _refuse_other_specimen(node: Json, wanted: Wanted) -> None:
    """Refuse a result that says by itself that it is of another specimen or person."""
    for element in ("specimen", "bodySite") if wanted.section == "labs" else ():
        held = object_in(node, element) or {}
        said = [text_in(held, "display"), text_in(held, "text")]
        said += [one.display for one in codings_in(node, element)] if element == "bodySite" else []
        other = next((text for text in said if other_thing(text, (SPECIMEN, PERSON))), None)
        if other is not None:
            raise UnclearError(element, repr(other), "blood of the patient", IF_RIGHT)


def refuse_other_scale(codings: list[Coding], node: Json, said: Said, wanted: Wanted) -> None:
    """Refuse a number that its own code calls a logarithm, or says to be in another unit than the one it is read in."""
    if wanted.section != "labs" or not any(map(str.isdigit, said.text)):
        return
    called = [one.display for one in codings] + [text_in(object_in(node, "code") or {}, "text")]
    unit = said.unit or wanted.unit
    log = next((one for one in called if logarithm_in_plain_unit(one, unit)), None)
    if log is not None:
        raise UnclearError("code", f"{log!r}, in {unit!r}", "the amount itself, as its unit says, and no logarithm",
                           IF_RIGHT)  # fmt: skip
    other = next((one for one in called if other_unit_named(one, unit)), None)
    if other is not None:
        raise UnclearError("code", f"{other!r}, in {unit!r}", OF_ONE_UNIT, IF_ITS_UNIT)


def refuse_interpretation(node: Json, said: Said, wanted: Wanted, second: SecondNames) -> None:
    """Refuse a number that the laboratory's own interpretation denies: negative, and above the study's limit."""
    if "interpretation" not in node or said.element != "valueQuantity":
        return
    codes = codings_in(node, "interpretation")
    words = [_INTERPRETED.get(one.code, one.display) for one in codes]
    words += [text_in(one, "text") for one in objects_in(node, "interpretation")]
    words = [one for one in words if limit_said(one) or read_lab_text(one).kind in ("negative", "positive")]
    sign = said.text[: len(said.text) - len(said.text.lstrip("<>="))]
    off = next((one.code for one in codes if one.code in _OFF_SCALE and sign[:1] != _OFF_SCALE[one.code]), "")
    if off:
        expected = f"{_OFF_SCALE[off]} as the comparator of the number"
        raise UnclearError("interpretation", repr(off), expected, _ONE_OF_TWO)
    if not words:
        return
    study = second.study
    numbers = Numbers(np.array([float(said.text.lstrip("<>="))]), np.array([sign], dtype=object),
                      np.array([said.unit or wanted.unit], dtype=object), np.array([True]))  # fmt: skip
    rule = None if study is None else study.analytes.get(wanted.name)
    wrong = [
        one for one in words
        if contradicts(numbers, np.array([one], dtype=object), rule)[0]
        or denied([said.text], [said.unit or wanted.unit], np.array([limit_said(one)], dtype=object), rule)[0]
    ]  # fmt: skip
    if wrong:
        raise UnclearError("interpretation", repr(wrong[0]), "what the number beside it says", _ONE_OF_TWO)


def is_test(resource: Json) -> bool:
    """Tell whether a resource is marked as one made for tests, and of no real patient."""
    meta = object_in(resource, "meta") or {}
    marks = [one for name in ("security", "tag") for one in codings_in(meta, name)]
    return any(one.code == "HTEST" for one in marks)
