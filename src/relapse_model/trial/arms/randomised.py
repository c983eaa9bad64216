"""Who was randomised, and to which arm; what is wrong with it, all at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Mask, Positions
from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.tables.column_values import texts
from relapse_model.cohort.tables.columns import MISSING_WORDS
from relapse_model.errors import Problem
from relapse_model.study.trial_plan import TrialPlan
from relapse_model.trial.arms.number_words import number_of

RANDOMISED = "randomised"  # optional column of the patients table: 0 for those who were screened only
_LISTED_ROWS = 10


@dataclass(frozen=True, eq=False)
class Randomised:
    """The randomised patients of a cohort.

    Attributes
    ----------
    place : array of int
        Their positions in the cohort, in its order.
    treated : array of bool
        Whether each was allocated to the treatment arm.
    strata : array of str or None
        The stratum of the randomisation of each; None for simple randomisation.
    """

    place: Positions
    treated: Mask
    strata: NDArray[np.object_] | None

    def __len__(self) -> int:
        """Return how many were randomised."""
        return len(self.place)


def randomised(cohort: Cohort, plan: TrialPlan) -> tuple[Randomised, list[Problem]]:
    """Return who was randomised to which arm, and what is wrong with it.

    All patients of the folder are taken as randomised, unless a column ``randomised`` says 0. A patient without an arm
    of the plan is a problem: nobody who was randomised is left out.

    Parameters
    ----------
    cohort : Cohort
    plan : TrialPlan

    Returns
    -------
    Randomised
        Of the patients in whom nothing is wrong.
    list of Problem
    """
    problems: list[Problem] = []
    patients, column = cohort.patients, plan.arms.column
    everybody = np.ones(len(cohort), dtype=bool)
    if len(cohort.rejected):
        refused = number_of(len(cohort.rejected), "patient was", "patients were")
        problems.append(
            Problem("patients", None, None, f"{refused} refused when the cohort was read",
                    "every randomised patient", "Mend the tables, and read them so that a problem is an error")
        )  # fmt: skip
    if column not in patients:
        problems.append(
            Problem("patients", None, column, "the column is missing", "the arm to which each patient was allocated")
        )
        return Randomised(np.zeros(0, dtype=np.intp), np.zeros(0, dtype=bool), None), problems
    entered, wrong = _entered(patients, everybody)
    problems += wrong
    arm = texts(patients[column])
    treated, control = (arm == plan.arms.treatment).to_numpy(), (arm == plan.arms.control).to_numpy()
    expected = f"{plan.arms.treatment!r} or {plan.arms.control!r}"
    unknown = entered & ~(treated | control)
    for value in sorted(set(arm[unknown])):
        rows = np.flatnonzero(unknown & (arm == value).to_numpy())
        if value.casefold() in MISSING_WORDS:
            came = f"no arm in {rows_shown(rows)}"
            advice = (
                f"Find out to which arm they were allocated; who was not randomised has 0 in a column {RANDOMISED!r}"
            )
        else:
            came, advice = f"{value!r} in {rows_shown(rows)}", "Nobody who was randomised is left out"
        problems.append(Problem("patients", None, column, came, expected, advice))
    for who, name in ((treated, plan.arms.treatment), (control, plan.arms.control)):
        if not (entered & who).any():
            problems.append(Problem("patients", None, column, f"nobody in the arm {name!r}", "patients in both arms"))
    place = np.flatnonzero(entered & (treated | control))
    strata, wrong = _strata(patients, plan.strata, place)
    return Randomised(place, treated[place], strata), problems + wrong


def _entered(patients: pd.DataFrame, everybody: Mask) -> tuple[Mask, list[Problem]]:
    """Return who was randomised, by the column that says so, if there is one."""
    if RANDOMISED not in patients:
        return everybody, []
    marks = texts(patients[RANDOMISED])
    wrong = np.flatnonzero(~marks.isin(["0", "1"]).to_numpy())
    came = f"neither 0 nor 1 in {rows_shown(wrong)}"
    found = Problem("patients", None, RANDOMISED, came, "1 for randomised, 0 for not")
    return (marks == "1").to_numpy(), [found] if len(wrong) else []


def _strata(
    patients: pd.DataFrame, columns: tuple[str, ...], place: Positions
) -> tuple[NDArray[np.object_] | None, list[Problem]]:
    """Return the stratum of each randomised patient, by the columns of the plan."""
    problems, parts = [], []
    for column in columns:
        if column not in patients:
            expected = "a column of the strata of the randomisation, as the plan names it"
            problems.append(Problem("patients", None, column, "the column is missing", expected))
            continue
        values = texts(patients[column])
        empty = place[values.iloc[place].str.casefold().isin(MISSING_WORDS).to_numpy()]
        if len(empty):
            came = f"no stratum in {rows_shown(empty)}"
            problems.append(Problem("patients", None, column, came, "the stratum in which each patient was randomised"))
        parts.append(values.iloc[place].to_numpy(dtype=object))
    if problems or not parts:
        return None, problems
    joined = [" / ".join(map(str, row)) for row in zip(*parts, strict=True)]
    return np.array(joined, dtype=object), []


def rows_shown(places: Positions) -> str:
    """Return rows as a spreadsheet numbers them.

    Parameters
    ----------
    places : array of int
        From 0.

    Examples
    --------
    >>> rows_shown(np.array([0, 3]))
    'rows 2, 5'
    """
    listed = ", ".join(str(place + 2) for place in places[:_LISTED_ROWS])
    more = f" and {len(places) - _LISTED_ROWS} more" if len(places) > _LISTED_ROWS else ""
    return f"row {listed}" if len(places) == 1 else f"rows {listed}{more}"
