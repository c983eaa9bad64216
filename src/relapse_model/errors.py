"""What the library says when it will not go on: one exception family, one form of problem."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

IN_LIST, WRITE_THEM = " in the exception's .problems", "; `check` and `read` write them with --problems FILE"
_LISTED = 100  # lines of problems that are printed; the rest are counted, and stay in `.problems`
_ONE_BY_ONE = 10  # problems of one kind that have a line each; more of them share one
_PLACES = 3  # told of those that share a line


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


def problem_lines(problems: Iterable[Problem]) -> list[str]:
    """Return a line for each problem, and one for all of a kind where there are more than ten of it.

    Problems of one kind are of one column, and the same was expected and is to be done. Their line says how many there
    are, and the first three.

    Parameters
    ----------
    problems : iterable of Problem

    Examples
    --------
    >>> problem_lines(Problem("labs", row, "week", f"'x{row}'", "a number") for row in range(2, 14))
    ["labs, column 'week', 12 times: 'x2' (row 2), 'x3' (row 3), 'x4' (row 4), ...; expected a number."]
    """
    return [line for line, _ in _counted_lines(problems)]


def _counted_lines(problems: Iterable[Problem]) -> list[tuple[str, int]]:
    """Return the lines in the order of the problems, each with the number of problems that it stands for."""
    every = list(problems)
    kinds: dict[tuple[object, ...], list[Problem]] = {}
    for one in every:
        kinds.setdefault(_kind(one), []).append(one)
    lines: list[tuple[str, int]] = []
    for one in every:
        kind = kinds[_kind(one)]
        if len(kind) <= _ONE_BY_ONE:
            lines.append((str(one), one.stands_for))
        elif kind[0] is one:
            lines.append((_together(kind), sum(each.stands_for for each in kind)))
    return lines


def _kind(one: Problem) -> tuple[object, ...]:
    return one.table, one.column, one.counted, one.expected, one.advice


def _together(kind: list[Problem]) -> str:
    """Return the line of many problems of one kind."""
    first, told = kind[0], kind[:_PLACES]
    number = sum(one.stands_for for one in kind)
    rows = [str(one.row) for one in told if one.row is not None]
    found, places = first.found, f" ({first.counted} {', '.join([*rows, '...'])})" if rows else ""
    if len({one.found for one in kind if one.stands_for == 1}) > 1:
        each = (f"{one.found} ({one.counted} {one.row})" if one.row is not None else one.found for one in told)
        found, places = ", ".join([*each, "..."]), ""
    several = replace(first, row=None, found=found)
    return str(several).replace(several.place, f"{several.place}, {number:,} times{places}", 1)


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
        told = _counted_lines(self.problems)
        number = sum(count for _, count in told)
        lines = [f"  {line}" for line, _ in told[:_LISTED]]
        more = sum(count for _, count in told[_LISTED:])
        which = "all of them" if number == len(self.problems) else "the first of each kind"
        if more:
            lines.append(f"  ... and {more} more ({which}{IN_LIST}).")
        elif len(told) < len(self.problems):
            lines.append(f"  ({which[0].upper()}{which[1:]}{IN_LIST}{WRITE_THEM}.)")
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


class NoOutcomeError(RelapseModelError):
    """The study states no outcome: it serves to read a cohort and to derive predictors, and for nothing else."""


class CensoringError(InsufficientDataError):
    """A censoring weight does not exist: nobody is followed as far as the question asks."""


class ModelFileError(RelapseModelError):
    """A model file was refused before anything in it was used."""
