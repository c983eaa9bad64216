"""Model files made to crash, hang or exhaust whoever opens them: refused by name, in little time and memory.

Each is opened in a process of its own under a limit of memory, and what it took is measured there. The processor's time
counts, which another program on the machine does not lengthen; importing scikit-learn takes about one second of it.
"""

from __future__ import annotations

import io
import json
import resource
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from small_model import PART, forged, parts_of, small_model

SECONDS, MEGABYTES = 2.0, 300
SHARED = Path(__file__).parents[3] / "shared" / "hostile"
OPEN = """
import json, re, resource, sys, time
from pathlib import Path
from relapse_model import RelapseModelError, load_model

def megabytes():
    # Of this process alone: what getrusage tells counts the process it was started from.
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", status.read_text())[1]) / 1024

began, said = time.process_time(), {}
for file in sys.argv[1:]:
    start = time.process_time()
    try:
        load_model(file)
        text = "LOADED"
    except RelapseModelError as refusal:
        text = str(refusal)
    except BaseException as error:
        text = f"UNCAUGHT {type(error).__name__}: {error}"
    said[file] = [text, time.process_time() - start, megabytes()]
print(json.dumps(said))
"""


def opened(*files):
    """Return what each file came to, the seconds, and the most megabytes until then; one process for all of them."""
    limit = 4 << 30
    done = subprocess.run(
        [sys.executable, "-c", OPEN, *map(str, files)], capture_output=True, text=True, timeout=120, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
    )  # fmt: skip
    assert done.returncode == 0, (files, done.returncode, done.stderr[-500:])
    return {Path(name).name: tuple(found) for name, found in json.loads(done.stdout).items()}


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sound")
    for name in ("prior_logistic", "ridge_logistic", "boosted_trees"):
        small_model(name).save(folder / f"{name}.rmodel")
    return {path.stem: parts_of(path)[0] for path in folder.iterdir()}


def bombs(sound):
    """Name, parts, and what the refusal must say."""
    prior, ridge, trees = (sound[name] for name in ("prior_logistic", "ridge_logistic", "boosted_trees"))
    skops, booster = "classifier/pipeline.skops", "classifier/booster.ubj"
    yield "all ids 0", trees | ids(trees, lambda place: 0), "trees with the ids 0, 1, 2"
    yield "ids beyond", trees | ids(trees, lambda place: place + 7), "trees with the ids 0, 1, 2"
    yield "no first node", trees | {booster: changed(trees[booster], b"parents", 0, 0)}, "no parent of the first node"
    yield "a side 7", trees | {booster: with_byte(trees[booster], b"default_left", 7)}, "a side for missing values"
    yield "schema bz2", ridge | {skops: squeezed(ridge[skops], zipfile.ZIP_BZIP2, 2**28)}, "stored or deflated"
    yield "schema deflated", ridge | {skops: squeezed(ridge[skops], zipfile.ZIP_DEFLATED, 2**28)}, "not a skops file"
    yield "array of a billion", ridge | {skops: arrays_of(ridge[skops], 10**9)}, "no array of numbers"
    yield "a wide covariance", prior | {PART: wide(prior[PART], 300)}, "'n_features' is 300; expected 2"
    yield "nested lists", prior | {"classifier/x.json": b"[" * 900 + b"]" * 900}, "no part of this classifier"
    many = b"[" + b"[]," * 7 * 2**19 + b"[]]"
    yield "many lists", prior | {"classifier/x.json": many}, "unpacks to|holds more than"
    yield "an empty object", prior | {"classifier/x.json": b"{}"}, "no part of this classifier"
    yield "a forest beside", prior | {"classifier/forest.bin": b"1"}, "no part of this classifier"


def ids(parts, new):
    mark = b"id"
    found = {}
    for name, data in parts.items():
        if name.endswith(".ubj"):
            pieces = data.split(b"L" + struct.pack(">q", 2) + mark)
            kept = [pieces[0]]
            for place, piece in enumerate(pieces[1:]):
                width = {ord("i"): 1, ord("U"): 1, ord("l"): 4, ord("L"): 8}[piece[0]]
                kept.append(piece[:1] + new(place).to_bytes(width, "big") + piece[1 + width :])
            found[name] = (b"L" + struct.pack(">q", 2) + mark).join(kept)
    return found


def changed(data, key, place, value):
    """Return the bytes with one number of the first array of 32 bits of that name changed."""
    at = data.index(key) + len(key)
    at = data.index(b"#", at) + 1 + 1 + 8
    return data[: at + 4 * place] + struct.pack(">i", value) + data[at + 4 * place + 4 :]


def with_byte(data, key, value):
    at = data.index(key) + len(key)
    at = data.index(b"#", at) + 1 + 1 + 8
    return data[:at] + bytes([value]) + data[at + 1 :]


def squeezed(data, method, size):
    """Return a skops file whose schema unpacks to far more than it tells."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            if name != "schema.json":
                new.writestr(name, old.read(name))
        new.writestr("schema.json", b" " * size, compress_type=method)
    content = bytearray(out.getvalue())
    for mark, place in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = content.rindex(b"schema.json")
        at = content.rindex(mark, 0, at) if mark == b"PK\x01\x02" else content.index(b"schema.json") - 30
        content[at + place : at + place + 4] = struct.pack("<I", 100)
    return bytes(content)


def arrays_of(data, length):
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, content.replace(b"'shape': (2,), } ", f"'shape': ({length},), }}".encode()[:17]))
    return out.getvalue()


def wide(data, columns):
    zeros = [0.0] * columns
    square = np.random.default_rng(0).random((columns + 1, columns + 1)).tolist()
    told = json.loads(data) | {"n_features": columns, "covariance": [square], "coef": [zeros], "impute": zeros}
    return json.dumps(told | {"center": zeros, "scale": [1.0] * columns}, separators=(",", ":")).encode()


@pytest.fixture(scope="module")
def forgeries(sound, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bombs")
    said = {}
    for number, (name, parts, expected) in enumerate(bombs(sound)):
        file = folder / f"{number:02d}.rmodel"
        file.write_bytes(forged(parts))
        said[file] = (name, expected)
    return said


def test_every_forgery_is_refused_by_name_in_little_time_and_memory(forgeries):
    found = opened(*forgeries)
    for file, (name, expected) in forgeries.items():
        text, seconds, megabytes = found[file.name]
        assert text.startswith(file.name), (name, text)
        assert any(one in text for one in expected.split("|")), (name, text)
        assert seconds < SECONDS, name
        assert megabytes < MEGABYTES, name


def test_sound_files_open_within_the_same_limits(sound, tmp_path):
    for name, parts in sound.items():
        file = tmp_path / f"{name}.rmodel"
        file.write_bytes(forged(parts))
        ((text, seconds, megabytes),) = opened(file).values()
        assert text == "LOADED"
        assert megabytes < MEGABYTES
        assert seconds < 2 * SECONDS  # scikit-learn, skops and XGBoost are imported


@pytest.mark.skipif(not SHARED.is_dir(), reason="the forged files are not at hand")
def test_the_forged_files_at_hand_are_refused():
    for file in sorted(SHARED.glob("*.rmodel")):
        ((text, seconds, megabytes),) = opened(file).values()
        assert text.startswith(file.name)
        assert seconds < SECONDS
        assert megabytes < MEGABYTES


EDITS = (None, True, -1, 1.5, 10**30, "", "x", [], {}, [None], [[]], {"x": 1}, {"": None})


def test_no_edit_of_the_summary_loads_and_fails_later(sound, tmp_path):
    """Every entry, and every entry of an entry, set to what it is not: refused, or scored and described as before."""
    import relapse_model as rm
    from relapse_model.cli.texts import training_text
    from relapse_model.report.model_card import model_card

    parts, cohort, outcomes = sound["prior_logistic"], rm.simulate_cohort(8, seed=3), {"refused": 0, "used": 0}
    told = json.loads(parts["manifest.json"])
    places = [(key,) for key in told["summary"]]
    places += [(key, one) for key, value in told["summary"].items() if isinstance(value, dict) for one in value]
    for place in places:
        for value in (*EDITS, "<absent>"):
            summary = json.loads(json.dumps(told["summary"]))
            holder = summary if len(place) == 1 else summary[place[0]]
            holder[place[-1]] = value
            if value == "<absent>":
                del holder[place[-1]]
            file = tmp_path / "edited.rmodel"
            file.write_bytes(forged(parts, told, summary=summary))
            try:
                model = rm.load_model(file)
            except rm.RelapseModelError:
                outcomes["refused"] += 1
                continue
            assert len(model.score(cohort)) == 8, (place, value)
            assert model_card(model), (place, value)
            assert training_text(model), (place, value)
            assert repr(model), (place, value)
            outcomes["used"] += 1
    assert outcomes["refused"] > 4 * outcomes["used"] > 0


def test_what_people_read_must_be_of_the_model_that_scores(sound, tmp_path):
    import relapse_model as rm

    parts = sound["prior_logistic"]
    rows, told = json.loads(parts["dictionary.json"]), json.loads(parts["coefficients.json"])
    rows[0]["unit"] = "kg"
    told["columns"][0]["posterior"][0] *= 2
    for name, content in (("dictionary.json", rows), ("coefficients.json", told)):
        file = tmp_path / "told.rmodel"
        file.write_bytes(forged(parts | {name: json.dumps(content).encode()}))
        with pytest.raises(rm.RelapseModelError, match=f"{name} tells of another model"):
            rm.load_model(file)


@pytest.mark.parametrize("week", [48.0, 1e9, -1e60])
def test_a_landmark_after_the_horizon_is_refused(sound, tmp_path, week):
    import relapse_model as rm

    parts = sound["prior_logistic"]
    (tmp_path / "week.rmodel").write_bytes(forged(parts, json.loads(parts["manifest.json"]), landmark_week=week))
    with pytest.raises(rm.RelapseModelError, match="'landmark_week'"):
        rm.load_model(tmp_path / "week.rmodel")


def test_the_ways_of_counting_the_lost_are_those_of_training():
    from relapse_model.features import development_data
    from relapse_model.model.file import summary_values

    assert summary_values.CENSORING == development_data.CENSORING
