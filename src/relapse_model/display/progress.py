"""Progress bars: in a terminal and in a notebook, and nowhere else."""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Iterable
from threading import RLock
from typing import Any


def progress_bar(items: Iterable[Any], *, total: int, what: str, unit: str, shown: bool, done: int = 0) -> Any:
    """Return the items with a bar that counts them, where somebody looks and it takes more than a moment.

    Parameters
    ----------
    items : iterable
    total : int
    what : str
        What is being done, such as "validate".
    unit : str
        What one item is called.
    shown : bool
        Whether a bar is wanted; it is drawn only in a terminal or a notebook.
    done : int
        How many of the total were done before.

    Returns
    -------
    tqdm
        Iterable; ``write`` prints a line above the bar.

    Examples
    --------
    >>> list(progress_bar("abc", total=3, what="spell", unit="letter", shown=False))
    ['a', 'b', 'c']
    """
    from tqdm.auto import tqdm

    # In a worker its lock would be a semaphore of the system, which nobody removes if the worker is killed.
    if multiprocessing.parent_process() is not None and not hasattr(tqdm, "_lock"):
        tqdm.set_lock(RLock())
    visible = shown and (sys.stderr.isatty() or in_notebook())
    return tqdm(items, total=total, initial=done, desc=what, unit=unit, leave=False, delay=1.0, disable=not visible)


def in_notebook() -> bool:
    """Tell whether this process is the kernel of a notebook."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return shell is not None and "IPKernelApp" in getattr(shell, "config", {})
