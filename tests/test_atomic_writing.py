"""Writing is one step: killed at any moment, a save leaves the old file or the new one, and both can be loaded."""

from __future__ import annotations

import subprocess
import sys

import pytest
from small_model import small_model

# Forks a process that saves two models to one file in turn, as fast as it can, kills it, and looks at the file.
KILL = """
import os, random, signal, sys, time
from pathlib import Path
from relapse_model.files import write_bytes
from relapse_model.model.relapse_model import load_model

target, kills, longest, what = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), sys.argv[4]
contents = [Path(name).read_bytes() for name in sys.argv[5:]]
models = [load_model(name) for name in sys.argv[5:]]
for model in models:
    model.save(target)  # what is imported lazily is imported before the clock runs
generator, left = random.Random(0), [0, 0]
for _ in range(kills):
    write_bytes(contents[0], target)
    process = os.fork()
    if process == 0:
        while True:
            for content, model in zip(contents[::-1], models[::-1]):
                model.save(target) if what == "save" else write_bytes(content, target)
    time.sleep(generator.uniform(0, longest))
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    left[contents.index(target.read_bytes())] += 1  # ValueError: neither the old nor the new file
load_model(target)
print(*left)
"""


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    folder = tmp_path_factory.mktemp("two")
    model = small_model()
    for number in (0, 1):
        # Of different lengths, so that a mixture of the two would be no archive.
        model.summary["seed"] = 10 ** (40 * number)
        model.save(folder / f"{number}.rmodel")
    return [folder / "0.rmodel", folder / "1.rmodel"]


def killed(two, target, kills, longest, what):
    """Return how often a kill left the first and the second of the two files."""
    words = [str(target), str(kills), str(longest), what, *map(str, two)]
    done = subprocess.run([sys.executable, "-c", KILL, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [int(count) for count in done.stdout.split()]


def test_a_kill_at_any_of_30_moments_leaves_a_whole_file(two, tmp_path):
    left = killed(two, tmp_path / "x.rmodel", 30, 0.03, "write")
    assert sum(left) == 30
    assert min(left) > 0  # both were met, so kills fell on either side of a rename
    # What a kill leaves beside the file is hidden, and is not taken for a model.
    others = [path.name for path in tmp_path.iterdir() if path.name != "x.rmodel"]
    assert all(name.startswith(".x.rmodel.") for name in others)


@pytest.mark.slow
def test_a_kill_at_any_of_200_moments_of_saving_leaves_a_whole_file(two, tmp_path):
    left = killed(two, tmp_path / "x.rmodel", 200, 0.2, "save")
    assert sum(left) == 200
    assert min(left) > 0
