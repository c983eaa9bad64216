"""Proposed columns of the patients table: recognised by name, with the meanings and units that must be stated."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

import pandas as pd

from relapse_model.cohort.readers.column_units import known_unit, tail_of, unit_factor_of, unit_of
from relapse_model.cohort.readers.columns_of_study import columns_left, columns_of_its_own, levels_of
from relapse_model.cohort.readers.identifying import may_identify
from relapse_model.cohort.readers.proposed_text import quoted, table_text
from relapse_model.cohort.readers.spreadsheets.header_words import (
    FLAGS,
    PATIENT_COLUMNS,
    arm_of,
    bare_name,
    before_treatment,
    head_and_unit,
)
from relapse_model.cohort.readers.spreadsheets.look import Look, category_counts
from relapse_model.cohort.readers.spreadsheets.proposal import Proposal
from relapse_model.cohort.readers.units_in_names import time_named
from relapse_model.cohort.tables.columns import MISSING_WORDS, TABLES
from relapse_model.study.names import level_of, yes_or_no
from relapse_model.study.study import Study

_SUFFIX = re.compile(r"\s*(?:<=|>=|<|>|≤|≥)?\s*[+-]?[0-9]+\.?[0-9]*(?:e[+-]?[0-9]+)?\s*([^\d\s].*)?", re.IGNORECASE)

_DURATIONS = ("years", "months", "weeks", "days")


def patient_columns(proposal: Proposal, look: Look, taken: set[int]) -> None:
    """Write the columns of the patients table that a sheet holds.

    Parameters
    ----------
    proposal : Proposal
    look : Look
    taken : set of int
        Places of columns that are used already.
    """
    found: dict[str, list[int]] = {}
    for place, name in enumerate(look.table.names):
        column = None if place in taken or may_identify(name) else column_of(name, proposal)
        if column is not None:
            found.setdefault(column, []).append(place)
    for column, places in found.items():
        for place in places[1:]:
            proposal.add(f"# {look.table.names[place]} may be {column}, too.")
        proposal.use(look, places[0])
        _write(proposal, look, column, places[0])
    proposal.add(*columns_left((f"{column} = " for column in found), proposal.study))


def column_of(name: str, proposal: Proposal) -> str | None:
    """Return the column of the patients table that a name means; None where it means none."""
    bare = bare_name(name)
    own = {bare_name(one): one for one in (*columns_of_its_own(proposal.study), *TABLES["patients"])}
    by_word = {word: column for column, words in PATIENT_COLUMNS.items() for word in words}
    column = own.get(bare) or by_word.get(bare) or before_treatment(name, proposal.analytes)
    return None if column in ("patient_id", "enrolment_date") else column


def _write(proposal: Proposal, look: Look, column: str, place: int) -> None:
    name, values = look.table.names[place], look.texts(place)
    counts = category_counts(values)
    comment = f" # {counts}" if counts else ""
    rule = TABLES["patients"].get(column)
    kind = "printed" if rule is None and column in _numbers(proposal.study) else "text" if rule is None else rule.kind
    if kind in ("number", "printed"):
        _write_number(proposal, column, name, values, plain=kind == "number")
        return
    meanings, asked = _meanings(column, kind, values, proposal.study)
    table = f", values = {table_text(meanings.items())}" if meanings else ""
    line = f"{column} = {{ field = {quoted(name)}{table} }}{comment}"
    if asked:
        proposal.ask(f"What do the texts of {name} mean? One of {asked} in place of each ?", line)
    else:
        proposal.add(line)


def _numbers(study: Study) -> set[str]:
    return {
        one.column for one in study.predictors if one.column and not (one.equals or one.levels) and one.kind == "column"
    }


def _write_number(proposal: Proposal, column: str, name: str, values: pd.Series, *, plain: bool) -> None:
    """Write a column of numbers: the unit printed in the cells, else in the header, else asked for."""
    if plain:
        _write_plain(proposal, column, name, values)
        return
    found = {unicodedata.normalize("NFKC", one) for one in values.unique()}
    unit = head_and_unit(name)[1]
    wanted = next((one.unit for one in proposal.study.predictors if one.column == column), "")
    if unit or all((match := _SUFFIX.fullmatch(one)) is None or match[1] for one in found):
        own = f", unit = {quoted(unit)}" if unit else ""
        proposal.add(f"{column} = {{ field = {quoted(name)}{own} }}")
    else:
        proposal.ask(
            f"In which unit is {name}? Its name states none; the study uses {wanted or 'none'}.",
            f'{column} = {{ field = {quoted(name)}, unit = "" }}',
        )


def _write_plain(proposal: Proposal, column: str, name: str, values: pd.Series) -> None:
    """Write a column of plain numbers, with its own unit where a cell carries it, or another that most cells carry.

    What else stands behind a number is no unit: it is refused at reading.
    """
    tails = values.map(tail_of).map(lambda tail: known_unit(column, tail))
    unit, count = next(iter(tails[tails != ""].value_counts().items()), ("", 0))
    if not count and time_named(head_and_unit(name)[1]) in set(_DURATIONS) - {unit_of(column)}:
        unit, count = time_named(head_and_unit(name)[1]), len(values) + 1
    if unit != unit_of(column) and count * 2 <= len(values):
        proposal.add(f"{column} = {{ field = {quoted(name)} }}")
        return
    line = f"{column} = {{ field = {quoted(name)}, unit = {quoted(str(unit))} }}"
    if unit == unit_of(column):
        proposal.add(line)
        return
    by = f"1 as {unit_factor_of(column, str(unit)):.4g} {unit_of(column)}"
    proposal.ask(f"It is in {unit} by its cells or its name, and are converted, {by}. Is that meant?", line)


def _meanings(column: str, kind: str, values: pd.Series, study: Study) -> tuple[dict[str, str], str]:
    """Return the meanings of the texts of a column that is not read as it stands, and what is to be asked."""
    texts = [str(one) for one in values.unique() if str(one).casefold() not in MISSING_WORDS]
    rule = TABLES["patients"].get(column)
    if kind == "choice" and rule is not None:
        choices = {text: rule.spellings.get(text.casefold(), text if text in rule.choices else "?") for text in texts}
        choices |= _letters_of_sex(texts) if column == "sex" else {}
        stated = "?" in choices.values() or not set(map(str.casefold, texts)) <= {*rule.spellings, *rule.choices}
        return (choices if stated else {}, " or ".join(rule.choices) if "?" in choices.values() else "")
    if kind == "flag":
        flags = {text: _flag(text) for text in texts}
        if all(yes_or_no(text) is not None for text in texts):
            return {}, ""
        return flags, "0 or 1" if "?" in flags.values() else ""
    levels = levels_of(study, column)
    if not levels or all(level_of(text, levels) is not None for text in texts):
        return {}, ""
    found = {text: arm_of(text, levels) or level_of(text, levels) or "?" for text in texts}
    return found, " or ".join(levels) if "?" in found.values() else ""


def _letters_of_sex(texts: Iterable[str]) -> dict[str, str]:
    """Return what letters of the sex mean where H or V is one: M may be the man, or the woman ("mujer") beside H.

    Examples
    --------
    >>> _letters_of_sex(["H", "F"]), _letters_of_sex(["H", "M"]), _letters_of_sex(["F", "M"])
    ({'H': 'M', 'F': 'F'}, {'H': '?', 'M': '?'}, {})
    """
    letters = {text.casefold() for text in texts}
    if not letters & {"h", "v"}:
        return {}
    if letters == {"h", "f"}:
        return {text: "M" if text.casefold() == "h" else "F" for text in texts}
    return {text: "?" for text in texts if len(text) == 1}


def _flag(text: str) -> str:
    said = yes_or_no(text)
    plain = unicodedata.normalize("NFKC", text).strip().casefold()
    return str(int(said)) if said is not None else FLAGS.get(plain, "?")
