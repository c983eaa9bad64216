"""Fields beside a number that say in words whether it was detected, and that the mapping does not name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from relapse_model.arrays import Mask
from relapse_model.cohort.readers.entry_rows import EntryRows
from relapse_model.cohort.readers.redcap.beside_values import texts_of, unread
from relapse_model.cohort.readers.redcap.export import Export
from relapse_model.cohort.readers.redcap.not_counted import called_as, names_of
from relapse_model.cohort.readers.results_named import ADVICE, may_name_results, named_results
from relapse_model.cohort.readers.signs_beside import may_be_beside
from relapse_model.cohort.readers.source_mapping import Entry, SourceMapping
from relapse_model.cohort.readers.words_beside import (
    EXPECTED,
    Stated,
    advice_on,
    denied_results,
    in_words_alone,
    is_about,
    stated_results,
    stated_signs,
)
from relapse_model.errors import Problem
from relapse_model.study.names import NameTable
from relapse_model.study.names_known import analyte_names
from relapse_model.study.study import Study


def denied_numbers(
    export: Export, mapping: SourceMapping, entry: Entry, rows: EntryRows, named: frozenset[str], study: Study | None
) -> tuple[list[Problem], list[str]]:
    """Return a problem for each number of which another field says that it was not detected, and notes on the rest.

    Parameters
    ----------
    export : Export
    mapping : SourceMapping
    entry : Entry
    rows : EntryRows
        That the entry took.
    named : frozenset of str
        Fields that the mapping names.
    study : Study or None
    """
    problems: list[Problem] = []
    notes: list[str] = []
    if entry.section != "labs" or "value" not in entry.fields or not {"value", "unit", "analyte"} <= set(rows.rows):
        return problems, notes
    value = entry.fields["value"].name
    names = NameTable({}, ()) if study is None else analyte_names(study)
    others = [one.fields["value"].name for one in mapping.labs if one.position != entry.position]
    sign = {one.name for key, one in entry.fields.items() if key == "comparator" and one.name not in others}
    for name, stated in words_beside(export, value, entry.constants.get("analyte", ""), others, named - sign, names):
        lacking = int((~_filled(export, value) & stated.in_words).sum())
        notes += [in_words_alone(export.table.name, name, value, lacking)] if lacking else []
        if name in sign:
            continue
        wrong = rows.at[denied_results(rows.rows, stated.said[rows.at], study)]
        shown = texts_of(export, name)
        advice = advice_on(name, _by_code(export, name, stated.meanings))
        found = shown + " beside " + export.columns[value].astype(str) if value in export.columns else shown
        problems += export.table.problems(wrong, name, EXPECTED, advice, found)
    return [*problems, *_named(export, value, rows, named, study)], notes


def _named(
    export: Export, value: str, rows: EntryRows, named: frozenset[str], study: Study | None
) -> Iterator[Problem]:  # fmt: skip
    """Yield a problem for each number beside which a remark names its analyte and says another result of it."""
    if study is None:
        return
    form, names = export.forms.get(value, ""), analyte_names(study)
    for name in unread(export, named):
        if "___" in name or export.forms.get(name, "") != form or not may_name_results(_called(export, name)):
            continue
        texts = texts_of(export, name)
        said = named_results(texts.iloc[rows.at], rows.rows["analyte"], names)
        wrong = rows.at[denied_results(rows.rows, said, study)]
        found = texts + " beside " + export.columns[value].astype(str) if value in export.columns else texts
        yield from export.table.problems(wrong, name, EXPECTED, ADVICE, found)


def _called(export: Export, name: str) -> list[str]:
    """Return the label of a field; its name where it has none."""
    label = called_as(export, name)[1]
    return [label or name]


def words_beside(
    export: Export, value: str, analyte: str, others: list[str], named: frozenset[str], names: NameTable
) -> Iterator[tuple[str, Stated]]:
    """Yield the fields that say in words what a field of numbers is the result of, with what they say.

    Parameters
    ----------
    export : Export
    value, analyte : str
    others : list of str
        Fields of other results.
    named : frozenset of str
        Fields that the mapping names.
    names : NameTable
        Of the study.
    """
    form, own = export.forms.get(value, ""), called_as(export, value)
    here = [one for one in others if one != value and export.forms.get(one, "") == form]
    fields = unread(export, named)
    for name in fields:
        if "___" in name or export.forms.get(name, "") != form or name == value:
            continue
        called, stated = names_of(export, name), None
        if is_about(called, analyte, own, here, names):
            stated = stated_results(called, texts_of(export, name))
        elif may_be_beside(called, analyte, [one for one in fields if one not in (name, value)], names):
            stated = stated_signs(texts_of(export, name))
        if stated is not None:
            yield name, stated


def _filled(export: Export, value: str) -> Mask:
    there: Mask = (export.columns[value].astype(str).str.strip() != "").to_numpy()
    return there


def _by_code(export: Export, name: str, meanings: Mapping[str, str]) -> dict[str, str]:
    """Return what codes say, where the field has some."""
    pairs = pd.DataFrame({"code": export.columns[name].astype(str).str.strip(), "label": texts_of(export, name)})
    return {
        str(code): meanings.get(str(label), "") for code, label in np.unique(pairs.to_numpy(dtype=str), axis=0).tolist()
    }
