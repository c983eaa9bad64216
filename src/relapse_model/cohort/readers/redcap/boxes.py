"""The boxes of a question: which are ticked, which says that nothing is known, and which contradict each other."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import pandas as pd

from relapse_model.arrays import Mask
from relapse_model.cohort.readers.contradicting_meanings import is_unknown
from relapse_model.cohort.readers.entry_rows import in_mapping
from relapse_model.cohort.readers.label_words import plain_words
from relapse_model.cohort.readers.redcap.dictionary import choices_of_column
from relapse_model.cohort.readers.redcap.export import Export
from relapse_model.cohort.readers.source_mapping import Field, SourceMapping
from relapse_model.cohort.tables.columns import TABLES
from relapse_model.errors import Problem

_CHECKED = ("1", "1.0")
_NONE = re.compile(r"(?:no|none|neither|never|absent|negative)(?![a-z-])|(?:无|没有|均无|否|阴性)")
_EXPECTED = "boxes that do not contradict each other"
_ADVICE = "Correct it where it was recorded: nothing says which of the boxes counts"


def boxes_of(export: Export, name: str) -> list[str]:
    """Return the columns of all boxes of the question of which one is given."""
    group = name.split("___", 1)[0] + "___"
    return [column for column in export.columns if column.startswith(group)]


def ticked(export: Export, names: Iterable[str]) -> Mask:
    """Tell in which rows any of some boxes is ticked."""
    found = np.zeros(len(export.table), dtype=bool)
    for name in names:
        found |= export.columns[name].isin(_CHECKED).to_numpy()
    return found


def unknown_boxes(export: Export, name: str) -> list[str]:
    """Return the boxes of a question, other than the given one, that say that nothing is known."""
    return [one for one in boxes_of(export, name) if one != name and is_unknown(_label(export, one))]


def contradicting_boxes(export: Export, name: str) -> list[Problem]:
    """Return a problem for each row in which a box is ticked beside one that says no, or that nothing is known.

    Parameters
    ----------
    export : Export
    name : str
        Column of a box that the mapping reads.
    """
    others = [one for one in boxes_of(export, name) if one != name]
    no, unknown = [one for one in others if _is_none(export, one)], unknown_boxes(export, name)
    against = others if _is_none(export, name) else [*no, *unknown]
    wrong = (ticked(export, [name]) & ticked(export, against)) | (ticked(export, no) & ticked(export, unknown))
    return export.table.problems(wrong, name, _EXPECTED, _ADVICE)


def counted_boxes(one: Field) -> tuple[str, ...]:
    """Return the boxes of which any counts for a field, as the mapping names them; none where it names none."""
    boxes: tuple[str, ...] = one.options.get("boxes", ())
    return boxes


def any_box(columns: Mapping[str, pd.Series], boxes: Iterable[str]) -> pd.Series:
    """Return whether any of some boxes is ticked: 1, 0, or nothing where the question was not answered.

    Examples
    --------
    >>> any_box({"a": pd.Series(["0", "1", ""]), "b": pd.Series(["1", "0", ""])}, ["a", "b"]).tolist()
    ['1', '1', '']
    """
    each = [columns[name] for name in boxes]
    checked = np.any([one.isin(_CHECKED) for one in each], axis=0)
    known = np.all([one != "" for one in each], axis=0)
    return pd.Series(np.where(checked, "1", np.where(known, "0", "")), index=each[0].index, dtype=object)


def boxes_of_findings(export: Export, name: str) -> list[str]:
    """Return the boxes of a question that say that something is there: not "none", and not that nothing is known."""
    return [one for one in boxes_of(export, name) if not _is_none(export, one) and not is_unknown(_label(export, one))]


def label_of_box(export: Export, name: str) -> str:
    """Return what a box is called."""
    return _label(export, name)


def wrong_boxes(mapping: SourceMapping, export: Export) -> Iterator[Problem]:
    """Yield a problem for each list of boxes that are none of one question, or not of a column of yes and no.

    Parameters
    ----------
    mapping : SourceMapping
    export : Export
    """
    once = [one.name for one in mapping.patients.values()]
    once += [one.name for entry in (*mapping.labs, *mapping.treatments) for one in entry.fields.values()]
    for column, one in mapping.patients.items():
        boxes, known = counted_boxes(one), boxes_of(export, one.name) if "___" in one.name else []
        rule = TABLES["patients"].get(column)
        if not boxes:
            continue
        if rule is None or rule.kind != "flag" or one.name not in boxes or not set(boxes) <= set(known) or one.values:
            found, expected = (
                f"boxes of {one.name!r}",
                "boxes of its question, it among them, for a column of yes and no",
            )
            yield in_mapping(mapping, ("patients", column), found, expected)
        elif once.count(one.name) > 1:
            found = f"{one.name!r}, which is also read alone"
            yield in_mapping(
                mapping, ("patients", column), found, "a field that is not read elsewhere, where boxes stand"
            )


def _is_none(export: Export, name: str) -> bool:
    return _NONE.match(plain_words(_label(export, name))) is not None and not is_unknown(_label(export, name))


def _label(export: Export, name: str) -> str:
    return choices_of_column(name, export.definition(name)).get("1", "")
