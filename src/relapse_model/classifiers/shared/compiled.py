"""Modules of compiled loops, where they can be had."""

from __future__ import annotations

from functools import cache
from importlib import import_module


@cache
def can_be_compiled(module: str) -> bool:
    """Tell whether a module of compiled loops can be used; it is imported.

    Without Numba it cannot, nor where Numba has no folder to keep what it compiled: it would compile for seconds in
    every process. Whoever asks has another way to the same result.

    Parameters
    ----------
    module : str

    Examples
    --------
    >>> can_be_compiled("relapse_model.no_such_loops")
    False
    """
    try:
        import_module(module)
    except (ImportError, RuntimeError):
        return False
    return True
