"""Crafted model files: every one is refused with its reason, and nothing heavy or harmful happens on the way."""

from __future__ import annotations

import io
import json
import pickle
import re
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from crafted_archives import Canary, crafted_archives, rewritten_skops
from small_model import forged, parts_of, small_model

import relapse_model as rm

# Loads every file in one fresh interpreter, in which whatever a pickle, a shell or a loader does would be seen.
LOAD_ALL = """
import json, sys
from pathlib import Path

seen = []
harmful = ("os.system", "os.exec", "os.spawn", "os.posix_spawn", "subprocess", "pickle.find_class", "socket.connect")
sys.addaudithook(lambda event, _: seen.append(event) if event.startswith(harmful) else None)
from relapse_model.model.relapse_model import load_model
from relapse_model.errors import ModelFileError

folder, messages = Path(sys.argv[1]), {}
heavy = ("sklearn", "skops", "xgboost", "scipy", "shap", "joblib", "canary_module")
heavy_by = {}  # package -> the file that made it be imported
before = {path.name for path in folder.iterdir()}
for path in sorted(folder.glob("*.rmodel")):
    try:
        load_model(path)
        messages[path.name] = "LOADED"
    except ModelFileError as error:
        messages[path.name] = str(error)
    except Exception as error:
        messages[path.name] = f"UNCAUGHT {type(error).__name__}: {error}"
    heavy_by = {name: path.name for name in heavy if name in sys.modules} | heavy_by
print(json.dumps({
    "messages": messages, "seen": seen, "heavy": heavy_by,
    "new": sorted({path.name for path in folder.iterdir()} - before),
}))
"""


def load_all(folder):
    done = subprocess.run([sys.executable, "-c", LOAD_ALL, str(folder)], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sound")
    for name in ("prior_logistic", "ridge_logistic", "boosted_trees"):
        small_model(name).save(folder / f"{name}.rmodel")
    return folder


@pytest.fixture(scope="module")
def cases(sound, tmp_path_factory):
    canary = tmp_path_factory.mktemp("canary") / "sang"
    contents = [
        (sound / f"{name}.rmodel").read_bytes() for name in ("prior_logistic", "ridge_logistic", "boosted_trees")
    ]
    return crafted_archives(*contents, canary), canary


@pytest.fixture(scope="module")
def outcome(cases, tmp_path_factory):
    folder = tmp_path_factory.mktemp("crafted")
    for number, (content, _) in enumerate(cases[0].values()):
        (folder / f"{number:03d}.rmodel").write_bytes(content)
    return load_all(folder)


def test_there_are_at_least_200_different_ones(cases, sound):
    contents = {content for content, _ in cases[0].values()}
    assert len(contents) >= 200
    assert not contents & {path.read_bytes() for path in sound.iterdir()}


def test_every_one_is_refused_with_its_reason(cases, outcome):
    wrong = {}
    for number, (name, (_, expected)) in enumerate(cases[0].items()):
        message = outcome["messages"][f"{number:03d}.rmodel"]
        if not re.search(expected, message) or not message.startswith(f"{number:03d}.rmodel: "):
            wrong[name] = (expected, message[:200])
    assert wrong == {}


def test_no_refusal_is_longer_than_a_screen(outcome):
    assert max(map(len, outcome["messages"].values())) < 3000


def test_nothing_is_run_and_no_canary_sings(cases, outcome):
    assert outcome["seen"] == []
    assert outcome["new"] == []
    assert not cases[1].exists()


def test_nothing_heavy_is_imported_before_the_audit_has_refused(outcome):
    """Though a third of the files are of ridge regressions and boosted trees, which need scikit-learn and xgboost."""
    assert outcome["heavy"] == {}


def test_the_same_interpreter_would_have_seen_it(sound):
    """The canary is alive: sound files are loaded, with scikit-learn; and a pickle that is opened does touch it."""
    found = load_all(sound)
    assert set(found["messages"].values()) == {"LOADED"}
    assert {"sklearn", "skops", "xgboost"} <= set(found["heavy"])


def test_the_canary_sings_when_a_pickle_is_opened(tmp_path):
    pickle.loads(pickle.dumps(Canary(tmp_path / "sang")))
    assert (tmp_path / "sang").exists()


def test_an_array_of_objects_inside_a_skops_part_is_refused(sound, tmp_path):
    """skops would not unpickle them; it does not see them: the numbers of a scaler as pickled objects."""
    parts, _ = parts_of(sound / "ridge_logistic.rmodel")
    part = "classifier/pipeline.skops"
    array = io.BytesIO()
    np.save(array, np.array([Canary(tmp_path / "sang"), None], dtype=object), allow_pickle=True)
    with zipfile.ZipFile(io.BytesIO(parts[part])) as archive:
        arrays = [name for name in archive.namelist() if name.endswith(".npy")]
    crafted = rewritten_skops(parts[part], **dict.fromkeys(arrays, array.getvalue()))
    (tmp_path / "x.rmodel").write_bytes(forged(parts | {part: crafted}))
    with pytest.raises(rm.RelapseModelError, match="is no array of numbers"):
        rm.load_model(tmp_path / "x.rmodel")
    assert not (tmp_path / "sang").exists()
