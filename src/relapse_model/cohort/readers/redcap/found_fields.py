"""What the fields of an export look like, by their names, labels, choices and texts; never by the size of a number."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from relapse_model.cohort.readers.course_words import goes_on
from relapse_model.cohort.readers.label_words import plain_words
from relapse_model.cohort.readers.redcap.dictionary import CODED, FieldDefinition, why_never_read
from relapse_model.cohort.readers.redcap.export import STATUS, Export
from relapse_model.cohort.readers.source_dates import iso_date
from relapse_model.cohort.readers.spreadsheets.header_words import PATIENT_COLUMNS, analyte_of
from relapse_model.cohort.readers.units_in_names import shorter_names, units_in_name
from relapse_model.cohort.tables.columns import TABLES
from relapse_model.study.names import NameTable, name_key

_BRACKETS = re.compile(r"[(\[（]\s*([^()\[\]（）]+?)\s*[)\]）]\s*$")
_SEPARATED = re.compile(r"\s*\d{4}[-/.年]")
_TRAILING = re.compile(r"_(?:date|dt|dat|start|begin|first|dose|given|iu|mg)$")
_BEFORE = re.compile(r"(?:^|[^a-z])pre(?:$|[^a-z])|pretreat|before|治疗前")
_RESULT = re.compile(r"(?:(?:test|lab|numeric) )?(?:results?|value|res|val)|结果|检验结果|检测结果|数值")
_ALIASES = {
    "age_years": ("age_at_enrollment",),
    "arm": ("treatment_arm", "allocation"),
}  # besides those of spreadsheets


@dataclass(frozen=True, slots=True)
class Found:
    """One field of the export that holds something.

    Attributes
    ----------
    name, form, label : str
    choices : mapping of str to str
        From code to label; empty where it has none.
    filled : int
        Cells with something in them.
    texts : tuple of str
        The different ones.
    date : bool
        Whether all of them are dates, the year first, but for those that say that a course goes on.
    note, formula : str
        As in the dictionary.
    """

    name: str
    form: str
    label: str
    choices: Mapping[str, str]
    filled: int
    texts: tuple[str, ...]
    date: bool
    note: str = ""
    formula: str = ""

    @property
    def unit(self) -> str:
        """Return the unit that the label states, or the note, or the field's name; as printed in brackets, if there."""
        found = _BRACKETS.search(self.label)
        if found and units_in_name(found[0]):
            return found[1]
        named = (units_in_name(text) for text in (self.label, self.note, f"({self.note})", self.name))
        return next((units[0] for units in named if units and units != ("log10",)), "")

    def meaning(self, names: NameTable) -> str | None:
        """Return which name of a study the field has, by its own name or its label without the unit."""
        said = [*names_said(self.name, names), *names_said(self.label, names)]
        others = (analyte_of(_BRACKETS.sub("", text), names) for text in ((self.label, self.name) if not said else ()))
        return said[0] if said else next((one for one in others if one is not None), None)

    def agent_in_name(self, names: NameTable) -> str | None:
        """Return the agent that stands before ``_date``, ``_dose`` and the like in the field's name."""
        bare = _TRAILING.sub("", self.name)
        return names.meaning(bare).name if bare != self.name else None


def names_said(text: str, names: NameTable) -> list[str]:
    """Return the names of a study that a name or a label is, as a whole or without its unit."""
    each = (text, _BRACKETS.sub("", text), text.replace("_", " "), *shorter_names(text))
    found = [names.meaning(one).name for one in each if one.strip()]
    return list(dict.fromkeys(one for one in found if one is not None))


def fields_found(export: Export) -> list[Found]:
    """Return the fields of an export that hold something and identify nobody, in their order."""
    found = []
    for name, texts in export.columns.items():
        known = export.definition(name)
        own = export.structural(name) or name.endswith((STATUS, "_timestamp"))
        if own or why_never_read(name, known):
            continue
        different = tuple(text for text in texts.unique() if text.strip())
        if different:
            found.append(_found(export, name, known, int((texts != "").sum()), different))
    return found


def _found(export: Export, name: str, known: FieldDefinition | None, filled: int, texts: tuple[str, ...]) -> Found:
    label = known.label if known else ""
    choices = known.choices if known is not None and known.type in CODED else {}
    date = known.validation.startswith("date") if known and known.validation else not choices and _holds_dates(texts)
    note, formula = (known.note, known.formula) if known else ("", "")
    return Found(name, export.forms.get(name, ""), label, choices, filled, texts, date, note, formula)


def _holds_dates(texts: tuple[str, ...]) -> bool:
    """Tell whether texts are dates, the year first, but for those that say that a course goes on."""
    days = [one for one in texts if not goes_on(one)]
    return bool(days) and all(_SEPARATED.match(one) and iso_date(one) for one in days)


def without_unit(label: str) -> str:
    """Return a label without what stands in brackets at its end."""
    return _BRACKETS.sub("", label)


def patient_column(field: Found) -> str | None:
    """Return the column of the patients table that a field is, by its name or label."""
    keys = {name_key(field.name), name_key(_BRACKETS.sub("", field.label))} - {""}
    for column, names in PATIENT_COLUMNS.items():
        if keys & {name_key(name) for name in (column, *names, *_ALIASES.get(column, ()))}:
            return column
    return next((column for column in TABLES["patients"] if name_key(column) in keys and column != "patient_id"), None)


def result_beside(found: Iterable[Found], test: Found) -> Found | None:
    """Return the field that is called the result, of the form of a field that names the test; None where none is.

    Parameters
    ----------
    found : iterable of Found
    test : Found
    """
    return next(
        (one for one in found
         if one.form == test.form and one.name != test.name and not one.date
         and any(_RESULT.fullmatch(plain_words(text)) for text in (one.name, _BRACKETS.sub("", one.label)))), None,
    )  # fmt: skip


def before_treatment(field: Found) -> str | None:
    """Return the column of the patients table for a result before treatment, by the field's name or label."""
    for text in (field.name, field.label):
        found = _BEFORE.search(text.casefold())
        if found is not None:
            other = {"hbsag": "hbsag_before_treatment_iu_ml", "hbeag": "hbeag_positive_before_treatment"}
            return next((column for name, column in other.items() if name in text.casefold()), None)
    return None


def sexes(texts: Iterable[str]) -> dict[str, str]:
    """Return which of some words mean F and which M.

    Examples
    --------
    >>> sexes(["Female", "男", "other"])
    {'Female': 'F', '男': 'M'}
    """
    spellings = TABLES["patients"]["sex"].spellings
    return {text: spellings[text.strip().casefold()] for text in texts if text.strip().casefold() in spellings}
