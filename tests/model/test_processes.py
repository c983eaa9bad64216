"""Workers end with the process that gave them work, however it ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from joblib import delayed, parallel_config
from process_groups import in_group, until

from relapse_model.model import processes
from relapse_model.model.processes import end_with, results_of
from relapse_model.model.scoring.engines import process_pool

# Each call is larger than a pipe, so that the parent is always in the middle of handing one over.
POOL = """
import time
from relapse_model.model.scoring.engines import process_pool
with process_pool(2) as pool:
    for file in {files}:
        pool.submit(exec, {call!r}, {{"file": file, "load": bytes(10**6)}})
    time.sleep(60)
"""
PARALLEL = """
from joblib import delayed
from relapse_model.model.processes import results_of
list(results_of([delayed(exec)({call!r}, {{"file": file, "load": bytes(10**6)}}) for file in {files}], 2))
"""
CALL = "import os, pathlib, time; pathlib.Path(file).write_text(str(os.getpid())); time.sleep(1.5)"


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looked up as Linux tells it")
@pytest.mark.parametrize("program", [POOL, PARALLEL])
def test_workers_of_a_killed_process_end(tmp_path, program):
    files = [str(tmp_path / f"{number}") for number in range(8)]
    with subprocess.Popen(
        [sys.executable, "-c", program.format(files=files, call=CALL)], stderr=subprocess.DEVNULL
    ) as run:
        until(lambda: sum(Path(file).exists() and Path(file).read_text() != "" for file in files) >= 2)
        run.send_signal(signal.SIGKILL)
    workers = {int(Path(file).read_text()) for file in files if Path(file).exists()}
    assert len(workers) == 2
    until(lambda: not any(alive(worker) for worker in workers))


STARTING = """
import pathlib
from relapse_model.model.scoring.engines import process_pool
with process_pool(2) as pool:
    pool.submit(abs, 1)
    pathlib.Path({file!r}).touch()
    input()
"""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looked up as Linux tells it")
def test_workers_of_a_process_killed_while_they_start_end(tmp_path):
    """They find another parent than the one that asked for them, when they look for the first time."""
    file = tmp_path / "asked"
    with subprocess.Popen(
        [sys.executable, "-c", STARTING.format(file=str(file))],
        stdin=subprocess.PIPE,
        start_new_session=True,
    ) as run:
        until(file.exists)
        run.send_signal(signal.SIGKILL)
    until(lambda: not any(in_group(run.pid)))


def alive(number):
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_scoring_in_processes_leaves_joblib_its_own_pool():
    """joblib keeps one for all its calls, and took over what stood in its place: AttributeError in the next call."""
    calls = [delayed(abs)(number) for number in range(-3, 0)]
    with parallel_config(backend="loky"):
        assert list(results_of(calls, 2)) == [3, 2, 1]
        with process_pool(2) as pool:
            assert pool.submit(abs, -4).result() == 4
        assert list(results_of(calls, 2)) == [3, 2, 1]


def test_who_is_no_child_does_not_watch(monkeypatch):
    """A thread of the process that asks, or a worker on another machine, would end for nothing."""
    monkeypatch.setattr(processes, "_watching", set())
    end_with(os.getpid())
    assert processes._watching == set()


@pytest.mark.parametrize("backend", ["threading", "multiprocessing", "loky"])
def test_results_are_the_same_by_every_backend(backend):
    with parallel_config(backend=backend):
        assert list(results_of([delayed(divmod)(number, 3) for number in range(5)], 2)) == [
            (0, 0), (0, 1), (0, 2), (1, 0), (1, 1),
        ]  # fmt: skip
