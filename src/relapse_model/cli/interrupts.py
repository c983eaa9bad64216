"""Ctrl-C, or SIGTERM, of which nothing is lost: a library that it breaks off may make another error of it, or go on."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

AGAIN = 2.0  # seconds


@contextmanager
def noting_interrupts() -> Iterator[list[int]]:
    """Note each Ctrl-C, and raise KeyboardInterrupt as usual; in a thread, or beside a handler of somebody else, none.

    SIGTERM, by which a scheduler or `kill` ends a run, is the same: it would leave workers and their semaphores behind.

    NumPy, for one, ends with an ImportError if it is interrupted while it is loaded, and a reader of files could take
    its package for not installed. Other code swallows it (a destructor, a callback): where nobody is dealing with it 2
    seconds later, it is raised again, so that a run of minutes does not go on to its end.

    Yields
    ------
    list of int
        Grows by the number of the signal with each of them.

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

    def insist(number: int, frame: FrameType | None) -> None:
        if not _being_dealt_with(sys.exc_info()[1]):
            signal.default_int_handler(number, frame)

    alarm = hasattr(signal, "setitimer") and signal.getsignal(signal.SIGALRM) is signal.SIG_DFL

    def note(number: int, frame: FrameType | None) -> None:
        asked.append(number)
        if alarm:
            signal.setitimer(signal.ITIMER_REAL, AGAIN, AGAIN)
        signal.default_int_handler(number, frame)

    if alarm:
        signal.signal(signal.SIGALRM, insist)
    signal.signal(signal.SIGINT, note)
    ends = signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    if ends:
        signal.signal(signal.SIGTERM, note)
    try:
        yield asked
    finally:
        if ends:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
        if alarm:
            signal.setitimer(signal.ITIMER_REAL, 0.0)
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _being_dealt_with(error: BaseException | None) -> bool:
    """Tell whether an exception is an interrupt, or came of one: somebody cleans up, and is left in peace."""
    while error is not None:
        if isinstance(error, KeyboardInterrupt):
            return True
        error = error.__context__
    return False
