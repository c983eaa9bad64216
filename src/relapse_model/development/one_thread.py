"""Linear algebra on one thread: the problems are small, and sums are in the same order on every machine."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Any


def one_thread() -> AbstractContextManager[Any]:
    """Return a context in which the libraries of linear algebra that are loaded use one thread.

    To look for them takes as long as a fit; it is done again only after something was imported.
    """
    limits: AbstractContextManager[Any] = _libraries(len(sys.modules)).limit(limits=1)
    return limits


@lru_cache(maxsize=1)
def _libraries(modules: int) -> Any:
    """Return the libraries, found once for a number of imported modules."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
