"""Modules of compiled loops, where they can be had."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache


@cache
def can_be_compiled(load: Callable[[], object]) -> bool:
    """Tell whether a module of compiled loops can be used; it is imported.

    Without Numba it cannot, nor where Numba has no folder to keep what it compiled: it would compile for seconds in
    every process. Whoever asks has another way to the same result.

    Parameters
    ----------
    load : callable
        Imports the module.

    Examples
    --------
    >>> def load():
    ...     import no_such_loops
    >>> can_be_compiled(load)
    False
    """
    try:
        load()
    except (ImportError, RuntimeError):
        return False
    return True
