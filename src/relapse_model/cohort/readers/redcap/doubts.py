"""Fields that a proposal finds by their names, and whose labels say something else: asked about, not offered."""

from __future__ import annotations

from relapse_model.cohort.readers.contradicting_columns import why_other
from relapse_model.cohort.readers.label_words import is_negated
from relapse_model.cohort.readers.other_things import LOGARITHM, other_thing
from relapse_model.cohort.readers.proposed_text import MUST
from relapse_model.cohort.readers.redcap.calculated import logarithm_in
from relapse_model.cohort.readers.redcap.found_fields import Found, names_said
from relapse_model.cohort.readers.units_in_names import units_in_name
from relapse_model.cohort.tables.columns import TABLES
from relapse_model.study.names import NameTable
from relapse_model.study.unit_spelling import is_log10, unit_key


def is_flag(column: str) -> bool:
    """Tell whether a column of the patients table is one of yes and no."""
    rule = TABLES["patients"].get(column)
    return rule is not None and rule.kind == "flag"


def doubt_of_patient(one: Found, column: str) -> str:
    """Say what the label of a field says against its being a column of the patients table; nothing where it does not.

    Parameters
    ----------
    one : Found
    column : str
    """
    why = next((said for text in (one.name, one.label) if (said := why_other(text, ("patients", column)))), "")
    contrary = is_flag(column) and is_negated(one.label or one.name, column)
    return why or (f"the contrary of {column}" if contrary else "")


def doubt_of_result(one: Found, analyte: str, names: NameTable) -> str:
    """Say what the label of a field says against its being a result of an analyte; nothing where it does not.

    Parameters
    ----------
    one : Found
    analyte : str
        By its name, or else by its label.
    names : NameTable
        Of the study.
    """
    texts = [text for text in (one.name, one.label) if text]
    other = next((name for text in texts for name in names_said(text, names) if name != analyte), "")
    place = ("labs", 0, "value")
    whole = [text for text in texts if names.meaning(text).name != analyte]
    why = [said for text in whole if (said := why_other(text, place, one.unit))]
    if not one.unit and any(other_thing(text, (LOGARITHM,)) or "log10" in units_in_name(text) for text in texts):
        why.append(f'a logarithm, of which no unit is stated: unit = "log10 ...", or leave it out beside {analyte}')
    if (taken := logarithm_in(one.formula)) and not is_log10(unit_key(one.unit)):
        why.append(f"{taken} by its formula, so that its numbers are in no such unit")
    return f"a result of {other}" if other else next(iter(why), "")


def asked_if(doubt: str, lines: list[str]) -> list[str]:
    """Return lines of a proposal as they are, or as a question where something speaks against them."""
    if not doubt:
        return lines
    asked = [line if not line or line.startswith("#") else f"#? {line}" for line in lines]
    first = next((place for place, line in enumerate(asked) if line), 0)
    return [*asked[:first], f"{MUST}by its label it is {doubt}: is it meant?", *asked[first:]]
