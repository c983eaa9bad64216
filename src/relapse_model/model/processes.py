"""Calls made in several processes, by whatever backend of joblib is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any


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

    if not getattr(get_active_backend()[0], "supports_return_generator", False):
        return iter(Parallel(n_jobs=jobs)(calls))
    found: Iterator[Any] = Parallel(n_jobs=jobs, return_as="generator" if in_order else "generator_unordered")(calls)
    return found
