"""Calls made in several processes, by whatever backend of joblib is asked for; they end with the one that asked."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
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


def results_of(calls: Iterable[Any], jobs: int | None, *, in_order: bool = True) -> Iterator[Any]:
    """Return the results of calls as they come; all at once from a backend that can do no more (multiprocessing).

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
    from joblib import Parallel
    from joblib.parallel import get_active_backend

    own = os.getpid()
    calls = ((_called, (own, function, *args), keywords) for function, args, keywords in calls)
    if not getattr(get_active_backend()[0], "supports_return_generator", False):
        return iter(Parallel(n_jobs=jobs)(calls))
    found: Iterator[Any] = Parallel(n_jobs=jobs, return_as="generator" if in_order else "generator_unordered")(calls)
    return found
