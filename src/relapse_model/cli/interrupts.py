"""Ctrl-C of which nothing is lost: a library that it breaks off while it is loaded may make another error of it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def noting_interrupts() -> Iterator[list[int]]:
    """Note each Ctrl-C, and raise KeyboardInterrupt as usual; in a thread, or beside a handler of somebody else, none.

    NumPy, for one, ends with an ImportError if it is interrupted while it is loaded, and a reader of files could take
    its package for not installed.

    Yields
    ------
    list of int
        Grows by one with each Ctrl-C.

    Examples
    --------
    >>> with noting_interrupts() as asked:
    ...     len(asked)
    0
    """
    asked: list[int] = []
    usual = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if not usual or threading.current_thread() is not threading.main_thread():
        yield asked
        return

    def note(number: int, frame: FrameType | None) -> None:
        asked.append(number)
        signal.default_int_handler(number, frame)

    signal.signal(signal.SIGINT, note)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
