"""Ctrl-C is one line and exit code 130, also where a library makes another error of it."""

from __future__ import annotations

import signal

import pytest

import relapse_model as rm
from relapse_model.cli import program
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
