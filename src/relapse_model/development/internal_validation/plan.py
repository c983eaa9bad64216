"""What a validation repeats: outer folds, bootstrap resamples and groups left out, and the risks out of fold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from relapse_model.arrays import Floats, Positions
from relapse_model.development.folds import data_folds
from relapse_model.development.internal_validation.group_tables import groups_of
from relapse_model.development.internal_validation.judged_risks import mean_performance, not_estimable
from relapse_model.development.internal_validation.refit import Refit, Task
from relapse_model.development.internal_validation.refits import bootstrap_tasks, failures, fold_tasks
from relapse_model.development.refused_runs import reasons_counted
from relapse_model.development.train import Start
from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.features.development_data import DevelopmentData
from relapse_model.validation.performance_measures import Performance


@dataclass(frozen=True, eq=False)
class Plan:
    """The parts of the patients on which the procedure is repeated.

    Attributes
    ----------
    split : list of (int, array of int)
        For each outer fold its repeat and the test rows.
    repeats : int
    drawn : list of array of int
        The rows of each bootstrap resample.
    groups : array of shape (n,)
        The group of each row.
    held : list of array of int
        The rows of each group that is left out; none where there is a single group.
    tasks : list of Task
        Of the folds, the resamples and the groups, in this order.
    """

    split: list[tuple[int, Positions]]
    repeats: int
    drawn: list[Positions]
    groups: NDArray[np.object_]
    held: list[Positions]
    tasks: list[Task]

    def parts(self, refits: Sequence[Refit]) -> tuple[Sequence[Refit], Sequence[Refit], Sequence[Refit]]:
        """Return the runs of the folds, of the resamples, and of the groups."""
        folds, resamples = len(self.split), len(self.split) + len(self.drawn)
        return refits[:folds], refits[folds:resamples], refits[resamples:]


def plan_of(start: Start, leave_out: str | None, outer: tuple[int, int], bootstraps: int) -> Plan:
    """Draw all parts from one seed, so that each kind of them is the same whatever the number of the others.

    Parameters
    ----------
    start : Start
    leave_out : str or None
        Column of the patients table.
    outer : (int, int)
        Folds and repeats.
    bootstraps : int

    Raises
    ------
    RelapseModelError
        For a number of bootstraps below 0.
    """
    if bootstraps < 0:
        raise RelapseModelError(f"bootstraps is {bootstraps}; expected 0 for none, or a number such as 200.")
    data, repeats = start.data, outer[1]
    split = data_folds(data, *outer, start.seed)
    groups = groups_of(start.cohort, data, leave_out)
    held = [np.flatnonzero(groups == name) for name in dict.fromkeys(groups)]
    held = held if len(held) > 1 else []
    counts = (len(split), bootstraps, len(held))
    of_folds, of_bootstraps, of_groups = (
        [int(one) for one in sequence.generate_state(max(count, 1))][:count]
        for sequence, count in zip(np.random.SeedSequence(start.seed).spawn(3), counts, strict=True)
    )
    resamples = list(bootstrap_tasks(data, of_bootstraps))
    tasks = [
        *fold_tasks(data, [test for _, test in split], of_folds),
        *(task for task, _ in resamples),
        *fold_tasks(data, held, of_groups),
    ]
    return Plan(split, repeats, [rows for _, rows in resamples], groups, held, tasks)


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """Risks of patients that the model never saw.

    Attributes
    ----------
    risks : array of shape (repeats, n)
        NaN where a fold failed.
    fold : array of shape (repeats, n)
        The fold of each row in each repeat.
    failed : dict of str to int
        Folds that could not be fitted, by reason.
    too_few : str
        Why no figure is estimable, where more than half of the folds failed; else empty.
    """

    risks: Floats
    fold: Positions
    failed: dict[str, int]
    too_few: str

    def performance(self, data: DevelopmentData, week: float, seed: int) -> Performance:
        """Judge the risks of those at risk at a landmark."""
        at = data.rows_at(week)
        found = mean_performance(data.at(week), self.risks[:, at], seed, self.fold[:, at])
        return not_estimable(found, self.too_few) if self.too_few else found


def out_of_fold(plan: Plan, refits: Sequence[Refit], rows: int) -> OutOfFold:
    """Put the risks of the outer folds together.

    Parameters
    ----------
    plan : Plan
    refits : sequence of Refit
        Of the folds.
    rows : int

    Raises
    ------
    InsufficientDataError
        If every fold failed.
    """
    failed = failures(refits)
    count, folds = sum(failed.values()), len(plan.split)
    lost = f"{count} of {folds} folds failed: {reasons_counted(failed)}."
    if count == folds:
        raise InsufficientDataError(
            f"validate: {lost} No model of a part of these patients can be judged; add patients."
        )
    risks, fold = np.full((plan.repeats, rows), np.nan), np.zeros((plan.repeats, rows), dtype=np.intp)
    for number, ((repeat, test), one) in enumerate(zip(plan.split, refits, strict=True)):
        risks[repeat, test], fold[repeat, test] = one.risk, number
    return OutOfFold(risks, fold, failed, lost if 2 * count > folds else "")
