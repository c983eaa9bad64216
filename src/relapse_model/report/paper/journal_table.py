"""A table as a journal prints it: title, columns, rows of text, notes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from relapse_model.errors import RelapseModelError

INDENT = "\N{EM SPACE}"  # before the first cell of a row that belongs to the one above it
MINUS = "\N{MINUS SIGN}"
LEVEL = 0.95  # of every interval that is made for a table of a journal
_HYPHEN_AS_MINUS = re.compile(r"(?<![\w.)\]-])-(?=\.?\d)")


@dataclass(frozen=True, slots=True)
class JournalTable:
    """One table.

    Attributes
    ----------
    title : str
    columns : tuple of str
    rows : tuple of tuple of str
        As many cells as columns; a first cell that begins with `INDENT` belongs to the row above.
    notes : tuple of str
        Below the table.
    about : mapping of int to str
        Which of the notes is about a single row, by the place of the row.

    Raises
    ------
    RelapseModelError
        If a row has another number of cells.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()
    about: Mapping[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a row that is no row of these columns."""
        wrong = [place + 1 for place, row in enumerate(self.rows) if len(row) != len(self.columns)]
        if wrong:
            raise RelapseModelError(
                f"Table {self.title!r}: rows {wrong[:10]} have another number of cells; expected {len(self.columns)}."
            )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "title": self.title, "columns": list(self.columns), "rows": [list(row) for row in self.rows],
            "notes": list(self.notes),
        }  # fmt: skip


def journal_table(
    title: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    notes: Iterable[str] = (),
    about: Mapping[int, str] | None = None,
) -> JournalTable:
    """Return a table of anything that can be text: nothing for None, a true minus sign before numbers.

    Parameters
    ----------
    title : str
    columns : sequence of str
    rows : iterable of sequences
    notes : iterable of str
        Of the whole table. Empty ones are left out.
    about : mapping of int to str, optional
        Notes of single rows by the place of the row; they come after the others.

    Examples
    --------
    >>> journal_table("T", ["a", "b"], [["HBV-DNA", -1.5], ["2-3 (-2 to 4)", None]]).rows
    (('HBV-DNA', '−1.5'), ('2-3 (−2 to 4)', ''))
    """
    of_rows = {place: sentence(_text(note)) for place, note in (about or {}).items() if note}
    return JournalTable(
        title,
        tuple(map(_text, columns)),
        tuple(tuple(map(_text, row)) for row in rows),
        (*(sentence(note) for note in map(_text, notes) if note), *of_rows.values()),
        of_rows,
    )


def inner(label: object) -> str:
    """Return the first cell of a row that belongs to the row above.

    Parameters
    ----------
    label : object
    """
    return f"{INDENT}{label}"


def interval(level: float) -> str:
    """Return the name of an interval with its level.

    Parameters
    ----------
    level : float

    Examples
    --------
    >>> interval(0.95)
    '95 % CI'
    """
    return f"{100 * level:g} % CI"


def sentence(text: str) -> str:
    """Return text that begins with a capital and ends with a full stop.

    Parameters
    ----------
    text : str

    Examples
    --------
    >>> sentence("counts in full")
    'Counts in full.'
    """
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def _text(value: object) -> str:
    text = "" if value is None else " ".join(str(value).replace(INDENT, "\0").split()).replace("\0", INDENT)
    return _HYPHEN_AS_MINUS.sub(MINUS, text.replace(f"{INDENT} ", INDENT))
