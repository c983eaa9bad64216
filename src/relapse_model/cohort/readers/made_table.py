"""Tables that a reader made of an export, with the place in the export that each row came from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.cohort.gate_tables import FIRST_ROW
from relapse_model.errors import Problem

ROW = "row"  # the column that holds the row of the source, so that a result that came twice counts once and is listed


@dataclass(frozen=True, slots=True, eq=False)
class MadeTable:
    """One table in the form of the cohort folder.

    Attributes
    ----------
    rows : DataFrame
        Columns of the contract, as texts exactly as they stood in the source; dates as YYYY-MM-DD.
    source : str or array of object
        Sheet, data set or file of each row, or of all.
    number : array of int or None
        Of each row, as the source numbers it; `None` where nothing is numbered.
    called : mapping
        What a column is called in the source: one name, or one for each row.
    counted : str
        What `number` counts.
    elsewhere : mapping of str to (array of object, array of int)
        Of columns whose values stand in other rows than their table's: source and number of each; -1: in its row.
    visit : array of object, callable or None
        The visit that the source has each row at, or what returns it: few need it; `None` where it names none.
    visit_week : array of float or None
        The week since time zero that the name of its visit states, beside a date; NaN where it states none.
    as_text : array of bool, what returns one, or None
        Results that stand as text alone, so that nothing tells what a point in them parts; `None` where that is known.
    """

    rows: pd.DataFrame
    source: str | NDArray[np.object_]
    number: NDArray[np.int64] | None = None
    called: Mapping[str, str | NDArray[np.object_]] = field(default_factory=dict)
    counted: str = "row"
    elsewhere: Mapping[str, tuple[NDArray[np.object_], NDArray[np.int64]]] = field(default_factory=dict)
    visit: NDArray[np.object_] | Callable[[], NDArray[np.object_]] | None = None
    visit_week: NDArray[np.float64] | None = None
    as_text: NDArray[np.bool_] | Callable[[], NDArray[np.bool_]] | None = None

    def visits(self, column: str = "value") -> NDArray[np.object_] | None:
        """Return the visit of each row; by default what a column is called in the source, if that differs by row."""
        found = self.called.get(column) if self.visit is None else self.visit
        if isinstance(found, str):
            return None
        return found() if callable(found) else found

    def place(self, problem: Problem) -> Problem:
        """Return a problem of this table as one of the source: its sheet, row and column.

        Parameters
        ----------
        problem : Problem
            With the row of the made table, as the gate counts it.

        Examples
        --------
        >>> made = MadeTable(pd.DataFrame({"value": ["5", "?"]}), "Sheet1", np.array([7, 9]), {"value": "HBsAg_w4"})
        >>> print(made.place(Problem("labs", 3, "value", "?", "a number")))
        Sheet1, row 9, column 'HBsAg_w4': ?; expected a number.
        """
        if problem.row is None:
            return problem
        row = problem.row - FIRST_ROW
        called = self.called.get(problem.column or "", problem.column)
        table = self.source if isinstance(self.source, str) else str(self.source[row])
        number = None if self.number is None else int(self.number[row])
        sources, numbers = self.elsewhere.get(problem.column or "", (None, None))
        if sources is not None and numbers is not None and numbers[row] >= 0:
            table, number = str(sources[row]), int(numbers[row])
        return replace(
            problem,
            table=table,
            row=number,
            column=called if called is None or isinstance(called, str) else str(called[row]),
            counted=self.counted,
        )
