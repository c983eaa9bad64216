"""The procedure run again and again on parts of the patients: out of fold, in bootstrap resamples, without a group."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from relapse_model.arrays import Floats, Positions
from relapse_model.classifiers.by_centre import risk_by_centre
from relapse_model.development.internal_validation.kept_runs import KeptRuns
from relapse_model.development.internal_validation.refit import Refit, Task
from relapse_model.development.procedure import Procedure, develop
from relapse_model.development.refused_runs import reason_of
from relapse_model.development.side_by_side import side_by_side
from relapse_model.display.progress import progress_bar
from relapse_model.errors import RelapseModelError
from relapse_model.features.development_data import DevelopmentData
from relapse_model.validation.estimate import require_both_outcomes


def fold_tasks(data: DevelopmentData, tests: Iterable[Positions], seeds: Iterable[int]) -> Iterator[Task]:
    """Yield a task for each set of test rows: learn from all other rows, predict these.

    Parameters
    ----------
    data : DevelopmentData
    tests : iterable of array of int
    seeds : iterable of int
    """
    for test, seed in zip(tests, seeds, strict=True):
        yield Task(data.take(np.setdiff1d(np.arange(len(data)), test)), test, int(seed))


def bootstrap_tasks(data: DevelopmentData, seeds: Iterable[int]) -> Iterator[tuple[Task, Positions]]:
    """Yield a task for each seed, and the rows that were drawn: learn from these, predict all rows.

    Parameters
    ----------
    data : DevelopmentData
    seeds : iterable of int
        Each of a resample and of the run on it.
    """
    everybody = np.arange(len(data))
    for seed in seeds:
        drawn, rows = data.resample(np.random.default_rng(int(seed)))
        yield Task(drawn, everybody, int(seed)), rows


def run_tasks(
    data: DevelopmentData,
    procedure: Procedure,
    tasks: list[Task],
    *,
    jobs: int | None,
    progress: bool,
    kept: KeptRuns | None = None,
) -> list[Refit]:
    """Run all tasks, in order; a run that is refused is a failure, counted and not hidden.

    The first ones are run here, and tell how long the others will take.

    Parameters
    ----------
    data : DevelopmentData
        All patients; tasks name its rows.
    procedure : Procedure
    tasks : list of Task
    jobs : int, optional
        Processes; by default as joblib's backend says, else those that are idle, where they save time.
    progress : bool
        Show a progress bar if it takes more than a moment, in a terminal or a notebook.
    kept : KeptRuns, optional
        Where finished runs are kept; those that are there already are not run again.
    """
    probes = _quartile_probes(data.matrix)
    runs = {} if kept is None else dict(kept.runs)
    lacking = [number for number in range(len(tasks)) if number not in runs]
    calls = [(_run, (tasks[number], procedure, *_rows_of(data, tasks[number]), probes)) for number in lacking]
    bar = progress_bar(
        (), total=len(tasks), what="validate", unit="run", shown=progress, done=len(tasks) - len(lacking)
    )
    with bar:
        for number, run in zip(lacking, side_by_side(calls, jobs, bar.write if not bar.disable else None), strict=True):
            runs[number] = run
            if kept is not None:
                kept.add(number, run)
            bar.update()
    return [runs[number] for number in range(len(tasks))]


def failures(refits: Iterable[Refit]) -> dict[str, int]:
    """Return how often runs failed, by reason."""
    return dict(Counter(one.failed for one in refits if one.failed))


def choices(refits: Iterable[Refit]) -> dict[str, int]:
    """Return how often each classifier was chosen."""
    return dict(Counter(one.chosen for one in refits if one.chosen))


def _rows_of(data: DevelopmentData, task: Task) -> tuple[Floats, NDArray[np.object_] | None]:
    """Return the matrix and the centres of the rows that a task predicts."""
    return data.matrix[task.predict], None if data.site is None else data.site[task.predict]


def _run(task: Task, procedure: Procedure, rows: Floats, sites: NDArray[np.object_] | None, probes: Floats) -> Refit:
    try:
        require_both_outcomes(task.train.relapse[~np.isnan(task.train.relapse)], "a run of the procedure")
        result = develop(task.train, procedure, task.seed)
        low, high = np.split(result.classifier.predict_log_odds(result.of_classifier(probes)), 2)
        risk = risk_by_centre(result.classifier, result.of_classifier(rows), sites)
    except RelapseModelError as error:
        nothing = np.full(len(probes) // 2, np.nan)
        return Refit(np.full(len(rows), np.nan), nothing, "", reason_of(error))
    return Refit(risk, high - low, result.choice.chosen, "")


def _quartile_probes(matrix: Floats) -> Floats:
    """Return the median patient with each column in turn at its lower, then each at its upper quartile.

    A column whose quartiles are equal, such as a rare yes, goes from its lowest to its highest value.
    """
    known = np.where(np.isnan(matrix).all(axis=0), 0.0, matrix)
    low, middle, high = np.nanquantile(known, [0.25, 0.5, 0.75], axis=0)
    flat = low == high
    ends = np.where(flat, np.nanmin(known, axis=0), low), np.where(flat, np.nanmax(known, axis=0), high)
    blocks = []
    for end in ends:
        block = np.tile(middle, (len(middle), 1))
        np.fill_diagonal(block, end)
        blocks.append(block)
    return np.vstack(blocks)
