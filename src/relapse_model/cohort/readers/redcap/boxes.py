"""The boxes of a question: which are ticked, which of them says that nothing is known, and which contradict each other."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np

from relapse_model.arrays import Mask
from relapse_model.cohort.readers.contradicting_meanings import is_unknown
from relapse_model.cohort.readers.label_words import plain_words
from relapse_model.cohort.readers.redcap.dictionary import choices_of_column
from relapse_model.cohort.readers.redcap.export import Export
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


def _is_none(export: Export, name: str) -> bool:
    return _NONE.match(plain_words(_label(export, name))) is not None and not is_unknown(_label(export, name))


def _label(export: Export, name: str) -> str:
    return choices_of_column(name, export.definition(name)).get("1", "")
