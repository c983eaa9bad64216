"""Parts scored side by side, by processes of this machine or of others: any `concurrent.futures` executor."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, as_completed
from contextlib import AbstractContextManager, contextmanager
from secrets import token_hex
from typing import Any

from relapse_model.cohort.large_folders.partitions import DamagedPartError
from relapse_model.errors import RelapseModelError
from relapse_model.model.processes import begin_worker, end_pool, holding_back_interrupts

ENGINES = ("processes", "dask")


class PartsFailedError(RelapseModelError):
    """Some parts could not be scored, for a reason that is not in them; the others are scored, and kept.

    Attributes
    ----------
    reasons : dict of int to str
        By the number of the part.
    """

    def __init__(self, text: str, reasons: dict[int, str] | None = None):
        super().__init__(text)
        self.reasons = reasons or {}


def run_parts(
    function: Callable[[int], Any], numbers: Sequence[int], pool_of: Callable[[], AbstractContextManager[Executor]]
) -> Iterator[int]:
    """Call a function with the number of each part; yield the numbers as they are done.

    A part that fails is tried once more when all others are done: its worker may have been killed. What the library
    refuses would be refused again, and ends the run.

    Parameters
    ----------
    function : callable
        Can be pickled.
    numbers : sequence of int
    pool_of : callable
        Returns a context of an executor that works: a pool of processes whose worker was killed does not.

    Raises
    ------
    PartsFailedError
        With the parts that failed twice.
    """
    reasons: dict[int, str] = {}
    for _ in range(2):
        reasons = {}
        with pool_of() as executor:
            yield from _run_once(function, numbers, executor, reasons)
        numbers = sorted(reasons)
        if not numbers:
            return
    raise PartsFailedError("parts failed", dict(sorted(reasons.items())))


def _run_once(
    function: Callable[[int], Any], numbers: Sequence[int], executor: Executor, reasons: dict[int, str]
) -> Iterator[int]:
    """Yield the numbers of the parts that are done; note the reasons of the others."""
    futures = {}
    with holding_back_interrupts():  # workers start when they are given work
        for number in numbers:
            try:
                futures[executor.submit(_attempt, function, number, token_hex(8))] = number
            except Exception as error:  # the pool broke while it was being given work
                reasons[number] = _reason(error)
    for future in as_completed(futures):
        failure = future.exception()
        if failure is None:
            yield futures[future]
        elif isinstance(failure, RelapseModelError) and not isinstance(failure, DamagedPartError):
            for other in futures:
                other.cancel()
            raise failure
        else:
            reasons[futures[future]] = _reason(failure)


@contextmanager
def process_pool(jobs: int) -> Iterator[Executor]:
    """Give a new pool of processes of this machine; they end with the context, at once if it is broken off.

    Not the one that joblib keeps for itself: it would find ours there, which is of another kind.

    Parameters
    ----------
    jobs : int
        As joblib takes it.
    """
    from joblib import effective_n_jobs
    from joblib.externals.loky import ProcessPoolExecutor

    pool = None
    broken_off = True
    try:
        with holding_back_interrupts():
            pool = ProcessPoolExecutor(effective_n_jobs(jobs), initializer=begin_worker, initargs=(os.getpid(),))
        yield pool
        broken_off = False
    finally:
        if pool is not None:
            end_pool(pool, at_once=broken_off)


@contextmanager
def dask_executor(scheduler: str | None = None, jobs: int | None = None) -> Iterator[Executor]:
    """Give an executor on a Dask cluster: one that runs, or else processes of this machine while it is used.

    Parameters
    ----------
    scheduler : str, optional
        Address, such as ``"tcp://10.0.0.1:8786"``.
    jobs : int, optional
        Without a scheduler: how many processes; by default one for each core.

    Raises
    ------
    RelapseModelError
        If distributed is not installed, or nobody answers at the address.
    """
    try:
        import distributed
    except ImportError:
        raise RelapseModelError(
            "--engine dask: the package distributed is not installed; pip install 'relapse-model[dask]', or leave "
            "--engine out: processes of this machine need nothing."
        ) from None
    dask: Any = distributed  # its calls have no types
    workers = jobs if jobs is not None and jobs > 0 else os.cpu_count() or 1
    own = {"n_workers": workers, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
    try:
        client = dask.Client(scheduler, timeout=30) if scheduler else dask.Client(**own)
    except (OSError, ValueError) as error:
        raise RelapseModelError(
            f"--scheduler {scheduler}: nobody answers there ({type(error).__name__}); expected the address of a Dask "
            "scheduler that runs, such as tcp://10.0.0.1:8786."
        ) from None
    with client:
        yield client.get_executor()


def _attempt(function: Callable[[int], Any], number: int, _attempt_of: str) -> Any:
    """Call a function; no engine that remembers results, or failures, by the arguments takes two calls for one."""
    return function(number)


def _reason(error: BaseException) -> str:
    """Say what went wrong without the words of others, in which a patient may be named."""
    if isinstance(error, RelapseModelError):
        return str(error)
    said = error.strerror if isinstance(error, OSError) and error.strerror else ""
    return f"{type(error).__name__}{f' ({said})' if said else ''}"
