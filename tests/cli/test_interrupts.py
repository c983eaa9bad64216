"""Ctrl-C is one line and exit code 130, also where a library makes another error of it."""

from __future__ import annotations

import contextlib
import os
import signal
import time

import pytest

import relapse_model as rm
from relapse_model.cli import interrupts, program
from relapse_model.cli.interrupts import noting_interrupts
from relapse_model.cli.program import main


@pytest.fixture(autouse=True)
def usual_handler():
    """A program that is started in the background by a shell ignores Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(
    "error",
    [
        ImportError("PyCapsule_Import could not import module"),  # as NumPy ends where it is interrupted
        rm.RelapseModelError("not installed"),
        OSError(5, "broken off"),
        None,
    ],
)
def test_an_error_that_an_interrupt_became_is_still_an_interrupt(monkeypatch, capsys, tmp_path, error):
    def verb(given):
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            if error is not None:
                raise error from None
            raise

    monkeypatch.setattr(program, "action_of", lambda name: verb)
    assert main(["simulate", "--out", str(tmp_path / "c")]) == 130
    said = capsys.readouterr()
    assert said.err == "relapse-model simulate: interrupted; no output was written.\n"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_errors_without_an_interrupt_are_what_they_were(monkeypatch, tmp_path):
    def verb(given):
        raise ImportError("no such module")

    monkeypatch.setattr(program, "action_of", lambda name: verb)
    with pytest.raises(ImportError, match="no such module"):
        main(["simulate", "--out", str(tmp_path / "c")])


def test_an_interrupt_that_somebody_swallows_is_raised_again(monkeypatch):
    """A destructor or a callback prints what it is broken off by, and goes on: a run of minutes went on to its end."""
    monkeypatch.setattr(interrupts, "AGAIN", 0.05)
    with noting_interrupts() as asked:
        with contextlib.suppress(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            time.sleep(5)
    assert asked == [signal.SIGINT]
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL


def test_who_cleans_up_after_an_interrupt_is_left_in_peace(monkeypatch):
    monkeypatch.setattr(interrupts, "AGAIN", 0.05)
    cleaned = []

    def work():
        try:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(5)
        finally:
            try:
                int("none")
            except ValueError:  # an exception of the cleaning itself comes of the interrupt
                time.sleep(0.2)
            time.sleep(0.2)
            cleaned.append(True)

    with noting_interrupts(), pytest.raises(KeyboardInterrupt):
        work()
    assert cleaned == [True]


def test_an_alarm_of_somebody_else_is_not_taken(monkeypatch):
    mine = signal.signal(signal.SIGALRM, lambda *_: None)
    try:
        with noting_interrupts(), contextlib.suppress(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
        assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    finally:
        signal.signal(signal.SIGALRM, mine)
