"""Threads for loops that hold no lock of the interpreter, where nobody else shares out the processors."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterable
from typing import TypeVar

_Part = TypeVar("_Part")


def free_threads() -> int:
    """Return how many threads a loop may take here.

    One in a process or a thread that another one started: there, whoever asked for several jobs has shared out the
    processors. Otherwise as many as this process has processors, or as the variable OMP_NUM_THREADS allows.

    Examples
    --------
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> with ThreadPoolExecutor(1) as pool:
    ...     pool.submit(free_threads).result()
    1
    """
    if multiprocessing.parent_process() or threading.current_thread() is not threading.main_thread():
        return 1
    known = getattr(os, "sched_getaffinity", None)
    processors = len(known(0)) if known else os.cpu_count() or 1
    allowed = os.environ.get("OMP_NUM_THREADS", "")
    return min(processors, max(int(allowed), 1)) if allowed.isdecimal() else processors


def for_each(function: Callable[[_Part], None], parts: Iterable[_Part], threads: int) -> None:
    """Call a function with each part, in so many threads; they have ended when this returns, so that a fork is safe.

    Parameters
    ----------
    function : callable
        What it writes for one part concerns no other part.
    parts : iterable
    threads : int

    Examples
    --------
    >>> found = [0, 0, 0]
    >>> for_each(lambda part: found.__setitem__(part, part**2), range(3), 2)
    >>> found
    [0, 1, 4]
    """
    if threads < 2:
        for part in parts:
            function(part)
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(function, parts):
            pass
