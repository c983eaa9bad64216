"""The procedure run again and again on parts of the patients: out of fold, in bootstrap resamples, without a group."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from relapse_model.arrays import Floats, Positions
from relapse_model.development.procedure import Procedure, develop
from relapse_model.development.refused_runs import reason_of
from relapse_model.errors import RelapseModelError
from relapse_model.features.development_data import DevelopmentData
from relapse_model.model.processes import results_of
from relapse_model.validation.estimate import require_both_outcomes


@dataclass(frozen=True, eq=False)
class Refit:
    """One run of the procedure.

    Attributes
    ----------
    risk : array of shape (m,)
        Risks of the rows that were to be predicted; NaN if the run failed.
    effect : array of shape (columns,)
        By how much the log-odds rise from the lower to the upper quartile of each column; NaN if the run failed.
    chosen : str
        The classifier; empty if the run failed.
    failed : str
        Why it failed; empty if it did not.
    """

    risk: Floats
    effect: Floats
    chosen: str
    failed: str


@dataclass(frozen=True, eq=False)
class Task:
    """Patients to learn from, rows to predict, and the seed of the run."""

    train: DevelopmentData
    predict: Positions
    seed: int


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
    data: DevelopmentData, procedure: Procedure, tasks: list[Task], *, jobs: int | None, progress: bool
) -> list[Refit]:
    """Run all tasks, in order; a run that is refused is a failure, counted and not hidden.

    Parameters
    ----------
    data : DevelopmentData
        All patients; tasks name its rows.
    procedure : Procedure
    tasks : list of Task
    jobs : int, optional
        Processes; by default as joblib's backend says.
    progress : bool
        Show a progress bar if it takes more than a moment and the output is a terminal.
    """
    from joblib import delayed
    from tqdm import tqdm

    probes = _quartile_probes(data.matrix)
    calls = (delayed(_run)(task, procedure, data.matrix[task.predict], probes) for task in tasks)
    found = results_of(calls, jobs)
    quiet = not progress or None  # None: silent where the output is no terminal
    return list(tqdm(found, total=len(tasks), desc="validate", unit="run", leave=False, delay=1.0, disable=quiet))


def failures(refits: Iterable[Refit]) -> dict[str, int]:
    """Return how often runs failed, by reason."""
    return dict(Counter(one.failed for one in refits if one.failed))


def choices(refits: Iterable[Refit]) -> dict[str, int]:
    """Return how often each classifier was chosen."""
    return dict(Counter(one.chosen for one in refits if one.chosen))


def _run(task: Task, procedure: Procedure, rows: Floats, probes: Floats) -> Refit:
    try:
        require_both_outcomes(task.train.relapse[~np.isnan(task.train.relapse)], "a run of the procedure")
        result = develop(task.train, procedure, task.seed)
        low, high = np.split(result.classifier.predict_log_odds(result.of_classifier(probes)), 2)
        risk = result.classifier.predict_proba(result.of_classifier(rows))[:, 1]
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
