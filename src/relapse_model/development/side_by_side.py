"""Calls that do not depend on each other, in this process or in several; the first ones tell which is worth while."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from relapse_model.model.processes import results_of

_WORTH_WHILE = 10.0  # seconds of work left: below, starting processes takes longer than they save
_TOLD = 5.0  # seconds
_TIMED = 2  # calls in this process
Call = tuple[Callable[..., Any], tuple[Any, ...]]


def side_by_side(calls: Sequence[Call], jobs: int | None, tell: Callable[[str], object] | None = None) -> Iterator[Any]:
    """Yield the results of calls, in order; they are the same whatever the number of processes.

    Parameters
    ----------
    calls : sequence of (function, arguments)
    jobs : int, optional
        Processes; by default as joblib's backend says, else those that are idle, where they save time.
    tell : callable, optional
        Is told how long the others will take, once the first ones are done.

    Examples
    --------
    >>> list(side_by_side([(abs, (-1,)), (abs, (2,))], jobs=1))
    [1, 2]
    """
    from joblib import delayed

    seconds = float("inf")
    for done, (function, arguments) in enumerate(calls[:_TIMED], start=1):  # the first may import what it needs
        begin = time.perf_counter()
        result = function(*arguments)
        seconds = min(seconds, time.perf_counter() - begin)
        left = seconds * (len(calls) - done)
        yield result
    if len(calls) <= _TIMED:
        return
    processes = processes_for(left) if jobs is None else jobs
    together = min(processes if processes > 0 else _cores() + 1 + processes, _cores())
    if tell is not None and left / together > _TOLD:
        tell(f"{len(calls)} runs, about {_duration(left / together)} on {together} of {_cores()} cores")
    others = (delayed(function)(*arguments) for function, arguments in calls[_TIMED:])
    yield from results_of(others, processes)


def processes_for(seconds: float) -> int:
    """Return in how many processes work of so many seconds is done: joblib's number, else that of the idle cores.

    Parameters
    ----------
    seconds : float
        What it would take in one.
    """
    from joblib.parallel import get_active_backend

    backend, asked = get_active_backend()
    if asked is not None or getattr(backend, "nesting_level", None):
        return int(asked or 1)
    return idle_cores() if seconds > _WORTH_WHILE else 1


def idle_cores() -> int:
    """Return how many cores have had nothing to do in the last minute, this process's among them; at least 1."""
    busy = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    return max(1, min(_cores(), round(_cores() - busy + 1)))


def _cores() -> int:
    from joblib import cpu_count

    return int(cpu_count())


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"
