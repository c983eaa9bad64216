"""The tables at the gate: what was found wrong with them, and how a message may show it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import islice, repeat

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Mask, Positions
from relapse_model.cohort.tables import column_values as column_reader
from relapse_model.cohort.tables.column_values import read_column
from relapse_model.cohort.tables.columns import (
    NEVER_EMPTY,
    TABLES,
)
from relapse_model.cohort.tables.identifiers import identifier_key
from relapse_model.cohort.tables.part_of_whole import WholeTables, bare_identifiers, holds_identifier
from relapse_model.errors import Problem
from relapse_model.study.study import Time

FIRST_ROW = 2  # rows are numbered as in a spreadsheet: the header is row 1
MOST_TOLD = 1000  # problems of one kind; the others are counted
MOST_NAMES = 10_000  # different units, analytes or agents of a table
MOST_UNREADABLE = 10_000  # different results that are none; those after them are not read
_SEARCHED = 120  # characters of a text; a message shows fewer


class TablesAtTheGate:
    """Holds the tables while they are checked, and what was found wrong with them.

    `broken` tells that a table is lacking, or can be checked only in part: then there is no cohort of any patient.
    """

    def __init__(
        self, tables: dict[str, pd.DataFrame], found: Iterable[Problem], whole: WholeTables | None, clock: Time,
        *, every: bool,
    ):  # fmt: skip
        self.tables = tables
        self.most = None if every else MOST_TOLD  # of one kind; every one is needed where some patients are kept
        self.refused: dict[str, Mask] = {}  # rows of each table with a problem
        self.whole = whole
        self.clock = clock
        self.remarks: list[Problem] = []
        self.repeated: dict[str, Mask] = {}  # rows that stand twice under another row number
        self.problems = list(found)
        self.broken = any(problem.patient is None for problem in self.problems)
        self.shared: dict[str, Positions] = {}  # rows that share their patient, name and week: others repeat none
        self.dated: set[tuple[str, str]] = set()  # week columns that were made of dates, and checked as such
        self.ids: dict[str, pd.Series] = {}  # keys: one for all forms of an identifier
        self.codes_read: dict[str, dict[str, str]] = {}

    @cached_property
    def identifiers(self) -> frozenset[str]:
        """Return what must not be printed; a short number says nothing of anybody, and much of what is wrong."""
        if self.whole is not None:
            return self.whole.identifiers()
        return bare_identifiers(text for ids in self.ids.values() for text in ids.unique())

    @cached_property
    def patients_known(self) -> bool:
        """Tell whether there are patients, and the other tables have rows of any of them."""
        if self.whole is not None:
            return self.whole.patients_known
        known = self.ids.get("patients", pd.Series(dtype=object))
        others = [ids for name, ids in self.ids.items() if name != "patients" and len(ids)]
        return len(known) > 0 and (not others or any(ids.isin(known).any() for ids in others))

    def holds_identifier(self, text: str) -> bool:
        """Tell whether a text holds an identifier of the tables: columns get mixed up, and remarks name people."""
        return holds_identifier(identifier_key(text[:_SEARCHED]), self.identifiers)

    def printable(self, value: object, reason: str = "") -> str:
        """Return a value as a message may show it."""
        if not self.patients_known:
            return "a text that is not shown: the patients table is lacking or names others, and it may be a name"
        if self.holds_identifier(str(value)):
            return "a text that is not shown, since a patient's identifier is in it"
        return f"{column_reader.cell_shown(value)} ({reason})" if reason else column_reader.cell_shown(value)

    def shown(self, values: Iterable[object], reasons: Iterable[str] = repeat("")) -> list[str]:
        """Return values as messages may show them: of very many, those that are told."""
        pairs = zip(values, reasons, strict=False)
        return [self.printable(value, reason) for value, reason in islice(pairs, self.most)]

    def row_numbers(self, table: str, rows: NDArray[np.intp]) -> NDArray[np.int64]:
        """Return the numbers of rows as a spreadsheet of the whole table shows them."""
        return rows.astype(np.int64) + FIRST_ROW if self.whole is None else self.whole.rows[table][rows]

    def row_number(self, table: str, row: int) -> int:
        """Return the number of a row as a spreadsheet of the whole table shows it."""
        return int(row) + FIRST_ROW if self.whole is None else int(self.whole.rows[table][row])

    def refuse(
        self, table: str, rows: Sequence[int] | Mask | NDArray[np.intp], column: str | None, found: Sequence[str] | str,
        expected: Sequence[str] | str, advice: Sequence[str] | str = "",
    ) -> None:  # fmt: skip
        """Add one problem for each of the rows (positions, or a mask); of very many, the first and one that counts."""
        given = np.asarray(rows)
        where = np.flatnonzero(given) if given.dtype == bool else given.astype(np.intp)
        self.refused_rows(table)[where] = True
        told = where[: self.most]
        for order, (row, patient) in enumerate(zip(told.tolist(), self.ids[table].iloc[told], strict=True)):
            what = found if isinstance(found, str) else found[order]
            wanted = expected if isinstance(expected, str) else expected[order]
            to_do = advice if isinstance(advice, str) else advice[order]
            self.problems.append(Problem(table, self.row_number(table, row), column, what, wanted, to_do, str(patient)))
        wanted = expected if isinstance(expected, str) else "such as those"
        self.count_others(table, len(where) - len(told), column, wanted, advice if isinstance(advice, str) else "")

    def refused_rows(self, table: str) -> Mask:
        """Return which rows of a table have a problem, to be added to."""
        return self.refused.setdefault(table, np.zeros(len(self.ids[table]), dtype=bool))

    def count_others(self, table: str, number: int, column: str | None, expected: str, advice: str = "") -> None:
        """Add one problem that stands for all the rows of one kind beyond those that are told."""
        if number:
            found = f"{number:,} more rows like these"
            self.problems.append(Problem(table, None, column, found, expected, advice, stands_for=number))

    def remark(self, table: str, rows: Mask, column: str | None, found: Sequence[str] | str, expected: str) -> None:
        """Note, of each of the rows, what may be right and should be looked at."""
        where = np.flatnonzero(rows)
        for order, (row, patient) in enumerate(zip(where.tolist(), self.ids[table].iloc[where], strict=True)):
            what = found if isinstance(found, str) else found[order]
            self.remarks.append(Problem(table, self.row_number(table, row), column, what, expected, "", str(patient)))

    def not_looked_at(self, table: str, rows: Mask, column: str, expected: str) -> None:
        """Add one problem for all the rows that were left unread, since so many before them are wrong."""
        self.refused_rows(table)[rows] = True
        if number := int(rows.sum()):
            found = f"{number:,} more rows, which were not read since so many before them are wrong"
            self.problems.append(Problem(table, None, column, found, expected, stands_for=number))

    def refuse_empty(self, name: str, rule: str, column: str, empty: Mask, expected: str) -> None:
        """Refuse the empty cells of a column that is never empty; a relapse may stand in an unknown week."""
        if rule not in NEVER_EMPTY:
            return
        table, advice = self.tables[name], ""
        if (name, rule) == ("outcomes", "week"):
            if "relapse" in table:
                empty = empty & ~(read_column(table["relapse"], TABLES[name]["relapse"]).values == 1)
            if "event" in table:
                empty = empty & ~(read_column(table["event"], TABLES[name]["event"]).values == "relapse")
            advice = (
                "Without a relapse the week says until when the patient was known to be free of it: name one column "
                "that has the day of relapse, and the last contact of those without one"
            )
        if (name, rule) == ("outcomes", "relapse") and "event" in table:
            empty = empty & read_column(table["event"], TABLES[name]["event"]).empty
        self.refuse(name, empty, column, "nothing", expected, advice)
