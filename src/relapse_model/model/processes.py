"""Calls made in several processes, by whatever backend of joblib is asked for; they end with the one that asked."""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_SECONDS = 0.5  # between two looks at whether the parent is there
_watching: set[int] = set()  # the process that watches: one that is forked from it has no thread of its own


def end_with(parent: int) -> None:
    """Let this process end soon after its parent, however that ended.

    A parent that is killed while it hands over work leaves half of it in a pipe, which its workers themselves hold
    open: they would wait for the rest for ever, with all their memory. Does nothing in a process that is no child of
    `parent`: a thread of it, or a worker on another machine.

    Parameters
    ----------
    parent : int
        Number of the process that gives the work.
    """
    own = os.getpid()
    if own in _watching or os.name != "posix" or os.getppid() != parent:
        return
    _watching.add(own)
    threading.Thread(target=_end_after, args=(parent,), daemon=True).start()


def begin_worker(parent: int) -> None:
    """Let this worker end with its parent, or at once if the parent ended while the worker was being started.

    For a pool of one's own, of which every worker is a child of `parent`: nobody would ever give it work, or end it.

    Parameters
    ----------
    parent : int
        Number of the process that gives the work.
    """
    if os.name == "posix" and os.getppid() != parent:
        os._exit(1)
    end_with(parent)


def _end_after(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_SECONDS)
    os._exit(1)


def _called(parent: int, function: Callable[..., Any], *args: Any, **keywords: Any) -> Any:
    """Call a function in a process that ends with its parent."""
    end_with(parent)
    return function(*args, **keywords)


@contextmanager
def holding_back_interrupts() -> Iterator[None]:
    """Hold back Ctrl-C (and SIGTERM) while workers start, or are ended; it comes when that is done.

    Broken off in between, a worker would be in no pool, and nobody would end it, or remove its semaphores. A terminal
    sends Ctrl-C to the workers too, which would all print where they were: those that start meanwhile never see it.

    Examples
    --------
    >>> with holding_back_interrupts():
    ...     pass
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    held: list[int] = []
    usual: dict[int, Any] = {}
    try:
        if threading.current_thread() is threading.main_thread():

            def hold(number: int, frame: FrameType | None) -> None:
                held.append(number)

            for number in (signal.SIGINT, signal.SIGTERM):
                if callable(signal.getsignal(number)):
                    usual[number] = signal.signal(number, hold)
        before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
        with _masked(before):
            yield
    finally:
        for one, handler in usual.items():
            signal.signal(one, handler)
        if held:
            signal.raise_signal(held[0])


@contextmanager
def _masked(before: Iterable[int]) -> Iterator[None]:
    """Let what starts meanwhile never see Ctrl-C; the trackers of resources, which change that, start before it."""
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT,))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def end_workers() -> None:
    """End at once the workers that joblib keeps for later calls of this process, with all that they work on.

    Examples
    --------
    >>> end_workers()
    """
    pool = getattr(sys.modules.get("joblib.externals.loky.reusable_executor"), "_executor", None)
    if pool is not None:
        end_pool(pool, at_once=True)


def end_pool(pool: Any, *, at_once: bool) -> None:
    """End a pool of loky: when its work is done, or at once.

    Parameters
    ----------
    pool : loky.ProcessPoolExecutor
    at_once : bool
        Its workers are killed, and what they have not begun is forgotten.
    """
    with holding_back_interrupts():
        if at_once:
            # loky looks up work that waits after it has thrown it away: KeyError, printed by a thread of its own
            while (waiting := getattr(pool, "_work_ids", None)) is not None:
                try:
                    waiting.get_nowait()
                except queue.Empty:
                    break
        # joblib's own also removes what it kept in shared memory.
        (getattr(pool, "terminate", None) or pool.shutdown)(kill_workers=at_once)


def results_of(calls: Iterable[Any], jobs: int | None, *, in_order: bool = True) -> Iterator[Any]:
    """Yield the results of calls as they come; all at once from a backend that can do no more (multiprocessing).

    Who breaks off leaves no worker at work.

    Parameters
    ----------
    calls : iterable
        Of ``joblib.delayed`` functions.
    jobs : int, optional
        As joblib takes it.
    in_order : bool
        Whether results come in the order of the calls, or as they end.

    Examples
    --------
    >>> from joblib import delayed
    >>> list(results_of([delayed(abs)(-1), delayed(abs)(2)], None))
    [1, 2]
    """
    from joblib import Parallel, effective_n_jobs
    from joblib.parallel import get_active_backend

    own = os.getpid()
    calls = ((_called, (own, function, *args), keywords) for function, args, keywords in calls)
    if not getattr(get_active_backend()[0], "supports_return_generator", False):
        yield from Parallel(n_jobs=jobs)(calls)
        return
    found: Any = ()
    try:
        if effective_n_jobs(jobs) == 1:
            found = Parallel(n_jobs=jobs, return_as="generator")(calls)
        else:
            with holding_back_interrupts():
                found = Parallel(n_jobs=jobs, return_as="generator" if in_order else "generator_unordered")(calls)
        for one in found:  # not `yield from`, which would close it before the last lines  # noqa: UP028
            yield one
    finally:
        _close(found)


def _close(found: Any) -> None:
    """Let joblib end what is still being done; it would tell whoever breaks off to ask for less another time."""
    if hasattr(found, "close"):
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", r"\d+ tasks (which were|have been)", UserWarning)
            found.close()
