"""What the library says when it will not go on: one exception family, one form of problem."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

_LISTED = 100  # problems printed in full; the rest are counted, and stay in `.problems`


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, where it stands, what was expected and what to do.

    Parameters
    ----------
    table : str
        The table (or file) it was found in.
    row : int or None
        Row as a spreadsheet numbers it: the header is row 1. ``None`` for a problem of the whole table.
    column : str or None
        The column, if one is to blame.
    found : str
        What came. Never a patient's identifier.
    expected : str
        What was expected.
    advice : str
        What to do; may be empty.
    patient : str or None
        Whom it concerns. Kept out of the text, so that no message carries an identifier.
    counted : str
        What `row` counts: rows of a table, lines of a file.
    stands_for : int
        How many problems this one is: of very many of one kind the first are told, and one more counts the others.
    """

    table: str
    row: int | None
    column: str | None
    found: str
    expected: str
    advice: str = ""
    patient: str | None = field(default=None, repr=False)
    counted: str = "row"
    stands_for: int = 1

    @property
    def place(self) -> str:
        """Return ``table, row, column`` as far as they are known."""
        parts = [self.table]
        if self.row is not None:
            parts.append(f"{self.counted} {self.row}")
        if self.column is not None:
            parts.append(f"{'key' if self.counted == 'line' else 'column'} {self.column!r}")
        return ", ".join(parts)

    def __str__(self) -> str:
        """Return the problem in one line."""
        text = f"{self.place}: {self.found}; expected {self.expected}"
        return f"{text}. {self.advice}" if self.advice else f"{text}."


class RelapseModelError(ValueError):
    """Root of every refusal of this library: what, where, what was expected, what to do."""


class ProblemsError(RelapseModelError):
    """A refusal that lists every problem at once.

    Attributes
    ----------
    problems : tuple of Problem
        All of them, also those the message only counts; of more than 1,000 of one kind the first 1,000, and one that
        counts the others.
    """

    def __init__(self, what: str, problems: Iterable[Problem]):
        self.problems = tuple(problems)
        lines = [f"  {problem}" for problem in self.problems[:_LISTED]]
        number = sum(problem.stands_for for problem in self.problems)
        more = number - sum(problem.stands_for for problem in self.problems[:_LISTED])
        if more > 0:
            which = "all of them" if number == len(self.problems) else "the first of each kind"
            lines.append(f"  ... and {more} more ({which} in the exception's .problems).")
        count = f"{number} problem{'' if number == 1 else 's'}"
        super().__init__("\n".join([f"{what}: {count}", *lines]))

    def __reduce__(self) -> tuple[type, tuple[str, tuple[Problem, ...]]]:
        """Travel between processes: the message is rebuilt from its first line."""
        return type(self), (str(self).split(": ", 1)[0], self.problems)


class CohortError(ProblemsError):
    """The tables of a cohort were refused."""


class StudyError(ProblemsError):
    """A study file was refused."""


class MappingError(ProblemsError):
    """A mapping file was refused."""


class SourceError(ProblemsError):
    """An export was refused: a file, sheet, data set or database table that cannot be read as the mapping says."""


class InsufficientDataError(RelapseModelError):
    """The question cannot be answered from these patients (no events, no follow-up, too few patients)."""


class CensoringError(InsufficientDataError):
    """A censoring weight does not exist: nobody is followed as far as the question asks."""


class ModelFileError(RelapseModelError):
    """A model file was refused before anything in it was used."""
