"""What became of every row of a hospital's export: used, or listed with the reason. Nothing is dropped silently."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from relapse_model.errors import RelapseModelError

_LISTED = 10  # row numbers printed for one reason; all of them are kept
_SHOWN = 20  # codes or columns of one source that are printed


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Rows of one source that did not become rows of the cohort, for one reason.

    Attributes
    ----------
    reason : str
        Why; never a patient's identifier.
    count : int
        How many.
    rows : tuple of int
        Which, as the source numbers them; empty where the source numbers nothing.
    """

    reason: str
    count: int
    rows: tuple[int, ...] = ()

    def __str__(self) -> str:
        """Return the reason with its count and the first rows."""
        if not self.rows:
            return f"{self.count:,} {self.reason}"
        shown = ", ".join(str(row) for row in self.rows[:_LISTED])
        return f"{self.count:,} {self.reason} ({shown}{', ...' if len(self.rows) > _LISTED else ''})"


@dataclass(frozen=True, slots=True)
class SourceReading:
    """How one sheet, data set or file was read; what came equals what was used and what is listed.

    Attributes
    ----------
    source : str
        The sheet, data set, resource type or table.
    counted : str
        What is counted: ``"rows"``, ``"cells"``, ``"entries"``.
    came, used : int
    left_out : tuple of LeftOut

    Raises
    ------
    RelapseModelError
        If the numbers do not add up: then something would be lost without a word.

    Examples
    --------
    >>> print(SourceReading("LB", "rows", 10, 8, (LeftOut("test not done", 2, (3, 7)),)))
    LB: 10 rows, 8 used; 2 test not done (3, 7)
    """

    source: str
    counted: str
    came: int
    used: int
    left_out: tuple[LeftOut, ...] = ()

    def __post_init__(self) -> None:
        """Add up."""
        listed = sum(one.count for one in self.left_out)
        if self.came != self.used + listed:
            raise RelapseModelError(
                f"{self.source}: {self.came} {self.counted} came, but {self.used} used and {listed} listed do not add "
                "up to them; expected every one to be accounted for. This is a fault of the reader: please report it."
            )

    def __str__(self) -> str:
        """Return one line."""
        left = "".join(f"; {one}" for one in self.left_out)
        return f"{self.source}: {self.came:,} {self.counted}, {self.used:,} used{left}"


@dataclass(frozen=True, slots=True)
class UnitMet:
    """A unit in which an analyte came, and how often.

    Attributes
    ----------
    analyte, unit : str
        As in the cohort; `unit` is empty where none was printed and the mapping gives none.
    count : int
    """

    analyte: str
    unit: str
    count: int


@dataclass(frozen=True, slots=True)
class NotMapped:
    """A code, column or data set of the source that the mapping does not name.

    Attributes
    ----------
    source : str
    code : str
        As the source spells it.
    label : str
        What the source calls it; may be empty.
    count : int
        Rows, or filled cells.
    """

    source: str
    code: str
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class ReadingReport:
    """What a reader made of an export.

    Attributes
    ----------
    kind : str
        The reader: ``"excel"``, ``"redcap"``, ``"cdisc"``, ``"fhir"``, ``"omop"``.
    sources : tuple of SourceReading
    units : tuple of UnitMet
    not_mapped : tuple of NotMapped
    never_read : tuple of str
        Fields that may hold names or contact data, and were not read.
    notes : tuple of str
        What a reader should know: colours and comments that were not read, duplicates kept.
    not_read : tuple of str
        Sheets, files and tables of the source of which nothing was read, since the mapping does not name them.
    """

    kind: str
    sources: tuple[SourceReading, ...]
    units: tuple[UnitMet, ...] = ()
    not_mapped: tuple[NotMapped, ...] = ()
    never_read: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    not_read: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return the report as text, one fact on each line."""
        return "\n".join(
            [
                *(str(source) for source in self.sources),
                *([f"Sheets, files and tables not read: {'; '.join(self.not_read)}"] if self.not_read else []),
                *_block("Units", (f"{one.analyte} in {one.unit or 'no unit'}: {one.count:,}" for one in self.units)),
                *_block("Not named by the mapping, so not read", _first_not_mapped(self.not_mapped)),
                *_block("Never read, since they may identify a person", self.never_read),
                *_block("Notes", self.notes),
            ]
        )

    def as_json(self) -> dict[str, Any]:
        """Return the report as plain values, as ``reading_report.json`` has them."""
        return asdict(self)


def _block(title: str, lines: Iterable[str]) -> list[str]:
    found = [f"  {line}" for line in lines]
    return [f"{title}:", *found] if found else []


def _first_not_mapped(every: tuple[NotMapped, ...]) -> list[str]:
    """Return the first of them as text, each source by itself, and how many more there are: all are kept."""
    lines: list[str] = []
    for source in dict.fromkeys(one.source for one in every):
        own = [one for one in every if one.source == source]
        lines += [_not_mapped(one) for one in own[:_SHOWN]]
        if len(own) > _SHOWN:
            count = sum(one.count for one in own[_SHOWN:])
            lines.append(f"{source}: {len(own) - _SHOWN} more, {count:,} in all (reading_report.json has each)")
    return lines


def _not_mapped(one: NotMapped) -> str:
    label = f" ({one.label})" if one.label else ""
    return f"{one.source}, {one.code}{label}: {one.count:,}"
