"""A command whose workers are starting, or at work, is interrupted: one line, and nothing of it is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from process_groups import in_group, until

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looked up as Linux tells it")

# A bar makes a semaphore of the system in a worker, unless it is told that it is in one.
BEGIN = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGTERM, signal.SIG_DFL)
from relapse_model.cli import program
from relapse_model.display.progress import progress_bar
from relapse_model.model.processes import results_of
from relapse_model.model.scoring.batch import _executors
from relapse_model.model.scoring.engines import run_parts

def work(number):
    list(progress_bar([1], total=1, what="fit", unit="fold", shown=False))
    time.sleep(20)
"""
SIDE_BY_SIDE = """
def verb(given):
    from joblib import delayed
    print("starting", flush=True)
    list(results_of((delayed(work)(number) for number in range(9)), 2))
"""
WHILE_TAKEN = """
def verb(given):
    from joblib import delayed
    print("starting", flush=True)
    for _ in results_of((delayed(work if number else abs)(number) for number in range(9)), 2):
        time.sleep(20)  # what is done with a result is broken off, not the wait for it
"""
PARTS = """
def verb(given):
    print("starting", flush=True)
    list(run_parts(work, range(9), _executors(2, None)))
"""
END = """
program.action_of = lambda name: verb
sys.exit(program.main(["simulate", "--out", sys.argv[1]]))
"""


@pytest.mark.parametrize(
    ("verb", "sent", "moments"),
    [
        (SIDE_BY_SIDE, signal.SIGINT, (0.0, 0.2, 0.5, 1.0, 2.5)),
        (WHILE_TAKEN, signal.SIGINT, (2.5,)),
        (PARTS, signal.SIGINT, (0.0, 0.2, 0.5, 1.0, 2.5)),
        (SIDE_BY_SIDE, signal.SIGTERM, (0.3, 2.5)),
        (PARTS, signal.SIGTERM, (0.3, 2.5)),
    ],
)
def test_one_line_no_worker_no_semaphore(tmp_path, verb, sent, moments):
    """Workers printed where they were; those killed left a semaphore each, of which a tracker told after the line."""
    program = tmp_path / "program.py"
    program.write_text(BEGIN + verb + END)
    for moment in moments:
        before = _shared()  # what a run that was killed left, under numbers that are given again
        with subprocess.Popen(
            [sys.executable, "-c", program.read_text(), str(tmp_path / "c")],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        ) as run:  # fmt: skip
            assert run.stdout.readline() == "starting\n"
            time.sleep(moment)
            there = {run.pid, *in_group(run.pid)}
            os.killpg(run.pid, sent)  # as a terminal sends it: to all of them
            said = run.communicate(timeout=30)[1]
        assert (said, run.returncode) == (
            "relapse-model simulate: interrupted; no output was written.\n", 128 + sent,
        ), moment  # fmt: skip
        until(lambda group=run.pid: not any(in_group(group)))
        # Python's begin sem.mp- or sem.loky- and joblib's folders joblib_memmapping_folder_, each with the process
        left = [name for name in _shared() - before if there & set(map(int, _numbers(name)))]
        assert left == [], moment


def _shared():
    return {one.name for one in Path("/dev/shm").glob("*")}


def _numbers(name):
    return [part for part in name.replace("_", "-").split("-") if part.isdigit()]
