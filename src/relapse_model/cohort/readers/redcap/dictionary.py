"""The data dictionary of a project: the form of each field, its choices, and which fields may identify a person."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relapse_model.cohort.readers.identifying import may_identify
from relapse_model.cohort.readers.redcap.text_file import REFUSED, read_rows, refusal
from relapse_model.errors import Problem, SourceError

_HEADINGS = {
    "name": ("variable / field name", "field_name"),
    "form": ("form name", "form_name"),
    "type": ("field type", "field_type"),
    "label": ("field label", "field_label"),
    "choices": ("choices, calculations, or slider labels", "choices or calculations",
                "select_choices_or_calculations"),
    "validation": ("text validation type or show slider number", "text_validation_type_or_show_slider_number"),
    "identifier": ("identifier?", "identifier"),
    "note": ("field note", "field_note"),
}  # fmt: skip
"""Headings of the file that REDCap's pages write, and of the one that its interface for programs writes."""

CODED = ("radio", "dropdown", "select", "yesno", "truefalse")
_CONTACT = ("email", "phone", "ssn", "vmrn", "mrn", "zipcode", "postalcode")  # beginnings of validation types
_YES_NO = {"yesno": {"1": "Yes", "0": "No"}, "truefalse": {"1": "True", "0": "False"}}


@dataclass(frozen=True, slots=True)
class FieldDefinition:
    """One field of the project.

    Attributes
    ----------
    name, form, type, label, validation : str
        As in the dictionary; `type` and `validation` in lower case.
    choices : mapping of str to str
        From code to label.
    identifier : bool
        Whether the project marks it as identifying.
    note : str
        Printed below the field: the unit, often.
    formula : str
        Of a calculated field.
    """

    name: str
    form: str = ""
    type: str = "text"
    label: str = ""
    validation: str = ""
    choices: Mapping[str, str] = field(default_factory=dict)
    identifier: bool = False
    note: str = ""
    formula: str = ""


def why_never_read(name: str, known: FieldDefinition | None) -> str:
    """Say why a field is never read; empty where it may be.

    Parameters
    ----------
    name : str
    known : FieldDefinition or None
        What the dictionary says of it.

    Examples
    --------
    >>> why_never_read("dob", None), why_never_read("weight", FieldDefinition("weight", identifier=True))
    ('named like one of a person', 'marked as an identifier')
    """
    if known is not None and known.identifier:
        return "marked as an identifier"
    if known is not None and known.validation.startswith(_CONTACT):
        return f"of the type {known.validation}"
    if known is not None and known.type in ("file", "signature"):
        return "an uploaded file"
    return "named like one of a person" if may_identify(name) else ""


def read_dictionary(path: Path, max_bytes: int) -> dict[str, FieldDefinition]:
    """Read a data dictionary.

    Parameters
    ----------
    path : Path
    max_bytes : int

    Returns
    -------
    dict of str to FieldDefinition
        In the order of the file, which is that of the project.
    """
    columns, number = read_rows(path, {"max_bytes": max_bytes})
    by_heading = {name.casefold(): texts for name, texts in columns.items()}
    found = {
        key: next((by_heading[heading] for heading in headings if heading in by_heading), None)
        for key, headings in _HEADINGS.items()
    }
    lacking = [_HEADINGS[key][0] for key in ("name", "form", "type", "identifier") if found[key] is None]
    if lacking:
        raise refusal(
            path.name, f"no column {', '.join(map(repr, lacking))}", "a data dictionary as REDCap writes it", row=1
        )
    size = len(next(iter(by_heading.values())))
    texts: dict[str, Iterable[Any]] = {key: [""] * size if one is None else one for key, one in found.items()}
    _refuse_twice(path.name, found, number)
    fields: dict[str, FieldDefinition] = {}
    for row in zip(*(texts[key] for key in _HEADINGS), strict=True):
        name, form, kind, label, choices, validation, identifier, note = (cell.strip() for cell in row)
        fields[name] = FieldDefinition(
            name, form, kind.lower(), without_tags(label), validation.lower(), choices_of(kind.lower(), choices),
            identifier.lower() in ("y", "1", "yes"), without_tags(note), choices if kind.lower() == "calc" else "",
        )  # fmt: skip
    return fields


def _refuse_twice(name: str, found: Mapping[str, Any], number: NDArray[np.int64]) -> None:
    """Refuse a field on two rows, and a code that stands for two choices: nothing says which of them counts."""
    fields = [cell.strip() for cell in found["name"]]
    problems = [
        Problem(name, int(number[row]), _HEADINGS["name"][0], f"field {field!r} a second time", "each field once")
        for row, field in enumerate(fields) if field and field in fields[:row]
    ]  # fmt: skip
    texts = [""] * len(fields) if found["choices"] is None else found["choices"]
    for row, (kind, text) in enumerate(zip(found["type"], texts, strict=True)):
        if kind.strip().lower() not in (*CODED, "checkbox"):
            continue
        codes = [part.partition(",")[0].strip() for part in text.split("|") if "," in part]
        problems += [
            Problem(name, int(number[row]), fields[row], f"code {code!r} of two choices", "each code once")
            for code in sorted({code for code in codes if codes.count(code) > 1})
        ]  # fmt: skip
    if problems:
        raise SourceError(REFUSED, problems)


def choices_of(kind: str, text: str) -> dict[str, str]:
    """Return the codes of a field and their labels.

    Parameters
    ----------
    kind : str
        The type of the field.
    text : str
        As in the dictionary.

    Examples
    --------
    >>> choices_of("radio", "0, Female | 1, Male, or so")
    {'0': 'Female', '1': 'Male, or so'}
    """
    if kind in _YES_NO:
        return dict(_YES_NO[kind])
    if kind not in (*CODED, "checkbox"):
        return {}
    parts = (part.partition(",") for part in text.split("|"))
    return {code.strip(): without_tags(label) for code, comma, label in parts if comma and code.strip()}


def choices_of_column(name: str, known: FieldDefinition | None) -> dict[str, str]:
    """Return what the codes of a column of the export are called; of a box of a checkbox, what it means if checked.

    Parameters
    ----------
    name : str
    known : FieldDefinition or None
        Of its field.

    Examples
    --------
    >>> choices_of_column("drug___2", FieldDefinition("drug", type="checkbox", choices={"1": "ETV", "2": "TDF"}))
    {'1': 'TDF'}
    """
    if known is None:
        return {}
    if known.type in CODED:
        return dict(known.choices)
    box = name.removeprefix(f"{known.name}___")
    checked = [label for code, label in known.choices.items() if code.casefold().replace("-", "_") == box.casefold()]
    return {"1": checked[0]} if len(checked) == 1 else {}


def without_tags(label: str) -> str:
    """Return a label without its HTML.

    Examples
    --------
    >>> without_tags("<b>HBsAg</b>  (IU/mL)")
    'HBsAg (IU/mL)'
    """
    return " ".join(re.sub(r"<[^<>]+>", " ", label).split())
